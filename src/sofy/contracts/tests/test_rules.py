"""Terms, days, access and ends: the vectors of the contract, rule by rule."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import holidays
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.contracts.rules import access, days, ends, identifiers, shapes, term, terms_change
from sofy.contracts.rules.values import Euros, Moment, converted, moment, read_value

FRENCH = holidays.country_holidays("FR", years=range(2020, 2063))
DAYS = st.dates(date(2020, 1, 1), date(2060, 12, 31))


def form(start: date, months: int, renewal: int | None = 12) -> shapes.OrderForm:
    """An order form that begins on a day."""
    signed = moment(str(start))
    return shapes.OrderForm(
        number="BC-1", signed_at=signed, starts_on=start, term_months=months, renewal_months=renewal, items=()
    )  # fmt: skip


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
    ],
)
def test_months_end_where_the_shorter_month_ends(day, months, expected):
    assert term.add_months(day, months) == expected


@pytest.mark.clause("CGVU 8.1")
@pytest.mark.parametrize("months", [0, 1, 6, 18, 48, -12])
def test_other_terms_are_refused(months):
    with pytest.raises(ValueError, match=r"CGVU 8\.1"):
        shapes.check_term(months)


@pytest.mark.clause("CGVU 8.1", "CGVU 8.2")
@pytest.mark.parametrize(
    ("given_on", "last_day"),
    [
        (date(2026, 4, 2), date(2028, 3, 31)),
        (date(2028, 2, 16), date(2028, 3, 31)),
        (date(2028, 2, 17), date(2029, 3, 31)),
    ],
)
def test_notice_ends_a_contract_with_a_period_never_inside_it(given_on, last_day):
    assert term.span_ended_by(form(date(2026, 4, 1), 24), given_on).last == last_day


@given(start=DAYS, months=st.sampled_from([12, 24, 36]), renewal=st.sampled_from([None, 1, 12, 24]))
def test_periods_follow_one_another_without_a_gap(start, months, renewal):
    spans = term.spans(form(start, months, renewal))
    found = [next(spans) for _ in range(5)]

    assert found[0].first == start
    assert all(later.first == earlier.last + timedelta(days=1) for earlier, later in pairwise(found))


@pytest.mark.clause("CGVU 7.2")
@given(day=DAYS, number=st.integers(1, 20))
def test_business_days_are_those_of_another_calendar_too(day, number):
    counted = days.count(day, number)

    assert [one.number for one in counted if one.number] == list(range(1, number + 1))
    assert all(
        bool(one.number) == (one.day.weekday() < 5 and one.day not in FRENCH) for one in counted[1:]
    )  # fmt: skip
    assert counted[0] == (day, 0, "notice")


@pytest.mark.clause("CGVU 7.2", "CGVU 11", "CGVU 13", "CGVU 14.1")
@pytest.mark.parametrize(
    ("cause", "notice", "invoiced", "credit", "lifted_by"),
    [
        ("default", True, True, False, "collection"),
        ("fraud", False, True, False, "staff"),
        ("security", False, True, False, "staff"),
        ("missing_stop", False, True, False, "staff"),
        ("af2m", False, True, False, "two_staff"),
        ("operator_fault", False, False, True, "staff"),
        ("court_order", False, True, False, "court"),
    ],
)
def test_what_each_cause_of_a_suspension_means(cause, notice, invoiced, credit, lifted_by):
    assert access.consequence(cause)[:4] == (notice, invoiced, credit, lifted_by)


@pytest.mark.clause("CGVU 7.2")
@pytest.mark.parametrize(
    ("proof", "proves"),
    [("acknowledgement", True), ("qualified_registered", True), ("smtp", False), ("dsn", False), ("", False)],
)
def test_what_proves_that_a_notice_arrived(proof, proves):
    assert access.proves_delivery(proof) is proves


@pytest.mark.clause("CGVU 19")
def test_six_months_of_pay():
    assert ends.solicitation_penalty(Euros("48000")) == Euros("24000.00")


@pytest.mark.clause("CGVU 1", "CGVU 27")
def test_new_terms_come_into_force_thirty_days_after_in_paris():
    assert terms_change.effective_on(moment("2026-09-01T10:00")) == moment("2026-10-01")
    assert terms_change.effective_on(datetime(2026, 8, 31, 22, 30, tzinfo=UTC)) == moment("2026-10-01")


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-04-01", "2026-03-31T22:00:00+00:00"),
        ("2026-01-01T09:30", "2026-01-01T08:30:00+00:00"),
        ("2026-04-01T09:30Z", "2026-04-01T09:30:00+00:00"),
        ("2026-04-01T09:30+05:00", "2026-04-01T04:30:00+00:00"),
    ],
)
def test_a_moment_is_on_the_clock_of_paris_unless_it_says_otherwise(text, utc):
    assert moment(text).astimezone(UTC).isoformat() == utc


@pytest.mark.parametrize("text", ["", "yesterday", "2026-02-30", "1999-12-31", "2100-01-01", "2026-04-01T25:00", 7])
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(ValueError, match=r"moment|between"):
        read_value(Moment, text)


@pytest.mark.parametrize(
    "text", ["", "1,50", "1e3", "NaN", "Infinity", "12.3456789", " 1", "99999999999", 12.5, 3, None]
)
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(ValueError, match="amount"):
        read_value(Euros, text)


def test_a_french_vat_number_follows_from_the_siren():
    assert identifiers.french_vat_of("919288548") == "FR68919288548"
    assert identifiers.checked("vat", identifiers.french_vat_of("732829320")) == "FR44732829320"


@given(st.text() | st.integers() | st.none() | st.lists(st.integers()))
def test_anything_is_an_order_form_or_refused_in_words(anything):
    with pytest.raises(msgspec.ValidationError):
        converted({"number": "BC-1", "signed_at": anything, "starts_on": anything, "items": []}, shapes.OrderForm)
