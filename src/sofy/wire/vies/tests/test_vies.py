"""Questions to VIES and its answers, as bytes."""

import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.wire.vies import AWAY, Answered, NoAnswer, parsed, parts, question, read

ANSWER = """<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Body>
<ns2:checkVatApproxResponse xmlns:ns2="urn:ec.europa.eu:taxud:vies:services:checkVat:types">
<ns2:countryCode>BE</ns2:countryCode><ns2:vatNumber>0202239951</ns2:vatNumber>
<ns2:requestDate>{day}</ns2:requestDate><ns2:valid>{valid}</ns2:valid><ns2:traderName>{name}</ns2:traderName>
<ns2:requestIdentifier>WAPIAAAAY1</ns2:requestIdentifier></ns2:checkVatApproxResponse></env:Body></env:Envelope>"""
FAULT = """<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Body><env:Fault>
<faultcode>env:Server</faultcode><faultstring>{code}</faultstring></env:Fault></env:Body></env:Envelope>"""


def answer(day="2026-04-01+02:00", valid="true", name="Client SA"):
    return ANSWER.format(day=day, valid=valid, name=name).encode()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("BE 0202.239.951", ("BE", "0202239951")),
        ("GR123456789", ("EL", "123456789")),
        ("fr68919288548", ("FR", "68919288548")),
    ],
)
def test_a_number_is_taken_apart_as_the_register_wants_it(written, expected):
    assert parts(written) == expected


@pytest.mark.parametrize("written", ["", "BE", "12345678", "BE1", "BE" + "1" * 13, "BE<x>"])
def test_what_cannot_be_asked_is_refused(written):
    with pytest.raises(ValueError, match="VAT number"):
        question(written)


def test_who_asks_names_its_own_number():
    root = parsed(question("BE0202239951", "FR68919288548"))

    said = [(field.tag.partition("}")[2], field.text) for field in root.iter() if field.text and field.text.strip()]
    assert said == [
        ("countryCode", "BE"),
        ("vatNumber", "0202239951"),
        ("requesterCountryCode", "FR"),
        ("requesterVatNumber", "68919288548"),
    ]


def test_an_answer_says_whether_and_keeps_the_proof():
    assert read(answer()) == Answered(True, date(2026, 4, 1), "WAPIAAAAY1", "Client SA")
    assert read(answer(valid="false", name="---")) == Answered(False, date(2026, 4, 1), "WAPIAAAAY1", "")


@pytest.mark.parametrize("code", sorted(AWAY))
def test_who_is_away_says_nothing_of_the_number(code):
    with pytest.raises(NoAnswer) as none:
        read(FAULT.format(code=code).encode())

    assert none.value.code == code


def test_a_malformed_number_is_not_valid():
    assert read(FAULT.format(code="INVALID_INPUT").encode()) == Answered(False)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"<html>Bad gateway</html>", b"{}", answer(valid="perhaps"), answer(day="yesterday"),
        FAULT.format(code="<b>What?</b>").encode(), b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
        b"<x>" + b"a" * 200_000,
    ],
)  # fmt: skip
def test_what_is_no_answer_is_none(data):
    with pytest.raises(NoAnswer) as none:
        read(data)

    assert none.value.code == "UNREADABLE"


@given(st.binary(max_size=300) | st.text().map(lambda text: answer(name=text)[:-20]))
def test_anything_is_an_answer_or_none(data):
    with contextlib.suppress(NoAnswer):
        assert isinstance(read(data), Answered)
