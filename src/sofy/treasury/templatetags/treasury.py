"""Amounts that are kept as text, for pages."""

from decimal import Decimal

from django import template
from django.utils.translation import get_language

register = template.Library()


@register.filter
def amount_of(text: str) -> Decimal | None:
    """An amount that was written as text; nothing where there is none."""
    return Decimal(text) if text else None


@register.filter
def typed(value: Decimal) -> str:
    """An amount as a reader of this language would type it."""
    text = f"{value:.2f}"
    return text.replace(".", ",") if (get_language() or "").startswith("fr") else text
