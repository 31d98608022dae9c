"""Filters of this room: `{% load accounting %}`."""

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

register = template.Library()

_DEADLINES: dict[str, "str | Promise"] = {
    "nonrenewal": _("last day to refuse the renewal"),
    "period_end": _("last day of the period"),
    "terms": _("changed terms come into force"),
    "pay": _("last day to pay before access may be suspended"),
    "suspension": _("access may be suspended from 00:00 on"),
}
_ACCESS: dict[str, "str | Promise"] = {
    "active": _("Access is open"),
    "suspended": _("Suspended"),
    "ended": _("Ended"),
}


@register.filter
def deadline(code: str) -> str:
    """What runs out, in words."""
    return str(_DEADLINES.get(code, code))


@register.filter
def access(code: str) -> str:
    """Whether the client gets in, in words."""
    return str(_ACCESS.get(code, code))
