"""What each contract owes today, worked out by replay and kept for the board."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction

from sofy.billing.case.replay import Replay
from sofy.billing.services import cases, freezing, tables
from sofy.contracts.models import OrderForm
from sofy.dunning.models import Standing
from sofy.dunning.rules.position import Position, next_act, position
from sofy.kernel import clock
from sofy.kernel.errors import Refused

_log = structlog.get_logger("sofy.dunning")
#: Unit: contracts of one turn of the chore.
BATCH = 200


@dataclass(frozen=True)
class Worked:
    """A contract and what its replay says today."""

    contract: cases.Contract
    replay: Replay
    position: Position

    @property
    def order_form(self) -> OrderForm:
        """The order form itself."""
        return self.contract.order_form


def in_force(client_id: UUID) -> list[OrderForm]:
    """The signed order forms of a client; inside the staff scope."""
    rows = OrderForm.objects.using("staff").filter(client_id=client_id, state=OrderForm.State.ACCEPTED)
    return list(rows.order_by("signed_at", "id"))


def work_out(
    client_id: UUID, order_form_id: UUID, *, as_of: date | None = None, using: str = "staff",
    shared: tables.Shared | None = None,
) -> Worked:  # fmt: skip
    """What a contract owes at the end of a day (today, unless said); inside the staff scope, or its client's.

    Raises: Refused (contract_unknown, contract_unreadable).
    """
    contract = cases.load(client_id, order_form_id, using=using, shared=shared)
    replay = contract.played(as_of or freezing.today())
    return Worked(contract, replay, position(replay, contract.frozen.keys()))


def refresh(form: OrderForm, *, shared: tables.Shared | None = None) -> Worked | None:
    """Work a contract out and keep what the board shows; inside the staff scope.

    None when it cannot be worked out: that is a task of staff, and nothing follows from it (fail safe).
    """
    try:
        with transaction.atomic(using="staff"):
            worked = work_out(form.client_id, form.pk, shared=shared)
    except Exception as error:  # whatever is wrong with one contract must neither suspend it nor stop the others
        code = error.code if isinstance(error, Refused) else type(error).__name__
        _log.error("contract_not_worked_out", order_form=str(form.pk), error=code)
        _keep(form, {"problem": code[:60]})
        return None
    _keep(form, {**_told(worked.position), "problem": ""})
    return worked


def _told(found: Position) -> dict[str, object]:
    upcoming = next_act(found, settings.SOFY.second_channel_after_days)
    overdue = [one.due_on for one in found.overdue]
    ahead = [one.due_on for one in found.owed if one.due_on >= found.as_of]
    return {
        **{f"{band}_eur": found.in_band(band) for band in ("not_due", "late_30", "late_60", "late_90", "late_more")},
        "contested_eur": sum(one.open_eur for one in found.owed if one.contested),
        "penalties_eur": found.penalties_eur,
        "provisional": found.provisional,
        "oldest_due_on": min(overdue, default=None),
        "next_due_on": min(ahead, default=None),
        "next_act": upcoming.what,
        "next_act_on": upcoming.on,
        "suspended": bool(found.shut),
        "insolvent": found.insolvent,
    }


def _keep(form: OrderForm, told: dict[str, object]) -> None:
    now = clock.now()
    rows = Standing.objects.using("staff").filter(client_id=form.client_id, order_form=form)
    row = rows.select_for_update(no_key=True).first()
    known = row.problem_since if row else None
    told |= {
        "as_of": freezing.today(),
        "worked_out_at": now,
        "problem_since": (known or now) if told["problem"] else None,
    }
    if row is None:
        made = Standing(client_id=form.client_id, entity_id=form.entity_id, order_form=form, **told)
        Standing.objects.using("staff").bulk_create([made], ignore_conflicts=True)
    else:
        rows.update(**told)


def waiting() -> list[UUID]:
    """Clients with a contract that was not worked out today, those of an act that is lawful by now first."""
    today = freezing.today()
    forms = OrderForm.objects.using("staff").filter(state=OrderForm.State.ACCEPTED)
    stale = forms.exclude(standing__as_of=today).order_by("standing__next_act_on", "id")
    tried = clock.now() - timedelta(hours=1)
    stale = stale.exclude(standing__problem__gt="", standing__worked_out_at__gt=tried)
    return list(dict.fromkeys(stale.values_list("client_id", flat=True)[:BATCH]))
