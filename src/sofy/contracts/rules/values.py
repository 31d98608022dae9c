"""How values of contracts are written: amounts and rates as strings, moments on the clock of Paris."""

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

import msgspec

PARIS: Final = ZoneInfo("Europe/Paris")
#: Times that people and laws live in; earlier and later ones are slips of the pen.
_FIRST, _LAST = date(2000, 1, 1), date(2100, 1, 1)
_WRITTEN = re.compile(r"-?[0-9]{1,10}(\.[0-9]{1,6})?")
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_BARE_DAY = re.compile(_DAY)
_CLOCK = re.compile(rf"{_DAY}[T ][0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}}(\.[0-9]{{1,6}})?)?(Z|[+-][0-9]{{2}}:[0-9]{{2}})?")
#: Unit: pieces; sums of more than this could not be counted to the cent.
MOST = 1_000_000_000

T = TypeVar("T")


class Euros(Decimal):
    """An amount or a price. Unit: EUR before VAT unless said otherwise; at most 6 decimals."""


class Percent(Decimal):
    """A rate in percent: 20 is a fifth."""


class Moment(datetime):
    """An instant; written as a bare day it is the beginning of that day in Paris, without an offset the clock there."""


class Given(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something that somebody wrote: a key it does not know is a slip, not to be passed over."""


def moment(text: str) -> Moment:
    """An instant as people write it. Source: ISO 8601.

    Raises: ValueError
    """
    if not isinstance(text, str):
        raise ValueError('a moment is a string, as in "2026-04-01" or "2026-04-01T09:30"')
    try:
        if _BARE_DAY.fullmatch(text):
            read = datetime.combine(date.fromisoformat(text), time(), PARIS)
        elif not _CLOCK.fullmatch(text):
            raise ValueError
        else:
            read = datetime.fromisoformat(text)
            read = read.replace(tzinfo=PARIS) if read.tzinfo is None else read.astimezone(PARIS)
    except (ValueError, OverflowError):
        raise ValueError(f'{text[:40]!r} is not a moment, as in "2026-04-01" or "2026-04-01T09:30+02:00"') from None
    if not _FIRST <= read.date() < _LAST:
        raise ValueError(f"{text[:40]!r} is not between 2000 and 2099")
    return as_moment(read)


def as_moment(instant: datetime) -> Moment:
    """The same instant on the clock of Paris; an hour that it leaves out is an hour later."""
    read = instant.astimezone(UTC).astimezone(PARIS)
    return Moment.combine(read.date(), read.timetz()).replace(fold=read.fold)  # a subclass combines without it


def begin(day: date) -> datetime:
    """The first instant of a day in Paris."""
    return datetime.combine(day, time(), PARIS)


def seconds(start: datetime, end: datetime) -> int:
    """Seconds that pass between two instants, whatever clocks do meanwhile."""
    return int((end.astimezone(UTC) - start.astimezone(UTC)).total_seconds())


def read_value(kind: type, value: Any) -> Any:
    """What msgspec asks for types that are not its own."""
    if kind is Moment:
        return moment(value)
    if kind in (Euros, Percent):
        if not isinstance(value, str):
            raise ValueError('amounts and rates are strings, as in "12.30"')
        if not _WRITTEN.fullmatch(value):
            raise ValueError(f'{value[:40]!r} is not an amount, as in "12.30" (a point, at most six decimals)')
        try:
            return kind(value)
        except InvalidOperation:  # pragma: no cover - the pattern lets nothing else through
            raise ValueError(f"{value[:40]!r} is not an amount") from None
    raise NotImplementedError(kind)


def converted(value: Any, kind: type[T]) -> T:
    """Plain JSON as one of the shapes.

    Raises: msgspec.ValidationError, which says where.
    """
    return msgspec.convert(value, kind, dec_hook=read_value)
