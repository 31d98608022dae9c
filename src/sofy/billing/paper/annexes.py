"""What comes after an invoice: usage day by day, drawn, and what falls to each point of sale."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sofy.billing.document import Document, Usage
from sofy.billing.paper.texts import CHANNELS, word
from sofy.press.words import Language, about, amount, day, number

_ONE_COLUMN = 30
_MOST_TICKS = 14


def usage(document: Document, language: Language) -> dict[str, Any] | None:
    """A strip of bars for each channel, with its totals: readable without colours, and each with its own scale."""
    if not document.usage:
        return None
    first, last = _span(document)
    count = (last - first).days + 1
    channels: dict[str, list[Usage]] = defaultdict(list)
    for one in document.usage:
        channels[one.channel].append(one)
    return {
        "title": word("usage", language),
        "note": word("usage_note", language),
        "columns": [word(key, language) for key in ("channel", "usage", "billed", "net")],
        "days": count,
        "ticks": _ticks(first, count),
        "rows": [_strip(name, found, first, count, language) for name, found in channels.items()],
        "total": [word("total", language), _net(document.usage, language)],
    }


def _span(document: Document) -> tuple[date, date]:
    """The days on the axis: those of the invoice's period, and those outside it that were used."""
    used = [one.day for one in document.usage]
    if document.period:
        used += [document.period.start, document.period.end]
    return min(used), max(used)


def _ticks(first: date, count: int) -> list[list[Any]]:
    """Where the axis says which day it is: each fifth of a month, or firsts of months when there are many days."""
    days = [first + timedelta(days=n) for n in range(count)]
    few = count <= 62
    told = [one for one in days if one.day == 1 or (few and one.day % 5 == 0 and one.day < 30) or one == days[-1]]
    told = told[:: -(-len(told) // _MOST_TICKS)]
    if len(told) > 1 and (told[-1] - told[-2]).days * 62 < count:
        told.pop(-2)
    return [[(one - first).days, str(one.day) if few else f"{one:%d/%m}"] for one in told]


def _strip(name: str, found: list[Usage], first: date, count: int, language: Language) -> dict[str, Any]:
    by_day = [0] * count
    for one in found:
        by_day[(one.day - first).days] += one.quantity
    most = max(by_day)
    busiest = first + timedelta(days=by_day.index(most))
    peak = word("busiest", language).format(quantity=number(most, language), day=day(busiest, language))
    return {
        "channel": CHANNELS.get(name, name),
        "heights": [round(quantity / most, 4) if most > 0 and quantity > 0 else 0 for quantity in by_day],
        "peak": peak if most > 0 else "",
        "quantity": number(sum(one.quantity for one in found), language),
        "net": _net(found, language),
    }


def _net(found: Any, language: Language) -> str:
    return about(sum((one.net_eur for one in found), Decimal(0)), language)


def sites(document: Document, language: Language) -> dict[str, Any] | None:
    """What falls to each point of sale, in two columns when they are many."""
    if not document.sites:
        return None
    total = sum((site.net_eur for site in document.sites), Decimal(0))
    return {
        "title": word("sites", language),
        "note": word("sites_note", language).format(count=number(len(document.sites), language)),
        "columns": [word(key, language) for key in ("site_code", "site", "net")],
        "rows": [[site.code, site.name, amount(site.net_eur, language)] for site in document.sites],
        "total": [word("total_net", language), amount(total, language)],
        "halves": len(document.sites) > _ONE_COLUMN,
    }
