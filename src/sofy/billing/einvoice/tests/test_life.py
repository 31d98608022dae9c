"""Status messages: read whatever comes, write the one that is owed, and know where an invoice stands."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.billing.einvoice.platform import cdar
from sofy.billing.einvoice.platform.life import STATUSES, Event, current
from sofy.billing.einvoice.tests.xpaths import empty_elements, texts
from sofy.billing.tests import factories

NOON = datetime(2026, 6, 12, 10, 0, tzinfo=UTC)
CDAR = {
    "rsm": "urn:un:unece:uncefact:data:standard:CrossDomainAcknowledgementAndResponse:100",
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
}


def collected(**amounts: str) -> bytes:
    by_rate = {Decimal(rate.removeprefix("at").replace("_", ".")): Decimal(sum) for rate, sum in amounts.items()}
    return cdar.collected(factories.document(), by_rate, at=NOON, message_id="FA-2026-000123_212_1")


def test_the_message_of_collection_reads_back():
    (event,) = cdar.read(collected(at20="1200.00"))

    assert event == Event("FA-2026-000123_212_1", "FA-2026-000123", 212, NOON)


def test_what_was_collected_is_said_by_rate():
    xml = collected(at20="600.00", at8_5="108.50")

    assert texts(xml, "//ram:SpecifiedDocumentCharacteristic/ram:ValuePercent") == ["8.50", "20.00"]
    assert texts(xml, "//ram:SpecifiedDocumentCharacteristic/ram:ValueAmount[@currencyID='EUR']") == [
        "108.50",
        "600.00",
    ]
    assert texts(xml, "//ram:FormattedIssueDateTime") == ["20260601"]
    assert texts(xml, "//ram:IssueDateTime") == ["20260612120000"] * 2
    assert empty_elements(xml) == []


def test_a_return_by_the_bank_takes_back():
    assert texts(collected(at20="-600.00"), "//ram:ValueAmount") == ["-600.00"]


@pytest.mark.parametrize(
    ("case", "data"),
    [
        ("nothing", b""),
        ("no XML", b"hello"),
        ("an invoice", b"<Invoice/>"),
        ("no reference", b'<a:CrossDomainAcknowledgementAndResponse xmlns:a="x"/>'),
        ("a status of nowhere", collected(at20="1").replace(b">212<", b">999<")),
        ("letters for a status", collected(at20="1").replace(b">212<", b">abc<")),
        ("no invoice", collected(at20="1").replace(b">FA-2026-000123<", b"><")),
        ("no date", collected(at20="1").replace(b"20260612120000", b"soon")),
        (
            "entities",
            b'<!DOCTYPE a [<!ENTITY x "y">]>' + collected(at20="1").partition(b"?>")[2],
        ),
        ("too large", b" " * (3 << 20)),
    ],
)
def test_what_makes_no_sense_is_refused_whole(case, data):
    with pytest.raises(cdar.Unreadable):
        cdar.read(data)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(data):
    with pytest.raises(cdar.Unreadable):
        cdar.read(data)


def events(*codes: int) -> list[Event]:
    return [Event(str(n), "FA-1", code, NOON + timedelta(hours=n)) for n, code in enumerate(codes)]


@pytest.mark.parametrize(
    ("case", "codes", "wanted"),
    [
        ("deposited", [200], 200),
        ("on its way", [200, 202, 203], 203),
        ("late news", [200, 203, 202], 203),
        ("approved, then paid", [200, 205, 212], 212),
        ("disputed after approval", [200, 205, 207], 207),
        ("suspended, completed", [200, 208, 209], 209),
        ("refused is the end", [200, 210, 205], 210),
        ("rejected is the end", [200, 213, 202], 213),
        ("disputed after payment", [200, 212, 207], 212),
    ],
)
def test_an_invoice_stands_where_the_furthest_message_says(case, codes, wanted):
    found = current(events(*codes))

    assert found is not None
    assert found.code == wanted, case
    assert current(events(*codes) * 2) == found


def test_an_invoice_nobody_spoke_of_stands_nowhere():
    assert current([]) is None


def test_the_statuses_that_the_administration_hears_and_those_with_a_reason():
    assert {code for code, status in STATUSES.items() if status.mandatory} == {200, 210, 212, 213}
    assert {code for code, status in STATUSES.items() if status.reason} == {206, 207, 208, 210, 213}
