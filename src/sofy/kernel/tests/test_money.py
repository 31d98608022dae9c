from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.kernel import money


@pytest.mark.parametrize(
    ("_case", "quantity", "unit_price", "amount"),
    [
        ("whole", 100, "0.045", "4.50"),
        ("half goes up", 1, "0.005", "0.01"),
        ("even half goes up too", 1, "0.025", "0.03"),
        ("below half", 3, "0.001666", "0.00"),
        ("credit, half away from zero", -1, "0.005", "-0.01"),
        ("large", 1_000_000, "0.043333", "43333.00"),
        ("nothing", 0, "0.045", "0.00"),
    ],
)
def test_line_amount(_case, quantity, unit_price, amount):
    assert str(money.line_amount(quantity, Decimal(unit_price))) == amount


@given(st.integers(0, 10**7), st.decimals(0, 10, places=6))
def test_rounding_moves_a_line_by_half_a_cent_at_most(quantity, unit_price):
    amount = money.line_amount(quantity, unit_price)

    assert abs(amount - quantity * unit_price) <= Decimal("0.005")
    assert amount.as_tuple().exponent == -2


@pytest.mark.parametrize("refuses", [money.euros, money.unit_price, money.rounded, lambda v: money.line_amount(1, v)])
def test_floats_are_refused(refuses):
    with pytest.raises(TypeError, match="float"):
        refuses(0.1)


def test_a_unit_price_has_six_decimals():
    assert str(money.unit_price("0.0450005")) == "0.045001"
