"""Files of direct debits and banks for tests."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from sofy.sandbox.bank import PROFILES, Bank, Profile, State
from sofy.wire.camt import load
from sofy.wire.pain import Address, Batch, Creditor, Debit, Debtor, Mandate, Status, read_status, write

IBAN = "FR7630006000011234567890189"
HANDED_IN = datetime(2026, 6, 17, 8, tzinfo=UTC)
COLLECTED = date(2026, 7, 1)
CREDITOR = Creditor(name="Sofy", creditor_id="FR72ZZZ123456", iban=IBAN)


def bank(state: State | None = None, **changes: Any) -> Bank:
    """A bank where nothing comes back and nothing costs, but for what is asked."""
    return Bank(msgspec.structs.replace(PROFILES["plain"], **changes), state or State(iban=IBAN))


def debit(number: int = 1, amount: str = "10.00", **given: Any) -> Debit:
    values: dict[str, Any] = {
        "end_to_end_id": f"E{number}",
        "amount_eur": Decimal(amount),
        "collect_on": COLLECTED,
        "mandate": Mandate(id=f"RUM-{number}", signed_on=date(2026, 4, 1)),
        "debtor": Debtor(
            name=f"Boutique {number}",
            iban="DE89370400440532013000",
            address=Address(country="FR", town="Lyon"),
        ),
        "creditor": CREDITOR,
        "remittance": f"Facture FA-2026-{number:06d}",
    }
    return Debit(**{**values, **given})


def pain(*debits: Debit, message_id: str = "SOFY-1", **given: Any) -> bytes:
    made = Batch(message_id=message_id, created_at=HANDED_IN, initiator="Sofy", debits=debits, **given)
    return write(made)


def taken(made: Bank, content: bytes, at: datetime = HANDED_IN) -> Status:
    return read_status(made.take(content, at=at))


def entries(content: bytes | None) -> list[Any]:
    return [one for statement in load(content or b"") for one in statement.entries]


def profile(**changes: Any) -> Profile:
    return msgspec.structs.replace(PROFILES["plain"], **changes)
