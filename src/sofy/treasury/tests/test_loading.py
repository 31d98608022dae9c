"""Files of the bank: taken in whole or not at all, once, by one at a time, and carried on after a kill."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from threading import Event

import pytest
from django.db import connections

from sofy.billing import queries as billing
from sofy.billing.models import Event as Recorded
from sofy.contracts.tests.factories import ACTOR, make_entity
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit.rls import staff_scope
from sofy.treasury.models import Account, BankFile, Entry, Question
from sofy.treasury.services import decisions, files, matching, originals
from sofy.treasury.services.alone import alone
from sofy.treasury.tests.factories import PAYER, file, invoiced, line, numbers, statement, transfer
from sofy.wire import cfonb
from sofy.wire.camt import Statement
from sofy.wire.cfonb.tests.test_reader import PAID
from sofy.wire.cfonb.tests.test_reader import file as cfonb_file
from sofy.wire.iso20022 import Limits

NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
DAY = date(2026, 6, 10)


@pytest.fixture(autouse=True)
def committed(engine_db):
    clock.install(lambda: NOW)


@pytest.fixture
def entity():
    return make_entity(code="optima", series="OPT")


def load(entity, content, name="releve.xml", **changes):
    return matching.load(entity.pk, file(content), name=name, actor=ACTOR, **changes)


def open_of(client):
    with staff_scope():
        return {one.number[-6:]: str(one.open_eur) for one in billing.invoices(client.pk, using="staff")}


def kept(model, **wanted):
    with staff_scope():
        return list(model.objects.using("staff").filter(**wanted).order_by("id"))


@pytest.mark.clause("CGVU 22")
def test_a_transfer_that_names_its_invoice_pays_it_on_the_day_of_the_bank(entity):
    client, _form = invoiced(entity)
    (number,) = numbers(client)

    row, new = load(entity, statement(transfer("720.00", f"Facture {number}", on=DAY)))

    assert new
    assert (row.lines, row.known, row.early) == (1, 0, 0)
    assert row.matched_at == NOW
    assert open_of(client) == {"000001": "0.00"}
    with staff_scope():
        (event,) = Recorded.objects.using("staff").filter(client_id=client.pk, source="bank")
        assert event.at == datetime(2026, 6, 9, 22, tzinfo=UTC)  # 00:00 in Paris
        assert f'"{number}"' in event.data
    (entry,) = kept(Entry)
    assert (entry.state, entry.kind) == ("done", "matched")
    assert event.source_key == f"{entry.key}/0"


def test_the_same_file_and_the_same_lines_count_once(entity):
    client, _form = invoiced(entity)
    (number,) = numbers(client)
    paid = transfer("300.00", number, on=DAY)
    content = statement(paid)

    first, _ = load(entity, content)
    again, new = load(entity, content)
    other, other_new = load(entity, content.replace(b"<Document", b"<!-- again --><Document"))

    assert (again.pk, new) == (first.pk, False)
    assert other_new
    assert (other.lines, other.known) == (1, 1)
    assert open_of(client) == {"000001": "420.00"}
    assert len(kept(Entry)) == 1


def test_several_invoices_part_payments_and_what_is_too_much(entity):
    client, _form = invoiced(entity, months=3)
    first, second, third = numbers(client)

    load(
        entity,
        statement(
            transfer("1440.00", f"{first} et {second}", on=DAY),
            transfer("100.00", third, on=DAY),
            transfer("700.00", f"solde {third}", on=DAY),
        ),
    )

    assert open_of(client) == {"000001": "0.00", "000002": "0.00", "000003": "0.00"}
    with staff_scope():
        line_of = billing.invoices(client.pk, using="staff")
        assert len(line_of) == 3
        types = (
            Recorded.objects.using("staff").filter(client_id=client.pk, source="bank").values_list("type", flat=True)
        )
        assert list(types) == ["payment"] * 3


def test_what_names_nothing_waits_for_a_person_with_ideas(entity):
    client, _form = invoiced(entity)

    load(entity, statement(transfer("720.00", "merci", on=DAY, name="Boulangerie Martin SARL")))

    (question,) = kept(Question)
    assert (question.state, question.amount_eur) == ("open", Decimal("720.00"))
    assert str(client.pk) in question.told
    assert open_of(client) == {"000001": "720.00"}


def test_files_that_announce_move_nothing(entity):
    client, _form = invoiced(entity)
    (number,) = numbers(client)
    content = statement(transfer("720.00", number, on=DAY), message="camt.054")

    row, _new = load(entity, content)

    assert (row.lines, row.early) == (0, 1)
    assert kept(Entry) == []
    assert open_of(client) == {"000001": "720.00"}


def test_a_file_of_another_account_is_refused_until_the_account_is_known(entity):
    foreign = statement(transfer("1.00", on=DAY), account=PAYER)

    with pytest.raises(Refused, match="bank_account_unknown") as refused:
        load(entity, foreign)
    assert PAYER not in str(refused.value.facts)
    files.add_account(entity.pk, PAYER, actor=ACTOR)
    load(entity, foreign)

    assert len(kept(BankFile)) == 1


def test_the_older_french_form_is_read_too_and_the_other_one_refused(entity):
    content = cfonb_file(*PAID)
    (head,) = [item for item in cfonb.read(content) if isinstance(item, Statement)]
    files.add_account(entity.pk, head.account, actor=ACTOR)

    load(entity, content)

    (row,) = kept(Account, form="cfonb")
    assert str(row.iban) == head.account
    assert [str(one.amount_eur) for one in kept(Entry)] == ["1440.05"]
    with pytest.raises(Refused, match="bank_format_other") as refused:
        load(entity, statement(transfer("2.00", on=DAY), account=head.account))
    assert refused.value.facts["known"] == "CFONB 120"


HOSTILE = {
    "empty": b"",
    "no XML": b"%PDF-1.7",
    "cut off": statement(transfer("1.00", on=DAY))[:-40],
    "does not add up": statement(transfer("1.00", on=DAY)).replace(b">101.00<", b">102.00<"),
    "an entity": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>' + statement(transfer("1.00", on=DAY)),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_file_that_cannot_be_used_changes_nothing(entity, case):
    with pytest.raises(Refused) as refused:
        load(entity, HOSTILE[case])

    assert refused.value.code.startswith("bank_file_")
    assert kept(BankFile) == kept(Entry) == kept(Account) == []
    assert not any(path.is_file() for path in originals._path(entity.pk, entity.pk).parent.glob("*"))


def test_a_file_that_breaks_at_its_end_changes_nothing(entity):
    content = statement(*(transfer("1.00", f"n {n}", on=DAY) for n in range(1200)))

    with pytest.raises(Refused, match="bank_file_not_xml"):
        load(entity, content[:-30])
    with pytest.raises(Refused, match="bank_file_too_large"):
        load(entity, content, limits=Limits(most_bytes=len(content) - 1))

    assert kept(BankFile) == kept(Entry) == []


def test_the_original_is_kept_sealed_and_whole(entity):
    content = statement(*(transfer("1.00", f"merci {n} " + "x" * 120, on=DAY) for n in range(3000)))

    row, _new = load(entity, content)

    assert len(content) > 1 << 20
    assert b"".join(originals.read(entity.pk, row.pk)) == content
    assert b"merci" not in originals._path(entity.pk, row.pk).read_bytes()


def test_two_at_once_count_everything_once(entity):
    client, _form = invoiced(entity)
    (number,) = numbers(client)
    content = statement(*(transfer("10.00", f"{number} {n}", on=DAY) for n in range(30)))

    def start(_place):
        try:
            return load(entity, content)[1]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        new = sorted(pool.map(start, range(2)))

    assert new == [False, True]
    assert open_of(client) == {"000001": "420.00"}
    assert {row.state for row in kept(Entry)} == {"done"}


def test_a_file_is_taken_in_while_another_one_is_being_matched(entity):
    busy, over = Event(), Event()

    def match(_place):
        try:
            with alone(entity.pk):
                busy.set()
                assert over.wait(30)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(match, 0)
        assert busy.wait(30)
        row, new = files.take(entity.pk, file(statement(transfer("1.00", on=DAY))), name="a", actor=ACTOR)
        over.set()
        waiting.result(30)

    assert (new, row.lines, row.matched_at) == (True, 1, None)


def test_a_file_that_comes_in_during_a_matching_is_matched_by_the_next(entity):
    client, _form = invoiced(entity)
    (number,) = numbers(client)
    late = statement(transfer("20.00", number, on=DAY), name="2")

    def another(_done, _of):
        files.take(entity.pk, file(late), name="b", actor=ACTOR)

    load(entity, statement(transfer("10.00", number, on=DAY)), progress=another)
    first, second = kept(BankFile)
    assert (first.matched_at, second.matched_at) == (NOW, None)
    assert open_of(client) == {"000001": "710.00"}
    matching.match(entity.pk, actor=ACTOR)

    assert open_of(client) == {"000001": "690.00"}
    assert [row.matched_at for row in kept(BankFile)] == [NOW, NOW]


_LOAD = """
import sys
from uuid import UUID
from sofy.project import runtime
runtime.open_django()
from sofy.treasury.services import matching
matching._BATCH = 1
with open(sys.argv[2], "rb") as source:
    matching.load(UUID(sys.argv[1]), source, name="a", actor="test", progress=lambda done, of: print(done, flush=True))
"""


def test_a_load_that_is_killed_is_carried_on(entity, engine_db, tmp_path):
    client, _form = invoiced(entity)
    (number,) = numbers(client)
    content = statement(*(transfer("10.00", f"{number} {n}", on=DAY) for n in range(30)))
    path = tmp_path / "releve.xml"
    path.write_bytes(content)
    environment = os.environ | {"SOFY_DATABASE_URL": engine_db.database.admin_url}

    for deaths in (3, 4):
        command = [sys.executable, "-c", _LOAD, str(entity.pk), str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as child:
            assert child.stdout is not None
            for _line in range(deaths):
                assert child.stdout.readline()
            child.kill()
    killed = len(kept(Entry, state="done"))
    row, new = load(entity, content)

    assert 7 <= killed < 30
    assert not new
    assert row.matched_at == NOW
    assert open_of(client) == {"000001": "420.00"}
    with staff_scope():
        assert Recorded.objects.using("staff").filter(client_id=client.pk, source="bank").count() == 30


def test_money_out_is_for_a_person_and_fees_are_not(entity):
    load(
        entity,
        statement(
            line("5.00", on=DAY, credit=False, code="PMNT-MDOP-CHRG", text="FRAIS"),
            line("99.00", on=DAY, credit=False, code="PMNT-ICDT-ESCT", text="LOYER"),
        ),
    )

    assert [(row.kind, row.state) for row in kept(Entry)] == [("fees", "done"), ("queue", "queue")]
    assert [str(row.amount_eur) for row in kept(Question)] == ["-99.00"]


def test_a_payment_from_before_the_contract_is_for_a_person(entity):
    client, _form = invoiced(entity)
    (number,) = numbers(client)

    load(entity, statement(transfer("720.00", number, on=date(2026, 3, 1))))

    (question,) = kept(Question)
    assert "not_taken" in question.told
    assert open_of(client) == {"000001": "720.00"}


def test_a_known_account_and_the_exact_amount_are_enough(entity):
    client, _form = invoiced(entity)
    load(entity, statement(transfer("100.00", "acompte", on=DAY, iban=PAYER)))
    (question,) = kept(Question)
    decisions.give(question.pk, client.pk, [(numbers(client)[0], Decimal("100.00"))], Decimal(0), actor=ACTOR)

    load(entity, statement(transfer("620.00", "merci", on=DAY, iban=PAYER), name="2"))

    assert open_of(client) == {"000001": "0.00"}
    assert [row.state for row in kept(Entry)] == ["done", "done"]
