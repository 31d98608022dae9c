"""Invoiced clients and files of a bank for tests."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sofy.billing.models import Invoice
from sofy.billing.services import runs
from sofy.billing.tests.signed import Content, bought, signed
from sofy.clients.models import Client
from sofy.clients.tests.factories import make_client
from sofy.contracts.models import LegalEntity, OrderForm
from sofy.contracts.services import acceptances, order_forms
from sofy.contracts.tests.factories import ACTOR, content
from sofy.kit import outbox
from sofy.kit.rls import staff_scope
from sofy.wire.camt import Balance, Detail, Entry, Statement, write

IBAN = "FR7630006000011234567890189"
PAYER = "DE89370400440532013000"


def invoiced(
    entity: LegalEntity, name: str = "Boulangerie Martin", *, months: int = 1, **changes: Any
) -> tuple[Client, OrderForm]:
    """A client with an invoice of 720.00 for each month since April 2026."""
    client = make_client(name)
    form = signed(client, entity, **({"items": bought(onboarding=False)} | changes))
    for month in range(4, 4 + months):
        runs.run(entity.pk, date(2026, month, 1), actor=ACTOR, validator=Content())
    return client, form


def debited(
    entity: LegalEntity, name: str = "Boulangerie Martin", *, mandate: str = "RUM-1", iban: str = PAYER, **terms: Any
) -> tuple[Client, OrderForm]:
    """A client that signed a mandate with its order form, and has an invoice of 720.00 of April 2026."""
    client = make_client(name)
    payment = {"means": "sepa_debit", "mandate": mandate, **terms}
    given = content(items=bought(onboarding=False), payment=payment)
    given["client"] |= {
        "name": name, "electronic_address": "732829320", "iban": iban,
        "address": {"street": "3 rue du Four", "town": "Lyon", "postcode": "69001"},
    }  # fmt: skip
    draft = order_forms.draft(client.pk, entity_id=entity.pk, content=given, actor=ACTOR)
    order_forms.send(client.pk, draft.pk, actor=ACTOR)
    form = acceptances.record_signature(
        client.pk, draft.pk, signed_on=date(2026, 4, 1), signer="Claire Martin", proof=b"%PDF-1.7 scan", actor=ACTOR
    )
    outbox.dispatch()
    runs.run(entity.pk, date(2026, 4, 1), actor=ACTOR, validator=Content())
    return client, form


def numbers(client: Client) -> list[str]:
    """The invoices of a client, oldest first."""
    with staff_scope():
        rows = Invoice.objects.using("staff").filter(client_id=client.pk, kind="invoice").order_by("number")
        return list(rows.values_list("number", flat=True))


def transfer(amount: str, text: str = "", *, on: date, iban: str = "", name: str = "", code: str = "") -> Entry:
    """A line of money in."""
    detail = Detail(credit=True, amount=Decimal(amount), debtor=name, debtor_iban=iban, texts=(text,) if text else ())
    return line(amount, on=on, code=code or "PMNT-RCDT-ESCT", details=(detail,))


def line(amount: str, *, on: date, credit: bool = True, code: str = "", **changes: Any) -> Entry:
    """A line of an account."""
    return Entry(
        key="", number=1, line=0, amount=Decimal(amount), currency="EUR", credit=credit, status="BOOK", booked_on=on,
        value_on=on, code=code, **changes,
    )  # fmt: skip


def statement(*entries: Entry, account: str = IBAN, name: str = "1", message: str = "camt.053") -> bytes:
    """A statement that adds up."""
    total = sum((one.signed for one in entries), Decimal("0.00"))
    day = entries[0].booked_on if entries else date(2026, 6, 1)
    head = Statement(
        message=message, version="08", message_id=f"M{name}", id=f"2026-{name}", account=account, currency="EUR",
        opening=Balance("OPBD", day, Decimal("100.00")), closing=Balance("CLBD", day, total + 100),
    )  # fmt: skip
    return b"".join(write(head, entries, created_at=datetime(2026, 6, 30, tzinfo=UTC)))


def file(data: bytes) -> io.BytesIO:
    """A file as an upload is one."""
    return io.BytesIO(data)
