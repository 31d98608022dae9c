"""Matches lines of the bank with what is open, in the order of how sure a sign is.

Own EndToEndId, own batch, RF reference, invoice number in free text, account and exact amount, a person.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from decimal import Decimal
from functools import partial
from itertools import combinations

from sofy.billing.rules.matching import outgoing, suggest, text
from sofy.billing.rules.matching.blocks import blocks_of
from sofy.billing.rules.matching.book import Book
from sofy.billing.rules.matching.draft import Draft
from sofy.billing.rules.matching.payments import Payment, said_in, split
from sofy.billing.rules.matching.values import ZERO, Outcome, Reason, Rule
from sofy.kernel.clauses import clause
from sofy.wire.camt import Entry

#: Cheques and cards, which the contract does not know as means of payment (CGVU 10.1). Source: ISO 20022 external
#: bank transaction codes, families of the domain PMNT.
_OTHER_MEANS = frozenset({"RCHQ", "ICHQ", "CCRD", "MCRD", "LBOX", "DRFT"})
#: Of so many payments of one line suggestions are worked out: nobody reads more at once.
_MOST_SHOWN = 20
_TRANSFERS = frozenset({"RCDT", "RRCT"})


@clause("CGVU 10.1", "CGVU 22")
def match(entry: Entry, book: Book, *, last: bool = True) -> Outcome | None:
    """What one line of the bank does; the book is not changed.

    Only a booked line in euros moves anything, on its booking date. With `last=False`, None for a line that had
    better wait for surer ones of the same run (account and amount only; a return before its collection).
    """
    draft = Draft(entry, book)
    if entry.status != "BOOK":
        return draft.outcome("pending", Reason("pending"))
    if not entry.amount and not entry.details and not entry.totals:
        return draft.outcome("matched")
    obstacle = _obstacle(entry)
    if obstacle:
        draft.leave(entry.signed, Reason(obstacle))
        return draft.outcome()
    if not entry.credit:
        return outgoing.decide(draft, last=last)
    found = split(entry, book)
    if found is None:
        _whole_batch(draft)
        return draft.outcome()
    draft.charges_eur = found.charges_eur
    undecided = [one for one in found.payments if not _decide(draft, one)]
    if undecided and len(found.payments) == len(undecided) and _is_batch(draft, undecided):
        return draft.outcome()
    if undecided and not last:
        return None
    for payment in undecided:
        _by_account_or_person(draft, payment)
    return draft.outcome()


def match_all(entries: Iterable[Entry], book: Book, *, seen: Set[str] = frozenset()) -> Iterator[Outcome]:
    """What each line does, the book being brought up to date on the way; lines already `seen` do nothing.

    Lines with weak signs come last, so that they never take what a surer one of the same run is about.
    """
    done: set[str] = set()
    waiting: list[Entry] = []
    for entry in entries:
        if entry.key in seen or entry.key in done:
            yield Draft(entry, book).outcome("known", Reason("known"))
            continue
        done.add(entry.key)
        outcome = match(entry, book, last=False)
        if outcome is None:
            waiting.append(entry)
            continue
        book.take(outcome)
        yield outcome
    for entry in waiting:
        outcome = match(entry, book)
        assert outcome is not None
        book.take(outcome)
        yield outcome


def _obstacle(entry: Entry) -> str:
    """Why a line is for a person whatever it says."""
    if entry.currency != "EUR":
        return "other_currency"
    if entry.credit and entry.reversal:
        return "reversal"
    if entry.credit and _sent_back(entry):
        return "transfer_back"
    if entry.credit and entry.code.split("-")[1:2] and entry.code.split("-")[1] in _OTHER_MEANS:
        return "other_means"
    return ""


def _sent_back(entry: Entry) -> bool:
    """Whether a line of money in is a transfer of ours that came back: it names what we paid, not who pays us."""
    backs = [one for one in entry.details if one.credit and one.returned]
    return bool(backs) or "ICDT" in entry.code.split("-")


def _decide(draft: Draft, payment: Payment) -> bool:
    """Try the sure signs of one payment. Whether it was dealt with."""
    if not payment.detail.credit:
        return outgoing.came_back(draft, payment)
    if not _is_transfer(draft.entry, payment):
        if _by_debit(draft, payment):
            return True
        if "IDDT" in draft.entry.code.split("-") and payment.detail.end_to_end_id in draft.book.end_to_end:
            return False  # a debit is collected as it was presented, and once
    signs = _signs(draft, payment)
    sure = tuple(dict.fromkeys(one for _, ids in signs for one in ids))
    if not _is_exact(draft, sure, payment.amount_eur):
        short = text.shortened(said_in(draft, payment), draft.book, sure)
        parts = _completed(draft, sure, short, payment.amount_eur)
        draft.pay_all(parts, "number")
        if parts:
            return True
        if (short.said or short.maybe) and payment.amount_eur > _all_open(draft, sure):
            return False
    return any(named and _pay_named(draft, payment, named, rule) for rule, named in signs)


def _is_exact(draft: Draft, ids: Sequence[str], amount_eur: Decimal) -> bool:
    still_open = [one for one in ids if draft.open_eur(one) > 0]
    return bool(still_open and _exact(draft, still_open, amount_eur))


def _all_open(draft: Draft, ids: Sequence[str]) -> Decimal:
    return sum((max(draft.open_eur(one), ZERO) for one in ids), ZERO)


def _completed(
    draft: Draft, sure: Sequence[str], short: text.Shortened, amount_eur: Decimal
) -> list[tuple[str, Decimal]]:
    """What a text surely names and the only choice of what it may name beside it that is the amount; of one client."""
    named = (*sure, *short.said)
    for price in (draft.open_eur, partial(_cheaper, draft)):
        begin = [(one, price(one)) for one in named]
        choices = [
            [*begin, *((one, price(one)) for one in some)]
            for count in range(len(short.maybe) + 1)
            for some in combinations(short.maybe, count)
        ]
        right = [some for some in choices if some and sum((part for _, part in some), ZERO) == amount_eur]
        if len(right) == 1 and len({draft.book.invoices[one].client_id for one, _ in right[0]}) == 1:
            return right[0]
    return []


def _is_transfer(entry: Entry, payment: Payment) -> bool:
    """A transfer's EndToEndId was chosen by its payer: it is a text like others, and never one of ours."""
    return bool(_TRANSFERS & {*entry.code.split("-"), *payment.detail.code.split("-")})


def _by_debit(draft: Draft, payment: Payment) -> bool:
    known = draft.book.end_to_end.get(payment.detail.end_to_end_id, ())
    sent = [debit for debit in known if draft.unused(debit, "sent")]
    if not sent or draft.book.debits[sent[-1]].amount_eur != payment.amount_eur:
        return False
    draft.collect(sent[-1], payment.amount_eur, "end_to_end")
    return True


def _signs(draft: Draft, payment: Payment) -> list[tuple[Rule, Sequence[str]]]:
    """The invoices a payment names, by how it names them; none where one sign may mean two invoices."""
    detail, book = payment.detail, draft.book
    texts = said_in(draft, payment)
    by_reference = text.by_reference(detail.references, texts, book)
    by_number = text.by_number((*detail.references, *texts, detail.end_to_end_id), book)
    if by_reference.unsure or by_number.unsure:
        meant = _meant(draft, {*by_reference.ids, *by_number.ids}, payment.amount_eur)
        return [("number", meant)] if meant else []
    signs: list[tuple[Rule, Sequence[str]]] = [("reference", by_reference.ids)]
    if set(by_number.ids) - set(by_reference.ids):
        signs.append(("number", tuple(dict.fromkeys((*by_reference.ids, *by_number.ids)))))
    # An RF reference copied from the first of several invoices: the text that names them all is right to the cent.
    if len(signs) == 2 and payment.amount_eur == sum((draft.open_eur(one) for one in signs[1][1]), ZERO):
        signs.reverse()
    return signs


def _meant(draft: Draft, ids: Set[str], amount_eur: Decimal) -> tuple[str, ...]:
    """Of several readings, the one whose invoice is open by just this amount."""
    exact = [one for one in ids if amount_eur in (draft.open_eur(one), draft.book.early_eur(one, draft.booked_on))]
    return (exact[0],) if len(exact) == 1 else ()


def _pay_named(draft: Draft, payment: Payment, named: Sequence[str], rule: Rule) -> bool:
    """Pay the invoices a payment names: all of them, one of them exactly, or the oldest first; the rest is credit."""
    book, amount_eur = draft.book, payment.amount_eur
    still_open = sorted((one for one in named if draft.open_eur(one) > 0), key=book.age)
    if not still_open:
        return False
    exact = _exact(draft, still_open, amount_eur)
    if exact:
        draft.pay_all(exact, rule)
        return True
    clients = {book.invoices[one].client_id for one in still_open}
    if len(clients) > 1:
        return False
    for invoice_id in still_open:
        if amount_eur:
            amount_eur = draft.pay(invoice_id, amount_eur, rule)
    draft.credit(clients.pop(), amount_eur, "overpaid")
    return True


def _exact(draft: Draft, ids: Sequence[str], amount_eur: Decimal) -> list[tuple[str, Decimal]]:
    """The parts of a payment that is exactly all of these invoices, with or without discount, or exactly one."""
    whole = [(one, draft.open_eur(one)) for one in ids]
    early = [(one, _cheaper(draft, one)) for one in ids]
    for parts in (whole, early):
        if sum((part for _, part in parts), ZERO) == amount_eur:
            return parts
    meant = _meant(draft, set(ids), amount_eur)
    return [(meant[0], amount_eur)] if meant else []


def _cheaper(draft: Draft, invoice_id: str) -> Decimal:
    early = draft.book.early_eur(invoice_id, draft.booked_on)
    return draft.open_eur(invoice_id) if early is None else min(early, draft.open_eur(invoice_id))


def _by_account_or_person(draft: Draft, payment: Payment) -> None:
    """The last sign: an account we know and an amount that fits one invoice, or all; else a person decides."""
    reason = suggest.why(draft, payment)
    parts = _of_account(draft, payment) if reason.code == "no_sign" else []
    if parts:
        draft.pay_all(parts, "account")
        return
    sign = payment.amount_eur if payment.detail.credit else -payment.amount_eur
    ideas = suggest.suggestions(draft, payment) if payment.detail.credit and len(draft.undecided) < _MOST_SHOWN else ()
    draft.leave(sign, reason, ideas, payment=payment.place)


def _of_account(draft: Draft, payment: Payment) -> list[tuple[str, Decimal]]:
    if not payment.detail.credit:
        return []
    owners = draft.book.payers.get("".join(payment.detail.debtor_iban.split()).upper(), {})
    ids = [one for owner in owners for one in draft.book.of_client.get(owner, ()) if draft.open_eur(one) > 0]
    fitting = [
        one for one in ids if payment.amount_eur in (draft.open_eur(one), draft.book.early_eur(one, draft.booked_on))
    ]
    if len(fitting) == 1:
        return [(fitting[0], payment.amount_eur)]
    if not fitting and len(owners) == 1 and ids:
        return _exact(draft, ids, payment.amount_eur)
    return []


def _is_batch(draft: Draft, undecided: Sequence[Payment]) -> bool:
    """Details without an EndToEndId of ours, which name one of our blocks: the line is the block's total."""
    return any(one.detail.payment_id or one.detail.message_id for one in undecided) and _close_block(draft)


def _whole_batch(draft: Draft) -> None:
    """A total without details, or with details that do not add up: it pays a whole batch of ours, or waits."""
    if not _close_block(draft):
        code = "details_differ" if draft.entry.details else "batch_unknown"
        draft.leave(draft.entry.signed, Reason(code), suggest.of_batch(draft))


def _close_block(draft: Draft) -> bool:
    debits = blocks_of(draft, "sent")
    total = sum((draft.book.debits[one].amount_eur for one in debits), ZERO)
    charges = total - draft.entry.amount
    if not debits or charges not in (ZERO, draft.entry.charges) or charges < 0:
        return False
    announced = sum(total.count or 0 for total in draft.entry.totals)
    if announced and announced != len(debits):
        return False
    for debit in debits:
        draft.collect(debit, draft.book.debits[debit].amount_eur, "batch")
    draft.charges_eur = charges
    return True
