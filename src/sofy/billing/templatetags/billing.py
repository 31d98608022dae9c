"""Filters of this room: `{% load billing %}`."""

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

register = template.Library()

_DIFFERS: dict[str, "str | Promise"] = {
    "new": _("new line"),
    "gone": _("gone"),
    "quantity": _("quantity"),
    "price": _("other price"),
    "both": _("quantity and price"),
    "days": _("part of the period"),
}
#: The beginning of a reason -> what somebody does about it.
_TO_DO: tuple[tuple[tuple[str, ...], "str | Promise"], ...] = (
    (
        ("buyer", "siren", "siret", "electronic_address", "party", "vat_id", "credit_party"),
        _("What to do: put the client’s details right in a new version of its order form."),
    ),
    (("seller", "bank"), _("What to do: put the company’s details right under Legal entities.")),
    (("vat",), _("What to do: check the client’s country and VAT number, and the VAT rates.")),
    (("not validated",), _("What to do: run the month again; the check did not answer.")),
)


@register.filter
def why_differs(code: str) -> str:
    """Why a line is not what it was, in words."""
    return str(_DIFFERS.get(code, code))


@register.filter
def what_to_do(reason: str) -> str:
    """What somebody does about a document that was refused."""
    for beginnings, words in _TO_DO:
        if reason.startswith(beginnings):
            return str(words)
    return str(_("What to do: give this text to whoever runs Sofy; run the month again once it is put right."))
