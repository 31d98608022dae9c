"""Amounts that are kept as text, for pages."""

from decimal import Decimal

from django import template

register = template.Library()


@register.filter
def amount_of(text: str) -> Decimal | None:
    """An amount that was written as text; nothing where there is none."""
    return Decimal(text) if text else None
