"""The gate as pure rules, judged against the contract's own words."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sofy.engine.gate import LAST_MOMENT, Facts, Message, judge
from sofy.kernel.hours import HoursPolicy

TEXT = "Bonjour STOP SMS 36123"
NOON = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
ALLOWED = Facts(permission="granted")


def message(**fields: Any) -> Message:
    values: dict[str, Any] = {
        "purpose": "marketing", "to": "+33639980001", "text": TEXT, "sender": "MARTIN", "short_code": "36123",
        "zone": None, "cost_eur": Decimal("0.05"), **fields,
    }  # fmt: skip
    return Message(**values)


@pytest.mark.clause("CGVU 11", "CGVU 13", "CGVU 14.1", "CGVU 14.2", "CGVU 17", "DPA 5", "DPA 6")
@pytest.mark.parametrize(
    ("_case", "fields", "facts", "expected"),
    [
        ("in order", {}, ALLOWED, ("send", "CGVU 14.1", "")),
        ("suspended", {}, replace(ALLOWED, suspended=True), ("withhold", "CGVU 11", "client_suspended")),
        ("suspended alert", {"purpose": "alert"}, Facts(suspended=True), ("withhold", "CGVU 11", "client_suspended")),
        ("no consent", {}, Facts(), ("withhold", "CGVU 17", "no_consent")),
        ("opposed", {}, Facts(permission="opposed"), ("withhold", "CGVU 17", "opposed")),
        ("withdrawn", {}, Facts(permission="withdrawn"), ("withhold", "CGVU 17", "withdrawn")),
        ("alert needs none", {"purpose": "alert"}, Facts(), ("send", "CGVU 14.2", "")),
        ("alert opposed", {"purpose": "alert"}, Facts(permission="opposed"), ("withhold", "DPA 5", "opposed")),
        ("alert withdrawn", {"purpose": "alert"}, Facts(permission="withdrawn"), ("withhold", "DPA 5", "withdrawn")),
        ("alert granted", {"purpose": "alert"}, ALLOWED, ("send", "CGVU 14.2", "")),
        ("client list", {}, replace(ALLOWED, suppressed=True), ("withhold", "CGVU 13", "suppressed")),
        ("regulator", {}, replace(ALLOWED, platform_suppressed=True), ("withhold", "CGVU 13", "platform_suppressed")),
        ("no mention", {"text": "Bonjour"}, ALLOWED, ("withhold", "CGVU 14.1", "stop_mention_missing")),
        ("wrong code", {"text": "A STOP SMS 36999"}, ALLOWED, ("withhold", "CGVU 14.1", "stop_mention_missing")),
        ("longer code", {"text": "A STOP SMS 361234"}, ALLOWED, ("withhold", "CGVU 14.1", "stop_mention_missing")),
        ("mention inside", {"text": "STOP SMS 36123. A bientot"}, ALLOWED, ("send", "CGVU 14.1", "")),
        ("glued mention", {"text": "nonSTOP SMS 36123"}, ALLOWED, ("withhold", "CGVU 14.1", "stop_mention_missing")),
        ("generic sender", {"sender": "INFO"}, ALLOWED, ("withhold", "CGVU 13", "sender_generic")),
        ("alert code", {"sender": "38123"}, ALLOWED, ("withhold", "CGVU 13", "sender_short_code_purpose")),
        ("paused", {}, replace(ALLOWED, campaign="paused"), ("hold", "DPA 6", "campaign_paused")),
        ("cancelled", {}, replace(ALLOWED, campaign="cancelled"), ("withhold", "DPA 6", "campaign_cancelled")),
        ("budget", {}, replace(ALLOWED, left_eur=Decimal("0.04")), ("hold", "DPA 6", "budget_spent")),
        ("just enough", {}, replace(ALLOWED, left_eur=Decimal("0.05")), ("send", "CGVU 14.1", "")),
        ("alert, no budget", {"purpose": "alert"}, Facts(left_eur=Decimal(0)), ("send", "CGVU 14.2", "")),
        ("paused and opposed", {}, Facts(campaign="paused", permission="opposed"), ("withhold", "CGVU 17", "opposed")),
        ("its day is over", {"expires_at": NOON}, ALLOWED, ("withhold", "DPA 6", "too_late")),
        (
            "what is worth something for some seconds only leaves within its hours",
            {"expires_at": NOON + timedelta(seconds=5)},
            ALLOWED,
            ("send", "CGVU 14.1", ""),
        ),
        (
            "its day is over before the next opening",
            {"zone": "Pacific/Noumea", "expires_at": NOON + timedelta(hours=9)},
            ALLOWED,
            ("withhold", "DPA 6", "too_late"),
        ),
        (
            "the next opening is within its day",
            {"zone": "Pacific/Noumea", "expires_at": NOON + timedelta(hours=11)},
            ALLOWED,
            ("defer", "CGVU 14.1", "outside_hours"),
        ),
        (
            "its day is over, paused",
            {"expires_at": NOON},
            replace(ALLOWED, campaign="paused"),
            ("withhold", "DPA 6", "too_late"),
        ),
        ("a code that is old", {"purpose": "alert", "expires_at": NOON}, Facts(), ("withhold", "DPA 6", "too_late")),
        ("unknown zone", {"to": "+88213300655"}, ALLOWED, ("withhold", "CGVU 14.1", "no_permitted_hour")),
    ],
)
def test_verdict(_case: str, fields: dict[str, Any], facts: Facts, expected: tuple[str, str, str]):
    verdict = judge(message(**fields), facts, NOON)

    assert (verdict.action, verdict.article, verdict.reason) == expected


@pytest.mark.clause("CGVU 14.1")
@pytest.mark.parametrize(
    ("_case", "at", "fields", "action", "until"),
    [
        ("first second", "2026-11-24T08:00:00+01:00", {}, "send", "2026-11-24T20:00:00+01:00"),
        ("a second early", "2026-11-24T07:59:59+01:00", {}, "defer", "2026-11-24T08:00:00+01:00"),
        ("eight in the evening", "2026-11-24T20:00:00+01:00", {}, "defer", "2026-11-25T08:00:00+01:00"),
        ("too close to eight", "2026-11-24T19:59:40+01:00", {}, "defer", "2026-11-25T08:00:00+01:00"),
        ("a Sunday", "2026-11-22T10:00:00+01:00", {}, "send", "2026-11-22T20:00:00+01:00"),
        ("Christmas", "2026-12-25T10:00:00+01:00", {}, "send", "2026-12-25T20:00:00+01:00"),
        ("Reunion, 17:30 in Paris", "2026-11-24T17:30:00+01:00", {"to": "+262692000001"}, "defer",
         "2026-11-25T08:00:00+04:00"),
        ("its owner lives in Paris", "2026-11-24T17:30:00+01:00", {"to": "+262692000001", "zone": "Europe/Paris"},
         "send", "2026-11-24T20:00:00+01:00"),
        ("Guadeloupe, noon in Paris", "2026-11-24T12:00:00+01:00", {"to": "+590690000001"}, "defer",
         "2026-11-24T08:00:00-04:00"),
        ("clocks go back", "2026-10-24T21:00:00+02:00", {}, "defer", "2026-10-25T08:00:00+01:00"),
        ("clocks go forward", "2026-03-28T21:00:00+01:00", {}, "defer", "2026-03-29T08:00:00+02:00"),
    ],
)  # fmt: skip
def test_hours(_case: str, at: str, fields: dict[str, Any], action: str, until: str):
    verdict = judge(message(**fields), ALLOWED, datetime.fromisoformat(at))

    assert verdict.action == action
    assert verdict.until == datetime.fromisoformat(until)


ZONES = [
    "Europe/Paris",
    "America/Guadeloupe",
    "America/Cayenne",
    "Indian/Reunion",
    "Indian/Mayotte",
    "America/Miquelon",
]
minutes = st.integers(0, 2 * 366 * 24 * 3600).map(lambda s: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=s))
policies = st.builds(
    HoursPolicy,
    opens=st.integers(8, 13).map(lambda h: f"{h:02d}:30"),
    closes=st.integers(14, 19).map(lambda h: f"{h:02d}:15"),
    days=st.sets(st.integers(1, 7), min_size=1).map(lambda days: tuple(sorted(days))),
    holidays=st.sampled_from(["", "metropole", "reunion"]),
)


@pytest.mark.clause("CGVU 14.1")
@given(at=minutes, zone=st.sampled_from(ZONES), policy=policies)
def test_nothing_leaves_in_a_forbidden_minute(at: datetime, zone: str, policy: HoursPolicy):
    verdict = judge(message(zone=zone), replace(ALLOWED, policy=policy), at)
    local = at.astimezone(ZoneInfo(zone))

    assert verdict.action in {"send", "defer"}
    assert verdict.until is not None
    assert verdict.until > at
    ends = verdict.until.astimezone(ZoneInfo(zone))
    if verdict.action == "send":
        assert 8 <= local.hour < 20
        assert policy.opens <= local.strftime("%H:%M") < policy.closes
        assert local.isoweekday() in policy.days
        assert ends.date() == local.date()
        assert ends.strftime("%H:%M") <= policy.closes
    else:
        assert judge(message(zone=zone), replace(ALLOWED, policy=policy), verdict.until).action == "send"
        assert ends.strftime("%H:%M") == policy.opens
        inside = policy.opens <= local.strftime("%H:%M") and local + LAST_MOMENT < local.replace(
            hour=int(policy.closes[:2]), minute=int(policy.closes[3:]), second=0
        )
        assert not inside or local.isoweekday() not in policy.days or policy.holidays


@pytest.mark.clause("CGVU 14.2")
@given(at=minutes)
def test_alerts_leave_at_any_hour(at: datetime):
    assert judge(message(purpose="alert"), Facts(), at).action == "send"


@pytest.mark.clause("DPA 6")
@pytest.mark.parametrize("purpose", ["marketing", "alert"])
def test_the_operator_is_told_when_its_day_ends(purpose: str):
    ends = NOON + timedelta(hours=2)

    assert judge(message(purpose=purpose, expires_at=ends), ALLOWED, NOON).until == ends
