"""What a route may be called, cost, answer to and write in: the same for the command and for the screen of staff."""

import re
from collections.abc import Collection
from decimal import Decimal, InvalidOperation

from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kernel.senders import check_short_code
from sofy.kernel.sms_text import LIMITS

#: A part costs a few cents: more than this is a slip of the comma. Unit: EUR before VAT.
MAX_PRICE_EUR = Decimal(10)
PURPOSES = ("marketing", "alert")
_STEP = Decimal("0.000001")
SENDER_POLICIES = ("any", "listed", "short_code")
MAX_WEIGHT = 1000
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")


def read_price(text: str) -> Decimal:
    """A price per part as people write it, with a comma or a point. Raises: Refused price_unreadable, price_range."""
    try:
        price = Decimal(text.strip().removesuffix("€").strip().replace(",", "."))
    except InvalidOperation:
        raise Refused("price_unreadable", price=text) from None
    return check_price(price, text)


def check_price(price: Decimal, told: object = None) -> Decimal:
    """The price, when a part may cost that. Raises: Refused price_unreadable, price_range."""
    told = str(price if told is None else told)
    if not price.is_finite():
        raise Refused("price_unreadable", price=told)
    if not 0 <= price <= MAX_PRICE_EUR or price % _STEP:
        raise Refused("price_range", price=told, most=f"{MAX_PRICE_EUR}")
    return price.quantize(_STEP)


@clause("CGVU 14.1", "CGVU 14.2")
def check_route(
    *,
    code: str,
    name: str,
    short_code: str | None,
    purposes: Collection[str],
    alphabets: Collection[str],
    channel: str = "sms",
) -> None:
    """Only an SMS is answered at a short code: an agent or a number of another channel is that channel's affair.

    Raises: Refused with the code of the first thing that is wrong.
    """
    if not _CODE.fullmatch(code):
        raise Refused("route_code", route=code)
    if not 0 < len(name.strip()) <= 80 or not name.isprintable():
        raise Refused("route_name")
    if not purposes or not set(purposes) <= set(PURPOSES):
        raise Refused("route_purposes", known=", ".join(PURPOSES))
    problem = check_short_code(short_code, purposes) if channel == "sms" and short_code is not None else None
    if problem:
        raise Refused(problem, short_code=short_code)
    if channel == "sms" and ("ucs2" not in alphabets or not set(alphabets) <= set(LIMITS)):
        raise Refused("route_alphabets", known=", ".join(LIMITS))


def check_choice(
    *, weight: int, countries: Collection[str], prefixes: Collection[str], sender_policy: str, senders: Collection[str]
) -> None:
    """How a route is chosen among others. Raises: Refused with the code of the first thing that is wrong."""
    if not 0 <= weight <= MAX_WEIGHT:
        raise Refused("route_weight", most=MAX_WEIGHT)
    for country in countries:
        if not re.fullmatch(r"[A-Z]{2}", country):
            raise Refused("price_country", country=country)
    for prefix in prefixes:
        if not re.fullmatch(r"[1-9][0-9]{0,14}", prefix):
            raise Refused("route_prefix", prefix=prefix)
    if sender_policy not in SENDER_POLICIES:
        raise Refused("route_senders")
    if any(not 0 < len(sender) <= 15 or not sender.isalnum() for sender in senders):
        raise Refused("route_senders")
