"""Mandates and direct debits, up to the whole loop with the simulated bank."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec
import pytest
from django.db import IntegrityError, connections, transaction

from sofy.billing import queries as billing
from sofy.contracts.tests.factories import ACTOR, make_entity
from sofy.kernel import clock, ids
from sofy.kernel.errors import Refused
from sofy.kit.rls import client_scope, staff_scope
from sofy.sandbox.bank import PROFILES, Bank, Scripted, State, Transfer
from sofy.treasury.models import Batch, Debit, Entry, Mandate
from sofy.treasury.services import debits, mandates, matching
from sofy.treasury.tests.factories import IBAN, PAYER, debited, file, numbers
from sofy.wire import pain

NOW = datetime(2026, 4, 15, 8, 0, tzinfo=UTC)
MAY = date(2026, 5, 31)
#: 1 May is no day on which banks settle, nor is the week-end after it.
COLLECTED = date(2026, 5, 4)
OTHER = "FR7610107001011234567890129"


@pytest.fixture(autouse=True)
def committed(engine_db):
    at(NOW)


def at(moment):
    clock.install(lambda: moment)


@pytest.fixture
def entity():
    return make_entity(code="optima", series="OPT")


def bank_with(**changes):
    return Bank(msgspec.structs.replace(PROFILES["plain"], **changes), State(iban=IBAN))


def lines_of(client):
    with staff_scope():
        return {
            one.number[-6:]: (str(one.open_eur), one.due_on, one.late)
            for one in billing.invoices(client.pk, using="staff")
            if one.kind == "invoice"
        }


def mandate_of(client):
    with staff_scope():
        return Mandate.objects.using("staff").get(client_id=client.pk)


def states():
    with staff_scope():
        rows = Debit.objects.using("staff").order_by("end_to_end_id")
        return {row.end_to_end_id[-8:]: (row.state, row.reason) for row in rows}


def load(entity, day):
    matching.load(entity.pk, file(day.statement), name=f"{day.on}.xml", actor=ACTOR)


@pytest.mark.clause("CGVU 22")
def test_from_the_order_form_to_the_return_and_the_transfer_that_pays_at_last(entity):
    client, _form = debited(entity)
    (number,) = numbers(client)
    bank = bank_with(ends={number: Scripted("AM04", 3)}, return_fee_eur=Decimal("3.00"))

    batch = debits.make(entity.pk, MAY, actor=ACTOR)
    _name, content = debits.content_of(batch.pk, actor=ACTOR)
    assert pain.problems(content) == []
    row = debits.answered(batch.pk, bank.take(content, at=NOW), actor=ACTOR)
    assert row.state == "taken"
    bank.expect(
        [Transfer(on=date(2026, 5, 18), amount_eur=Decimal("720.00"), name="Martin", texts=(f"solde {number}",))]
    )
    days = {day.on: day for day in bank.run(COLLECTED, date(2026, 5, 18))}

    at(datetime(2026, 5, 5, 8, tzinfo=UTC))
    load(entity, days[COLLECTED])
    assert lines_of(client) == {"000001": ("0.00", date(2026, 5, 1), False)}
    assert states() == {"6-000001": ("collected", "")}

    at(datetime(2026, 5, 8, 8, tzinfo=UTC))
    load(entity, days[date(2026, 5, 7)])
    assert lines_of(client) == {"000001": ("720.00", date(2026, 5, 1), True)}
    assert states() == {"6-000001": ("returned", "AM04")}
    (again,) = debits.proposed(entity.pk, MAY)
    assert (again.obstacle, again.by_hand, again.attempt) == ("debit_returned", True, 2)

    at(datetime(2026, 5, 19, 8, tzinfo=UTC))
    load(entity, days[date(2026, 5, 18)])
    assert lines_of(client)["000001"][0] == "0.00"
    assert debits.proposed(entity.pk, MAY) == []


def test_a_return_that_is_loaded_before_its_collection_waits_for_it(entity):
    client, _form = debited(entity)
    bank = bank_with(ends={numbers(client)[0]: Scripted("AM04", 3)})
    batch = debits.make(entity.pk, MAY, actor=ACTOR)
    bank.take(debits.content_of(batch.pk, actor=ACTOR)[1], at=NOW)
    days = {day.on: day for day in bank.run(COLLECTED, date(2026, 5, 7))}
    at(datetime(2026, 5, 8, 8, tzinfo=UTC))

    load(entity, days[date(2026, 5, 7)])
    with staff_scope():
        assert [row.state for row in Entry.objects.using("staff").all()] == ["waiting"]
    load(entity, days[COLLECTED])

    assert lines_of(client)["000001"][0] == "720.00"
    with staff_scope():
        assert {row.state for row in Entry.objects.using("staff").all()} == {"done"}


def test_what_is_in_a_batch_is_in_no_other_and_cancelled_is_free(entity):
    client, _form = debited(entity)

    first = debits.make(entity.pk, MAY, actor=ACTOR)
    with pytest.raises(Refused, match="batch_empty"):
        debits.make(entity.pk, MAY, actor=ACTOR)
    with staff_scope():
        debit = Debit.objects.using("staff").get()
        twin = Debit(
            client_id=client.pk, entity=entity, batch=first, mandate=debit.mandate, invoice=debit.invoice,
            end_to_end_id="X", payment_id="X", amount_eur=1, collect_on=COLLECTED, sequence="RCUR", told="{}",
        )  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic(using="staff"):
            twin.save(using="staff", force_insert=True)
    debits.cancel(first.pk, actor=ACTOR)
    second = debits.make(entity.pk, MAY, actor=ACTOR)

    assert (first.message_id, second.message_id) == ("OPT-20260415-1", "OPT-20260415-2")
    assert states() == {"6-000001": ("cancelled", ""), "000001-2": ("sent", "")}


def test_two_at_once_make_one_batch(entity):
    debited(entity)

    def make(_place):
        try:
            return debits.make(entity.pk, MAY, actor=ACTOR).message_id
        except Refused as refused:
            return refused.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(make, range(2))) == ["OPT-20260415-1", "batch_empty"]


def test_what_the_bank_refuses_is_free_again_and_its_mandate_is_not_used(entity):
    client, _form = debited(entity)
    other, _form = debited(entity, "Crêperie Le Goff", mandate="RUM-2", iban=OTHER)
    batch = debits.make(entity.pk, MAY, actor=ACTOR)
    assert (batch.debits_count, batch.total_eur) == (2, Decimal("1440.00"))
    bank = bank_with(refused={"RUM-2": "AC04"})
    answer = bank.take(debits.content_of(batch.pk, actor=ACTOR)[1], at=NOW)

    for _twice in range(2):
        row = debits.answered(batch.pk, answer, actor=ACTOR)

    assert row.state == "part"
    assert sorted(states().values()) == [("rejected", "AC04"), ("sent", "")]
    (left,) = debits.proposed(entity.pk, MAY)
    assert (left.item.client_id, left.obstacle, left.possible) == (other.pk, "mandate_blocked", False)
    with pytest.raises(Refused, match="batch_answered"):
        debits.cancel(batch.pk, actor=ACTOR)
    assert mandate_of(client).blocked == ""


def test_a_file_that_is_refused_whole_frees_everything_and_another_answer_is_refused(entity):
    debited(entity)
    batch = debits.make(entity.pk, MAY, actor=ACTOR)
    bank = bank_with()
    content = debits.content_of(batch.pk, actor=ACTOR)[1]
    foreign = bank.take(content.replace(batch.message_id.encode(), b"OTHER-1"), at=NOW)
    bank.state.messages.append(batch.message_id)
    twice = bank.take(content, at=NOW)

    with pytest.raises(Refused, match="batch_other"):
        debits.answered(batch.pk, foreign, actor=ACTOR)
    with pytest.raises(Refused, match="bank_file_"):
        debits.answered(batch.pk, b"<a/>", actor=ACTOR)
    with pytest.raises(Refused, match="batch_unknown"):
        debits.answered(ids.uuid7(), twice, actor=ACTOR)
    assert states() == {"6-000001": ("sent", "")}
    assert debits.answered(batch.pk, twice, actor=ACTOR).state == "refused"
    assert [one.obstacle for one in debits.proposed(entity.pk, MAY)] == [""]


def test_a_new_account_is_told_once_and_lifts_the_block(entity):
    client, _form = debited(entity)
    batch = debits.make(entity.pk, MAY, actor=ACTOR)
    bank = bank_with(ends={numbers(client)[0]: Scripted("AC04", 3)})
    bank.take(debits.content_of(batch.pk, actor=ACTOR)[1], at=NOW)
    at(datetime(2026, 5, 8, 8, tzinfo=UTC))
    for day in bank.run(COLLECTED, date(2026, 5, 7)):
        load(entity, day)
    assert mandate_of(client).blocked == "AC04"
    with pytest.raises(Refused, match="batch_empty"):
        debits.make(entity.pk, MAY, actor=ACTOR)

    mandates.amend(mandate_of(client).pk, iban=OTHER, actor=ACTOR)
    (one,) = debits.proposed(entity.pk, MAY)
    second = debits.make(entity.pk, MAY, actor=ACTOR, invoices=[one.item.id])

    content = debits.content_of(second.pk, actor=ACTOR)[1]
    assert b"SMNDA" in content
    assert OTHER.encode() in content
    (block,) = pain.read(content).blocks
    assert (block.collect_on, block.debits[0].end_to_end_id[-2:], block.debits[0].amended) == (
        date(2026, 5, 11), "-2", True
    )  # fmt: skip


@pytest.mark.clause("CGVU 10.2")
@pytest.mark.parametrize(("days", "collect_on", "amount"), [(14, COLLECTED, "720.00"), (5, date(2026, 4, 9), "712.80")])
def test_a_debit_has_the_discount_only_where_its_announcement_is_short(entity, days, collect_on, amount):
    at(datetime(2026, 4, 2, 8, tzinfo=UTC))
    client, _form = debited(entity, prenotification_days=days)

    (one,) = debits.proposed(entity.pk, MAY)
    batch = debits.make(entity.pk, MAY, actor=ACTOR)

    assert (one.collect_on, str(one.amount_eur), one.early) == (collect_on, amount, days == 5)
    bank = bank_with()
    bank.take(debits.content_of(batch.pk, actor=ACTOR)[1], at=datetime(2026, 4, 2, 8, tzinfo=UTC))
    at(datetime(2026, 5, 5, 8, tzinfo=UTC))
    for day in bank.run(collect_on, collect_on):
        load(entity, day)
    assert lines_of(client)["000001"][0] == "0.00"


def test_nothing_is_debited_before_its_day_and_without_a_mandate(entity):
    client, _form = debited(entity)

    assert debits.proposed(entity.pk, date(2026, 5, 3)) == []
    mandates.revoke(mandate_of(client).pk, date(2026, 4, 10), actor=ACTOR)
    (one,) = debits.proposed(entity.pk, MAY)
    assert (one.obstacle, one.possible) == ("mandate_revoked", False)
    with pytest.raises(Refused, match="batch_empty"):
        debits.make(entity.pk, MAY, actor=ACTOR, invoices=[one.item.id])
    assert Batch.objects.using("staff").count() == 0


def test_a_mandate_that_was_not_used_lapses_and_a_used_one_counts_anew(entity):
    client, _form = debited(entity)
    with staff_scope():
        (before,) = mandates.known([mandate_of(client)], debits._entity(entity.pk).data)
    debits.make(entity.pk, MAY, actor=ACTOR)
    with staff_scope():
        (after,) = mandates.known([mandate_of(client)], debits._entity(entity.pk).data)

    assert before.obstacle(date(2029, 4, 2)) == "mandate_lapsed"
    assert before.obstacle(date(2029, 4, 1)) == ""
    assert after.obstacle(date(2029, 5, 4)) == ""
    assert after.obstacle(date(2029, 5, 5)) == "mandate_lapsed"


def test_a_mandate_is_taken_over_once_and_kept_sealed(entity, engine_db):
    client, form = debited(entity)

    row = mandate_of(client)
    again = mandates.take_over(client.pk, form.pk)

    assert again is not None
    assert again.pk == row.pk
    assert (row.reference, str(row.iban), row.signed_on) == ("RUM-1", PAYER, date(2026, 4, 1))
    with engine_db.connect("admin") as admin:
        (stored,) = admin.execute("select iban from treasury_mandate").fetchone()
    assert PAYER.encode() not in bytes(stored)


@pytest.mark.clause("CGVU 10.1")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reference": "RUM-1"}, "mandate_taken"),
        ({"reference": "RUM é"}, "sepa_id"),
        ({"iban": "FR7630006000011234567890188"}, "iban_invalid"),
        ({"signed_on": date(2027, 1, 1)}, "mandate_in_future"),
    ],
)
def test_a_mandate_that_cannot_be_one_is_refused(entity, changes, code):
    client, _form = debited(entity)
    given = {"reference": "RUM-9", "signed_on": date(2026, 4, 2), "debtor": "Martin", "iban": PAYER} | changes

    with pytest.raises(Refused, match=code):
        mandates.register(client.pk, entity.pk, actor=ACTOR, **given)

    with staff_scope():
        assert Mandate.objects.using("staff").count() == 1


def test_a_client_reads_its_own_mandates_and_debits_and_writes_none(entity):
    client, _form = debited(entity)
    other, _form = debited(entity, "Crêperie", mandate="RUM-2", iban=OTHER)
    debits.make(entity.pk, MAY, actor=ACTOR)

    with client_scope(client.pk):
        assert [row.reference for row in Mandate.objects.all()] == ["RUM-1"]
        assert {row.client_id for row in Debit.objects.all()} == {client.pk}
    with client_scope(other.pk):
        assert [row.reference for row in Mandate.objects.all()] == ["RUM-2"]
        with pytest.raises(Exception, match="permission denied"), transaction.atomic():
            Mandate.objects.update(blocked="")
    with client_scope(client.pk), pytest.raises(Exception, match="permission denied"), transaction.atomic():
        list(Entry.objects.all())
