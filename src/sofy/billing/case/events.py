"""What can happen to a contract, as a case writes it: one shape per `type`.

Every event has `at`, the moment it happened. Amounts of events that are about money that moved are with VAT.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from sofy.contracts.rules.access import Cause
from sofy.contracts.rules.ends import Reason
from sofy.contracts.rules.values import MOST, Euros, Given, Moment, seconds

Application = Literal["soview", "soconnect", "soreach"]
_CENT = Decimal("0.01")
Channel = Literal["sms", "rcs", "whatsapp", "email"]


#: How messages stand: the statuses of the ledger, and the two of what never got into it.
Status = Literal[
    "accepted", "deferred", "held", "queued", "submitted", "unknown", "failed", "expired", "delivered", "read",
    "withheld", "cancelled", "refused", "blocked",
]  # fmt: skip


def check_month(text: str) -> None:
    """Refuse what is no month.

    Raises: ValueError
    """
    if not re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])", text):
        raise ValueError(f"month: {text[:20]!r} is not a month, as in 2026-04")


def check_money(amount_eur: Decimal, what: str) -> None:
    """Refuse what cannot have moved: nothing, or parts of a cent.

    Raises: ValueError
    """
    if amount_eur <= 0:
        raise ValueError(f"amount_eur: {what} is above zero")
    if amount_eur != amount_eur.quantize(_CENT):
        raise ValueError("amount_eur: money that moved has whole cents")


class Happened(Given, frozen=True, kw_only=True, tag_field="type"):
    """Something that happened at a moment."""

    at: Moment


class PaymentBooked(Happened, frozen=True, kw_only=True, tag="payment"):
    """Money came in; `at` is the day the bank booked it. Without `invoices` it pays what it fits, then the oldest."""

    amount_eur: Euros
    invoices: tuple[str, ...] = ()
    reference: str = ""

    def __post_init__(self) -> None:
        check_money(self.amount_eur, "that of a payment")


class SepaReturn(Happened, frozen=True, kw_only=True, tag="sepa_return"):
    """A debit came back; without an amount, all that was collected for the invoice."""

    invoice: str
    reason: str = "AM04"
    amount_eur: Euros | None = None

    def __post_init__(self) -> None:
        if self.amount_eur is not None:
            check_money(self.amount_eur, "what comes back")


class NoticeSent(Happened, frozen=True, kw_only=True, tag="notice_sent"):
    """A notice left. Without `invoices`, a formal notice is about everything overdue that day."""

    kind: Literal["formal", "second"] = "formal"
    channel: str = "email"
    invoices: tuple[str, ...] = ()


class NoticeDelivered(Happened, frozen=True, kw_only=True, tag="notice_delivered"):
    """Something says that the last notice of a kind arrived; only some of it proves that."""

    kind: Literal["formal", "second"] = "formal"
    proof: Literal[
        "acknowledgement", "qualified_registered", "registered_letter", "smtp", "dsn", "read_receipt"
    ]  # fmt: skip


class PoiActivated(Happened, frozen=True, kw_only=True, tag="poi_activated"):
    """Points of sale opened; without `items`, on every line per point of sale."""

    count: int = 1
    items: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST:
            raise ValueError(f"count: it is not from 1 to {MOST:,}")


class PoiDecrease(Happened, frozen=True, kw_only=True, tag="poi_decrease"):
    """The client asks for fewer points of sale."""

    count: int = 1
    items: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST:
            raise ValueError(f"count: it is not from 1 to {MOST:,}")


class Used(Happened, frozen=True, kw_only=True, tag="usage"):
    """Messages of one kind. `cost_eur` per unit marks somebody else's fee, passed on at cost (CGVU 9.3).

    `status`: how the messages stand. `handed_over_on`: the day that decides on price and month, where it became known
    later, at `at`, that they count. `days`: how many on each day, all of one price, for who reads the invoice.
    Unit: SMS parts; messages of other channels.
    """

    channel: Channel
    quantity: int
    purpose: Literal["marketing", "alert"] = "marketing"
    country: str = "FR"
    network: str = ""
    status: Status = "delivered"
    template: bool = True
    cost_eur: Euros | None = None
    label: str = ""
    establishment: str = ""
    handed_over_on: date | None = None
    days: dict[date, int] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.quantity <= MOST:
            raise ValueError(f"quantity: it is not from 0 to {MOST:,}")
        if self.cost_eur is not None and self.cost_eur < 0:
            raise ValueError("cost_eur: it is below zero")
        if self.handed_over_on is not None and self.handed_over_on > self.at.date():
            raise ValueError("handed_over_on: it is after at")
        if self.days and (min(self.days.values()) < 0 or sum(self.days.values()) != self.quantity):
            raise ValueError("days: they do not add up to quantity")

    @property
    def day(self) -> date:
        """The day of the hand-over in Paris: it decides on the price and the month."""
        return self.handed_over_on or self.at.date()


class Incident(Happened, frozen=True, kw_only=True, tag="incident"):
    """An Application was away from `at` until `until`; only what is the operator's own fault counts."""

    until: Moment
    application: Application
    fault: Literal["operator", "third_party", "client", "force_majeure"] = "operator"
    cause: str = ""

    def __post_init__(self) -> None:
        if seconds(self.at, self.until) < 0:
            raise ValueError("until: it is before at")


class Maintenance(Happened, frozen=True, kw_only=True, tag="maintenance"):
    """Work on an Application (without one: all), told at `at`."""

    starts_at: Moment
    ends_at: Moment
    application: Application | None = None

    def __post_init__(self) -> None:
        if seconds(self.starts_at, self.ends_at) < 0:
            raise ValueError("ends_at: it is before starts_at")


class CreditClaim(Happened, frozen=True, kw_only=True, tag="credit_claim"):
    """The client asks for the credit of a month, as in 2026-04; without an Application, of every one."""

    month: str
    application: Application | None = None

    def __post_init__(self) -> None:
        check_month(self.month)


class Routing(Happened, frozen=True, kw_only=True, tag="routing"):
    """What a month of routing was: flows handed over, and those that failed inside the house."""

    month: str
    handed_over: int
    failed: int

    def __post_init__(self) -> None:
        check_month(self.month)
        if not 0 <= self.failed <= self.handed_over:
            raise ValueError("failed: it is not from 0 to handed_over")


class TermsNotified(Happened, frozen=True, kw_only=True, tag="terms_notified"):
    """The client was told of a new version of the terms."""

    version: str
    substantial: bool = True


class TermsRefused(Happened, frozen=True, kw_only=True, tag="terms_refused"):
    """The client refuses the version it was last told of."""

    reason: str = ""


class Nonrenewal(Happened, frozen=True, kw_only=True, tag="nonrenewal"):
    """One party says that the contract shall not go on."""

    channel: Literal["registered_letter", "mailbox", "email", "phone", "other"] = "mailbox"
    by: Literal["client", "operator"] = "client"


class VatCheck(Happened, frozen=True, kw_only=True, tag="vat_check"):
    """What VIES answered of the client's VAT number, which `vat_id` gives when it is new."""

    result: Literal["valid", "invalid", "unavailable"]
    vat_id: str = ""
    consultation: str = ""


class Fraud(Happened, frozen=True, kw_only=True, tag="fraud"):
    """Fraud or a threat was detected: access ends at once."""

    evidence: str = ""


class Suspended(Happened, frozen=True, kw_only=True, tag="suspended"):
    """Access was taken away for another cause than an unpaid invoice."""

    cause: Cause
    evidence: str = ""
    by: tuple[str, ...] = ()


class Lifted(Happened, frozen=True, kw_only=True, tag="lifted"):
    """A suspension was lifted by people."""

    cause: Cause
    by: tuple[str, ...] = ()


class Insolvency(Happened, frozen=True, kw_only=True, tag="insolvency"):
    """A court opened proceedings against the client."""

    kind: Literal["safeguard", "receivership", "liquidation"] = "receivership"


class Charge(Happened, frozen=True, kw_only=True, tag="charge"):
    """Something to be invoiced once, by an invoice of its own. Unit: EUR before VAT."""

    label: str
    amount_eur: Euros

    def __post_init__(self) -> None:
        if self.amount_eur <= 0:
            raise ValueError("amount_eur: that of a charge is above zero")


class Fine(Happened, frozen=True, kw_only=True, tag="fine"):
    """A regulator fined the operator for what the client did."""

    amount_eur: Euros
    authority: str = ""

    def __post_init__(self) -> None:
        if self.amount_eur <= 0:
            raise ValueError("amount_eur: that of a fine is above zero")


class Dispute(Happened, frozen=True, kw_only=True, tag="dispute"):
    """The client contests an invoice."""

    invoice: str
    reason: str = ""


class Audit(Happened, frozen=True, kw_only=True, tag="audit"):
    """What an audit of contested traffic found. `platform_flaw`: exclusively a critical flaw of the platform."""

    invoice: str
    platform_flaw: bool


class Terminated(Happened, frozen=True, kw_only=True, tag="terminated"):
    """A person ends the contract."""

    reason: Reason
    decided_by: str = ""


class Damage(Happened, frozen=True, kw_only=True, tag="damage"):
    """An event for which the client asks the operator for compensation. `indirect`: lost profit, harm to its image."""

    excepted: bool = False
    indirect: bool = False


class Indemnity(Happened, frozen=True, kw_only=True, tag="indemnity"):
    """A compensation the operator paid."""

    amount_eur: Euros

    def __post_init__(self) -> None:
        check_money(self.amount_eur, "a compensation")


class Solicitation(Happened, frozen=True, kw_only=True, tag="solicitation"):
    """The client hired somebody of the operator's. Unit: gross yearly pay, bonuses included."""

    yearly_pay_eur: Euros

    def __post_init__(self) -> None:
        if self.yearly_pay_eur <= 0:
            raise ValueError("yearly_pay_eur: it is above zero")


Event = (
    PaymentBooked
    | SepaReturn
    | NoticeSent
    | NoticeDelivered
    | PoiActivated
    | PoiDecrease
    | Used
    | Incident
    | Maintenance
    | CreditClaim
    | Routing
    | TermsNotified
    | TermsRefused
    | Nonrenewal
    | VatCheck
    | Fraud
    | Suspended
    | Lifted
    | Insolvency
    | Charge
    | Fine
    | Dispute
    | Audit
    | Terminated
    | Damage
    | Indemnity
    | Solicitation
)
