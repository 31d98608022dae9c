"""An import from its first byte to its last row: two hands, one reading and sealing, one storing.

The reading hand is this thread, the storing hand another one with its own connection: psycopg and OpenSSL let go of
the interpreter while they work, so a machine with two cores seals a batch while PostgreSQL stores the one before.
"""

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from threading import Event
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from sofy.audience.imports import columns, read
from sofy.audience.imports.alarms import Alarms
from sofy.audience.imports.apply import Job, Tally, write_batch
from sofy.audience.imports.prepare import Preparer
from sofy.audience.imports.read import Table
from sofy.audience.imports.rows import PURPOSE_OF_BASIS, Reading, reader, unreadable
from sofy.audience.models import Attribute, Import
from sofy.clients.models import Establishment
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kernel.text import fold
from sofy.kit.keys import keys_for
from sofy.kit.rls import client_scope

BATCH_ROWS = 10_000  # about 20 MB; sorted by blind index, several of them land on each page of the random indexes
SAMPLE_ROWS = 301

Progress = Callable[[int, int], None]


def data_rows(table: Table, above: int) -> Iterator[read.Row]:
    """Rows about people: everything but the header and the titles above it."""
    return islice(table.rows(), above, None)


def count_rows(table: Table, above: int) -> int:
    """Read the whole file once: it is refused before anything changes, or known to be readable to its end."""
    return sum(1 for _ in data_rows(table, above))


def sample(table: Table) -> list[list[str]]:
    """The first rows that can be read."""
    return [cells for _, cells in islice(table.rows(), SAMPLE_ROWS) if cells is not None]


def reading_of(client_id: UUID, mapping: dict[str, Any], *, declared: bool) -> Reading:
    """How to read rows, from the mapping kept with an import; inside the client's scope."""
    shops: dict[str, UUID] = {}
    for shop in Establishment.objects.filter(client_id=client_id).order_by("created_at", "id"):
        shops.setdefault(fold(shop.name), shop.id)
        if shop.code:
            shops[fold(shop.code)] = shop.id
    return Reading(
        mapping["columns"],
        {name: (kind, private) for name, (kind, private) in mapping["kinds"].items()},
        settings.SOFY.fictional_numbers,
        declared,
        clock.today(),
        mapping.get("choices", {}),
        shops,
        mapping.get("also", ()),
    )


def is_declared(legal_basis: str, source: str) -> bool:
    """Whether consent in a file may count: the client names a legal basis and where consent comes from (DPA 5)."""
    return legal_basis in PURPOSE_OF_BASIS and bool(source.strip())


def job_of(row: Import, mapping: dict[str, Any]) -> Job:
    """What all rows of an import share; inside the client's scope."""
    if row.book_id is None:
        raise Refused("book_missing")
    return Job(
        client_id=row.client_id,
        import_id=row.id,
        book_id=row.book_id,
        keys=keys_for(row.client_id),
        started_at=row.started_at,
        purpose=PURPOSE_OF_BASIS.get(row.legal_basis, "marketing"),
        actor=row.actor,
        source=row.source,
        text_hash=bytes(row.text_hash) if row.text_hash else None,
        kinds={name: (kind, private) for name, (kind, private) in mapping["kinds"].items()},
    )


def declare_attributes(client_id: UUID, guessed: Sequence[columns.Column]) -> dict[str, tuple[str, bool]]:
    """Make the client's own fields of a file known; one that exists keeps its type. Answers name -> kind, private."""
    wanted = {c.field.removeprefix("attribute:"): c for c in guessed if c.field.startswith("attribute:")}
    existing = {each.name: each for each in Attribute.objects.filter(client_id=client_id, name__in=wanted)}
    for name, column in wanted.items():
        if name not in existing:
            existing[name] = Attribute(
                client_id=client_id,
                name=name,
                label=(column.header or name)[:120],
                kind=column.kind or "text",
                private=column.private,
            )
            existing[name].save(force_insert=True)
    return {name: (each.kind, each.private) for name, each in existing.items()}


def own_columns(client_id: UUID) -> list[columns.Column]:
    """The client's own fields, as columns of a file that has them; inside the client's scope."""
    rows = Attribute.objects.filter(client_id=client_id)
    return [
        columns.Column(each.label, f"attribute:{each.name}", each.kind, each.private, tuple(each.choices))
        for each in rows
    ]


def run(row: Import, table: Table, *, progress: Progress | None = None) -> None:
    """Bring an import to its end from wherever it stands.

    Inside somebody's transaction everything happens in it; otherwise each batch is a transaction of its own.
    """
    mapping = row.mapping
    with client_scope(row.client_id):
        job = job_of(row, mapping)
        reading = reading_of(row.client_id, mapping, declared=is_declared(row.legal_basis, row.source))
    tally = Tally(row.done, row.imported, row.updated, row.rejected, Counter(row.warnings))
    alarms = Alarms()
    preparer = Preparer(job.keys)
    rows = data_rows(table, mapping["header"])
    read_row = reader(reading)
    with _without_gc(), _Storing(inline=connection.in_atomic_block) as storing:
        for batch in batches(rows, row.done):
            records = [unreadable(number) if cells is None else read_row(number, cells) for number, cells in batch]
            for record in records:
                alarms.see(record)
            good = [record for record in records if not record.rejected]
            bad = [record for record in records if record.rejected]
            storing.put(write_batch, job, tally, preparer.prepare(good), bad)
            if progress:
                progress(tally.done, row.total)
        storing.finish()
    if progress:
        progress(tally.done, row.total)
    for name in ("done", "imported", "updated", "rejected"):
        setattr(row, name, getattr(tally, name))
    row.warnings = dict(tally.warnings)
    row.alarms = alarms.raised()


def batches(rows: Iterator[read.Row], skip: int) -> Iterator[list[read.Row]]:
    """Rows by the batch, the first `skip` left out: they were stored before an interruption."""
    for _ in islice(rows, skip):
        pass
    while batch := list(islice(rows, BATCH_ROWS)):
        yield batch


@contextmanager
def _without_gc() -> Iterator[None]:
    """Rows hold no cycles, and looking for some among a million new objects takes a fifth of the time of an import."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Storing:
    """The storing hand: a thread with its own connection, or this one inside a transaction."""

    def __init__(self, *, inline: bool) -> None:
        self.inline = inline
        self.unfinished: list[Future[None]] = []
        self.handed_over = Event()
        self.handed_over.set()
        self.failed = False

    def __enter__(self) -> "_Storing":
        if not self.inline:
            self.pool = ThreadPoolExecutor(1, "import")
        return self

    def put(self, work: Callable[..., None], *batch: Any) -> None:
        """Store a batch, or wait until PostgreSQL is busy with the one before.

        Only then has this hand the interpreter for itself to seal the next one.
        """
        if self.inline:
            work(*batch)
            return
        self.handed_over.wait()
        self.handed_over.clear()
        while self.unfinished and self.unfinished[0].done():
            self.unfinished.pop(0).result()
        self.unfinished.append(self.pool.submit(self._store, work, *batch))

    def _store(self, work: Callable[..., None], *batch: Any) -> None:
        try:
            if not self.failed:  # a batch stored after one that was not would move the checkpoint past its rows
                work(*batch, self.handed_over.set)
        except BaseException:
            self.failed = True
            raise
        finally:
            if self.failed:
                self.handed_over.set()

    def finish(self) -> None:
        """Wait for the last batch, and raise what went wrong in any."""
        while self.unfinished:
            self.unfinished.pop(0).result()

    def __exit__(self, *_: object) -> None:
        if not self.inline:
            for future in self.unfinished:
                future.cancel()
            self.pool.submit(lambda: connection.close())  # the connection of that thread, not of this one
            self.pool.shutdown()
