"""Which invoices are to be brought to mind today: before they are due, and some days after."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Final

from sofy.dunning.rules.position import Owed
from sofy.kernel.business_hours import works

#: A worker that was away catches up this many days; a reminder that is older is left out.
SLACK: Final = 4


def due(
    owed: Sequence[Owed], today: date, steps: Sequence[int], sent: Collection[tuple[int, str]]
) -> dict[int, list[Owed]]:
    """The reminders of a day: step -> documents. A step is a number of days from the due date, below zero before it.

    Only on business days; nothing that is contested, frozen by a court, or reminded of at this step already. What is
    collected by debit is not reminded of before it is due: the pre-notification says it.
    """
    if not works(today):
        return {}
    found: dict[int, list[Owed]] = {}
    for one in owed:
        if one.contested or one.frozen:
            continue
        step = _step(one, today, steps)
        if step is not None and (step, one.number) not in sent:
            found.setdefault(step, []).append(one)
    return found


def _step(one: Owed, today: date, steps: Sequence[int]) -> int | None:
    """The last step that was reached, while it is not too old."""
    reached = [step for step in steps if one.due_on + timedelta(days=step) <= today]
    if not reached:
        return None
    step = max(reached)
    if (today - one.due_on).days - step > SLACK:
        return None
    if step < 0 and (today > one.due_on or one.collect_on is not None):
        return None
    return step
