"""Which routes may carry a message, and which is tried first."""

from decimal import Decimal
from typing import Any

import pytest

from sofy.engine.routes import Route, route_plan
from sofy.kernel import ids

ROUTE = Route(
    id=ids.uuid7().bytes,
    code="usual",
    channel="sms",
    purposes=frozenset({"marketing", "alert"}),
    encodings=frozenset({"gsm7", "ucs2"}),
    price_eur=Decimal("0.05"),
    state="active",
    short_code="36111",
)


def planned(*routes: Route, short_code: str | None = "36111") -> list[str]:
    found = route_plan(routes, channel="sms", purpose="marketing", encoding="gsm7", short_code=short_code)
    return [route.code for route in found]


def other(code: str, **changes: Any) -> Route:
    return ROUTE._replace(id=ids.uuid7().bytes, code=code, **changes)


@pytest.mark.clause("CGVU 3.4")
def test_the_cheapest_is_tried_first_and_equals_in_the_order_of_their_codes():
    dear, cheap, same = other("dear", price_eur=Decimal("0.06")), other("cheap", price_eur=Decimal("0.01")), other("b")

    assert planned(dear, ROUTE, same, cheap) == ["cheap", "b", "usual", "dear"]


@pytest.mark.clause("CGVU 3.4")
@pytest.mark.parametrize(
    "changes",
    [
        {"state": "paused"},
        {"channel": "rcs"},
        {"purposes": frozenset({"alert"})},
        {"encodings": frozenset({"ucs2"})},
        {"short_code": "36222"},
        {"short_code": None},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_route_that_cannot_carry_the_message_is_not_tried(changes: dict[str, Any]):
    assert planned(other("unfit", **changes), ROUTE) == ["usual"]


@pytest.mark.clause("CGVU 14.1")
def test_a_message_that_names_no_short_code_leaves_by_any_route():
    assert planned(other("elsewhere", short_code="36222"), other("nowhere", short_code=None), short_code=None) == [
        "elsewhere",
        "nowhere",
    ]
