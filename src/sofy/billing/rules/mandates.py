"""SEPA mandates: when one may be used, how, and how long money may be claimed back.

Source: EPC016-06 (CORE rulebook) and EPC222-07 (B2B rulebook): sequence types, 36 months without a collection,
pre-notification of 14 calendar days unless agreed otherwise, refunds; Code monétaire et financier L133-25, L133-25-1
(8 weeks) and L133-24 (13 months).
"""

from datetime import date, timedelta
from typing import Literal

import msgspec

from sofy.contracts.rules.term import add_months
from sofy.kernel.errors import Refused
from sofy.kernel.target_days import next_settlement, settles
from sofy.wire.pain import Amendment

Sequence = Literal["FRST", "RCUR", "FNAL", "OOFF"]
Scheme = Literal["CORE", "B2B"]

USUAL_NOTICE_DAYS = 14
_UNUSED_MONTHS, _UNAUTHORISED_MONTHS = 36, 13
_REFUND = timedelta(weeks=8)


class Mandate(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a mandate. `presented_on` is the day of its last debit, paid or not; `closed_on` that of FNAL.

    `registered_on` is the day on which the debtor's bank confirmed a B2B mandate.
    """

    id: str
    signed_on: date
    iban: str
    creditor_id: str
    scheme: Scheme = "CORE"
    once: bool = False
    presented_on: date | None = None
    closed_on: date | None = None
    revoked_on: date | None = None
    registered_on: date | None = None
    creditor_name: str = ""


def lapses_after(mandate: Mandate) -> date:
    """The last day on which a mandate may be used: 36 months after its last debit, or after its signature."""
    return add_months(mandate.presented_on or mandate.signed_on, _UNUSED_MONTHS)


def obstacle(mandate: Mandate, collect_on: date) -> str:
    """Why a mandate cannot be used on a day, as a code; nothing when it can.

    mandate_not_signed, mandate_revoked, mandate_closed, mandate_used (a single one), mandate_lapsed,
    mandate_unregistered (B2B).
    """
    if collect_on < mandate.signed_on:
        return "mandate_not_signed"
    if mandate.revoked_on is not None and mandate.revoked_on <= collect_on:
        return "mandate_revoked"
    if mandate.closed_on is not None:
        return "mandate_closed"
    if mandate.once and mandate.presented_on is not None:
        return "mandate_used"
    if collect_on > lapses_after(mandate):
        return "mandate_lapsed"
    if mandate.scheme == "B2B" and (mandate.registered_on is None or mandate.registered_on > collect_on):
        return "mandate_unregistered"
    return ""


def sequence(mandate: Mandate, *, last: bool = False, tell_first: bool = False) -> Sequence:
    """The sequence type of the next debit. RCUR from the first, unless the bank still asks for FRST (`tell_first`)."""
    if mandate.once:
        return "OOFF"
    if last:
        return "FNAL"
    return "FRST" if tell_first and mandate.presented_on is None else "RCUR"


def check_sequence(mandate: Mandate, chosen: Sequence) -> None:
    """A sequence type has to fit its mandate. Raises: Refused mandate_sequence."""
    fits = chosen == "OOFF" if mandate.once else chosen != "OOFF"
    if chosen == "FRST" and mandate.presented_on is not None:
        fits = False
    if not fits:
        raise Refused("mandate_sequence", mandate=mandate.id, sequence=chosen)


def notice_days(agreed: int | None) -> int:
    """How many days before a debit it is announced: 14, unless the signed order form shortens it.

    Raises: Refused notice_days for a period that is longer, or shorter than a day.
    """
    if agreed is None:
        return USUAL_NOTICE_DAYS
    if not 1 <= agreed <= USUAL_NOTICE_DAYS:
        raise Refused("notice_days", most=USUAL_NOTICE_DAYS)
    return agreed


def announce_by(collect_on: date, days: int = USUAL_NOTICE_DAYS) -> date:
    """The last day on which a debit may be announced."""
    return collect_on - timedelta(days=days)


def collection_day(*, announced_on: date, due_on: date, days: int, early_until: date | None = None) -> date:
    """The day on which an invoice is debited: a settlement day, never before the announcement has run out.

    On the due date; or, where the announcement is short enough for the discount (`early_until`), on the last
    settlement day that still has it.
    """
    possible = announced_on + timedelta(days=days)
    if early_until is not None:
        day = early_until
        while day >= possible:
            if settles(day):
                return day
            day -= timedelta(days=1)
    return next_settlement(max(due_on, possible))


def refund_until(collected_on: date, scheme: Scheme) -> date | None:
    """The last day on which the debtor gets an authorised debit back unasked: eight weeks; never in B2B."""
    return None if scheme == "B2B" else collected_on + _REFUND


def dispute_until(collected_on: date) -> date:
    """The last day on which the debtor may contest a debit as unauthorised: 13 months."""
    return add_months(collected_on, _UNAUTHORISED_MONTHS)


def amendment(told: Mandate, now: Mandate) -> Amendment | None:
    """What the next debit has to say changed since the bank was last told of the mandate; None when nothing did.

    A change of the debtor's account is said without the old account (SMNDA).
    """
    change = Amendment(
        old_mandate_id=told.id if told.id != now.id else "",
        old_creditor_id=told.creditor_id if told.creditor_id != now.creditor_id else "",
        old_creditor_name=told.creditor_name if told.creditor_name != now.creditor_name else "",
        account_changed=told.iban != now.iban,
    )
    return None if change == Amendment() else change
