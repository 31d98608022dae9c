"""Senders of a client, channel by channel: asked for, approved or refused by staff, withdrawn.

A name that operators reserve is refused (forbidden), or waits for a letter of the brand and for somebody who reads it.
"""

from uuid import UUID

from django.conf import settings
from django.db import transaction

from sofy.engine import permissions as gate
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kernel.senders import check_address, likeness
from sofy.kit import audit
from sofy.kit.below import engine_connection
from sofy.messaging.models import ReservedName, Sender
from sofy.messaging.services import email_domains

State = Sender.State
MOST_WAITING = 50


@clause("CGVU 13")
def add_sender(client_id: UUID, *, name: str, actor: str, channel: str = "sms") -> Sender:
    """Let messages of a client show a name at once: staff said yes. The same name twice is the same sender.

    Raises: Refused, with the code of what is wrong with the name.
    """
    _check(channel, name)
    with transaction.atomic():
        sender, created = _asked(client_id, channel, name, actor)
        if created or sender.state != State.APPROVED:
            _approve(sender, actor)
            audit.append(client_id, "sender.added", actor, _facts(sender))
    return sender


@clause("CGVU 13")
def request_sender(client_id: UUID, *, name: str, channel: str, actor: str) -> Sender:
    """Ask for a name. Where nothing real is sent it is approved at once, unless operators want a letter for it.

    Raises: Refused, with the code of what is wrong with the name.
    """
    rule = _check(channel, name)
    with transaction.atomic():
        if Sender.objects.filter(client_id=client_id, state=State.REQUESTED).count() >= MOST_WAITING:
            raise Refused("senders_waiting", most=MOST_WAITING)
        sender, created = _asked(client_id, channel, name, actor)
        if sender.state == State.APPROVED and not created:
            return sender
        if not settings.SOFY.production and rule is None:
            _approve(sender, actor)
            audit.append(client_id, "sender.added", actor, _facts(sender))
            return sender
        sender.state, sender.reason, sender.decided_at, sender.decided_by = State.REQUESTED, "", None, ""
        sender.save()
        audit.append(client_id, "sender.requested", actor, _facts(sender))
    return sender


@clause("CGVU 13")
def approve(client_id: UUID, sender_id: UUID, *, actor: str) -> Sender:
    """Let messages show a name that was asked for; one that operators reserve needs a letter that has not expired.

    Raises: Refused not_found, sender_forbidden, sender_letter.
    """
    with transaction.atomic():
        sender = _locked(client_id, sender_id)
        if _check(sender.channel, sender.name) is not None and not has_letter(sender):
            raise Refused("sender_letter", sender=sender.name)
        if sender.state != State.APPROVED:
            _approve(sender, actor)
            audit.append(client_id, "sender.approved", actor, _facts(sender))
    return sender


def refuse(client_id: UUID, sender_id: UUID, *, reason: str, actor: str) -> Sender:
    """Say no to a name, or take an approval back, with the reason the client reads.

    Raises: Refused not_found, sender_reason.
    """
    if not reason.strip():
        raise Refused("sender_reason")
    with transaction.atomic():
        sender = _locked(client_id, sender_id)
        sender.state, sender.reason = State.REFUSED, reason.strip()[:300]
        sender.decided_at, sender.decided_by = clock.now(), actor
        sender.save()
        _tell_gate(sender)
        audit.append(client_id, "sender.refused", actor, _facts(sender))
    return sender


def withdraw_sender(client_id: UUID, sender_id: UUID, *, actor: str) -> None:
    """Take a name away; campaigns that use it are refused at their next check, programs at their next message.

    Raises: Refused not_found.
    """
    with transaction.atomic():
        sender = _locked(client_id, sender_id)
        sender.withdrawn_at, sender.state = clock.now(), State.WITHDRAWN
        sender.save(update_fields=["withdrawn_at", "state"])
        _tell_gate(sender)
        audit.append(client_id, "sender.withdrawn", actor, _facts(sender))


def has_letter(sender: Sender) -> bool:
    """Whether a letter of the brand is there that is still good today."""
    today = clock.today()
    return any(
        proof.kind == "letter" and (proof.expires_on is None or proof.expires_on >= today)
        for proof in sender.proofs.defer("content")
    )


@clause("CGVU 13")
def lapse(client_id: UUID) -> int:
    """Names whose letter has expired wait for another one; inside the client's scope. Answers how many."""
    reserved = set(ReservedName.objects.filter(rule=ReservedName.Rule.LETTER).values_list("likeness", flat=True))
    lapsed = 0
    for sender in Sender.objects.filter(client_id=client_id, state=State.APPROVED, channel="sms"):
        if likeness(sender.name) in reserved and sender.proofs.exists() and not has_letter(sender):
            sender.state, sender.reason = State.REQUESTED, "letter_expired"
            sender.save(update_fields=["state", "reason"])
            _tell_gate(sender)
            audit.append(client_id, "sender.lapsed", "product", _facts(sender))
            lapsed += 1
    return lapsed


def _check(channel: str, name: str) -> ReservedName | None:
    """The rule of operators about a name, if there is one. Raises: Refused."""
    problem = check_address(channel, name)
    if problem:
        raise Refused(problem, sender=name)
    reserved = ReservedName.objects.filter(likeness=likeness(name)).first() if channel == "sms" else None
    if reserved is not None and reserved.rule == ReservedName.Rule.FORBIDDEN:
        raise Refused("sender_forbidden", sender=name)
    return reserved


def _asked(client_id: UUID, channel: str, name: str, actor: str) -> tuple[Sender, bool]:
    sender, created = Sender.objects.get_or_create(
        client_id=client_id,
        channel=channel,
        name=name,
        withdrawn_at=None,
        defaults={"created_by": actor, "state": State.REQUESTED},
    )
    return (sender if created else _locked(client_id, sender.pk)), created


def _locked(client_id: UUID, sender_id: UUID) -> Sender:
    rows = Sender.objects.select_for_update(no_key=True)
    sender = rows.filter(client_id=client_id, id=sender_id, withdrawn_at=None).first()
    if sender is None:
        raise Refused("not_found", 404)
    return sender


def _approve(sender: Sender, actor: str) -> None:
    unverified = sender.channel == "email" and not email_domains.is_verified(sender.client_id, sender.name)
    if unverified and settings.SOFY.production:
        raise Refused("sender_domain", sender=sender.name)
    sender.state, sender.reason = State.APPROVED, ""
    sender.decided_at, sender.decided_by = clock.now(), actor
    sender.save()
    _tell_gate(sender)


def _tell_gate(sender: Sender) -> None:
    """The engine's own list, as the API reads it."""
    tell = gate.write_sender if sender.state == State.APPROVED else gate.drop_sender
    tell(engine_connection(), sender.client_id, sender.name, channel=sender.channel)


def _facts(sender: Sender) -> dict[str, str]:
    return {"sender": sender.name, "channel": sender.channel}
