"""The figures of a report as sentences, tables and charts; page, HTML file and PDF show the same ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from sofy.clients.models import Establishment
from sofy.kernel import clock, svg
from sofy.soreach import words
from sofy.soreach.models import Campaign
from sofy.soreach.report import Report, reason_figure

MOST_ESTABLISHMENTS = 15
FIRST_HOUR, LAST_HOUR = 7, 21


@dataclass(frozen=True)
class Figure:
    """One chart with the table behind it. `links` lead from each row to the people, as figure codes."""

    id: str
    title: str
    summary: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    spec: Mapping[str, Any]
    drawing: str
    links: Sequence[str] = field(default_factory=list)

    @property
    def linked_rows(self) -> list[tuple[Sequence[Any], str]]:
        """Rows with their figure code, empty where nobody stands behind one."""
        return [(row, self.links[n] if n < len(self.links) else "") for n, row in enumerate(self.rows)]


def shop_names(campaign: Campaign) -> dict[str, str]:
    """Establishment id as text -> name."""
    rows = Establishment.objects.filter(client_id=campaign.client_id).values_list("id", "name")
    return {str(key): name for key, name in rows}


def figures(campaign: Campaign, report: Report) -> list[Figure]:
    """Every figure of a report that has something to show."""
    made = [_funnel(report), _timeline(report), _reasons(report), _establishments(campaign, report), _heat(report)]
    return [figure for figure in made if figure.rows]


def _funnel(report: Report) -> Figure:
    steps = [(words.step_text(name, report.only_channel), value) for name, value in report.funnel]
    first = max(1, report.funnel[0][1])
    rows = [(label, value, svg.percent(value, first)) for label, value in steps]
    spec = {
        "kind": "funnel",
        "labels": [label for label, _n in steps],
        "series": [{"name": _("People"), "values": [n for _l, n in steps]}],
    }
    links = ["", *(name for name, _n in report.funnel[1:])]
    title = _("From the audience to the click")
    return Figure(
        "funnel",
        title,
        words.sentence(report),
        [_("Step"), _("People"), _("Share")],
        rows,
        spec,
        svg.funnel(title, steps),
        links,
    )


def _timeline(report: Report) -> Figure:
    pattern = "%H:%M:%S" if report.timeline and _is_short(report) else "%d/%m %H:%M"
    points = [(at.astimezone(clock.PARIS).strftime(pattern), n) for at, n in report.timeline]
    title = _("Deliveries over time")
    summary = ""
    if points:
        busiest = max(points, key=lambda point: point[1])
        summary = _("Most deliveries at %(at)s: %(n)s.") % {"at": busiest[0], "n": words.number(busiest[1])}
    spec = {
        "kind": "area",
        "labels": [p[0] for p in points],
        "series": [{"name": _("Received"), "values": [p[1] for p in points]}],
    }
    return Figure("timeline", title, summary, [_("Time"), _("Received")], points, spec, svg.line(title, points))


def _is_short(report: Report) -> bool:
    first, last = report.timeline[0][0], report.timeline[-1][0]
    return (last - first).total_seconds() < 1_200


def _reasons(report: Report) -> Figure:
    only = report.only_channel
    rows = [
        (
            words.reason_text(status, reason, only),
            n,
            reason_figure(status, reason),
            _short(status, reason, only),
        )
        for status, reason, n in report.reasons
    ]
    rows += [
        (words.reason_text("excluded", reason, only), n, f"excluded:{reason}", _short("excluded", reason, only))
        for reason, n in report.excluded.items()
    ]
    rows.sort(key=lambda row: -row[1])
    shown = [(label, n) for label, n, _code, _brief in rows]
    drawn = [(brief, n) for _label, n, _code, brief in rows]
    title = _("Why some people did not receive it")
    summary = (
        _("First reason: %(reason)s (%(n)s).") % {"reason": shown[0][0], "n": words.number(shown[0][1])}
        if shown
        else ""
    )
    spec = {
        "kind": "hbar",
        "labels": [r[0] for r in drawn],
        "series": [{"name": _("People"), "values": [r[1] for r in drawn]}],
    }
    links = [code for _l, _n, code, _b in rows]
    return Figure(
        "reasons",
        title,
        summary,
        [_("Reason"), _("People")],
        shown,
        spec,
        svg.bars(title, drawn, whole=report.audience),
        links,
    )


def _short(status: str, reason: str, channel: str = "") -> str:
    """A reason that fits beside a bar."""
    text = words.why_text(reason, channel) if reason and reason != "receipt" else words.reason_text(status, "")
    text = text[:1].upper() + text[1:]
    return text if len(text) <= 28 else text[:27].rstrip() + "…"


def _establishments(campaign: Campaign, report: Report) -> Figure:
    names = shop_names(campaign)
    groups = [group for group in report.establishments if group.recipients]
    if len(groups) < 2:
        groups = []
    rows = [
        (
            names.get(g.key, _("No point of sale")),
            g.recipients,
            g.received,
            svg.percent(g.received, g.recipients),
            g.clicked,
            g.stops,
        )
        for g in groups
    ]
    title = _("By point of sale")
    bars = [(row[0], row[2]) for row in rows[:MOST_ESTABLISHMENTS]]
    spec = {
        "kind": "hbar",
        "labels": [b[0] for b in bars],
        "series": [{"name": received_word(report), "values": [b[1] for b in bars]}],
    }
    shops = sum(bool(group.key) for group in groups)
    summary = _("%(n)s points of sale.") % {"n": words.number(shops)} if shops > 1 else ""
    columns = [_("Point of sale"), _("Recipients"), received_word(report), _("Share"), _("Clicked"), _("STOP")]
    links = [f"establishment:{g.key}" for g in groups]
    return Figure("establishments", title, summary, columns, rows, spec, svg.bars(title, bars), links)


def _heat(report: Report) -> Figure:
    hours = list(range(FIRST_HOUR, LAST_HOUR))
    days = [str(day) for day in words.DAYS]
    grid = [[row[hour] for hour in hours] for row in report.heat]
    rows = [(days[d], *grid[d]) for d in range(7) if any(grid[d])]
    title = _("By hour of the day (Paris)")
    labels = [_("%(hour)s:00") % {"hour": hour} for hour in hours]
    values = [[c, r, grid[r][c]] for r in range(7) for c in range(len(hours))]
    spec = {"kind": "heat", "labels": labels, "rows": days, "series": [{"name": _("Received"), "values": values}]}
    summary = ""
    if rows:
        most, day, hour = max((grid[d][h], d, h) for d in range(7) for h in range(len(hours)))
        summary = _("Most deliveries on %(day)s at %(hour)s: %(n)s.") % {
            "day": days[day], "hour": labels[hour], "n": words.number(most)}  # fmt: skip
    return Figure("heat", title, summary, [_("Day"), *labels], rows, spec, svg.heat_map(title, days, labels, grid))


def key_figures(report: Report) -> list[tuple[str, str, str]]:
    """(label, value, figure code) of the numbers at the top."""
    shown = report.progress
    opens = [(str(words.FIGURES["opens"]), f"≈ {words.number(report.opens.about)}", "")] if report.opens else []
    if report.opens and report.opens.people:
        opens.append((str(words.FIGURES["opened"]), words.number(report.opens.people), "opened"))
    taken = (str(words.FIGURES["received"]), words.number(shown.received), "received")
    if report.by_mail:
        taken = (str(words.FIGURES["taken"]), words.number(shown.taken), "status:submitted")
    unknown = (str(words.STATUSES["unknown"]), words.number(shown.by_status.get("unknown", 0)), "status:unknown")
    answers = [
        (str(words.FIGURES["replies"]), words.number(report.replies), "replies"),
        (str(words.FIGURES["stops"]), words.number(shown.stops), "stops"),
    ]
    return [
        (str(words.FIGURES["recipients"]), words.number(shown.recipients), "recipients"),
        taken,
        (str(words.FIGURES["failed"]), words.number(shown.failed), "failed"),
        *([] if report.by_mail else [unknown]),
        (str(words.STATUSES["withheld"]), words.number(shown.by_status.get("withheld", 0)), "status:withheld"),
        *_by_mail(report),
        *opens,
        (str(words.FIGURES["clicked"]), words.number(shown.clicked), "clicked"),
        (str(words.FIGURES["machines"]), words.number(report.visits_machine), "machines"),
        *([] if report.by_mail else answers),
        (str(words.FIGURES["excluded"]), words.number(sum(report.excluded.values())), "excluded"),
    ]


def _by_mail(report: Report) -> list[tuple[str, str, str]]:
    """What comes back of e-mails, where some left."""
    mails = next((one for one in report.channels if one.by_mail), None)
    if mails is None:
        return []
    names = ("hard", "soft", "complaints", "unsubscribed")
    return [(str(words.FIGURES[name]), words.number(getattr(mails, name)), name) for name in names]


def received_word(report: Report) -> str:
    """What is known of those who had it."""
    return str(words.FIGURES["taken"]) if report.by_mail else _("Received")


def variant_columns(report: Report) -> list[str]:
    """What stands over the rows of the variants."""
    return [_("Variant"), _("Recipients"), received_word(report), _("Clicked"), _("Rate"), _("Replied"), _("STOP")]


def variant_rows(report: Report) -> list[tuple[str, int, int, int, str, int, int]]:
    """(label, recipients, received, clicked, click rate, replied, STOP) of each variant."""
    return [
        (g.key, g.recipients, g.received, g.clicked, svg.percent(g.clicked, g.received), g.replied, g.stops)
        for g in report.variants
    ]
