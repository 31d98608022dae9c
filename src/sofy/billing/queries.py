"""Reads of this room, as typed rows. `using`: "staff" inside a staff scope, else inside the client's own."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_FLOOR, Decimal
from typing import Any
from uuid import UUID

from sofy.billing.case import answer
from sofy.billing.document import Document, decoded
from sofy.billing.models import Invoice, Problem, Run
from sofy.billing.services import cases, freezing
from sofy.clients.models import Client
from sofy.contracts.models import OrderForm
from sofy.kit.rls import staff_scope


@dataclass(frozen=True)
class InvoiceLine:
    """An issued document and what became of it. `status`: as docs/reference/case.md says. Unit: EUR with VAT."""

    id: UUID
    number: str
    kind: str
    order_form: str
    issued_on: date
    due_on: date
    net_eur: Decimal
    gross_eur: Decimal
    open_eur: Decimal
    status: str
    contested: bool
    late: bool
    document: Document

    @property
    def kind_words(self) -> str:
        """What it is, in words."""
        return str(Invoice.Kind(self.kind).label)

    @property
    def look(self) -> str:
        """Its state as pages show it: overdue before everything else."""
        return f"invoice_{'late' if self.late else self.status}"


def invoices(client_id: UUID, *, as_of: date | None = None, using: str = "default") -> list[InvoiceLine]:
    """What was issued to a client, newest first, with its state at the end of a day (today, unless said).

    Raises: Refused (contract_unreadable).
    """
    day = as_of or freezing.today()
    forms = OrderForm.objects.using(using).filter(client_id=client_id, state=OrderForm.State.ACCEPTED)
    found = [line for form in forms for line in _of(form, day, using)]
    return sorted(found, key=lambda line: (line.issued_on, line.number), reverse=True)


def _of(form: OrderForm, day: date, using: str) -> list[InvoiceLine]:
    rows = list(Invoice.objects.using(using).filter(client_id=form.client_id, order_form=form, issued_on__lte=day))
    if not rows:
        return []
    told = answer.told(cases.load(form.client_id, form.pk, using=using).played(day))
    states = {entry["number"]: entry for entry in told["invoices"]}
    lines = []
    for row in rows:
        state = states.get(row.number, {"open_eur": "0.00", "status": "issued", "contested": False})
        document = decoded(str(row.document).encode())
        lines.append(
            InvoiceLine(
                row.pk, row.number, row.kind, form.number, row.issued_on, row.due_on, row.net_eur, row.gross_eur,
                Decimal(state["open_eur"]), state["status"], state["contested"],
                Decimal(state["open_eur"]) > 0 and row.due_on < day, document,
            )
        )  # fmt: skip
    return lines


@dataclass(frozen=True)
class CreditLine:
    """A month of an Application, or of routing, as a contract tells it (docs/reference/case.md, `credits`)."""

    order_form_id: UUID
    order_form: str
    told: dict[str, Any]

    @property
    def look(self) -> str:
        """Its state as pages show it."""
        lapsed = self.told["state"] == "claimable" and self.told["claim_until"] < freezing.today()
        return "credit_lapsed" if lapsed else f"credit_{self.told['state']}"

    @property
    def amount_eur(self) -> Decimal:
        """What it gives back. Unit: EUR before VAT."""
        return Decimal(self.told["amount_eur"])

    @property
    def reached_percent(self) -> Decimal | None:
        """What share of the month, or of the messages, was as promised; rounded down, so that no rounding keeps it."""
        known = self.told.get("availability_percent") or self.told.get("success_percent")
        return Decimal(known).quantize(Decimal("0.01"), ROUND_FLOOR) if known else None


def credits(client_id: UUID, *, as_of: date | None = None, using: str = "default") -> list[CreditLine]:
    """What was promised and not kept, month by month, the newest first.

    Raises: Refused (contract_unreadable).
    """
    day = as_of or freezing.today()
    forms = OrderForm.objects.using(using).filter(client_id=client_id, state=OrderForm.State.ACCEPTED)
    found = [
        CreditLine(form.pk, form.number, row)
        for form in forms
        for row in cases.load(client_id, form.pk, using=using).played(day).told.credits
    ]
    return sorted(found, key=lambda line: (line.told["month"], line.told["kind"]), reverse=True)


def open_eur(client_id: UUID, *, as_of: date | None = None, using: str = "default") -> Decimal:
    """What a client has still to pay. Unit: EUR with VAT."""
    lines = invoices(client_id, as_of=as_of, using=using)
    return sum((line.open_eur for line in lines), Decimal("0.00"))


def invoice(client_id: UUID, number: str, *, using: str = "default") -> Invoice | None:
    """One document of a client."""
    return Invoice.objects.using(using).filter(client_id=client_id, number=number).first()


def by_id(client_id: UUID, invoice_id: UUID, *, using: str = "default") -> Invoice | None:
    """One document of a client."""
    return Invoice.objects.using(using).filter(client_id=client_id, pk=invoice_id).first()


def by_number(number: str) -> list[Invoice]:
    """Documents with this number: one per entity at most; on the staff login."""
    with staff_scope():
        return list(Invoice.objects.using("staff").filter(number=number).order_by("frozen_at"))


@dataclass(frozen=True)
class RefusedLine:
    """A document that cannot be issued, as staff see it."""

    client_slug: str
    client_name: str
    order_form: str
    key: str
    reasons: list[str]
    since: datetime


def refused() -> list[RefusedLine]:
    """Documents that cannot be issued, oldest first; on the staff login."""
    with staff_scope():
        rows = list(
            Problem.objects.using("staff").filter(solved_at=None).select_related("order_form").order_by("since")
        )
        names = {
            one.pk: one for one in Client.objects.using("staff").filter(pk__in={row.client_id for row in rows})
        }  # fmt: skip
    return [
        RefusedLine(
            names[row.client_id].slug, names[row.client_id].name, row.order_form.number, row.key,
            str(row.reasons).split("\n"), row.since,
        )
        for row in rows
    ]  # fmt: skip


def runs() -> list[Run]:
    """Invoice runs, newest first; on the staff login."""
    with staff_scope():
        return list(Run.objects.using("staff").select_related("entity").order_by("-month", "entity__code")[:60])
