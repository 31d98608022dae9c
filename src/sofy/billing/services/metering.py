"""Usage of a month that is over becomes events of the contracts of its client, once, and later what is new of it.

What was told is kept (`billing_usage_told`); an event is the difference to what the ledger says now. The first time, it
is told as of the day of the hand-over, so that it stands on the invoice of the first of the next month; where that one
was issued already, and ten days after the month, when no news comes any more, as of now.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, Final, NamedTuple
from uuid import UUID

import structlog
from django.db import connections
from django.db.models import Max, Min, Sum

from sofy.billing.case.events import Used
from sofy.billing.models import Invoice, Usage, UsageMonth, UsageTold
from sofy.billing.rules import usage
from sofy.billing.services import cases, counting, events
from sofy.contracts import queries as contracts
from sofy.contracts.models import OrderForm
from sofy.contracts.queries import SignedForm
from sofy.contracts.rules.term import add_months
from sofy.contracts.rules.values import PARIS, as_moment, begin
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kit import audit
from sofy.kit.rls import staff_scope

ACTOR: Final = "metering"
_DAY: Final = timedelta(days=1)
#: How messages stand that are invoiced, by channel. Source: CGVU 3.4; `rules.usage`.
_INVOICED_AS: Final = {"sms": "submitted", "email": "submitted", "rcs": "delivered", "whatsapp": "delivered"}
#: Unit: months of clients from which on two threads are quicker than one.
_WORTH_TWO: Final = 50
_log = structlog.get_logger("sofy.billing")


class Kind(NamedTuple):
    """What has one price: messages of a kind since a cut of their month."""

    since: date
    channel: str
    purpose: str
    country: str
    network: str


@dataclass
class Counted:
    """How much there is of a kind. Unit: SMS parts; messages of other channels."""

    quantity: int
    first_at: datetime
    days: dict[date, int]


def meter_all(entity_id: UUID, until: date) -> int:
    """Tell the contracts of an entity what their clients used in every month that is over by a day.

    A client whose usage cannot be told holds nobody up: it is said in the log, and tried again next time. Answers how
    many months were told.
    """
    work = due(until, entity_id=entity_id)
    if len(work) < _WORTH_TWO:
        done = [_meter_each(work)]
    else:
        clients = sorted({client_id for client_id, _month in work})
        halves = [{*clients[half::2]} for half in (0, 1)]
        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(_meter_half, [[one for one in work if one[0] in half] for half in halves]))
    told, found = sum(one[0] for one in done), sum(one[1] for one in done)
    if told:
        with staff_scope():
            facts = {"month": f"{until:%Y-%m}", "told": told, "events": found}
            audit.append(audit.PLATFORM, "usage.metered", ACTOR, facts, using="staff")
    return told


def _meter_half(work: list[tuple[UUID, date]]) -> tuple[int, int]:
    """One of two threads: while the database counts for one, the other goes on."""
    try:
        return _meter_each(work)
    finally:
        connections.close_all()


def _meter_each(work: list[tuple[UUID, date]]) -> tuple[int, int]:
    """How many months were told, by how many events."""
    told = found = 0
    for client_id, month in work:
        try:
            found += meter(client_id, month)
            told += 1
        except Exception as error:
            _log.error("usage_not_metered", client=str(client_id), month=f"{month:%Y-%m}", error=type(error).__name__)
    return told, found


def meter_client(client_id: UUID, until: date) -> None:
    """Tell the contracts of one client what it used in every month that is over by a day."""
    for _client, month in due(until, client_id=client_id):
        meter(client_id, month)


def due(until: date, *, entity_id: UUID | None = None, client_id: UUID | None = None) -> list[tuple[UUID, date]]:
    """Months that are over by a day and not told to contracts, or not for the last time; a client's oldest first."""
    with staff_scope():
        forms = OrderForm.objects.using("staff").filter(state=OrderForm.State.ACCEPTED)
        if client_id is not None:
            forms = forms.filter(client_id=client_id)
        if entity_id is not None:
            forms = forms.filter(client_id__in=forms.filter(entity_id=entity_id).values("client_id"))
        signed = dict(forms.order_by().values_list("client_id").annotate(Min("signed_at")))
        months = UsageMonth.objects.using("staff").filter(client_id__in=signed)
        closed = dict(months.exclude(closed_at=None).order_by().values_list("client_id").annotate(Max("month")))
        open_rows = months.filter(closed_at=None).exclude(told_at=None)
        told = set(open_rows.values_list("client_id", "month"))
    found = []
    for client, signed_at in sorted(signed.items()):
        month = signed_at.astimezone(PARIS).date().replace(day=1)
        if client in closed:
            month = max(month, add_months(closed[client], 1))
        while month < until.replace(day=1) and begin(add_months(month, 1)) <= clock.now():
            if (client, month) not in told or _settled(month):
                found.append((client, month))
            month = add_months(month, 1)
    return found


def _settled(month: date) -> bool:
    """Whether no news of a month's messages comes any more."""
    return clock.now() >= begin(add_months(month, 1)) + counting.NEWS_COMES_FOR


def meter(client_id: UUID, month: date) -> int:
    """Count a month of a client and tell its contracts what they were not told yet; answers how many events that is."""
    with staff_scope():
        counting.keep(client_id, month)
        forms = contracts.signed_forms(client_id, using="staff")
        rows = {form.id: events.locked(client_id, form.id) for form in sorted(forms, key=lambda form: form.id)}
        row = UsageMonth.objects.using("staff").get(client_id=client_id, month=month)
        known = [_contract(client_id, form, month, alone=len(forms) == 1) for form in forms]
        first_time = row.told_at is None
        if first_time:
            row.cuts = [day.isoformat() for day in _cuts(client_id, month, forms, known)]
        cuts = [date.fromisoformat(day) for day in row.cuts]
        told = {} if first_time else _told(client_id, month)
        new = list(_new(_counted(client_id, month, cuts), told, known))
        _tell(month, new, rows, first_time=first_time)
        _keep_told(client_id, month, new)
        row.told_at = row.told_at or clock.now()
        row.closed_at = clock.now() if _settled(month) else None
        row.save(using="staff", update_fields=["cuts", "told_at", "closed_at"])
    return len(new)


def _contract(client_id: UUID, form: SignedForm, month: date, *, alone: bool) -> usage.Contract:
    """A contract with its end, which only matters beside another one."""
    last = add_months(month, 1)
    ends = None if alone else cases.load(client_id, form.id).played(last).licence.last_day
    messaging = any(item.product == "messaging" for item in form.paper.order_form.items)
    return usage.Contract(form.id, form.signed_at.astimezone(PARIS).date(), ends, messaging)


def _cuts(client_id: UUID, month: date, forms: Iterable[SignedForm], known: list[usage.Contract]) -> list[date]:
    """The first day of a month, and those on which a price or a contract begins or ends."""
    after = add_months(month, 1)
    found = {row.since for form in forms for row in form.paper.order_form.usage_prices}
    found |= {one.signed_on for one in known} | {one.last_day + _DAY for one in known if one.last_day}
    with connections["staff"].cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT valid_from FROM price_sale WHERE (client_id = %s OR client_id IS NULL)"
            " AND valid_from > %s AND valid_from < %s",
            [client_id, month, after],
        )
        found |= {day for (day,) in cursor.fetchall()}
    return sorted({month} | {day for day in found if month < day < after})


@clause("CGVU 3.4", "CGVU 15")
def _counted(client_id: UUID, month: date, cuts: list[date]) -> dict[Kind, Counted]:
    """What is to be invoiced of a month, by kind."""
    names = ("day", "channel", "purpose", "country", "network", "status", "template")
    rows = Usage.objects.using("staff").filter(client_id=client_id, month=month, first_at__isnull=False)
    found: dict[Kind, Counted] = {}
    for day, channel, purpose, country, network, status, template, units, first_at in (
        rows.order_by().values_list(*names).annotate(Sum("units"), Min("first_at"))
    ):  # fmt: skip
        if not usage.billable(channel, status, template=template):
            continue
        kind = Kind(max(cut for cut in cuts if cut <= day), channel, purpose, country, network)
        one = found.setdefault(kind, Counted(0, first_at, {}))
        one.quantity += units
        one.days[day] = one.days.get(day, 0) + units
        one.first_at = min(one.first_at, first_at)
    return found


class New(NamedTuple):
    """What of a kind was not told yet. Unit: SMS parts; messages of other channels."""

    kind: Kind
    counted: Counted
    more: int
    contract: usage.Contract


def _told(client_id: UUID, month: date) -> dict[Kind, int]:
    rows = UsageTold.objects.using("staff").filter(client_id=client_id, month=month)
    return {Kind(*key): quantity for *key, quantity in rows.values_list(*Kind._fields, "quantity")}


def _new(counted: dict[Kind, Counted], told: dict[Kind, int], known: list[usage.Contract]) -> Iterator[New]:
    """Each kind of which there is more than was told, and whose it is; what the ledger forgot stays told."""
    for kind, one in sorted(counted.items()):
        more = one.quantity - told.get(kind, 0)
        contract = usage.contract_of(one.first_at.astimezone(PARIS).date(), known)
        if more > 0 and contract is not None:
            yield New(kind, one, more, contract)


def _tell(month: date, new: list[New], forms: dict[UUID, OrderForm], *, first_time: bool) -> None:
    """What is new becomes events of the contract of its day."""
    of_form = sorted(new, key=lambda one: one.contract.id)
    for form_id, found in groupby(of_form, key=lambda one: one.contract.id):
        form = forms[form_id]
        late = not first_time or _invoiced(form, month)
        used = [(_event(one, late=late), _key(month, one)) for one in found]
        events.record_usage(form, used, actor=ACTOR)


def _key(month: date, one: New) -> str:
    """The name of the fact: so much of a kind."""
    return f"{f'{month:%Y-%m}/' + '/'.join(map(str, one.kind)):.100}/{one.counted.quantity}"


def _event(one: New, *, late: bool) -> Used:
    values: dict[str, Any] = one.kind._asdict()
    del values["since"]
    first_at = one.counted.first_at
    return Used(
        **values,
        at=as_moment(clock.now() if late else first_at),
        quantity=one.more,
        status=_INVOICED_AS[one.kind.channel],  # type: ignore[arg-type]
        handed_over_on=first_at.astimezone(PARIS).date() if late else None,
        days=one.counted.days if one.more == one.counted.quantity else {},
    )


def _invoiced(form: OrderForm, month: date) -> bool:
    """Whether the invoice that usage of a month belongs on is issued already."""
    rows = Invoice.objects.using("staff").filter(client_id=form.client_id, order_form=form, key__startswith="run/")
    return rows.filter(key__gte=f"run/{add_months(month, 1)}").exists()


def _keep_told(client_id: UUID, month: date, new: list[New]) -> None:
    rows = [
        UsageTold(client_id=client_id, month=month, **one.kind._asdict(), quantity=one.counted.quantity) for one in new
    ]
    UsageTold.objects.using("staff").bulk_create(
        rows, update_conflicts=True, unique_fields=["client_id", "month", *Kind._fields], update_fields=["quantity"]
    )
