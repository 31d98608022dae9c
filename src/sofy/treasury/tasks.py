"""Jobs of this room."""

from uuid import UUID

from sofy.kit.jobs import app, every
from sofy.kit.rls import staff_scope

_CARRY_ON_S = 300.0


@app.task(name="treasury.match", queue="exports")
def match(*, entity_id: str, actor: str) -> None:
    """Match the lines of an entity that were not matched yet; a second run finds nothing left."""
    from sofy.treasury.services import matching

    matching.match(UUID(entity_id), actor=actor)


@every(_CARRY_ON_S)
def carry_on() -> None:
    """Go on with files whose matching was cut off."""
    from sofy.treasury.models import BankFile
    from sofy.treasury.services import matching

    with staff_scope():
        rows = BankFile.objects.using("staff").filter(matched_at=None).order_by("taken_at")
        left = list(rows.values_list("entity_id", flat=True).distinct())
    for entity_id in dict.fromkeys(left):
        matching.match(entity_id, actor="system")
