"""Decimal euros. Unit: `unit_price_eur` has up to 6 decimals, `amount_eur` has 2; floats are never accepted."""

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
_UNIT_PRICE_STEP = Decimal("0.000001")


def euros(value: Decimal | int | str) -> Decimal:
    """A value as Decimal euros, not rounded.

    Raises: TypeError for a float, whose cents are already lost.
    """
    if isinstance(value, float):
        raise TypeError("money is never a float: give a Decimal, an int or a string")
    return Decimal(value)


def unit_price(value: Decimal | int | str) -> Decimal:
    """A price per unit, to the millionth of a euro."""
    return euros(value).quantize(_UNIT_PRICE_STEP, ROUND_HALF_UP)


def rounded(amount_eur: Decimal) -> Decimal:
    """An amount to the cent, halves away from zero."""
    return euros(amount_eur).quantize(CENT, ROUND_HALF_UP)


def line_amount(quantity: Decimal | int, unit_price_eur: Decimal | int | str) -> Decimal:
    """The amount of a line: the only place where a quantity times a price is rounded to the cent."""
    return rounded(euros(quantity) * euros(unit_price_eur))
