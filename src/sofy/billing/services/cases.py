"""A contract as a case: the order form that was signed, the tables as they stand, and what happened since."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import msgspec
from django.db import connections

from sofy.billing.case.events import Event, VatCheck
from sofy.billing.case.replay import Replay
from sofy.billing.case.shapes import Case, Unreadable
from sofy.billing.document import Document, decoded
from sofy.billing.einvoice.oracle import Situation
from sofy.billing.models import Invoice
from sofy.billing.rules.territories import Rate
from sofy.billing.services import events, tables
from sofy.billing.services.tables import Shared as Shared
from sofy.contracts.models import OrderForm, OrderFormVersion
from sofy.contracts.rules import signed
from sofy.contracts.rules.shapes import UsagePrice
from sofy.contracts.rules.values import Euros
from sofy.kernel.errors import Refused


@dataclass(frozen=True)
class Contract:
    """All that a replay needs. `frozen`: documents that were issued, by key; `happened`: how many events there are."""

    order_form: OrderForm
    case: Case
    frozen: dict[str, Document]
    happened: int
    credits: dict[str, list[Document]] = field(default_factory=dict)

    def played(self, as_of: date) -> Replay:
        """Everything that follows up to the end of a day.

        Raises: Refused (contract_unreadable).
        """
        try:
            return Replay(self.case, as_of, self.frozen).play()
        except Unreadable as error:
            raise Refused("contract_unreadable", path=error.path, problem=error.message[:300]) from None


def load(client_id: UUID, order_form_id: UUID, *, using: str = "staff", shared: Shared | None = None) -> Contract:
    """A contract in force with its log and its documents; inside the staff scope, or that of its client.

    `shared`: the tables, where many contracts are worked out with the same ones.

    Raises: Refused (contract_unknown).
    """
    rows = OrderForm.objects.using(using).filter(client_id=client_id, pk=order_form_id)
    form = rows.filter(state=OrderForm.State.ACCEPTED).first()
    if form is None or form.signed_at is None:
        raise Refused("contract_unknown", 404)
    log = events.of(form)
    case = _case(form, log, shared or tables.current(using=using), using)
    invoices = Invoice.objects.using(using).filter(client_id=client_id, order_form=form)
    frozen = {row.key: decoded(str(row.document).encode()) for row in invoices.order_by("frozen_at", "id")}
    credits: dict[str, list[Document]] = {}
    for document in frozen.values():
        for origin in document.corrects:
            credits.setdefault(origin.number, []).append(document)
    return Contract(form, case, frozen, len(log), credits)


def _case(form: OrderForm, log: tuple[Event, ...], shared: Shared, using: str) -> Case:
    """The case of a signed order form: its log, and what befell the Applications it has."""
    versions = OrderFormVersion.objects.using(using).filter(client_id=form.client_id, order_form=form)
    assert form.signed_at is not None, "an accepted order form was signed"
    paper = signed.read_paper(versions.get(version=form.version).content, signed_at=form.signed_at)
    sold = {item.product for item in paper.order_form.items}
    befell = [
        one for one in shared.happened
        if one.at >= form.signed_at and (one.application is None or one.application in sold)
    ]  # fmt: skip
    return Case(
        format=1,
        entity=paper.entity,
        client=paper.client,
        order_form=paper.order_form,
        tables=msgspec.structs.replace(shared.tables, usage_price=usage_prices(form.client_id, using)),
        readings=shared.readings,
        events=(*log, *befell),
    )


def usage_prices(client_id: UUID, using: str) -> tuple[UsagePrice, ...]:
    """What messages cost this client where its order form is silent: its own rows, then those of the list."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT channel, purpose, country, network, price_eur, valid_from FROM price_sale"
            " WHERE client_id = %s OR client_id IS NULL"
            " ORDER BY client_id IS NOT NULL, valid_from, created_at",
            [client_id],
        )
        rows = cursor.fetchall()
    return tuple(
        UsagePrice(channel=channel, purpose=purpose, country=country, network=network,
                   unit_price_eur=Euros(price), since=since)
        for channel, purpose, country, network, price, since in rows
    )  # fmt: skip


def situation(case: Case, at: datetime) -> Situation:
    """What was known of the buyer at a moment."""
    answers = [
        one.result for one in sorted(case.events, key=lambda one: one.at)
        if isinstance(one, VatCheck) and one.at <= at and one.result != "unavailable"
    ]  # fmt: skip
    rates: dict[str, tuple[Rate, ...]] = {}
    for row in case.tables.vat_rate:
        rates[row.territory] = (*rates.get(row.territory, ()), Rate(row.since, Decimal(row.percent)))
    return Situation(
        vat_id_valid=answers[-1] == "valid" if answers else None,
        outside=case.readings.abroad,
        overseas=case.readings.overseas,
        fine=case.readings.fine_vat,
        rates={place: tuple(sorted(found, key=lambda rate: rate.since)) for place, found in rates.items()},
    )
