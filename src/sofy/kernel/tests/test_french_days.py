from datetime import date

import pytest
from holidays.countries.france import France

from sofy.kernel import french_days

YEARS = range(2009, 2101)  # Whit Monday was a day of work for some years before


@pytest.mark.parametrize(
    ("_case", "calendar", "subdivision"), [("national", "metropole", None), ("Alsace", "alsace-moselle", "6AE")]
)
def test_same_days_as_the_holidays_package(_case, calendar, subdivision):
    for year in YEARS:
        assert french_days.holidays(year, calendar) == set(France(subdiv=subdivision, years=year))


@pytest.mark.parametrize(
    ("calendar", "subdivision"),
    [("guadeloupe", "971"), ("martinique", "972"), ("guyane", "973"), ("reunion", "974"), ("mayotte", "976")],
)
def test_overseas_adds_the_one_legal_day_of_the_region(calendar, subdivision):
    ours = french_days.holidays(2027, calendar)

    assert len(ours - french_days.holidays(2027, "metropole")) == 1
    assert ours <= set(France(subdiv=subdivision, years=2027))  # which lists customary days too


@pytest.mark.parametrize(
    ("year", "day"), [(2024, date(2024, 3, 31)), (2038, date(2038, 4, 25)), (1818, date(1818, 3, 22))]
)
def test_easter(year, day):
    assert french_days.easter(year) == day


def test_an_unknown_calendar_is_named():
    with pytest.raises(ValueError, match="lune"):
        french_days.holidays(2027, "lune")
