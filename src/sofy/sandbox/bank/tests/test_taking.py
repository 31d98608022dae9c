"""What the simulated bank refuses of a file, as banks do."""

from datetime import UTC, date, datetime

import pytest

from sofy.sandbox.bank.tests.factories import HANDED_IN, bank, debit, entries, pain, taken
from sofy.wire.pain import Mandate, Rejection

GOOD = pain(debit(1), debit(2, "20.00"))


def reasons(status) -> list[tuple[str, str]]:
    return [(one.reason, one.end_to_end_id) for one in status.rejections]


def test_a_good_file_is_taken_whole():
    status = taken(bank(), GOOD)

    assert (status.status, status.original_message_id, status.rejections) == ("ACCP", "SOFY-1", ())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"nothing", "FF01"),
        (GOOD.replace(b"SLEV", b"OURS"), "FF01"),
        (GOOD.replace(b"<NbOfTxs>2", b"<NbOfTxs>3", 1), "AM18"),
        (GOOD.replace(b"<CtrlSum>30.00", b"<CtrlSum>0.00", 1), "AM10"),
    ],
)
def test_a_file_that_does_not_hold_together_is_refused_whole(content, reason):
    status = taken(bank(), content)

    assert (status.status, reasons(status)) == ("RJCT", [(reason, "")])


def test_the_same_file_twice_is_refused():
    made = bank()
    taken(made, GOOD)

    assert reasons(taken(made, GOOD)) == [("DU01", "")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<CtrlSum>31.00".join(GOOD.rsplit(b"<CtrlSum>30.00", 1)), "AM10"),
        (b"<NbOfTxs>4".join(GOOD.rsplit(b"<NbOfTxs>2", 1)), "AM18"),
        (GOOD.replace(b"FR7630006000011234567890189", b"DE89370400440532013000", 1), "AC03"),
        (GOOD.replace(b"2026-07-01", b"2026-06-17"), "DT01"),
        (GOOD.replace(b"2026-07-01", b"2026-06-16"), "DT01"),
    ],
)
def test_a_block_that_cannot_be_collected_is_refused(content, reason):
    status = taken(bank(), content)

    assert status.rejections == (Rejection(reason=reason, payment_id="SOFY-1-1"),)
    assert status.status == "RJCT"


def with_address_line(content: bytes) -> bytes:
    return content.replace(b"<Ctry>FR</Ctry>", b"<Ctry>FR</Ctry><AdrLine>3 rue X</AdrLine>", 1)


@pytest.mark.parametrize(
    ("content", "changes", "reason"),
    [
        (with_address_line(GOOD), {}, "BE07"),
        (GOOD.replace(b"<TwnNm>Lyon</TwnNm>", b"", 1), {}, "BE07"),
        (GOOD.replace(b"DE89370400440532013000", b"DE89370400440532013001", 1), {}, "AC01"),
        (GOOD.replace(b'Ccy="EUR"', b'Ccy="CHF"', 1), {}, "AM03"),
        (GOOD, {"mandates": ("RUM-2",)}, "MD01"),
        (GOOD, {"refused": {"RUM-1": "AC04"}}, "AC04"),
    ],
)
def test_a_debit_that_cannot_be_collected_is_refused_and_the_others_go_on(content, changes, reason):
    made = bank(**changes)

    status = taken(made, content)

    assert (status.status, reasons(status)) == ("PART", [(reason, "E1")])
    (line,) = entries(made.close(date(2026, 7, 1)).statement)
    assert [one.end_to_end_id for one in line.details] == ["E2"]


@pytest.mark.parametrize(
    ("signed", "collected", "refused"),
    [
        (date(2023, 7, 1), date(2026, 7, 1), False),
        (date(2023, 6, 30), date(2026, 7, 1), True),
        (date(2020, 1, 1), date(2026, 7, 1), True),
    ],
)
def test_a_mandate_that_was_not_used_for_36_months_is_refused(signed, collected, refused):
    old = debit(1, mandate=Mandate(id="RUM-1", signed_on=signed), collect_on=collected)

    assert bool(taken(bank(), pain(old)).rejections) is refused


def test_a_mandate_lives_on_with_its_last_debit():
    made = bank()
    old = Mandate(id="RUM-1", signed_on=date(2023, 7, 1))
    taken(made, pain(debit(1, mandate=old)))

    later = debit(2, mandate=old, collect_on=date(2029, 6, 29))
    much_later = debit(3, mandate=old, collect_on=date(2032, 7, 5))

    assert taken(made, pain(later, message_id="SOFY-2")).status == "ACCP"
    assert taken(made, pain(much_later, message_id="SOFY-3")).status == "RJCT"


def test_a_file_is_handed_in_a_settlement_day_before():
    friday_evening = datetime(2026, 7, 3, 20, tzinfo=UTC)
    monday = pain(debit(1, collect_on=date(2026, 7, 6)))
    sunday = pain(debit(1, collect_on=date(2026, 7, 5)))

    assert taken(bank(), monday, friday_evening).status == "ACCP"
    assert taken(bank(), sunday, friday_evening).status == "RJCT"
    assert friday_evening > HANDED_IN
