from datetime import timedelta
from decimal import Decimal

import pytest

from sofy.clients.models import Client
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit.models import AuditEntry
from sofy.kit.rls import client_scope
from sofy.soreach import queries, report
from sofy.soreach.models import Campaign, Variant
from sofy.soreach.services import checks, drafts, lifecycle, tick
from sofy.soreach.services.expand import expand
from sofy.soreach.tests import factories

LATER = clock.DEMO_START + timedelta(days=1)


def launch(world, campaign, **more):
    with client_scope(world.client.pk):
        return lifecycle.launch(world.client, campaign, actor="user:owner", **more)


def codes(world, campaign, level):
    with client_scope(world.client.pk):
        found, _ = checks.run_checks(world.client, campaign)
    return {check.code for check in found if check.level == level}


def queue(world):
    with world.database.connect("admin") as admin:
        return admin.execute(
            "SELECT count(*), count(*) FILTER (WHERE due_at = 'infinity') FROM engine_queue"
        ).fetchone()


def test_a_good_draft_has_nothing_that_stops_it(world):
    assert codes(world, world.draft(), "stop") == set()


@pytest.mark.parametrize(
    ("_case", "columns", "code"),
    [
        pytest.param("no mention", {"text": "Bonjour"}, "stop_mention_missing", marks=pytest.mark.clause("CGVU 14.1")),
        pytest.param(
            "mention of another route",
            {"text": "a STOP SMS 36999"},
            "stop_mention_missing",
            marks=pytest.mark.clause("CGVU 14.1"),
        ),
        ("a mistake in the text", {"text": "{{ prenon }} STOP SMS 36111"}, "content_field_unknown"),
        ("no segment", {"segment_ids": []}, "no_segment"),
        pytest.param(
            "a sender that is nobody's", {"sender": "AUTRE"}, "sender_unknown", marks=pytest.mark.clause("CGVU 13")
        ),
        pytest.param("a general word", {"sender": "PROMO"}, "sender_generic", marks=pytest.mark.clause("CGVU 13")),
        ("no route", {"route_id": None}, "route_missing"),
        ("a small budget", {"budget_eur": Decimal("0.10")}, "over_campaign_budget"),
        ("a date in the past", {"timing": "at", "starts_at": clock.DEMO_START - timedelta(days=1)}, "date_in_the_past"),
        ("no date", {"timing": "at"}, "no_date"),
    ],
)
def test_what_stops_a_launch(_case, world, columns, code):
    campaign = world.draft(**columns)

    assert code in codes(world, campaign, "stop")
    with pytest.raises(Refused) as refused:
        launch(world, campaign)
    assert refused.value.code == "campaign_checks"
    assert world.reload(campaign).status == Campaign.Status.DRAFT


@pytest.mark.clause("CGVU 17")
def test_without_consent_nobody_is_reached(world):
    with client_scope(world.client.pk):
        factories.make_contact(world.client, 1, state="")
        campaign = factories.make_campaign(world.client, world.route_id)

    assert "nobody_reachable" in codes(world, campaign, "stop")


@pytest.mark.clause("CGVU 11")
def test_a_suspended_client_launches_nothing(world):
    campaign = world.draft()
    world.client.state = "suspended"

    assert "client_suspended" in codes(world, campaign, "stop")


@pytest.mark.clause("CGVU 14.1")
def test_a_launch_at_night_is_told_when_it_will_leave(world, at):
    campaign = world.draft()
    at(clock.DEMO_START + timedelta(hours=8))

    with client_scope(world.client.pk):
        found, _ = checks.run_checks(world.client, campaign)

    (told,) = [check for check in found if check.code == "outside_hours"]
    assert told.article == "CGVU 14.1"
    assert told.facts["opens_at"].astimezone(clock.PARIS).isoformat() == "2026-11-25T08:00:00+01:00"


@pytest.mark.clause("CGVU 12")
def test_editorial_answers_never_stop_a_launch(world):
    campaign = world.draft()
    with client_scope(world.client.pk):
        campaign = drafts.save_draft(campaign, {"editorial": {"violent": True}})

    assert "editorial_yes" in codes(world, campaign, "warn")
    assert launch(world, campaign).status == Campaign.Status.EXPANDING
    assert world.reload(campaign).editorial["violent"] is True


def test_the_same_text_a_day_later_is_told(world, at):
    launch(world, world.draft())
    at(LATER)

    assert "same_text_recently" in codes(world, world.draft(name="Encore"), "warn")


def test_the_same_text_planned_for_another_day_is_told_with_that_day(world):
    launch(world, world.draft(timing="at", starts_at=LATER))

    with client_scope(world.client.pk):
        found, _ = checks.run_checks(world.client, world.draft(name="Encore"))

    (told,) = [check for check in found if check.code.startswith("same_text")]
    assert (told.code, told.facts["at"]) == ("same_text_planned", LATER)


def test_launch_tells_the_gate_the_worker_and_the_journal(world):
    campaign = launch(world, world.draft())

    with world.database.connect("admin") as admin:
        gate = admin.execute("SELECT state FROM gate_campaign WHERE campaign_id = %s", [campaign.id]).fetchone()
        jobs = admin.execute(
            "SELECT args FROM procrastinate_jobs WHERE task_name = 'soreach.expand_campaign'"
        ).fetchall()
    assert gate == ("running",)
    assert jobs == [({"client_id": str(world.client.pk), "campaign_id": str(campaign.id)},)]
    with client_scope(world.client.pk):
        entry = AuditEntry.objects.get(action="campaign.launched")
    assert entry.facts["confirmed"] == 3


def test_a_launch_happens_once(world):
    campaign = launch(world, world.draft())

    with pytest.raises(Refused) as refused:
        launch(world, campaign)

    assert (refused.value.code, refused.value.status) == ("campaign_not_draft", 409)


def test_a_thousand_people_need_their_number_typed(world, monkeypatch):
    monkeypatch.setattr("sofy.soreach.rules.TYPED_COUNT_FROM", 3)
    campaign = world.draft()

    for typed in (None, 4):
        with pytest.raises(Refused) as refused:
            launch(world, campaign, typed_count=typed)
        assert refused.value.facts == {"expected": 3}

    assert launch(world, campaign, typed_count=3).status == Campaign.Status.EXPANDING


def test_a_second_person_approves(world):
    with client_scope(world.client.pk):
        Client.objects.filter(pk=world.client.pk).update(approval_required=True)
        world.client.refresh_from_db()
    campaign = launch(world, world.draft())
    assert campaign.status == Campaign.Status.AWAITING

    with client_scope(world.client.pk):
        for same in ("user:owner", "user:author"):
            with pytest.raises(Refused, match="approval_by_same_person"):
                lifecycle.approve(world.client, campaign, actor=same)
        campaign = lifecycle.approve(world.client, campaign, actor="user:second")

    assert (campaign.status, campaign.approved_by) == (Campaign.Status.EXPANDING, "user:second")


def test_an_approval_does_not_survive_the_way_back_to_the_draft(world):
    with client_scope(world.client.pk):
        Client.objects.filter(pk=world.client.pk).update(approval_required=True)
        world.client.refresh_from_db()
    campaign = launch(world, world.draft(timing="at", starts_at=LATER))
    with client_scope(world.client.pk):
        approved = lifecycle.approve(world.client, campaign, actor="user:second")
        recalled = lifecycle.back_to_draft(approved, actor="user:owner")
        drafts.save_draft(recalled, {"contents": [("Un autre texte STOP SMS 36111", 1)]})

    again = launch(world, recalled)

    assert approved.status == Campaign.Status.SCHEDULED
    assert (again.status, again.approved_by, again.approved_at) == (Campaign.Status.AWAITING, "", None)


def test_pause_resume_and_cancel_reach_the_queue(world):
    campaign = launch(world, world.draft())
    expand(world.client.pk, campaign.id)

    with client_scope(world.client.pk):
        paused = lifecycle.pause(campaign, actor="user:owner")
    assert (paused.status, queue(world)) == ("paused", (3, 3))

    with client_scope(world.client.pk):
        resumed = lifecycle.resume(campaign, actor="user:owner")
    assert (resumed.status, queue(world)) == ("running", (3, 0))

    with client_scope(world.client.pk):
        cancelled = lifecycle.cancel(campaign, actor="user:owner")
    assert (cancelled.status, queue(world)) == ("cancelled", (0, 0))
    with client_scope(world.client.pk), pytest.raises(Refused, match="campaign_cannot"):
        lifecycle.resume(campaign, actor="user:owner")


def test_a_campaign_ends_when_nothing_waits(world):
    campaign = launch(world, world.draft())
    expand(world.client.pk, campaign.id)
    tick.tick()
    assert world.reload(campaign).status == Campaign.Status.RUNNING
    with world.database.connect("admin", autocommit=True) as admin:
        factories.play(admin, campaign)

    tick.tick()

    assert world.reload(campaign).status == Campaign.Status.FINISHED


def test_an_old_campaign_is_counted_for_the_last_time(world, at):
    campaign = world.sent()
    tick.tick()
    with client_scope(world.client.pk):
        counted = queries.figures(world.client.pk, [world.reload(campaign)])
        ledger = report.progress(campaign).by_status

    at(clock.now() + timedelta(days=8))
    tick.tick()
    assert world.reload(campaign).settled is None  # a receipt may still come
    at(clock.now() + timedelta(days=1))
    tick.tick()

    assert world.reload(campaign).settled == ledger
    with world.database.connect("admin", autocommit=True) as admin:
        admin.execute("DELETE FROM engine_state")
    with client_scope(world.client.pk):
        assert queries.figures(world.client.pk, [campaign]) == counted


def test_a_scheduled_campaign_begins_at_its_hour(world, at):
    campaign = launch(world, world.draft(timing="at", starts_at=LATER))
    assert campaign.status == Campaign.Status.SCHEDULED
    tick.tick()
    assert world.reload(campaign).status == Campaign.Status.SCHEDULED

    at(LATER)
    tick.tick()

    assert world.reload(campaign).status == Campaign.Status.EXPANDING


def test_a_scheduled_campaign_is_checked_again_at_its_hour(world, at):
    campaign = launch(world, world.draft(timing="at", starts_at=LATER))
    with client_scope(world.client.pk):
        factories.Sender.objects.update(state=factories.Sender.State.WITHDRAWN, withdrawn_at=clock.now())

    at(LATER)
    tick.tick()

    campaign = world.reload(campaign)
    assert campaign.status == Campaign.Status.REFUSED
    assert campaign.refused_because == [{"code": "sender_unknown", "article": "CGVU 13", "facts": {"sender": "FLEURS"}}]
    assert "FLEURS is not among your senders" in world.browser().get(world.url(campaign, "progress")).text


def test_late_messages_are_dropped_when_the_author_said_so(world, at):
    campaign = launch(world, world.draft(late="drop"))
    expand(world.client.pk, campaign.id)
    tick.tick()
    assert queue(world) == (3, 0)

    at(clock.DEMO_START + timedelta(hours=6))
    tick.tick()

    assert queue(world) == (0, 0)
    campaign = world.reload(campaign)
    assert campaign.status == Campaign.Status.FINISHED
    with client_scope(world.client.pk):
        assert [tuple(one) for one in report.build(campaign).reasons] == [("withheld", "too_late", 3)]
        assert AuditEntry.objects.get(action="campaign.dropped_late").facts["messages"] == 3
    tick.tick()


def test_nobody_is_dropped_before_their_own_hour(world, at):
    starts_at = clock.DEMO_START.astimezone(clock.PARIS).replace(hour=15, minute=0, second=0, microsecond=0)
    draft = world.draft(timing="at", starts_at=starts_at, local_time=True, late="drop")
    with client_scope(world.client.pk):
        factories.make_contact(world.client, 100, zone="America/Guadeloupe")
    campaign = launch(world, draft)
    expand(world.client.pk, campaign.id)

    at(starts_at + timedelta(hours=5, minutes=1))  # 20:01 in Paris, 15:01 in Guadeloupe
    tick.tick()

    assert queue(world) == (1, 0)
    assert world.reload(campaign).status == Campaign.Status.RUNNING
    at(starts_at + timedelta(hours=10, minutes=1))
    tick.tick()
    assert queue(world) == (0, 0)
    assert world.reload(campaign).status == Campaign.Status.FINISHED


@pytest.mark.clause("CGVU 14.1")
def test_what_is_launched_in_the_evening_has_the_next_day(world, at):
    evening = clock.DEMO_START.astimezone(clock.PARIS).replace(hour=20, minute=30)
    at(evening)
    campaign = launch(world, world.draft(late="drop"))
    expand(world.client.pk, campaign.id)

    tick.tick()
    at(evening + timedelta(hours=12))
    tick.tick()

    assert queue(world) == (3, 0)
    at(evening + timedelta(hours=24))
    tick.tick()
    assert queue(world) == (0, 0)


def test_late_messages_wait_when_the_author_said_nothing_else(world, at):
    campaign = launch(world, world.draft())
    expand(world.client.pk, campaign.id)

    at(clock.DEMO_START + timedelta(hours=6))
    tick.tick()

    assert queue(world) == (3, 0)
    assert world.reload(campaign).status == Campaign.Status.RUNNING


def test_a_recalled_campaign_can_be_changed_again(world):
    campaign = launch(world, world.draft(timing="at", starts_at=LATER))

    with client_scope(world.client.pk):
        lifecycle.back_to_draft(campaign, actor="user:owner")
        drafts.save_draft(world.reload(campaign), {"contents": [("Autre STOP SMS 36111", 1)]})

    with client_scope(world.client.pk):
        assert Variant.objects.get(campaign=campaign).source == "Autre STOP SMS 36111"


def test_only_a_draft_is_saved(world):
    campaign = launch(world, world.draft())

    with client_scope(world.client.pk), pytest.raises(Refused, match="campaign_not_draft"):
        drafts.save_draft(campaign, {"name": "Autre"})


def test_a_segment_of_somebody_else_is_none(world):
    other = factories.make_client("Autre")
    with client_scope(other.pk):
        foreign = factories.make_segment(other)
    campaign = world.draft()

    with client_scope(world.client.pk), pytest.raises(Refused, match="segment_missing"):
        drafts.save_draft(campaign, {"segment_ids": [foreign.id]})


def test_an_empty_variant_goes_away(world):
    campaign = world.draft()
    with client_scope(world.client.pk):
        drafts.save_draft(campaign, {"contents": [("A STOP", 1), ("", 1), ("C STOP", 2)]})

        assert list(campaign.variants.values_list("label", "source", "share")) == [
            ("A", "A STOP", 1),
            ("B", "C STOP", 2),
        ]
