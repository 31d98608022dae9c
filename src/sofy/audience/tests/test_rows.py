"""A row becomes a record: repaired, completed, or left out with a reason."""

from datetime import date
from decimal import Decimal

import pytest

from sofy.audience.imports import values
from sofy.audience.imports.phones import read as read_phone
from sofy.audience.imports.rows import Reading, Record, reader
from sofy.kernel.phone import parse

TODAY = date(2026, 11, 24)


def record(
    mapping: list[str], *cells: str, declared: bool = True, kinds: dict[str, tuple[str, bool]] | None = None
) -> Record:
    return reader(Reading(mapping, kinds or {}, True, declared, TODAY))(2, cells)


@pytest.mark.parametrize(
    "cell",
    [
        "06 39 98 00 01", "0639980001", "639980001", "+33639980001", "+33 (0)6 39 98 00 01", "0033 6.39.98.00.01",
        "06-39-98-00-01", "0690 12 34 56", "0692123456", "+33 690 12 34 56", "07 00 12 34 56", "700123456",
        "01 99 00 12 34", "+44 20 7946 0958", "inconnu", "", "12", "06 39 98 00 0", "0639", "7", "+999123",
        "6 39 98 00 01 02", "(06) 39 98 00 01", "0 639 980 001", "+330639980001", "00330639980001", "33639980001",
    ],
)  # fmt: skip
@pytest.mark.parametrize("fictional", [True, False])
def test_the_quick_way_reads_what_the_kernel_reads(cell: str, fictional: bool) -> None:
    quick, slow = read_phone(cell, fictional=fictional), parse(cell, fictional=fictional)

    assert quick[:3] == slow[:3]  # whether it was repaired is only told by the kernel


def test_two_numbers_in_a_cell() -> None:
    found = record(["phone"], "06 39 98 00 01 / 01 99 00 12 34")

    assert [number.e164 for number in found.phones] == ["+33639980001", "+33199001234"]
    assert found.problems == []


@pytest.mark.parametrize(
    ("cell", "address"),
    [
        ("Zoe@Exemple.FR", "zoe@exemple.fr"), ("élodie.sœur@exemple.fr", "élodie.sœur@exemple.fr"),
        ("Zoé <zoe@exemple.fr>", "zoe@exemple.fr"), ("mailto:zoe@exemple.fr", "zoe@exemple.fr"),
        (" zoe@exemple.fr; ", "zoe@exemple.fr"), ("e\u0301lodie@exemple.fr", "élodie@exemple.fr"),
        ("zoe@exemple", None), ("zoe.@exemple.fr", None), ("zoe exemple.fr", None), ("a@b@exemple.fr", None),
        ("zoe@-exemple.fr", None), ("x" * 65 + "@exemple.fr", None),
    ],
)  # fmt: skip
def test_addresses(cell: str, address: str | None) -> None:
    assert values.email(cell) == address


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("26/04/1952", date(1952, 4, 26)), ("1952-04-26", date(1952, 4, 26)), ("26.4.52", date(1952, 4, 26)),
        ("26 avril 1952", date(1952, 4, 26)), ("1er août 1980", date(1980, 8, 1)),
        ("26-04-1952 00:00", date(1952, 4, 26)),
        ("04/26/1952", None), ("31/02/1990", None), ("hier", None), ("26/04/05", date(2005, 4, 26)),
    ],
)  # fmt: skip
def test_dates_in_french_order(cell: str, day: date | None) -> None:
    assert values.date(cell) == day


@pytest.mark.parametrize(
    ("cell", "number"),
    [("1 250,50", Decimal("1250.50")), ("1,250.50", Decimal("1250.50")), ("12 €", Decimal(12)), ("douze", None)],
)
def test_numbers(cell: str, number: Decimal | None) -> None:
    assert values.number(cell) == number


def test_births_are_in_the_past() -> None:
    assert values.birth_date("26/04/27", TODAY) == date(1927, 4, 26)
    assert record(["birth_date", "phone"], "26/04/2031", "0639980001").problems == ["birth_date_invalid"]


def test_lost_zeros_come_back() -> None:
    assert record(["postcode", "phone"], "1000", "639980001").postcode == "01000"
    assert record(["postcode", "phone"], "2A004", "639980001").postcode == "2A004"


def test_a_short_row_is_read_as_far_as_it_goes() -> None:
    assert record(["phone", "town", "consent_sms"], "0639980001").rejected is False


def test_only_a_row_without_identity_is_rejected() -> None:
    found = record(["phone", "email"], "x", "zoe@exemple.fr")

    assert (found.rejected, found.problems) == (False, ["phone_letters"])
    assert record(["phone", "email"], "x", "y").rejected is True


@pytest.mark.parametrize(
    ("_case", "mapping", "cells", "words"),
    [
        ("sms only", ["phone", "consent_sms"], ("0639980001", "oui"), ("granted", "")),
        ("both channels", ["phone", "consent"], ("0639980001", "oui"), ("granted", "granted")),
        ("the worst wins", ["phone", "consent", "optout_sms"], ("0639980001", "oui", "x"), ("opposed", "granted")),
        ("unclear", ["phone", "consent"], ("0639980001", "peut-être"), ("", "")),
        ("whole file", ["phone"], ("0639980001",), ("granted", "granted")),
        ("opt-out column, blank", ["phone", "optout"], ("0639980001", ""), ("granted", "granted")),
    ],
)
def test_consent_words_of_a_row(_case: str, mapping: list[str], cells: tuple[str, ...], words: tuple[str, str]) -> None:
    found = record(mapping, *cells)

    assert (found.sms, found.email) == words


@pytest.mark.clause("CGVU 17", "DPA 5")
@pytest.mark.parametrize(
    ("_case", "mapping", "cells", "also", "words"),
    [
        ("a column of its own", ["phone", "consent_whatsapp"], ("0639980001", "oui"), (), ("granted", "granted", "")),
        ("never a consent to everything", ["phone", "consent"], ("0639980001", "oui"), (), ("granted", "", "")),
        ("but a refusal of everything", ["phone", "consent"], ("0639980001", "stop"), (), ("opposed", "opposed", "")),
        ("nor the declaration of a file", ["phone"], ("0639980001",), (), ("granted", "", "")),
        ("that does not say so", ["phone"], ("0639980001",), ("whatsapp", "opens"), ("granted", "granted", "granted")),
        (
            "and a column counts before it", ["phone", "consent_whatsapp"], ("0639980001", ""), ("whatsapp",),
            ("granted", "", ""),
        ),
        ("openings", ["email", "consent_opens"], ("a@exemple.fr", "oui"), (), ("granted", "", "granted")),
        ("openings refused", ["email", "optout_opens"], ("a@exemple.fr", "oui"), (), ("granted", "", "opposed")),
    ],
)  # fmt: skip
def test_whatsapp_and_openings_are_agreed_to_apart(
    _case: str, mapping: list[str], cells: tuple[str, ...], also: tuple[str, ...], words: tuple[str, str, str]
) -> None:
    read = reader(Reading(mapping, {}, True, True, TODAY, also=also))

    found = read(2, cells)

    assert (found.sms, found.whatsapp, found.opens) == words


def test_without_a_declaration_nobody_agrees_to_anything_apart() -> None:
    read = reader(Reading(["phone", "consent_whatsapp"], {}, True, False, TODAY, also=("opens",)))

    found = read(2, ("0639980001", "oui"))

    assert (found.whatsapp, found.opens) == ("", "")


def test_without_declaration_only_refusals_count() -> None:
    assert record(["phone", "consent"], "0639980001", "oui", declared=False).sms == ""
    assert record(["phone", "consent"], "0639980001", "non", declared=False).sms == "withdrawn"
