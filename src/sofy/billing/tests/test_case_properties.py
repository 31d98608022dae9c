"""What holds for every case, whatever happened in it."""

import random
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sofy.billing.case.answer import answer
from sofy.billing.case.replay import Replay
from sofy.billing.case.shapes import from_plain

FIRST = date(2026, 1, 1)
_AMOUNTS = st.decimals("0.01", "3000", places=2).map(str)
_MOMENTS = st.integers(0, 700).map(lambda day: (FIRST + timedelta(days=day)).isoformat()) | st.integers(
    0, 700 * 24 * 60
).map(lambda minute: (datetime.combine(FIRST, time()) + timedelta(minutes=minute)).isoformat())
_INVOICES = st.integers(1, 12).map(lambda number: f"FA-2026-{number:06d}")


def event(kind: str, **facts: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """One type of event."""
    return st.fixed_dictionaries({"type": st.just(kind), "at": _MOMENTS, **facts})


def _until(one: dict[str, Any], key: str, minutes: int) -> dict[str, Any]:
    start = datetime.fromisoformat(one["at"])
    return {**one, key: (start + timedelta(minutes=minutes)).isoformat()}


EVENTS = st.one_of(
    event("payment", amount_eur=_AMOUNTS),
    event("payment", amount_eur=_AMOUNTS, invoices=st.lists(_INVOICES, max_size=2)),
    event("payment", amount_eur=st.sampled_from(["720.00", "712.80", "1440.00"])),
    event("sepa_return", invoice=_INVOICES),
    event("charge", label=st.just("Prestation"), amount_eur=_AMOUNTS),
    event("notice_sent"),
    event("notice_delivered", proof=st.sampled_from(["acknowledgement", "smtp"])),
    event("poi_activated", count=st.integers(1, 9)),
    event("poi_decrease", count=st.integers(1, 9)),
    event("usage", channel=st.sampled_from(["sms", "rcs", "email"]), quantity=st.integers(0, 9999)),
    event("fraud"),
    event("suspended", cause=st.sampled_from(["operator_fault", "security"])),
    event("lifted", cause=st.sampled_from(["operator_fault", "security"]), by=st.just(["Exploitation"])),
    event("terms_notified", version=st.just("2")),
    event("terms_refused", reason=st.just("Non")),
    event("nonrenewal", channel=st.just("mailbox")),
    event("vat_check", result=st.sampled_from(["valid", "invalid", "unavailable"]), vat_id=st.just("BE0202239951")),
    event("credit_claim", month=st.sampled_from(["2026-02", "2026-05", "2026-11"])),
    event("insolvency"),
    event("dispute", invoice=_INVOICES),
    event("audit", invoice=_INVOICES, platform_flaw=st.booleans()),
    event("fine", amount_eur=_AMOUNTS),
    st.builds(
        _until,
        event("incident", application=st.just("soview"), fault=st.sampled_from(["operator", "third_party"])),
        st.just("until"),
        st.integers(0, 20_000),
    ),
)
COUNTRIES = st.sampled_from(["FR", "BE", "CH"])


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """A contract of some shape and thirty things that may happen to it."""
    item = {"code": "view", "product": "soview", "per": "poi", "quantity": 20, "unit_price_eur": "30.00"}
    item |= {"list_price_eur": "32.00", "every": draw(st.sampled_from(["month", "quarter", "year"]))}
    item |= {"billed": draw(st.sampled_from(["advance", "arrears"]))}
    form = {
        "number": "BC-1", "signed_at": "2026-01-01", "starts_on": draw(st.sampled_from(["2026-01-01", "2026-01-31"])),
        "term_months": draw(st.sampled_from([12, 24])), "items": [item],
        "usage_prices": [{"channel": channel, "unit_price_eur": "0.055"} for channel in ("sms", "rcs", "email")],
        "payment": {"means": draw(st.sampled_from(["transfer", "sepa_debit"]))},
        "periods": draw(st.sampled_from(["calendar", "contract"])),
    }  # fmt: skip
    rates = [{"half": f"{year}-H{half}", "percent": "2.62"} for year in (2026, 2027) for half in (1, 2)]
    return {
        "format": 1,
        "entity": {"name": "OPTIMA FRANCE"},
        "client": {"name": "Client", "address": {"country": draw(COUNTRIES)}},
        "order_form": form,
        "tables": {"legal_rate": rates},
        "events": draw(st.lists(EVENTS, max_size=30)),
    }


DAYS = st.integers(0, 760).map(lambda day: FIRST + timedelta(days=day))


@given(case=cases(), as_of=DAYS)
@settings(max_examples=120, deadline=None)
def test_amounts_add_up_and_nothing_is_ever_below_zero(case, as_of):
    told = answer(from_plain(case), as_of)

    by_number = {invoice["number"]: invoice for invoice in told["invoices"] if invoice["number"]}
    for invoice in by_number.values():
        net = sum(Decimal(line["net_eur"]) for line in invoice["lines"])
        bases = sum(Decimal(group["base_eur"]) for group in invoice["vat"])
        assert Decimal(invoice["net_eur"]) == net == bases
        assert Decimal(invoice["gross_eur"]) == net + Decimal(invoice["vat_eur"])
        assert Decimal(invoice["open_eur"]) >= 0
        if invoice["kind"] != "credit_note":
            settled = Decimal(invoice["paid_eur"]) + Decimal(invoice["credited_eur"]) + Decimal(invoice["open_eur"])
            assert settled == Decimal(invoice["gross_eur"])
    credited: dict[str, Decimal] = {}
    for invoice in by_number.values():
        for number in invoice["corrects"]:
            credited[number] = credited.get(number, Decimal(0)) + Decimal(invoice["gross_eur"])
    assert all(amount <= Decimal(by_number[number]["gross_eur"]) for number, amount in credited.items())
    assert Decimal(told["balance"]["client_credit_eur"]) >= 0


@given(case=cases(), as_of=DAYS)
@settings(max_examples=60, deadline=None)
def test_money_is_neither_made_nor_lost(case, as_of):
    told = answer(from_plain(case), as_of)

    came = sum(Decimal(one["amount_eur"]) for one in case["events"] if one["type"] == "payment" and _by(one, as_of))
    went = sum(Decimal(one["amount_eur"]) for one in told["returned"])
    on_invoices = sum(Decimal(invoice["paid_eur"]) for invoice in told["invoices"] if invoice["number"])
    assert came - went == on_invoices + Decimal(told["balance"]["client_credit_eur"])


def _names(one: dict[str, Any]) -> set[str]:
    """The invoices an event names: in the product they have their number by then."""
    return {*one.get("invoices", ()), *([one["invoice"]] if "invoice" in one else [])}


def _by(one: dict[str, Any], as_of: date) -> bool:
    return datetime.fromisoformat(one["at"]).date() <= as_of


@given(case=cases(), as_of=DAYS, seed=st.integers())
@settings(max_examples=60, deadline=None)
def test_the_order_in_which_things_are_told_changes_nothing(case, as_of, seed):
    shuffled = {**case, "events": random.Random(seed).sample(case["events"], len(case["events"]))}

    assert answer(from_plain(shuffled), as_of) == answer(from_plain(case), as_of)


@given(case=cases(), as_of=DAYS)
@settings(max_examples=60, deadline=None)
def test_a_day_knows_nothing_of_what_comes_after_it(case, as_of):
    until_then = {**case, "events": [one for one in case["events"] if _by(one, as_of)]}

    assert answer(from_plain(until_then), as_of) == answer(from_plain(case), as_of)


@given(case=cases(), as_of=DAYS)
@settings(max_examples=60, deadline=None)
def test_numbers_have_no_gap_and_dates_never_go_back(case, as_of):
    told = answer(from_plain(case), as_of)

    series: dict[str, list[tuple[int, str]]] = {}
    for invoice in told["invoices"]:
        if invoice["number"]:
            prefix, _, number = invoice["number"].rpartition("-")
            series.setdefault(prefix, []).append((int(number), invoice["issued_on"]))
    for numbers in series.values():
        assert [number for number, _ in numbers] == list(range(1, len(numbers) + 1))
        assert [day for _, day in numbers] == sorted(day for _, day in numbers)


@pytest.mark.clause("CGVU 11")
@given(case=cases(), as_of=DAYS)
@settings(max_examples=40, deadline=None)
def test_access_never_changes_what_a_subscription_costs(case, as_of):
    """The parked account of other systems cannot exist: access and invoicing do not know each other."""
    quiet = {"fraud", "usage", "notice_sent", "notice_delivered"}
    without = {**case, "events": [one for one in case["events"] if one["type"] not in quiet]}
    kept = {**case, "events": [one for one in case["events"] if one["type"] != "usage"]}

    subscriptions = [_subscription(answer(from_plain(one), as_of)) for one in (without, kept)]

    assert subscriptions[0] == subscriptions[1]


def _subscription(told: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [
        (line["code"], line["period"], line["net_eur"])
        for invoice in told["invoices"]
        if invoice["kind"] == "invoice"
        for line in invoice["lines"]
        if line["code"] == "view"
    ]


@given(case=cases(), as_of=DAYS, later=DAYS)
@settings(max_examples=60, deadline=None)
def test_what_was_issued_is_taken_as_it_is_and_the_rest_follows(case, as_of, later):
    """The product freezes documents as days pass: a later replay issues the same ones again, and new ones beside."""
    first, last = sorted((as_of, later))
    numbers = {one.number for one in Replay(from_plain(case), first).play().book.accounts}
    case = {**case, "events": [one for one in case["events"] if _names(one) <= numbers]}
    frozen = {one.key: one.document for one in Replay(from_plain(case), first).play().book.accounts}

    again = Replay(from_plain(case), last, frozen).play().book.accounts
    at_once = Replay(from_plain(case), last).play().book.accounts

    assert [one.key for one in again] == [one.key for one in at_once]
    assert len({one.key for one in again}) == len(again)
    assert {one.key: one.document for one in again if one.key in frozen} == frozen
    assert [one.document.gross_eur for one in again] == [one.document.gross_eur for one in at_once]
