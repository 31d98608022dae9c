"""How the simulated bank behaves: everything a test or a training session may want to turn."""

from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

Version = Literal["02", "04", "08"]


class Scripted(msgspec.Struct, frozen=True):
    """What becomes of one debit: it comes back with this reason, so many settlement days after its collection."""

    reason: str
    after_days: int = 2


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer somebody makes to the account. It arrives on that day, or the next on which money moves."""

    on: date
    amount_eur: Decimal
    name: str
    iban: str = ""
    texts: tuple[str, ...] = ()
    reference: str = ""
    end_to_end_id: str = ""


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One bank. Shares are of collected debits, between 0 and 1.

    `version` is that of its camt files. `details`: the 053 lists the payments of a batch (the 054 always does).
    `batches`: as the file asks, or always, or never one line per block. Fees are netted in the line they belong to and
    declared there, or lines of their own (`fees_apart`), or netted and not declared (`fees_hidden`).
    `mandates`: those it knows, None for all; `refused`: mandates whose debits it refuses beforehand, with the reason.
    `ends`: EndToEndId -> what becomes of it. Unit: EUR.
    """

    seed: int = 1
    version: Version = "08"
    details: bool = True
    batches: Literal["asked", "always", "never"] = "asked"
    returned: float = 0.04
    reasons: tuple[tuple[str, float], ...] = (("AM04", 6), ("MD06", 2), ("AC04", 1), ("MS02", 1), ("MS03", 1))
    return_days: tuple[int, int] = (1, 5)
    return_fee_eur: Decimal = Decimal("3.00")
    batch_fee_eur: Decimal = Decimal("0.00")
    fees_apart: bool = False
    fees_hidden: bool = False
    lead_days: int = 1
    mandates: tuple[str, ...] | None = None
    refused: dict[str, str] = {}
    ends: dict[str, Scripted] = {}
    bic: str = "SOFYFRPP"


PROFILES: dict[str, Profile] = {
    "demo": Profile(),
    "plain": Profile(returned=0.0, return_fee_eur=Decimal("0.00")),
    "hostile": Profile(
        returned=0.2, details=False, fees_hidden=True, batch_fee_eur=Decimal("0.35"), return_days=(1, 40), version="02"
    ),
}
