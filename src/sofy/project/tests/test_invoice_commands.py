"""`sofy invoices`: a month is previewed, run and listed, documents become files; the official rules take part."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sofy.billing.einvoice import facturx
from sofy.contracts.tests.factories import COMPANY, content
from sofy.kernel import clock

Said = Callable[..., tuple[int, Any]]


@pytest.fixture
def world(sofy: Callable[..., Any], tmp_path: Path) -> Said:
    """A client `fleurs` with a contract of `optima` since the first of April."""
    clock.install(lambda: datetime(2026, 5, 10, 8, 0, tzinfo=clock.PARIS))

    def said(*words: str) -> tuple[int, Any]:
        status, told = sofy(*words, "--json")
        return status, json.loads(told)

    form = content()
    form["client"] |= {"address": {"street": "3 rue du Four", "town": "Lyon", "postcode": "69001"}}
    for name, value in (("entity", COMPANY), ("form", form), ("scan", "%PDF-1.7")):
        (tmp_path / f"{name}.json").write_text(json.dumps(value))
    said("client", "create", "Fleurs", "--slug", "fleurs")
    said("entity", "add", str(tmp_path / "entity.json"), "--code", "optima", "--series", "OPT")
    _, drawn = said("order-form", "draft", str(tmp_path / "form.json"), "--client", "fleurs")
    _, sent = said("order-form", "send", drawn["id"], "--client", "fleurs")
    accepted = said(
        "order-form", "accept", sent["number"], "--client", "fleurs", "--signer", "Claire Martin", "--on",
        "2026-04-01", "--proof", str(tmp_path / "scan.json"),
    )  # fmt: skip
    assert accepted[0] == 0
    return said


def test_a_month_by_commands(world, tmp_path):
    event = tmp_path / "event.json"
    event.write_text(json.dumps([{"type": "payment", "at": "2026-04-20", "amount_eur": "1800.00"}]))

    _, preview = world("invoices", "run", "--month", "2026-04", "--preview")
    status, april = world("invoices", "run", "--month", "2026-04")
    _, again = world("invoices", "run", "--month", "2026-04", "--entity", "optima")
    told = [world("invoices", "event", str(event), "--client", "fleurs")[1]["new"] for _ in "ab"]
    _, listed = world("invoices", "list", "--client", "fleurs")
    _, before = world("invoices", "list", "--client", "fleurs", "--as-of", "2026-04-10")
    _, files = world("invoices", "export", "OPT-FA-2026-000001", "--out", str(tmp_path / "out"))

    assert [(row["client"], row["documents"], row["new_eur"]) for row in preview["clients"]] == [
        ("fleurs", 2, "2100.00")
    ]
    assert (status, april["runs"][0]["issued"], april["runs"][0]["as_of"]) == (0, 2, "2026-04-30")
    assert again["runs"][0]["issued"] == 0
    assert told == [1, 0]
    assert {row["number"]: row["status"] for row in listed["invoices"]} == {
        "OPT-FA-2026-000001": "paid",
        "OPT-FA-2026-000002": "open",
    }
    assert (listed["open_eur"], before["open_eur"]) == ("720.00", "2520.00")
    pdf, xml = (Path(name).read_bytes() for name in files["files"])
    assert facturx.xml_of(pdf) == xml


def test_rates_and_readings_are_kept(world, tmp_path):
    file = tmp_path / "tables.json"
    file.write_text(json.dumps({"legal_rate": [{"half": "2026-H2", "percent": "2.50"}], "readings": {"fine_vat": "S"}}))

    assert world("invoices", "tables", str(file))[1] == {"rows": 2}


@pytest.mark.parametrize(
    ("words", "given", "error"),
    [
        ("run --month May", "", "month_unreadable"),
        ("run --month 2026-07", "", "as_of_in_future"),
        ("run --month 2026-04 --entity nobody", "", "entity_unknown"),
        ("run --month 2026-04 --as-of never", "", "day_unreadable"),
        ("list --client nobody", "", "client_unknown"),
        ("export FA-9 --out FILE", "", "invoice_unknown"),
        ("event FILE --client fleurs", "{", "json_unreadable"),
        ("event FILE --client fleurs", "[" * 100_000, "json_unreadable"),
        ("event FILE --client fleurs", "[1]", "event_unreadable"),
        ("event FILE --client fleurs", '{"type": "payment"}', "event_unreadable"),
        ("event FILE --client fleurs --order-form BC-9", "[]", "contract_unknown"),
        ("tables FILE", "[]", "table_unreadable"),
        ("tables FILE", '{"surprise": [{}]}', "table_unreadable"),
        ("tables FILE", '{"legal_rate": [1]}', "table_unreadable"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_in_a_line(world, tmp_path, words, given, error):
    file = tmp_path / "given.json"
    file.write_text(given)

    status, told = world("invoices", *(str(file) if word == "FILE" else word for word in words.split()))

    assert (status, told["error"]) == (1, error)
    assert told["message"]
