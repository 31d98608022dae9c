"""Columns of the list of contacts, and which ones a person wants."""

from collections.abc import Iterable, Mapping

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sofy.audience.models import Attribute

#: Column -> heading; the name is always there.
COLUMNS: dict[str, str | Promise] = {
    "phone": _("Phone"),
    "email": _("E-mail"),
    "town": _("Town"),
    "sms": _("SMS"),
    "email_reach": _("E-mail consent"),
    "language": _("Language"),
    "birth_date": _("Birth date"),
    "shop": _("Point of sale"),
    "created": _("Entered"),
}
DEFAULT = ("phone", "email", "town", "sms")
COOKIE = "contact_columns"
OWN = "own:"


def all_columns(own: Iterable[Attribute]) -> dict[str, "str | Promise"]:
    """Every column there is, the client's own fields last."""
    return COLUMNS | {f"{OWN}{field.name}": field.label for field in own}


def chosen_columns(request: HttpRequest, known: Mapping[str, object]) -> list[str]:
    """The columns of the address, else those kept on this device, else the usual ones."""
    asked = request.GET.getlist("columns") or request.COOKIES.get(COOKIE, "").split(".")
    chosen = [column for column in known if column in asked]
    return chosen or list(DEFAULT)
