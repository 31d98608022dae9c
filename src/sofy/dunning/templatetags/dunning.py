"""Filters of this room: `{% load dunning %}`."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from babel.dates import format_date
from django import template
from django.utils.functional import Promise
from django.utils.translation import get_language

from sofy.billing.paper import claim_texts
from sofy.dunning import words
from sofy.ui import formats

register = template.Library()


@register.filter
def cause_words(cause: str) -> "str | Promise":
    """Why access is closed, in one sentence."""
    return words.CAUSES.get(cause, words.CAUSES[""])


@register.filter
def lifted_words(code: str) -> "str | Promise":
    """What gives access back, in one sentence."""
    return words.LIFTED_BY[code]


@register.filter
def plaindate(value: date) -> str:
    """A day with its year, for mails."""
    return format_date(value, "d MMMM y", locale=formats.locale_of(get_language()))


@register.filter
def at(values: Mapping[str, Any], key: str) -> Any:
    """What stands under a key."""
    return values.get(key, "")


@register.filter
def dash(value: Decimal) -> str:
    """An amount, or a dash for none."""
    return formats.euros(value, get_language()) if value else "–"


@register.filter
def act_words(code: str) -> str:
    """What was done, in the words of the case file."""
    return claim_texts.of(claim_texts.ACTS, code, "en" if (get_language() or "fr").startswith("en") else "fr")


@register.filter
def next_words(code: str) -> "str | Promise":
    """What comes next."""
    return words.NEXT.get(code, "–")
