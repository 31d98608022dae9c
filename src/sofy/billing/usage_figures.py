"""A month of usage as its page and its file show it: words, charts and cells."""

import csv
import io
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from babel.dates import format_date
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from sofy.billing.usage_queries import MonthUsed, Used
from sofy.contracts.rules.term import add_months
from sofy.kernel.text import plain_cell
from sofy.messaging.words import reason_text
from sofy.ui import formats

#: Channel -> colour of charts.
_TONES: Final = {"sms": "blue", "rcs": "green", "whatsapp": "orange", "email": "grey"}
#: Points of sale of a chart; the table beside it has them too, the file has all.
MOST_SITES: Final = 20
_DAY: Final = timedelta(days=1)


def name_of(channel: str) -> str:
    """A channel as people call it."""
    return {"sms": "SMS", "rcs": "RCS", "whatsapp": "WhatsApp", "email": _("E-mail")}[channel]


def purpose(code: str) -> str:
    """Marketing or alert."""
    return _("Alerts") if code == "alert" else _("Marketing")


def month_name(month: date) -> str:
    """2026-11 as people say it."""
    return str(format_date(month, "LLLL y", locale=formats.locale_of(get_language())))


def shown(told: MonthUsed, sites: Iterable[tuple[str, str, int]], known: Iterable[date]) -> dict[str, Any]:
    """All that the page shows."""
    lines = told.lines
    return {
        "told": told,
        "month_name": month_name(told.month),
        "months": [(f"{each:%Y-%m}", month_name(each)) for each in sorted({*known, told.month}, reverse=True)],
        "chosen": f"{told.month:%Y-%m}",
        "totals": [(name_of(code), code, units) for code, units in _by_channel(told)],
        "lines": [(name_of(line.channel), purpose(line.purpose), _where(line.country, line.network), line)
                  for line in lines],
        "unpriced": any(line.price_eur is None for line in lines),
        "unbilled": unbilled(told),
        "charts": [*_days(told), *_sites(list(sites))],
    }  # fmt: skip


def _by_channel(told: MonthUsed) -> list[tuple[str, int]]:
    sums = {code: sum(row.units for row in told.billed if row.channel == code) for code in _TONES}
    return [(code, units) for code, units in sums.items() if units]


def _where(country: str, network: str) -> str:
    if not country:
        return "–"
    land = formats.country(country, get_language())
    return f"{land} / {network}" if network else land


def unbilled(told: MonthUsed) -> list[tuple[str, str, int]]:
    """Channel, why it costs nothing, and how many messages, the most first."""
    sums: dict[tuple[str, str], int] = {}
    for row in told.unbilled:
        key = (name_of(row.channel), why_not(row))
        sums[key] = sums.get(key, 0) + row.messages
    return sorted(((*key, messages) for key, messages in sums.items()), key=lambda each: -each[2])


def why_not(row: Used) -> str:
    """Why a message is not invoiced."""
    if not row.template and row.status in ("delivered", "read"):
        return _("Answer within a conversation: it costs nothing")
    if row.status in ("submitted", "unknown"):
        return _("Nothing says that it arrived")
    if row.status in ("failed", "expired"):
        return _("It did not arrive")
    first = {
        "refused": _("The operator did not take it"), "cancelled": _("Cancelled"), "withheld": _("Withheld by a rule"),
    }.get(row.status, _("It did not leave"))  # fmt: skip
    return f"{first} – {reason_text(row.reason, row.channel)}" if row.reason else first


def _days(told: MonthUsed) -> list[dict[str, Any]]:
    if not told.billed:
        return []
    days = [told.month + n * _DAY for n in range((add_months(told.month, 1) - told.month).days)]
    series = []
    for code, _units in _by_channel(told):
        sums = dict.fromkeys(days, 0)
        for row in told.billed:
            if row.channel == code:
                sums[row.day] += row.units
        series.append((name_of(code), _TONES[code], list(sums.values())))
    labels = [str(format_date(day, "d MMM", locale=formats.locale_of(get_language()))) for day in days]
    return [_chart("usage-days", _("Day by day"), "stacked", labels, series, _("Day"))]


def _sites(sites: list[tuple[str, str, int]]) -> list[dict[str, Any]]:
    sums: dict[str, int] = {}
    for site, _channel, units in sites:
        sums[site] = sums.get(site, 0) + units
    if not any(sums):
        return []
    most = sorted(sums, key=lambda site: -sums[site])[:MOST_SITES]
    series = []
    for code, tone in _TONES.items():
        values = [sum(units for site, channel, units in sites if (site, channel) == (name, code)) for name in most]
        if any(values):
            series.append((name_of(code), tone, values))
    labels = [name or _("No point of sale") for name in most]
    return [_chart("usage-sites", _("By point of sale"), "stacked", labels, series, _("Point of sale"))]


def _chart(
    code: str, title: str, kind: str, labels: list[str], parts: list[tuple[str, str, list[int]]], first: str
) -> dict[str, Any]:
    series = [{"name": said, "values": values, "tone": tone} for said, tone, values in parts]
    return {
        "id": code,
        "title": title,
        "spec": {"kind": kind, "labels": labels, "series": series},
        "columns": [first, *(said for said, _tone, _values in parts)],
        "rows": [(label, *(values[n] for _said, _tone, values in parts)) for n, label in enumerate(labels)],
    }


def to_csv(told: MonthUsed) -> bytes:
    """A month for a spreadsheet: a row per day, kind, point of sale and what became of it."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow([
        _("Day"), _("Channel"), _("Type of message"), _("Country"), _("Network"), _("Point of sale"), _("Invoiced"),
        _("Why not"), _("Messages"), _("Units"), _("Price"), _("Before VAT"),
    ])  # fmt: skip
    for row in told.rows:
        cells = [
            row.day.isoformat(), name_of(row.channel), purpose(row.purpose), row.country, row.network,
            row.establishment, _("yes") if row.billed else _("no"), "" if row.billed else why_not(row), row.messages,
            row.units, _plain(row.price_eur), _plain(row.net_eur),
        ]  # fmt: skip
        writer.writerow([plain_cell(cell) for cell in cells])
    return ("\ufeff" + text.getvalue()).encode()


def _plain(amount: Decimal | None) -> str:
    if amount is None:
        return ""
    text = f"{amount:f}"
    return text.replace(".", ",") if formats.locale_of(get_language()) == "fr_FR" else text
