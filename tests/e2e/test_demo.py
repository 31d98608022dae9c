"""`make demo`, as somebody who has just cloned the repository sees it."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest

from tests.e2e.conftest import LONGEST_SILENCE_S, Demo, Dump
from tests.e2e.traces import People, traces, traces_in_folder

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

EXPECTED = json.loads((files("sofy.project") / "demo_data" / "expected.json").read_text())


def test_ends_well_and_is_never_silent(demo: Demo):
    assert demo.status == 0, demo.output[-3000:]
    assert demo.longest_silence_s < LONGEST_SILENCE_S
    assert demo.result["seconds"] < 120


def test_counts_the_contacts_of_the_file(demo: Demo, contact_rows):
    counted = {name: demo.result[name] for name in ("imported", "updated", "rejected", "reachable")}

    assert counted == {name: EXPECTED[name] for name in counted}
    assert demo.result["imported"] + demo.result["updated"] + demo.result["rejected"] == len(contact_rows)


def test_every_recipient_is_accounted_for(demo: Demo):
    result = demo.result

    assert result["reachable"] == result["accepted"] + result["withheld"]
    assert result["lost"] == 0
    assert result["duplicates"] == 0
    assert 0.8 * result["accepted"] < result["delivered"] <= result["accepted"]
    assert result["stops"] > 0


def test_writes_the_report(demo: Demo):
    pages = list((demo.var / "reports").glob("*.html"))
    documents = list((demo.var / "reports").glob("*.pdf"))

    assert len(pages) == len(documents) == 1
    assert "<svg" in pages[0].read_text()
    assert documents[0].read_bytes().startswith(b"%PDF")


@pytest.mark.clause("CGVU 4", "CGVU 7.1", "CGVU 7.2", "CGVU 10.2")
def test_goes_on_with_a_contract_that_is_paid_early_and_late(demo: Demo):
    """One invoice of 7,200.00 before VAT paid on the seventh day, one of 1,841.10 in two parts after a notice."""
    contract = demo.result["contract"]

    assert [number.split("-")[1] for number in contract["documents"]] == ["FA", "AV", "FA", "ND"]
    assert contract["discount_eur"] == ["8553.60"]
    assert contract["notice_last_day"] == ["2026-05-28"]
    assert contract["penalties_eur"] == ["49.19"]
    assert contract["valid"] == 4
    assert len(list((demo.var / "demo" / "invoices").glob("*.pdf"))) == 4


def test_the_audit_chain_holds(demo: Demo):
    answer = json.loads(demo.run("audit", "verify", "--json"))

    assert answer["ok"] is True


@pytest.mark.clause("CGVU 17", "DPA 7")
def test_a_dump_tells_nobody(demo: Demo, dump: Dump, people: People):
    assert dump.contacts == demo.result["imported"] == rows_of(dump.content, "audience_contact")
    assert dump.messages >= demo.result["accepted"]
    assert dump.messages == rows_of(dump.content, "engine_message")
    assert len(people.phones) > 1000
    assert traces(dump.content, people) == set()


@pytest.mark.clause("DPA 7")
@pytest.mark.parametrize("folder", ["log", "spool", "uploads", "run", "imports"])
def test_files_tell_nobody(demo: Demo, people: People, folder):
    assert traces_in_folder(demo.var / folder, people) == set()


def test_every_file_of_the_demo_was_looked_at(demo: Demo, people: People):
    # The report and the simulated operator's own log are the only files that may name people.
    named = {trace.split("/")[0].split(":")[0] for trace in traces_in_folder(demo.var, people)}

    assert named <= {"sandbox", "reports"}


def test_nothing_failed_on_the_way(demo: Demo):
    assert demo.logs
    for text in demo.logs.values():
        assert "Traceback" not in text, text[-3000:]


def test_logs_hold_no_secret(demo: Demo):
    secrets = [path.read_text().strip() for path in demo.secrets.glob("pg_*")]

    assert secrets
    for log in (demo.var / "log").glob("*.log"):
        assert not [secret for secret in secrets if secret in log.read_text()]


def rows_of(dump: bytes, table: str) -> int:
    """How many rows a plain dump holds of one table."""
    start = dump.index(f"COPY public.{table} (".encode())
    body = dump[dump.index(b"\n", start) + 1 :]
    return body[: body.index(b"\n\\.\n") + 1].count(b"\n") if not body.startswith(b"\\.") else 0
