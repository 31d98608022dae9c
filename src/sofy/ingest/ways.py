"""What is asked of a message on each channel: whom it can reach, from whom, and what it must say."""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from email_validator import EmailNotValidError, validate_email

from sofy.engine.routes import Route
from sofy.engine.rungs import Rung
from sofy.ingest import limits, words
from sofy.ingest.offers import Desk
from sofy.ingest.problems import Fault
from sofy.kernel import channels, phone, sms_text
from sofy.kernel.clauses import clause
from sofy.kernel.content import Content, flat
from sofy.kernel.senders import check_sender

MOST_PARTS: Final = 10
_SHORT_CODE_DIGITS: Final = 5
_LONGEST: Final = {"rcs": 3072, "whatsapp": 4096, "email": 100_000}
#: A person whom WhatsApp names without a number: country, dot, letters and digits.
_SCOPED_ID = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}")


class Asked(NamedTuple):
    """What one channel is to say, to whom and from whom. `pointer`: where in the request it stands."""

    to: str
    purpose: str
    sender: str | None
    text: str
    content: Content | None
    pointer: str = ""


def rung(desk: Desk, channel: str, asked: Asked) -> Rung:
    """The message as this channel takes it, counted and priced. Raises: Fault, with what is wrong and where."""
    made = _WAYS[channel](desk, asked)
    made.unit_price_eur = desk.price_eur(channel, made.to, asked.purpose, made.encoding, made.short_code)
    return made


def _sms(desk: Desk, asked: Asked) -> Rung:
    to = _mobile(desk, asked)
    text = asked.text if asked.content is None else flat(asked.content)
    sender = _sms_sender(desk, asked)
    short_code = _short_code(desk, asked, sender, text)
    parts, encoding = sms_text.measure(text, desk.offers.alphabets.of(asked.purpose, short_code))
    if parts > MOST_PARTS:
        raise Fault("text_too_long", pointer=f"{asked.pointer}/text", parts=parts, most=MOST_PARTS)
    _says_something(asked, text)
    if encoding == "ucs2" and asked.purpose == "marketing" and sms_text.turns_around(text):
        raise Fault("stop_mention_turned", article="CGVU 14.1", pointer=f"{asked.pointer}/text")
    return Rung(
        channel="sms", to=to, sender=sender, text=text, short_code=short_code, parts=parts, encoding=encoding
    )  # fmt: skip


def _rcs(desk: Desk, asked: Asked) -> Rung:
    return _by_agent(desk, "rcs", _mobile(desk, asked), asked)


def _whatsapp(desk: Desk, asked: Asked) -> Rung:
    to = asked.to if _SCOPED_ID.fullmatch(asked.to) else _mobile(desk, asked)
    if asked.purpose == "marketing" and (asked.content is None or asked.content.template is None):
        raise Fault("template_needed", pointer=f"{asked.pointer}/content/template")
    return _by_agent(desk, "whatsapp", to, asked)


def _by_agent(desk: Desk, channel: channels.Channel, to: str, asked: Asked) -> Rung:
    """A channel whose routes are agents, or numbers: the sender is the route's own."""
    route = _route(desk, channel, asked)
    own = {
        each.short_code for each in desk.offers.routes if each.channel == channel and each.client in (None, desk.owner)
    }
    if asked.sender is not None and asked.sender not in own:
        raise Fault("sender_unknown", article="CGVU 13", pointer=f"{asked.pointer}/sender", sender=asked.sender)
    answers_at = asked.sender or route.short_code
    _fits(asked, channel)
    _says_how_to_stop(asked, channel, answers_at)
    limits.check(channel, to, asked.text, asked.content, asked.purpose, asked.pointer)
    return Rung(
        channel=channel, to=to, sender=answers_at or "", text=asked.text, content=asked.content, short_code=answers_at,
        parts=1, encoding=channels.UTF8,
    )  # fmt: skip


def _email(desk: Desk, asked: Asked) -> Rung:
    to = _address(asked)
    _route(desk, "email", asked)
    known = desk.senders.get("email", ())
    if not known:
        raise Fault("sender_none", article="CGVU 13", pointer=f"{asked.pointer}/sender")
    if asked.sender is not None and asked.sender not in known:
        raise Fault("sender_unknown", article="CGVU 13", pointer=f"{asked.pointer}/sender", sender=asked.sender)
    if asked.content is None or not asked.content.subject:
        raise Fault("subject_missing", pointer=f"{asked.pointer}/content/subject")
    _fits(asked, "email")
    _says_how_to_stop(asked, "email", None)
    return Rung(
        channel="email", to=to, sender=asked.sender or known[0], text=asked.text, content=asked.content, parts=1,
        encoding=channels.UTF8,
    )  # fmt: skip


_WAYS: Final[dict[str, Callable[[Desk, Asked], Rung]]] = {
    "sms": _sms, "rcs": _rcs, "whatsapp": _whatsapp, "email": _email,
}  # fmt: skip


def _route(desk: Desk, channel: str, asked: Asked) -> Route:
    route = desk.offers.carries(desk.owner, channel, asked.purpose)
    assert route is not None  # acceptance looked
    return route


def _mobile(desk: Desk, asked: Asked) -> str:
    found = phone.parse(asked.to, fictional=desk.fictional)
    if isinstance(found, phone.Problem):
        if found.code == "fictional":
            raise Fault("number_fictional", pointer=f"{asked.pointer}/to")
        problem = words.NUMBER_PROBLEMS[found.code]
        raise Fault("number_unreadable", pointer=f"{asked.pointer}/to", problem=problem)
    if found.kind == "fixed":
        raise Fault("number_not_mobile", pointer=f"{asked.pointer}/to")
    return found.e164


def _address(asked: Asked) -> str:
    """Source: RFC 5321 4.1.2; no question is asked to the domain."""
    try:
        return str(validate_email(asked.to, check_deliverability=False, test_environment=True, strict=True).normalized)
    except EmailNotValidError:
        raise Fault("address_unreadable", pointer=f"{asked.pointer}/to") from None


@clause("CGVU 13")
def _sms_sender(desk: Desk, asked: Asked) -> str:
    """A name of the client's registry, or a short code that answers for the purpose."""
    known = desk.senders.get("sms", ())
    if asked.sender is None:
        for name in known:
            if _shows(name, asked.purpose):
                return name
        raise Fault("sender_none", article="CGVU 13", pointer=f"{asked.pointer}/sender")
    if asked.sender in known and _shows(asked.sender, asked.purpose):
        return asked.sender
    problem = check_sender(asked.sender, asked.purpose)
    if problem is None and asked.sender in desk.offers.answering(desk.owner):
        return asked.sender
    pointer = f"{asked.pointer}/sender"
    raise Fault(problem or "sender_unknown", article="CGVU 13", pointer=pointer, sender=asked.sender)


def _shows(name: str, purpose: str) -> bool:
    """Whether a name of the registry goes with the purpose: a short code of marketing is no sender of alerts."""
    return not name.isdecimal() or check_sender(name, purpose) is None


@clause("CGVU 14.1")
def _short_code(desk: Desk, asked: Asked, sender: str, text: str) -> str | None:
    """Where the recipient answers: what the mention of a marketing message names, else the sender if it is one."""
    if asked.purpose != "marketing":
        return sender if len(sender) == _SHORT_CODE_DIGITS and sender.isdecimal() else None
    answering = desk.offers.answering(desk.owner, "marketing")
    for code in answering:
        if text.endswith(f" STOP SMS {code}") or sms_text.has_stop_mention(text, code):
            return code
    named = answering[0] if answering else "36xxx"
    raise Fault("stop_mention_missing", article="CGVU 14.1", pointer=f"{asked.pointer}/text", short_code=named)


@clause("CGVU 14.1")
def _says_how_to_stop(asked: Asked, channel: str, answers_at: str | None) -> None:
    if asked.purpose != "marketing":
        return
    if not channels.says_how_to_stop(channel, asked.text, asked.content, answers_at):
        pointer = f"{asked.pointer}/{'text' if asked.content is None else 'content'}"
        raise Fault(f"stop_mention_missing_{channel}", article="CGVU 14.1", pointer=pointer)


def _fits(asked: Asked, channel: str) -> None:
    text = asked.text if asked.content is None else asked.content.text
    if len(text) > _LONGEST[channel]:
        raise Fault("text_longer", pointer=f"{asked.pointer}/text", most=_LONGEST[channel])
    if asked.content is None or not (asked.content.template or asked.content.html):
        _says_something(asked, text if asked.content is None else flat(asked.content))


def _says_something(asked: Asked, text: str) -> None:
    if not text.strip():
        raise Fault("text_blank", pointer=f"{asked.pointer}/text")
