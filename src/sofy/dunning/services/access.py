"""Access follows from the contract: what a replay says is carried out where messages are let through."""

import time
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from sofy.billing.case.events import Lifted
from sofy.billing.services import events, tables
from sofy.clients import services as clients
from sofy.clients.models import Client, State
from sofy.contracts.models import OrderForm
from sofy.contracts.rules import access
from sofy.contracts.rules.values import as_moment
from sofy.dunning.models import Act
from sofy.dunning.rules.carrying_out import BY_HAND, Said, Stands, follows
from sofy.dunning.services import acts, standings
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit.models import AuditEntry
from sofy.kit.rls import client_scope, staff_scope

#: Who suspends and lifts for an unpaid invoice.
ACTOR = "dunning"
#: How many people lift, where it is not one.
_PEOPLE = {"two_staff": 2, "court": 0}
#: Unit: seconds of one turn of the chore; the next one goes on.
LONGEST_S = 120


@clause("CGVU 7.2", "CGVU 11", "CGVU 22")
def carry_out(client_id: UUID, *, shared: tables.Shared | None = None) -> Client:
    """Work out the contracts of a client, and close or open its access as they say; a second run changes nothing.

    A contract that cannot be worked out changes nothing for its client. Two at once wait for each other.
    """
    with client_scope(client_id):
        client = Client.objects.select_for_update(no_key=True, of=("self",)).get(pk=client_id)
        with staff_scope():
            worked = [standings.refresh(form, shared=shared) for form in standings.in_force(client_id)]
        said = [_said(one) for one in worked if one is not None]
        if len(said) < len(worked):
            return client
        stands = Stands(client.state == State.SUSPENDED, client.suspension_cause, client.suspended_at)
        then = follows(stands, said)
        if then is None:
            return client
        if not then.suspended:
            return clients.set_state(client_id, State.ACTIVE, actor=ACTOR, reason=_article(stands.cause))
        return clients.set_state(
            client_id, State.SUSPENDED, actor=ACTOR, reason=_article(then.cause), cause=then.cause
        )  # fmt: skip


def _said(worked: standings.Worked) -> Said:
    """What a contract says. A lifting counts although the contract did not hear of the suspension yet."""
    lifted = [
        (one.cause, one.at.astimezone(UTC))
        for one in worked.contract.case.events
        if isinstance(one, Lifted) and len(set(one.by)) >= _PEOPLE.get(access.CONSEQUENCES[one.cause].lifted_by, 1)
    ]
    return Said(tuple(one.cause for one in worked.position.shut), tuple(lifted))


def _article(cause: str) -> str:
    found = access.CONSEQUENCES.get(cause)  # type: ignore[call-overload]
    return str(found.because.article) if found else ""


def carry_out_waiting() -> int:
    """Work out the contracts whose day began, what is lawful by now first; answers for how many clients."""
    ends, done = time.monotonic() + LONGEST_S, 0
    while time.monotonic() < ends:
        with staff_scope():
            found, shared = standings.waiting(), tables.current()
        for client_id in found:
            carry_out(client_id, shared=shared)
        done += len(found)
        if not found:
            break
    return done


@clause("CGVU 11", "CGVU 13", "CGVU 14.1")
def suspend(client_id: UUID, *, cause: str, reason: str, actor: str) -> Client:
    """Staff closes the access at once, for a cause that needs no notice; its contracts hear of it by `tell_contracts`.

    Raises: Refused (suspension_cause): an unpaid invoice is only ever what the contract says.
    """
    if cause and cause not in BY_HAND:
        raise Refused("suspension_cause")
    return clients.set_state(client_id, State.SUSPENDED, actor=actor, reason=reason, cause=cause)


@clause("CGVU 7.2", "CGVU 11")
def suspend_for_default(client_id: UUID, order_form_id: UUID, *, actor: str) -> None:
    """Where the terms are read so that a person suspends (`suspension: by_hand`): after the five days, not before.

    Raises: Refused (suspension_not_yet, contract_unknown, contract_unreadable).
    """
    with staff_scope():
        worked = standings.work_out(client_id, order_form_id)
    notice = worked.position.notice
    if notice is None or notice.state != "expired" or worked.position.in_default:
        raise Refused("suspension_not_yet", 409)
    told = {"type": "suspended", "cause": "default", "by": [actor]}
    _bear(worked.order_form, told, clock.now(), f"default/{notice.sent_at.isoformat()}", actor)
    _carry_out_then(client_id)


@clause("CGVU 11", "CGVU 13", "CGVU 22")
def lift(client_id: UUID, *, reason: str, actor: str) -> bool:
    """Staff gives access back, as many people as the cause asks for; whether no other cause closes it.

    Raises: Refused (lifted_by_collection, second_person_needed, not_suspended).
    """
    with staff_scope():
        client = Client.objects.using("staff").filter(pk=client_id).first()
        forms = standings.in_force(client_id)
    if client is None or not forms:
        clients.set_state(client_id, State.ACTIVE, actor=actor, reason=reason)
        return True
    if client.state != State.SUSPENDED:
        raise Refused("not_suspended", 409)
    cause = client.suspension_cause
    if cause == "default":
        raise Refused("lifted_by_collection", 409)
    if not cause:
        clients.set_state(client_id, State.ACTIVE, actor=actor, reason=reason)
        return carry_out(client_id).state == State.ACTIVE
    by = list(_agreed(client, forms[0], cause, reason, actor))
    for form in forms:
        told = {"type": "lifted", "cause": cause, "by": by}
        _bear(form, told, clock.now(), f"lift/{client.suspended_at}", actor)
    _carry_out_then(client_id)
    with staff_scope():
        return not any(standings.work_out(client_id, form.pk).position.shut for form in forms)


def _carry_out_then(client_id: UUID) -> None:
    """Carry out once what was recorded is committed: a page's staff login holds the chain until its answer.

    Should it fail, the event itself has the worker do it.
    """
    transaction.on_commit(partial(carry_out, client_id), using="staff", robust=True)


def _agreed(client: Client, form: OrderForm, cause: str, reason: str, actor: str) -> tuple[str, ...]:
    """Who lifts. A definitive suspension takes two: the first one asks, somebody else agrees.

    Raises: Refused (second_person_needed).
    """
    if access.CONSEQUENCES[cause].lifted_by != "two_staff":  # type: ignore[index]
        return (actor,)
    key = f"lift/{client.suspended_at}/{actor}"
    with staff_scope():
        wishes = Act.objects.using("staff").filter(
            order_form=form, what=Act.What.LIFT_ASKED, at__gte=client.suspended_at
        )
        asked = wishes.exclude(actor=actor).first()
        if asked is None and not wishes.filter(key=key).exists():
            acts.keep(form, what=Act.What.LIFT_ASKED, key=key, text=reason, actor=actor)
    if asked is None:
        raise Refused("second_person_needed", 409)
    return (asked.actor, actor)


@clause("CGVU 7.2", "CGVU 11")
def tell_contracts(client_id: UUID, entry: int) -> None:
    """What was decided about the access of a client in a room below becomes an event of its contracts, once."""
    with client_scope(client_id):
        row = AuditEntry.objects.get(client_id=client_id, seq=entry)
    cause = row.facts.get("cause", "")
    if row.actor == ACTOR or cause not in BY_HAND:
        return
    evidence = row.facts.get("reason", "")
    told: dict[str, Any] = {"type": "suspended", "cause": cause, "evidence": evidence, "by": [row.actor]}
    if row.action == "client.active":
        told = {"type": "lifted", "cause": cause, "by": [row.actor]}
    elif cause == "fraud":
        told = {"type": "fraud", "evidence": evidence}
    with staff_scope():
        forms = standings.in_force(client_id)
    for form in forms:
        _bear(form, told, row.at, f"chain/{entry}", row.actor)


def _bear(form: OrderForm, told: dict[str, Any], at: datetime, key: str, actor: str) -> None:
    """Record an event; a contract that was signed later does not bear it."""
    event = {**told, "at": as_moment(at).isoformat()}
    try:
        events.record(form.client_id, form.pk, event, source="access", source_key=key, actor=actor)
    except Refused as refused:
        if refused.code != "event_before_contract":
            raise
