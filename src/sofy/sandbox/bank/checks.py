"""What a bank looks at before it takes a file of direct debits. It refuses the file, a block or a debit, with a reason.

Source: EPC130-08; ISO 20022 external status reasons (FF01 format, DU01 duplicate, AM10 sum, AM18 count, DT01 date,
AC01 account, AC03 creditor's account, AM03 currency, MD01 no mandate, BE04 and BE07 address).
"""

from collections.abc import Iterator
from datetime import date

from sofy.kernel.errors import Refused
from sofy.kernel.target_days import add_settlement_days
from sofy.sandbox.bank.profile import Profile
from sofy.sandbox.bank.state import State
from sofy.wire.iso20022 import BankFileError
from sofy.wire.pain import Rejection, problems
from sofy.wire.pain.values import Initiation, ReadBlock, ReadDebit
from sofy.wire.sepa import identifiers

_MOST_MONTHS = 36


def of_format(content: bytes) -> Rejection | None:
    """Why the file is refused before it is read."""
    try:
        found = problems(content)
    except BankFileError as error:
        found = [str(error)]
    return Rejection(reason="FF01", words=found[0]) if found else None


def of_file(file: Initiation, state: State) -> Rejection | None:
    """Why the whole file is refused."""
    debits = [debit for block in file.blocks for debit in block.debits]
    if file.message_id in state.messages:
        return Rejection(reason="DU01", words="MsgId known already")
    if file.count != len(debits):
        return Rejection(reason="AM18", words="NbOfTxs")
    if file.sum_eur is not None and file.sum_eur != sum(debit.amount_eur for debit in debits):
        return Rejection(reason="AM10", words="CtrlSum")
    return None


def of_block(block: ReadBlock, state: State, profile: Profile, today: date) -> Iterator[Rejection]:
    """Why a block is refused, or debits of it."""
    reason = _block_reason(block, state, profile, today)
    if reason:
        yield Rejection(reason=reason, payment_id=block.payment_id)
        return
    for debit in block.debits:
        reason = _debit_reason(debit, block, state, profile)
        if reason:
            yield Rejection(reason=reason, payment_id=block.payment_id, end_to_end_id=debit.end_to_end_id)


def _block_reason(block: ReadBlock, state: State, profile: Profile, today: date) -> str:
    if block.count is not None and block.count != len(block.debits):
        return "AM18"
    if block.sum_eur is not None and block.sum_eur != block.total_eur:
        return "AM10"
    if block.iban != state.iban:
        return "AC03"
    if block.collect_on < add_settlement_days(today, profile.lead_days):
        return "DT01"
    return "BE04" if block.lines else ""


def _debit_reason(debit: ReadDebit, block: ReadBlock, state: State, profile: Profile) -> str:
    if debit.currency != "EUR":
        return "AM03"
    try:
        identifiers.iban(debit.iban)
    except Refused:
        return "AC01"
    if debit.lines or (debit.country and not debit.town):
        return "BE07"
    if debit.mandate_id in profile.refused:
        return profile.refused[debit.mandate_id]
    known = profile.mandates is None or debit.mandate_id in profile.mandates
    return "" if known and not _lapsed(debit, block, state) else "MD01"


def _lapsed(debit: ReadDebit, block: ReadBlock, state: State) -> bool:
    last = state.used.get(debit.mandate_id) or debit.signed_on
    if last is None:
        return True
    months = (block.collect_on.year - last.year) * 12 + block.collect_on.month - last.month
    return (months, block.collect_on.day) > (_MOST_MONTHS, last.day)
