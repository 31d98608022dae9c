"""When a mandate may be used, and how long money may be claimed back."""

from datetime import date

import msgspec
import pytest

from sofy.billing.rules import mandates
from sofy.billing.rules.mandates import Mandate
from sofy.kernel.errors import Refused
from sofy.wire.pain import Amendment

SIGNED = Mandate(
    id="RUM-1", signed_on=date(2026, 4, 1), iban="FR7630006000011234567890189", creditor_id="FR72ZZZ123456"
)


def with_(**changes) -> Mandate:
    return msgspec.structs.replace(SIGNED, **changes)


@pytest.mark.parametrize(
    ("mandate", "on", "code"),
    [
        (SIGNED, date(2026, 7, 1), ""),
        (SIGNED, date(2026, 3, 31), "mandate_not_signed"),
        (with_(revoked_on=date(2026, 6, 1)), date(2026, 6, 1), "mandate_revoked"),
        (with_(revoked_on=date(2026, 6, 1)), date(2026, 5, 31), ""),
        (with_(closed_on=date(2026, 6, 1)), date(2026, 7, 1), "mandate_closed"),
        (with_(once=True), date(2026, 7, 1), ""),
        (with_(once=True, presented_on=date(2026, 6, 1)), date(2026, 7, 1), "mandate_used"),
        (SIGNED, date(2029, 4, 1), ""),
        (SIGNED, date(2029, 4, 2), "mandate_lapsed"),
        (with_(presented_on=date(2026, 7, 1)), date(2029, 7, 1), ""),
        (with_(presented_on=date(2026, 7, 1)), date(2029, 7, 2), "mandate_lapsed"),
        (with_(scheme="B2B"), date(2026, 7, 1), "mandate_unregistered"),
        (with_(scheme="B2B", registered_on=date(2026, 5, 1)), date(2026, 7, 1), ""),
    ],
)
def test_a_mandate_is_used_only_while_it_holds(mandate, on, code):
    assert mandates.obstacle(mandate, on) == code


def test_the_sequence_type_is_recurrent_from_the_first_and_fits_the_mandate():
    used = with_(presented_on=date(2026, 7, 1))

    assert mandates.sequence(SIGNED) == "RCUR"
    assert mandates.sequence(SIGNED, tell_first=True) == "FRST"
    assert mandates.sequence(used, tell_first=True) == "RCUR"
    assert mandates.sequence(used, last=True) == "FNAL"
    assert mandates.sequence(with_(once=True)) == "OOFF"


@pytest.mark.parametrize(
    ("mandate", "chosen", "fits"),
    [
        (SIGNED, "RCUR", True),
        (SIGNED, "FRST", True),
        (SIGNED, "OOFF", False),
        (with_(presented_on=date(2026, 7, 1)), "FRST", False),
        (with_(once=True), "RCUR", False),
        (with_(once=True), "OOFF", True),
    ],
)
def test_a_sequence_type_that_does_not_fit_is_refused(mandate, chosen, fits):
    if fits:
        mandates.check_sequence(mandate, chosen)
        return

    with pytest.raises(Refused) as refused:
        mandates.check_sequence(mandate, chosen)
    assert refused.value.code == "mandate_sequence"


def test_a_debit_is_announced_fourteen_days_before_unless_the_order_form_says_less():
    assert mandates.announce_by(date(2026, 7, 1)) == date(2026, 6, 17)
    assert mandates.notice_days(None) == 14
    assert mandates.notice_days(7) == 7
    for agreed in (0, 15):
        with pytest.raises(Refused):
            mandates.notice_days(agreed)


@pytest.mark.parametrize(
    ("announced", "due", "days", "early_until", "collected"),
    [
        (date(2026, 6, 1), date(2026, 7, 1), 14, None, date(2026, 7, 1)),
        (date(2026, 6, 1), date(2026, 7, 1), 14, date(2026, 6, 9), date(2026, 7, 1)),  # too long for the discount
        (date(2026, 6, 1), date(2026, 7, 1), 7, date(2026, 6, 9), date(2026, 6, 9)),
        (date(2026, 6, 5), date(2026, 7, 5), 7, date(2026, 6, 13), date(2026, 6, 12)),  # 13 June is a Saturday
        (date(2026, 4, 1), date(2026, 5, 1), 14, None, date(2026, 5, 4)),  # 1 May, then a week-end
        (date(2026, 6, 25), date(2026, 7, 1), 14, None, date(2026, 7, 9)),  # announced too late for the due date
    ],
)
def test_a_debit_falls_on_a_day_on_which_money_moves_and_never_before_its_announcement(
    announced, due, days, early_until, collected
):
    assert mandates.collection_day(announced_on=announced, due_on=due, days=days, early_until=early_until) == collected


def test_an_authorised_debit_comes_back_within_eight_weeks_and_another_within_thirteen_months():
    assert mandates.refund_until(date(2026, 7, 1), "CORE") == date(2026, 8, 26)
    assert mandates.refund_until(date(2026, 7, 1), "B2B") is None
    assert mandates.dispute_until(date(2026, 7, 1)) == date(2027, 8, 1)
    assert mandates.dispute_until(date(2026, 1, 31)) == date(2027, 2, 28)


def test_the_bank_is_told_what_changed_in_a_mandate_and_nothing_when_nothing_did():
    moved = with_(iban="DE89370400440532013000", id="RUM-2")

    assert mandates.amendment(SIGNED, SIGNED) is None
    assert mandates.amendment(SIGNED, moved) == Amendment(old_mandate_id="RUM-1", account_changed=True)
    assert mandates.amendment(SIGNED, with_(creditor_id="DE98ZZZ09999999999")) == Amendment(
        old_creditor_id="FR72ZZZ123456"
    )
