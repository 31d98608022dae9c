"""The lines of a statement, as banks write collections, returns, transfers and fees."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import msgspec

from sofy.sandbox.bank.profile import Profile, Transfer
from sofy.sandbox.bank.state import Due, State
from sofy.wire.camt import Detail, Entry, Return, Total

_ZERO = Decimal("0.00")
_COLLECTED, _RETURNED, _TRANSFER, _FEE = "PMNT-IDDT-ESDD", "PMNT-IDDT-UPDD", "PMNT-RCDT-ESCT", "PMNT-MDOP-CHRG"
_WORDS = {"AM04": "Provision insuffisante", "MD06": "Contestation debiteur", "AC04": "Compte solde"}


def collections(dues: Sequence[Due], on: date, state: State, profile: Profile) -> list[Entry]:
    """One line per block, or per debit, with the fee of the bank."""
    made = []
    for payment_id in dict.fromkeys(due.payment_id for due in dues):
        block = [due for due in dues if due.payment_id == payment_id]
        if not block[0].one_booking:
            made += [_line(on, due.amount_eur, _COLLECTED, [_collected(due, state)]) for due in block]
            continue
        total = sum((due.amount_eur for due in block), _ZERO)
        said = Total(message_id=block[0].message_id, payment_id=payment_id, count=len(block), amount=total)
        details = [_collected(due, state) for due in block]
        made += _with_fee(_line(on, total, _COLLECTED, details, totals=(said,)), profile.batch_fee_eur, profile)
    return made


def returns(dues: Sequence[Due], on: date, profile: Profile) -> list[Entry]:
    """One line per debit that came back."""
    made = []
    for due in dues:
        detail = Detail(
            credit=False,
            amount=due.amount_eur,
            message_id=due.message_id,
            payment_id=due.payment_id,
            end_to_end_id=due.end_to_end_id,
            mandate_id=due.mandate_id,
            debtor=due.debtor,
            debtor_iban=due.iban,
            returned=Return(due.reason, _WORDS.get(due.reason, "")),
        )
        line = _line(on, due.amount_eur, _RETURNED, [detail], credit=False)
        made += _with_fee(line, profile.return_fee_eur, profile)
    return made


def transfers(arrived: Sequence[Transfer], on: date, state: State) -> list[Entry]:
    """One line per transfer."""
    return [
        _line(
            on,
            one.amount_eur.quantize(_ZERO),
            _TRANSFER,
            [
                Detail(
                    credit=True,
                    amount=one.amount_eur.quantize(_ZERO),
                    end_to_end_id=one.end_to_end_id or "NOTPROVIDED",
                    debtor=one.name,
                    debtor_iban=one.iban,
                    creditor=state.holder,
                    creditor_iban=state.iban,
                    texts=one.texts,
                    references=(one.reference,) if one.reference else (),
                )
            ],
        )
        for one in arrived
    ]


def without_details(entry: Entry) -> Entry:
    """A batch as a bank shows it that lists no payments."""
    return msgspec.structs.replace(entry, details=())


def _collected(due: Due, state: State) -> Detail:
    return Detail(
        credit=True,
        amount=due.amount_eur,
        message_id=due.message_id,
        payment_id=due.payment_id,
        end_to_end_id=due.end_to_end_id,
        mandate_id=due.mandate_id,
        debtor=due.debtor,
        debtor_iban=due.iban,
        creditor=state.holder,
        creditor_iban=state.iban,
        texts=(due.remittance,) if due.remittance else (),
    )


def _with_fee(line: Entry, fee_eur: Decimal, profile: Profile) -> list[Entry]:
    """The line with what the bank takes for it: netted and declared, netted and hidden, or a line of its own."""
    if not fee_eur:
        return [line]
    if profile.fees_apart:
        return [line, _line(line.booked_on, fee_eur, _FEE, [], credit=False, text="FRAIS")]
    amount = line.amount - fee_eur if line.credit else line.amount + fee_eur
    if not profile.fees_hidden:
        return [msgspec.structs.replace(line, amount=amount, charges=fee_eur)]
    if line.credit:
        return [line]  # a batch that is short without a word would be no bank's
    hidden = tuple(msgspec.structs.replace(one, amount=amount) for one in line.details)
    return [msgspec.structs.replace(line, amount=amount, details=hidden)]


def _line(
    on: date | None,
    amount: Decimal,
    code: str,
    details: Sequence[Detail],
    *,
    credit: bool = True,
    totals: tuple[Total, ...] = (),
    text: str = "",
) -> Entry:
    return Entry(
        key="",
        number=0,
        line=0,
        amount=amount,
        currency="EUR",
        credit=credit,
        status="BOOK",
        booked_on=on,
        value_on=on,
        code=code,
        text=text,
        totals=totals,
        details=tuple(details),
    )
