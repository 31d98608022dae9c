"""The list of numbers nobody may write to: files of regulators, brought in and taken back by the operator's staff.

It belongs to the platform and stands above the lists of clients, which it never touches. Numbers are keyed hashes under
the platform's own keys; the gate reads them at each hand-over. Everything here is on the staff login.

A file is uploaded, looked through, and added when somebody has seen what that would do. Long ones are left to the
worker; each step may be killed and run again.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, BinaryIO
from uuid import UUID

from django.db import connections

from sofy.audience import vault
from sofy.audience.imports.rows import Record
from sofy.audience.models import Import
from sofy.audience.queries import canonical
from sofy.audience.services import imports, optouts
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.audit import PLATFORM
from sofy.kit.jobs import defer
from sofy.kit.keys import keys_for, keystore
from sofy.kit.rls import staff_scope
from sofy.messaging.models import StopFile

State = StopFile.State
#: More rows than a page may wait for; the worker reads them.
AT_ONCE = 5_000
REMARKS_KEPT = 100
_DONE = (State.ACTIVE, State.WITHDRAWING, State.WITHDRAWN)
#: A file nobody said yes to.
UNCONFIRMED_KEPT = timedelta(days=7)
Progress = Callable[[int, int], None]

_LISTED = "SELECT number_index FROM platform_suppression WHERE number_index = ANY(%(indexes)s::bytea[])"
_ADD = """
INSERT INTO platform_suppression AS p (number_index, channel, since, files)
SELECT n.number_index, n.channel, %(now)s, ARRAY[%(file)s::uuid]
  FROM unnest(%(indexes)s::bytea[], %(channels)s::text[]) AS n (number_index, channel)
 ORDER BY n.number_index
ON CONFLICT (number_index) DO UPDATE SET files = p.files || %(file)s::uuid WHERE %(file)s::uuid <> ALL (p.files)
RETURNING cardinality(files) = 1
"""
_TAKE_BACK = (
    "DELETE FROM platform_suppression WHERE files = ARRAY[%(file)s::uuid]",
    "UPDATE platform_suppression SET files = array_remove(files, %(file)s::uuid) WHERE %(file)s::uuid = ANY (files)",
)
_FIND = "SELECT since, files FROM platform_suppression WHERE number_index = %(index)s"
_COUNT = "SELECT count(*) FROM platform_suppression"


@dataclass(frozen=True)
class Found:
    """That a number is stopped: since when, and which files name it."""

    since: datetime
    files: list[StopFile]


# ------------------------------------------------------------------------------------------------ a file on its way in


def store(*, content: BinaryIO, name: str, reason: str, actor: str, password: str = "") -> StopFile:
    """Keep a file, sealed, to be looked through.

    Raises: Refused with what is wrong with it; stop_file_known when the list has this very file.
    """
    name = name.strip()
    if not name:
        raise Refused("stop_list_name")
    keystore().platform()
    upload = imports.store_upload(client_id=PLATFORM, content=content)
    try:
        upload = imports.unlock_upload(client_id=PLATFORM, upload_id=upload, password=password)
        found = optouts.looked_at(PLATFORM, upload)
        row = StopFile(
            id=upload, name=name[:60], reason=reason.strip()[:200], digest=_digest(upload), created_by=actor,
            file_format=found.file_format, encoding=found.encoding, delimiter=found.delimiter, mapping=found.mapping,
            rows=found.total,
        )  # fmt: skip
        with staff_scope():
            _refuse_twice(row)
            row.save(using="staff", force_insert=True)
    except BaseException:
        vault.discard(PLATFORM, upload)
        raise
    return row


def _digest(upload: UUID) -> bytes:
    digest = sha256()
    keys = keys_for(PLATFORM)
    with closing(vault.open_file(keys, upload)) as content:
        while piece := content.read(1 << 20):
            digest.update(piece)
    return keys.index("file", digest.hexdigest())


def _refuse_twice(row: StopFile) -> None:
    rows = StopFile.objects.using("staff").filter(digest=row.digest, name__iexact=row.name)
    known = rows.exclude(state__in=(State.WITHDRAWN, State.WITHDRAWING, State.FAILED)).first()
    if known is not None:
        raise Refused("stop_file_known", 409, file=str(known.id), list=known.name)


def upload(*, content: BinaryIO, name: str, reason: str, actor: str, password: str = "") -> StopFile:
    """What the page does: keep a file and look through it, at once when it is short. Raises: Refused, as `store`."""
    from sofy.messaging.tasks import check_stop_file

    row = store(content=content, name=name, reason=reason, actor=actor, password=password)
    if row.rows <= AT_ONCE:
        return check(row.id)
    defer(check_stop_file, PLATFORM, file_id=row.id)
    return row


def check(file_id: UUID, *, progress: Progress | None = None) -> StopFile:
    """Say what a file would do, and change nothing. One that was checked is only answered."""
    row = get(file_id)
    if row.state != State.CHECKING:
        return row
    seen: set[bytes] = set()
    known, problems, remarks, refused, done = 0, Counter[str](), list[list[Any]](), 0, 0
    for batch in optouts.records(_as_import(row)):
        fresh = [index for index in _indexes(batch) if index not in seen]
        known += len(_listed(fresh))
        seen.update(fresh)
        for record in (record for record in batch if record.problems):
            problems.update(record.problems)
            refused += record.rejected
            if len(remarks) < REMARKS_KEPT:
                remarks.append([record.row, record.problems])
        done += len(batch)
        if progress:
            progress(done, row.rows)
    with staff_scope():
        if not _still_mine(row):
            return get(file_id)
        row.numbers, row.known, row.added, row.refused = len(seen), known, len(seen) - known, refused
        row.problems, row.remarks, row.state, row.changed_at = dict(problems), remarks, State.CHECKED, clock.now()
        row.save(using="staff")
        facts = {"list": row.name, "file": str(row.id), "rows": row.rows, "numbers": row.numbers}
        audit.append(PLATFORM, "stop_list.checked", row.created_by, facts, using="staff")
    return row


def confirm(file_id: UUID, *, actor: str) -> StopFile:
    """What the page does: add the numbers of a file that was looked through. Raises: Refused stop_file_state."""
    from sofy.messaging.tasks import add_stop_file

    row = accept(file_id, actor=actor)
    if row.rows <= AT_ONCE:
        return add(row.id)
    defer(add_stop_file, PLATFORM, file_id=row.id)
    return row


def accept(file_id: UUID, *, actor: str) -> StopFile:
    """Somebody saw what a file would do, and wants it. Raises: Refused stop_file_state."""
    return _move(file_id, (State.CHECKED,), State.ADDING, changed_by=actor, added=0, known=0, done=0)


@clause("CGVU 13")
def add(file_id: UUID, *, progress: Progress | None = None) -> StopFile:
    """Put the numbers of a file on the list, from wherever that stands; the gate knows each batch from its commit."""
    row = get(file_id)
    if row.state != State.ADDING:
        return row
    for batch in optouts.records(_as_import(row)):
        indexes = _indexes(batch)
        values: dict[str, Any] = {"file": row.id, "now": clock.now()}
        values |= {"indexes": list(indexes), "channels": list(indexes.values())}
        with staff_scope(), connections["staff"].cursor() as cursor:
            if not _still_mine(row):
                return get(file_id)
            cursor.execute(_ADD, values)
            row.added += sum(new for (new,) in cursor.fetchall())
            row.done += len(batch)
            row.save(using="staff", update_fields=["added", "done"])
        if progress:
            progress(row.done, row.rows)
    with staff_scope():
        if not _still_mine(row):
            return get(file_id)
        row.state, row.known, row.changed_at = State.ACTIVE, max(0, row.numbers - row.added), clock.now()
        row.save(using="staff")
        facts = {"list": row.name, "file": str(row.id), "numbers": row.numbers, "imported": row.added}
        audit.append(PLATFORM, "stop_list.imported", row.changed_by, facts | {"reason": row.reason}, using="staff")
    vault.discard(PLATFORM, row.id)
    return row


def _still_mine(row: StopFile) -> bool:
    """Whether the file is where this run left it, until the transaction ends: two runs never share one."""
    found = StopFile.objects.using("staff").select_for_update().filter(id=row.id).first()
    return found is not None and (found.state, found.done) == (row.state, row.done)


def resume(file_id: UUID, *, actor: str) -> StopFile:
    """Go on with a file whose work stopped half way, as when the worker was killed; work that goes on is left alone.

    Raises: Refused stop_file_state.
    """
    from sofy.messaging import tasks

    row = get(file_id)
    steps: dict[str, tuple[Callable[[UUID], StopFile], Any]] = {
        State.CHECKING: (check, tasks.check_stop_file),
        State.ADDING: (add, tasks.add_stop_file),
        State.WITHDRAWING: (take_back, tasks.take_back_stop_file),
    }
    if row.state not in steps:
        raise Refused("stop_file_state", 409)
    at_once, job = steps[row.state]
    with staff_scope():
        audit.append(PLATFORM, "stop_list.resumed", actor, {"list": row.name, "file": str(row.id)}, using="staff")
    if row.rows <= AT_ONCE:
        return at_once(row.id)
    defer(job, PLATFORM, file_id=row.id)
    return row


def discard(file_id: UUID, *, actor: str) -> None:
    """Forget a file whose numbers are not on the list. Raises: Refused stop_file_state."""
    with staff_scope():
        rows = StopFile.objects.using("staff").filter(id=file_id)
        gone = rows.filter(state__in=(State.CHECKING, State.CHECKED, State.FAILED)).delete()[0]
        if not gone:
            raise Refused("stop_file_state", 409)
        audit.append(PLATFORM, "stop_list.discarded", actor, {"file": str(file_id)}, using="staff")
    vault.discard(PLATFORM, file_id)


def fail(file_id: UUID, code: str) -> None:
    """Keep with a file what went wrong while it was looked through; nothing of it is on the list."""
    with staff_scope():
        rows = StopFile.objects.using("staff").filter(id=file_id, state=State.CHECKING)
        rows.update(state=State.FAILED, error=code[:40])


# ------------------------------------------------------------------------------------------------ a file on its way out


def withdraw(file_id: UUID, *, actor: str, reason: str) -> StopFile:
    """What the page does: take a file back. Raises: Refused stop_file_state, stop_list_reason."""
    from sofy.messaging.tasks import take_back_stop_file

    if not reason.strip():
        raise Refused("stop_list_reason")
    row = _move(file_id, (State.ACTIVE,), State.WITHDRAWING, changed_by=actor, withdrawn_for=reason.strip()[:200])
    if row.rows <= AT_ONCE:
        return take_back(row.id)
    defer(take_back_stop_file, PLATFORM, file_id=row.id)
    return row


def take_back(file_id: UUID) -> StopFile:
    """Let go whoever only this file names; who is named by another one stays. Nothing was ever lifted for a client."""
    row = get(file_id)
    if row.state != State.WITHDRAWING:
        return row
    with staff_scope(), connections["staff"].cursor() as cursor:
        if not _still_mine(row):
            return get(file_id)
        cursor.execute(_TAKE_BACK[0], {"file": row.id})
        freed = cursor.rowcount
        cursor.execute(_TAKE_BACK[1], {"file": row.id})
        row.state, row.changed_at = State.WITHDRAWN, clock.now()
        row.save(using="staff", update_fields=["state", "changed_at"])
        facts = {"list": row.name, "file": str(row.id), "removed": freed, "reason": row.withdrawn_for}
        audit.append(PLATFORM, "stop_list.withdrawn", row.changed_by, facts, using="staff")
    return row


def expire() -> int:
    """Forget files nobody said yes to; answers how many."""
    before = clock.now() - UNCONFIRMED_KEPT
    with staff_scope():
        rows = StopFile.objects.using("staff").filter(created_at__lt=before)
        old = list(rows.filter(state__in=(State.CHECKING, State.CHECKED, State.FAILED)).values_list("id", flat=True))
        bound = {str(file_id) for file_id in rows.exclude(state__in=_DONE).values_list("id", flat=True)}
    for file_id in old:
        discard(file_id, actor="worker")
    vault.discard_older(PLATFORM, before, keep=bound)
    return len(old)


# ------------------------------------------------------------------------------------------------------------ questions


def get(file_id: UUID) -> StopFile:
    """One file. Raises: Refused not_found."""
    with staff_scope():
        row = StopFile.objects.using("staff").filter(id=file_id).first()
    if row is None:
        raise Refused("not_found", 404)
    return row


def files() -> list[StopFile]:
    """Every file that came in, the latest first."""
    with staff_scope():
        return list(StopFile.objects.using("staff").all()[:200])


def total() -> int:
    """How many numbers and addresses are stopped."""
    with staff_scope(), connections["staff"].cursor() as cursor:
        cursor.execute(_COUNT)
        return int(cursor.fetchone()[0])


def find(typed: str, *, actor: str) -> Found | None:
    """Whether a number or address is stopped. That somebody asked is in the journal; what they asked about is not.

    Raises: Refused stop_list_no_number.
    """
    kind_and_value = canonical(typed)
    if kind_and_value is None:
        raise Refused("stop_list_no_number")
    index = keystore().platform().index(*kind_and_value)
    with staff_scope():
        with connections["staff"].cursor() as cursor:
            cursor.execute(_FIND, {"index": index})
            row = cursor.fetchone()
        audit.append(PLATFORM, "stop_list.asked", actor, {"found": row is not None}, using="staff")
        if row is None:
            return None
        return Found(row[0], list(StopFile.objects.using("staff").filter(id__in=row[1]).order_by("created_at")))


def version() -> str:
    """Which state the list is in: it changes with each file that comes or goes; empty while there never was one."""
    with staff_scope():
        rows = StopFile.objects.using("staff").filter(state__in=(State.ACTIVE, State.WITHDRAWN))
        latest = rows.order_by("-changed_at").first()
    return f"{latest.changed_at.timestamp():.6f}" if latest else ""


def listed(addresses: Sequence[tuple[str, str]]) -> list[bool]:
    """For each address (kind and value), whether the list stops it."""
    index = keystore().platform().index
    indexes = [index(kind, value) for kind, value in addresses]
    stopped = _listed(indexes)
    return [each in stopped for each in indexes]


def _listed(indexes: Sequence[bytes]) -> set[bytes]:
    if not indexes:
        return set()
    with staff_scope(), connections["staff"].cursor() as cursor:
        cursor.execute(_LISTED, {"indexes": list(indexes)})
        return {bytes(row[0]) for row in cursor.fetchall()}


def _indexes(records: Iterable[Record]) -> dict[bytes, str]:
    """Index -> channel of every address of some rows. A number is stopped on every channel it can be written to on."""
    index = keystore().platform().index
    found: dict[bytes, str] = {}
    for record in records:
        found.update((index("phone", phone.e164), "all") for phone in record.phones)
        found.update((index("email", address), "email") for address in record.emails)
    return found


def _as_import(row: StopFile) -> Import:
    """A file as the reader of opt-outs knows it."""
    return Import(
        client_id=PLATFORM, kind=optouts.KIND, file_format=row.file_format, encoding=row.encoding,
        delimiter=row.delimiter, upload=str(row.id), mapping=row.mapping, total=row.rows, done=row.done,
    )  # fmt: skip


def _move(file_id: UUID, states: Iterable[str], state: str, **fields: Any) -> StopFile:
    """From one state to the next, for one of two people who do it at once."""
    with staff_scope():
        rows = StopFile.objects.using("staff").filter(id=file_id, state__in=states)
        moved = rows.update(state=state, changed_at=clock.now(), **fields)
    row = get(file_id)
    if not moved:
        raise Refused("stop_file_state", 409)
    return row
