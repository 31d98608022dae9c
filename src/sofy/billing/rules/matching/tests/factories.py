"""Open items and lines of the bank for tests."""

from datetime import date
from decimal import Decimal
from typing import Any

from sofy.billing.rules.matching import Book, Client, Debit, Invoice, match_all
from sofy.wire.camt import Detail, Entry, Total

DAY = date(2026, 7, 1)
DUE = date(2026, 7, 1)
IBAN = "FR7630006000011234567890189"
OTHER_IBAN = "DE89370400440532013000"


def invoice(n: int = 1, open_eur: str = "1440.00", client: str = "c1", **given: Any) -> Invoice:
    values: dict[str, Any] = {
        "id": f"i{n}",
        "number": f"FA-2026-{n:06d}",
        "client_id": client,
        "open_eur": Decimal(open_eur),
        "due_on": DUE,
    }
    return Invoice(**{**values, **given})


def debit(n: int = 1, amount: str = "1440.00", client: str = "c1", **given: Any) -> Debit:
    values: dict[str, Any] = {
        "id": f"d{n}",
        "invoice_id": f"i{n}",
        "client_id": client,
        "end_to_end_id": f"E{n}",
        "amount_eur": Decimal(amount),
        "due_on": DUE,
        "payment_id": "SOFY-1-1",
        "message_id": "SOFY-1",
        "mandate_id": f"RUM-{n}",
    }
    return Debit(**{**values, **given})


def client(name: str = "c1", *ibans: str, called: str = "") -> Client:
    return Client(id=name, name=called, ibans=ibans)


def line(amount: str = "1440.00", *details: Detail, key: str = "k1", **given: Any) -> Entry:
    values: dict[str, Any] = {
        "key": key,
        "number": 1,
        "line": 1,
        "amount": Decimal(amount),
        "currency": "EUR",
        "credit": True,
        "status": "BOOK",
        "booked_on": DAY,
        "code": "PMNT-RCDT-ESCT",
        "details": details,
    }
    return Entry(**{**values, **given})


def text(*texts: str, **given: Any) -> Detail:
    return Detail(**{"credit": True, "texts": texts, **given})


def collected(*details: Detail, amount: str, **given: Any) -> Entry:
    """A line of direct debits that were paid."""
    return line(amount, *details, **{"code": "PMNT-IDDT-ESDD", **given})


def back(*details: Detail, amount: str, **given: Any) -> Entry:
    """A line of direct debits that came back."""
    return line(amount, *details, **{"code": "PMNT-IDDT-UPDD", "credit": False, **given})


def block(payment_id: str = "SOFY-1-1", **given: Any) -> tuple[Total, ...]:
    return (Total(payment_id=payment_id, **given),)


def one(entry: Entry, book: Book):
    """What one line does; the parts come to its amount."""
    (outcome,) = match_all([entry], book)
    assert outcome.accounted_eur == outcome.amount_eur
    return outcome


def paid(outcome) -> dict[str, str]:
    """Invoice -> what it got."""
    return {each.invoice_id: str(each.amount_eur) for each in outcome.allocations}
