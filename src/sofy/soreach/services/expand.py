"""From an audience to one message per recipient: the only writer of a campaign's ledger.

It may be killed at any point and run again from the start: the ledger takes a person once per campaign; a
person's variant, due moment and link codes are drawn from keyed hashes and not from chance; exclusions are written
once. Two of them at the same time do no harm.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection

from sofy.engine import alphabets, intake, permissions
from sofy.engine.intake import MessageIn
from sofy.kernel import clock, sms_text
from sofy.kit import audit
from sofy.kit.rls import CLIENT_SETTING, client_scope
from sofy.soreach import links
from sofy.soreach.content import MissingValue, TextTooLong
from sofy.soreach.models import Campaign
from sofy.soreach.people import Audience, Member, agreed_to_opens, mail_indexes, reachable_numbers
from sofy.soreach.services import caps, climbs, ladders, opens
from sofy.soreach.services import plan as plans
from sofy.soreach.services.climbs import Batch
from sofy.soreach.services.connections import open_as
from sofy.soreach.services.plan import Plan
from sofy.soreach.services.purse import Purse

BATCH = 8_000
AHEAD = 3  # batches that are read before they are needed
WRITERS = 2  # connections that store batches; each is a process of the database, which has more to do than this one


@dataclass
class Expanded:
    """What an expansion came to. Messages that an earlier run had written already are not counted as added."""

    added: int = 0
    prepared: int = 0
    parts: int = 0
    excluded: Counter[str] = field(default_factory=Counter)


def expand(client_id: UUID, campaign_id: UUID, *, batch: int = BATCH) -> Expanded:
    """Write a campaign's messages, batch after batch, each committed; answers the totals of this run."""
    with client_scope(client_id):
        campaign = Campaign.objects.get(client_id=client_id, id=campaign_id)
        if campaign.expanded_at is not None or campaign.status not in (
            Campaign.Status.EXPANDING,
            Campaign.Status.PAUSED,
        ):
            return Expanded()
        plan = plans.load(campaign)
        audience = Audience(
            client_id, campaign.segment_ids, campaign.excluded_segment_ids, plan.variables, consents=campaign.consents
        )
    total = Expanded()
    unsettled: deque[Batch] = deque()
    with open_as("sofy_web") as reader, ExitStack() as opened:
        writers = [opened.enter_context(open_as("sofy_engine")) for _ in range(WRITERS)]
        for writer in writers:
            writer.autocommit = True
        plan = replace(plan, takes=alphabets.read(writers[0]).of("marketing", plan.short_code))
        batches = _prepared(plan, campaign, audience, _ahead(_rows(reader, audience, batch)), unsettled)
        for added in intake.bulk(writers, client_id, batches, keys=plan.keys, campaign_id=campaign_id):
            _settle(plan, unsettled.popleft(), added, total)
    _finish(campaign, total)
    return total


def _prepared(
    plan: Plan,
    campaign: Campaign,
    audience: Audience,
    batches: Iterable[Sequence[Any]],
    unsettled: deque[Batch],
) -> Iterator[list[MessageIn]]:
    """The messages of batch after batch; each batch stays in `unsettled` until the ledger has it."""
    read = audience.reader(plan.keys)
    purse = Purse.of(plan)
    with client_scope(campaign.client_id):
        limits = caps.of_campaign(campaign)
    for rows in batches:
        with client_scope(campaign.client_id):
            if _is_cancelled(campaign):
                return
            capped = caps.capped_among(campaign, limits, reachable_numbers(rows)) if limits else frozenset()
            each = plan.opens == Campaign.Opens.EACH and "email" in campaign.consents
            measured = agreed_to_opens(campaign.client_id, mail_indexes(rows, campaign)) if each else frozenset()
        made = _write(replace(plan, measured=measured), rows, read, capped, purse)
        unsettled.append(made)
        yield made.messages


def _rows(reader: psycopg.Connection[Any], audience: Audience, size: int) -> Iterator[list[Any]]:
    """The audience as it is at this moment, a few thousand people at a time, under the client's own policy."""
    reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")  # one moment for all stretches
    reader.execute("SELECT set_config(%s, %s, true)", [CLIENT_SETTING, str(audience.client_id)])
    reader.execute("SET LOCAL work_mem = '64MB'")  # sorts the people of a usual campaign without a file
    reader.execute("SET LOCAL cursor_tuple_fraction = 1")  # every row is wanted, not the first ones soon
    for stretch in audience.stretches(reader):
        statement = audience.statement(between=stretch)
        with reader.cursor(name="audience", binary=True) as cursor:
            cursor.itersize = size
            cursor.execute(statement.sql.encode(), statement.params)
            while rows := cursor.fetchmany(size):
                yield rows


def _ahead(batches: Iterator[list[Any]]) -> Iterator[list[Any]]:
    """The same batches, fetched while those before are worked on: enough of them to bridge the start of a stretch."""
    with ThreadPoolExecutor(1, "audience") as pool:
        coming = deque(pool.submit(next, batches, None) for _ in range(AHEAD))
        while (batch := coming.popleft().result()) is not None:
            coming.append(pool.submit(next, batches, None))
            yield batch


def _write(
    plan: Plan,
    rows: Sequence[Any],
    read: Callable[[Any], Member],
    capped: frozenset[bytes],
    purse: Purse | None,
) -> Batch:
    """Render a batch and commit its exclusions and links, which must be there before the first message leaves."""
    for salt in range(8):
        salted = replace(plan, salt=salt)
        made = compose(salted, map(read, rows), capped)  # each person is opened, written to and forgotten
        left = 0
        if purse is not None:
            beyond, left = purse.pay(plan, made.messages)
            made.leave_out(beyond, "over_budget")
        try:
            if made.excluded or made.links or made.images:
                with client_scope(plan.client_id):
                    store_exclusions(plan.client_id, plan.campaign_id, made.excluded)
                    links.store(plan.client_id, plan.campaign_id, made.links)
                    opens.store(plan.client_id, plan.campaign_id, made.images)
        except links.Taken:
            continue
        if purse is not None:
            purse.left = left
        return made
    raise RuntimeError("No free short link code after eight tries.")


def compose(plan: Plan, members: Iterable[Member], capped: frozenset[bytes] = frozenset()) -> Batch:
    """Make the message of each person, or the reason why there is none."""
    made = Batch()
    for member in members:
        if member.state != "reachable":
            made.excluded[member.contact_id] = (member.state, "")
        elif member.recipient_index in capped:
            made.excluded[member.contact_id] = ("capped", "")
        else:
            _compose_one(plan, member, made)
    return made


def _compose_one(plan: Plan, member: Member, made: Batch) -> None:
    arm = plan.arm_for(member)
    if arm.content is None or arm.ways:
        climbs.compose(plan, arm, member, made)
        return
    rows = plan.links_for(arm.link_ids, member) if arm.link_ids else []
    try:
        text = arm.content.render(member.values, [plan.link_base + row[0] for row in rows])
    except MissingValue as missing:
        made.excluded[member.contact_id] = ("missing_value", missing.field)
        return
    except TextTooLong:
        made.excluded[member.contact_id] = ("too_long", "")
        return
    made.links += rows
    parts, encoding = sms_text.measure(text, plan.takes)
    due_at = plan.due_at(member)
    made.messages.append(
        MessageIn(
            purpose="marketing",
            to=member.number,
            text=text,
            sender=plan.sender,
            recipient_index=member.recipient_index,
            campaign_id=plan.campaign_id,
            contact_id=member.contact_id,
            establishment_id=member.establishment_id,
            variant=arm.label,
            short_code=plan.short_code,
            zone=member.zone,
            parts=parts,
            encoding=encoding,
            unit_price_eur=plan.unit_price_eur,
            due_at=due_at,
            expires_at=plan.expires_at(member, due_at),
        )
    )


def _settle(plan: Plan, made: Batch, added: int, total: Expanded) -> None:
    """Count a batch that is in the ledger; who is missing there shares a number with somebody who is in it."""
    messages = made.messages
    total.excluded.update(reason for reason, _ in made.excluded.values())
    total.added += added
    total.prepared += len(messages)
    total.parts += sum(message.parts for message in messages)
    if added == len(messages):
        return
    contacts = [message.contact_id for message in messages]
    with client_scope(plan.client_id):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT contact_id FROM engine_state WHERE client_id = %s AND campaign_id = %s"
                " AND contact_id = ANY(%s)",
                [plan.client_id, plan.campaign_id, contacts],
            )
            present = {row[0] for row in cursor.fetchall()}
        twice = {contact: ("duplicate_number", "") for contact in contacts if contact and contact not in present}
        store_exclusions(plan.client_id, plan.campaign_id, twice)
    total.excluded["duplicate_number"] += len(twice)
    total.prepared -= len(twice)


def store_exclusions(client_id: UUID, campaign_id: UUID, excluded: dict[UUID, tuple[str, str]]) -> None:
    """Write why people are left out; the first reason stays."""
    if not excluded:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO soreach_exclusion (client_id, campaign_id, contact_id, reason, detail)"
            " SELECT %s, %s, g.* FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS g"
            " ON CONFLICT (client_id, campaign_id, contact_id) DO NOTHING",
            [
                client_id,
                campaign_id,
                list(excluded),
                [reason for reason, _ in excluded.values()],
                [detail[:40] for _, detail in excluded.values()],
            ],
        )


def _is_cancelled(campaign: Campaign) -> bool:
    mine = Campaign.objects.filter(client_id=campaign.client_id, id=campaign.id)
    return mine.filter(status=Campaign.Status.CANCELLED).exists()


def _finish(campaign: Campaign, total: Expanded) -> None:
    """Say that everybody has their message; a campaign paused or cancelled meanwhile stays so."""
    with client_scope(campaign.client_id):
        locked = Campaign.objects.select_for_update(no_key=True).get(client_id=campaign.client_id, id=campaign.id)
        locked.expanded_at = clock.now()
        locked.counts = {
            "recipients": total.prepared,
            "parts": total.parts,
            "excluded": dict(total.excluded),
            "estimate_eur": str(total.parts * ladders.dearest_eur(locked)),
        }
        if total.excluded["over_budget"]:
            facts = {"campaign": str(locked.id), "people": total.excluded["over_budget"]}
            audit.append(locked.client_id, "campaign.budget_spent", "system", facts)
        if locked.status == Campaign.Status.EXPANDING:
            locked.status = Campaign.Status.RUNNING
        locked.save(update_fields=["expanded_at", "counts", "status"])
        connection.ensure_connection()
        if locked.status == Campaign.Status.CANCELLED:
            permissions.cancel_campaign(connection.connection, locked.client_id, locked.id)
            return
        if locked.status == Campaign.Status.PAUSED:
            permissions.pause_campaign(connection.connection, locked.client_id, locked.id)  # what was written meanwhile
        if len(locked.channels) > 1:
            return  # further messages come while channels lead nowhere: lifecycle.finish_if_done says when it is over
        permissions.campaign_expanded(connection.connection, locked.client_id, locked.id)
