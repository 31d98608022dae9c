"""From launch to the end: each step under the campaign's lock, in the audit chain, and told to the gate."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from sofy.clients.models import Client
from sofy.engine import permissions
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.soreach import report, rules
from sofy.soreach.models import Campaign
from sofy.soreach.rules import Status
from sofy.soreach.services import checks
from sofy.soreach.services.drafts import lock

#: The engine looks for the message of a receipt for eight days after the hand-over (engine/sql/receipts.sql).
SETTLED_AFTER = timedelta(days=9)
#: Local times and nights move the beginning of a channel; receipts take a moment.
_SPARE = timedelta(days=1)


@clause("CGVU 14.1")
def launch(client: Client, campaign: Campaign, *, actor: str, typed_count: int | None = None) -> Campaign:
    """Confirm a draft: it leaves now, at its date, or waits for a second person where the client wants one.

    Raises: Refused campaign_not_draft, campaign_checks (a check stops it), typed_count (a thousand people or more).
    """
    with transaction.atomic():
        locked = lock(campaign.id, client.id)
        if not locked.is_draft:
            raise Refused("campaign_not_draft", 409, state=locked.status)
        reachable = _recheck(client, locked)
        if rules.needs_typed_count(reachable) and typed_count != reachable:
            raise Refused("typed_count", expected=reachable)
        locked.confirmed_count = reachable
        locked.launched_by = actor
        if client.approval_required and not locked.approved_by:
            _move(locked, Status.AWAITING)
            audit.append(client.id, "campaign.submitted", actor, _facts(locked))
        else:
            _go(locked, actor)
        locked.save()
    return locked


def approve(client: Client, campaign: Campaign, *, actor: str) -> Campaign:
    """Let a campaign go that somebody else confirmed.

    Raises: Refused campaign_not_waiting, approval_by_same_person, campaign_checks.
    """
    with transaction.atomic():
        locked = lock(campaign.id, client.id)
        if locked.status != Campaign.Status.AWAITING:
            raise Refused("campaign_not_waiting", 409, state=locked.status)
        if actor in (locked.launched_by, locked.author):
            raise Refused("approval_by_same_person", 403)
        _recheck(client, locked)
        locked.approved_by, locked.approved_at = actor, clock.now()
        audit.append(client.id, "campaign.approved", actor, _facts(locked))
        _go(locked, actor)
        locked.save()
    return locked


def back_to_draft(campaign: Campaign, *, actor: str) -> Campaign:
    """Take a campaign that has not left back to its draft; an approval does not survive it.

    Raises: Refused campaign_cannot.
    """
    with transaction.atomic():
        locked = lock(campaign.id, campaign.client_id)
        _move(locked, Status.DRAFT)
        locked.approved_by, locked.approved_at, locked.confirmed_count, locked.launched_at = "", None, None, None
        locked.refused_because = []
        locked.save()
        audit.append(locked.client_id, "campaign.recalled", actor, _facts(locked))
    return locked


def pause(campaign: Campaign, *, actor: str) -> Campaign:
    """Stop handing messages over; nothing is lost."""
    return _live(campaign, Status.PAUSED, actor, "campaign.paused", permissions.pause_campaign)


def resume(campaign: Campaign, *, actor: str) -> Campaign:
    """Go on exactly where the pause began."""
    resumed = _live(campaign, None, actor, "campaign.resumed", permissions.resume_campaign)
    if resumed.status == Campaign.Status.EXPANDING:
        _defer_expansion(resumed)
    return resumed


def cancel(campaign: Campaign, *, actor: str) -> Campaign:
    """End a campaign: what has not left never will. Before the launch there is nothing to tell the gate."""
    return _live(campaign, Status.CANCELLED, actor, "campaign.cancelled", permissions.cancel_campaign)


def finish_if_done(campaign: Campaign) -> Campaign:
    """End a campaign whose every message has left or was withheld; late receipts still improve its report."""
    if campaign.status != Campaign.Status.RUNNING or campaign.expanded_at is None:
        return campaign
    shown = report.progress(campaign)
    if shown.waiting or _goes_on(campaign, shown.under_way):
        return campaign
    with transaction.atomic():
        locked = lock(campaign.id, campaign.client_id)
        if locked.status == Campaign.Status.RUNNING:
            if len(locked.channels) > 1:
                permissions.campaign_expanded(connection.connection, locked.client_id, locked.id)
            _move(locked, Status.FINISHED)
            locked.finished_at = clock.now()
            locked.save(update_fields=["status", "finished_at"])
            audit.append(locked.client_id, "campaign.finished", "system", _facts(locked))
    return locked


def _goes_on(campaign: Campaign, under_way: int) -> bool:
    """Whether another channel may still be tried for somebody: one led nowhere, or has its time and said nothing."""
    if len(campaign.channels) == 1:
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM engine_ladder_step WHERE client_id = %s)", [campaign.client_id])
        if cursor.fetchone()[0]:
            return True
    tried_s = sum(step["after_s"] for step in campaign.ladder) + campaign.spread_hours * 3_600
    return under_way > 0 and clock.now() < campaign.schedule.starts_at + timedelta(seconds=tried_s) + _SPARE


def settle(campaign: Campaign) -> None:
    """Write down the count of a campaign that ended so long ago that no receipt can change it any more."""
    campaign.settled = dict(report.progress(campaign).by_status)
    campaign.save(update_fields=["settled"])


def unsettled(client_id: UUID) -> QuerySet[Campaign]:
    """The campaigns that are ready for `settle`."""
    ended = Campaign.objects.filter(
        client_id=client_id, settled__isnull=True, finished_at__lte=clock.now() - SETTLED_AFTER
    )
    return ended.order_by("finished_at")


def start_if_due(client: Client, campaign: Campaign) -> Campaign:
    """Begin a scheduled campaign when its moment has come; refuse it when a check stops it by now."""
    if campaign.status != Campaign.Status.SCHEDULED or campaign.schedule.prepare_at > clock.now():
        return campaign
    with transaction.atomic():
        locked = lock(campaign.id, client.id)
        if locked.status != Campaign.Status.SCHEDULED:
            return locked
        found, _ = checks.run_checks(client, locked)
        stopping = [problem for problem in checks.stopping(found) if problem["code"] != "date_in_the_past"]
        if stopping:
            _move(locked, Status.REFUSED)
            locked.refused_because = stopping
            codes = [problem["code"] for problem in stopping]
            audit.append(client.id, "campaign.refused", "system", _facts(locked) | {"checks": codes})
        else:
            _begin(locked)
        locked.save()
    return locked


def drop_late(campaign: Campaign) -> None:
    """Carry out the late policy "do not send it any more" for what no engine asked the gate about since its day ended.

    People whose own day is not over yet still get their message; the campaign ends when nobody waits.
    """
    if campaign.late != Campaign.Late.DROP or campaign.status != Campaign.Status.RUNNING:
        return
    if campaign.expanded_at is None or clock.now() < rules.day_ends((), campaign.schedule.starts_at):
        return
    with transaction.atomic():
        locked = lock(campaign.id, campaign.client_id)
        dropped = permissions.drop_late(connection.connection, locked.client_id, locked.id)
        if dropped:
            audit.append(locked.client_id, "campaign.dropped_late", "system", _facts(locked) | {"messages": dropped})


def _recheck(client: Client, campaign: Campaign) -> int:
    found, estimate = checks.run_checks(client, campaign)
    if not rules.may_launch(found):
        raise Refused("campaign_checks", problems=checks.stopping(found))
    return estimate.reachable


def _go(campaign: Campaign, actor: str) -> None:
    """Begin now, or note the date."""
    if campaign.timing == Campaign.Timing.NOW:
        campaign.starts_at = clock.now()
    campaign.launched_at = clock.now()
    if campaign.schedule.prepare_at > clock.now():
        _move(campaign, Status.SCHEDULED)
    else:
        _begin(campaign)
    audit.append(
        campaign.client_id, "campaign.launched", actor, _facts(campaign) | {"confirmed": campaign.confirmed_count}
    )


def _begin(campaign: Campaign) -> None:
    _move(campaign, Status.EXPANDING)
    connection.ensure_connection()
    permissions.start_campaign(connection.connection, campaign.client_id, campaign.id)
    _defer_expansion(campaign)


def _defer_expansion(campaign: Campaign) -> None:
    from sofy.kit import jobs
    from sofy.soreach import tasks

    jobs.defer(tasks.expand_campaign, campaign.client_id, campaign_id=campaign.id)


def _live(campaign: Campaign, target: Status | None, actor: str, action: str, tell: Any) -> Campaign:
    with transaction.atomic():
        locked = lock(campaign.id, campaign.client_id)
        was_live = locked.is_live
        _move(locked, target or (Status.RUNNING if locked.expanded_at else Status.EXPANDING))
        if target == Status.CANCELLED:
            locked.finished_at = clock.now()
        count = tell(connection.connection, locked.client_id, locked.id) if was_live else 0
        locked.save(update_fields=["status", "finished_at"])
        audit.append(locked.client_id, action, actor, _facts(locked) | {"messages": count})
    return locked


def _move(campaign: Campaign, target: Status) -> None:
    if not rules.may_move(Status(campaign.status), target):
        raise Refused("campaign_cannot", 409, state=campaign.status, target=str(target))
    campaign.status = target.value
    campaign.updated_at = clock.now()


def _facts(campaign: Campaign) -> dict[str, Any]:
    return {"campaign": str(campaign.id), "status": str(campaign.status)}


def find(client_id: UUID, campaign_id: UUID) -> Campaign | None:
    """One campaign of a client, None when it has no such campaign."""
    return Campaign.objects.filter(client_id=client_id, id=campaign_id).first()
