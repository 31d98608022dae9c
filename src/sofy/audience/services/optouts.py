"""Lists of people who must not be written to: the client's own list from another tool, a regulator's file."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.conf import settings

from sofy.audience import ledger, rules
from sofy.audience.arrays import ByteaArray, TextArray, cursor
from sofy.audience.imports import columns, read, run
from sofy.audience.imports.apply import BY_KEY_ONLY
from sofy.audience.imports.rows import Reading, reader
from sofy.audience.ledger import Circumstances, Word
from sofy.audience.sqlfiles import sql
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.keys import keys_for
from sofy.kit.rls import client_scope


@dataclass
class OptOutResult:
    """Rows read, identities listed by this file, and rows without any valid identity."""

    total: int = 0
    listed: int = 0
    rejected: int = 0


@clause("CGVU 17")
def import_opt_outs(
    *,
    client_id: UUID,
    path: Path | str,
    source: str,
    actor: str,
    reason: str = "opt_out_list",
    mapping: list[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> OptOutResult:
    """Put every phone and e-mail of a file on the client's suppression list, whether they are contacts or not.

    Safe to run again after an interruption: a second time changes nothing.
    Raises: Refused with what is wrong with the file.
    """
    with open(path, "rb") as content, closing(content):
        table = read.open_table(content)
        has_header, guessed = columns.guess(run.sample(table))
        words = [c.field for c in (columns.chosen(mapping, guessed) if mapping else guessed)]
        kept = [word if word in ("phone", "email") else "" for word in words]
        if not any(kept):
            raise Refused("no_identity_column")
        result = OptOutResult(total=run.count_rows(table, has_header))
        reading = Reading(kept, {}, settings.SOFY.fictional_numbers, False, clock.now().date())
        read_row, keys = reader(reading), keys_for(client_id)
        done = 0
        for batch in run.batches(run.data_rows(table, has_header), 0):
            found: dict[str, dict[bytes, int]] = {"phone": {}, "email": {}}
            for number, cells in batch:
                record = read_row(number, cells or [])
                result.rejected += record.rejected
                found["phone"].update((keys.index("phone", phone.e164), number) for phone in record.phones)
                found["email"].update((keys.index("email", address), number) for address in record.emails)
            for kind, indexes in found.items():
                result.listed += _list(client_id, kind, indexes, reason=reason, source=source, actor=actor)
            done += len(batch)
            if progress:
                progress(done, result.total)
    with client_scope(client_id):
        facts = {"listed": result.listed, "rows": result.total, "reason": reason}
        audit.append(client_id, "suppression.imported", actor, facts)
    return result


def _list(client_id: UUID, kind: str, lines: dict[bytes, int], *, reason: str, source: str, actor: str) -> int:
    """Suppress identities of one kind; answers how many were not on the list yet."""
    if not lines:
        return 0
    channel, now = rules.CHANNEL_OF_KIND[kind], clock.now()
    with client_scope(client_id):
        cur = cursor()
        ledger.lock(cur, client_id)
        cur.execute(BY_KEY_ONLY)
        indexes = ByteaArray.of(list(lines))
        values = {
            "client": client_id, "channel": channel, "indexes": indexes, "reason": reason, "source": source[:120],
            "now": now, "actor": actor[:64],
        }  # fmt: skip
        new = [bytes(row[0]) for row in cur.execute(sql("suppress"), values)]
        owners = cur.execute(
            sql("owners_of"), {"client": client_id, "kinds": TextArray.of([kind]), "indexes": indexes}
        ).fetchall()
        contact = {bytes(index): owner.bytes for index, owner in owners}
        words = [Word(index, "opposed", now, contact.get(index), lines[index]) for index in new]
        for purpose in ("marketing", "alert"):
            shared = Circumstances(channel, purpose, "optouts", source, actor=actor)
            ledger.append_words(cur, client_id, shared, words, now=now)
        ledger.refresh_reach(cur, client_id, contact.values(), now=now)
    return len(new)
