"""By which route a message leaves, and what is told of it."""

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.engine.circuit import Circuit
from sofy.engine.planning import Asked, Heard, Plan, plan, position, quality
from sofy.engine.routes import Route
from sofy.kernel import ids

BOTH = frozenset({"marketing", "alert"})


def route(code: str, price: str = "0.03", **changes: Any) -> Route:
    return Route(
        code.encode(), code, "sms", "36123", BOTH, frozenset({"gsm7", "ucs2"}), Decimal(price), "active"
    )._replace(**changes)


def planned(*routes: Route, purpose: str = "marketing", **more: Any) -> Plan:
    asked = Asked(purpose, more.pop("to", "+33639980001"), more.pop("destination", "FR"), more.pop("sender", "MARTIN"))
    options: dict[str, Any] = {"price": lambda one, _: one.price_eur, "heard": {}, "factors": {}} | more
    return plan(routes, asked, **options)


def shares(found: Plan) -> dict[str, float]:
    return {each.route.code: round(each.share, 4) for each in found.candidates}


def test_the_cheapest_takes_all_and_the_others_stand_by_in_order():
    found = planned(route("dear", "0.05"), route("cheap", "0.03"), route("middle", "0.04"))

    assert shares(found) == {"cheap": 1, "middle": 0, "dear": 0}
    assert [each.route.code for each in found.order(ids.uuid7().bytes)] == ["cheap", "middle", "dear"]


def test_the_price_is_that_of_the_number():
    prices = {("a", "FR"): "0.05", ("b", "FR"): "0.04", ("a", "BE"): "0.05", ("b", "BE"): "0.09"}

    def price(one: Route, destination: str) -> Decimal:
        return Decimal(prices[one.code, destination])

    assert shares(planned(route("a"), route("b"), price=price))["b"] == 1
    assert shares(planned(route("a"), route("b"), price=price, destination="BE"))["a"] == 1


def test_what_counts_is_the_price_of_a_delivered_part():
    heard = {(b"cheap", ""): Heard(850, 850, 150), (b"good", ""): Heard(990, 990, 10)}

    found = planned(route("cheap", "0.030"), route("good", "0.033"), heard=heard)

    assert [each.route.code for each in found.candidates] == ["good", "cheap"]
    assert found.candidates[1].cost_eur > found.candidates[0].cost_eur


@pytest.mark.parametrize(("purpose", "first"), [("alert", "good"), ("marketing", "cheap")])
def test_an_alert_pays_for_quality_where_marketing_does_not(purpose: str, first: str):
    heard = {(b"cheap", ""): Heard(900, 900, 100), (b"good", ""): Heard(990, 990, 10)}

    found = planned(route("cheap", "0.02"), route("good", "0.05"), heard=heard, purpose=purpose)

    assert found.candidates[0].route.code == first


def test_an_alert_is_worth_what_arrives_in_time():
    heard = {(b"slow", ""): Heard(1000, 400, 0), (b"fast", ""): Heard(980, 970, 20)}

    alert = planned(route("slow", "0.03"), route("fast", "0.03"), heard=heard, purpose="alert")
    marketing = planned(route("slow", "0.03"), route("fast", "0.04"), heard=heard)

    assert alert.candidates[0].route.code == "fast"
    assert marketing.candidates[0].route.code == "slow"


def test_a_few_receipts_weigh_less_than_many():
    assert quality("marketing", Heard(), Heard()) == pytest.approx(0.95)
    assert quality("marketing", Heard(), Heard(0, 0, 1)) > 0.9
    assert quality("marketing", Heard(0, 0, 1000), Heard(0, 0, 1000)) < 0.05
    assert quality("marketing", Heard(0, 0, 1000), Heard(1000, 1000, 0)) > 0.95  # this country is well served


def test_equals_share_by_weight_and_an_id_always_falls_on_the_same_route():
    found = planned(route("a", weight=300), route("b", weight=100))
    many = ids.uuid7s(4000)
    chosen = [found.order(one.bytes)[0].route.code for one in many]

    assert shares(found) == {"a": 0.75, "b": 0.25}
    assert 2850 < Counter(chosen)["a"] < 3150
    assert chosen == [found.order(one.bytes)[0].route.code for one in many]


def test_a_spare_gets_nothing_as_long_as_there_is_another():
    with_others = planned(route("spare", "0.01", weight=0), route("usual", "0.05"))
    alone = planned(route("spare", "0.01", weight=0))

    assert shares(with_others) == {"usual": 1, "spare": 0}
    assert shares(alone) == {"spare": 1}


def test_a_route_that_fails_keeps_a_trickle_and_the_rest_goes_on():
    found = planned(route("cheap", "0.01"), route("dear", "0.05"), factors={b"cheap": 0.01})
    alone = planned(route("cheap", "0.01"), factors={b"cheap": 0.01})

    assert shares(found) == {"cheap": 0.01, "dear": 0.99}
    assert shares(alone) == {"cheap": 1}


@pytest.mark.parametrize(
    ("_case", "changes", "asked", "reason"),
    [
        ("another country", {"countries": frozenset({"BE"})}, {}, "country"),
        ("this country", {"countries": frozenset({"BE", "FR"})}, {"destination": "FR/Orange"}, ""),
        ("another prefix", {"prefixes": ("32", "3368")}, {}, "prefix"),
        ("this prefix", {"prefixes": ("32", "3363")}, {}, ""),
        ("a sender that is not listed", {"sender_policy": "listed", "senders": frozenset({"ZOE"})}, {}, "sender"),
        ("a sender that is", {"sender_policy": "listed", "senders": frozenset({"MARTIN"})}, {}, ""),
        ("no names, and no short code instead", {"sender_policy": "short_code", "short_code": None}, {}, "sender"),
    ],
)
def test_a_route_that_may_not_carry_it_is_out_with_its_reason(_case: str, changes: Any, asked: Any, reason: str):
    found = planned(route("a", **changes), **asked)

    assert [each.reason for each in found.out] == ([reason] if reason else [])
    assert len(found.candidates) == (0 if reason else 1)


def test_where_names_are_not_shown_the_short_code_is():
    found = planned(route("a", sender_policy="short_code"), route("b", sender_policy="any"))

    assert {each.route.code: each.sender for each in found.candidates} == {"a": "36123", "b": ""}


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 5), st.floats(0.01, 1)), min_size=1, max_size=6))
def test_the_shares_are_always_the_whole(given_routes: list[tuple[int, int, float]]):
    routes = [route(f"r{n}", f"0.0{price}", weight=weight) for n, (weight, price, _) in enumerate(given_routes)]
    factors = {f"r{n}".encode(): factor for n, (_, _, factor) in enumerate(given_routes)}

    found = planned(*routes, factors=factors)

    assert sum(each.share for each in found.candidates) == pytest.approx(1)
    assert {each.route.code for each in found.order(ids.uuid7().bytes)} == {one.code for one in routes}


def test_positions_are_spread_evenly():
    tenths = Counter(int(position(one.bytes) * 10) for one in ids.uuid7s(10_000))

    assert min(tenths.values()) > 800


def looked(circuit: Circuit, good: int, bad: int) -> float:
    circuit.good += good
    circuit.bad += bad
    circuit.look()
    return circuit.factor


def test_a_share_falls_with_failures_and_rises_with_successes():
    circuit = Circuit()

    fallen = [looked(circuit, 10, 90) for _ in range(3)]
    risen = [looked(circuit, 3, 0) for _ in range(7)]

    assert fallen == [0.25, 0.0625, 0.015625]
    assert risen[0] == 0.03125
    assert risen[-1] == 1.0


def test_a_few_failures_say_nothing_and_a_route_nobody_uses_is_tried_again():
    circuit = Circuit()

    assert looked(circuit, 0, 5) == 1.0
    assert looked(circuit, 0, 100) == 0.25
    assert [looked(circuit, 0, 0) for _ in range(6)][-1] == 0.5
