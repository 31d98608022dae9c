"""Reads of this room, as typed rows."""

import base64
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sofy.billing.case.enforcement import Closed, Notice
from sofy.billing.models import Invoice
from sofy.contracts.models import OrderForm
from sofy.contracts.rules import access
from sofy.contracts.rules.shapes import Entity
from sofy.dunning.rules.position import Owed, Position
from sofy.dunning.services import standings
from sofy.kernel.clauses import Because
from sofy.kernel.errors import Refused
from sofy.wire.sepa.qr import epc_svg, epc_text


@dataclass(frozen=True)
class Payable:
    """An open document as its debtor pays it. `code`: the EPC QR code as an image, empty when no bank takes it."""

    id: UUID
    owed: Owed
    late: bool
    code: str


@dataclass(frozen=True)
class Due:
    """What a client has to pay under one contract."""

    order_form: OrderForm
    entity: Entity
    position: Position
    documents: list[Payable]

    @property
    def notice(self) -> Notice | None:
        """The formal notice that runs or ran out."""
        return self.position.notice

    @property
    def late_eur(self) -> Decimal:
        """What is overdue. Unit: EUR with VAT."""
        return self.position.overdue_eur


def due(client_id: UUID) -> list[Due]:
    """What a client has to pay, contract by contract; inside its own scope.

    Raises: Refused (contract_unreadable).
    """
    forms = OrderForm.objects.filter(client_id=client_id, state=OrderForm.State.ACCEPTED).order_by("signed_at", "id")
    return [_due(form) for form in forms]


def _due(form: OrderForm) -> Due:
    worked = standings.work_out(form.client_id, form.pk, using="default")
    entity = worked.contract.case.entity
    rows = Invoice.objects.filter(client_id=form.client_id, order_form=form)
    ids = dict(rows.values_list("number", "id"))
    documents = [
        Payable(ids[one.number], one, one.due_on < worked.position.as_of, _code(entity, one))
        for one in worked.position.owed
        if one.number in ids
    ]
    return Due(form, entity, worked.position, documents)


def _code(entity: Entity, one: Owed) -> str:
    """The code of a transfer that pays a document; what no bank takes has none."""
    try:
        text = epc_text(
            name=entity.name, iban=entity.iban, bic=entity.bic, amount_eur=one.open_eur, reference=one.reference
        )
        drawn = epc_svg(text)
    except Refused:
        return ""
    return f"data:image/svg+xml;base64,{base64.b64encode(drawn.encode()).decode()}"


@dataclass(frozen=True)
class Why:
    """Why access is closed, and what that means. `lifted_by`: what ends it."""

    cause: str
    since: datetime | None
    because: Because | None
    invoiced: bool
    lifted_by: str
    invoices: tuple[str, ...] = ()


def why(cause: str, since: datetime | None, found: list[Due]) -> Why:
    """Why a client is suspended, in the words of its contract."""
    meant = access.CONSEQUENCES.get(cause)  # type: ignore[call-overload]
    if meant is None:
        return Why(cause, since, None, True, "staff")
    closed: list[Closed] = [one for due in found for one in due.position.shut if one.cause == cause]
    return Why(
        cause, closed[0].since if closed else since, meant.because, meant.invoiced, meant.lifted_by,
        tuple(number for one in closed for number in one.invoices),
    )  # fmt: skip


def first_day(found: list[Due]) -> date | None:
    """The first day on which access may end, of the notices that run."""
    days = [one.notice.acts_from.date() for one in found if one.notice and one.notice.acts_from]
    return min(days, default=None)
