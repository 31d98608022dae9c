"""The formal notice to a late payer, as a letter and as the e-mail that carries it: the same words in both.

The contract asks for an e-mail with acknowledgement (CGVU 7.2); the days begin when its receipt is proved, never when
it is sent, so the letter says on which day they end if it is received on the day it is written.
"""

from datetime import date
from typing import Any, Final, Literal

import msgspec

from sofy.billing.document import Because, Party, Seller
from sofy.billing.paper import claims
from sofy.billing.paper.claims import LateInvoice
from sofy.billing.paper.notice_texts import KINDS, phrase
from sofy.contracts.documents import CGVU
from sofy.kernel.articles import ARTICLES
from sofy.kernel.clauses import clause
from sofy.press import printing, words
from sofy.press.printing import Whole
from sofy.press.words import Language

_TEMPLATE = "billing/paper/formal_notice.typ"
#: Those of its sentences that are about default; the others are about fraud.
_DEFAULT_SENTENCES: Final = 6
QUOTED: Final[tuple[Because, ...]] = tuple(
    Because(article, sentence)
    for article, sentences in (
        ("CGVU 7.1", ARTICLES["CGVU 7.1"].sentences),
        ("CGVU 7.2", ARTICLES["CGVU 7.2"].sentences[:_DEFAULT_SENTENCES]),
    )
    for sentence in sentences
)


class FormalNotice(msgspec.Struct, frozen=True):
    """A notice that is about to leave. `kind`: before a suspension, or the second one before an end of the contract.

    `last_day`: the last day to pay if it is received on `written_on`. `reference`: ISO 11649, for the transfer.
    """

    number: str
    written_on: date
    creditor: Seller
    debtor: Party
    contract: str
    invoices: tuple[LateInvoice, ...]
    last_day: date
    kind: Literal["formal", "second"] = "formal"
    reference: str = ""
    acknowledge_url: str = ""
    signed_by: str = ""


class Mail(msgspec.Struct, frozen=True):
    """The e-mail: what its subject and its text are."""

    subject: str
    text: str


@clause("CGVU 7.1", "CGVU 7.2")
def formal_notice_pdf(notice: FormalNotice, *, language: Language = "fr") -> bytes:
    """The letter; the same notice has the same bytes."""
    return printing.pdf(_TEMPLATE, view(notice, language), on=notice.written_on)


@clause("CGVU 7.1", "CGVU 7.2")
def formal_notice_mail(notice: FormalNotice, *, language: Language = "fr") -> Mail:
    """The e-mail that carries the letter and says all of it once more in plain text."""
    made = view(notice, language)
    columns = made["invoices"]["columns"]
    rows = [
        "- " + ", ".join(f"{title.lower()} {cell}" for title, cell in zip(columns, row, strict=True))
        for row in made["invoices"]["rows"]
    ]
    parts = [
        made["hello"],
        *made["before"],
        "\n".join(rows),
        "\n".join(f"{label} : {value}" if language == "fr" else f"{label}: {value}" for label, value in made["totals"]),
        *([made["provisional"]] if made["provisional"] else []),
        *made["after"],
        "\n".join(f"{label} {value}" for label, value in made["how"]),
        *([f"{phrase('acknowledge', language)}\n{notice.acknowledge_url}"] if notice.acknowledge_url else []),
        made["quoted"],
        "\n\n".join(f"{article}\n" + "\n".join(f"« {one} »" for one in found) for article, found in made["quotes"]),
        "\n".join(part for part in (notice.signed_by, notice.creditor.party.name, made["foot"]) if part),
    ]
    return Mail(subject=made["subject"], text="\n\n".join(parts) + "\n")


def view(notice: FormalNotice, language: Language) -> dict[str, Any]:
    """Everything the letter says, in the order in which it says it."""
    sums = claims.claim(notice.invoices)
    kind = KINDS[notice.kind][0 if language == "fr" else 1]
    total, last = words.amount(sums.total_eur, language), words.weekday(notice.last_day, language)
    written = words.day(notice.written_on, language)
    seller = notice.creditor
    account = [("iban", seller.iban, 4), ("bic", seller.bic, 11), ("reference", notice.reference, 4)]
    return {
        "language": language,
        "title": f"{kind} {notice.number}",
        "author": seller.party.name,
        "page": phrase("page", language),
        "foot": claims.foot(seller, language),
        "kind": kind,
        "number": Whole(notice.number),
        "seller": claims.somebody(seller.party, "", language),
        "debtor": claims.somebody(notice.debtor, phrase("to", language), language),
        "place": phrase("place", language, town=seller.party.address.town, day=written),
        "subject": phrase(f"subject_{notice.kind}", language, number=notice.number, contract=notice.contract),
        "hello": phrase("hello", language),
        "before": [phrase("before", language, day=written, count=words.number(len(notice.invoices), language))],
        "invoices": claims.invoices(notice.invoices, language),
        "totals": claims.totals(sums, language),
        "provisional": phrase("provisional", language) if sums.provisional else "",
        "interest": claims.interest(notice.invoices, language),
        "interest_title": phrase("interest_title", language),
        "after": [
            phrase(key, language, total=total, last=last, day=written)
            for key in ("asks", "days", f"then_{notice.kind}", "grows", "human")
        ],
        "how": [
            [phrase("payee", language), seller.party.name],
            *([phrase(key, language), Whole(words.groups(value, size))] for key, value, size in account if value),
        ],
        "acknowledge": [phrase("acknowledge", language), Whole(notice.acknowledge_url)]
        if notice.acknowledge_url
        else [],
        "quoted": phrase("quoted", language, day=words.day(date.fromisoformat(CGVU.version), language)),
        "quotes": claims.quotes(QUOTED),
        "signed": [part for part in (notice.signed_by, seller.party.name) if part],
    }
