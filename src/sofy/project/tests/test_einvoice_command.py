"""`sofy einvoice`: files are checked by the official rules, without database or Django."""

import json
import re
import subprocess
import sys

import pytest
import typst

from sofy.billing.einvoice import cii, facturx, ubl
from sofy.billing.einvoice.rule_sets import RULE_SETS
from sofy.billing.tests import factories
from sofy.project.cli import main


@pytest.fixture
def files(tmp_path):
    """A Factur-X, a UBL, and a CII that forgot the penalties."""
    document = factories.document()
    source = b'#set document(title: "F", date: datetime(year: 2026, month: 6, day: 1))\nF'
    xml = cii.build(document)
    paper = typst.compile(source, format="pdf", pdf_standards=["a-3b"])
    (tmp_path / "good.pdf").write_bytes(facturx.embed(paper, xml, document))
    (tmp_path / "good.xml").write_bytes(ubl.build(document))
    (tmp_path / "bad.xml").write_bytes(xml.replace(b">PMD<", b">REG<"))
    (tmp_path / "plain.pdf").write_bytes(paper)
    return tmp_path


def test_good_files_pass_and_say_what_they_are(files, capsys):
    status = main(["einvoice", "check", str(files / "good.pdf"), str(files / "good.xml"), "--json"])

    told = json.loads(capsys.readouterr().out)
    assert status == 0
    assert [(row["syntax"], row["valid"], row["findings"]) for row in told["files"]] == [
        ("Factur-X", True, []),
        ("UBL", True, []),
    ]


def test_one_bad_file_is_enough_and_its_rule_is_named(files, capsys):
    status = main(["einvoice", "check", str(files / "good.xml"), str(files / "bad.xml")])

    said = capsys.readouterr().out
    assert status == 1
    assert "BR-FR-05_BT-22_PMD" in said


def test_a_price_that_does_not_make_its_line_is_refused_though_the_official_rules_take_it(files, capsys):
    good = (files / "good.xml").read_text()
    (files / "changed.xml").write_text(re.sub(r"(<cbc:PriceAmount[^>]*>)[\d.]+", r"\g<1>31.00", good, count=1))

    assert main(["einvoice", "check", str(files / "changed.xml")]) == 1
    assert "SOFY-LINE" in capsys.readouterr().out


def test_a_pdf_without_xml_is_refused(files, capsys):
    assert main(["einvoice", "check", str(files / "plain.pdf")]) == 1
    assert "factur-x.xml" in capsys.readouterr().out


def test_a_file_that_is_not_there_is_said_in_one_line(tmp_path, capsys):
    assert main(["einvoice", "check", str(tmp_path / "nothing.xml")]) == 1
    assert "nothing.xml" in capsys.readouterr().err


def test_the_rules_are_listed_with_their_sums(capsys):
    assert main(["einvoice", "rules", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["sha256"] for row in told["rules"]] == [row.sha256 for row in RULE_SETS]


def test_it_loads_neither_django_nor_the_database_driver():
    script = (
        "import sys; from sofy.project.cli import main; main(['einvoice', 'rules']);"
        "print([name for name in ('django', 'psycopg') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"
