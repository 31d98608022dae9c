"""Columns of the list of contacts, and which ones a person wants."""

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

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


def chosen_columns(request: HttpRequest) -> list[str]:
    """The columns of the address, else those kept on this device, else the usual ones."""
    asked = request.GET.getlist("columns") or request.COOKIES.get(COOKIE, "").split(".")
    chosen = [column for column in COLUMNS if column in asked]
    return chosen or list(DEFAULT)
