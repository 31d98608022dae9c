"""Which of a client's numbers a list of the platform stops, so that counts say before a campaign what the gate will.

The list is kept under the platform's keys, the numbers of a client under its own: nothing can be joined. So each number
is opened once, asked about, and marked. The gate decides without these marks.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from uuid import UUID

from sofy.audience import ledger
from sofy.audience.arrays import ByteaArray, cursor
from sofy.audience.models import StoppedCheck
from sofy.audience.sqlfiles import sql
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit.keys import keys_for
from sofy.kit.rls import client_scope

BATCH = 5_000
#: Ids are made before their batch commits: what was made this long before the last one seen is looked at again.
SLACK_MS = 600_000
#: Which of these addresses (kind and value) a list stops.
Listed = Callable[[Sequence[tuple[str, str]]], Sequence[bool]]


def check_all(*, version: str, listed: Listed) -> int:
    """Do it for every client; answers how many numbers changed sides."""
    cur = cursor()
    clients = [row[0] for row in cur.execute("SELECT audience_clients()").fetchall()]
    changed = 0
    for client_id in clients:
        with suppress(Refused):  # the keys of a client that left are destroyed, and its numbers with them
            changed += check(client_id=client_id, version=version, listed=listed)
    return changed


@clause("CGVU 13")
def check(*, client_id: UUID, version: str, listed: Listed) -> int:
    """Compare what came in since the last time with the list, or everything when the list changed since.

    May be killed and run again at any point: it goes on from its last committed batch.
    """
    with client_scope(client_id):
        known = StoppedCheck.objects.filter(client_id=client_id).first()
        newest = cursor().execute(sql("newest_identity"), {"client": client_id}).fetchone()
    if newest is None:
        return 0
    after = UUID(int=0)
    if known is not None and known.version == version:
        if known.seen >= newest[0]:
            return 0
        after = UUID(int=max(0, known.seen.int - (SLACK_MS << 80)))
    changed = 0
    while True:
        rows = _next(client_id, after)
        if not rows:
            return changed
        after = rows[-1][0]
        changed += _mark(client_id, rows, listed, StoppedCheck(client_id=client_id, version=version, seen=after))


_Row = tuple[UUID, UUID, str, bytes, bytes, bool]


def _next(client_id: UUID, after: UUID) -> list[_Row]:
    values = {"client": client_id, "after": after, "limit": BATCH}
    with client_scope(client_id):
        return cursor().execute(sql("identities_after"), values).fetchall()


def _mark(client_id: UUID, rows: Sequence[_Row], listed: Listed, state: StoppedCheck) -> int:
    """One batch in one transaction: marks, what contacts come to, and how far this is."""
    opened = keys_for(client_id).opener("audience_identity", "value")
    asked = [row for row in rows if row[2] in ("phone", "email")]
    answers = listed([(row[2], opened(row[0], row[4])) for row in asked])
    stopped = {bytes(row[3]) for row, answer in zip(asked, answers, strict=True) if answer}
    with client_scope(client_id):
        cur, now = cursor(), clock.now()
        every = {bytes(row[3]) for row in asked}
        values = {"client": client_id, "indexes": ByteaArray.of(sorted(every)), "now": now}
        marked = {bytes(found[0]) for found in cur.execute(sql("stopped_among"), values)}
        changed = stopped ^ marked
        if changed:
            ledger.lock(cur, client_id)
            cur.execute(sql("mark_stopped"), values | {"indexes": ByteaArray.of(sorted(stopped - marked))})
            cur.execute(sql("unmark_stopped"), values | {"indexes": ByteaArray.of(sorted(marked - stopped))})
            # Not `now`: nothing the client did is changed by this, so nothing the client may take back is either.
            ledger.refresh_reach(cur, client_id, [row[1] for row in asked if bytes(row[3]) in changed], now=None)
        state.save()
    return len(changed)


def forget(*, client_id: UUID) -> None:
    """Remove the marks of numbers that are gone; inside the client's scope."""
    cursor().execute(sql("forget_stopped"), {"client": client_id})
