"""Lines of drafts: a part of a subscription, messages of a month, something once, something that comes off."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from sofy.billing.case.subscriptions import REVISED, Part, net_of
from sofy.billing.document import Period as Days
from sofy.billing.drafting import DraftLine
from sofy.billing.rules import fines
from sofy.contracts.rules.shapes import Item
from sofy.contracts.rules.term import Span, add_months
from sofy.kernel.clauses import Because, because
from sofy.kernel.money import rounded

_DAY: Final = timedelta(days=1)
_USAGE: Final = because("CGVU 15", "Tout trafic généré")
_AT_COST: Final = because("CGVU 9.3", "sans marge additionnelle")


def part_line(part: Part, why: Because | None = None) -> DraftLine:
    """A part of a subscription as a line."""
    item = part.tranche.item
    return DraftLine(
        code=item.code,
        label=item.label or item.code,
        quantity=Decimal(part.quantity),
        unit_price_eur=part.unit_price_eur,
        net_eur=part.net_eur,
        because=why or part.because,
        period=Days(part.span.first, part.span.last),
        share=part.share,
    )


def merged(found: Sequence[Part]) -> list[DraftLine]:
    """Parts as lines: what is at one price for the same days is one line, however often it was added to."""
    alike: dict[tuple[str, Span, Decimal, Because], list[Part]] = {}
    for part in found:
        alike.setdefault((part.tranche.item.code, part.span, part.unit_price_eur, part.because), []).append(part)
    return [part_line(_summed(parts)) for parts in alike.values()]


def _summed(found: Sequence[Part]) -> Part:
    if len(found) == 1:
        return found[0]
    quantity = sum(part.quantity for part in found)
    first = found[0]
    return first._replace(
        quantity=quantity, net_eur=net_of(quantity, first.unit_price_eur, first.span.days, first.of_days)
    )  # fmt: skip


def single(label: str, amount_eur: Decimal, why: Because, code: str = "once") -> DraftLine:
    """One of something. Unit: EUR before VAT."""
    amount = rounded(amount_eur)
    return DraftLine(
        code=code, label=label, quantity=Decimal(1), unit_price_eur=amount, net_eur=amount, because=why
    )  # fmt: skip


def less(label: str, amount_eur: Decimal, why: Because) -> DraftLine:
    """Something that comes off. `amount_eur` is below zero."""
    return DraftLine(
        code="less",
        label=label,
        quantity=Decimal(-1),
        unit_price_eur=-amount_eur,
        net_eur=amount_eur,
        because=why,
    )


def difference(item: Item, span: Span, amount: Decimal) -> DraftLine:
    return DraftLine(
        code=item.code,
        label=f"{item.label or item.code} : révision SYNTEC, différence",
        quantity=Decimal(1 if amount > 0 else -1),
        unit_price_eur=abs(amount),
        net_eur=amount,
        because=REVISED,
        period=Days(span.first, span.last),
    )


_NAMES: Final = {"sms": "SMS", "rcs": "RCS", "whatsapp": "WhatsApp", "email": "E-mail"}


def usage_line(key: tuple[date, str, str, str, str, bool, str, Decimal], quantity: int) -> DraftLine:
    month, channel, purpose, country, network, at_cost, label, price = key
    last = add_months(month.replace(day=1), 1) - _DAY
    words = label or f"{_NAMES[channel]} {purpose} {'/'.join(filter(None, (country, network)))}".strip()
    amount = fines.third_party(quantity, price) if at_cost else rounded(quantity * price)
    return DraftLine(
        code=f"usage-{channel}",
        label=words,
        quantity=Decimal(quantity),
        unit_price_eur=price,
        net_eur=amount,
        because=_AT_COST if at_cost else _USAGE,
        period=Days(month, last),
        third_party=at_cost,
    )
