import re
from itertools import product

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.kernel import phone
from sofy.kernel.phone import Number, Problem


@pytest.mark.parametrize(
    ("_case", "raw", "repaired"),
    [
        ("spaces", "06 39 98 12 34", False),
        ("nothing", "0639981234", False),
        ("dots", "06.39.98.12.34", False),
        ("dashes", "06-39-98-12-34", False),
        ("typographic dashes", "06–39–98–12–34", False),
        ("slashes", "06/39/98/12/34", False),
        ("non-breaking spaces", "06\u00a039\u202f98\u00a012\u202f34", False),
        ("zero in brackets", "+33 (0)6 39 98 12 34", True),
        ("zero in brackets after 0033", "0033 (0) 6 39 98 12 34", True),
        ("zero after the country code", "+33 06 39 98 12 34", True),
        ("0033", "0033 6 39 98 12 34", False),
        ("E.164", "+33639981234", False),
        ("lost plus", "33639981234", True),
        ("lost zero", "639981234", True),
        ("lost zero, dots", "6.39.98.12.34", True),
        ("spreadsheet number", "639981234.0", True),
        ("scientific, all digits kept", "6,39981234E+08", True),
        ("letter O for zero", "O6 39 98 12 34", True),
        ("label", "Tél. : 06 39 98 12 34", False),
        ("tel: address", "tel:+33639981234", False),
        ("spreadsheet apostrophe", "'0639981234", False),
        ("Arabic digits", "٠٦٣٩٩٨١٢٣٤", False),
        ("digits of two scripts", "63998١٢٣٤", True),
        ("full width digits", "０６３９９８１２３４", False),
        ("invisible marks of a pasted number", "\u202a+33 6 39 98 12 34\u202c", False),
    ],
)
def test_a_fictional_mobile_stays_french_however_it_is_written(_case, raw, repaired):
    assert phone.parse(raw, fictional=True) == Number("+33639981234", "mobile", "FR", repaired)


@pytest.mark.parametrize(
    ("_case", "raw", "e164"),
    [
        ("first of 06 39 98", "06 39 98 00 00", "+33639980000"),
        ("last of 06 39 98", "06 39 98 99 99", "+33639989999"),
        ("lost zero", "639980001", "+33639980001"),
        ("first of 07 00", "+33 7 00 00 00 00", "+33700000000"),
        ("last of 07 00", "+33 7 00 99 99 99", "+33700999999"),
    ],
)
def test_numbers_given_to_nobody_pass_only_where_fiction_does(_case, raw, e164):
    accepted = phone.parse(raw, fictional=True)
    refused = phone.parse(raw, fictional=False)

    assert isinstance(accepted, Number)
    assert (accepted.e164, accepted.kind) == (e164, "mobile")
    assert refused == Problem("fictional")


@pytest.mark.parametrize(
    ("_case", "raw", "expected"),
    [
        ("Guadeloupe 0690", "0690 00 12 34", Number("+590690001234", "mobile", "GP", True)),
        ("Guadeloupe 0691", "0691 22 12 34", Number("+590691221234", "mobile", "GP", True)),
        ("Guyane 0694", "0694 20 12 34", Number("+594694201234", "mobile", "GF", True)),
        ("Martinique 0696", "0696 20 12 34", Number("+596696201234", "mobile", "MQ", True)),
        ("Martinique 0697", "0697 20 12 34", Number("+596697201234", "mobile", "MQ", True)),
        ("Réunion 0692", "0692 12 34 56", Number("+262692123456", "mobile", "RE", True)),
        ("Réunion 0693", "0693 33 12 34", Number("+262693331234", "mobile", "RE", True)),
        ("Mayotte 0639", "0639 60 12 34", Number("+262639601234", "mobile", "YT", True)),
        ("Mayotte 0639, lost zero", "639601234", Number("+262639601234", "mobile", "YT", True)),
        ("Saint-Pierre 0708", "0708 40 12 34", Number("+508708401234", "mobile", "PM", True)),
        ("Saint-Pierre fixed 0508", "05 08 41 12 34", Number("+508411234", "fixed", "PM", True)),
        ("Guadeloupe 0709", "0709 00 12 34", Number("+590709001234", "mobile", "GP", True)),
        ("Martinique 0709", "0709 10 12 34", Number("+596709101234", "mobile", "MQ", True)),
        ("Réunion 0709", "0709 20 12 34", Number("+262709201234", "mobile", "RE", True)),
        ("Guyane 0709", "0709 30 12 34", Number("+594709301234", "mobile", "GF", True)),
        ("Mayotte 0709", "0709 35 12 34", Number("+262709351234", "mobile", "YT", True)),
        ("Réunion fixed", "0262 12 34 56", Number("+262262123456", "fixed", "RE", True)),
        ("behind +33", "+33 690 00 12 34", Number("+590690001234", "mobile", "GP", True)),
        ("behind +33 (0)", "+33 (0)690 00 12 34", Number("+590690001234", "mobile", "GP", True)),
        ("own code and (0)", "+590 (0)690 00 12 34", Number("+590690001234", "mobile", "GP", True)),
        ("own code, lost plus", "590690001234", Number("+590690001234", "mobile", "GP", True)),
        ("own code", "+262 639 60 12 34", Number("+262639601234", "mobile", "YT", False)),
    ],
)
def test_overseas_numbers_get_their_own_country_code(_case, raw, expected):
    assert phone.parse(raw, fictional=False) == expected


def test_the_plan_is_read_the_same_from_overseas():
    for region in phone.OVERSEAS_ZONES:
        assert phone.parse("0692 12 34 56", default_region=region, fictional=True) == Number(
            "+262692123456", "mobile", "RE", True
        )
        assert phone.parse("06 39 98 12 34", default_region=region, fictional=True) == Number(
            "+33639981234", "mobile", "FR", False
        )


def test_a_foreign_default_region_does_not_read_the_french_plan():
    belgian = phone.parse("0470 12 34 56", default_region="BE", fictional=True)
    not_belgian = phone.parse("0612345678", default_region="BE", fictional=True)

    assert belgian == Number("+32470123456", "mobile", "BE", False)
    assert not isinstance(not_belgian, Number) or not not_belgian.e164.startswith("+33")


@pytest.mark.parametrize(
    ("_case", "raw", "code"),
    [
        ("nothing", "", "empty"),
        ("blank", " \u00a0 ", "empty"),
        ("dash for none", "-", "empty"),
        ("word", "aucun", "letters"),
        ("number and remark", "06 39 98 12 34 (bureau)", "letters"),
        ("two numbers", "06 39 98 12 34 / 06 39 98 12 35", "several"),
        ("two numbers in words", "0639981234 ou 0639981235", "several"),
        ("one digit short", "06 39 98 12 3", "too_short"),
        ("one digit long", "06 39 98 12 345", "too_long"),
        ("one digit long, with its country", "+33 6 39 98 12 345", "too_long"),
        ("one digit long, elsewhere", "+44 7911 123 456 78 90", "too_long"),
        ("short, with its country", "+33 6 39 98 12", "too_short"),
        ("emergency", "112", "too_short"),
        ("digits thrown away by a spreadsheet", "6,4E+08", "precision_lost"),
        ("digits thrown away with country code", "3.36123E+10", "precision_lost"),
        ("a longitude", "6.12345678", "invalid"),
        ("a longitude with a comma", "6,12345678", "invalid"),
        ("no such prefix", "0600", "too_short"),
        ("all zeros", "0000000000", "empty"),
        ("unassigned", "07 01 23 45 67", "invalid"),
        ("unassigned between Mayotte's blocks", "06 39 97 12 34 99", "too_long"),
        ("foreign without plus could be anybody", "61234567890", "too_long"),
        ("a novel", "0" * 65, "too_long"),
        ("unknown country", "+999 12 34 56 78", "invalid"),
        ("signs", "++--", "empty"),
    ],
)
def test_what_is_not_a_number_says_why(_case, raw, code):
    assert phone.parse(raw, fictional=True) == Problem(code)


def _sample(pattern_of: str, count: int) -> list[str]:
    """`count` nine-digit numbers spread over the whole French plan, of the given first digits."""
    rest = 9 - len(pattern_of)
    step = max(1, 10**rest // count)
    return [pattern_of + str(n).zfill(rest) for n in range(0, 10**rest, step)]


def _verdict(e164: str) -> tuple[str, str] | None:
    number = phonenumbers.parse(e164)
    if not phonenumbers.is_valid_number(number):
        return None
    names = {
        phonenumbers.PhoneNumberType.MOBILE: "mobile",
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE: "mobile",
        phonenumbers.PhoneNumberType.FIXED_LINE: "fixed",
    }
    return e164, names.get(phonenumbers.number_type(number), "other")


@pytest.mark.parametrize("first", ["1", "2", "26", "4", "5", "50", "59", "6", "63", "639", "69", "7", "70", "8", "9"])
def test_same_verdict_as_libphonenumber_for_international_french_numbers(first):
    for national in _sample(first, 400):
        if re.match("63998|700", national):
            continue
        expected = _verdict("+33" + national)

        found = phone.parse("+33" + national, fictional=True)

        if expected is None:
            assert not isinstance(found, Number) or (found.repaired and not found.e164.startswith("+33"))
        else:
            assert isinstance(found, Number)
            assert (found.e164, found.kind, found.repaired) == (*expected, False)


@pytest.mark.parametrize("first", ["63", "69", "708", "709", "590", "594", "596", "262", "269"])
def test_a_national_number_is_french_or_of_the_one_region_that_has_it(first):
    for national in _sample(first, 1500):
        if national.startswith("63998"):
            continue
        codes = ["33", "590", "594", "596", "262", "508"]
        owners = {code: verdict[1] for code in codes if (verdict := _verdict(f"+{code}{national}"))}

        found = phone.parse("0" + national, fictional=True)

        if not owners:
            assert isinstance(found, Problem) or found.e164.startswith("+508")
        else:
            assert isinstance(found, Number)
            code = next(code for code in codes if found.e164 == f"+{code}{national}")
            assert owners[code] == found.kind


def test_no_mobile_belongs_to_two_country_codes():
    """The repair is safe as long as the plan is unambiguous: a metadata update that ends this must be noticed."""
    for block in ("".join(digits) for digits in product("67", "0123456789", "0123456789", "0123456789", "0123456789")):
        national = block + "1234"
        owners = {
            region.country_code for region in phone._REGIONS if region.mobile.fullmatch(national)
        }  # BL, GP and MF share a code
        if phone._is_french_mobile(national):
            owners.add("33")

        assert len(owners) <= 1, national


@given(
    st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)),
    st.sampled_from([phonenumbers.PhoneNumberFormat.E164, phonenumbers.PhoneNumberFormat.INTERNATIONAL]),
)
def test_every_country_is_understood_in_international_form(region, form):
    example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    if example is None:
        return
    e164 = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)

    found = phone.parse(phonenumbers.format_number(example, form), fictional=True)

    assert isinstance(found, Number)
    assert (found.e164, found.kind) == (e164, "mobile")
    assert phone.zones(e164)


@given(st.one_of(st.text(max_size=80), st.text(alphabet=st.characters(categories=["Nd"]), max_size=14)))
def test_no_text_breaks_the_reader_and_answers_are_stable(raw):
    found = phone.parse(raw, fictional=True)

    if isinstance(found, Number):
        assert re.fullmatch(r"\+[1-9][0-9]{5,14}", found.e164)
        again = phone.parse(found.e164, fictional=True)
        assert again == found._replace(repaired=False)


@given(st.text(alphabet="0123456789+ ().-Ee,/oO", max_size=24))
def test_digit_soup_gives_a_number_that_reads_back_the_same_or_a_problem(raw):
    found = phone.parse(raw, fictional=True)

    if isinstance(found, Number):
        assert phone.parse(found.e164, fictional=True) == found._replace(repaired=False)


@pytest.mark.parametrize(
    ("_case", "e164", "zones"),
    [
        ("France", "+33639981234", ("Europe/Paris",)),
        ("Guadeloupe", "+590690001234", ("America/Guadeloupe",)),
        ("Guyane", "+594694201234", ("America/Cayenne",)),
        ("Martinique", "+596696201234", ("America/Martinique",)),
        ("Réunion", "+262692123456", ("Indian/Reunion",)),
        ("Mayotte", "+262639601234", ("Indian/Mayotte",)),
        ("+262 of neither island's blocks", "+262600000000", ("Indian/Reunion", "Indian/Mayotte")),
        ("Saint-Pierre", "+508708401234", ("America/Miquelon",)),
        ("Nouvelle-Calédonie", "+687751234", ("Pacific/Noumea",)),
        ("Wallis", "+681821234", ("Pacific/Wallis",)),
        ("Belgium", "+32470123456", ("Europe/Brussels",)),
        ("nonsense", "+999", phone.UNKNOWN_ZONES),
    ],
)
def test_zones(_case, e164, zones):
    assert phone.zones(e164) == zones


def test_a_country_of_many_zones_gives_them_all():
    assert {"Pacific/Tahiti", "Pacific/Gambier", "Pacific/Marquesas"} <= set(phone.zones("+68987123456"))


@pytest.mark.parametrize(
    ("e164", "shown"),
    [
        ("+33639981234", "06 39 98 12 34"),
        ("+590690001234", "+590 690 00 12 34"),
        ("+32470123456", "+32 470 12 34 56"),
        ("nonsense", "nonsense"),
    ],
)
def test_display(e164, shown):
    assert phone.display(e164) == shown


@given(st.from_regex(r"[0-9]{9}", fullmatch=True) | st.integers(0, 9999).map(lambda n: f"63998{n:04d}"), st.booleans())
def test_what_software_writes_is_the_number_people_write_with_a_space(nine: str, fictional: bool):
    assert phone.parse("+33" + nine, fictional=fictional) == phone.parse("+33 " + nine, fictional=fictional)
