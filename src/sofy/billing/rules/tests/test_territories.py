"""Whose VAT an address is under: the table, and every way of writing an address that leads to a wrong row."""

from datetime import date
from decimal import Decimal

import pytest
from stdnum.eu.vat import MEMBER_STATES

from sofy.billing.rules.territories import TERRITORIES, UnknownPlace, rate_on, territory

TODAY = date(2026, 4, 1)


@pytest.mark.clause("CGVU 9.2")
@pytest.mark.parametrize(
    ("postcode", "code", "rate"),
    [
        ("75001", "FR", "20"),
        ("34 000", "FR", "20"),
        ("20090", "FR-20", "20"),
        ("98000", "MC", "20"),
        ("97110", "FR-971", "8.5"),
        ("97200", "FR-972", "8.5"),
        ("97300", "FR-973", None),
        ("97400", "FR-974", "8.5"),
        ("97600", "FR-976", None),
    ],
)
def test_a_client_in_france_has_the_rate_of_its_territory(postcode, code, rate):
    place = territory("FR", postcode)

    assert (place.code, place.area) == (code, "france")
    assert rate_on(place, TODAY) == (None if rate is None else Decimal(rate))


@pytest.mark.parametrize(
    ("postcode", "code"),
    [
        ("97150", "FR-MF"),
        ("97133", "FR-BL"),
        ("97500", "FR-975"),
        ("98410", "FR-984"),
        ("98600", "FR-986"),
        ("98713", "FR-987"),
        ("98800", "FR-988"),
    ],
)
def test_french_collectivities_are_outside_the_area_of_vat(postcode, code):
    place = territory("FR", postcode)

    assert (place.code, place.area, rate_on(place, TODAY)) == (code, "outside", None)


@pytest.mark.parametrize(
    ("country", "postcode", "code"),
    [
        ("ES", "35001", "ES-CN"),
        ("ES", "38001", "ES-CN"),
        ("ES", "51001", "ES-CE"),
        ("ES", "52001", "ES-ML"),
        ("IT", "23041", "IT-LIV"),
        ("IT", "22061", "IT-CAM"),
        ("IT", "47890", "IT-SM"),
        ("IT", "00120", "IT-VA"),
        ("DE", "78266", "DE-BUS"),
        ("DE", "27498", "DE-HEL"),
        ("FI", "AX-22100", "FI-01"),
        ("GR", "630 86", "GR-69"),
        ("GB", "BT1 1AA", "XI"),
        ("GB", "SW1A 1AA", "GB"),
        ("CH", "1201", "CH"),
        ("US", "", "US"),
        ("BR", "", "BR"),
    ],
)
def test_places_whose_country_code_misleads_are_outside(country, postcode, code):
    place = territory(country, postcode)

    assert (place.code, place.area, rate_on(place, TODAY)) == (code, "outside", None)


@pytest.mark.parametrize(
    ("country", "postcode"), [("ES", "28001"), ("IT", "20121"), ("DE", "D-10115"), ("FI", "00100")]
)
def test_the_rest_of_those_countries_is_in_the_union(country, postcode):
    assert territory(country, postcode).area == "eu"


@pytest.mark.parametrize(
    ("iso", "code"),
    [
        ("RE", "FR-974"),
        ("GP", "FR-971"),
        ("MQ", "FR-972"),
        ("GF", "FR-973"),
        ("YT", "FR-976"),
        ("BL", "FR-BL"),
        ("MF", "FR-MF"),
        ("PM", "FR-975"),
        ("TF", "FR-984"),
        ("WF", "FR-986"),
        ("PF", "FR-987"),
        ("NC", "FR-988"),
        ("MC", "MC"),
        ("AX", "FI-01"),
        ("IC", "ES-CN"),
        ("XI", "XI"),
        ("EL", "GR"),
        ("uk", "GB"),
    ],
)
def test_a_country_code_of_its_own_leads_to_the_same_row(iso, code):
    postcode = "10431" if iso == "EL" else ""

    assert territory(iso, postcode).code == code


def test_the_member_states_are_those_python_stdnum_knows_but_for_the_north_of_ireland():
    ours = {row.country.lower() for row in TERRITORIES.values() if row.area == "eu"} | {"fr"}

    assert ours == MEMBER_STATES - {"xi"}


@pytest.mark.parametrize(
    ("country", "postcode"),
    [("ZZ", ""), ("", ""), ("FRA", "75001"), ("FR", ""), ("FR", "974"), ("FR", "7500A"), ("FR", "97750"), ("ES", "")],
)
def test_an_address_that_leads_nowhere_goes_to_a_human(country, postcode):
    with pytest.raises(UnknownPlace):
        territory(country, postcode)


@pytest.mark.parametrize(("day", "rate"), [(date(2013, 12, 31), "19.6"), (date(2014, 1, 1), "20")])
@pytest.mark.clause("CGVU 9.2")
def test_the_rate_is_that_of_the_day(day, rate):
    assert rate_on(territory("FR", "75001"), day) == Decimal(rate)


def test_no_rate_is_guessed_for_a_day_before_the_table():
    with pytest.raises(UnknownPlace):
        rate_on(territory("FR", "75001"), date(1999, 1, 1))


def test_territories_of_france_without_vat_name_the_law():
    silent = [row.code for row in TERRITORIES.values() if row.area == "france" and not row.rates and not row.law]

    assert silent == []
