"""Jobs of the worker; each calls the service of the same name."""

from typing import Any
from uuid import UUID

from sofy.audience.imports import undo
from sofy.audience.services import attributes, bulk_edits, export, import_start, optouts, proofs, retention
from sofy.kit.jobs import client_job, every


@client_job(name="audience.run_import", queue="imports")
def run_import(*, client_id: UUID, import_id: str) -> None:
    """Bring an import to its end, from wherever it stands."""
    import_start.run(client_id=client_id, import_id=UUID(import_id))


@client_job(name="audience.undo_import", queue="imports")
def undo_import(*, client_id: UUID, import_id: str, actor: str) -> None:
    """Take an import back, from wherever that stands."""
    undo.undo_import(client_id=client_id, import_id=UUID(import_id), actor=actor)


@client_job(name="audience.run_opt_outs", queue="imports")
def run_opt_outs(*, client_id: UUID, import_id: str) -> None:
    """Bring a list of opt-outs to its end, from wherever it stands."""
    optouts.run(client_id=client_id, import_id=UUID(import_id))


@client_job(name="audience.export_contacts", queue="exports")
def export_contacts(
    *, client_id: UUID, file_id: str, wanted: dict[str, str], limit: list[str] | None, how: dict[str, Any] | None = None
) -> None:
    """Write the file of an export; `how` is its format and language."""
    export.write(client_id=client_id, file_id=UUID(file_id), wanted=wanted, limit=limit, how=how)


@client_job(name="audience.run_bulk_edit", queue="imports")
def run_bulk_edit(*, client_id: UUID, bulk_id: str) -> None:
    """Bring a bulk edit or its undo to its end, from wherever it stands."""
    bulk_edits.run(client_id=client_id, bulk_id=UUID(bulk_id))


@client_job(name="audience.purge_field", queue="imports")
def purge_field(*, client_id: UUID, name: str) -> None:
    """Remove the values of a field that was deleted."""
    attributes.purge(client_id=client_id, name=name)


@every(6 * 3600)
def expire_old() -> int:
    """Four times a day: what is past its time goes, for every client."""
    return retention.expire_all()


@every(24 * 3600)
def forget_proofs() -> int:
    """Every day: proofs of consent go five years after nobody has the address any more, for every client."""
    return proofs.expire_all()
