"""What a late payer promised, and the end of a contract that a person decides."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sofy.billing.services import events, freezing
from sofy.contracts.rules.values import as_moment
from sofy.dunning.models import Act
from sofy.dunning.services import acts, standings
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kernel.text import one_line
from sofy.kit.rls import staff_scope


def promise(
    client_id: UUID, order_form_id: UUID, *, on: date, amount_eur: Decimal | None, who: str, note: str, actor: str
) -> Act:
    """Keep that somebody said they would pay by a day; the contract's own deadlines run on.

    Raises: Refused (promise_in_past, person_name_missing, contract_unknown).
    """
    if on < freezing.today():
        raise Refused("promise_in_past")
    if not one_line(who):
        raise Refused("person_name_missing")
    with staff_scope():
        form = events.locked(client_id, order_form_id)
        text = "\n".join(part for part in (one_line(who), note.strip()) if part)
        return acts.keep(
            form, what=Act.What.PROMISE, key=f"promise/{clock.now().isoformat()}", text=text, actor=actor,
            promised_on=on, amount_eur=amount_eur,
        )  # fmt: skip


@clause("CGVU 7.2")
def end_for_default(client_id: UUID, order_form_id: UUID, *, actor: str) -> None:
    """A person ends a contract for default: suspended, and a second notice whose five days are over.

    Raises: Refused (end_not_yet, contract_unknown).
    """
    with staff_scope():
        worked = standings.work_out(client_id, order_form_id)
    now = clock.now()
    if not worked.replay.enforcement.may_end_for_default(now):
        raise Refused("end_not_yet", 409)
    event = {"type": "terminated", "at": as_moment(now).isoformat(), "reason": "default", "decided_by": actor}
    events.record(client_id, order_form_id, event, source="dunning", source_key="end", actor=actor)
