"""What a client used in a month, as typed rows. `using`: "staff" inside a staff scope, else inside the client's own."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Sum

from sofy.billing.case.usage_prices import UsagePrices
from sofy.billing.models import Usage, UsageMonth
from sofy.billing.rules import usage
from sofy.billing.services import cases
from sofy.clients.models import Establishment
from sofy.contracts import queries as contracts
from sofy.contracts.rules.values import PARIS
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.money import rounded


@dataclass(frozen=True)
class Used:
    """Messages of one kind of a day. Unit of `units`: SMS parts, messages of other channels; of the price: EUR."""

    day: date
    channel: str
    purpose: str
    country: str
    network: str
    status: str
    reason: str
    template: bool
    establishment: str
    messages: int
    units: int
    billed: bool
    price_eur: Decimal | None

    @property
    def net_eur(self) -> Decimal | None:
        """What it costs before VAT, not rounded: a month's messages of one price are one line. None: nobody says."""
        if not self.billed:
            return Decimal(0)
        return None if self.price_eur is None else self.units * self.price_eur


@dataclass(frozen=True)
class Line:
    """Messages of one kind and price of a month, as the invoice shows them. Unit: EUR before VAT."""

    channel: str
    purpose: str
    country: str
    network: str
    price_eur: Decimal | None
    messages: int
    units: int

    @property
    def net_eur(self) -> Decimal | None:
        """The line, rounded once."""
        return None if self.price_eur is None else rounded(self.units * self.price_eur)


@dataclass(frozen=True)
class MonthUsed:
    """A month of a client. `counted_at`: when it was counted last; none: never."""

    month: date
    counted_at: datetime | None
    rows: list[Used]

    @property
    def billed(self) -> list[Used]:
        """What is invoiced."""
        return [row for row in self.rows if row.billed]

    @property
    def unbilled(self) -> list[Used]:
        """What is not."""
        return [row for row in self.rows if not row.billed]

    @property
    def lines(self) -> list[Line]:
        """What the invoice will say, or said."""
        sums: dict[tuple[Any, ...], list[int]] = {}
        for row in self.billed:
            both = sums.setdefault((row.channel, row.purpose, row.country, row.network, row.price_eur), [0, 0])
            both[0] += row.messages
            both[1] += row.units
        found = [Line(*key, *both) for key, both in sums.items()]
        return sorted(found, key=lambda line: (line.channel, line.purpose, line.country, line.network, -line.units))

    @property
    def net_eur(self) -> Decimal:
        """What is known of the price of all of it."""
        return sum((line.net_eur for line in self.lines if line.net_eur is not None), Decimal("0.00"))


@clause("CGVU 3.4", "CGVU 15")
def used(client_id: UUID, month: date, *, by_site: bool = False, using: str = "default") -> MonthUsed:
    """A month as it was counted last, with the prices of the contract. `by_site`: each point of sale on its own."""
    kinds = ["day", "channel", "purpose", "country", "network", "status", "reason", "template"]
    kinds += ["establishment_id"] if by_site else []
    rows = Usage.objects.using(using).filter(client_id=client_id, month=month)
    summed = rows.order_by(*kinds).values(*kinds).annotate(messages=Sum("messages"), units=Sum("units"))
    counted = UsageMonth.objects.using(using).filter(client_id=client_id, month=month).first()
    return MonthUsed(month, counted.counted_at if counted else None, list(_rows(client_id, summed, using)))


def _rows(client_id: UUID, found: Iterable[dict[str, Any]], using: str) -> Iterator[Used]:
    forms = {form.id: form for form in contracts.signed_forms(client_id, using=using)}
    listed = cases.usage_prices(client_id, using)
    books = {key: UsagePrices(form.paper.order_form.usage_prices, listed) for key, form in forms.items()}
    known = [usage.Contract(key, form.signed_at.astimezone(PARIS).date(), None,
                            any(item.product == "messaging" for item in form.paper.order_form.items))
             for key, form in forms.items()]  # fmt: skip
    sites = dict(Establishment.objects.using(using).filter(client_id=client_id).values_list("pk", "name"))
    for row in found:
        site = sites.get(row.pop("establishment_id", None), "")
        billed = usage.billable(row["channel"], row["status"], template=row["template"])
        contract = usage.contract_of(row["day"], known)
        asked = (row["channel"], row["purpose"], row["country"], row["network"], row["day"])
        price = books[contract.id].of(*asked) if contract is not None and billed else None
        yield Used(**row, establishment=site, billed=billed, price_eur=price)


def by_site(client_id: UUID, month: date, *, using: str = "default") -> list[tuple[str, str, int]]:
    """Point of sale, channel and how much of it is invoiced; messages of none of them have no name."""
    kinds = ("establishment_id", "channel", "status", "template")
    rows = Usage.objects.using(using).filter(client_id=client_id, month=month)
    sites = dict(Establishment.objects.using(using).filter(client_id=client_id).values_list("pk", "name"))
    sums: dict[tuple[str, str], int] = {}
    for site, channel, status, template, units in rows.order_by().values_list(*kinds).annotate(units=Sum("units")):
        if usage.billable(channel, status, template=template):
            key = (sites.get(site, ""), channel)
            sums[key] = sums.get(key, 0) + units
    return sorted(((*key, units) for key, units in sums.items()), key=lambda row: -row[2])


def months(client_id: UUID, *, using: str = "default") -> list[date]:
    """Months with figures and the present one, newest first: two years of them."""
    rows = UsageMonth.objects.using(using).filter(client_id=client_id)
    known = set(rows.order_by("-month").values_list("month", flat=True)[:24])
    return sorted(known | {clock.today().replace(day=1)}, reverse=True)
