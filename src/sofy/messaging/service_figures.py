"""A month of routing success (CGVU 28) as a page and a file show it: words, charts and cells of figures."""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from babel.dates import format_date
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from sofy.engine.service_level.month import LostPoint, MonthFigures, ServiceLevel, ServiceRecord, bounds
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.text import plain_cell
from sofy.messaging import words
from sofy.ui import formats

#: Days after the month within which a credit can be asked for. Source: CGVU 28.
CLAIM_DAYS = 15


def percent(value: float | None) -> str:
    """A share with two decimals, never rounded up: 99.999 is not 100. Unit: percent."""
    if value is None:
        return "–"
    floored = int(value * 100 + 1e-6) / 100
    text = formats.number(floored, get_language(), 0 if floored == 100 else 2)
    return f"{text}\u00a0%" if formats.locale_of(get_language()) == "fr_FR" else f"{text}%"


def month_name(name: str) -> str:
    """2026-11 as people say it."""
    return str(format_date(date.fromisoformat(f"{name}-01"), "LLLL y", locale=formats.locale_of(get_language())))


@clause("CGVU 28")
def sentence(told: ServiceLevel) -> str:
    """What a page opens with."""
    counted = told.reached + told.withheld + told.lost
    if not counted:
        return _("Nothing is decided yet: the deadlines of this month’s messages are still to come.")
    language = get_language()
    facts = {"lost": formats.number(told.lost, language), "total": formats.number(counted, language)}
    if not told.lost:
        return (
            ngettext(
                "The only message was dealt with in time.", "All %(total)s messages were dealt with in time.", counted
            )
            % facts
        )
    return ngettext(
        "%(lost)s message of %(total)s was not dealt with in time.",
        "%(lost)s messages of %(total)s were not dealt with in time.",
        told.lost,
    ) % facts  # fmt: skip


@clause("CGVU 28")
def claim_until(told: ServiceLevel) -> date | None:
    """Until when a credit can be asked for, while the promise is broken; None when there is nothing to ask for."""
    stretch = bounds(told.month)
    if told.kept is not False or stretch is None:
        return None
    last = date.fromordinal(stretch[1].toordinal() + CLAIM_DAYS - 1)
    return last if clock.today() <= last else None


def of_month(told: ServiceLevel, known: list[MonthFigures]) -> dict[str, Any]:
    """What a page shows of a month, and of those that are known beside it."""
    return {
        "told": told,
        "percent": percent(told.success_percent),
        "sentence": sentence(told) if told.accepted else "",
        "claim_until": claim_until(told),
        "month_name": month_name(told.month),
        "months": choices(known, told.month),
        "history": [(each, month_name(each.month), percent(each.success_percent)) for each in known],
        "latest": known[0].month if known else "",
        "charts": charts(told),
        "losses": by_reason(told, "lost"),
        "others": by_reason(told, "withheld", "excluded"),
    }


def charts(told: ServiceLevel) -> list[dict[str, Any]]:
    """What was sent day by day; and, when something was lost, on which days."""
    days = [str(format_date(each.day, "d MMM", locale=formats.locale_of(get_language()))) for each in told.days]
    parts = [
        (_("In time"), "green", [each.reached for each in told.days]),
        (_("Stopped by a rule"), "grey", [each.withheld for each in told.days]),
        (_("Lost"), "red", [each.lost for each in told.days]),
        (_("Not counted"), "orange", [each.excluded for each in told.days]),
    ]
    shown = [part for part in parts if any(part[2])]
    found = []
    if told.lost:
        found.append(_chart("lost-days", _("Lost messages, day by day"), "bar", days, [parts[2]]))
    if shown:
        found.append(_chart("all-days", _("All messages, day by day"), "stacked", days, shown))
    return found


def _chart(
    code: str, title: str, kind: str, labels: list[str], parts: list[tuple[str, str, list[int]]]
) -> dict[str, Any]:
    series = [{"name": said, "values": values, "tone": tone} for said, tone, values in parts]
    return {
        "id": code,
        "title": title,
        "spec": {"kind": kind, "labels": labels, "series": series},
        "columns": [_("Day"), *(said for said, _tone, _values in parts)],
        "rows": [(label, *(values[n] for _said, _tone, values in parts)) for n, label in enumerate(labels)],
    }


def span(seconds: float) -> str:
    """How long something took, as people say it."""
    for size, word in ((86_400, _("%(n)s d")), (3_600, _("%(n)s h")), (60, _("%(n)s min"))):
        if seconds >= 2 * size:
            return word % {"n": formats.number(int(seconds // size), get_language())}
    return _("%(n)s s") % {"n": max(1, int(seconds))}


def timing(point: LostPoint) -> str:
    """How much time a lost message had, and how late it left."""
    if point.deadline_at is None:
        return ""
    had = span((point.deadline_at - point.due_at).total_seconds())
    if point.left_at is not None and point.left_at > point.deadline_at:
        late = span((point.left_at - point.deadline_at).total_seconds())
        return _("%(late)s too late: it had %(had)s") % {"late": late, "had": had}
    return _("it had %(had)s") % {"had": had}


def by_reason(told: ServiceLevel, *verdicts: str) -> list[tuple[str, str, int]]:
    """Verdict, reason and how many, the most first."""
    return [(each.verdict, each.reason, each.messages) for each in told.reasons if each.verdict in verdicts]


def last_months(name: str) -> list[tuple[str, str]]:
    """The last year, for staff, with the month that is shown."""
    today = clock.today()
    back = (today.year * 12 + today.month - 1 - n for n in range(13))
    names = {f"{n // 12}-{n % 12 + 1:02}" for n in back} | {name}
    return [(each, month_name(each)) for each in sorted(names, reverse=True)]


def choices(months: list[MonthFigures], name: str) -> list[tuple[str, str]]:
    """Months to choose from, with the one that is shown."""
    names = {each.month for each in months} | {name, clock.today().strftime("%Y-%m")}
    return [(each, month_name(each)) for each in sorted(names, reverse=True)]


@clause("CGVU 28")
def to_csv(points: Iterable[LostPoint], records: Iterable[ServiceRecord]) -> bytes:
    """The evidence of a month for a spreadsheet: one row per lost or excused message, hours of Paris."""
    known = {each.id: each for each in records}
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(_header())
    for point in points:
        record = known.get(point.record) if point.record is not None else None
        excuse = (
            [record.party, _moment(record.begins_at), _moment(record.ends_at), record.proof] if record else [""] * 4
        )
        cells = [
            str(point.message), _moment(_accepted(point)), _alert_or_marketing(point.purpose), point.channel,
            _("Not counted") if point.verdict == "excluded" else _("Lost"), words.service_reason_text(point.reason),
            _moment(point.due_at), _moment(point.deadline_at), _moment(point.left_at), _moment(point.at), *excuse,
        ]  # fmt: skip
        writer.writerow([plain_cell(cell) for cell in cells])
    return ("\ufeff" + text.getvalue()).encode()


def _header() -> list[str]:
    begins, ends = pgettext("moment", "From"), pgettext("moment", "To")
    return [
        _("Message"), _("Accepted"), _("Type of message"), _("Channel"), _("Counted as"), _("Reason"),
        _("Could leave from"), _("Deadline"), _("Left at"), _("Lost at"), _("Excused by"), begins, ends, _("Proof"),
    ]  # fmt: skip


def _alert_or_marketing(purpose: str) -> str:
    return _("Alert") if purpose == "alert" else _("Marketing")


def _accepted(point: LostPoint) -> datetime:
    """The moment an id was made. Source: RFC 9562, 5.7."""
    return datetime.fromtimestamp((point.message.int >> 80) / 1000, UTC)


def _moment(at: datetime | None) -> str:
    return f"{at.astimezone(clock.PARIS):%Y-%m-%d %H:%M:%S}" if at else ""
