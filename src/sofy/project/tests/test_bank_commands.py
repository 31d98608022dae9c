"""`sofy bank` and `sofy debit`: the same as the pages, for those who work in a terminal."""

import json
from datetime import UTC, date, datetime

import msgspec
import pytest

from sofy.billing import queries as billing
from sofy.contracts.tests.factories import make_entity
from sofy.kernel import clock
from sofy.kit.rls import staff_scope
from sofy.project import cli
from sofy.sandbox.bank import PROFILES, Bank, Scripted, State
from sofy.treasury.tests.factories import IBAN, PAYER, debited, numbers

NOW = datetime(2026, 4, 28, 8, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def committed(engine_db):
    clock.install(lambda: NOW)


def told(capsys, *arguments):
    status = cli.main([*map(str, arguments), "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_the_whole_loop_in_a_terminal(capsys, tmp_path):
    entity = make_entity(code="optima", series="OPT")
    client, _form = debited(entity)
    other, _form = debited(entity, "Crêperie", mandate="RUM-2")
    (number,) = numbers(client)
    bank = Bank(
        msgspec.structs.replace(PROFILES["plain"], ends={number: Scripted("AM04", 1)}, refused={"RUM-2": "AC04"}),
        State(iban=IBAN),
    )
    asked = ("--entity", "optima", "--until", "2026-05-31")

    _, coming = told(capsys, "debit", "list", *asked)
    _, made = told(capsys, "debit", "make", *asked, "--out", tmp_path / "out")
    twice, again = told(capsys, "debit", "make", *asked, "--out", tmp_path / "out")
    answer = tmp_path / "pain002.xml"
    answer.write_bytes(bank.take((tmp_path / "out" / "OPT-20260428-1.xml").read_bytes(), at=NOW))
    _, answered = told(capsys, "debit", "answer", "OPT-20260428-1", answer)
    clock.install(lambda: datetime(2026, 5, 6, 8, tzinfo=UTC))
    for day in bank.run(date(2026, 5, 4), date(2026, 5, 5)):
        path = tmp_path / f"{day.on}.xml"
        path.write_bytes(day.statement)
        status, loaded = told(capsys, "bank", "load", path, "--entity", "optima")
        assert (status, loaded["new"], loaded["file"]["states"]) == (0, True, {"done": 1})
    _, known = told(capsys, "bank", "load", path, "--entity", "optima")
    _, listed = told(capsys, "bank", "list")
    _, account = told(capsys, "bank", "account", PAYER, "--entity", "optima")

    assert [one["invoice"] for one in coming["debits"]] == [number, *numbers(other)]
    assert (made["debits"], made["total_eur"]) == (2, "1440.00")
    assert (twice, again["error"]) == (1, "batch_empty")
    assert answered["state"] == "part"
    assert [one["client"] for one in answered["rejected"]] == [other.slug]
    assert not known["new"]
    assert len(listed["files"]) == 2
    assert account["account"] == "DE89 … 3000"
    with staff_scope():
        (line,) = billing.invoices(client.pk, using="staff")
        assert (str(line.open_eur), line.late) == ("720.00", True)
