"""A case: a contract, the tables of the outside world and what happened, in one JSON file.

docs/reference/case.md specifies every key.
"""

import json
import re
from datetime import date
from typing import Any, Literal

import msgspec

from sofy.billing.case.events import Event, check_month
from sofy.billing.rules.territories import TERRITORIES
from sofy.contracts.rules.shapes import Entity, OrderForm, Party, UsagePrice
from sofy.contracts.rules.values import Euros, Given, Percent, converted

FORMAT = 1
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
#: Unit: bytes. Ten years of daily events are a tenth of it.
LARGEST = 20_000_000
#: Unit: events.
MOST_EVENTS = 100_000


class LegalRate(Given, frozen=True, kw_only=True):
    """The legal interest rate of a half-year, as in 2026-H1."""

    half: str
    percent: Percent

    def __post_init__(self) -> None:
        if not re.fullmatch(r"20[0-9]{2}-H[12]", self.half):
            raise ValueError(f"half: {self.half[:20]!r} is not a half-year, as in 2026-H1")
        if not 0 <= self.percent <= 100:
            raise ValueError("percent: a rate is from 0 to 100 percent")


class IndexValue(Given, frozen=True, kw_only=True):
    """A value of the SYNTEC index."""

    month: str
    value: Percent
    published_on: date
    source: str = ""

    def __post_init__(self) -> None:
        check_month(self.month)
        if self.value <= 0:
            raise ValueError("value: that of an index is above zero")


class VatRate(Given, frozen=True, kw_only=True):
    """A rate of VAT from a day on. `territory`: FR, or an overseas department as in FR-974."""

    territory: str = "FR"
    percent: Percent
    since: date = msgspec.field(name="from")

    def __post_init__(self) -> None:
        if self.territory not in TERRITORIES:
            raise ValueError(f"territory: {self.territory[:20]!r} is none, as in FR or FR-974")
        if not 0 <= self.percent <= 100:
            raise ValueError("percent: a rate is from 0 to 100 percent")


class Tariff(Given, frozen=True, kw_only=True):
    """The list price of a line of the order form from a day on, by its code."""

    code: str
    unit_price_eur: Euros
    since: date = msgspec.field(name="from")

    def __post_init__(self) -> None:
        if self.unit_price_eur < 0:
            raise ValueError("unit_price_eur: a price is below zero")


class Tables(Given, frozen=True, kw_only=True):
    """What the outside world says; a row of a case takes the place of a built-in one of the same key."""

    legal_rate: tuple[LegalRate, ...] = ()
    index: tuple[IndexValue, ...] = ()
    vat_rate: tuple[VatRate, ...] = ()
    tariff: tuple[Tariff, ...] = ()
    usage_price: tuple[UsagePrice, ...] = ()


class Readings(Given, frozen=True, kw_only=True):
    """Where the text is silent or contradicts itself: how it is read. Every default is the reading the house takes."""

    revision: Literal["if_confirmed", "always", "never"] = "if_confirmed"
    revision_from_month: int = 12
    unpaid_at_once: Literal["never", "two_approvers"] = "never"
    refusable_terms: Literal["substantial", "all"] = "substantial"
    service_fee: Literal["application", "whole"] = "application"
    suspension: Literal["automatic", "by_hand"] = "automatic"
    second_notice: bool = True
    fine_vat: Literal["O", "S"] = "O"
    discount_vat: Literal["reduced_base", "full_vat"] = "reduced_base"
    onboarding_due: Literal["signature", "net_days"] = "signature"
    third_party_due: Literal["at_once", "net_days"] = "at_once"
    cap_by: Literal["payment", "invoice"] = "payment"
    overseas: Literal["by_place", "normal_rate"] = "by_place"
    abroad: Literal["G", "O"] = "G"
    client_credit: Literal["set_off", "keep"] = "set_off"
    late_vat_number: Literal["reissue", "keep"] = "reissue"
    insolvency_interest: Literal["stops", "runs"] = "stops"

    def __post_init__(self) -> None:
        if not 0 <= self.revision_from_month <= 120:
            raise ValueError("revision_from_month: it is not from 0 to 120")


class Case(Given, frozen=True, kw_only=True):
    """One contract and its life."""

    format: Literal[1]
    entity: Entity
    client: Party
    order_form: OrderForm
    tables: Tables = msgspec.field(default_factory=Tables)
    readings: Readings = msgspec.field(default_factory=Readings)
    events: tuple[Event, ...] = ()


class Unreadable(Exception):
    """A case that is not one: where, and what is wrong."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path, self.message = path, message


def read(data: bytes) -> Case:
    """A case from its bytes.

    Raises: Unreadable
    """
    if len(data) > LARGEST:
        raise Unreadable("$", f"a case has at most {LARGEST:,} bytes; this one has {len(data):,}")
    try:
        plain = msgspec.json.decode(data)
        json.loads(data, object_pairs_hook=_once)
    except _Doubled as error:
        raise Unreadable("$", f"the key {str(error)[:40]!r} stands twice in one object") from None
    except (msgspec.DecodeError, ValueError) as error:
        raise Unreadable("$", f"this is not JSON: {error}") from None
    except RecursionError:
        raise Unreadable("$", "this is nested too deeply") from None
    return from_plain(plain)


def from_plain(plain: Any) -> Case:
    """A case from what JSON holds.

    Raises: Unreadable
    """
    if isinstance(plain, dict) and isinstance(plain.get("events"), list) and len(plain["events"]) > MOST_EVENTS:
        raise Unreadable("$.events", f"a case has at most {MOST_EVENTS:,} events")
    try:
        _refuse_signs(plain, "$")
        return converted(plain, Case)
    except msgspec.ValidationError as error:
        raise _told(str(error)) from None
    except RecursionError:
        raise Unreadable("$", "this is nested too deeply") from None


def _refuse_signs(value: Any, path: str) -> None:
    """Refuse what no document can show: control characters, which XML does not have.

    Raises: Unreadable
    """
    if isinstance(value, str):
        if not value.isprintable() and _CONTROL.search(value):
            raise Unreadable(path, "this text has a control character in it")
    elif isinstance(value, dict):
        for key, inner in value.items():
            _refuse_signs(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            _refuse_signs(inner, f"{path}[{place}]")


def _told(message: str) -> Unreadable:
    """msgspec says "what - at `$.where`"; a key that is unknown is part of where."""
    words, _, where = message.partition(" - at `")
    path = where.rstrip("`") or "$"
    unknown = re.fullmatch(r"Object contains unknown field `(.*)`", words, re.DOTALL)
    if unknown:
        return Unreadable(f"{path}.{unknown[1]}", f"unknown key {unknown[1]!r}")
    missing = re.fullmatch(r"Object missing required field `(.*)`", words)
    if missing:
        return Unreadable(f"{path}.{missing[1]}", f"missing key {missing[1]!r}")
    named = re.fullmatch(r"([a-z_]+): (.*)", words, re.DOTALL)
    return Unreadable(f"{path}.{named[1]}", named[2]) if named else Unreadable(path, words)


class _Doubled(ValueError):
    """A key that stands twice in one object."""


def _once(pairs: list[tuple[str, Any]]) -> None:
    """Refuse an object in which a key stands twice: nobody can say which of the two was meant."""
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise _Doubled(key)
        seen.add(key)
