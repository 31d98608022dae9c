"""Filters of this room: `{% load dunning %}`."""

from django import template
from django.utils.functional import Promise

from sofy.dunning import words

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
def next_words(code: str) -> "str | Promise":
    """What comes next."""
    return words.NEXT.get(code, "–")
