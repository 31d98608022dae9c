"""What is being decided about one line: money is given to invoices here before the book hears of it."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sofy.billing.rules.matching.book import Book
from sofy.billing.rules.matching.values import (
    ZERO,
    Allocation,
    Credit,
    Kind,
    Outcome,
    Reason,
    Reopening,
    Rule,
    Suggestion,
    Undecided,
)
from sofy.wire.camt import Entry


class Draft:
    """The parts of an outcome, as they are found. An invoice never gets more than is open of it."""

    def __init__(self, entry: Entry, book: Book) -> None:
        self.entry, self.book = entry, book
        self.allocations: list[Allocation] = []
        self.credits: list[Credit] = []
        self.reopenings: list[Reopening] = []
        self.undecided: list[Undecided] = []
        self.suggestions: list[Suggestion] = []
        self.charges_eur = ZERO
        self.left_eur = ZERO
        self.rule: Rule = ""
        self.reason: Reason | None = None
        self._given: dict[str, Decimal] = {}
        self._used: set[str] = set()

    @property
    def booked_on(self) -> date | None:
        """The day of payment."""
        return self.entry.booked_on

    @property
    def text(self) -> str:
        """What the line says of its payment; nothing when it has several, for it may mean any of them."""
        return self.entry.text if len(self.entry.details) <= 1 else ""

    def open_eur(self, invoice_id: str) -> Decimal:
        """What is left to pay of an invoice, this line included."""
        return self.book.open_eur[invoice_id] - self._given.get(invoice_id, ZERO)

    def unused(self, debit_id: str, state: str) -> bool:
        """Whether a debit is in a state and this line has not dealt with it yet."""
        return self.book.states[debit_id] == state and debit_id not in self._used

    def pay(self, invoice_id: str, amount_eur: Decimal, rule: Rule, debit_id: str = "") -> Decimal:
        """Give money to an invoice; answers what it did not need."""
        open_eur = max(self.open_eur(invoice_id), ZERO) if invoice_id in self.book.open_eur else ZERO
        paid = min(amount_eur, open_eur)
        if paid > 0:
            self.allocations.append(Allocation(invoice_id=invoice_id, amount_eur=paid, rule=rule, debit_id=debit_id))
            self._given[invoice_id] = self._given.get(invoice_id, ZERO) + paid
        if debit_id:
            self._used.add(debit_id)
        self._decided(rule)
        return amount_eur - paid

    def credit(self, client_id: str, amount_eur: Decimal, code: str, debit_id: str = "") -> None:
        """Note what a client paid too much."""
        if amount_eur:
            self.credits.append(
                Credit(client_id=client_id, amount_eur=amount_eur, reason=Reason(code), debit_id=debit_id)
            )

    def pay_all(self, parts: Sequence[tuple[str, Decimal]], rule: Rule) -> None:
        """Give each invoice its part, which is at most what is open of it."""
        for invoice_id, amount_eur in parts:
            self.pay(invoice_id, amount_eur, rule)

    def collect(self, debit_id: str, amount_eur: Decimal, rule: Rule) -> None:
        """One of our debits was paid: its invoice gets it, and its client what the invoice does not need any more."""
        debit = self.book.debits[debit_id]
        rest = self.pay(debit.invoice_id, amount_eur, rule, debit_id)
        self.credit(debit.client_id, rest, "overpaid", debit_id)

    def reopen(self, debit_id: str, reason: str) -> None:
        """One of our debits came back: what it had paid is open again, what it had brought too much is taken back."""
        debit = self.book.debits[debit_id]
        paid = self.book.allocated_eur.get(debit_id, debit.amount_eur)
        self.reopenings.append(
            Reopening(
                debit_id=debit_id,
                invoice_id=debit.invoice_id,
                amount_eur=paid,
                due_on=debit.due_on,
                reason=reason,
            )
        )
        self.credit(debit.client_id, paid - debit.amount_eur, "credit_returned", debit_id)
        self._used.add(debit_id)
        self._given[debit.invoice_id] = self._given.get(debit.invoice_id, ZERO) - paid
        self._decided("end_to_end")

    def leave(
        self, amount_eur: Decimal, reason: Reason, suggestions: Sequence[Suggestion] = (), *, payment: int = 0
    ) -> None:
        """Leave money to a person, and say why. The first reason stands for the line."""
        self.left_eur += amount_eur
        self.reason = self.reason or reason
        self.undecided.append(Undecided(payment=payment, amount_eur=amount_eur, reason=reason))
        self.suggestions += suggestions

    def _decided(self, rule: Rule) -> None:
        """An outcome carries its weakest rule: that is what a person should look at."""
        order: tuple[Rule, ...] = ("", "end_to_end", "batch", "reference", "number", "account")
        if order.index(rule) > order.index(self.rule):
            self.rule = rule

    def outcome(self, kind: Kind | None = None, reason: Reason | None = None) -> Outcome:
        """What the line does, all told."""
        ranked = sorted(self.suggestions, key=lambda one: (one.payment, -one.score, one.client_id, one.parts))
        if kind is None:
            kind = "queue" if self.undecided else "returned" if self.reopenings else "matched"
        return Outcome(
            key=self.entry.key,
            kind=kind,
            amount_eur=self.entry.signed if kind not in ("pending", "known") else ZERO,
            booked_on=self.entry.booked_on,
            reason=reason or self.reason or Reason(f"by_{self.rule}" if self.rule else "nothing"),
            rule=self.rule,
            allocations=tuple(self.allocations),
            credits=tuple(self.credits),
            reopenings=tuple(self.reopenings),
            charges_eur=self.charges_eur,
            left_eur=self.left_eur,
            undecided=tuple(self.undecided),
            suggestions=tuple(ranked),
        )
