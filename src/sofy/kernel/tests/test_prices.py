"""Which price is in force."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.kernel.prices import Book, Networks, Price, day

D = date
ROWS = [
    Price(None, "sms", "", "", "", Decimal("0.10"), D(2026, 1, 1)),
    Price(None, "sms", "", "FR", "", Decimal("0.05"), D(2026, 1, 1)),
    Price(None, "sms", "", "FR", "", Decimal("0.06"), D(2026, 12, 1)),
    Price(None, "sms", "alert", "FR", "", Decimal("0.055"), D(2026, 1, 1)),
    Price(None, "sms", "", "FR", "Orange", Decimal("0.07"), D(2026, 1, 1)),
    Price("zoe", "sms", "", "FR", "", Decimal("0.04"), D(2026, 6, 1)),
    Price("zoe", "sms", "", "FR", "", Decimal("0.039"), D(2026, 6, 1)),
]


@pytest.mark.clause("CGVU 3.4")
@pytest.mark.parametrize(
    ("_case", "client", "purpose", "destination", "on", "price"),
    [
        ("the list, for France", "max", "marketing", "FR", D(2026, 11, 1), "0.05"),
        ("the list, from the day a later row begins", "max", "marketing", "FR", D(2026, 12, 1), "0.06"),
        ("the list, a country without a row", "max", "marketing", "BE", D(2026, 11, 1), "0.10"),
        ("the purpose says more", "max", "alert", "FR", D(2026, 11, 1), "0.055"),
        ("the network says more than the purpose", "max", "alert", "FR/Orange", D(2026, 11, 1), "0.07"),
        ("a network without a row", "max", "marketing", "FR/Free", D(2026, 11, 1), "0.05"),
        ("the order form, of two rows of a day the last", "zoe", "marketing", "FR", D(2026, 11, 1), "0.039"),
        ("the order form says nothing yet", "zoe", "marketing", "FR", D(2026, 5, 31), "0.05"),
        ("the order form says nothing of this country", "zoe", "marketing", "BE", D(2026, 11, 1), "0.10"),
        ("before every row", "max", "marketing", "FR", D(2025, 12, 31), None),
        ("an address that is no number", "max", "marketing", "", D(2026, 11, 1), "0.10"),
    ],
)
def test_the_row_that_says_most_is_in_force(_case, client, purpose, destination, on, price):
    found = Book(ROWS).sale(client, "sms", purpose, destination, on)

    assert found == (Decimal(price) if price else None)


def test_a_channel_without_rows_has_no_price():
    assert Book(ROWS).sale("max", "rcs", "marketing", "FR", D(2026, 11, 1)) is None


@pytest.mark.parametrize(
    ("_case", "to", "where"),
    [
        ("the longest prefix", "+33639980001", "FR/Fiction"),
        ("a shorter one", "+33610000001", "FR/Mobile"),
        ("no prefix, the country code", "+33100000001", "FR"),
        ("an overseas region", "+262692000001", "RE"),
        ("a country of the code of several", "+15550001", "US"),
        ("an e-mail address", "zoe@example.org", ""),
        ("an identity of a channel", "u-123", ""),
        ("a code of nobody", "+99900001", ""),
    ],
)
def test_a_number_belongs_where_it_begins(_case, to, where):
    networks = Networks({"336": ("FR", "Mobile"), "3363998": ("FR", "Fiction")})

    assert networks.of(to) == where


@given(st.text())
def test_whatever_is_asked_has_an_answer(to):
    assert isinstance(Networks({"33": ("FR", "x")}).of(to), str)


def test_a_day_is_that_of_paris():
    assert day(datetime(2026, 11, 30, 23, 30, tzinfo=UTC)) == D(2026, 12, 1)
