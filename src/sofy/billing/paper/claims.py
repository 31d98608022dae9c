"""What a late payer owes, as case files and formal notices say it. Everything is handed in; only sums are made here."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from sofy.billing.document import Because, Party, Seller
from sofy.billing.paper.claim_texts import word
from sofy.billing.rules.lateness import MULTIPLE, RECOVERY_EUR, Segment, known, provisional
from sofy.press import words
from sofy.press.printing import Whole
from sofy.press.words import Language


class LateInvoice(msgspec.Struct, frozen=True):
    """An invoice that was not paid in time. Unit: EUR with VAT; `multiple` times the legal rate are due.

    `noted_eur`: interest that a debit note claims already; `recovery_eur` is 0 where a debit note claims it.
    """

    number: str
    issued_on: date
    due_on: date
    gross_eur: Decimal
    open_eur: Decimal
    interest: tuple[Segment, ...] = ()
    multiple: Decimal = MULTIPLE
    recovery_eur: Decimal = RECOVERY_EUR
    noted_eur: Decimal = Decimal(0)


class Claim(msgspec.Struct, frozen=True):
    """What is claimed of late invoices, summed. Unit: EUR. `provisional`: a rate is not published yet.

    `interest_eur` is without `noted_eur`, which debit notes claim already.
    """

    principal_eur: Decimal
    interest_eur: Decimal
    noted_eur: Decimal
    recovery_eur: Decimal
    provisional: bool

    @property
    def total_eur(self) -> Decimal:
        """All of it."""
        return self.principal_eur + self.interest_eur + self.recovery_eur


def claim(invoices: Iterable[LateInvoice]) -> Claim:
    """The sums of what is claimed."""
    late = list(invoices)
    segments = [one for invoice in late for one in invoice.interest]
    zero = Decimal("0.00")
    noted = sum((invoice.noted_eur for invoice in late), zero)
    return Claim(
        principal_eur=sum((invoice.open_eur for invoice in late), zero),
        interest_eur=known(segments) - noted,
        noted_eur=noted,
        recovery_eur=sum((invoice.recovery_eur for invoice in late), zero),
        provisional=provisional(segments),
    )


def totals(made: Claim, language: Language) -> list[list[str]]:
    """The sums for the box at the top; the last one is all of it."""
    rows = [
        ("principal", made.principal_eur),
        ("interest", made.interest_eur),
        ("recovery", made.recovery_eur),
        ("claimed", made.total_eur),
    ]
    return [[word(key, language), words.amount(value, language)] for key, value in rows]


def quotes(because: Iterable[Because]) -> list[tuple[str, list[str]]]:
    """The sentences by article, each once, in the order in which articles first occur."""
    found: dict[str, list[str]] = {}
    for one in dict.fromkeys(because):
        found.setdefault(one.article, []).append(one.sentence)
    return list(found.items())


def foot(seller: Seller, language: Language) -> str:
    """Who the creditor is, for the foot of each page."""
    return words.company(
        name=seller.party.name,
        legal_form=seller.legal_form,
        capital_eur=seller.capital_eur,
        siren_number=seller.party.siren,
        rcs=seller.rcs,
        vat_id=seller.party.vat_id,
        language=language,
    )


def somebody(party: Party, title: str, language: Language) -> dict[str, Any]:
    """A creditor or debtor with address and numbers."""
    at = party.address
    number = ("siret", words.siren(party.siret)) if party.siret else ("siren", words.siren(party.siren))
    return {
        "title": title,
        "name": party.name,
        "lines": [
            *words.address(at.street, at.street2, at.postcode, at.town, at.country, language),
            *([Whole(party.email)] if party.email else []),
        ],
        "ids": [[word(key, language), Whole(value)] for key, value in (number, ("vat_id", party.vat_id)) if value],
    }


def invoices(late: Iterable[LateInvoice], language: Language) -> dict[str, Any]:
    """The table of late invoices."""
    return {
        "columns": [word(key, language) for key in ("invoice", "issued", "due", "gross", "open")],
        "rows": [
            [
                Whole(one.number),
                words.brief(one.issued_on),
                words.brief(one.due_on),
                words.amount(one.gross_eur, language),
                words.amount(one.open_eur, language),
            ]
            for one in late
        ],
    }


def interest(late: Iterable[LateInvoice], language: Language) -> dict[str, Any]:
    """The table of interest: each half-year and balance on its own, then what was rounded is added."""
    rows = [_segment(invoice, one, language) for invoice in late for one in invoice.interest]
    return {
        "columns": [word(key, language) for key in ("invoice", "days_of", "days", "balance", "rate", "amount")],
        "rows": rows,
        "note": word("interest_note", language),
    }


def _segment(invoice: LateInvoice, one: Segment, language: Language) -> list[str]:
    if one.legal_percent is None or one.amount_eur is None:
        rate, amount = word("no_rate", language, half=one.half_year), word("pending", language)
    else:
        yearly = words.percent(one.legal_percent * invoice.multiple, language)
        rate = f"{words.number(invoice.multiple, language)} × {words.percent(one.legal_percent, language)} = {yearly}"
        amount = words.amount(one.amount_eur, language)
    return [
        Whole(invoice.number),
        f"{words.brief(one.first)} – {words.brief(one.last)}",
        words.number(one.days, language),
        words.amount(one.open_eur, language),
        rate,
        amount,
    ]
