"""What the ledger counts becomes usage of a contract: once, in its month, and what is known late in the next one."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from django.db import connections

from sofy.billing.models import Event, Invoice, Usage, UsageMonth
from sofy.billing.rules.usage import Contract, contract_of
from sofy.billing.services import counting, freezing, metering, runs
from sofy.billing.tests.ledger import heard, wrote
from sofy.billing.tests.signed import Content, bought, signed
from sofy.clients.tests.factories import make_client
from sofy.contracts.rules.values import PARIS
from sofy.contracts.tests.factories import ACTOR, make_entity
from sofy.kernel import clock, ids
from sofy.kit.rls import client_scope, staff_scope

APRIL, MAY = date(2026, 4, 1), date(2026, 5, 1)
MAY_DAY = datetime(2026, 5, 1, 6, 0, tzinfo=PARIS)
PRICES = [
    {"channel": "sms", "unit_price_eur": "0.05"},
    {"channel": "sms", "unit_price_eur": "0.06", "from": "2026-04-20"},
    {"channel": "sms", "country": "BE", "unit_price_eur": "0.09"},
    {"channel": "rcs", "unit_price_eur": "0.07"},
    {"channel": "whatsapp", "unit_price_eur": "0.08"},
    {"channel": "email", "unit_price_eur": "0.001"},
]


def paris(day: int, hour: int = 12, month: int = 4) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=PARIS)


@pytest.fixture(autouse=True)
def may_day(engine_db):
    clock.install(lambda: MAY_DAY.astimezone(UTC))


def at(moment: datetime) -> None:
    clock.install(lambda: moment.astimezone(UTC))


@pytest.fixture
def shop():
    client = make_client()
    signed(client, make_entity(), items=bought(onboarding=False), usage_prices=PRICES)
    return client


def told(client) -> list[tuple[str, str, int, str]]:
    with staff_scope():
        rows = Event.objects.using("staff").filter(client_id=client.pk, source="ledger").order_by("at", "id")
        found = [msgspec.json.decode(row.data) for row in rows]
    return [(one["channel"], one["country"], one["quantity"], one.get("handed_over_on") or "") for one in found]


def lines(client) -> dict[date, list[tuple[str, Decimal, Decimal]]]:
    with staff_scope():
        form = Event.objects.using("staff").filter(client_id=client.pk)[0].order_form_id
    freezing.catch_up(client.pk, form, as_of=freezing.today(), validator=Content())
    found: dict[date, list[tuple[str, Decimal, Decimal]]] = {}
    with staff_scope():
        for row in Invoice.objects.using("staff").filter(client_id=client.pk).order_by("issued_on"):
            document = msgspec.json.decode(str(row.document))
            found[row.issued_on] = [
                (line["label"], Decimal(line["quantity"]), Decimal(line["net_eur"]))
                for line in document["lines"] if line["code"].startswith("usage")
            ]  # fmt: skip
    return found


@pytest.mark.clause("CGVU 3.4")
@pytest.mark.clause("CGVU 15")
def test_each_channel_counts_by_its_own_rule(engine_db, shop):
    for status in ("submitted", "unknown", "failed", "expired", "delivered"):
        wrote(engine_db, shop.pk, paris(2), status, parts=2)
    for status in ("submitted", "unknown", "failed", "delivered", "read"):
        wrote(engine_db, shop.pk, paris(3), status, channel="rcs", parts=3)
    wrote(engine_db, shop.pk, paris(4), channel="whatsapp")
    wrote(engine_db, shop.pk, paris(4), channel="whatsapp", answers=ids.uuid7())
    wrote(engine_db, shop.pk, paris(4), "submitted", channel="email", destination=None)

    metering.meter(shop.pk, APRIL)

    assert told(shop) == [("sms", "FR", 10, ""), ("rcs", "FR", 2, ""), ("email", "", 1, ""), ("whatsapp", "FR", 1, "")]


@pytest.mark.parametrize("status", ["accepted", "deferred", "held", "queued", "withheld", "cancelled"])
def test_what_did_not_leave_is_no_usage(engine_db, shop, status):
    wrote(engine_db, shop.pk, paris(2), status, reason="no_permission")

    metering.meter(shop.pk, APRIL)

    assert told(shop) == []


@pytest.mark.parametrize("status", ["failed", "unknown"])
def test_what_nobody_took_is_no_usage_but_is_shown(engine_db, shop, status):
    wrote(engine_db, shop.pk, paris(2), status, taken=False, reason="refused_by_operator")

    metering.meter(shop.pk, APRIL)

    assert told(shop) == []
    with client_scope(shop.pk):
        row = Usage.objects.get()
    assert (row.status, row.reason, row.messages) == ("refused", "refused_by_operator", 1)


def test_the_day_in_paris_decides_on_month_and_price(engine_db, shop):
    wrote(engine_db, shop.pk, datetime(2026, 3, 31, 21, 59, tzinfo=UTC))
    wrote(engine_db, shop.pk, datetime(2026, 3, 31, 22, 0, tzinfo=UTC))
    wrote(engine_db, shop.pk, datetime(2026, 4, 19, 21, 59, tzinfo=UTC))
    wrote(engine_db, shop.pk, datetime(2026, 4, 19, 22, 0, tzinfo=UTC))
    wrote(engine_db, shop.pk, datetime(2026, 4, 30, 22, 0, tzinfo=UTC))

    metering.meter(shop.pk, APRIL)

    assert lines(shop)[MAY] == [
        ("SMS marketing FR", Decimal(2), Decimal("0.10")), ("SMS marketing FR", Decimal(1), Decimal("0.06")),
    ]  # fmt: skip


def test_the_invoice_shows_its_usage_day_by_day(engine_db, shop):
    for day, parts in ((2, 3), (2, 1), (5, 2), (21, 4)):
        wrote(engine_db, shop.pk, paris(day), parts=parts)
    wrote(engine_db, shop.pk, paris(5), channel="rcs")
    metering.meter(shop.pk, APRIL)

    lines(shop)

    with staff_scope():
        (row,) = Invoice.objects.using("staff").filter(client_id=shop.pk, issued_on=MAY)
    shown = [(one["channel"], one["day"], one["quantity"], one["net_eur"])
             for one in msgspec.json.decode(str(row.document))["usage"]]  # fmt: skip
    assert shown == [
        ("rcs", "2026-04-05", 1, "0.07"),
        ("sms", "2026-04-02", 4, "0.20"),
        ("sms", "2026-04-05", 2, "0.10"),
        ("sms", "2026-04-21", 4, "0.24"),
    ]


def test_what_was_asked_for_long_before_counts_on_the_day_it_leaves(engine_db, shop):
    wrote(engine_db, shop.pk, paris(30), accepted=paris(1) - timedelta(days=300))
    wrote(engine_db, shop.pk, paris(2, month=5), accepted=paris(1) - timedelta(days=300))
    at(paris(1, 6, month=6))

    metering.meter(shop.pk, APRIL)
    metering.meter(shop.pk, MAY)

    assert [quantity for _channel, _country, quantity, _day in told(shop)] == [1, 1]


def test_what_waits_at_the_end_of_a_month_is_found_in_the_next(engine_db, shop):
    waiting = wrote(engine_db, shop.pk, paris(3), "deferred", accepted=paris(3))
    metering.meter(shop.pk, APRIL)
    with engine_db.connect("admin") as admin:
        admin.execute(
            "UPDATE engine_state SET status = 'delivered', rank = 50, submitted_at = %s WHERE message_id = %s",
            [paris(10, month=5), waiting],
        )
    at(paris(1, 6, month=6))

    metering.meter(shop.pk, MAY)

    assert told(shop) == [("sms", "FR", 1, "")]


@pytest.mark.clause("CGVU 3.4")
def test_a_receipt_after_the_invoice_is_a_line_of_the_next_one(engine_db, shop):
    message = wrote(engine_db, shop.pk, paris(30, 23), "submitted", channel="rcs")
    wrote(engine_db, shop.pk, paris(29), channel="rcs")
    first = lines_after_run(shop)
    heard(engine_db, shop.pk, message, "delivered")
    at(paris(12, month=5))
    metering.meter_client(shop.pk, freezing.today())
    at(paris(1, 6, month=6))

    second = lines(shop)

    assert first[MAY] == [("RCS marketing FR", Decimal(1), Decimal("0.07"))]
    assert second[MAY] == first[MAY]
    assert second[date(2026, 6, 1)] == [("RCS marketing FR", Decimal(1), Decimal("0.07"))]
    assert told(shop) == [("rcs", "FR", 1, ""), ("rcs", "FR", 1, "2026-04-29")]


def lines_after_run(client):
    metering.meter(client.pk, APRIL)
    return lines(client)


def test_usage_of_a_month_that_was_invoiced_before_it_was_counted_is_on_the_next_invoice(engine_db, shop, monkeypatch):
    wrote(engine_db, shop.pk, paris(5))
    with staff_scope():
        form = Event._meta.get_field("order_form").related_model.objects.using("staff").get(client_id=shop.pk)
    with monkeypatch.context() as patched:
        patched.setattr(metering, "meter_client", lambda *_args: None)
        freezing.catch_up(shop.pk, form.pk, as_of=MAY, validator=Content())
    metering.meter(shop.pk, APRIL)
    at(paris(1, 6, month=6))

    assert lines(shop)[date(2026, 6, 1)] == [("SMS marketing FR", Decimal(1), Decimal("0.05"))]


def test_a_second_time_nothing_is_told(engine_db, shop):
    wrote(engine_db, shop.pk, paris(2))

    metering.meter(shop.pk, APRIL)

    assert metering.meter(shop.pk, APRIL) == 0
    assert len(told(shop)) == 1


def test_two_at_once_tell_it_once(engine_db, shop):
    for day in range(1, 11):
        wrote(engine_db, shop.pk, paris(day))

    def start(_place: int) -> int:
        try:
            return metering.meter(shop.pk, APRIL)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(start, range(2)))

    assert sorted(found) == [0, 1]
    assert told(shop) == [("sms", "FR", 10, "")]


def test_what_dies_between_the_count_and_the_event_is_told_later(engine_db, shop, monkeypatch):
    wrote(engine_db, shop.pk, paris(2))
    with monkeypatch.context() as patched:
        patched.setattr(metering, "_keep_told", lambda *_args: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            metering.meter(shop.pk, APRIL)
    assert told(shop) == []

    metering.meter(shop.pk, APRIL)

    assert told(shop) == [("sms", "FR", 1, "")]


def test_what_the_ledger_forgets_stays_invoiced(engine_db, shop):
    message = wrote(engine_db, shop.pk, paris(2))
    metering.meter(shop.pk, APRIL)
    with engine_db.connect("admin") as admin:
        admin.execute("DELETE FROM engine_state WHERE message_id = %s", [message])
    wrote(engine_db, shop.pk, paris(3), channel="rcs")

    metering.meter(shop.pk, APRIL)

    assert told(shop) == [("sms", "FR", 1, ""), ("rcs", "FR", 1, "2026-04-03")]


def test_a_price_added_later_does_not_tell_usage_again(engine_db, shop):
    wrote(engine_db, shop.pk, paris(10))
    metering.meter(shop.pk, APRIL)
    with engine_db.connect("admin") as admin:
        admin.execute(
            "INSERT INTO price_sale (id, channel, price_eur, valid_from, created_at) VALUES (%s, 'sms', 1, %s, now())",
            [ids.uuid7(), date(2026, 4, 5)],
        )

    assert metering.meter(shop.pk, APRIL) == 0


def test_a_run_tells_usage_of_every_client_and_one_that_fails_hinders_nobody(engine_db, monkeypatch):
    entity = make_entity()
    clients = [make_client() for _number in range(3)]
    for client in clients:
        signed(client, entity, items=bought(onboarding=False), usage_prices=PRICES)
        wrote(engine_db, client.pk, paris(2))
    real = counting.keep

    def keep(client_id, month):
        if client_id == clients[1].pk:
            raise RuntimeError
        return real(client_id, month)

    with monkeypatch.context() as patched:
        patched.setattr(counting, "keep", keep)
        runs.run(entity.pk, MAY, actor=ACTOR, validator=Content())

    assert [len(told(client)) for client in clients] == [1, 0, 1]


def test_many_clients_are_told_by_two_threads_alike(engine_db, monkeypatch):
    monkeypatch.setattr(metering, "_WORTH_TWO", 2)
    entity = make_entity()
    clients = [make_client() for _number in range(5)]
    for client in clients:
        signed(client, entity, items=bought(onboarding=False), usage_prices=PRICES)
        wrote(engine_db, client.pk, paris(2))

    assert metering.meter_all(entity.pk, MAY) == 5
    assert [len(told(client)) for client in clients] == [1] * 5
    assert metering.meter_all(entity.pk, MAY) == 0


def test_months_are_told_in_their_order_and_closed_when_no_news_comes_any_more(engine_db, shop):
    assert metering.due(MAY, client_id=shop.pk) == [(shop.pk, APRIL)]
    metering.meter_client(shop.pk, MAY)
    assert metering.due(MAY, client_id=shop.pk) == []
    at(paris(12, month=5))

    assert metering.due(freezing.today(), client_id=shop.pk) == [(shop.pk, APRIL)]
    metering.meter_client(shop.pk, freezing.today())

    assert metering.due(freezing.today(), client_id=shop.pk) == []
    with client_scope(shop.pk):
        assert UsageMonth.objects.get().closed_at is not None


def test_a_client_reads_its_own_usage_only(engine_db, shop):
    hostile = make_client()
    wrote(engine_db, shop.pk, paris(2))
    counting.count(shop.pk, APRIL)

    with client_scope(hostile.pk):
        assert not Usage.objects.exists()
        assert not UsageMonth.objects.exists()


_OLD, _NEW = ids.uuid7(), ids.uuid7()


@pytest.mark.parametrize(
    ("_case", "contracts", "of"),
    [
        ("one that orders messaging comes first",
         [Contract(_OLD, APRIL, None, False), Contract(_NEW, date(2026, 4, 10), None, True)], _NEW),
        ("else the oldest",
         [Contract(_NEW, date(2026, 4, 10), None, False), Contract(_OLD, APRIL, None, False)], _OLD),
        ("one that is over is nobody's",
         [Contract(_OLD, APRIL, date(2026, 4, 14), True), Contract(_NEW, date(2026, 4, 10), None, False)], _NEW),
        ("one that is not signed yet neither",
         [Contract(_OLD, APRIL, None, False), Contract(_NEW, date(2026, 4, 16), None, True)], _OLD),
        ("after all of them the one that ended last",
         [Contract(_OLD, APRIL, date(2026, 4, 10), True), Contract(_NEW, APRIL, date(2026, 4, 12), False)], _NEW),
        ("before the first there is none", [Contract(_NEW, date(2026, 4, 16), None, True)], None),
    ],
)  # fmt: skip
def test_whose_messages_of_a_day_are(_case, contracts, of):
    found = contract_of(date(2026, 4, 15), contracts)

    assert (found.id if found else None) == of
