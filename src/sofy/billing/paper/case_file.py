"""The case file of a late payer: every amount, act and proof, as a court or a bailiff wants to read them."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec

from sofy.billing.document import Because, Party, Seller
from sofy.billing.paper import claims, notice_days
from sofy.billing.paper.claim_texts import ACTS, CHANNELS, MOVES, NO_PROOFS, NOTICES, PROOFS, of, word
from sofy.billing.paper.claims import LateInvoice
from sofy.contracts.documents import CGVU
from sofy.contracts.rules.days import Day
from sofy.kernel.clauses import clause
from sofy.press import printing, words
from sofy.press.printing import Whole
from sofy.press.words import Language

_TEMPLATE = "billing/paper/case_file.typ"


class Movement(msgspec.Struct, frozen=True):
    """What was received or taken off, on the booking date. Unit: EUR; negative when money went back."""

    on: date
    invoice: str
    what: str
    amount_eur: Decimal
    reference: str = ""


class SentNotice(msgspec.Struct, frozen=True):
    """A notice with its proofs. `days`: from the day of proof to the last business day; `acts_from`: the day after it.

    `what`, `channel` and `proof_kind` are codes of claim_texts; moments are on the clock of Paris.
    """

    what: str
    channel: str
    sent_at: datetime
    invoices: tuple[str, ...]
    sent_proof: str = ""
    delivered_at: datetime | None = None
    proof_kind: str = ""
    proof: str = ""
    sha256: str = ""
    days: tuple[Day, ...] = ()
    acts_from: date | None = None


class Act(msgspec.Struct, frozen=True):
    """Something that was done, by whom, and the hash of the piece that shows it. `at` is on the clock of Paris.

    `what` is a code of claim_texts or a text of its own.
    """

    at: datetime
    what: str
    sha256: str = ""
    by: str = ""
    article: str = ""


class CaseFile(msgspec.Struct, frozen=True):
    """Everything about one late payer on one day."""

    number: str
    as_of: date
    creditor: Seller
    debtor: Party
    contract: str
    invoices: tuple[LateInvoice, ...]
    movements: tuple[Movement, ...] = ()
    notices: tuple[SentNotice, ...] = ()
    acts: tuple[Act, ...] = ()
    because: tuple[Because, ...] = ()


@clause("CGVU 7.1", "CGVU 7.2")
def case_file_pdf(file: CaseFile, *, language: Language = "fr") -> bytes:
    """The PDF of a case file; the same file has the same bytes."""
    return printing.pdf(_TEMPLATE, view(file, language), on=file.as_of)


def view(file: CaseFile, language: Language) -> dict[str, Any]:
    """Everything the pages say, in the order in which they say it."""
    title = word("case_file", language)
    sums = claims.claim(file.invoices)
    return {
        "language": language,
        "title": f"{title} {file.number} – {file.debtor.name}",
        "author": file.creditor.party.name,
        "page": word("page", language),
        "foot": claims.foot(file.creditor, language),
        "kind": title,
        "number": Whole(file.number),
        "seller": claims.somebody(file.creditor.party, "", language),
        "debtor": claims.somebody(file.debtor, word("debtor", language), language),
        "facts": [
            [word("as_of", language), words.day(file.as_of, language)],
            [word("contract", language), Whole(file.contract)],
        ],
        "totals": claims.totals(sums, language),
        "provisional": word("provisional", language) if sums.provisional else "",
        "invoices": {"title": word("late_invoices", language), **claims.invoices(file.invoices, language)},
        "interest": _interest(file, sums, language),
        "movements": _movements(file.movements, language),
        "notices": {
            "title": word("notices", language),
            "note": word("calendar_note", language),
            "rows": [_notice(one, language) for one in file.notices],
        },
        "acts": _acts(file.acts, language),
        "basis": _basis(file.because, language),
    }


def _interest(file: CaseFile, sums: claims.Claim, language: Language) -> dict[str, Any]:
    costs = [one for one in file.invoices if one.recovery_eur]
    count = words.number(len(costs), language)
    row = [word("recovery_row", language, count=count), words.amount(sums.recovery_eur, language)]
    return {
        "title": word("interest_title", language),
        **claims.interest(file.invoices, language),
        "noted": [word("noted", language), words.amount(-sums.noted_eur, language)] if sums.noted_eur else [],
        "sum": [word("interest", language), words.amount(sums.interest_eur, language)],
        "recovery": row if costs else [],
    }


def _movements(movements: Sequence[Movement], language: Language) -> dict[str, Any]:
    return {
        "title": word("moves", language),
        "note": word("moves_note", language),
        "columns": [word(key, language) for key in ("on", "invoice", "what", "reference", "amount")],
        "rows": [
            [
                words.brief(one.on),
                Whole(one.invoice),
                of(MOVES, one.what, language),
                one.reference,
                words.amount(one.amount_eur, language),
            ]
            for one in movements
        ],
    }


def _notice(one: SentNotice, language: Language) -> dict[str, Any]:
    facts: list[list[str]] = [[word("about", language), ", ".join(one.invoices)]]
    sent = f"{words.moment(one.sent_at, language)}, {of(CHANNELS, one.channel, language)}"
    facts.append([word("sent", language), sent])
    if one.sent_proof:
        facts.append([word("sent_proof", language), one.sent_proof])
    if one.delivered_at and one.days:
        delivered = f"{words.moment(one.delivered_at, language)}, {of(PROOFS, one.proof_kind, language)}"
        facts.append([word("delivered", language), delivered])
    else:
        facts.append([word("delivered", language), _unproved(one, language)])
    if one.proof:
        facts.append([word("proof", language), one.proof])
    second: Literal["", "_second"] = "_second" if one.what == "second" else ""
    return {
        "title": of(NOTICES, one.what, language),
        "facts": facts,
        "hash": [word("text_hash", language), Whole(one.sha256)] if one.sha256 else [],
        "weeks": notice_days.weeks(one.days, one.acts_from, word(f"lawful{second}", language), language),
        "weekdays": notice_days.weekdays(language),
        "lawful": (
            [word(f"first_lawful{second}", language), words.weekday(one.acts_from, language)] if one.acts_from else []
        ),
    }


def _unproved(one: SentNotice, language: Language) -> str:
    if one.proof_kind not in NO_PROOFS:
        return word("not_proved", language)
    return word("proves_nothing", language, how=of(NO_PROOFS, one.proof_kind, language))


def _acts(acts: Sequence[Act], language: Language) -> dict[str, Any]:
    return {
        "title": word("acts", language),
        "note": word("acts_note", language) if any(one.sha256 for one in acts) else "",
        "rows": [
            {
                "at": words.moment(one.at, language),
                "what": of(ACTS, one.what, language),
                "by": word("by", language, name=one.by) if one.by else "",
                "article": one.article,
                "sha256": Whole(one.sha256),
            }
            for one in acts
        ],
    }


def _basis(because: Sequence[Because], language: Language) -> dict[str, Any]:
    day = words.day(date.fromisoformat(CGVU.version), language)
    return {
        "title": word("basis", language),
        "note": word("basis_note", language, day=day),
        "rows": claims.quotes(because),
    }
