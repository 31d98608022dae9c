"""Bring files of contacts in: preview, import, resume."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from django.conf import settings

from sofy.audience import vault
from sofy.audience.arrays import cursor
from sofy.audience.imports import columns, plan, read, run, sheet
from sofy.audience.imports.columns import Column
from sofy.audience.imports.rows import PURPOSE_OF_BASIS
from sofy.audience.imports.run import Progress
from sofy.audience.imports.said import APART
from sofy.audience.models import Book, ConsentText, Import
from sofy.audience.services.contacts import existing_book
from sofy.audience.sqlfiles import sql
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kernel.ids import uuid7
from sofy.kit import audit
from sofy.kit.keys import keys_for
from sofy.kit.rls import client_scope

PREVIEW_ROWS = 20


@dataclass(frozen=True)
class ImportResult:
    """What an import did, or what a dry run says it would do; imported + updated + rejected = rows of the file.

    `warnings` counts rows by reason code, rejected rows included. `reachable_sms`: distinct mobiles of the book with
    consent and no opposition.
    """

    import_id: UUID | None
    total: int
    imported: int
    updated: int
    rejected: int
    warnings: dict[str, int] = field(default_factory=dict)
    alarms: dict[str, int] = field(default_factory=dict)
    reachable_sms: int = 0
    reachable_email: int = 0
    reachable_whatsapp: int = 0
    duplicates_in_file: int = 0
    duplicates_in_base: int = 0
    opted_out_kept: int = 0
    book_id: UUID | None = None  # None: a dry run for a book that does not exist yet


@dataclass(frozen=True)
class Preview:
    """What the mapping screen shows: how the file was read and what each column was taken for."""

    format: str
    encoding: str
    delimiter: str
    above: int  # rows that are not about people: the header and titles over it
    columns: list[Column]
    rows: list[list[str]]
    own: list[Column]  # the fields the client has already


def store_upload(*, client_id: UUID, content: BinaryIO, name: str = "") -> UUID:
    """Keep a file that arrived and its name, encrypted, until the import or its 30 days end; answers its id."""
    file_id = uuid7()
    vault.store(keys_for(client_id), file_id, content, name=name)
    return file_id


def upload_name(*, client_id: UUID, upload_id: UUID) -> str:
    """The name an upload came under. Raises: Refused file_gone."""
    return vault.name_of(keys_for(client_id), upload_id)


def unlock_upload(*, client_id: UUID, upload_id: UUID, password: str) -> UUID:
    """The id of the same file without its password, kept encrypted like any upload; the protected one is thrown away.

    The password is used this once and kept nowhere. A file that has none stays as it is.
    Raises: Refused file_wrong_password, file_damaged, sheet_unreadable, file_gone.
    """
    if not password:
        return upload_id
    with closing(vault.open_file(keys_for(client_id), upload_id)) as content:
        try:
            plain = sheet.unlocked(content, password)
        except Refused as refused:
            if refused.code != "file_not_locked":
                raise
            return upload_id
    with closing(plain):
        name = upload_name(client_id=client_id, upload_id=upload_id)
        unlocked = store_upload(client_id=client_id, content=plain, name=name)
    vault.discard(client_id, upload_id)
    return unlocked


def preview(*, client_id: UUID, upload_id: UUID, password: str = "") -> Preview:
    """Read the first rows of an upload and guess what its columns mean.

    Raises: Refused with what is wrong with the file.
    """
    with closing(vault.open_file(keys_for(client_id), upload_id)) as content:
        table = read.open_table(content, password=password)
        rows = run.sample(table)
        with client_scope(client_id):
            own = run.own_columns(client_id)
        above, guessed = columns.guess(rows, own)
        shown = rows[above:][:PREVIEW_ROWS]
        return Preview(table.format, table.encoding, table.delimiter, above, guessed, shown, own)


def import_file(
    *,
    client_id: UUID,
    book_id: UUID | None = None,
    book_name: str = "",
    path: Path | str | None = None,
    upload_id: UUID | None = None,
    mapping: Sequence[str] | None = None,
    legal_basis: str = "",
    source: str = "",
    consent_text: str = "",
    also: Sequence[str] = (),
    actor: str = "",
    file_name: str = "",
    password: str = "",
    dry_run: bool = False,
    progress: Progress | None = None,
) -> ImportResult:
    """Import a CSV, XLSX or ODS file into a book, or say what that would do.

    `book_name` says the book by its name; when none has it, one is made with the import, and by no dry run.
    Without a legal basis and a source the contacts enter as not contactable. Refusals in the file always count.
    `also`: whatsapp, opens: what everybody in the file agreed to as well, where no column says who did.
    Source: DPA 5 (legal basis and proof of consent are the client's).
    Raises: Refused with what is wrong with the file; nothing has changed then.
    """
    if upload_id is None:
        if path is None:
            raise Refused("file_missing")
        file_name = file_name or Path(path).name
        with open(path, "rb") as content:
            upload_id = store_upload(client_id=client_id, content=content)
    try:
        book = _book(client_id, book_id, book_name)
        row, table = _open(book, upload_id, mapping, legal_basis, source, password)
        row.mapping["also"] = _apart(also)
        if dry_run:
            with closing(table.content):
                said = plan.dry_run(row, table, progress=progress)
                return replace(said, book_id=None if book._state.adding else book.id)
    except BaseException:
        if path is not None:  # an upload stays, so that its mapping can be put right
            vault.discard(client_id, upload_id)
        raise
    finally:
        if dry_run and path is not None:
            vault.discard(client_id, upload_id)
    row.file_name, row.actor = file_name or None, actor
    with client_scope(client_id):
        if book._state.adding:
            book.save(force_insert=True)
        row.text_hash = _keep_text(client_id, consent_text)
        row.mapping["kinds"] = run.declare_attributes(client_id, _as_columns(row.mapping))
        row.save(force_insert=True)
        audit.append(client_id, "contacts.import_started", actor, _facts(row))
    return _run(row, table, progress)


def _apart(also: Sequence[str]) -> list[str]:
    if not set(also) <= set(APART):
        raise Refused("choice_unknown")
    return sorted(set(also))


def check_file(path: Path) -> None:
    """Look through a file before anything is made for it. Raises: Refused with what is wrong with the file."""
    with path.open("rb") as content:
        _look_through(read.open_table(content), [], None)


def _look_through(table: read.Table, own: list[Column], mapping: Sequence[str] | None) -> tuple[int, list[Column], int]:
    """The rows above those about people, what each column is, and how many rows there are."""
    above, guessed = columns.guess(run.sample(table), own)
    if mapping is not None:
        guessed = columns.chosen(mapping, guessed, own)
    if not {"phone", "email"} & {column.field for column in guessed}:
        raise Refused("no_identity_column")
    total = run.count_rows(table, above)
    if not total:
        raise Refused("file_has_no_rows")
    return above, guessed, total


def _book(client_id: UUID, book_id: UUID | None, name: str = "") -> Book:
    """The book of this id or name; one that is not saved yet when no book has the name."""
    with client_scope(client_id):
        if book_id is not None:
            return existing_book(client_id, book_id)
        if not name:
            raise Refused("book_missing", 404)
        known = Book.objects.filter(client_id=client_id, name=name, deleted_at=None).first()
        return known or Book(client_id=client_id, name=name)


@clause("DPA 5")
def _open(
    book: Book,
    upload_id: UUID,
    mapping: Sequence[str] | None,
    legal_basis: str,
    source: str,
    password: str,
) -> tuple[Import, read.Table]:
    """Look at a whole file before anything is written."""
    client_id = book.client_id
    with client_scope(client_id):
        own = run.own_columns(client_id)
    if legal_basis and legal_basis not in PURPOSE_OF_BASIS:
        raise Refused("legal_basis_unknown", choices=", ".join(PURPOSE_OF_BASIS))
    content = vault.open_file(keys_for(client_id), upload_id)
    table = read.open_table(content, password=password)
    above, guessed, total = _look_through(table, own, mapping)
    words = [column.field for column in guessed]
    details = {c.field: [c.header, c.kind, c.private] for c in guessed if c.field.startswith("attribute:")}
    choices = {c.field[10:]: list(c.choices) for c in guessed if c.choices}
    row = Import(
        client_id=client_id,
        book_id=book.id,
        file_format=table.format,
        encoding=table.encoding,
        delimiter=table.delimiter,
        upload=str(upload_id),
        mapping={"columns": words, "header": above, "attributes": details, "kinds": {}, "choices": choices},
        legal_basis=legal_basis,
        source=source.strip()[:120],
        total=total,
    )
    return row, table


def resume_import(
    *, client_id: UUID, import_id: UUID, password: str = "", progress: Progress | None = None
) -> ImportResult:
    """Go on with an import whose process died, from its last committed batch; one that is done is only reported.

    Raises: Refused import_unknown, file_gone.
    """
    with client_scope(client_id):
        row = Import.objects.filter(client_id=client_id, id=import_id).first()
    if row is None:
        raise Refused("import_unknown", 404)
    if row.state != Import.State.RUNNING:
        return result_of(row)
    content = vault.open_file(keys_for(client_id), UUID(row.upload))
    table = read.Table(content, row.file_format, row.encoding, row.delimiter, password)
    return _run(row, table, progress)


def _run(row: Import, table: read.Table, progress: Progress | None) -> ImportResult:
    """Bring an import to its end and say so; what goes wrong is kept with it, to be resumed."""
    with closing(table.content):
        run.run(row, table, progress=progress)
    with client_scope(row.client_id):
        row.state, row.finished_at = Import.State.DONE, clock.now()
        row.save()
        audit.append(row.client_id, "contacts.imported", row.actor, _facts(row))
    analyze(row)
    return result_of(row)


#: So many new rows do no harm to a plan that knows nothing of them.
KNOWN_ROWS = 1_000


def analyze(row: Import) -> None:
    """Statistics of the tables an import filled: without them what comes next is planned for a client without any."""
    if row.imported > KNOWN_ROWS:
        with client_scope(row.client_id):
            cursor().execute("SELECT audience_analyze()")


def result_of(row: Import) -> ImportResult:
    """The counts of an import."""
    with client_scope(row.client_id):
        found = cursor().execute(sql("reachable_of_book"), {"client": row.client_id, "book": row.book_id}).fetchone()
    sms, email, whatsapp = found or (0, 0, 0)
    return ImportResult(
        import_id=row.id,
        total=row.total,
        imported=row.imported,
        updated=row.updated,
        rejected=row.rejected,
        warnings=dict(row.warnings),
        alarms=dict(row.alarms),
        reachable_sms=sms,
        reachable_email=email,
        reachable_whatsapp=whatsapp,
        opted_out_kept=row.warnings.get("opted_out_kept", 0),
        book_id=row.book_id,
    )


def _as_columns(mapping: dict[str, Any]) -> list[columns.Column]:
    return [
        columns.Column(header, word, kind, private) for word, (header, kind, private) in mapping["attributes"].items()
    ]


def _keep_text(client_id: UUID, text: str) -> bytes | None:
    if not text.strip():
        return None
    digest = sha256(text.encode()).digest()
    if not ConsentText.objects.filter(client_id=client_id, hash=digest).exists():
        ConsentText(client_id=client_id, hash=digest, text=text).save(force_insert=True)
    return digest


def _facts(row: Import) -> dict[str, Any]:
    return {
        "import": str(row.id),
        "book": str(row.book_id),
        "rows": row.total,
        "imported": row.imported,
        "updated": row.updated,
        "rejected": row.rejected,
        "legal_basis": row.legal_basis,
        "fictional": settings.SOFY.fictional_numbers,
    }
