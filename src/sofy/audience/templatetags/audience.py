"""Tags of the audience pages: `{% load audience %}`."""

from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from babel.dates import format_date
from babel.numbers import format_decimal
from django import template
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from sofy.audience.forms import KINDS
from sofy.audience.models import Contact, SavedView
from sofy.audience.segments.names import Names
from sofy.audience.segments.sentence import language_name, phrase
from sofy.audience.wording import say_code
from sofy.ui.formats import locale_of

register = template.Library()

REACH: dict[str, tuple[str, str | Promise]] = {
    "reachable": ("green", _("Reachable")),
    "no_consent": ("secondary", _("No consent")),
    "opted_out": ("red", _("Refused or suppressed")),
    "invalid": ("orange", _("Invalid address")),
    "no_address": ("none", _("No address")),
}
REASONS: dict[str, str | Promise] = {
    "manual": _("asked by the person"),
    "complaint": _("complaint"),
    "opt_out_list": _("list of opt-outs"),
    "invalid": _("wrong address"),
    "erased": _("erased"),
    "not_in_service": _("number not in service"),
    "no_such_address": _("address does not exist"),
    "keeps_bouncing": _("e-mails kept coming back for a week or more"),
}
SOURCES: dict[str, str | Promise] = {
    "import": _("import"),
    "optouts": _("list of opt-outs"),
    "stop": _("STOP reply"),
    "unsubscribe": _("Unsubscribe link"),
    "suppression": _("suppression list"),
    "regulator": _("regulator’s list"),
    "undo": _("undone import"),
    "merge": _("merge"),
    "api": "API",
    "form": _("form"),
    "screen": _("told to us"),
    "paper": _("on paper"),
}
BASES: dict[str, str | Promise] = {
    "": _("Not said: nobody became contactable by this file"),
    "consent": _("Consent (opt-in)"),
    "customer": _("Customers, for similar products"),
    "contract": _("Contract: alerts only"),
    "interest": _("Legitimate interest"),
}
OUTCOMES: dict[str, str | Promise] = {
    "imported": _("New contacts"),
    "in_base": _("Known already: updated"),
    "in_file": _("Twice in the file: put together"),
    "rejected": _("Refused rows"),
}
WARNINGS: dict[str, str | Promise] = {
    "no_identity": _("No phone number and no e-mail address"),
    "unreadable_row": _("Row that cannot be read: quotes that never close"),
    "matches_two_contacts": _("Matches two contacts: nothing merged"),
    "opted_out_kept": _("The person refused before: refusal kept"),
    "email_invalid": _("E-mail address that is not one"),
    "establishment_unknown": _("Shop that is not known"),
    "title_unclear": _("Title that is not understood"),
    "language_unclear": _("Language that is not understood"),
    "zone_unknown": _("Time zone that does not exist"),
    "position_invalid": _("Latitude or longitude that is not one"),
    "birth_date_invalid": _("Birth date that is not one"),
    "consent_date_invalid": _("Date of consent that is not one"),
    "consent_unclear": _("Consent that is not understood: taken as none"),
    "value_invalid": _("Value that does not fit its field"),
    "value_not_listed": _("Value that is not in the list of its field"),
    "formula_failed": _("Formula that failed (#N/A, #REF!): left out"),
    "text_cut": _("Text that was cut: too long"),
    "phone_empty": _("Empty phone number"),
    "phone_letters": _("Phone number with letters"),
    "phone_several": _("Several phone numbers in one cell"),
    "phone_precision_lost": _("Phone number damaged by a spreadsheet (1.2E+10)"),
    "phone_too_short": _("Phone number that is too short"),
    "phone_too_long": _("Phone number that is too long"),
    "phone_invalid": _("Phone number that does not exist"),
    "phone_fictional": _("Phone number reserved for fiction"),
}
ALARMS: dict[str, str | Promise] = {
    "sequential_numbers": _("Many phone numbers follow each other: this looks like a made-up or bought list."),
    "role_addresses": _("Many addresses are of functions (info@, contact@), not of people."),
}
STATES = {0: "no_address", 1: "invalid", 2: "no_consent", 3: "reachable", 4: "opted_out"}


@register.filter
def problem(code: str) -> str:
    """What is wrong, said to people."""
    return say_code(code)


@register.filter
def reach_word(state: str | int) -> Any:
    """The word for a state of the reach bar, or for the reach column of a contact."""
    return REACH[STATES[state] if isinstance(state, int) else state][1]


@register.filter
def reach_tone(state: str | int) -> str:
    """The colour of that state."""
    return REACH[STATES[state] if isinstance(state, int) else state][0]


@register.filter
def person(contact: Contact) -> str:
    """How a contact is called in lists."""
    names = " ".join(filter(None, (contact.first_name, contact.last_name)))
    return names or gettext("No name")


@register.simple_tag
def phrase_of(node: Any, names: Names) -> str:
    """A condition in words."""
    return phrase(node, names)


@register.filter
def reason_word(code: str) -> Any:
    """Why an address is suppressed."""
    return REASONS.get(code, code)


@register.filter
def basis_word(code: str) -> Any:
    """The legal basis of an import."""
    return BASES.get(code, code)


@register.filter
def warning_word(code: str) -> Any:
    """What was remarked about rows of a file, or what becomes of them."""
    return WARNINGS.get(code) or OUTCOMES.get(code, code)


@register.filter
def alarm_word(code: str) -> Any:
    """Why a file looks bought or made up."""
    return ALARMS.get(code, code)


@register.filter
def source_word(code: str) -> Any:
    """Where a word about consent came from."""
    return SOURCES.get(code, code)


@register.filter
def language_word(code: str) -> str:
    """The name of a language in the language of the reader."""
    return language_name(code) if code else "–"


@register.filter
def foldable(address: str) -> str:
    """An e-mail address that a narrow column breaks before its domain rather than in a word."""
    name, at, domain = (address or "").partition("@")
    return format_html("{}<wbr>{}", name, at + domain)


@register.filter
def short_date(day: date | None) -> str:
    """A day in figures, as its reader writes it."""
    return format_date(day, "dd/MM/y", locale=locale_of(get_language())) if day else "–"


@register.filter
def field_value(value: Any) -> Any:
    """A value of a field of a contact, own fields included, as people write it; a dash for none."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, date):
        return short_date(value)
    if isinstance(value, Decimal):
        return format_decimal(value.normalize(), format="#,##0.######", locale=locale_of(get_language()))
    return value


@register.filter
def kind_word(kind: str) -> Any:
    """The type of one of the client's own fields."""
    return KINDS.get(kind, kind)


@register.filter
def heading(columns: Any, column: str) -> Any:
    """The heading of a column of the list."""
    return dict(columns)[column]


@register.filter
def view_address(view: SavedView) -> str:
    """The filters and columns of a saved view as an address."""
    return urlencode({**view.filter, "columns": view.columns}, doseq=True)


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """An entry of a mapping, or nothing."""
    return mapping.get(key, "") if mapping else ""


@register.filter
def named(ids: dict[UUID, str], key: UUID | None) -> str:
    """The name behind an id, or a dash."""
    return ids.get(key, "–") if key else "–"
