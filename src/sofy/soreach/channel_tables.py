"""The channels of a campaign as tables: page, HTML file, PDF and spreadsheet show the same ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from sofy.soreach import words
from sofy.soreach.by_channel import OnChannel
from sofy.soreach.models import Campaign
from sofy.soreach.report import Report
from sofy.ui import formats

NOTHING = "–"  # a figure that this channel does not have


@dataclass(frozen=True)
class Cell:
    """What stands in a cell, and the figure whose people it counts, if there is one."""

    text: str
    figure: str = ""


@dataclass(frozen=True)
class Table:
    """One table; the first cell of a row names it."""

    title: str
    summary: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Cell]]]

    @property
    def plain(self) -> list[list[str]]:
        """The rows as words alone."""
        return [[name, *(cell.text for cell in cells)] for name, cells in self.rows]


def tables(report: Report) -> list[Table]:
    """By channel, and try by try where there was more than one; none for SMS alone."""
    if not report.channels:
        return []
    columns = _columns(report.channels)
    made = [
        Table(
            _("By channel"),
            _("Above, each person counts once, where they ended; here on every channel that was tried for them."),
            [_("Channel"), *(str(words.ON_CHANNEL_SHORT[name]) for name in columns)],
            [(str(words.CHANNELS[one.channel]), [_cell(one, name) for name in columns]) for one in report.channels],
        )
    ]
    if report.tries:
        made.append(
            Table(
                _("Try by try"),
                _("Which channel was whose first, second or third: people begin on the first that reaches them."),
                [_("Attempt"), *(str(words.ON_CHANNEL_SHORT[name]) for name in columns)],
                [(_tried(one), [_cell(one, name) for name in columns]) for one in report.tries],
            )
        )
    return made


def _tried(one: OnChannel) -> str:
    return f"{(one.rung or 0) + 1}. {words.CHANNELS[one.channel]}"


def _columns(channels: Sequence[OnChannel]) -> list[str]:
    """The figures that one of these channels has at least."""
    shown = ["sent", *(["received"] if any(map(_tells_receipt, channels)) else [])]
    shown += [*(["read"] if any(one.tells_reading for one in channels) else []), "failed"]
    shown += ["withheld"] if any(one.withheld for one in channels) else []
    shown += ["hard", "soft", "complaints", "unsubscribed"] if any(one.by_mail for one in channels) else []
    shown += ["stops"] if any(not one.by_mail for one in channels) else []
    return [*shown, *(["passed"] if len(channels) > 1 else []), "cost_eur"]


def _tells_receipt(one: OnChannel) -> bool:
    """Mail servers rarely say that a mail arrived: without a word from them nothing is shown rather than none."""
    return not one.by_mail or one.received > 0


def _always(_one: OnChannel) -> bool:
    return True


_HAS: dict[str, Callable[[OnChannel], bool]] = {
    "received": _tells_receipt,
    "read": lambda one: one.tells_reading,
    "stops": lambda one: not one.by_mail,
    **dict.fromkeys(("hard", "soft", "complaints", "unsubscribed"), lambda one: one.by_mail),
}


def _cell(one: OnChannel, name: str) -> Cell:
    value: Any = getattr(one, name)
    if name == "cost_eur":
        return Cell(formats.euros(value, get_language()))
    if not _HAS.get(name, _always)(one):
        return Cell(NOTHING)
    figure = name if name in ("hard", "soft", "complaints", "unsubscribed") else f"{name}-by:{one.channel}"
    return Cell(words.number(value), figure if value and one.rung is None else "")


def contents(campaign: Campaign) -> list[tuple[str, str, str]]:
    """(variant, channel, what its author wrote) of each content; of SMS alone without the name of the channel."""
    found = []
    for variant in campaign.variants.all():
        for channel in campaign.channels:
            text = variant.source if channel == "sms" else _written(variant.others.get(channel, {}))
            found.append((variant.label, str(words.CHANNELS[channel]) if campaign.ladder else "", text))
    return found


def _written(said: dict[str, Any]) -> str:
    """The words of a content, one after the other; of a template its name and what filled its places."""
    lines = [str(said[name]) for name in ("template", "subject", "heading", "text", "label", "link") if said.get(name)]
    lines += [f"{place} = {value}" for place, value in said.get("values", {}).items()]
    lines += [f"{tap.get('label', '')} {tap.get('value', '')}".strip() for tap in said.get("buttons", [])]
    return "\n".join(line for line in lines if line)
