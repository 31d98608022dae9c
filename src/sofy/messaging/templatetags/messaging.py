"""Filters of this room: `{% load messaging %}`."""

from django import template

from sofy.messaging import words

register = template.Library()


@register.filter
def reason(code: str) -> str:
    """Why a message is where it is, in words."""
    return words.reason_text(code)
