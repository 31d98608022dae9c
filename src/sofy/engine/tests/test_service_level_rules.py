"""Routing success, by worked examples. Times are Paris winter time, one hour ahead of UTC."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sofy.engine.service_level import month
from sofy.engine.service_level.rules import (
    Course,
    Hold,
    Record,
    excuses,
    is_kept,
    is_valid,
    judge,
    success_rate,
    term,
    window_end,
)
from sofy.kernel import ids
from sofy.kernel.hours import CONTRACT_HOURS, HoursPolicy

pytestmark = pytest.mark.clause("CGVU 28")


def at(hour: int, minute: int = 0, second: int = 0, *, day: int = 10) -> datetime:
    """A moment of November 2026 in Paris."""
    return datetime(2026, 11, day, hour, minute, second, tzinfo=UTC) - timedelta(hours=1)


NOON = at(12)
LATER = at(12, day=20)


def alert(**more: Any) -> Course:
    given: dict[str, Any] = {"purpose": "alert", "channel": "sms", "accepted_at": NOON, "status": "accepted"} | more
    return Course(**given)


def marketing(**more: Any) -> Course:
    return alert(purpose="marketing", **more)


def told(course: Course, *records: Record, now: datetime = LATER) -> tuple[str, str]:
    found = judge(course, CONTRACT_HOURS, records, now)
    return found.verdict, found.reason


def sent(course: Course, moment: datetime, **more: Any) -> Course:
    given: dict[str, Any] = {"status": "delivered", "submitted_at": moment} | more
    return course._replace(**given)


def test_an_alert_has_sixty_seconds() -> None:
    in_time, too_late = at(12, 1), at(12, 1, 1)

    assert told(sent(alert(), in_time)) == ("reached", "")
    assert told(sent(alert(), too_late)) == ("lost", "late")


def test_a_validity_of_its_own_is_the_deadline_of_a_message() -> None:
    valid = alert(expires_at=at(13))

    assert told(sent(valid, at(12, 59))) == ("reached", "")
    assert told(sent(alert(expires_at=at(12, 0, 30)), at(12, 0, 40))) == ("lost", "late")


def test_what_is_wanted_later_has_its_time_from_then_on() -> None:
    planned = alert(due_at=at(15))

    assert term(planned, None).deadline == at(15, 1)


@pytest.mark.parametrize(
    ("accepted", "ends"),
    [
        (at(12), at(20)),
        (at(19, 59, 15), at(20)),
        (at(19, 59, 45), at(20, day=11)),  # the gate lets nothing leave in the last half minute
        (at(22), at(20, day=11)),
        (at(3), at(20)),
    ],
)
def test_marketing_has_until_the_end_of_the_first_open_window(accepted: datetime, ends: datetime) -> None:
    assert term(marketing(accepted_at=accepted), CONTRACT_HOURS).deadline == ends


def test_the_window_is_that_of_the_client_and_of_the_place() -> None:
    weekdays = HoursPolicy(opens="09:00", closes="18:00", days=(1, 2, 3, 4, 5))
    saturday = at(12, day=14)

    assert window_end(saturday, ("Europe/Paris",), weekdays) == at(18, day=16)
    assert window_end(NOON, ("Indian/Reunion",), CONTRACT_HOURS) == at(17)
    assert window_end(NOON, ("Africa/Abidjan", "Pacific/Wallis"), CONTRACT_HOURS) is None


def test_a_lawful_refusal_in_time_is_a_success() -> None:
    withheld = marketing(status="withheld", reason="no_consent", final_at=at(12, 0, 1))

    assert told(withheld) == ("withheld", "no_consent")


def test_a_refusal_that_came_too_late_is_not() -> None:
    withheld = alert(status="withheld", reason="suppressed", final_at=at(12, 5))

    assert told(withheld) == ("lost", "late")


def test_what_could_not_leave_in_its_time_is_lost() -> None:
    assert told(alert(status="withheld", reason="too_late", final_at=at(12, 2))) == ("lost", "too_late")
    assert told(alert(status="queued")) == ("lost", "waiting")
    assert told(alert(status="queued"), now=at(12, 0, 20)) == ("open", "")


def test_the_refusal_of_a_bad_number_does_not_count_and_every_other_refusal_does() -> None:
    failed = alert(status="failed", final_at=at(12, 0, 2))

    assert told(failed._replace(reason="refused_suppress")) == ("excluded", "bad_number")
    assert told(failed._replace(reason="refused_retry")) == ("lost", "refused")
    assert told(failed._replace(reason="refused_configuration")) == ("lost", "refused")


def test_a_message_that_nobody_received_was_routed_all_the_same() -> None:
    assert told(sent(alert(), at(12, 0, 1), status="failed", reason="receipt")) == ("reached", "")
    assert told(sent(alert(), at(12, 0, 1), status="unknown", reason="no_receipt")) == ("reached", "")


def test_without_an_answer_of_the_gateway_nobody_can_say_that_it_was_routed() -> None:
    assert told(sent(marketing(), at(12, 0, 1), status="unknown", reason="no_answer")) == ("lost", "no_answer")
    assert told(sent(marketing(), at(12, 0, 1), status="failed", reason="no_answer")) == ("lost", "no_answer")
    assert told(alert(status="unknown", reason="engine_lost")) == ("lost", "no_answer")


def test_what_the_client_takes_back_in_time_does_not_count() -> None:
    assert told(alert(status="cancelled", final_at=at(12, 0, 30))) == ("excluded", "taken_back")
    assert told(alert(status="cancelled", final_at=at(12, 5))) == ("lost", "late")


SUSPECTED = (Hold(at(12, 0, 1), "fraud_suspected"),)


def test_a_hold_that_stands_is_lawful_and_looked_at_again() -> None:
    held = alert(status="held", reason="fraud_suspected", holds=SUSPECTED)

    assert told(held) == ("withheld", "fraud_suspected")
    assert judge(held, None, (), LATER).again


def test_a_hold_that_turned_out_right_stays_lawful() -> None:
    stopped = alert(status="withheld", reason="fraud_blocked", final_at=at(15), holds=SUSPECTED)

    assert told(stopped) == ("withheld", "fraud_blocked")


def test_a_hold_that_was_released_is_a_failure_however_soon() -> None:
    assert told(sent(alert(), at(12, 0, 40), holds=SUSPECTED)) == ("lost", "held_wrongly")
    late = alert(status="withheld", reason="too_late", final_at=at(15), holds=SUSPECTED)
    assert told(late) == ("lost", "held_wrongly")


def test_a_verdict_that_a_person_took_back_is_a_failure_that_nothing_excuses() -> None:
    stopped = alert(status="withheld", reason="fraud_blocked", final_at=at(12, 0, 1), misjudged=True)
    outage = Record(ids.uuid7(), "outage", at(11), at(13))

    assert told(stopped, outage) == ("lost", "held_wrongly")


def test_time_stands_still_while_the_client_pauses_its_campaign() -> None:
    resumed = marketing(pauses=(at(13), at(21)))
    left = sent(resumed, at(9, day=11))

    assert term(resumed, CONTRACT_HOURS).deadline == at(20, day=11)
    assert told(left) == ("reached", "")
    assert told(marketing(pauses=(at(13),))) == ("withheld", "client_wish")


def test_a_pause_after_the_deadline_excuses_nothing() -> None:
    assert told(sent(marketing(pauses=(at(21), at(22))), at(9, day=11))) == ("lost", "late")


def test_a_campaign_paused_past_its_day_was_withheld_as_its_client_wanted() -> None:
    dropped = marketing(
        expires_at=at(20), status="withheld", reason="too_late", final_at=at(9, day=11), pauses=(at(13), at(9, day=11))
    )

    assert told(dropped) == ("withheld", "client_wish")


def test_a_spent_budget_is_the_wish_of_the_client() -> None:
    holds = (Hold(at(12, 1), "budget_spent"), Hold(at(19, 50), "budget_spent"))

    assert told(marketing(status="held", reason="budget_spent", holds=holds)) == ("withheld", "client_wish")
    assert told(sent(marketing(holds=(*holds, Hold(at(20), "budget_spent"))), at(9, day=11))) == ("reached", "")


def outage(begins: datetime, ends: datetime, **more: Any) -> Record:
    return Record(ids.uuid7(), "outage", begins, ends, **more)


def test_a_dated_outage_excuses_what_was_lost_meanwhile() -> None:
    lost = alert(status="withheld", reason="too_late", final_at=at(12, 2))

    assert told(lost, outage(at(11, 30), at(12, 30))) == ("excluded", "outage")
    assert told(lost, outage(at(12, 30), at(13))) == ("lost", "too_late")
    assert told(lost, outage(at(11, 30), at(12, 30), channel="rcs")) == ("lost", "too_late")


def test_an_outage_of_one_way_excuses_only_what_went_that_way() -> None:
    way = ids.uuid7()
    refused = alert(status="failed", reason="refused_retry", final_at=at(12, 0, 30), route_id=way)
    other = refused._replace(route_id=ids.uuid7())
    record = outage(at(11), at(13), channel="sms", route_id=way)

    assert told(refused, record) == ("excluded", "outage")
    assert told(other, record) == ("lost", "refused")


def test_what_is_late_is_excused_as_far_as_the_outage_lasted() -> None:
    five_minutes = outage(at(12), at(12, 5))

    assert told(sent(alert(accepted_at=at(12, 4, 30)), at(12, 5, 45)), five_minutes) == ("excluded", "outage")
    assert told(sent(alert(accepted_at=at(12, 4, 30)), at(12, 6, 30)), five_minutes) == ("lost", "late")


def test_a_short_outage_at_noon_does_not_excuse_an_evening() -> None:
    noon = outage(at(12), at(12, 5))

    assert told(sent(marketing(), at(9, day=11)), noon) == ("lost", "late")


def test_maintenance_counts_only_when_it_was_announced_two_days_before() -> None:
    lost = alert(status="withheld", reason="too_late", final_at=at(12, 2))
    planned = Record(ids.uuid7(), "maintenance", at(11), at(13), announced_at=at(11, day=8))
    hasty = planned._replace(announced_at=at(11, 1, day=8))

    assert is_valid(planned)
    assert not is_valid(hasty)
    assert told(lost, planned) == ("excluded", "maintenance")
    assert told(lost, hasty) == ("lost", "too_late")
    assert not excuses(hasty, lost, judge(lost, None, (), LATER))


def test_the_promise_is_kept_in_whole_messages() -> None:
    assert is_kept(999, 1)
    assert not is_kept(99_899, 101)
    assert success_rate(0, 0) is None
    assert success_rate(3, 1) == 0.75


def test_a_month_is_told_with_its_days_and_never_rounded_up() -> None:
    day = NOON.date()
    rows = [(day, "alert", "sms", "reached", "", 1_998_998), (day, "alert", "sms", "lost", "late", 2_002)]

    told_month = month.summary("2026-11", rows, (), (), NOON)

    assert told_month.success_percent == 99.8999
    assert told_month.kept is False
    assert told_month.accepted == 2_001_000
    assert [(each.day, each.lost) for each in told_month.days] == [(day, 2_002)]
    assert [(each.reason, each.messages) for each in told_month.reasons] == [("late", 2_002)]


@pytest.mark.parametrize("name", ["", "2026", "2026-13", "2026-1", "x2026-11", "2026-11\n", "1999-01", "２０２６-11"])
def test_what_is_no_month_is_none(name: str) -> None:
    assert month.bounds(name) is None


def test_december_ends_with_the_year() -> None:
    assert [each.isoformat() for each in month.bounds("2026-12") or ()] == ["2026-12-01", "2027-01-01"]
