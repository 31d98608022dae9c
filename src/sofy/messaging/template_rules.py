"""What a template may say on each channel. Pure: contents in, a refusal or nothing out."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sofy.kernel import channels, sms_text
from sofy.kernel.clauses import clause
from sofy.kernel.content import OPT_OUT_URL, Button, Content, Template
from sofy.kernel.errors import Refused
from sofy.kernel.templates import Problem, prepare

Contents = dict[str, Content]
CHANNELS: Final = ("sms", "rcs", "whatsapp", "email")
PURPOSES: Final = ("marketing", "alert")
LONGEST_CODE: Final = 60
LONGEST_SAMPLE: Final = 200
#: Unit: characters. A text whose values are still to come; the parts are counted when it is filled.
LONGEST: Final = {"sms": 1_600, "rcs": 3_072, "whatsapp": 1_024, "email": 10_000}
_CODE: Final = re.compile(rf"[a-z0-9][a-z0-9_]{{0,{LONGEST_CODE - 1}}}")


def check_code(code: str) -> None:
    """Raises: Refused template_code."""
    if not _CODE.fullmatch(code):
        raise Refused("template_code", template=code[:LONGEST_CODE])


def places(contents: Mapping[str, Content]) -> list[str]:
    """The places of every channel, in their order, each once."""
    return list(dict.fromkeys(name for each in contents.values() for name in prepare(each).places))


def check(contents: Mapping[str, Content], purpose: str) -> None:
    """Everything that can be known before values come.

    Raises: Refused, with what is wrong and on which channel.
    """
    if purpose not in PURPOSES:
        raise Refused("template_purpose", purpose=purpose[:20])
    if not contents:
        raise Refused("template_empty")
    for channel, content in contents.items():
        if channel not in CHANNELS:
            raise Refused("template_channel", channel=channel[:20])
        problem = problem_of(channel, content, purpose)
        if problem is not None:
            raise Refused(problem.code, channel=channel, place=problem.name, limit=problem.limit)


def problem_of(channel: str, content: Content, purpose: str) -> Problem | None:
    """The first thing that is wrong with the content of one channel."""
    prepared = prepare(content)
    if prepared.problems:
        return prepared.problems[0]
    if not content.text.strip() and not (channel == "rcs" and content.cards):
        return Problem("template_text")
    if len(content.text) > LONGEST[channel]:
        return Problem("template_too_long", limit=LONGEST[channel])
    if channel == "email" and not content.subject.strip():
        return Problem("template_subject")
    if purpose == "marketing" and not says_how_to_refuse(channel, content):
        return Problem(f"template_opt_out_{channel}")
    return None


@clause("CGVU 14.1")
def says_how_to_refuse(channel: str, content: Content) -> bool:
    """Whether marketing tells how to say no: STOP SMS and the short code, STOP in the text or on a button that sends
    it, or the link of an e-mail. By RCS and WhatsApp it is what the gate asks at hand-over."""
    if channel == "sms":
        return sms_text.has_stop_mention(content.text, None)
    if channel == "email":
        return OPT_OUT_URL in (prepare(content).content.html or content.text)
    return channels.says_how_to_stop(channel, content.text, content, None)


def as_sent(name: str, language: str, content: Content) -> Content:
    """A text for WhatsApp as it leaves: the template they approved, with the values of its places in order."""
    prepared = prepare(content)
    body = [f"{{{{{name}}}}}" for name in prepare(Content(text=content.text)).places]
    buttons = _in_order(prepared.content.buttons)
    return Content(
        text=content.text,
        buttons=buttons,
        template=Template(name=name, language=language, body=body, buttons=list(map(_parameter, buttons))),
    )


def _parameter(button: Button) -> str:
    """What is said of a button as a message leaves: the value of its place, or what comes back when it is tapped."""
    if button.kind == "reply":
        return button.value
    places = prepare(Content(text=button.value)).places if button.kind == "url" else ()
    return f"{{{{{places[0]}}}}}" if places else ""


def supplier_name(client_id: UUID, code: str) -> str:
    """What a template is called at WhatsApp, where several clients may share one account."""
    return f"{code}_{client_id.hex[-6:]}"


def category(purpose: str) -> str:
    """What a template is at WhatsApp."""
    return "MARKETING" if purpose == "marketing" else "UTILITY"


def components(content: Content, samples: Mapping[str, str]) -> list[dict[str, Any]]:
    """A text as Meta takes it for approval: places in numbers, with a value for each.

    Source: Meta, "Template components".
    """
    text, examples = _numbered(content.text, samples)
    body: dict[str, Any] = {"type": "BODY", "text": text}
    if examples:
        body["example"] = {"body_text": [examples]}
    shown = [_button(each, samples) for each in _in_order(content.buttons)]
    return [body, {"type": "BUTTONS", "buttons": shown}] if shown else [body]


def _in_order(buttons: Sequence[Button]) -> list[Button]:
    """Links with a value first: the values of a message are counted from the first button."""
    return sorted(buttons, key=lambda button: not (button.kind == "url" and "{{" in button.value))


def _button(button: Button, samples: Mapping[str, str]) -> dict[str, Any]:
    if button.kind == "call":
        return {"type": "PHONE_NUMBER", "text": button.label, "phone_number": button.value}
    if button.kind == "reply":
        return {"type": "QUICK_REPLY", "text": button.label}
    url, examples = _numbered(button.value, samples)
    shown: dict[str, Any] = {"type": "URL", "text": button.label, "url": url}
    if examples:
        shown["example"] = [prepare(Content(text=button.value)).fill(_values(button.value, samples)).text]
    return shown


def _numbered(text: str, samples: Mapping[str, str]) -> tuple[str, list[str]]:
    """The text with {{1}}, {{2}}... and a value for each of them."""
    names = prepare(Content(text=text)).places
    values = _values(text, samples)
    numbers = {name: f"{{{{{n}}}}}" for n, name in enumerate(names, start=1)}
    return prepare(Content(text=text)).fill(numbers).text, [values[name] for name in names]


def _values(text: str, samples: Mapping[str, str]) -> dict[str, str]:
    return {name: samples.get(name) or name for name in prepare(Content(text=text)).places}
