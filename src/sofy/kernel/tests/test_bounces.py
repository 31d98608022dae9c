"""When mails that come back say that an address does not work."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.kernel import clock
from sofy.kernel.bounces import OVER, STREAK, Sent, is_soft, keeps_bouncing

NOW: datetime = clock.DEMO_START


def mails(*what: tuple[str, str], every: timedelta = timedelta(days=2)) -> list[Sent]:
    """The youngest first."""
    return [Sent(status, code, NOW - every * n) for n, (status, code) in enumerate(what)]


FULL = ("failed", "5.2.2")


@pytest.mark.parametrize("code", ["5.2.2", "552", "4.2.2", "4.4.7", "5.4.7", "450"])
def test_a_full_mailbox_and_a_silent_server_are_soft(code: str) -> None:
    assert is_soft(code)


@pytest.mark.parametrize("code", ["", "5.1.1", "5.7.1", "5.7.26", "4.7.1", "4.5.3", "5.2.20", "550", "5.2.1"])
def test_what_is_about_us_or_for_good_is_not(code: str) -> None:
    assert not is_soft(code)


def test_five_in_a_row_over_a_week_count() -> None:
    assert keeps_bouncing(mails(*[FULL] * 5))


def test_four_do_not() -> None:
    assert not keeps_bouncing(mails(*[FULL] * 4, every=timedelta(days=20)))


def test_five_in_a_day_do_not() -> None:
    assert not keeps_bouncing(mails(*[FULL] * 12, every=timedelta(hours=1)))


def test_a_mail_that_arrives_between_ends_the_streak() -> None:
    assert not keeps_bouncing(mails(FULL, FULL, ("delivered", ""), *[FULL] * 10))


def test_what_was_sent_since_may_still_come_back() -> None:
    on_its_way = [("submitted", ""), ("unknown", "")]

    assert keeps_bouncing(mails(*on_its_way, *[FULL] * 5))
    assert not keeps_bouncing(mails(("delivered", ""), *on_its_way, *[FULL] * 5))
    assert not keeps_bouncing(mails(FULL, *on_its_way, *[FULL] * 4)), "what came before it arrived"


def test_what_never_left_and_what_failed_for_us_is_no_word_about_the_mailbox() -> None:
    ours = [("withheld", ""), ("cancelled", ""), ("failed", "5.7.1"), ("queued", "")]

    assert keeps_bouncing(mails(FULL, *ours, FULL, FULL, FULL, FULL))
    assert not keeps_bouncing(mails(FULL, *ours * 5))


@given(st.lists(st.tuples(st.sampled_from(["failed", "delivered", "withheld"]), st.sampled_from(["5.2.2", "5.1.1"]))))
def test_only_a_long_streak_of_soft_failures_counts(what: list[tuple[str, str]]) -> None:
    rows = mails(*what, every=timedelta(days=1))

    found = keeps_bouncing(rows)

    assert all(one.at > other.at for one, other in pairwise(rows))
    recent = rows[: next((n for n, row in enumerate(rows) if row.status == "delivered"), len(rows))]
    bad = [row.at for row in recent if row.status == "failed" and row.code == "5.2.2"]
    assert found == (len(bad) >= STREAK and bad[0] - bad[-1] >= OVER)
