"""An order form and its parties as data: what was signed, and nothing that follows from it.

The product keeps signed order forms in this form, `sofy case` reads them in it, and rules take their values from it.
"""

import re
from datetime import date
from typing import Literal

import msgspec

from sofy.contracts.rules.values import MOST, Euros, Given, Moment, Percent
from sofy.kernel.clauses import clause

#: What is sold, and what only happens once.
Product = Literal["soview", "soconnect", "soreach", "messaging", "onboarding", "option"]
APPLICATIONS: tuple[Product, ...] = ("soview", "soconnect", "soreach")

Every = Literal["once", "month", "quarter", "year"]
MONTHS_OF: dict[Every, int] = {"month": 1, "quarter": 3, "year": 12}

#: Firm terms there are. Source: CGVU 8.1.
TERMS = (12, 24, 36)


class Address(Given, frozen=True, kw_only=True):
    """A postal address, structured. `country`: ISO 3166-1, two letters; XI is Northern Ireland."""

    street: str = ""
    street2: str = ""
    postcode: str = ""
    town: str = ""
    country: str = "FR"

    def __post_init__(self) -> None:
        if len(self.country) != 2 or not self.country.isupper():
            raise ValueError(f"country: {self.country[:20]!r} is not two capital letters, as in FR")


class Entity(Given, frozen=True, kw_only=True):
    """A legal entity of the operator: it signs, invoices and is paid."""

    name: str
    legal_form: str = "SAS"
    capital_eur: Euros = Euros(0)
    rcs: str = ""
    siren: str = ""
    vat_id: str = ""
    address: Address = msgspec.field(default_factory=Address)
    iban: str = ""
    bic: str = ""
    creditor_id: str = ""
    email: str = ""
    dpo: str = ""
    vat_on: Literal["receipts", "debits"] = "receipts"
    series: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Z0-9-]{0,8}", self.series):
            raise ValueError(f"series: {self.series[:20]!r} is not at most 8 capital letters, digits and hyphens")


class Party(Given, frozen=True, kw_only=True):
    """The client that signs. `vat_id` says nothing of its validity: a check does."""

    name: str
    siren: str = ""
    siret: str = ""
    vat_id: str = ""
    address: Address = msgspec.field(default_factory=Address)
    electronic_address: str = ""
    email: str = ""
    iban: str = ""


class Item(Given, frozen=True, kw_only=True):
    """A line of the order form. `quantity` of a line per point of sale is its quota.

    Unit: `unit_price_eur` and `list_price_eur` per unit and `every`; `list_price_eur` is the tariff when it was signed.
    """

    code: str
    product: Product
    label: str = ""
    per: Literal["poi", "flat"] = "flat"
    quantity: int = 1
    unit_price_eur: Euros
    list_price_eur: Euros | None = None
    every: Every = "month"
    billed: Literal["advance", "arrears"] = "advance"

    def __post_init__(self) -> None:
        if not 0 <= self.quantity <= MOST:
            raise ValueError(f"quantity: that of {self.code[:40]} is not from 0 to {MOST:,}")
        for key in ("unit_price_eur", "list_price_eur"):
            if (getattr(self, key) or 0) < 0:
                raise ValueError(f"{key}: that of {self.code[:40]} is below zero")
        if self.product == "onboarding" and self.every != "once":
            raise ValueError('every: onboarding is due in full at signature (CGVU 5.1), so it is "once"')


class UsagePrice(Given, frozen=True, kw_only=True):
    """What one part or message costs from a day on. Empty country, network or purpose: any."""

    channel: Literal["sms", "rcs", "whatsapp", "email"]
    purpose: Literal["", "marketing", "alert"] = ""
    country: str = ""
    network: str = ""
    unit_price_eur: Euros
    since: date = msgspec.field(name="from", default=date(2000, 1, 1))

    def __post_init__(self) -> None:
        if self.unit_price_eur < 0:
            raise ValueError("unit_price_eur: a price is below zero")


class Payment(Given, frozen=True, kw_only=True):
    """When and how invoices are paid; what is not said is as the general terms have it (CGVU 7.1, 10)."""

    means: Literal["transfer", "sepa_debit"] = "transfer"
    days: int = 30
    discount_percent: Percent = Percent(1)
    discount_days: int = 8
    discount_tolerance_eur: Euros = Euros(0)
    penalty_multiple: Percent = Percent(3)
    recovery_eur: Euros = Euros(40)
    prenotification_days: int = 14
    mandate: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.days <= 60:
            raise ValueError("days: payment is asked for within 0 to 60 days (C. com. L441-10)")
        if not 0 <= self.discount_percent < 100:
            raise ValueError("discount_percent: a discount is from 0 to less than 100 percent")
        if not 0 <= self.discount_days <= self.days:
            raise ValueError("discount_days: the days of the discount are among those of payment")
        if not 1 <= self.prenotification_days <= 60:
            raise ValueError("prenotification_days: a debit is announced 1 to 60 days before")
        for key in ("penalty_multiple", "recovery_eur", "discount_tolerance_eur"):
            if getattr(self, key) < 0:
                raise ValueError(f"{key}: it is below zero")


class Tier(Given, frozen=True, kw_only=True):
    """Below this availability, this share of the monthly fee comes back."""

    below: Percent
    credit: Percent

    def __post_init__(self) -> None:
        for key in ("below", "credit"):
            if not 0 <= getattr(self, key) <= 100:
                raise ValueError(f"{key}: a share is from 0 to 100 percent")


class ServiceLevel(Given, frozen=True, kw_only=True):
    """What is promised of the Applications; what is not said is as the general terms have it (CGVU 28)."""

    tiers: tuple[Tier, ...] = (
        Tier(below=Percent("99.5"), credit=Percent(5)),
        Tier(below=Percent(98), credit=Percent(15)),
        Tier(below=Percent(95), credit=Percent(30)),
    )
    claim_days: int = 15
    maintenance_hours: int = 48
    routing: Percent = Percent("99.9")

    def __post_init__(self) -> None:
        if not 0 <= self.claim_days <= 366:
            raise ValueError("claim_days: a credit is asked for within 0 to 366 days")
        if not 0 <= self.maintenance_hours <= 8784:
            raise ValueError("maintenance_hours: work is told at most 8,784 hours before")


class Revision(Given, frozen=True, kw_only=True):
    """The yearly revision by the SYNTEC index, as the order form confirms it (CGVU 9.1 names no formula).

    `base_month`: the month of S0, else the last index published when the order form was signed. `month`: which month's
    index S1 is (01 to 12), else the last one published at the anniversary.
    """

    confirmed: bool = True
    base_month: str = ""
    month: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"(20[0-9]{2}-(0[1-9]|1[0-2]))?", self.base_month):
            raise ValueError(f"base_month: {self.base_month[:20]!r} is not a month, as in 2025-01")
        if not re.fullmatch(r"(0[1-9]|1[0-2])?", self.month):
            raise ValueError(f"month: {self.month[:20]!r} is not a month, as in 01")


class OrderForm(Given, frozen=True, kw_only=True):
    """What a client signed: what it buys, for how long and how it pays."""

    number: str
    signed_at: Moment
    starts_on: date
    term_months: int
    renewal_months: int | None = None
    items: tuple[Item, ...]
    usage_prices: tuple[UsagePrice, ...] = ()
    extra_poi: Literal["increase", "block"] = "increase"
    decrease: Literal["period_end", "at_once"] = "period_end"
    periods: Literal["calendar", "contract"] = "calendar"
    payment: Payment = msgspec.field(default_factory=Payment)
    service_level: ServiceLevel = msgspec.field(default_factory=ServiceLevel)
    revision: Revision | None = None

    def __post_init__(self) -> None:
        check_term(self.term_months)
        if not 2000 <= self.starts_on.year <= 2099:
            raise ValueError("starts_on: it is not between 2000 and 2099")
        if self.renewal_months is not None and not 1 <= self.renewal_months <= 36:
            raise ValueError("renewal_months: a renewal is 1 to 36 months long")
        codes = [item.code for item in self.items]
        if len(set(codes)) < len(codes):
            raise ValueError("items: two of them have one code")


@clause("CGVU 8.1")
def check_term(months: int) -> None:
    """Refuse a firm term the contract does not know.

    Raises: ValueError
    """
    if months not in TERMS:
        raise ValueError(f"term_months: a firm term is 12, 24 or 36 months (CGVU 8.1), not {months}")
