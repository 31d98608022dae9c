"""The collections board: every contract with something open, one row each, as its last replay said."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import F, Q, QuerySet, Sum

from sofy.billing.services import freezing
from sofy.clients.models import Client
from sofy.dunning.models import Act, Standing
from sofy.kernel.text import plain_cell
from sofy.kit.rls import staff_scope

AMOUNTS: Final = ("not_due_eur", "late_30_eur", "late_60_eur", "late_90_eur", "late_more_eur")
_LATE: Final = F("late_30_eur") + F("late_60_eur") + F("late_90_eur") + F("late_more_eur")
#: What is shown -> which rows. Unit of MOST: rows of a page; the CSV has all of them.
VIEWS: Final[dict[str, Q]] = {
    "late": Q(oldest_due_on__isnull=False),
    "open": Q(oldest_due_on__isnull=False) | Q(next_due_on__isnull=False),
    "suspended": Q(suspended=True),
    "contested": Q(contested_eur__gt=0),
    "promised": Q(),
    "insolvent": Q(insolvent=True),
    "problem": ~Q(problem=""),
}
ORDERS: Final[dict[str, str]] = {
    "overdue": "-late_eur", "oldest": "oldest_due_on", "next": "next_act_on", "penalties": "-penalties_eur",
}  # fmt: skip
MOST: Final = 300


@dataclass(frozen=True)
class Promise:
    """What somebody of a client said about paying. `broken`: its day is over and something is still overdue."""

    on: date
    amount_eur: Decimal | None
    broken: bool


@dataclass(frozen=True)
class Line:
    """One contract on the board. Unit: EUR with VAT."""

    client: Client
    order_form_id: UUID
    number: str
    standing: Standing
    late_eur: Decimal
    promise: Promise | None


def rows(
    view: str = "late", order: str = "overdue", search: str = "", *, most: int | None = MOST, client: UUID | None = None
) -> list[Line]:  # fmt: skip
    """The board, the most urgent first, of one client when it is named; on the staff login."""
    today = freezing.today()
    with staff_scope():
        found = _chosen(view, search).annotate(late_eur=_LATE).select_related("order_form")
        if client is not None:
            found = found.filter(client_id=client)
        ordered = found.order_by(F(ORDERS[order].lstrip("-")).desc() if ORDERS[order][0] == "-" else
                                 F(ORDERS[order]).asc(nulls_last=True), "id")  # fmt: skip
        kept = list(ordered[:most] if most else ordered)
        names = {row.pk: row for row in Client.objects.using("staff").filter(pk__in={one.client_id for one in kept})}
        promises = _promises([one.order_form_id for one in kept])
    lines = []
    for one in kept:
        late: Decimal = one.late_eur
        told = promises.get(one.order_form_id)
        promise = Promise(told[0], told[1], told[0] < today and late > 0) if told else None
        lines.append(
            Line(names[one.client_id], one.order_form_id, one.order_form.number, one, late, promise)
        )  # fmt: skip
    return lines


def _chosen(view: str, search: str) -> "QuerySet[Standing, Standing]":
    found = Standing.objects.using("staff").filter(VIEWS[view])
    if view == "promised":
        made = Act.objects.using("staff").filter(what=Act.What.PROMISE).values("order_form")
        found = found.filter(order_form__in=made, oldest_due_on__isnull=False)
    if search:
        named = Client.objects.using("staff").filter(name__icontains=search).values("pk")
        found = found.filter(Q(client_id__in=named) | Q(order_form__number__icontains=search))
    return found


def _promises(forms: Iterable[UUID]) -> dict[UUID, tuple[date, Decimal | None]]:
    """The last promise of each contract."""
    made = Act.objects.using("staff").filter(what=Act.What.PROMISE, order_form__in=list(forms)).order_by("at", "id")
    return {one: (on, amount) for one, on, amount in made.values_list("order_form", "promised_on", "amount_eur") if on}


def totals(view: str = "late", search: str = "") -> dict[str, Decimal]:
    """The sums of the columns; on the staff login. Unit: EUR with VAT."""
    with staff_scope():
        sums = {f"sum_{name}": Sum(name) for name in (*AMOUNTS, "contested_eur", "penalties_eur")}
        summed: dict[str, Any] = _chosen(view, search).aggregate(**sums, sum_late_eur=Sum(_LATE))
    return {name.removeprefix("sum_"): value or Decimal("0.00") for name, value in summed.items()}


def counts() -> dict[str, int]:
    """How many contracts there are in each view; on the staff login."""
    with staff_scope():
        return {view: _chosen(view, "").count() for view in VIEWS}


COLUMNS: Final = (
    "client", "order_form", "as_of", *AMOUNTS, "overdue_eur", "contested_eur", "penalties_eur", "provisional",
    "oldest_due_on", "promised_on", "promised_eur", "next_act", "next_act_on", "suspended", "insolvent", "problem",
)  # fmt: skip


def as_csv(lines: Iterable[Line]) -> str:
    """The board for a spreadsheet: codes, amounts with a point, days as ISO 8601."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    writer.writerow(COLUMNS)
    for one in lines:
        row, promise = one.standing, one.promise
        values = [
            one.client.name, one.number, row.as_of, *(getattr(row, name) for name in AMOUNTS), one.late_eur,
            row.contested_eur, row.penalties_eur, int(row.provisional), row.oldest_due_on or "",
            promise.on if promise else "", promise.amount_eur or "" if promise else "", row.next_act,
            row.next_act_on or "", int(row.suspended), int(row.insolvent), row.problem,
        ]  # fmt: skip
        writer.writerow([plain_cell(value) for value in values])
    return "\N{BYTE ORDER MARK}" + out.getvalue()
