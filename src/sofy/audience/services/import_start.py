"""Imports from a page: checked in the request, run by the worker, looked at row by row before."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from sofy.audience.imports import plan
from sofy.audience.imports import run as running
from sofy.audience.imports.undo import undo_import
from sofy.audience.models import Import
from sofy.audience.services import imports
from sofy.audience.services.imports import ImportResult
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.jobs import defer
from sofy.kit.rls import client_scope

SHOWN_ROWS = 50
UNDO_AT_ONCE = 5_000


@dataclass(frozen=True)
class Choices:
    """What the mapping screen decides."""

    book_id: UUID
    mapping: Sequence[str]
    legal_basis: str = ""
    source: str = ""
    consent_text: str = ""
    also: Sequence[str] = ()


def check(
    *, client_id: UUID, upload_id: UUID, choices: Choices, code: str = ""
) -> tuple[ImportResult, list[tuple[int, list[str]]]]:
    """What the import would do, and the first rows of which `code` is said, as they stand in the file.

    Nothing is written and the upload stays. Raises: Refused, as `imports.import_file`.
    """
    row, table = _opened(client_id, upload_id, choices)
    sample = plan.Sample(code, SHOWN_ROWS if code else 0)
    with closing(table.content):
        result = plan.dry_run(row, table, sample=sample)
    return result, [(number, cells or []) for number, cells in sample.rows]


def start(*, client_id: UUID, upload_id: UUID, choices: Choices, actor: str) -> Import:
    """Keep the import and queue it, in one transaction. Raises: Refused, as `imports.import_file`."""
    row, table = _opened(client_id, upload_id, choices)
    table.content.close()
    row.file_name = imports.upload_name(client_id=client_id, upload_id=upload_id) or None
    row.actor = actor
    with transaction.atomic():
        row.text_hash = imports._keep_text(client_id, choices.consent_text)
        row.mapping["kinds"] = running.declare_attributes(client_id, imports._as_columns(row.mapping))
        row.save(force_insert=True)
        audit.append(client_id, "contacts.import_started", actor, imports._facts(row))
        from sofy.audience.tasks import run_import

        defer(run_import, client_id, import_id=row.id)
    return row


def run(*, client_id: UUID, import_id: UUID) -> None:
    """Bring an import to its end; what is wrong with its file is kept with it."""
    try:
        imports.resume_import(client_id=client_id, import_id=import_id)
    except Refused as refused:
        with client_scope(client_id):
            rows = Import.objects.filter(client_id=client_id, id=import_id, state=Import.State.RUNNING)
            rows.update(state=Import.State.FAILED, error=refused.code[:40], finished_at=clock.now())


def undo(*, client_id: UUID, import_id: UUID, actor: str) -> bool:
    """Take an import back: at once when it is small; answers whether it was left to the worker instead.

    Raises: Refused, as `undo_import`.
    """
    row = Import.objects.filter(client_id=client_id, id=import_id).first()
    if row is None:
        raise Refused("import_unknown", 404)
    if row.state == Import.State.DONE and row.total > UNDO_AT_ONCE:
        from sofy.audience.tasks import undo_import as job

        defer(job, client_id, import_id=import_id, actor=actor)
        return True
    undo_import(client_id=client_id, import_id=import_id, actor=actor)
    return False


def _opened(client_id: UUID, upload_id: UUID, choices: Choices) -> tuple[Import, Any]:
    book = imports._book(client_id, choices.book_id)
    row, table = imports._open(book, upload_id, choices.mapping, choices.legal_basis, choices.source, "")
    row.mapping["also"] = imports._apart(choices.also)
    return row, table
