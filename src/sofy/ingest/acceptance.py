"""What is asked of a message before it is taken: everything that no later moment can change. Hours, consent and
suppression are judged at hand-over, by the gate."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

from sofy.engine.alphabets import Alphabets
from sofy.engine.intake import MessageIn
from sofy.engine.routes import Route, route_plan
from sofy.ingest import words
from sofy.ingest.problems import Fault
from sofy.ingest.shapes import Message
from sofy.kernel import phone, sms_text
from sofy.kernel.clauses import clause
from sofy.kernel.prices import Book, Networks, day
from sofy.kernel.senders import check_sender

MOST_PARTS: Final = 10
_LONGEST_WAIT: Final = timedelta(days=366)
_SHORT_CODE_DIGITS: Final = 5
#: Nobody agreed to SMS before there were any.
_FIRST_SMS: Final = datetime(1992, 12, 3, tzinfo=UTC)


class Offers:
    """The routes there are: what they carry, in which alphabets, at which price."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self.routes = routes
        self.alphabets = Alphabets(
            (each.purposes, each.short_code, each.encodings) for each in routes if each.channel == "sms"
        )
        #: Short codes that answer for marketing, the cheapest route's first.
        self.answering = tuple(
            dict.fromkeys(each.short_code for each in routes if each.short_code and "marketing" in each.purposes)
        )
        #: The purposes that some route carries by SMS.
        self.carried = frozenset(purpose for each in routes if each.channel == "sms" for purpose in each.purposes)
        self._prices: dict[tuple[str, str, str | None], Decimal] = {}

    def plan(self, purpose: str, encoding: str, short_code: str | None) -> tuple[Route, ...]:
        """The routes that may carry such a message now, in their order."""
        return route_plan(self.routes, channel="sms", purpose=purpose, encoding=encoding, short_code=short_code)

    def price_eur(self, purpose: str, encoding: str, short_code: str | None) -> Decimal:
        """What one part costs: as the cheapest open route takes, or else the cheapest. Unit: EUR before VAT."""
        key = (purpose, encoding, short_code)
        if key not in self._prices:
            plan = self.plan(*key) or self._plan_when_open(*key)
            self._prices[key] = plan[0].price_eur if plan else Decimal(0)
        return self._prices[key]

    def _plan_when_open(self, purpose: str, encoding: str, short_code: str | None) -> tuple[Route, ...]:
        routes = [each._replace(state="active") for each in self.routes]
        return route_plan(routes, channel="sms", purpose=purpose, encoding=encoding, short_code=short_code)


class Tariff(NamedTuple):
    """What clients pay, and where numbers belong."""

    networks: Networks = Networks()
    sales: Book = Book()


class Desk(NamedTuple):
    """What is known of a client while its messages are looked at."""

    client: UUID
    offers: Offers
    senders: tuple[str, ...]
    fictional: bool
    now: datetime
    tariff: Tariff = Tariff()

    @clause("CGVU 3.4")
    def price_eur(self, to: str, purpose: str, encoding: str, short_code: str | None) -> Decimal:
        """What one part to a number costs the client: by its order form, else by the list, else what routes say."""
        destination = self.tariff.networks.of(to)
        price = self.tariff.sales.sale(self.client, "sms", purpose, destination, day(self.now))
        return self.offers.price_eur(purpose, encoding, short_code) if price is None else price


def accept(desk: Desk, asked: Message) -> MessageIn:
    """The message as the engine takes it, counted and priced.

    Raises: Fault, with what is wrong and where.
    """
    if asked.channel not in ("auto", "sms") or asked.purpose not in desk.offers.carried:
        channel = "sms" if asked.channel == "auto" else asked.channel
        raise Fault("channel_unavailable", pointer="/channel", channel=channel, purpose=words.PURPOSES[asked.purpose])
    to = _number(asked.to, desk.fictional)
    sender = _sender(desk, asked)
    short_code = _short_code(desk, asked, sender)
    takes = desk.offers.alphabets.of(asked.purpose, short_code)
    parts, encoding = sms_text.measure(asked.text, takes)
    if parts > MOST_PARTS:
        raise Fault("text_too_long", pointer="/text", parts=parts, most=MOST_PARTS)
    if not asked.text.strip():
        raise Fault("text_blank", pointer="/text")
    _check_consent(desk, asked)
    due_at = asked.send_at if asked.send_at is not None and asked.send_at > desk.now else None
    if due_at is not None and due_at > desk.now + _LONGEST_WAIT:
        raise Fault("send_at_far", pointer="/send_at")
    leaves = due_at or desk.now
    return MessageIn(
        purpose=asked.purpose, to=to, text=asked.text, sender=sender, establishment_id=asked.establishment,
        short_code=short_code, parts=parts, encoding=encoding, reference=asked.reference, due_at=due_at,
        unit_price_eur=desk.price_eur(to, asked.purpose, encoding, short_code),
        expires_at=None if asked.valid_for_s is None else leaves + timedelta(seconds=asked.valid_for_s),
    )  # fmt: skip


def _number(text: str, fictional: bool) -> str:
    found = phone.parse(text, fictional=fictional)
    if isinstance(found, phone.Problem):
        if found.code == "fictional":
            raise Fault("number_fictional", pointer="/to")
        raise Fault("number_unreadable", pointer="/to", problem=words.NUMBER_PROBLEMS[found.code])
    if found.kind == "fixed":
        raise Fault("number_not_mobile", pointer="/to")
    return found.e164


@clause("CGVU 13")
def _sender(desk: Desk, asked: Message) -> str:
    """A name of the client's registry, or a short code that answers for the purpose."""
    if asked.sender is None:
        if not desk.senders:
            raise Fault("sender_none", article="CGVU 13", pointer="/sender")
        return desk.senders[0]
    if asked.sender in desk.senders:
        return asked.sender
    problem = check_sender(asked.sender, asked.purpose)
    if problem is None and asked.sender in {each.short_code for each in desk.offers.routes}:
        return asked.sender
    raise Fault(problem or "sender_unknown", article="CGVU 13", pointer="/sender", sender=asked.sender)


@clause("CGVU 14.1")
def _short_code(desk: Desk, asked: Message, sender: str) -> str | None:
    """Where the recipient answers: what the mention of a marketing message names, else the sender if it is one."""
    if asked.purpose != "marketing":
        return sender if len(sender) == _SHORT_CODE_DIGITS and sender.isdecimal() else None
    for code in desk.offers.answering:
        if asked.text.endswith(f" STOP SMS {code}") or sms_text.has_stop_mention(asked.text, code):
            return code
    named = desk.offers.answering[0] if desk.offers.answering else "36xxx"
    raise Fault("stop_mention_missing", article="CGVU 14.1", pointer="/text", short_code=named)


@clause("DPA 5")
def _check_consent(desk: Desk, asked: Message) -> None:
    if asked.consent is None:
        return
    if asked.purpose != "marketing":
        raise Fault("consent_for_alert", article="DPA 5", pointer="/consent")
    if asked.consent.at > desk.now:
        raise Fault("consent_in_future", article="DPA 5", pointer="/consent/at")
    if asked.consent.at < _FIRST_SMS:
        raise Fault("consent_too_old", article="DPA 5", pointer="/consent/at")


def cost(unit_price_eur: Decimal, parts: int) -> str:
    """Unit: EUR before VAT, with at least two decimals and no more than the price has."""
    exact = f"{unit_price_eur * parts:.6f}"
    whole, _, decimals = exact.partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def routes_of(rows: Sequence[tuple[Any, ...]]) -> list[Route]:
    """The rows of the statement `offers`."""
    return [
        Route(rid, code, channel, short_code, frozenset(purposes), frozenset(encodings), price, state)
        for rid, code, _name, channel, short_code, purposes, encodings, price, state in rows
    ]
