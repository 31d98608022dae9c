"""Filters of this room: `{% load messaging %}`."""

from django import template

from sofy.kernel.phone import display
from sofy.messaging import words

register = template.Library()


@register.filter
def reason(code: str) -> str:
    """Why a message is where it is, in words."""
    return words.reason_text(code)


@register.filter
def phone(e164: str) -> str:
    """A number as people in France write it."""
    return display(e164)
