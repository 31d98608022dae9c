"""The search for personal data finds what is planted; else its silence would mean nothing."""

from __future__ import annotations

import base64

import pytest

from tests.e2e.traces import People, traces

PEOPLE = People.of(["+33639980142"], ["élodie.durand@exemple.fr"], ["Durand", "Le"])


@pytest.mark.parametrize(
    ("_case", "content", "kind"),
    [
        ("national", b"call 0639980142 now", "phone as text"),
        ("spaced", b"06 39 98 01 42", "phone as text"),
        ("international", b"+33 (0)6.39.98.01.42", "phone as text"),
        ("inside digits", b"id=330033639980142", "phone as text"),
        ("bytea", b"\\x" + b"0639980142".hex().encode(), "phone in hexadecimal"),
        ("base64", base64.b64encode(b'{"to":"+33639980142"}'), "phone in base64"),
        ("base64 shifted", b"x" + base64.b64encode(b"+33639980142 is here"), "phone in base64"),
        ("beside an identifier", b"019aa2f4-8a51-7cc3-9d3f-0a4de2a9f1b1\t0639980142", "phone as text"),
        ("address", "à ÉLODIE.durand@exemple.fr".encode(), "e-mail as text"),
        ("surname", b"Mme DURAND,", "surname as text"),
        ("surname in hex", b"\\x" + "Élodie Durand".encode().hex().encode(), "surname in hexadecimal"),
    ],
)
def test_finds(_case, content, kind):
    assert kind in traces(content, PEOPLE)


@pytest.mark.parametrize(
    ("_case", "content"),
    [
        ("another number", b"0639980143"),
        ("an identifier", b"019aa2f4-8a51-7cc3-9d3f-0a4de2a9f1b1"),
        ("an identifier with somebody's digits", b"019aa2f4-0639-9801-42d3-0a4de2a9f1b1"),
        ("sealed bytes with somebody's digits", b"\\\\x8c0639980142ffee0912"),
        ("a longer word", b"durandal"),
        ("a short name", b"Le"),
    ],
)
def test_lets_the_rest_through(_case, content):
    assert traces(content, PEOPLE) == set()
