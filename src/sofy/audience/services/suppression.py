"""The client's own list of addresses nobody may write to."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from sofy.audience import ledger
from sofy.audience.arrays import cursor
from sofy.audience.models import Identity, Suppression
from sofy.audience.services.consent import PURPOSES
from sofy.audience.services.contacts import addresses
from sofy.audience.services.unreachable import take_off
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.keys import keys_for

REASONS = ("opt_out_list", "complaint", "invalid", "manual")


@clause("CGVU 17")
def add(*, client_id: UUID, phones: Sequence[str], emails: Sequence[str], reason: str, source: str, actor: str) -> int:
    """Put addresses on the list; answers how many were not on it. Known to the gate from the same commit.

    Source: CGVU 17 (opposition at any moment).
    Raises: Refused phone_invalid, email_invalid, identity_missing, choice_unknown.
    """
    found = addresses(phones, emails)
    if not found:
        raise Refused("identity_missing")
    if reason not in REASONS:
        raise Refused("choice_unknown")
    keys, now = keys_for(client_id), clock.now()
    with transaction.atomic():
        cur = cursor()
        ledger.lock(cur, client_id)
        wanted = {("sms" if each.kind == "phone" else "email", keys.index(each.kind, each.value)) for each in found}
        for on in ("sms", "email"):  # whoever says no is on the list for that, also when mail to them came back
            take_off(client_id, on, [index for channel, index in wanted if channel == on])
        listed = Suppression.objects.filter(client_id=client_id, identity_index__in=[index for _, index in wanted])
        new = sorted(wanted - {(row.channel, bytes(row.identity_index)) for row in listed})
        Suppression.objects.bulk_create(
            Suppression(
                client_id=client_id, channel=channel, identity_index=index, reason=reason, source=source[:120],
                created_at=now, actor=actor[:64],
            )
            for channel, index in new
        )  # fmt: skip
        indexes = [index for _, index in new]
        owners = {
            bytes(row.index): row.contact_id
            for row in Identity.objects.filter(client_id=client_id, index__in=indexes, deleted_at=None)
        }
        events = [
            ledger.Event(
                index, channel, purpose, "opposed", now, "suppression", owners.get(index), detail=reason, actor=actor
            )
            for channel, index in new
            for purpose in PURPOSES
        ]
        ledger.append(cur, client_id, events, now=now)
        ledger.refresh_reach(cur, client_id, owners.values(), now=now)
        audit.append(client_id, "suppression.added", actor, {"count": len(new), "reason": reason})
    return len(new)
