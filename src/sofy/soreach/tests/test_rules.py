from collections import Counter
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from sofy.kernel.hours import CONTRACT_HOURS, HoursPolicy
from sofy.soreach import rules
from sofy.soreach.rules import Arm, Schedule, Status, Visit

TUESDAY = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)  # 10:00 in Paris


def keys(count):
    return [sha256(str(n).encode()).digest()[:16] for n in range(count)]


@pytest.mark.parametrize(
    ("_case", "current", "target", "allowed"),
    [
        ("launch", Status.DRAFT, Status.EXPANDING, True),
        ("schedule", Status.DRAFT, Status.SCHEDULED, True),
        ("back to draft", Status.SCHEDULED, Status.DRAFT, True),
        ("pause", Status.RUNNING, Status.PAUSED, True),
        ("pause while preparing", Status.EXPANDING, Status.PAUSED, True),
        ("resume", Status.PAUSED, Status.RUNNING, True),
        ("a finished campaign stays so", Status.FINISHED, Status.RUNNING, False),
        ("a cancelled one too", Status.CANCELLED, Status.RUNNING, False),
        ("a running one is no draft again", Status.RUNNING, Status.DRAFT, False),
        ("a draft cannot be paused", Status.DRAFT, Status.PAUSED, False),
    ],
)
def test_moves(_case, current, target, allowed):
    assert rules.may_move(current, target) is allowed


def test_every_status_has_its_moves():
    assert set(rules.MOVES) == set(Status)


def test_variants_follow_their_shares_and_never_change_for_a_person():
    drawn = Counter(rules.pick_variant((1, 3), key) for key in keys(20_000))

    assert drawn[1] / 20_000 == pytest.approx(0.75, abs=0.02)
    assert [rules.pick_variant((1, 3), k) for k in keys(50)] == [rules.pick_variant((1, 3), k) for k in keys(50)]


def test_a_gradual_campaign_fills_its_hours_evenly():
    schedule = Schedule(TUESDAY, spread_hours=4)

    hours = Counter(int((schedule.due_at((), key) - TUESDAY) / timedelta(hours=1)) for key in keys(8_000))

    assert set(hours) == {0, 1, 2, 3}
    assert min(hours.values()) > 1_800


@pytest.mark.parametrize(
    ("_case", "zones", "expected"),
    [
        ("Paris", ("Europe/Paris",), datetime(2026, 11, 24, 9, 0, tzinfo=UTC)),
        ("La Réunion, three hours ahead", ("Indian/Reunion",), datetime(2026, 11, 24, 6, 0, tzinfo=UTC)),
        ("Guadeloupe", ("America/Guadeloupe",), datetime(2026, 11, 24, 14, 0, tzinfo=UTC)),
        ("uncertain: the last", ("Indian/Reunion", "Indian/Mayotte"), datetime(2026, 11, 24, 7, 0, tzinfo=UTC)),
        ("unknown: Paris", (), datetime(2026, 11, 24, 9, 0, tzinfo=UTC)),
    ],
)
def test_local_time(_case, zones, expected):
    assert Schedule(TUESDAY, local_time=True).due_at(zones, b"\0" * 16) == expected


@pytest.mark.parametrize(
    ("_case", "launched", "zone", "expected"),
    [
        ("half an hour before", -30, "Europe/Paris", datetime(2026, 11, 24, 9, 0, tzinfo=UTC)),
        ("a minute after", 1, "Europe/Paris", datetime(2026, 11, 24, 9, 0, tzinfo=UTC)),
        ("it was over in Nouméa", -30, "Pacific/Noumea", datetime(2026, 11, 24, 23, 0, tzinfo=UTC)),
        ("it was to come in Nouméa", -11 * 60, "Pacific/Noumea", datetime(2026, 11, 23, 23, 0, tzinfo=UTC)),
        ("Guadeloupe, later the same day", -30, "America/Guadeloupe", datetime(2026, 11, 24, 14, 0, tzinfo=UTC)),
    ],
)
def test_local_time_is_the_next_such_hour_from_the_launch_on(_case, launched, zone, expected):
    schedule = Schedule(TUESDAY, local_time=True, launched_at=TUESDAY + timedelta(minutes=launched))

    assert schedule.due_at((zone,), b"\0" * 16) == expected


CLOSED_ON_SUNDAY = HoursPolicy(closes="18:00", days=(1, 2, 3, 4, 5, 6))


@pytest.mark.clause("CGVU 14.1")
@pytest.mark.parametrize(
    ("_case", "zones", "due", "policy", "expected"),
    [
        ("in the morning", (), "2026-11-24T10:00+01:00", CONTRACT_HOURS, "2026-11-24T20:00+01:00"),
        ("in the evening: the next day", (), "2026-11-24T20:30+01:00", CONTRACT_HOURS, "2026-11-25T20:00+01:00"),
        ("in the last minute", (), "2026-11-24T19:59:30+01:00", CONTRACT_HOURS, "2026-11-25T20:00+01:00"),
        ("before the opening", (), "2026-11-24T05:00+01:00", CONTRACT_HOURS, "2026-11-24T20:00+01:00"),
        ("elsewhere", ("America/Guadeloupe",), "2026-11-24T20:00+01:00", CONTRACT_HOURS, "2026-11-25T01:00+01:00"),
        ("hours of the client", (), "2026-11-24T10:00+01:00", CLOSED_ON_SUNDAY, "2026-11-24T18:00+01:00"),
        ("over its Sunday", (), "2026-11-28T18:30+01:00", CLOSED_ON_SUNDAY, "2026-11-30T18:00+01:00"),
    ],
)
def test_a_day_is_over_when_the_first_hours_it_may_leave_in_close(_case, zones, due, policy, expected):
    assert rules.day_ends(zones, datetime.fromisoformat(due), policy) == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    ("_case", "arms", "kind"),
    [
        ("clear winner", (Arm("A", 1000, 100), Arm("B", 1000, 50)), "winner"),
        ("too close to tell", (Arm("A", 1000, 100), Arm("B", 1000, 95)), "no_difference"),
        ("too few people", (Arm("A", 20, 10), Arm("B", 20, 1)), "not_enough_data"),
        ("too few clicks", (Arm("A", 500, 3), Arm("B", 500, 0)), "not_enough_data"),
        ("nobody", (Arm("A", 0, 0), Arm("B", 0, 0)), "not_enough_data"),
        ("one arm", (Arm("A", 1000, 100),), "not_enough_data"),
        ("three arms ask for more", (Arm("A", 1000, 100), Arm("B", 1000, 73), Arm("C", 1000, 10)), "no_difference"),
        ("everybody clicked", (Arm("A", 100, 100), Arm("B", 100, 100)), "not_enough_data"),
    ],
)
def test_compare(_case, arms, kind):
    assert rules.compare(arms).kind == kind


def test_the_test_gives_the_p_value_of_the_textbook():
    # z = 1.9758 for 120/600 against 93/600, two-sided p = 0.0414 (pooled variance)
    verdict = rules.compare((Arm("A", 600, 120), Arm("B", 600, 93)))

    assert (verdict.kind, verdict.best) == ("winner", "A")
    assert verdict.p_value == pytest.approx(0.0413, abs=0.0005)


PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"


@pytest.mark.parametrize(
    ("_case", "visit", "human"),
    [
        ("a phone", Visit("GET", PHONE, "fr-FR", "", 60.0), True),
        ("a quick thumb", Visit("GET", PHONE, "fr-FR", "", 1.0), True),
        ("HEAD", Visit("HEAD", PHONE, "fr-FR", "", 60.0), False),
        ("a preview", Visit("GET", "facebookexternalhit/1.1", "fr", "", 60.0), False),
        ("prefetch", Visit("GET", PHONE, "fr", "prefetch;prerender", 60.0), False),
        ("a script", Visit("GET", "curl/8.0", "", "", None), False),
        ("no agent", Visit("GET", "", "fr", "", 60.0), False),
        ("at once and without language", Visit("GET", PHONE, "", "", 0.4), False),
        ("all links at once", Visit("GET", PHONE, "", "", 60.0, recent_visits=4), False),
    ],
)
def test_machines_are_told_from_people(_case, visit, human):
    assert rules.is_human(rules.machine_score(visit)) is human


@pytest.mark.parametrize(
    ("agent", "human"),
    [
        ("Mozilla/5.0 (Linux; Android 11; CUBOT NOTE 20) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36", True),
        ("Mozilla/5.0 (Linux; Android 9; CUBOT_X19 Build/PPR1) Chrome/100.0 Mobile Safari/537.36", True),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Twitter for iPhone/10.2", True),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148 [LinkedInApp]/9.27", True),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", False),
        ("Mozilla/5.0 (compatible; bingbot/2.0)", False),
        ("TelegramBot (like TwitterBot)", False),
        ("LinkedInBot/1.0", False),
        ("Slackbot-LinkExpanding 1.0", False),
        ("Mozilla/5.0 (compatible; MJ12bot/v1.4.8)", False),
        ("Mozilla/5.0 (compatible; Baiduspider/2.0)", False),
        ("WhatsApp/2.23.20 A", False),
        ("Mozilla/5.0 (X11; Linux) HeadlessChrome/130.0", False),
        ("python-requests/2.32", False),
        ("Mozilla/5.0 (Windows NT) BingPreview/1.0b", False),
        ("okhttp/4.12", False),
    ],
)
def test_a_machine_is_told_by_the_words_of_its_agent(agent, human):
    assert rules.is_human(rules.machine_score(Visit("GET", agent, "fr-FR", "", 60.0))) is human


@pytest.mark.clause("CGVU 12")
def test_editorial_answers_are_recorded_and_hold_nothing():
    answers = rules.editorial_answers({"violent": "on", "other": "on"})

    assert answers == {t: t == "violent" for t in rules.EDITORIAL_TOPICS}


@pytest.mark.parametrize(("recipients", "typed"), [(999, False), (1_000, True)])
def test_a_typed_count_from_a_thousand_people(recipients, typed):
    assert rules.needs_typed_count(recipients) is typed
