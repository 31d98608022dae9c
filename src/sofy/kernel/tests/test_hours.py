from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sofy.kernel.errors import Refused
from sofy.kernel.hours import CONTRACT_HOURS, EVERY_DAY, NEVER, HoursPolicy, Window, decide
from sofy.kernel.phone import UNKNOWN_ZONES

PARIS = ("Europe/Paris",)


def paris(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Paris"))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.clause("CGVU 14.1")
@pytest.mark.parametrize(
    ("_case", "at", "open_", "until"),
    [
        ("noon", "2026-11-24T12:00:00", True, "2026-11-24T20:00:00"),
        ("08:00:00 is permitted", "2026-11-24T08:00:00", True, "2026-11-24T20:00:00"),
        ("a microsecond before is not", "2026-11-24T07:59:59.999999", False, "2026-11-24T08:00:00"),
        ("19:59:59 is permitted", "2026-11-24T19:59:59.999999", True, "2026-11-24T20:00:00"),
        ("20:00:00 is not", "2026-11-24T20:00:00", False, "2026-11-25T08:00:00"),
        ("night", "2026-11-24T23:30:00", False, "2026-11-25T08:00:00"),
        ("after midnight", "2026-11-25T00:30:00", False, "2026-11-25T08:00:00"),
        ("Sunday is permitted", "2026-11-29T12:00:00", True, "2026-11-29T20:00:00"),
        ("Christmas is permitted", "2026-12-25T12:00:00", True, "2026-12-25T20:00:00"),
        ("evening before summer time", "2026-03-28T21:00:00", False, "2026-03-29T08:00:00"),
        ("evening before winter time", "2026-10-24T21:00:00", False, "2026-10-25T08:00:00"),
        ("day of summer time", "2026-03-29T19:30:00", True, "2026-03-29T20:00:00"),
    ],
)
def test_the_hours_of_the_contract_in_paris(_case, at, open_, until):
    assert decide(paris(at), PARIS, CONTRACT_HOURS) == Window(open_, paris(until))


@pytest.mark.clause("CGVU 14.1")
@pytest.mark.parametrize(
    ("_case", "zones", "at", "open_", "until"),
    [
        (
            "20:00 in Réunion is 17:00 in Paris in winter",
            ("Indian/Reunion",),
            "2026-11-24T16:00",
            False,
            "2026-11-25T04:00",
        ),
        (
            "20:00 in Réunion is 18:00 in Paris in summer",
            ("Indian/Reunion",),
            "2026-07-14T15:59",
            True,
            "2026-07-14T16:00",
        ),
        (
            "08:00 in Guadeloupe is 13:00 in Paris in winter",
            ("America/Guadeloupe",),
            "2026-11-24T11:59",
            False,
            "2026-11-24T12:00",
        ),
        (
            "08:00 in Guadeloupe is 14:00 in Paris in summer",
            ("America/Guadeloupe",),
            "2026-07-14T12:00",
            True,
            "2026-07-15T00:00",
        ),
        ("Miquelon keeps its own summer time", ("America/Miquelon",), "2026-03-08T10:00", True, "2026-03-08T22:00"),
        ("Tahiti is the day before", ("Pacific/Tahiti",), "2026-11-24T05:59", True, "2026-11-24T06:00"),
    ],
)
def test_the_recipients_clock_counts(_case, zones, at, open_, until):
    assert decide(utc(at), zones, CONTRACT_HOURS) == Window(open_, utc(until))


@pytest.mark.clause("CGVU 14.1")
@pytest.mark.parametrize(
    ("_case", "at", "open_", "until"),
    [
        ("open in both", "2026-11-24T12:00", True, "2026-11-24T16:00"),
        ("closed in Réunion already", "2026-11-24T16:30", False, "2026-11-25T05:00"),
        ("open in Réunion, not yet in Mayotte", "2026-11-24T04:30", False, "2026-11-24T05:00"),
    ],
)
def test_an_uncertain_zone_gets_the_intersection(_case, at, open_, until):
    assert decide(utc(at), ("Indian/Reunion", "Indian/Mayotte"), CONTRACT_HOURS) == Window(open_, utc(until))


@pytest.mark.clause("CGVU 14.1")
def test_zones_without_a_common_minute_never_open():
    assert decide(utc("2026-11-24T12:00"), UNKNOWN_ZONES, CONTRACT_HOURS) == Window(False, NEVER)


@pytest.mark.clause("CGVU 14.1")
def test_zones_that_meet_only_because_one_is_closed_less_still_open():
    morning = CONTRACT_HOURS.tightened(closes="09:00")

    assert decide(utc("2026-11-24T12:00"), ("Indian/Reunion", "Indian/Mayotte"), morning) == Window(False, NEVER)


@pytest.mark.clause("CGVU 14.1")
@pytest.mark.parametrize(
    ("_case", "policy", "at", "expected"),
    [
        ("shorter day", {"opens": "10:00", "closes": "18:30"}, "2026-11-24T18:30", (False, "2026-11-25T10:00")),
        ("no Sunday", {"days": (1, 2, 3, 4, 5, 6)}, "2026-11-29T12:00", (False, "2026-11-30T08:00")),
        (
            "no Sunday, from Saturday evening",
            {"days": (1, 2, 3, 4, 5, 6)},
            "2026-11-28T20:00",
            (False, "2026-11-30T08:00"),
        ),
        ("no holiday", {"holidays": "metropole"}, "2026-12-25T12:00", (False, "2026-12-26T08:00")),
        (
            "Alsace also rests on the 26th",
            {"holidays": "alsace-moselle"},
            "2026-12-25T12:00",
            (False, "2026-12-27T08:00"),
        ),
        (
            "only Mondays and no holiday",
            {"days": (1,), "holidays": "metropole"},
            "2027-03-28T12:00",
            (False, "2027-04-05T08:00"),
        ),
    ],
)
def test_a_client_may_tighten(_case, policy, at, expected):
    window = decide(paris(at), PARIS, CONTRACT_HOURS.tightened(**policy))

    assert window == Window(expected[0], paris(expected[1]))


@pytest.mark.clause("CGVU 14.1")
def test_an_overseas_calendar_closes_its_own_day_and_the_national_ones():
    policy = CONTRACT_HOURS.tightened(holidays="metropole").tightened(holidays="reunion")

    assert not decide(utc("2026-12-20T08:00"), ("Indian/Reunion",), policy).open
    assert not decide(utc("2026-12-25T08:00"), ("Indian/Reunion",), policy).open
    assert decide(utc("2026-12-21T08:00"), ("Indian/Reunion",), policy).open


@pytest.mark.clause("CGVU 14.1")
@pytest.mark.parametrize(
    ("_case", "changes", "code"),
    [
        ("earlier", {"opens": "07:59"}, "hours_wider_than_contract"),
        ("later", {"closes": "20:01"}, "hours_wider_than_contract"),
        ("later, as the charter would allow", {"closes": "21:30"}, "hours_wider_than_contract"),
        ("nothing left", {"opens": "12:00", "closes": "12:00"}, "hours_empty"),
        ("no day", {"days": ()}, "hours_days"),
        ("no such day", {"days": (0,)}, "hours_days"),
        ("not a time", {"opens": "8h"}, "hours_unreadable"),
        ("24:00", {"closes": "24:00"}, "hours_unreadable"),
        ("digits of another script", {"opens": "0٩:00"}, "hours_unreadable"),
        ("no such calendar", {"holidays": "lune"}, "hours_holidays"),
    ],
)
def test_a_wider_or_senseless_policy_cannot_be_built(_case, changes, code):
    with pytest.raises(Refused) as refused:
        HoursPolicy(**changes)

    assert refused.value.code == code
    with pytest.raises(Refused):
        CONTRACT_HOURS.tightened(**changes)
    with pytest.raises(Refused):
        msgspec.convert({**msgspec.to_builtins(CONTRACT_HOURS), **changes}, HoursPolicy)


@pytest.mark.clause("CGVU 14.1")
@pytest.mark.parametrize(
    ("_case", "changes"),
    [
        ("earlier", {"opens": "08:00"}),
        ("later", {"closes": "19:30"}),
        ("Sunday back", {"days": EVERY_DAY}),
        ("holidays back", {"holidays": ""}),
        ("fewer holidays", {"holidays": "metropole"}),
        ("another region's holidays", {"holidays": "reunion"}),
    ],
)
def test_tightening_never_widens(_case, changes):
    tight = CONTRACT_HOURS.tightened(opens="09:00", closes="19:00", days=(1, 2, 3), holidays="alsace-moselle")

    with pytest.raises(Refused) as refused:
        tight.tightened(**changes)

    assert refused.value.code == "hours_wider"


@pytest.mark.clause("CGVU 14.1")
def test_a_policy_survives_its_json():
    tight = CONTRACT_HOURS.tightened(opens="09:00", days=(6, 1, 1), holidays="mayotte")

    assert msgspec.json.decode(msgspec.json.encode(tight), type=HoursPolicy) == tight
    assert tight.days == (1, 6)


@pytest.mark.clause("CGVU 14.1")
@pytest.mark.parametrize(
    ("_case", "at", "zones"),
    [("naive instant", datetime.fromisoformat("2026-11-24T12:00"), PARIS), ("no zone", utc("2026-11-24T12:00"), ())],
)
def test_decisions_without_a_clock_or_place_are_refused(_case, at, zones):
    with pytest.raises((ValueError, TypeError)):
        decide(at, zones, HoursPolicy(opens="08:01"))


#: Written by hand: hours from UTC in winter, in summer, and the UTC instants when summer begins and ends (2024-2028).
_EUROPE = {
    2024: ("2024-03-31T01:00", "2024-10-27T01:00"),
    2025: ("2025-03-30T01:00", "2025-10-26T01:00"),
    2026: ("2026-03-29T01:00", "2026-10-25T01:00"),
    2027: ("2027-03-28T01:00", "2027-10-31T01:00"),
    2028: ("2028-03-26T01:00", "2028-10-29T01:00"),
}
_MIQUELON = {
    2024: ("2024-03-10T05:00", "2024-11-03T04:00"),
    2025: ("2025-03-09T05:00", "2025-11-02T04:00"),
    2026: ("2026-03-08T05:00", "2026-11-01T04:00"),
    2027: ("2027-03-14T05:00", "2027-11-07T04:00"),
    2028: ("2028-03-12T05:00", "2028-11-05T04:00"),
}
_OFFSETS = {
    "Europe/Paris": (1, 2, _EUROPE),
    "America/Miquelon": (-3, -2, _MIQUELON),
    "America/Guadeloupe": (-4, -4, _EUROPE),
    "America/Martinique": (-4, -4, _EUROPE),
    "America/Cayenne": (-3, -3, _EUROPE),
    "Indian/Reunion": (4, 4, _EUROPE),
    "Indian/Mayotte": (3, 3, _EUROPE),
    "Pacific/Tahiti": (-10, -10, _EUROPE),
    "Pacific/Noumea": (11, 11, _EUROPE),
    "Pacific/Wallis": (12, 12, _EUROPE),
}


def local_time(instant: datetime, zone: str) -> datetime:
    """The wall clock by the hand-written table, without zoneinfo."""
    winter, summer, changes = _OFFSETS[zone]
    begins, ends = (utc(text) for text in changes[instant.year])
    return (instant + timedelta(hours=summer if begins <= instant < ends else winter)).replace(tzinfo=None)


FIRST, LAST = datetime.fromisoformat("2024-01-01"), datetime.fromisoformat("2028-12-25")
instants = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
places = st.lists(st.sampled_from(sorted(_OFFSETS)), min_size=1, max_size=3, unique=True).map(tuple)
clock_times = st.builds("{:02}:{:02}".format, st.integers(8, 19), st.integers(0, 59))
policies = st.builds(
    lambda times, days, holidays: HoursPolicy(min(times), max(times), tuple(sorted(days)), holidays),
    st.sets(clock_times, min_size=2, max_size=2),
    st.sets(st.integers(1, 7), min_size=1),
    st.sampled_from(["", "metropole", "alsace-moselle", "martinique"]),
)


def permitted(instant: datetime, zone: str, policy: HoursPolicy) -> bool:
    wall = local_time(instant, zone)
    return policy.opens <= f"{wall:%H:%M}" < policy.closes and wall.isoweekday() in policy.days


@pytest.mark.clause("CGVU 14.1")
@settings(max_examples=600)
@given(instants, places)
def test_never_in_a_forbidden_minute_of_the_contract(instant, zones):
    window = decide(instant, zones, CONTRACT_HOURS)

    assert window.open == all(8 <= local_time(instant, zone).hour < 20 for zone in zones)
    if window.open:
        assert all(8 <= local_time(window.until - timedelta(seconds=1), zone).hour < 20 for zone in zones)
        assert any(local_time(window.until, zone).hour >= 20 for zone in zones)
    elif window.until != NEVER:
        assert window.until > instant
        assert all(8 <= local_time(window.until, zone).hour < 20 for zone in zones)
        earlier = window.until - timedelta(seconds=1)
        assert any(not 8 <= local_time(earlier, zone).hour < 20 for zone in zones)


@pytest.mark.clause("CGVU 14.1")
@settings(max_examples=250)
@given(instants, places, policies)
def test_a_policy_only_removes_minutes(instant, zones, policy):
    window = decide(instant, zones, policy)

    if window.open:
        assert decide(instant, zones, CONTRACT_HOURS).open
        assert all(permitted(instant, zone, policy) for zone in zones)
        assert window.until <= decide(instant, zones, CONTRACT_HOURS).until
    elif policy.holidays == "":
        assert not all(permitted(instant, zone, policy) for zone in zones)
    if not window.open and window.until != NEVER:
        assert decide(window.until, zones, policy).open


@pytest.mark.clause("CGVU 14.1")
@settings(max_examples=100)
@given(instants, instants, places, policies)
def test_a_remembered_decision_is_the_one_made_afresh(first, second, zones, policy):
    decide(first, zones, policy)
    remembered = decide(second, zones, policy)

    afresh = decide(second, (*zones, zones[0]), policy)

    beyond_sight = second + timedelta(days=365)
    assert remembered == afresh or (remembered.until == NEVER and afresh.until > beyond_sight)
