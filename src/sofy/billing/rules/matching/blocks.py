"""Which of our debits a line is the total of."""

from decimal import Decimal

from sofy.billing.rules.matching.draft import Draft
from sofy.billing.rules.matching.values import ZERO
from sofy.wire.camt import Detail, Total


def blocks_of(draft: Draft, state: str) -> list[str]:
    """The debits of the blocks a line names; by MsgId alone, those of its only block that comes to the amount."""
    book, entry = draft.book, draft.entry
    said: list[Total | Detail] = [*entry.totals, *entry.details]
    payments = dict.fromkeys(one.payment_id for one in said if one.payment_id in book.blocks)
    if not payments:
        messages = dict.fromkeys(one.message_id for one in said)
        of_messages = [block for message in messages for block in book.messages.get(message, ())]
        fitting = {block for block in of_messages if _total(draft, block, state) == entry.amount}
        payments = dict.fromkeys(fitting if len(fitting) == 1 else ())
    return [debit for block in payments for debit in book.blocks[block] if draft.unused(debit, state)]


def _total(draft: Draft, block: str, state: str) -> Decimal:
    debits = [one for one in draft.book.blocks[block] if draft.unused(one, state)]
    return sum((draft.book.debits[one].amount_eur for one in debits), ZERO)
