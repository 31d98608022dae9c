"""From drafts to numbered documents: VAT of the day, gap-free numbers, credit notes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, Literal

import msgspec

from sofy.billing.case.book import Account, Book, Move
from sofy.billing.case.lines import less
from sofy.billing.case.shapes import Case, Unreadable
from sofy.billing.case.subscriptions import Part
from sofy.billing.case.told import Told
from sofy.billing.document import Document, Origin
from sofy.billing.drafting import Draft, DraftLine, finished
from sofy.billing.rules import vat
from sofy.billing.rules.territories import Rate, Territory, UnknownPlace
from sofy.contracts.rules.values import PARIS
from sofy.kernel.clauses import Because, because, clause
from sofy.kernel.money import rounded

#: Unit: days after which an invoice that waits for VIES is a person's business.
VIES_PATIENCE_DAYS: Final = 10
_CENT: Final = Decimal("0.01")
_VAT: Final = because("CGVU 9.2", "dispositions fiscales en vigueur")
_NO_NUMBER: Final = because("CGVU 9.2", "À défaut de communication")


@dataclass
class Billed:
    """A part that stands on an invoice."""

    part: Part
    account: Account


class Issuing:
    """Numbers documents, or lets them wait for what VIES says.

    `frozen`: the documents that were issued already, by key; each is taken as it is, and what is not among them has a
    provisional number. None: every number is made here.
    """

    def __init__(self, case: Case, book: Book, told: Told, frozen: Mapping[str, Document] | None = None) -> None:
        self.case, self.book, self.told, self.frozen = case, book, told, frozen
        self._keys: Counter[str] = Counter()
        self.client = case.client
        self.check: vat.Check = ""
        self.waiting: list[tuple[Draft, datetime]] = []
        self.billed: list[Billed] = []
        self.coming_parts: dict[str, list[Part]] = {}
        self._place, self._france = self._places()

    def _places(self) -> tuple[Territory, Territory]:
        dated: dict[str, list[Rate]] = {}
        for row in self.case.tables.vat_rate:
            dated.setdefault(row.territory, []).append(Rate(row.since, Decimal(row.percent)))
        where = self.case.client.address
        try:
            place = vat.place_of(where.country, where.postcode)
        except UnknownPlace as error:
            raise Unreadable("$.client.address", str(error)) from None
        return vat.with_rates(place, dated), vat.with_rates(vat.place_of("FR", ""), dated)

    def _treatment(self, draft: Draft, on: date) -> vat.Treatment | None:
        if draft.kind == "debit_note" and self.case.readings.fine_vat == "O":
            return vat.outside_scope()
        if draft.key.startswith("interest"):
            return vat.outside_scope()
        readings = vat.Readings(self.case.readings.abroad, self.case.readings.overseas)
        try:
            return vat.treatment(self._place, self.client.vat_id, self.check, on, readings, self._france)
        except UnknownPlace as error:
            raise Unreadable("$.tables.vat_rate", str(error)) from None

    @clause("CGVU 2", "CGVU 9.2")
    def issue(
        self,
        draft: Draft,
        at: datetime,
        treatment: vat.Treatment | None = None,
        origin: Document | None = None,
        vat_left_eur: Decimal | None = None,
    ) -> Account | None:
        """Number a draft and take it into the book; it waits while nobody knows what VAT it bears."""
        day = at.astimezone(PARIS).date()
        treatment = treatment or self._treatment(draft, day)
        if treatment is None and draft.key not in (self.frozen or {}):
            self.waiting.append((draft, at))
            return None
        key = self._key(draft)
        document = (self.frozen or {}).get(key) or self._made(draft, day, treatment, origin, vat_left_eur)
        account = self.book.issue(document, at, key)
        self.billed += [Billed(part, account) for part in self.coming_parts.pop(draft.key, ())]
        return account

    def _key(self, draft: Draft) -> str:
        """What a document is for: two of one day and kind are told apart by their order."""
        self._keys[draft.key] += 1
        return draft.key if self._keys[draft.key] == 1 else f"{draft.key}#{self._keys[draft.key]}"

    def _provisional(self) -> str:
        """A number no series has: the real one is given when the document is frozen."""
        return f"NEW-{len(self.book.accounts) + 1:06d}"

    def _made(
        self,
        draft: Draft,
        day: date,
        treatment: vat.Treatment | None,
        origin: Document | None,
        vat_left_eur: Decimal | None,
    ) -> Document:
        assert treatment is not None, "a draft without VAT waits"
        return finished(
            draft,
            number=self.book.next_number(draft.kind, day) if self.frozen is None else self._provisional(),
            issued_on=day,
            entity=self.case.entity,
            client=self.client,
            form=self.case.order_form,
            treatment=treatment,
            vat_mode=self.case.readings.discount_vat,
            origin=origin,
            vat_left_eur=vat_left_eur,
        )

    @clause("CGVU 9.2")
    def checked(self, result: vat.Check, vat_id: str, at: datetime) -> None:
        """VIES answered: what waited is issued, and what bore French VAT for want of a number is issued anew."""
        had_none = not self.client.vat_id or self.check == "invalid"
        if vat_id:
            self.client = msgspec.structs.replace(self.client, vat_id=vat_id)
        if result == "unavailable":
            return
        self.check = result
        waiting, self.waiting = self.waiting, []
        for draft, _ in waiting:
            self.issue(draft, at)
        reissued = self._place.area == "eu" and self.case.readings.late_vat_number == "reissue"
        if had_none and result == "valid" and reissued:
            for account in [one for one in self.book.accounts if _bears_vat_for_want(one)]:
                self._reissue(account, at)

    def _reissue(self, account: Account, at: datetime) -> None:
        """Never an edit: a credit note over the whole and a new invoice; money that came in moves with it."""
        paid = account.paid_eur
        draft = _drafted_again(account)
        self.credit(account, draft.lines, at, _NO_NUMBER, f"again-{account.key}")
        again = self.issue(msgspec.structs.replace(draft, key=f"again/{account.key}"), at)
        if again and paid:
            self.book.left_over_eur -= paid
            self.book.pay(at, paid, [again])

    # --- what comes off, what is added --------------------------------------------------------------------------------

    def debit(self, lines: Sequence[DraftLine], at: datetime, why: Because, key: str) -> Account | None:
        """A note of penalties: outside VAT, due at once, without discount."""
        draft = Draft(
            kind="debit_note", lines=tuple(lines), because=why, key=f"interest/{key}", due_days=0, discounted=False
        )  # fmt: skip
        return self.issue(draft, at)

    def credit(
        self,
        account: Account,
        lines: Sequence[DraftLine],
        at: datetime,
        why: Because,
        key: str,
        what: Literal["credit_note", "discount"] = "credit_note",
    ) -> Account | None:
        """A credit note over an invoice, at the invoice's own VAT."""
        origin = account.document
        first = origin.vat[0]
        treatment = vat.Treatment(first.category, first.rate, why, first.reason_code, first.reason)
        if what == "discount" and self.case.readings.discount_vat == "full_vat":
            treatment = vat.Treatment("E", Decimal(0), why, "", "Escompte financier, TVA de la facture inchangée")
        notes = self._notes_on(account)
        left = origin.net_eur - sum((note.net_eur for note in notes), Decimal(0))
        asked = sum((line.net_eur for line in lines), Decimal(0))
        if left <= 0:
            return None
        if asked > left:
            lines = [*lines, less("Déduction : déjà crédité", left - asked, why)]
        draft = Draft(
            kind="credit_note",
            lines=tuple(lines),
            because=why,
            key=f"credit/{key}",
            due_days=0,
            discounted=False,
            corrects=(Origin(origin.number, origin.issued_on),),
        )
        vat_eur = rounded(min(asked, left) * treatment.rate / 100)
        vat_left = origin.vat_eur - sum((one.vat_eur for one in notes), Decimal(0))
        slip = abs(vat_left - vat_eur) <= _CENT * (len(notes) + 1)
        takes_rest = vat_left < vat_eur or (asked >= left and slip)
        note = self.issue(draft, at, treatment, origin, vat_left if takes_rest else None)
        if note:
            self.book.credit(account, Move(at, what, note.document.gross_eur, why, note.number))
        return note

    def _notes_on(self, account: Account) -> list[Document]:
        """The credit notes an invoice had."""
        numbers = {move.document: None for move in account.moves if move.what in ("credit_note", "discount")}
        return [note.document for number in numbers if (note := self.book.get(number))]

    def overdue_checks(self, at: datetime) -> None:
        """Invoices that wait too long for VIES are a person's business."""
        for draft, since in self.waiting:
            if at - since >= timedelta(days=VIES_PATIENCE_DAYS):
                self.told.task("vat_check_pending", since, _VAT, lines=[line.label for line in draft.lines])


def _bears_vat_for_want(account: Account) -> bool:
    """Whether an invoice bears French VAT that a valid number would have spared, and was not credited."""
    document = account.document
    charged = document.kind == "invoice" and document.vat and document.vat[0].category == "S"
    return bool(charged) and not account.credited_eur


def _drafted_again(account: Account) -> Draft:
    """The draft an issued document was made of."""
    document = account.document
    lines = tuple(
        DraftLine(
            code=line.code,
            label=line.label,
            quantity=line.quantity,
            unit_price_eur=line.unit_price_eur,
            net_eur=line.net_eur,
            because=line.because,
            detail=line.detail,
            period=line.period,
            share=line.share,
            establishment=line.establishment,
            third_party=line.third_party,
        )
        for line in document.lines
    )
    return Draft(
        kind="invoice",
        lines=lines,
        because=document.because,
        key=document.number,
        due_days=0 if document.payment.due_on == document.issued_on else None,
        discounted=document.payment.discount is not None,
        period=document.period,
    )
