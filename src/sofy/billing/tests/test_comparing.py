"""What a month differs by from the month before, line by line, and why."""

from decimal import Decimal

import pytest

from sofy.billing.comparing import compared
from sofy.billing.tests.factories import credit_note, document, line

TWENTY = document(line("20", "30"))


@pytest.mark.parametrize(
    ("after", "why", "more"),
    [
        (document(line("25", "30")), "quantity", "150.00"),
        (document(line("20", "32")), "price", "40.00"),
        (document(line("25", "32")), "both", "200.00"),
        (document(line("20", "30", share=(15, 30))), "days", "-300.00"),
        (document(line("20", "30", code="other")), "new", "600.00"),
    ],
)
def test_a_line_that_changed_says_why(after, why, more):
    found = compared([TWENTY], [after])

    assert (found[0].why, found[0].more_eur) in [(why, Decimal(more)), ("gone", Decimal("-600.00"))]
    assert why in {one.why for one in found}


def test_what_is_the_same_is_not_told():
    assert compared([TWENTY], [document(line("10", "30"), line("10", "30"))]) == []


def test_what_is_gone_is_told_and_a_credit_counts_against():
    found = compared([TWENTY], [credit_note(line("1", "50", code="credit"))])

    assert [(one.code, one.why, one.more_eur) for one in found] == [
        ("soreach", "gone", Decimal("-600.00")),
        ("credit", "new", Decimal("-50.00")),
    ]
