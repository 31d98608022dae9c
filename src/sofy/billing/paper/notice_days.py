"""The days of a notice as a calendar: which ones count, which ones do not and why, and when acting becomes lawful."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sofy.billing.paper.claim_texts import FIXED, MOVING, word
from sofy.contracts.rules.days import Day
from sofy.kernel.french_days import easter
from sofy.press import words
from sofy.press.words import Language

_DAY = timedelta(days=1)


def weekdays(language: Language) -> list[str]:
    """The heads of the calendar, Monday first."""
    monday = date(2026, 6, 1)
    return [words.weekday(monday + n * _DAY, language).split()[0].capitalize() for n in range(7)]


def weeks(days: Sequence[Day], acts_from: date | None, lawful: str, language: Language) -> list[list[dict[str, Any]]]:
    """Whole weeks from the day of the notice to the day from which acting is lawful; days outside are empty."""
    if not days:
        return []
    told = {one.day: {"kind": one.why, "text": _says(one, language)} for one in days}
    if acts_from:
        told[acts_from] = {"kind": "lawful", "text": lawful}
    first, last = min(told), max(told)
    monday = first - first.weekday() * _DAY
    count = ((last - monday).days // 7 + 1) * 7
    cells = [_cell(monday + n * _DAY, told, language) for n in range(count)]
    return [cells[at : at + 7] for at in range(0, count, 7)]


def _cell(day: date, told: dict[date, dict[str, str]], language: Language) -> dict[str, Any]:
    written = words.day(day, language).rsplit(" ", 1)[0]
    return {"day": written, **told[day]} if day in told else {"day": "", "kind": "", "text": ""}


def _says(one: Day, language: Language) -> str:
    if one.why == "notice":
        return word("day_zero", language)
    if one.why == "counts":
        return word("counts_first" if one.number == 1 else "counts", language, number=str(one.number))
    if one.why == "holiday":
        return holiday(one.day, language) or word("holiday", language)
    return word("weekend", language)


def holiday(day: date, language: Language) -> str:
    """The name of a national public holiday; empty for another day."""
    names = FIXED.get((day.month, day.day)) or MOVING.get((day - easter(day.year)).days)
    return names[0 if language == "fr" else 1] if names else ""
