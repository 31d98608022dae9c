"""Filters of this room: `{% load dunning %}`."""

from datetime import date

from babel.dates import format_date
from django import template
from django.utils.functional import Promise
from django.utils.translation import get_language

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
def next_words(code: str) -> "str | Promise":
    """What comes next."""
    return words.NEXT.get(code, "–")
