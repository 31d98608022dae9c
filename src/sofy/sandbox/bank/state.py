"""What the simulated bank remembers from one day to the next; a JSON file when it is used from the command line."""

from datetime import date
from decimal import Decimal

import msgspec

from sofy.sandbox.bank.profile import Transfer


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A debit that will be collected, or that was and will come back (`reason`)."""

    end_to_end_id: str
    payment_id: str
    message_id: str
    mandate_id: str
    amount_eur: Decimal
    debtor: str
    iban: str
    remittance: str
    one_booking: bool
    reason: str = ""


class State(msgspec.Struct, kw_only=True):
    """An account and all that is still to happen on it, by day. `used`: mandate -> the day of its last debit."""

    iban: str
    holder: str = "Sofy"
    balance_eur: Decimal = Decimal("0.00")
    statement: int = 0
    answers: int = 0
    closed: date | None = None
    messages: list[str] = []
    used: dict[str, date] = {}
    collections: dict[date, list[Due]] = {}
    returns: dict[date, list[Due]] = {}
    transfers: dict[date, list[Transfer]] = {}

    def to_json(self) -> bytes:
        """The state as a file keeps it."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1)

    @classmethod
    def from_json(cls, content: bytes) -> "State":
        """Raises: msgspec.DecodeError, msgspec.ValidationError for what is no state."""
        return msgspec.json.decode(content, type=cls)
