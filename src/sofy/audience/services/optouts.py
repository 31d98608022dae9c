"""Lists of people whom a client must not write to, as another tool wrote them.

Such a list is an import of another kind: same upload, same progress, same file of remarks, but no undo, since nothing
here lifts an opt-out.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import transaction

from sofy.audience import ledger, rules, vault
from sofy.audience.arrays import ByteaArray, TextArray, cursor
from sofy.audience.imports import columns, read
from sofy.audience.imports import run as running
from sofy.audience.imports.apply import BY_KEY_ONLY
from sofy.audience.imports.rows import Reading, Record, reader, unreadable
from sofy.audience.ledger import Circumstances, Word
from sofy.audience.models import Import, ImportRow
from sofy.audience.services import imports
from sofy.audience.services.suppression import REASONS
from sofy.audience.services.unreachable import take_off
from sofy.audience.sqlfiles import sql
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.jobs import defer
from sofy.kit.keys import keys_for
from sofy.kit.rls import client_scope

KIND = "optouts"
AT_ONCE = 5_000
Progress = Callable[[int, int], None]


@clause("CGVU 17")
def start(
    *,
    client_id: UUID,
    content: BinaryIO,
    source: str,
    actor: str,
    reason: str = "opt_out_list",
    file_name: str = "",
    password: str = "",
) -> Import:
    """Put every phone and e-mail of a file on the client's suppression list; a long file is left to the worker.

    Source: CGVU 17 (opposition at any moment).
    Raises: Refused with what is wrong with the file; nothing has changed then.
    """
    from sofy.audience.tasks import run_opt_outs

    if reason not in REASONS:
        raise Refused("choice_unknown")
    upload = imports.store_upload(client_id=client_id, content=content)
    try:
        upload = imports.unlock_upload(client_id=client_id, upload_id=upload, password=password)
        row = looked_at(client_id, upload)
    except BaseException:
        vault.discard(client_id, upload)
        raise
    row.mapping["reason"] = reason
    row.source, row.actor, row.file_name = source.strip()[:120], actor, file_name[:200] or None
    with transaction.atomic():
        row.save(force_insert=True)
        if row.total > AT_ONCE:
            defer(run_opt_outs, client_id, import_id=row.id)
    return row if row.total > AT_ONCE else resume(client_id=client_id, import_id=row.id)


def looked_at(client_id: UUID, upload: UUID) -> Import:
    """What an uploaded list is, not saved yet; every phone and e-mail column of it counts.

    Raises: Refused with what is wrong with the file.
    """
    with closing(vault.open_file(keys_for(client_id), upload)) as content:
        table = read.open_table(content)
        has_header, guessed = columns.guess(running.sample(table))
        kept = [column.field if column.field in ("phone", "email") else "" for column in guessed]
        if not any(kept):
            raise Refused("optouts_no_column")
        total = running.count_rows(table, has_header)
    if not total:
        raise Refused("file_has_no_rows")
    return Import(
        client_id=client_id, kind=KIND, file_format=table.format, encoding=table.encoding, delimiter=table.delimiter,
        upload=str(upload), mapping={"columns": kept, "header": has_header}, total=total,
    )  # fmt: skip


def resume(*, client_id: UUID, import_id: UUID, progress: Progress | None = None) -> Import:
    """Go on with a list from its last committed batch; one that is done is only answered.

    Raises: Refused import_unknown, file_gone.
    """
    with client_scope(client_id):
        row = Import.objects.filter(client_id=client_id, id=import_id, kind=KIND).first()
    if row is None:
        raise Refused("import_unknown", 404)
    if row.state != Import.State.RUNNING:
        return row
    for batch in records(row):
        _apply(row, batch)
        if progress:
            progress(row.done, row.total)
    with client_scope(client_id):
        row.state, row.finished_at = Import.State.DONE, clock.now()
        row.save(update_fields=["state", "finished_at"])
        facts = {"import": str(row.id), "listed": row.imported, "rows": row.total, "reason": row.mapping["reason"]}
        audit.append(client_id, "suppression.imported", row.actor, facts)
    imports.analyze(row)
    return row


def records(row: Import) -> Iterator[list[Record]]:
    """The rows of a list as records, batch after batch, from where it stands.

    Raises: Refused file_gone.
    """
    reading = Reading(row.mapping["columns"], {}, settings.SOFY.fictional_numbers, False, clock.today())
    read_row = reader(reading)
    with closing(vault.open_file(keys_for(row.client_id), UUID(row.upload))) as content:
        table = read.Table(content, row.file_format, row.encoding, row.delimiter)
        for batch in running.batches(running.data_rows(table, row.mapping["header"]), row.done):
            yield [unreadable(number) if cells is None else read_row(number, cells) for number, cells in batch]


def run(*, client_id: UUID, import_id: UUID) -> None:
    """What the job does: bring a list to its end; what is wrong with its file is kept with it."""
    try:
        resume(client_id=client_id, import_id=import_id)
    except Refused as refused:
        with client_scope(client_id):
            rows = Import.objects.filter(client_id=client_id, id=import_id, state=Import.State.RUNNING)
            rows.update(state=Import.State.FAILED, error=refused.code[:40], finished_at=clock.now())


def _apply(row: Import, records: list[Record]) -> None:
    """One batch, one transaction: addresses on the list, rows with remarks, how far it is."""
    found: dict[str, dict[bytes, int]] = {"phone": {}, "email": {}}
    keys, warnings = keys_for(row.client_id), Counter[str](row.warnings)
    for record in records:
        found["phone"].update((keys.index("phone", phone.e164), record.row) for phone in record.phones)
        found["email"].update((keys.index("email", address), record.row) for address in record.emails)
        warnings.update(record.problems)
    now, bad = clock.now(), [record for record in records if record.problems]
    with client_scope(row.client_id):
        for kind, indexes in found.items():
            new = _list(row, kind, indexes)
            row.imported, row.updated = row.imported + new, row.updated + len(indexes) - new
        ImportRow.objects.bulk_create(
            ImportRow(
                client_id=row.client_id, import_id=row.id, row=record.row, at=now,
                action="rejected" if record.rejected else "updated", problems=",".join(record.problems)[:200],
            )
            for record in bad
        )  # fmt: skip
        row.rejected += sum(record.rejected for record in records)
        row.done, row.warnings = row.done + len(records), dict(warnings)
        row.save(update_fields=["imported", "updated", "rejected", "done", "warnings"])


def _list(row: Import, kind: str, lines: dict[bytes, int]) -> int:
    """Suppress identities of one kind; answers how many were not on the list yet."""
    if not lines:
        return 0
    client_id, channel, now = row.client_id, rules.CHANNEL_OF_KIND[kind], clock.now()
    cur = cursor()
    ledger.lock(cur, client_id)
    cur.execute(BY_KEY_ONLY)
    indexes = ByteaArray.of(list(lines))
    values = {
        "client": client_id, "channel": channel, "indexes": indexes, "reason": row.mapping["reason"],
        "source": row.source, "now": now, "actor": row.actor[:64],
    }  # fmt: skip
    take_off(client_id, channel, list(lines))
    new = [bytes(found[0]) for found in cur.execute(sql("suppress"), values)]
    owners = cur.execute(
        sql("owners_of"), {"client": client_id, "kinds": TextArray.of([kind]), "indexes": indexes}
    ).fetchall()
    contact = {bytes(index): owner.bytes for index, owner in owners}
    words = [Word(index, "opposed", now, contact.get(index), lines[index]) for index in new]
    for purpose in ("marketing", "alert"):
        shared = Circumstances(
            channel, purpose, "optouts", row.source or row.mapping["reason"], actor=row.actor, import_id=row.id
        )
        ledger.append_words(cur, client_id, shared, words, now=now)
    ledger.refresh_reach(cur, client_id, contact.values(), now=now)
    return len(new)
