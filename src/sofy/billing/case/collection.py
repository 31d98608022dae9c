"""Money that comes in, is late or comes back: discounts, interest, and the notes that claim it."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from sofy.billing.case.book import Account, Book, Move
from sofy.billing.case.events import PaymentBooked, SepaReturn
from sofy.billing.case.invoicing import Invoicing
from sofy.billing.case.lines import single
from sofy.billing.case.shapes import Case
from sofy.billing.case.told import Told
from sofy.billing.drafting import DraftLine
from sofy.billing.rules import lateness
from sofy.contracts.rules.values import PARIS
from sofy.kernel.clauses import because, clause
from sofy.kernel.money import line_amount

_DAY: Final = timedelta(days=1)
DISCOUNT: Final = because("CGVU 10.2", "escompte de 1%")
NOMINAL: Final = because("CGVU 10.2", "montant nominal")
LATE: Final = because("CGVU 7.1", "3 fois le taux")
RETURNED: Final = because("CGVU 22", "encaissement effectif")


class Collection:
    """Payments, discounts and penalties of one client."""

    def __init__(self, case: Case, book: Book, invoicing: Invoicing, told: Told) -> None:
        self.case, self.book, self.invoicing, self.told = case, book, invoicing, told
        self.terms = case.order_form.payment
        self.rates = {
            **lateness.LEGAL_RATES,
            **{row.half: Decimal(row.percent) for row in case.tables.legal_rate},
        }

    # --- money in -----------------------------------------------------------------------------------------------------

    @clause("CGVU 22")
    def pay(self, event: PaymentBooked) -> list[Account]:
        """Money the bank booked. Answers the invoices that it was for."""
        amount, day = Decimal(event.amount_eur), event.at.astimezone(PARIS).date()
        targets = self._targets(event, amount)
        early = {one.number: less for one in targets if (less := self._early(one, day)) is not None}
        touched = self.book.pay(event.at, amount, targets, early)
        for account in touched:
            self._discount(account, event.at)
        self._settled(touched, event.at)
        return touched

    def _settled(self, touched: Sequence[Account], at: datetime) -> None:
        note = self._note_interest([account for account in touched if account.open_eur <= 0], at)
        if note:
            self.fall_due(note, at)

    def fall_due(self, account: Account, at: datetime) -> None:
        """Something is due: what the client has to its credit pays it."""
        if self.case.readings.client_credit == "set_off" and account.frozen_on is None:
            paid = self.book.set_off(account, at)
            if paid:
                self._settled([paid], at)

    def _targets(self, event: PaymentBooked, amount: Decimal) -> list[Account]:
        """What a payment is for: what it names, else what it fits to the cent, else the oldest first.

        Source: C. civ. 1342-10: the debtor says which debt is paid; else those due, the oldest first.
        """
        owed = self.book.owed()
        named = [one for number in event.invoices if (one := self.book.get(number)) is not None]
        for number in event.invoices:
            if self.book.get(number) is None:
                self.told.refuse("payment", event.at, "unknown_invoice", RETURNED, invoice=number)
        if named:
            return named
        day = event.at.astimezone(PARIS).date()
        owed = [one for one in owed if one.frozen_on is None]  # earlier debts may not be paid (C. com. L622-7)
        fitting = [one for one in owed if amount in (one.open_eur, self._early(one, day))]
        return [*fitting[:1], *(one for one in owed if one not in fitting[:1])]

    def _early(self, account: Account, day: date) -> Decimal | None:
        """What settles an invoice on a day on which the discount still counts."""
        discount = account.document.payment.discount
        if discount is None or day > discount.until or account.discounted or account.credited_eur:
            return None
        return account.open_eur - discount.net_eur - discount.vat_eur

    @clause("CGVU 10.2")
    def _discount(self, account: Account, at: datetime) -> None:
        """Give the discount once enough has come in within its days, by a credit note."""
        discount = account.document.payment.discount
        day = at.astimezone(PARIS).date()
        if discount is None or day > discount.until or account.discounted or account.credited_eur:
            return
        short = discount.payable_eur - account.paid_by(day)
        if short > self.terms.discount_tolerance_eur:
            return
        line = single(f"Escompte de {discount.percent.normalize():f} %", discount.net_eur, DISCOUNT, "discount")
        self.invoicing.issuing.credit(account, [line], at, DISCOUNT, f"discount/{account.key}", what="discount")
        if account.open_eur > 0:
            self.book.credit(account, Move(at, "tolerance", account.open_eur, DISCOUNT))

    @clause("CGVU 22", "CGVU 10.1")
    def returned(self, event: SepaReturn) -> Account | None:
        """A debit came back: the invoice is open again, and due since the day it always was."""
        account = self.book.get(event.invoice)
        if account is None or account.paid_eur <= 0:
            why = "unknown_invoice" if account is None else "nothing_collected"
            self.told.refuse("sepa_return", event.at, why, RETURNED, invoice=event.invoice)
            return None
        amount = account.paid_eur if event.amount_eur is None else min(Decimal(event.amount_eur), account.paid_eur)
        account.take(Move(event.at, "return", -amount, RETURNED, event.reason))
        self.book.reopened(account)
        if account.discounted:
            self._withdraw_discount(account, event.at)
        self.told.task("debit_returned", event.at, RETURNED, invoice=account.number, reason=event.reason)
        return account

    def _withdraw_discount(self, account: Account, at: datetime) -> None:
        """A discount for money that came back was never earned: it is invoiced again, due as the invoice was."""
        discount = account.document.payment.discount
        assert discount is not None
        label = f"Escompte retiré ({account.number})"
        self.invoicing.charge(label, discount.net_eur, at, NOMINAL, due_days=0)

    # --- late ---------------------------------------------------------------------------------------------------------

    def segments(self, account: Account, until: date) -> list[lateness.Segment]:
        """Interest on an invoice up to a day, or until it was settled or frozen."""
        frozen_on = account.frozen_on if self._interest_stops else None
        ends = [until, *(day for day in (account.settled_on, frozen_on) if day)]
        multiple = Decimal(self.terms.penalty_multiple)
        return lateness.interest(account.due_on, account.balances(), min(ends), self.rates, multiple)

    def is_late(self, account: Account, on: date) -> bool:
        """Whether an invoice was not paid when it was due, seen from a day."""
        if account.document.kind != "invoice" or on <= account.due_on:
            return False
        if account.credited_eur >= account.document.payable_eur:
            return False  # what was taken back whole was never owed
        if self._interest_stops and account.frozen_on and account.frozen_on <= account.due_on:
            return False  # a court forbade the payment before it was due (C. com. L622-7)
        first = max(account.due_on, account.document.payment.collect_on or account.due_on) + _DAY
        return any(
            balance.open_eur > 0 and balance.since <= first < following
            for balance, following in _with_next(account.balances())
        )

    @clause("CGVU 7.1")
    def _note_interest(self, accounts: Sequence[Account], at: datetime) -> Account | None:
        """What is certain of the penalties of invoices that were settled, on one debit note."""
        day = at.astimezone(PARIS).date()
        lines: list[DraftLine] = []
        for account in accounts:
            if self.is_late(account, day):
                lines += self._penalty_lines(account, day)
        return self.invoicing.issuing.debit(lines, at, LATE, f"{day}") if lines else None

    def _penalty_lines(self, account: Account, day: date) -> list[DraftLine]:
        segments = self.segments(account, day)
        lines = []
        if lateness.provisional(segments):
            halves = sorted({segment.half_year for segment in segments if segment.amount_eur is None})
            self.told.task("legal_rate_unknown", day, LATE, invoice=account.number, half_years=halves)
        else:
            due = lateness.known(segments) - account.noted_interest_eur
            if due > 0:
                lines.append(single(f"Intérêts de retard, facture {account.number}", due, LATE, "interest"))
                account.noted_interest_eur += due
        if not account.noted_recovery and self.terms.recovery_eur:
            recovery = line_amount(1, Decimal(self.terms.recovery_eur))
            label = f"Indemnité forfaitaire de recouvrement, facture {account.number}"
            lines.append(single(label, recovery, LATE, "recovery"))
            account.noted_recovery = True
        return lines

    @clause("CGVU 22")
    def freeze(self, day: date) -> list[Account]:
        """Insolvency: debts of before are claimed in the proceedings, and nothing is asked for them any more."""
        owed = self.book.owed()
        for account in owed:
            account.frozen_on = account.frozen_on or day
        return owed

    @property
    def _interest_stops(self) -> bool:
        return self.case.readings.insolvency_interest == "stops"


def _with_next(balances: Sequence[lateness.Balance]) -> list[tuple[lateness.Balance, date]]:
    following = [*(balance.since for balance in balances[1:]), date.max]
    return list(zip(balances, following, strict=True))
