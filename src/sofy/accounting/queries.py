"""Sums of the books, as typed rows; on the staff login. `services.books.catch_up` comes first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import TruncMonth
from django.utils.translation import gettext_lazy as _

from sofy.accounting.models import Booked, Due, Health, Sale
from sofy.billing.models import Invoice
from sofy.clients.models import Client
from sofy.contracts.models import OrderForm
from sofy.kit.rls import staff_scope

#: Lines of a list of documents behind a figure.
MOST = 500


@dataclass(frozen=True)
class VatLine:
    """VAT of one category and rate that fell due in a period. Unit: EUR."""

    category: str
    rate: Decimal
    base_eur: Decimal
    vat_eur: Decimal
    documents: int


def unreadable(entity_id: UUID) -> list[str]:
    """Order forms whose contract cannot be worked out: no report is whole without them."""
    with staff_scope():
        rows = Booked.objects.using("staff").filter(entity_id=entity_id).exclude(problem="")
        return list(rows.order_by("order_form__number").values_list("order_form__number", flat=True))


def vat(entity_id: UUID, first: date, last: date) -> list[VatLine]:
    """What fell due in a period, per category and rate."""
    with staff_scope():
        rows = _due(entity_id, first, last).values("category", "rate").order_by("category", "-rate")
        found = list(rows.annotate(base=Sum("base_eur"), vat=Sum("vat_eur"), n=Count("piece", distinct=True)))
    return [VatLine(row["category"], row["rate"], row["base"], row["vat"], row["n"]) for row in found]


def _due(entity_id: UUID, first: date, last: date) -> Any:
    rows = Due.objects.using("staff").filter(entity_id=entity_id, day__gte=first, day__lte=last)
    return rows.exclude(on=Due.On.FORGIVEN)


@dataclass(frozen=True)
class Piece:
    """A document behind a figure. Unit: EUR."""

    day: date
    number: str
    client_slug: str
    client_name: str
    invoice_id: UUID | None
    net_eur: Decimal
    vat_eur: Decimal


def vat_pieces(entity_id: UUID, first: date, last: date, category: str, rate: Decimal) -> list[Piece]:
    """The documents behind a line of the VAT report, at most MOST."""
    with staff_scope():
        rows = list(_due(entity_id, first, last).filter(category=category, rate=rate).order_by("day", "piece")[:MOST])
        return _pieces(entity_id, [(row.day, row.piece, row.client_id, row.base_eur, row.vat_eur) for row in rows])


def _pieces(entity_id: UUID, rows: list[tuple[date, str, UUID, Decimal, Decimal]]) -> list[Piece]:
    clients = {row.pk: row for row in Client.objects.using("staff").filter(pk__in={row[2] for row in rows})}
    issued = Invoice.objects.using("staff").filter(entity_id=entity_id, number__in={row[1] for row in rows})
    ids = dict(issued.values_list("number", "id"))
    return [
        Piece(day, number, clients[client_id].slug, clients[client_id].name, ids.get(number), net, vat_eur)
        for day, number, client_id, net, vat_eur in rows
    ]


@dataclass(frozen=True)
class Sold:
    """Revenue of a month and a product, or of a client. Unit: EUR before VAT."""

    name: str
    net_eur: Decimal
    code: str = ""
    month: date | None = None


def revenue(entity_id: UUID, first: date, last: date) -> list[Sold]:
    """What was sold, per month and product; credit notes taken off."""
    with staff_scope():
        rows = _sales(entity_id, first, last).annotate(month=TruncMonth("day")).values("month", "product")
        found = list(rows.annotate(net=Sum("net_eur")).order_by("month", "product"))
    return [Sold(row["product"], row["net"], row["product"], row["month"]) for row in found]


def revenue_by_client(entity_id: UUID, first: date, last: date) -> list[Sold]:
    """What was sold per client, the largest first, at most MOST."""
    with staff_scope():
        rows = _sales(entity_id, first, last).values("client_id").annotate(net=Sum("net_eur")).order_by("-net")
        found = list(rows[:MOST])
        clients = {
            row.pk: row for row in Client.objects.using("staff").filter(pk__in=[row["client_id"] for row in found])
        }
    return [Sold(clients[row["client_id"]].name, row["net"], clients[row["client_id"]].slug) for row in found]


def sale_pieces(entity_id: UUID, first: date, last: date, *, product: str = "", client: str = "") -> list[Piece]:
    """The documents behind a figure of revenue, at most MOST."""
    with staff_scope():
        wanted = Q(product=product) if product else Q()
        if client:
            wanted &= Q(client_id__in=Client.objects.using("staff").filter(slug=client).values("pk"))
        rows = _sales(entity_id, first, last).filter(wanted).order_by("day", "piece")[:MOST]
        return _pieces(entity_id, [(row.day, row.piece, row.client_id, row.net_eur, Decimal(0)) for row in rows])


def _sales(entity_id: UUID, first: date, last: date) -> Any:
    return Sale.objects.using("staff").filter(entity_id=entity_id, day__gte=first, day__lte=last)


def contract_of(client_id: UUID, form_id: UUID) -> OrderForm | None:
    """A contract of a client, in force; inside the staff scope."""
    rows = OrderForm.objects.using("staff").filter(client_id=client_id, pk=form_id, state=OrderForm.State.ACCEPTED)
    return rows.first()


#: Parts of the list of clients, by what asks for somebody.
WANTED: dict[str, Q] = {
    "problems": Q(problems__gt=0),
    "overdue": Q(overdue_eur__gt=0),
    "quota": Q(licensed__gt=0, active__gt=F("licensed")),
    "suspended": Q(access="suspended"),
}
WANTED_WORDS = {
    "problems": _("Cannot be invoiced"),
    "overdue": _("Overdue"),
    "quota": _("More points of sale than ordered"),
    "suspended": _("Suspended"),
}


def healths(search: str, only: str) -> Any:
    """Every client as it stands, the one that needs somebody most first; inside the staff scope."""
    rows = Health.objects.using("staff").order_by("-rank", "-overdue_eur", "client_id")
    if search:
        rows = rows.filter(client_id__in=Client.objects.using("staff").filter(name__icontains=search).values("pk"))
    return rows.filter(WANTED[only]) if only else rows


def named(rows: Iterable[Health]) -> list[tuple[Client, Health]]:
    """Each row with its client; inside the staff scope."""
    found = list(rows)
    clients = {row.pk: row for row in Client.objects.using("staff").filter(pk__in=[row.client_id for row in found])}
    return [(clients[row.client_id], row) for row in found if row.client_id in clients]


def health_of(client_id: UUID) -> Health | None:
    """How a client stands; inside the staff scope."""
    return Health.objects.using("staff").filter(client_id=client_id).first()


def oldest_health() -> datetime | None:
    """Since when what the list says is known; inside the staff scope."""
    row = Health.objects.using("staff").order_by("worked_out_at").first()
    return row.worked_out_at if row else None
