"""What is asked of a message before it is taken: everything that no later moment can change. Hours, consent and
suppression are judged at hand-over, by the gate."""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from sofy.engine.intake import MessageIn
from sofy.ingest import templates, ways, words
from sofy.ingest.offers import LADDER, Desk
from sofy.ingest.problems import Fault
from sofy.ingest.shapes import Consent, Fallback, Message
from sofy.kernel import channels
from sofy.kernel.clauses import clause
from sofy.kernel.content import Content

_LONGEST_WAIT: Final = timedelta(days=366)
#: Nobody agreed to SMS before there were any.
_FIRST_SMS: Final = datetime(1992, 12, 3, tzinfo=UTC)
#: How long a channel is tried before the next one, when nobody said. Unit: seconds.
AFTER_S: Final = {"alert": 60, "marketing": 4 * 3600}


class _Way(NamedTuple):
    """A channel that is tried, as `fallback` says or as the client's ladder does."""

    channel: str
    after_s: int
    given: Fallback | None = None
    pointer: str = ""


_ALONE: Final = {channel: _Way(channel, 0) for channel in channels.TRAITS}


def accept(desk: Desk, asked: Message) -> MessageIn:
    """The message as the engine takes it, with its ladder when there is more than one channel.

    A service message goes as the alert it is; whether it answers anybody is looked up by the caller.
    Raises: Fault, with what is wrong and where.
    """
    if (asked.text is not None) + (asked.content is not None) + (asked.template is not None) != 1:
        raise Fault("text_or_content", pointer="/text")
    if asked.variables and asked.template is None:
        raise Fault("variables_alone", pointer="/variables")
    purpose = "alert" if asked.purpose == "service" else asked.purpose
    template = None if asked.template is None else templates.named(desk.templates, asked.template, purpose)
    ladder = _ways(desk, asked, purpose)
    rungs = [ways.rung(desk, way.channel, _asked(asked, way, purpose, template)) for way in ladder]
    if len(rungs) > 1:
        for n, rung in enumerate(rungs):
            rung.after_s, rung.insist = _after_s(ladder, n), _insists(ladder, n)
    if asked.consent is not None:
        _check_consent(desk, asked.consent, purpose)
    due_at = asked.send_at if asked.send_at is not None and asked.send_at > desk.now else None
    if due_at is not None and due_at > desk.now + _LONGEST_WAIT:
        raise Fault("send_at_far", pointer="/send_at")
    first = rungs[0]
    lasts_s = first.after_s
    if asked.valid_for_s is not None:
        lasts_s = min(asked.valid_for_s, lasts_s or asked.valid_for_s)
        rungs[-1].after_s = asked.valid_for_s
    return MessageIn(
        channel=first.channel, purpose=purpose, to=first.to, text=first.text, content=first.content,
        sender=first.sender, short_code=first.short_code, parts=first.parts, encoding=first.encoding,
        unit_price_eur=first.unit_price_eur, establishment_id=_establishment(desk, asked), reference=asked.reference,
        due_at=due_at, expires_at=(due_at or desk.now) + timedelta(seconds=lasts_s) if lasts_s else None,
        ladder=rungs if len(rungs) > 1 else (), destination=desk.tariff.networks.of(first.to),
    )  # fmt: skip


def _ways(desk: Desk, asked: Message, purpose: str) -> list[_Way]:
    """The channels to try, in their order. Raises: Fault channel_unavailable, channel_off, whatsapp_last."""
    if asked.channel == "auto":
        found = _auto(desk, asked, purpose)
        unavailable = "sms"
    else:
        unavailable = asked.channel or ("email" if "@" in asked.to else "sms")
        found = [_ALONE[unavailable]] if desk.offers.carries(desk.owner, unavailable, purpose) else []
    if not found:
        raise _unavailable(unavailable, purpose, "/channel")
    for n, given in enumerate(asked.fallback) if asked.fallback else ():
        pointer = f"/fallback/{n}"
        if not desk.offers.carries(desk.owner, given.channel, purpose):
            raise _unavailable(given.channel, purpose, f"{pointer}/channel")
        found.append(_Way(given.channel, given.after_s or AFTER_S[purpose], given, pointer))
    for way in found if desk.channels_off else ():
        if way.channel in desk.channels_off:
            raise Fault("channel_off", article="DPA 9", pointer=f"{way.pointer}/channel", channel=way.channel)
    if len(found) > 1:
        _check_order(found, purpose)
    return found


@clause("CGVU 14.1")
def _check_order(ladder: list[_Way], purpose: str) -> None:
    """Each channel once; what can reach somebody at night and is not taken back comes last."""
    if len({way.channel for way in ladder}) < len(ladder):
        raise Fault("channel_twice", pointer="/fallback")
    if not channels.may_follow(purpose, [way.channel for way in ladder]):
        raise Fault("whatsapp_last", article="CGVU 14.1", pointer="/fallback")


def _auto(desk: Desk, asked: Message, purpose: str) -> list[_Way]:
    """The client's ladder, as far as there is a route and the address is of that channel.

    Marketing passes over WhatsApp where something follows it (`channels.may_follow`).
    """
    chosen = desk.ladder or tuple((channel, AFTER_S[purpose]) for channel in LADDER)
    by_mail = "@" in asked.to
    found = [
        _Way(channel, after_s)
        for channel, after_s in chosen
        if (channel == "email") == by_mail
        and channel not in desk.channels_off
        and desk.offers.carries(desk.owner, channel, purpose)
        and (asked.template is None or channel in desk.templates[asked.template].channels)
    ]
    last = len(found) - 1 + len(asked.fallback or ())
    return [way for n, way in enumerate(found) if purpose != "marketing" or way.channel != "whatsapp" or n == last]


def _unavailable(channel: str, purpose: str, pointer: str) -> Fault:
    return Fault("channel_unavailable", pointer=pointer, channel=channel, purpose=words.PURPOSES[purpose])


def _after_s(ladder: list[_Way], place: int) -> int:
    """For how long the way at a place is tried: what the next one says; the last takes as long as it takes."""
    if place == len(ladder) - 1:
        return 0
    following = ladder[place + 1]
    return following.after_s if following.given is not None else ladder[place].after_s


def _insists(ladder: list[_Way], place: int) -> bool:
    following = ladder[place + 1].given if place < len(ladder) - 1 else None
    return following is not None and following.even_if_unsure


def _asked(asked: Message, way: _Way, purpose: str, template: templates.Known | None) -> ways.Asked:
    """What this way says: its own words where it has some, else those of the message or of its template."""
    given, text, content = way.given, asked.text, asked.content
    if given is not None and (given.text is not None or given.content is not None):
        text, content = given.text, given.content
    elif template is not None:
        filled = templates.said(template, asked.template or "", way.channel, asked.variables or {}, way.pointer)
        plain = filled == Content(text=filled.text)
        text, content = (filled.text, None) if plain else (None, filled)
    said: Content | None = content
    if given is None:
        sender = asked.sender if asked.channel != "auto" or way.channel == "sms" else None
        return ways.Asked(asked.to, purpose, sender, text or "", said, way.pointer)
    return ways.Asked(given.to or asked.to, purpose, given.sender, text or "", said, way.pointer)


def _establishment(desk: Desk, asked: Message) -> UUID | None:
    """A point of sale of the client, by its id or by its code. Raises: Fault establishment_unknown."""
    if asked.establishment is None:
        return None
    known = desk.establishments or {}
    if asked.establishment not in known:
        raise Fault("establishment_unknown", pointer="/establishment")
    return known[asked.establishment]


@clause("DPA 5")
def _check_consent(desk: Desk, consent: Consent, purpose: str) -> None:
    if purpose != "marketing":
        raise Fault("consent_for_alert", article="DPA 5", pointer="/consent")
    if consent.at > desk.now:
        raise Fault("consent_in_future", article="DPA 5", pointer="/consent/at")
    if consent.at < _FIRST_SMS:
        raise Fault("consent_too_old", article="DPA 5", pointer="/consent/at")
