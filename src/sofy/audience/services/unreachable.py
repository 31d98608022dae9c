"""Addresses that do not work: put on the client's list when messages come back, and taken off by the client.

Nobody said no, so the consent ledger is not told: the row of the list and the gate's word for all purposes are all
there is of it, and consent is what it was when the client takes the address off again.
"""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from sofy.audience import ledger
from sofy.audience.arrays import ByteaArray, TextArray, cursor
from sofy.audience.models import Suppression
from sofy.audience.rules import CHANNEL_OF_KIND
from sofy.audience.sqlfiles import sql
from sofy.engine.permissions import Permission, write_permissions
from sofy.kernel import bounces, clock
from sofy.kernel.clauses import clause
from sofy.kit import audit
from sofy.kit.keys import keys_for

_KIND_OF_CHANNEL = {channel: kind for kind, channel in CHANNEL_OF_KIND.items()}


@clause("CGVU 14.3")
def came_back(*, client_id: UUID, message_id: UUID, for_good: bool) -> str:
    """A message failed because of its address; answers why the address is on the list now, "" when it is not.

    `for_good`: the supplier says that there is no such address; else the last mails to it are counted again, so that
    doing this twice changes nothing. In the caller's transaction, inside the client's scope.
    """
    cur = cursor()
    ledger.lock(cur, client_id)
    found = cur.execute(sql("came_back"), {"client": client_id, "message": message_id}).fetchone()
    if found is None or found[1] not in bounces.HARD_REASON:
        return ""
    index, channel, at = bytes(found[0]), found[1], found[2]
    reason = bounces.HARD_REASON[channel] if for_good else bounces.SOFT_REASON
    if not for_good:
        mails = cur.execute(sql("mails_to"), {"client": client_id, "index": index}).fetchall()
        if channel != "email" or not bounces.keeps_bouncing(bounces.Sent(*mail) for mail in mails):
            return ""
    asked = {"client": client_id, "index": index, "channel": channel, "at": at}
    if cur.execute(sql("put_back_since"), asked).fetchone():
        return ""
    now = clock.now()
    values = {
        "client": client_id, "channel": channel, "indexes": ByteaArray.of([index]), "reason": reason, "source": "",
        "now": now, "actor": "engine",
    }  # fmt: skip
    if cur.execute(sql("suppress"), values).fetchall():
        write_permissions(cur.connection, client_id, [Permission(index, channel, "all", "opposed", now)])
        _refresh(client_id, channel, [index])
        audit.append(client_id, "suppression.unreachable", "product", {"channel": channel, "reason": reason})
    return reason


def put_back(*, client_id: UUID, kind: str, address: str, actor: str) -> bool:
    """Write to an address again that is on the list because messages came back; says whether it was.

    Consent is what it was. `kind`: phone or email.
    """
    index, channel = keys_for(client_id).index(kind, address), CHANNEL_OF_KIND[kind]
    with transaction.atomic():
        ledger.lock(cursor(), client_id)
        back = take_off(client_id, channel, [index])
        if back:
            _refresh(client_id, channel, back)
            audit.append(client_id, "suppression.put_back", actor, {"channel": channel})
    return bool(back)


def reasons_of(client_id: UUID, indexes: Sequence[bytes]) -> dict[tuple[str, bytes], str]:
    """Why messages to some addresses do not arrive, by kind and index."""
    rows = Suppression.objects.filter(client_id=client_id, identity_index__in=indexes, reason__in=bounces.REASONS)
    return {(_KIND_OF_CHANNEL[row.channel], bytes(row.identity_index)): row.reason for row in rows}


def take_off(client_id: UUID, channel: str, indexes: Sequence[bytes]) -> list[bytes]:
    """Forget that messages to these came back, for the list and the gate, under the lock; answers which had."""
    cur, now = cursor(), clock.now()
    reasons = TextArray.of(list(bounces.REASONS))
    values = {"client": client_id, "channel": channel, "indexes": ByteaArray.of(list(indexes)), "reasons": reasons}
    gone = [bytes(row[0]) for row in cur.execute(sql("unsuppress"), values).fetchall()]
    write_permissions(cur.connection, client_id, [Permission(each, channel, "all", "granted", now) for each in gone])
    return gone


def _refresh(client_id: UUID, channel: str, indexes: Sequence[bytes]) -> None:
    cur = cursor()
    kinds = TextArray.of([_KIND_OF_CHANNEL[channel]])
    values = {"client": client_id, "kinds": kinds, "indexes": ByteaArray.of(list(indexes))}
    owners = [row[1] for row in cur.execute(sql("owners_of"), values)]
    ledger.refresh_reach(cur, client_id, owners, now=clock.now())
