"""How long a contract runs, and until when somebody may say that it shall not go on."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final, NamedTuple

from sofy.contracts.rules.shapes import OrderForm
from sofy.kernel.clauses import clause

#: Unit: calendar days before the anniversary.
NOTICE_DAYS: Final = 45
#: Without a length of renewal the contract goes on and can be ended at each anniversary.
_OPEN_ENDED_MONTHS: Final = 12
_DAY: Final = timedelta(days=1)


class Span(NamedTuple):
    """From a day to a day, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1


def add_months(day: date, months: int) -> date:
    """The same day so many months later, or the last one of a month that is too short."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def spans(form: OrderForm) -> Iterator[Span]:
    """The contractual periods: the firm term, then each renewal.

    Source: CGVU 8.1; that a contract renews itself is what an order form says, else it goes on from one anniversary to
    the next (C. civ. 1214 and 1215).
    """
    months, begin = form.term_months, 0
    while True:
        yield Span(add_months(form.starts_on, begin), add_months(form.starts_on, begin + months) - _DAY)
        begin += months
        months = form.renewal_months or _OPEN_ENDED_MONTHS


def span_of(form: OrderForm, day: date) -> Span:
    """The contractual period a day lies in; before the first one, the first."""
    return next(span for span in spans(form) if day <= span.last)


@clause("CGVU 8.2")
def latest_notice(span: Span) -> date:
    """The last day on which notice ends the contract with this period; a deadline backwards never slides forward."""
    return span.last + _DAY - timedelta(days=NOTICE_DAYS)


@clause("CGVU 8.1", "CGVU 8.2")
def span_ended_by(form: OrderForm, given_on: date) -> Span:
    """The contractual period with whose end a notice takes effect: a firm term is never cut short."""
    return next(span for span in spans(form) if given_on <= latest_notice(span))
