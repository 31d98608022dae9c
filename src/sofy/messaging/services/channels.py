"""Which channels a client does without, and which `auto` takes: decided by the client or by staff, and kept."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import msgspec
from django.db import connection, transaction

from sofy.engine import permissions as gate
from sofy.kernel.channels import CHANNELS
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.below import engine_connection
from sofy.kit.rls import client_scope

#: How long a channel of the ladder is tried when nobody said. Unit: seconds.
AFTER_S: Final = 4 * 3600
LEAST_AFTER_S, MOST_AFTER_S = 5, 72 * 3600
Ladder = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Choice:
    """What a client chose. `ladder`: channel and seconds, in order; empty: RCS, then SMS, as for everybody."""

    off: frozenset[str] = frozenset()
    ladder: Ladder = ()


def chosen(client_id: UUID, *, lock: bool = False) -> Choice:
    """What holds for a client now."""
    with client_scope(client_id), connection.cursor() as cursor:
        if lock:
            cursor.execute("SELECT FROM gate_client WHERE client_id = %s FOR NO KEY UPDATE", [client_id])
        cursor.execute("SELECT channels_off, ladder FROM gate_client WHERE client_id = %s", [client_id])
        row = cursor.fetchone()
    if row is None:
        return Choice()
    steps = msgspec.json.decode(row[1]) if isinstance(row[1], str) else row[1] or ()
    return Choice(frozenset(row[0]), tuple((step["channel"], step["after_s"]) for step in steps))


@clause("DPA 9")
def choose(
    client_id: UUID, *, actor: str, off: Collection[str] | None = None, ladder: Sequence[tuple[str, int]] | None = None
) -> Choice:
    """Change what a client does without and which channels `auto` takes; what is not given stays.

    It holds for what is accepted from now on, and for what waits: the gate withholds it at hand-over (`channel_off`).
    Raises: Refused channel_unknown, channels_all_off, ladder_twice, ladder_time, ladder_channel_off.
    """
    with client_scope(client_id), transaction.atomic():
        before = chosen(client_id, lock=True)
        wanted = Choice(
            before.off if off is None else frozenset(off), before.ladder if ladder is None else tuple(ladder)
        )
        _check(wanted)
        if wanted == before:
            return before
        gate.write_channels(engine_connection(), client_id, off=_ordered(wanted.off), ladder=wanted.ladder)
        facts = {"off": _ordered(wanted.off), "order": [f"{channel} {after_s} s" for channel, after_s in wanted.ladder]}
        audit.append(client_id, "client.channels", actor, facts)
    return wanted


def _ordered(names: Collection[str]) -> list[str]:
    return [channel for channel in CHANNELS if channel in names]


def _check(wanted: Choice) -> None:
    taken = [channel for channel, _after_s in wanted.ladder]
    for name in (*wanted.off, *taken):
        if name not in CHANNELS:
            raise Refused("channel_unknown", channel=name[:20], known=", ".join(CHANNELS))
    if wanted.off >= set(CHANNELS):
        raise Refused("channels_all_off")
    if len(set(taken)) < len(taken):
        raise Refused("ladder_twice")
    if any(not LEAST_AFTER_S <= after_s <= MOST_AFTER_S for _channel, after_s in wanted.ladder):
        raise Refused("ladder_time", least=LEAST_AFTER_S, most=MOST_AFTER_S // 3600)
    if off := [name for name in taken if name in wanted.off]:
        raise Refused("ladder_channel_off", channel=", ".join(off))
