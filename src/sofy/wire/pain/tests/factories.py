"""Batches of direct debits for tests."""

from datetime import UTC, date, datetime
from decimal import Decimal

from sofy.wire.pain import Address, Batch, Creditor, Debit, Debtor, Mandate

SOFY = Creditor(
    name="Sofy & Fils",
    creditor_id="FR72ZZZ123456",
    iban="FR7630006000011234567890189",
    bic="BNPAFRPP",
    address=Address(country="FR", town="Saint-Étienne", postcode="42000", street="3 rue de l’Œuf"),
)
SHOP = Debtor(name="Crêperie Le Goff", iban="DE89370400440532013000", address=Address(country="DE", town="Köln"))


def debit(number: int = 1, **given) -> Debit:
    values = {
        "end_to_end_id": f"FA-2026-{number:06d}",
        "amount_eur": Decimal("1440.00"),
        "collect_on": date(2026, 7, 1),
        "mandate": Mandate(id=f"RUM-{number}", signed_on=date(2026, 4, 1)),
        "debtor": SHOP,
        "creditor": SOFY,
        "remittance": f"Facture FA-2026-{number:06d}",
    }
    return Debit(**{**values, **given})


def batch(*debits: Debit, **given) -> Batch:
    values = {
        "message_id": "SOFY-20260617-1",
        "created_at": datetime(2026, 6, 17, 10, tzinfo=UTC),
        "initiator": "Sofy",
        "debits": debits or (debit(),),
    }
    return Batch(**{**values, **given})
