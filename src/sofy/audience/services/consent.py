"""Record what one person said, and show it as proof."""

from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import transaction

from sofy.audience import ledger, rules
from sofy.audience.arrays import cursor
from sofy.audience.models import ConsentEvent, ConsentText, Identity, Import, Suppression
from sofy.kernel import bounces, clock, phone
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kernel.ids import uuid7
from sofy.kit import audit
from sofy.kit.keys import keys_for

PURPOSES = ("marketing", "alert")
#: What a person may agree to beside messages: that their openings of e-mails are told from those of everybody.
OPENS = "opens"


@clause("DPA 5")
def record(
    *,
    client_id: UUID,
    identity_id: UUID,
    purpose: str,
    state: str,
    source: str,
    actor: str,
    at: datetime | None = None,
    text: str = "",
    evidence: str = "",
    channel: str = "",
) -> None:
    """Append one word of a person about one of their addresses.

    `channel`: whatsapp for a number where it is about WhatsApp, which is agreed to apart; else that of the address.
    A consent given after an opt-out counts only with its evidence. Source: DPA 5 (proof of consent).
    Raises: Refused, as `rules.check_event`; not_found; choice_unknown; opens_by_email_only.
    """
    if purpose not in (*PURPOSES, OPENS) or state not in ("granted", "withdrawn", "opposed"):
        raise Refused("choice_unknown")
    now = clock.now()
    with transaction.atomic():
        cur = cursor()
        ledger.lock(cur, client_id)
        identity = Identity.objects.filter(client_id=client_id, id=identity_id, deleted_at=None).first()
        if identity is None:
            raise Refused("not_found", 404)
        if channel and (identity.kind, channel) != ("phone", "whatsapp"):
            raise Refused("choice_unknown")
        channel, event_id = channel or rules.CHANNEL_OF_KIND[identity.kind], uuid7()
        if purpose == OPENS and channel != "email":
            raise Refused("opens_by_email_only")
        before = ledger.known(cur, client_id, [identity.index]).state((identity.index, channel, purpose))
        lifts = state == "granted" and before in rules.OPT_OUTS
        rules.check_event(
            state=state, source=source, lifts=lifts, has_evidence=bool(evidence.strip()), at=at or now, now=now
        )
        sealed = (
            keys_for(client_id).seal("audience_consent_event", "evidence", event_id, evidence) if evidence else None
        )
        event = ledger.Event(
            identity.index, channel, purpose, state, at or now, source, identity.contact_id, lifts, id=event_id,
            text_hash=_keep_text(client_id, text), evidence=sealed, actor=actor,
        )  # fmt: skip
        ledger.append(cur, client_id, [event], now=now)
        if lifts and purpose != OPENS:
            listed = Suppression.objects.filter(client_id=client_id, channel=channel, identity_index=identity.index)
            listed.exclude(reason__in=bounces.REASONS).delete()  # a word does not mend an address
        ledger.refresh_reach(cur, client_id, [identity.contact_id], now=now)
        facts = {"contact": identity.contact_id, "channel": channel, "purpose": purpose, "state": state}
        audit.append(client_id, "consent.recorded", actor, facts)


def history(client_id: UUID, contact_id: UUID) -> list[dict[str, Any]]:
    """All consent events about the addresses of a contact, newest first, opened."""
    identities = Identity.objects.filter(client_id=client_id, contact_id=contact_id)
    shown = {bytes(row.index): phone.display(row.value) if row.kind == "phone" else row.value for row in identities}
    events = ConsentEvent.objects.filter(client_id=client_id, identity_index__in=list(shown)).order_by("-id")
    texts = _texts(client_id, {bytes(event.text_hash) for event in events if event.text_hash})
    keys = keys_for(client_id)
    return [
        {
            "event": event,
            "address": shown[bytes(event.identity_index)],
            "text": texts.get(bytes(event.text_hash), "") if event.text_hash else "",
            "text_hash": bytes(event.text_hash).hex() if event.text_hash else "",
            "evidence": keys.unseal("audience_consent_event", "evidence", event.id, bytes(event.evidence))
            if event.evidence
            else "",
        }
        for event in events
    ]


@clause("DPA 5")
def proof(client_id: UUID, contact_id: UUID) -> list[dict[str, Any]]:
    """The consent history of a person as plain values, for a file that proves it; times are those of Paris."""
    events = history(client_id, contact_id)
    imports = {each["event"].import_id for each in events if each["event"].import_id}
    files = {row.id: row.file_name for row in Import.objects.filter(client_id=client_id, id__in=imports)}
    return [
        {
            "address": each["address"],
            "channel": each["event"].channel,
            "purpose": each["event"].purpose,
            "state": each["event"].state,
            "decided_at": each["event"].at.astimezone(clock.PARIS).isoformat(),
            "recorded_at": each["event"].recorded_at.astimezone(clock.PARIS).isoformat(),
            "source": each["event"].source,
            "detail": each["event"].detail,
            "import": str(each["event"].import_id or ""),
            "file": files.get(each["event"].import_id, ""),
            "line": each["event"].line,
            "text_shown": each["text"],
            "text_sha256": each["text_hash"],
            "evidence": each["evidence"],
            "recorded_by": each["event"].actor,
            "event": str(each["event"].id),
        }
        for each in events
    ]


def _keep_text(client_id: UUID, text: str) -> bytes | None:
    text = text.strip()
    if not text:
        return None
    digest = sha256(text.encode()).digest()
    if not ConsentText.objects.filter(client_id=client_id, hash=digest).exists():
        ConsentText(client_id=client_id, hash=digest, text=text).save(force_insert=True)
    return digest


def _texts(client_id: UUID, hashes: set[bytes]) -> dict[bytes, str]:
    rows = ConsentText.objects.filter(client_id=client_id, hash__in=list(hashes))
    return {bytes(row.hash): row.text for row in rows}
