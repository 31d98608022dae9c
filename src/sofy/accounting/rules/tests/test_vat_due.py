"""When VAT falls due, against examples worked out by hand."""

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.accounting.rules.vat_due import on_issue, on_receipts
from sofy.billing.case.book import COLLECTED, Move
from sofy.billing.tests.factories import credit_note, document, line
from sofy.kernel.clock import PARIS

pytestmark = pytest.mark.clause("CGVU 9.2")


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 6, day, hour, tzinfo=PARIS)


def paid(amount: str, day: int, what="payment") -> Move:
    return Move(at(day), what, Decimal(amount), COLLECTED)


def told(found):
    return [(one.day.day, one.category, str(one.rate), str(one.base_eur), str(one.vat_eur)) for one in found]


def test_half_a_payment_makes_half_the_vat_due():
    invoice = document(line("1", "1000"))

    assert told(on_receipts(invoice, [paid("600", 5), paid("600", 20)], [])) == [
        (5, "S", "20", "500.00", "100.00"),
        (20, "S", "20", "500.00", "100.00"),
    ]


def test_an_invoice_that_nobody_paid_makes_nothing_due_on_receipts_and_all_of_it_on_debits():
    invoice = document(line("1", "1000"))

    assert on_receipts(invoice, [], []) == []
    assert told(on_issue(invoice, at(1))) == [(1, "S", "20", "1000.00", "200.00")]


def test_a_discount_leaves_the_vat_of_what_was_paid():
    invoice = document(line("1", "1000"))
    credit = credit_note(line("1", "10", code="discount"))
    discount = Move(at(5), "discount", Decimal("12.00"), COLLECTED, credit.number)

    assert told(on_receipts(invoice, [paid("1188", 5), discount], [credit])) == [(5, "S", "20", "990.00", "198.00")]


def test_a_debit_that_comes_back_takes_its_vat_back():
    invoice = document(line("1", "1000"))

    assert told(on_receipts(invoice, [paid("1200", 5), paid("-1200", 12, "return")], [])) == [
        (5, "S", "20", "1000.00", "200.00"),
        (12, "S", "20", "-1000.00", "-200.00"),
    ]


def test_a_credit_note_on_a_paid_invoice_takes_its_vat_back():
    invoice = document(line("1", "1000"))
    credit = credit_note(line("1", "100"))
    moves = [
        paid("1200", 5),
        Move(at(20), "credit_note", Decimal(120), COLLECTED, credit.number),
        paid("-120", 20),  # what was paid already is the client's
    ]

    assert told(on_receipts(invoice, moves, [credit])) == [
        (5, "S", "20", "1000.00", "200.00"),
        (20, "S", "20", "-100.00", "-20.00"),
    ]


def test_what_was_credited_before_it_was_paid_never_falls_due():
    invoice = document(line("1", "1000"))
    credit = credit_note(line("1", "1000"))
    moves = [Move(at(20), "credit_note", Decimal(1200), COLLECTED, credit.number)]

    assert on_receipts(invoice, moves, [credit]) == []


def test_two_rates_fall_due_in_their_proportion():
    invoice = document(line("1", "100"), line("1", "100", rate="8.5"))

    found = on_receipts(invoice, [paid("114.25", 5)], [])

    assert told(found) == [(5, "S", "20", "50.00", "10.00"), (5, "S", "8.5", "50.00", "4.25")]


def test_a_cent_forgiven_counts_as_paid_and_is_told():
    invoice = document(line("1", "1000"))

    found = on_receipts(invoice, [paid("1199.99", 5), paid("0.01", 5, "tolerance")], [])

    assert [(one.on, str(one.base_eur), str(one.vat_eur)) for one in found] == [
        ("receipt", "1000.00", "200.00"),
        ("forgiven", "0.01", "0.00"),
    ]


@given(
    st.lists(st.tuples(st.integers(1, 90_000), st.sampled_from(["20", "10", "5.5"])), min_size=1, max_size=4),
    st.lists(st.integers(1, 100), min_size=1, max_size=6),
)
def test_parts_add_up_to_the_vat_of_the_invoice(prices, parts):
    invoice = document(*(line("1", str(Decimal(cents) / 100), rate=rate) for cents, rate in prices))
    left, moves = invoice.gross_eur, []
    for place, part in enumerate(parts):
        amount = (invoice.gross_eur * part / sum(parts)).quantize(Decimal("0.01"))
        amount = min(amount, left) if place + 1 < len(parts) else left
        left -= amount
        moves.append(Move(at(1 + place), "payment", amount, COLLECTED))

    found = on_receipts(invoice, moves, [])

    assert sum(one.vat_eur for one in found) == invoice.vat_eur
    assert sum(one.base_eur for one in found) == invoice.net_eur
