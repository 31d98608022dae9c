"""Filters of this room: `{% load messaging %}`."""

from collections.abc import Iterable, Mapping
from itertools import zip_longest
from typing import Any

from django import template
from django.forms import BoundField
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from sofy.kernel.phone import display
from sofy.messaging import words
from sofy.messaging.forms import CHANNELS, PROOFS, type_label
from sofy.ui import formats

register = template.Library()


@register.simple_tag
def why(code: str, channel: str = "", supplier_code: str | None = "") -> str:
    """Why a message of a channel is where it is, in words."""
    return words.reason_text(code, channel, supplier_code or "")


@register.filter
def service_reason(code: str) -> str:
    """What became of the deadline of a message, in words."""
    return words.service_reason_text(code)


@register.filter
def evidence(code: str) -> str:
    """What speaks for fraud, or for marketing in an alert, in words."""
    return str(words.EVIDENCE.get(code, code))


@register.filter
def counted(code: str) -> str:
    """What the figures of a reason count."""
    return str(words.COUNTED.get(code, ""))


@register.simple_tag
def figure(code: str, value: float) -> str:
    """A figure behind a reason: a share, a number of ten and more whole, a smaller one with a digit."""
    if code.startswith("receipts_"):
        return formats.percent(value, get_language())
    return formats.number(value, get_language(), 0 if value >= 10 or value == int(value) else 1)


@register.filter
def ticked(text: str) -> SafeString:
    """A text whose `names` are shown as code."""
    parts = text.split("`")
    return format_html_join("", "{}{}", ((each, _code(name)) for each, name in zip_longest(parts[::2], parts[1::2])))


def _code(name: str | None) -> str:
    return "" if name is None else format_html("<code>{}</code>", name)


@register.filter
def phone(e164: str) -> str:
    """A number as people in France write it."""
    return display(e164)


@register.filter
def named(names: Mapping[Any, str], key: Any) -> str:
    """What is called so; what is gone has no name."""
    return names.get(key, "–")


@register.filter
def channel(code: str) -> str:
    """What a channel is called."""
    return str(dict(CHANNELS).get(code, code))


@register.filter
def sender_name(sender: str, agents: Mapping[str, str]) -> str:
    """What a message shows as its sender: a number or an agent that has an id by its name."""
    return agents.get(sender, sender)


@register.filter
def proof_kind(code: str) -> str:
    """What a document is."""
    return str(dict(PROOFS).get(code, code))


@register.filter
def sender_reason(text: str) -> str:
    """Why a name was refused, in the words of staff, or must be shown again, in ours."""
    return str(words.SENDER_REASONS.get(text, text))


@register.filter
def event_type(name: str) -> str:
    """What a type of event is called, with its own name."""
    return type_label(name)


@register.filter
def hook_problem(code: str) -> str:
    """Why a request came to nothing, or a webhook is disabled."""
    return str(words.PROBLEMS.get(code, code))


@register.filter
def any_value(fields: Iterable[BoundField]) -> bool:
    """Whether one of these fields is filled in."""
    return any(field.value() for field in fields)


@register.filter
def dns_state(state: str) -> str:
    """The look of what DNS says."""
    return f"dns_{state}"
