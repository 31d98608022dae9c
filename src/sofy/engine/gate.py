"""The compliance gate: pure rules that say what may happen to one message at the moment it would leave.

It is asked at hand-over to the operator, never at submission, and answers with the article it rests on. What it knows
of a person, a client and a campaign is read from the engine's own tables just before.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final, Literal, NamedTuple

import msgspec

from sofy.kernel import channels, conversation_window, hours, senders
from sofy.kernel.clauses import clause
from sofy.kernel.content import Content
from sofy.kernel.conversation_window import PersonWrote
from sofy.kernel.hours import CONTRACT_HOURS, NEVER, HoursPolicy

#: How long an operator may try to deliver when no rule says less.
MAX_VALIDITY = timedelta(hours=24)
#: A client may raise the budget it spent, or repair its hours: its messages are looked at again after this long.
LOOK_AGAIN = timedelta(minutes=10)
#: A message whose permitted time is almost over waits for the next one: the operator needs a moment to deliver.
LAST_MOMENT = timedelta(seconds=30)


class Verdict(NamedTuple):
    """What may happen to a message.

    send: `until` is the moment from which the operator must not deliver any more. defer: `until` is when to look
    again. hold: waits for a person; `until` is when to look again, None until told. withhold: never.
    """

    action: Literal["send", "defer", "withhold", "hold"]
    article: str
    reason: str
    until: datetime | None


class Message(msgspec.Struct, frozen=True, gc=False):
    """What the gate needs of a message. `expires_at`: nobody wants it any more from then on."""

    purpose: str
    to: str
    text: str
    sender: str
    short_code: str | None
    zone: str | None
    cost_eur: Decimal
    expires_at: datetime | None = None
    channel: str = "sms"
    content: Content | None = None


class Facts(msgspec.Struct, frozen=True, gc=False):
    """What is known at hand-over. Permissions are the states of `gate_permission`, None when there is no row.

    `policy` None: the hours of the client cannot be read, and nothing may be assumed of them. `wrote_at`: when the
    person last wrote by the channel of the message, where that matters.
    """

    suspended: bool = False
    policy: HoursPolicy | None = CONTRACT_HOURS
    left_eur: Decimal | None = None
    campaign: str | None = None
    permission: str | None = None
    suppressed: bool = False
    platform_suppressed: bool = False
    channels_off: frozenset[str] = frozenset()
    fraud: str | None = None
    misuse: str | None = None
    wrote_at: datetime | None = None


Rule = Callable[[Message, Facts, datetime], Verdict | None]


def _withhold(article: str, reason: str) -> Verdict:
    return Verdict("withhold", article, reason, None)


@clause("CGVU 11")
def suspension(message: Message, facts: Facts, now: datetime) -> Verdict | None:
    """A suspended client's messages never leave, not even after the suspension."""
    return _withhold("CGVU 11", "client_suspended") if facts.suspended else None


@clause("DPA 6")
def instruction(message: Message, facts: Facts, now: datetime) -> Verdict | None:
    """Only what the client still wants: a campaign it paused waits, one it cancelled is over."""
    if facts.campaign == "cancelled":
        return _withhold("DPA 6", "campaign_cancelled")
    if facts.campaign == "paused":
        return Verdict("hold", "DPA 6", "campaign_paused", None)
    return None


@clause("CGVU 13")
def suppression(message: Message, facts: Facts, now: datetime) -> Verdict | None:
    """Numbers of a regulator's list, and those the client must not write to at all."""
    if facts.platform_suppressed:
        return _withhold("CGVU 13", "platform_suppressed")
    if facts.suppressed:
        return _withhold("CGVU 13", "suppressed")
    return None


@clause("DPA 9")
def channel_wanted(message: Message, facts: Facts, now: datetime) -> Verdict | None:
    """A client may do without a channel, for example since its supplier takes data out of the European Union."""
    return _withhold("DPA 9", "channel_off") if message.channel in facts.channels_off else None


@clause("CGVU 15")
def pumping(message: Message, facts: Facts, now: datetime) -> Verdict | None:
    """What goes to a range where traffic is pumped is stopped; where that is only suspected it waits for a person."""
    if facts.fraud == "block":
        return _withhold("CGVU 15", "fraud_blocked")
    return Verdict("hold", "CGVU 15", "fraud_suspected", None) if facts.fraud == "hold" else None


@clause("CGVU 14.2")
def alert_lane(message: Message, facts: Facts, now: datetime) -> Verdict | None:
    """An alert that reads like marketing waits for a person, who lets it go or not."""
    if message.purpose != "alert" or facts.misuse is None:
        return None
    if facts.misuse == "refused":
        return _withhold("CGVU 14.2", "alert_is_marketing")
    return Verdict("hold", "CGVU 14.2", "alert_reads_like_marketing", None)


@clause("CGVU 17", "DPA 5")
def consent(message: Message, facts: Facts, now: datetime) -> Verdict | None:
    """Marketing needs a consent that stands; an alert only that nobody objected to alerts."""
    if message.purpose == "marketing":
        if facts.permission == "granted":
            return None
        return _withhold("CGVU 17", facts.permission or "no_consent")
    return _withhold("DPA 5", facts.permission) if facts.permission in ("opposed", "withdrawn") else None


@lru_cache(maxsize=4096)
def _sender_problem(sender: str, purpose: str) -> str | None:
    return senders.check_sender(sender, purpose)


@clause("CGVU 13")
def sender_name(message: Message, facts: Facts, now: datetime) -> Verdict | None:
    """The sender of an SMS must be one that operators let through for this purpose.

    Those of the other channels are known to their supplier: a route carries its own agent, number or domain.
    """
    if message.channel != "sms":
        return None
    problem = _sender_problem(message.sender, message.purpose)
    return _withhold("CGVU 13", problem) if problem else None


@clause("CGVU 14.1")
def stop_mention(message: Message, facts: Facts, now: datetime) -> Verdict | None:
    """Marketing says how to receive no more, in the text as it leaves; an SMS names the short code that answers."""
    if message.purpose != "marketing" or _ends_with_mention(message.text, message.short_code):
        return None
    if channels.says_how_to_stop(message.channel, message.text, message.content, message.short_code):
        return None
    return _withhold("CGVU 14.1", "stop_mention_missing")


def _ends_with_mention(text: str, short_code: str | None) -> bool:
    """The usual case without folding the text: the mention as the wizard writes it, last and after a space."""
    return short_code is not None and text.endswith(f" STOP SMS {short_code}")


@clause("CGVU 3.4")
def conversation(message: Message, facts: Facts, now: datetime) -> Verdict | None:
    """On WhatsApp words without a template answer somebody who wrote within the last day; Meta takes no others.

    What costs nothing for three days after an advertisement still needs a template once that day is over.
    """
    if message.channel != "whatsapp" or (message.content is not None and message.content.template is not None):
        return None
    wrote = () if facts.wrote_at is None else (PersonWrote(facts.wrote_at),)
    return None if conversation_window.window(wrote).takes_free_form(now) else _withhold("CGVU 3.4", "window_closed")


@clause("DPA 6")
def its_day(message: Message, facts: Facts, now: datetime) -> Verdict | None:
    """What the client wanted on its day only does not leave afterwards."""
    if message.expires_at is None or now < message.expires_at:
        return None
    return _withhold("DPA 6", "too_late")


@clause("DPA 6")
def budget(message: Message, facts: Facts, now: datetime) -> Verdict | None:
    """What the client allowed to be spent is spent: its marketing waits until it allows more. Alerts still leave."""
    if message.purpose != "marketing" or facts.left_eur is None or message.cost_eur <= facts.left_eur:
        return None
    return Verdict("hold", "DPA 6", "budget_spent", now + LOOK_AGAIN)


@clause("CGVU 14.1")
def permitted_hours(message: Message, facts: Facts, now: datetime) -> Verdict | None:
    """Marketing leaves from 08:00 to 20:00 where the recipient is; otherwise it waits for the next opening.

    The zone of the contact's own record wins over the zones its number may be in.
    """
    if message.purpose != "marketing":
        return None
    if facts.policy is None:
        return Verdict("hold", "CGVU 14.1", "hours_unreadable", now + LOOK_AGAIN)
    zones = (message.zone,) if message.zone else channels.zones(message.to)
    return _by_the_hour(now, zones, facts.policy, message.expires_at)


@lru_cache(maxsize=1024)
def _by_the_hour(now: datetime, zones: tuple[str, ...], policy: HoursPolicy, expires_at: datetime | None) -> Verdict:
    """One answer for all messages of a hand-over: they share their instant, and mostly their zone."""
    window = hours.decide(now, zones, policy)
    if window.open and now + LAST_MOMENT < window.until:
        return Verdict("send", "CGVU 14.1", "", min(_earlier(window.until, expires_at), now + MAX_VALIDITY))
    opening = window if not window.open else hours.decide(window.until, zones, policy)
    if opening.until == NEVER:
        return _withhold("CGVU 14.1", "no_permitted_hour")
    if expires_at is not None and opening.until >= expires_at:
        return _withhold("DPA 6", "too_late")
    return Verdict("defer", "CGVU 14.1", "outside_hours", opening.until)


@clause("CGVU 14.2")
def alert_at_any_hour(message: Message, facts: Facts, now: datetime) -> Verdict | None:
    """Transactional notices, codes and security alerts leave at any hour of any day."""
    if message.purpose != "alert":
        return None
    return Verdict("send", "CGVU 14.2", "", _earlier(now + MAX_VALIDITY, message.expires_at))


def _earlier(instant: datetime, expires_at: datetime | None) -> datetime:
    return instant if expires_at is None or instant < expires_at else expires_at


#: In order: what is final first, so that nobody waits for a message that will never leave.
RULES: Final[tuple[Rule, ...]] = (
    suspension,
    suppression,
    channel_wanted,
    consent,
    sender_name,
    stop_mention,
    conversation,
    its_day,
    pumping,
    alert_lane,
    instruction,
    budget,
    permitted_hours,
    alert_at_any_hour,
)


def judge(message: Message, facts: Facts, now: datetime) -> Verdict:
    """The first rule that has something to say decides. Pure: values in, verdict out.

    Raises: ValueError for a purpose the contract does not know.
    """
    for rule in RULES:
        verdict = rule(message, facts, now)
        if verdict is not None:
            return verdict
    raise ValueError(f"no rule speaks of the purpose {message.purpose!r}")
