"""What a person decides of a payment: given to invoices for good, put aside, no client's; one person at a time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec
import pytest
from django.db import connections

from sofy.billing import queries as billing
from sofy.billing.models import Event
from sofy.contracts.tests.factories import ACTOR, make_entity
from sofy.kernel import clock, ids
from sofy.kernel.errors import Refused
from sofy.kit.rls import staff_scope
from sofy.treasury.models import Entry, Question
from sofy.treasury.services import decisions, matching
from sofy.treasury.tests.factories import file, invoiced, line, numbers, statement, transfer

NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
DAY = date(2026, 6, 10)
EUR = Decimal


@pytest.fixture(autouse=True)
def committed(engine_db):
    clock.install(lambda: NOW)


@pytest.fixture
def entity():
    return make_entity(code="optima", series="OPT")


def asked(entity, *entries) -> list[Question]:
    matching.load(entity.pk, file(statement(*entries)), name="a", actor=ACTOR)
    with staff_scope():
        return list(
            Question.objects.using("staff").filter(entity=entity).select_related("entry").order_by("entry__place")
        )


def open_of(client):
    with staff_scope():
        return {one.number[-6:]: str(one.open_eur) for one in billing.invoices(client.pk, using="staff")}


def payments(client):
    with staff_scope():
        rows = Event.objects.using("staff").filter(client_id=client.pk, source="bank").order_by("recorded_at", "id")
        return [msgspec.json.decode(row.data) for row in rows]


def state_of(question):
    with staff_scope():
        row = Question.objects.using("staff").select_related("entry").get(pk=question.pk)
        return row.state, row.entry.state


def test_the_first_idea_is_taken_with_one_key(entity):
    client, _form = invoiced(entity, months=2)
    (question,) = asked(entity, transfer("1440.00", "merci", on=DAY, name="Boulangerie Martin"))

    decisions.accept(question.pk, 0, actor=ACTOR)

    assert open_of(client) == {"000001": "0.00", "000002": "0.00"}
    assert state_of(question) == ("paid", "done")
    (paid,) = payments(client)
    assert (paid["amount_eur"], len(paid["invoices"])) == ("1440.00", 2)
    assert paid["at"].startswith("2026-06-10")


@pytest.mark.clause("CGVU 10.1", "CGVU 22")
def test_a_payment_is_split_as_a_person_says(entity):
    client, _form = invoiced(entity, months=3)
    first, second, _third = numbers(client)
    (question,) = asked(entity, transfer("500.00", "acompte", on=DAY))

    decisions.give(question.pk, client.pk, [(first, EUR(120)), (second, EUR(380))], EUR(0), actor=ACTOR)

    assert open_of(client) == {"000001": "600.00", "000002": "340.00", "000003": "720.00"}
    assert [one["amount_eur"] for one in payments(client)] == ["120.00", "380.00"]


def test_what_is_too_much_is_kept_for_the_client(entity):
    client, _form = invoiced(entity, months=2)
    first, second = numbers(client)
    (question,) = asked(entity, transfer("1500.00", "merci", on=DAY))

    decisions.give(question.pk, client.pk, [(first, EUR(720)), (second, EUR(720))], EUR(60), actor=ACTOR)

    assert open_of(client) == {"000001": "0.00", "000002": "0.00"}
    (paid,) = payments(client)
    assert paid["amount_eur"] == "1500.00"


def test_a_credit_without_an_invoice_stays_with_the_client(entity):
    client, _form = invoiced(entity, months=1)
    (number,) = numbers(client)
    paid, question_of = transfer("720.00", number, on=DAY), transfer("50.00", "avance", on=DAY)
    (question,) = asked(entity, paid, question_of)

    decisions.give(question.pk, client.pk, [], EUR(50), actor=ACTOR)

    assert payments(client)[-1]["invoices"] == []
    assert state_of(question) == ("paid", "done")


@pytest.mark.parametrize(
    ("parts", "credit", "code"),
    [
        ([], "0", "question_empty"),
        ([("first", "499.99")], "0", "question_sum"),
        ([("first", "600")], "-100", "question_sum"),
        ([("first", "-100")], "600", "question_sum"),
        ([("OPT-FA-2026-999999", "500")], "0", "part_above_open"),
    ],
)
def test_what_does_not_come_to_the_payment_is_refused(entity, parts, credit, code):
    client, _form = invoiced(entity)
    (question,) = asked(entity, transfer("500.00", "acompte", on=DAY))
    given = [(numbers(client)[0] if number == "first" else number, EUR(amount)) for number, amount in parts]

    with pytest.raises(Refused, match=code):
        decisions.give(question.pk, client.pk, given, EUR(credit), actor=ACTOR)

    assert payments(client) == []
    assert state_of(question) == ("open", "queue")


def test_an_invoice_never_gets_more_than_is_open(entity):
    client, _form = invoiced(entity)
    other, _form = invoiced(entity, "Crêperie Le Goff")
    (question,) = asked(entity, transfer("800.00", "merci", on=DAY))

    with pytest.raises(Refused, match="part_above_open"):
        decisions.give(question.pk, client.pk, [(numbers(client)[0], EUR(800))], EUR(0), actor=ACTOR)
    with pytest.raises(Refused, match="part_above_open"):  # another client's invoice is not this client's to pay
        decisions.give(question.pk, client.pk, [(numbers(other)[0], EUR(720))], EUR(80), actor=ACTOR)

    assert payments(client) == payments(other) == []


def test_aside_and_apart_are_taken_back_and_payments_stay(entity):
    client, _form = invoiced(entity)
    first, second = asked(entity, transfer("5.00", "a", on=DAY), line("9.00", on=DAY, credit=False))

    decisions.put_aside(first.pk, actor=ACTOR)
    assert state_of(first) == ("later", "queue")
    decisions.set_apart(second.pk, "loyer", actor=ACTOR)
    assert state_of(second) == ("apart", "done")
    for question in (first, second):
        decisions.take_back(question.pk, actor=ACTOR)
        assert state_of(question) == ("open", "queue")
    with pytest.raises(Refused, match="question_not_in"):
        decisions.give(second.pk, client.pk, [], EUR(9), actor=ACTOR)
    decisions.give(first.pk, client.pk, [(numbers(client)[0], EUR(5))], EUR(0), actor=ACTOR)
    with pytest.raises(Refused, match="question_kept"):
        decisions.take_back(first.pk, actor=ACTOR)
    with pytest.raises(Refused, match="question_decided"):
        decisions.put_aside(first.pk, actor=ACTOR)
    with pytest.raises(Refused, match="question_unknown"):
        decisions.take_back(ids.uuid7(), actor=ACTOR)


def test_two_people_decide_once(entity):
    client, _form = invoiced(entity)
    (number,) = numbers(client)
    (question,) = asked(entity, transfer("100.00", "merci", on=DAY))

    def decide(_place):
        try:
            decisions.give(question.pk, client.pk, [(number, EUR(100))], EUR(0), actor=ACTOR)
        except Refused as refused:
            return refused.code
        finally:
            connections.close_all()
        return "given"

    with ThreadPoolExecutor(2) as pool:
        said = sorted(pool.map(decide, range(2)))

    assert said == ["given", "question_decided"]
    assert open_of(client) == {"000001": "620.00"}


def test_the_queue_is_read_by_its_index(entity):
    with staff_scope(), connections["staff"].cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        waiting = Question.objects.using("staff").filter(state="open").order_by("booked_on", "id")[:50]
        undecided = Entry.objects.using("staff").filter(entity=entity, state__in=["new", "waiting"]).order_by("id")

        assert "treasury_question_state" in waiting.explain()
        assert "treasury_entry_undecided" in undecided.explain()
