"""What the replay tells, in templates: `{% load told %}`."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.utils.translation import get_language

from sofy.billing.models import Invoice
from sofy.contracts.templatetags.contracts import longdate, price
from sofy.ui.templatetags.ui import walltime

register = template.Library()


@register.filter
def decimal(value: str | None) -> Decimal | None:
    """An amount as an answer of the replay writes it."""
    return None if value is None else Decimal(value)


@register.filter
def day(value: str | None) -> date | None:
    """A day as an answer of the replay writes it."""
    return None if value is None else date.fromisoformat(value)


@register.filter
def document_word(kind: str) -> str:
    """Invoice, credit note or debit note."""
    return str(Invoice.Kind(kind).label)


@register.filter
def told(value: Any) -> Any:
    """A value of what is told: a moment, a day, an amount, or words."""
    match value:
        case datetime():
            return walltime(value)
        case date():
            return longdate(value)
        case Decimal():
            return price(value)
        case bool():
            return value
        case int():
            from sofy.ui import formats

            return formats.number(value, get_language())
    return value
