"""Jobs of this room, and what the worker does again and again."""

from uuid import UUID

from sofy.contracts.services import drift
from sofy.kit.jobs import app, every


@every(24 * 3600)
def check_quotas() -> int:
    """Every day: clients with more points of sale than they ordered become a task for staff."""
    return drift.check_all()


@app.task(name="contracts.tell_terms", queue="exports")
def tell_terms(*, document_id: str, actor: str) -> None:
    """Tell every client of a new version of the terms; a second run tells only who was not told."""
    from sofy.contracts.services import telling

    telling.tell_all(UUID(document_id), actor=actor)
