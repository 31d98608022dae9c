"""Money that leaves the account: debits that come back, what the bank charges, and what a person has to say."""

from decimal import Decimal

from sofy.billing.rules.matching.blocks import blocks_of
from sofy.billing.rules.matching.draft import Draft
from sofy.billing.rules.matching.payments import Payment
from sofy.billing.rules.matching.values import ZERO, Outcome, Reason
from sofy.kernel.clauses import clause
from sofy.wire.camt import Detail

#: What a debtor's bank adds to a return without declaring it, for each debit: fees, interest of a refund.
MOST_FEE_EUR = Decimal("50.00")
#: Fees and commissions. Source: ISO 20022 external bank transaction codes; SWIFT codes of older statements.
_FEES = frozenset({"CHRG", "FEES", "COMM", "COME", "COMT", "NCHG", "NCOM"})
#: Transfers we made and cards we used: whatever they name, they are no debit of ours that came back.
_OURS = frozenset({"ICDT", "CCRD", "ICHQ"})
#: Returns and reversals of direct debits.
_RETURNS = frozenset({"UPDD", "PRDD", "RCDD", "RRTN", "RPCR"})


@clause("CGVU 22")
def decide(draft: Draft, *, last: bool) -> Outcome | None:
    """What a line of money out does: a debit that came back opens its invoice again, with its original due date.

    None, unless `last`, for a return whose collection has not been seen yet.
    """
    entry = draft.entry
    if not _returned(draft):
        if _early(draft) and not last:
            return None
        if _FEES & set(entry.code.split("-")) and not entry.totals:
            draft.charges_eur = entry.amount
            return draft.outcome("fees", Reason("fees"))
        draft.leave(entry.signed, Reason(_why(draft)))
    return draft.outcome()


def came_back(draft: Draft, payment: Payment) -> bool:
    """A return inside a line of money in, which the bank set off. Whether it is one of ours."""
    debit = _debit(draft, payment.detail)
    if debit is None:
        return False
    fee = payment.amount_eur - draft.book.debits[debit].amount_eur
    if not ZERO <= fee <= MOST_FEE_EUR:
        return False
    draft.reopen(debit, _reason(payment.detail))
    draft.charges_eur += fee
    return True


def _returned(draft: Draft) -> bool:
    """Open again what each payment of the line says, or the whole block; all of it, or nothing."""
    if _OURS & set(draft.entry.code.split("-")):
        return False
    details = draft.entry.details
    found = [debit for detail in details if (debit := _debit(draft, detail)) is not None]
    if len(found) != len(details) or len(set(found)) != len(found) or not found:
        found = [] if any(detail.end_to_end_id for detail in details) else blocks_of(draft, "collected")
    if not found:
        return False
    charges = draft.entry.amount - sum((draft.book.debits[one].amount_eur for one in found), ZERO)
    declared = draft.entry.charges or sum((detail.charges for detail in details), ZERO)
    if charges < 0 or (charges != declared and charges > MOST_FEE_EUR * len(found)):
        return False
    for number, debit in enumerate(found):
        detail = details[number] if len(details) == len(found) else details[0] if details else None
        draft.reopen(debit, _reason(detail) if detail else "")
    draft.charges_eur = charges
    return True


def _debit(draft: Draft, detail: Detail) -> str | None:
    """The collected debit of ours which a payment is about: by its EndToEndId, else by its mandate and amount."""
    book = draft.book
    if detail.credit:
        return None
    known = [one for one in book.end_to_end.get(detail.end_to_end_id, ()) if draft.unused(one, "collected")]
    if not known and not detail.end_to_end_id:
        known = [
            one
            for one in book.mandates.get(detail.mandate_id, ())
            if draft.unused(one, "collected") and book.debits[one].amount_eur == detail.amount
        ]
        known = known if len(known) == 1 else []
    return known[-1] if known else None


def _reason(detail: Detail) -> str:
    return detail.returned.reason if detail.returned else ""


def _early(draft: Draft) -> bool:
    """Whether the line is about a debit which the bank has not said it collected."""
    book = draft.book
    if _OURS & set(draft.entry.code.split("-")):
        return False
    ours = [one for detail in draft.entry.details for one in book.end_to_end.get(detail.end_to_end_id, ())]
    return any(book.states[one] == "sent" for one in ours)


def _why(draft: Draft) -> str:
    """Why a person has to look."""
    book, entry = draft.book, draft.entry
    if _OURS & set(entry.code.split("-")):
        return "money_out"
    ours = [one for detail in entry.details for one in book.end_to_end.get(detail.end_to_end_id, ())]
    states = {book.states[one] for one in ours}
    if "collected" in states:
        return "return_amount"
    if "sent" in states:
        return "return_early"
    if ours:
        return "return_twice"
    back = any(detail.returned for detail in entry.details) or bool(_RETURNS & set(entry.code.split("-")))
    return "return_unknown" if back else "money_out"
