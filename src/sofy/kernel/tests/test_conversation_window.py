"""Until when a business may write freely on WhatsApp, and until when for nothing."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from sofy.kernel.conversation_window import PersonWrote, window

T = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def hours(n: float) -> datetime:
    return T + timedelta(hours=n)


def test_nobody_who_has_not_written_may_be_written_to_freely() -> None:
    empty = window([])

    assert empty == (None, None)
    assert not empty.takes_free_form(T)


def test_each_message_of_the_person_opens_a_day() -> None:
    open_ = window([PersonWrote(T), PersonWrote(hours(5))])

    assert open_.free_form_until == hours(29)
    assert open_.takes_free_form(hours(28.9))
    assert not open_.takes_free_form(hours(29))
    assert open_.free_of_charge_until is None


@pytest.mark.parametrize(
    ("_case", "answered", "until"),
    [
        ("answered at once", 0, 72),
        ("answered within the day", 23.9, 95.9),
        ("answered too late", 24, None),
        ("written to before only", -1, None),
    ],
)
def test_an_advert_that_is_answered_within_a_day_is_free_for_three(
    _case: str, answered: float, until: float | None
) -> None:
    made = window([PersonWrote(T, from_advert=True)], [hours(answered)])

    assert made.free_of_charge_until == (hours(until) if until is not None else None)
    assert made.free_form_until == hours(24)


def test_the_order_in_which_it_is_heard_does_not_matter() -> None:
    wrote = [PersonWrote(T, from_advert=True), PersonWrote(hours(1)), PersonWrote(hours(50), from_advert=True)]
    replies = [hours(2), hours(60), hours(-3)]

    made = {window(one, two) for one in permutations(wrote) for two in permutations(replies)}

    assert made == {(hours(74), hours(132))}
