"""The step of the schedule: what may be typed, what is kept while somebody types, what the band shows."""

import re
from datetime import timedelta
from importlib import import_module

import pytest
from django.db import IntegrityError

from sofy.kernel import clock
from sofy.kit.rls import client_scope
from sofy.soreach.models import Campaign
from sofy.soreach.services import drafts
from sofy.soreach.tests import factories

AT = {"timing": "at", "late": "drop", "starts_at": "2026-11-26T10:30"}
HTMX = {"hx-request": "true"}


def post(world, draft, headers=None, **typed):
    return world.browser().post(world.url(draft, "schedule"), AT | typed, headers=headers)


@pytest.mark.parametrize(
    ("_case", "typed", "told"),
    [
        ("the year one", {"starts_at": "0001-01-01T00:00"}, "This moment is over"),
        ("the end of time", {"starts_at": "9999-12-31T23:00"}, "within a year"),
        ("two years ahead", {"starts_at": "2028-11-26T10:30"}, "within a year"),
        ("the day before yesterday", {"starts_at": "2026-11-22T10:30"}, "This moment is over"),
        ("no date", {"starts_at": "31 février"}, "Enter a valid date"),
        ("more money than there is", {"budget_eur": "99999999999999"}, "less than or equal to 10000000"),
        ("a part of a cent", {"budget_eur": "1.234"}, "2 decimal places"),
        ("less than nothing", {"budget_eur": "-1"}, "greater than or equal to 0"),
        ("no number", {"budget_eur": "NaN"}, "Enter a number"),
        ("hours without end", {"timing": "gradual", "spread_hours": "9" * 30}, "less than or equal to 72"),
        ("messages without end", {"cap_messages": "9" * 30}, "less than or equal to 50"),
        ("days without end", {"cap_days": "-3"}, "greater than or equal to 1"),
    ],
)
def test_what_no_campaign_can_mean_is_said_and_not_kept(_case, world, typed, told):
    draft = world.draft()

    answer = post(world, draft, **typed)

    assert answer.status_code == 422
    assert told in answer.text
    draft = world.reload(draft)
    assert (draft.starts_at, draft.budget_eur, draft.spread_hours, draft.cap_messages) == (None, None, 0, 0)
    assert world.browser().get(world.url()).status_code == 200


def test_a_date_is_that_of_paris_wherever_the_client_is(world):
    with client_scope(world.client.pk):
        world.client.timezone = "Indian/Reunion"
        world.client.save()
    draft = world.draft()

    answer = post(world, draft)

    assert answer.status_code == 302
    assert world.reload(draft).starts_at.isoformat() == "2026-11-26T09:30:00+00:00"
    assert 'value="2026-11-26T10:30"' in world.browser().get(world.url(draft, "schedule")).text


@pytest.mark.parametrize("moment", ["0001-01-01T00:00+00", "9999-12-31T22:00+00"])
def test_no_odd_moment_is_stored(world, moment):
    draft = world.draft()

    with world.database.connect("admin") as admin, pytest.raises(Exception, match="starts_in_time"):
        admin.execute("UPDATE soreach_campaign SET starts_at = %s WHERE id = %s", [moment, draft.id])
    with pytest.raises(IntegrityError), client_scope(world.client.pk):
        drafts.save_draft(draft, {"starts_at": clock.now() + timedelta(days=300 * 365)})


def test_a_campaign_with_an_odd_moment_is_a_draft_again_after_the_upgrade(world):
    waiting, odd = world.draft(status="scheduled", starts_at=clock.now()), world.draft(status="scheduled")
    migration = import_module("sofy.soreach.migrations.0004_in_time")

    with world.database.connect("admin") as admin:
        admin.execute("ALTER TABLE soreach_campaign DROP CONSTRAINT soreach_campaign_starts_in_time")
        admin.execute("UPDATE soreach_campaign SET starts_at = '0044-03-15 BC' WHERE id = %s", [odd.id])
        admin.execute(migration.IN_TIME)
        rows = admin.execute("SELECT id, status, starts_at IS NULL FROM soreach_campaign ORDER BY id").fetchall()
        admin.rollback()

    assert rows == [(waiting.id, "scheduled", False), (odd.id, "draft", True)]


def test_what_is_typed_is_kept_and_the_band_follows(world):
    draft = world.draft()

    answer = post(world, draft, HTMX, cap_messages="2")

    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert 'id="moment"' in answer.text
    assert re.search(r'band-mark" x1="10.500"', answer.text)
    draft = world.reload(draft)
    assert (draft.timing, draft.late, draft.cap_messages) == ("at", "drop", 2)
    assert draft.starts_at.isoformat() == "2026-11-26T09:30:00+00:00"


def test_a_form_that_is_not_finished_keeps_what_is_right(world):
    draft = world.draft()

    answer = post(world, draft, HTMX, starts_at="9999-12-31T23:00", cap_messages="2")
    kept = world.reload(draft)
    emptied = post(world, draft, HTMX, starts_at="")

    assert answer.status_code == 422
    assert "within a year" in answer.text
    assert (kept.timing, kept.starts_at, kept.cap_messages) == ("at", None, 2)
    assert "Choose the day and the hour." in emptied.text


@pytest.mark.clause("CGVU 14.1")
@pytest.mark.parametrize(
    ("starts_at", "said"),
    [
        ("2026-11-26T20:30", "Forbidden at this moment (art. 14.1)"),
        ("2026-11-26T10:30", "A start at this moment is permitted"),
    ],
)
def test_the_page_says_whether_a_moment_is_permitted(world, starts_at, said):
    assert said in post(world, world.draft(), HTMX, starts_at=starts_at).text


def test_the_page_asks_for_its_own_saving(world):
    page = world.browser().get(world.url(world.draft(), "schedule")).text

    assert "change from:#schedule-form" in page
    assert '<form id="schedule-form"' in page


@pytest.mark.parametrize(
    ("_case", "typed", "allowed"),
    [
        ("empty: the client's", {"cap_messages": ""}, True),
        ("as the client", {"cap_messages": "2", "cap_days": "7"}, True),
        ("fewer", {"cap_messages": "1", "cap_days": "7"}, True),
        ("in more days", {"cap_messages": "2", "cap_days": "30"}, True),
        ("more, over more days", {"cap_messages": "3", "cap_days": "30"}, True),
        ("more", {"cap_messages": "3", "cap_days": "7"}, False),
        ("in fewer days", {"cap_messages": "2", "cap_days": "1"}, False),
    ],
)
def test_a_campaign_is_stricter_than_the_settings_or_as_strict(_case, world, typed, allowed):
    with client_scope(world.client.pk):
        world.client.cap_messages, world.client.cap_days = 2, 7
        world.client.save()

    answer = post(world, world.draft(), **typed)

    assert answer.status_code == (302 if allowed else 422)
    assert allowed or "Your settings allow 2 in 7 days" in answer.text


def test_the_last_page_says_by_whose_clock_and_what_becomes_of_the_late(world):
    draft = world.draft()
    post(world, draft, local_time="on")

    page = world.browser().get(world.url(draft, "confirm")).text

    assert "by the clock of each recipient" in page
    assert "Do not send it any more" in page


@pytest.mark.parametrize(("cheap", "chosen"), [("active", "cheap"), ("paused", "demo")])
def test_a_new_draft_takes_the_cheapest_route_that_is_open(world, cheap, chosen):
    route = factories.make_route(world.database.database.admin_url, code="cheap", price="0.01")
    with world.database.connect("admin", autocommit=True) as admin:
        admin.execute("UPDATE engine_route SET state = %s WHERE id = %s", [cheap, route])

    with client_scope(world.client.pk):
        draft = drafts.create_draft(world.client, name="Samedi", actor="user:x")

    assert (draft.route_id == route) is (chosen == "cheap")


def test_a_draft_on_a_route_paused_since_says_so(world):
    draft = world.draft()
    with world.database.connect("admin", autocommit=True) as admin:
        admin.execute("UPDATE engine_route SET state = 'paused' WHERE id = %s", [world.route_id])

    assert "is paused: messages will wait" in world.browser().get(world.url(draft, "checks")).text
    assert world.reload(draft).status == Campaign.Status.DRAFT
