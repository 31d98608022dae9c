"""Filters of this room: `{% load contracts %}`."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from babel.dates import format_date
from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext

from sofy.contracts import wizard, words
from sofy.contracts.models import Acceptance, DocumentVersion
from sofy.kernel import clock
from sofy.ui import formats

register = template.Library()


@register.filter
def price(value: Decimal | None) -> str:
    """A price per unit: two digits, more when it has more."""
    if value is None:
        return "–"
    digits = max(2, -int(value.normalize().as_tuple().exponent))
    return formats.euros(value, get_language(), digits)


@register.filter
def product(code: str) -> str:
    """A product by its name."""
    return str(dict(wizard.PRODUCTS).get(code, code))


@register.filter
def every(code: str) -> str:
    """How often something is due, in words."""
    return str(dict(wizard.EVERY).get(code, code))


@register.filter
def amount(item: Any) -> Decimal:
    """What a line is worth each time it is due. Unit: EUR before VAT."""
    return Decimal(item.quantity * item.unit_price_eur)


@register.filter
def channel_name(code: str) -> str:
    """A channel by its name."""
    return str(dict(wizard.CHANNELS).get(code, code))


@register.filter
def accepted_document(row: Acceptance) -> str:
    """What was accepted, in words."""
    return str(Acceptance.Document(row.document).label)


@register.filter
def document_kind(code: str) -> str:
    """The terms or the DPA by their name."""
    return str(DocumentVersion.Kind(code).label)


@register.filter
def spaced(number: str) -> str:
    """A SIREN or an IBAN in groups, as people read it."""
    size = 3 if number.isdigit() and len(number) == 9 else 4
    return "\u00a0".join(number[place : place + size] for place in range(0, len(number), size))


@register.filter
def longdate(value: date | None) -> SafeString | str:
    """A day of a contract: always with its year."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        value = value.astimezone(clock.PARIS).date()
    shown = format_date(value, "d MMMM y", locale=formats.locale_of(get_language()))
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), shown)


@register.filter
def longmonth(value: date | str) -> str:
    """A month by its name, given its first day or as 2026-05."""
    first = date.fromisoformat(f"{value}-01") if isinstance(value, str) else value
    return str(format_date(first, "LLLL y", locale=formats.locale_of(get_language())))


@register.filter
def plainday(value: date) -> str:
    """A day of a contract in a mail."""
    return format_date(value, "d MMMM y", locale=formats.locale_of(get_language()))


@register.filter
def version_words(version: str) -> SafeString | str:
    """A version that is called by its first day, as people say it."""
    try:
        return format_html("{} {}", gettext("version of"), longdate(date.fromisoformat(version)))
    except ValueError:
        return format_html("{} {}", gettext("version"), version)


@register.filter
def path_words(path: str) -> str:
    """Where in an order form a value stands, in words: `order_form.items[soview].quantity`."""
    name = path.rpartition(".")[2]
    item = path.partition("[")[2].partition("]")[0]
    label = str(words.PATHS.get(name, words.FIELDS.get(name, name)))
    return gettext("%(what)s of “%(line)s”") % {"what": label, "line": item} if item else label
