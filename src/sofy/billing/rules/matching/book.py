"""What is open, indexed by everything a bank may say of it, so that a line is matched without looking at the rest."""

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from sofy.billing.rules.matching.values import ZERO, Client, Debit, DebitState, Invoice, Outcome
from sofy.kernel.errors import Refused
from sofy.kernel.text import words
from sofy.wire.sepa import identifiers

#: Shorter numbers occur in any text.
LEAST_NUMBER = 5
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#: Words of a company's name that tell nobody apart.
_FORMS = frozenset(
    re.findall(r"\w+", "sa sas sasu sarl eurl sci snc selarl earl scop ei gmbh ag bv srl ltd et and the la le les")
)


class Book:
    """Open invoices, debits on their way and clients. `take` brings it up to date with an outcome; nothing else does.

    Raises: ValueError for an invoice or debit that is there twice.
    """

    def __init__(
        self, invoices: Iterable[Invoice], debits: Iterable[Debit] = (), clients: Iterable[Client] = ()
    ) -> None:
        self.invoices: dict[str, Invoice] = {}
        self.open_eur: dict[str, Decimal] = {}
        self.of_client: dict[str, list[str]] = {}
        self.numbers: dict[str, list[str]] = {}
        self.tails: dict[str, list[str]] = {}
        self.references: dict[str, list[str]] = {}
        self.amounts: dict[Decimal, dict[str, None]] = {}
        self.debits: dict[str, Debit] = {}
        self.states: dict[str, DebitState] = {}
        self.allocated_eur: dict[str, Decimal] = {}
        self.end_to_end: dict[str, list[str]] = {}
        self.mandates: dict[str, list[str]] = {}
        self.blocks: dict[str, list[str]] = {}
        self.messages: dict[str, dict[str, None]] = {}
        self.payers: dict[str, dict[str, None]] = {}
        self.names: dict[tuple[str, ...], dict[str, None]] = {}
        for invoice in invoices:
            self._add_invoice(invoice)
        for debit in debits:
            self._add_debit(debit)
        for client in clients:
            self._add_client(client)
        for ids in self.of_client.values():
            ids.sort(key=self.age)
        self.lengths = sorted({len(number) for number in self.numbers}, reverse=True)
        self.starts = {number[:2] for number in self.numbers}
        self.reference_lengths = sorted({len(one) for one in self.references}, reverse=True)

    def age(self, invoice_id: str) -> tuple[date, str, str]:
        """The order in which invoices are paid when nobody says another: the oldest due first (C. civ. 1342-10)."""
        invoice = self.invoices[invoice_id]
        return invoice.due_on, invoice.number, invoice.id

    def _add_invoice(self, invoice: Invoice) -> None:
        if invoice.id in self.invoices:
            raise ValueError("an invoice is there twice")
        self.invoices[invoice.id] = invoice
        self.open_eur[invoice.id] = invoice.open_eur
        self.of_client.setdefault(invoice.client_id, []).append(invoice.id)
        compact = compacted(invoice.number)
        for form in {compact, without_zeros(invoice.number)}:
            if len(form) >= LEAST_NUMBER:
                self.numbers.setdefault(form, []).append(invoice.id)
            tail = form.lstrip(_LETTERS)
            if len(tail) >= LEAST_NUMBER and tail.isdigit():
                self.tails.setdefault(tail, []).append(invoice.id)
        reference = invoice.reference or _reference(invoice.number)
        if reference:
            self.references.setdefault(reference, []).append(invoice.id)
        for amount in self._amounts(invoice.id):
            self.amounts.setdefault(amount, {})[invoice.id] = None

    def _add_debit(self, debit: Debit) -> None:
        if debit.id in self.debits:
            raise ValueError("a debit is there twice")
        self.debits[debit.id] = debit
        self.states[debit.id] = debit.state
        self.end_to_end.setdefault(debit.end_to_end_id, []).append(debit.id)
        if debit.state == "collected":
            self.allocated_eur[debit.id] = debit.amount_eur if debit.allocated_eur is None else debit.allocated_eur
        if debit.mandate_id:
            self.mandates.setdefault(debit.mandate_id, []).append(debit.id)
        if debit.payment_id:
            self.blocks.setdefault(debit.payment_id, []).append(debit.id)
            if debit.message_id:
                self.messages.setdefault(debit.message_id, {})[debit.payment_id] = None

    def _add_client(self, client: Client) -> None:
        for iban in client.ibans:
            self.payers.setdefault("".join(iban.split()).upper(), {})[client.id] = None
        name = name_key(client.name)
        if name:
            self.names.setdefault(name, {})[client.id] = None

    def _amounts(self, invoice_id: str) -> set[Decimal]:
        """The amounts that settle an invoice, with its discount or without."""
        open_eur, invoice = self.open_eur[invoice_id], self.invoices[invoice_id]
        if open_eur <= 0:
            return set()
        return {open_eur} if invoice.early_eur is None else {open_eur, invoice.early_eur}

    def series(self, invoice_id: str) -> str:
        """What the numbers of a series and a year begin with: FA2026."""
        return compacted(re.sub(r"\d+\D*$", "", self.invoices[invoice_id].number))

    def early_eur(self, invoice_id: str, booked_on: date | None) -> Decimal | None:
        """What settles an invoice on a day with its discount; None when it has none left, or was paid in part."""
        invoice = self.invoices[invoice_id]
        if invoice.early_eur is None or invoice.early_until is None or booked_on is None:
            return None
        whole = self.open_eur[invoice_id] == invoice.open_eur
        return invoice.early_eur if whole and booked_on <= invoice.early_until else None

    def take(self, outcome: Outcome) -> None:
        """Bring the book up to date with what a line of the bank did."""
        for paid in outcome.allocations:
            self._set_open(paid.invoice_id, self.open_eur[paid.invoice_id] - paid.amount_eur)
            if paid.debit_id:
                self.states[paid.debit_id] = "collected"
                self.allocated_eur[paid.debit_id] = paid.amount_eur
        for credit in outcome.credits:
            if credit.debit_id and credit.amount_eur > 0:
                self.states[credit.debit_id] = "collected"
                self.allocated_eur.setdefault(credit.debit_id, ZERO)
        for back in outcome.reopenings:
            self.states[back.debit_id] = "returned"
            if back.invoice_id in self.open_eur:
                self._set_open(back.invoice_id, self.open_eur[back.invoice_id] + back.amount_eur)

    def _set_open(self, invoice_id: str, open_eur: Decimal) -> None:
        for amount in self._amounts(invoice_id):
            del self.amounts[amount][invoice_id]
        self.open_eur[invoice_id] = open_eur
        for amount in self._amounts(invoice_id):
            self.amounts.setdefault(amount, {})[invoice_id] = None


def compacted(number: str) -> str:
    """A number without what people leave out or write otherwise: FA-2026-000123 is FA2026000123."""
    return re.sub(r"[^A-Z0-9]", "", number.upper())


def without_zeros(number: str) -> str:
    """The same without the zeros before its last group of digits: FA2026123."""
    groups = re.findall(r"[A-Z]+|\d+", number.upper())
    if len(groups) > 1 and groups[-1].isdigit():
        groups[-1] = groups[-1].lstrip("0") or "0"
    return "".join(groups)


def name_key(name: str) -> tuple[str, ...]:
    """What two ways of writing a company's name have in common."""
    return tuple(sorted(set(words(name)) - _FORMS))


def _reference(number: str) -> str:
    try:
        return identifiers.reference_of(number)
    except Refused:
        return ""
