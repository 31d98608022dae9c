"""`sofy entity` and `sofy order-form`: a contract is drawn up, sent and signed by commands."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sofy.contracts.tests.factories import COMPANY, content
from sofy.kernel import clock

Sofy = Callable[..., Any]


@pytest.fixture
def world(sofy: Sofy, tmp_path: Path) -> tuple[Callable[..., tuple[int, Any]], Callable[[Any], str]]:
    """A client `fleurs` and a company `optima`; runs a command, writes a file."""
    clock.install(lambda: datetime(2026, 4, 1, 8, 0, tzinfo=clock.PARIS))

    def said(*words: str) -> tuple[int, Any]:
        status, told = sofy(*words, "--json")
        return status, json.loads(told)

    def file(value: Any) -> str:
        path = tmp_path / "given.json"
        path.write_text(value if isinstance(value, str) else json.dumps(value))
        return str(path)

    said("client", "create", "Fleurs", "--slug", "fleurs")
    assert said("entity", "add", file(COMPANY), "--code", "optima", "--series", "OPT")[0] == 0
    return said, file


def test_a_contract_by_commands(world, tmp_path):
    said, file = world
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(b"%PDF-1.7")
    of = ("--client", "fleurs")

    _, drawn = said("order-form", "draft", file(content()), *of)
    _, again = said("order-form", "draft", file(content(term_months=24)), *of, "--again", drawn["id"])
    _, sent = said("order-form", "send", drawn["id"], *of)
    number = sent["number"]
    _, shown = said("order-form", "show", number, *of)
    _, signed = said(
        "order-form", "accept", number, *of, "--signer", "Claire Martin", "--on", "2026-04-01", "--proof", str(scan)
    )
    _, listed = said("order-form", "list", *of)
    closed = said("order-form", "cancel", number, *of, "--reason", "x")

    assert (drawn["number"], again["state"]) == ("", "draft")
    assert (number, sent["state"], sent["version"], sent["poi"]) == ("BC-OPT-2026-0001", "sent", 1, 20)
    assert shown["paper"]["order_form"]["term_months"] == 24
    assert len(shown["sha256"]) == 64
    assert signed["state"] == "accepted"
    assert [row["number"] for row in listed["order_forms"]] == [number]
    assert (closed[0], closed[1]["error"]) == (1, "order_form_closed")


def test_a_case_is_drawn_up_as_it_is(world):
    said, file = world
    case = {
        "format": 1,
        "entity": COMPANY,
        "events": [],
        "tables": {},
        **content(number="BC-1", signed_at="2026-04-01"),
    }

    _, drawn = said("order-form", "draft", file(case), "--client", "fleurs")

    assert said("order-form", "send", drawn["id"], "--client", "fleurs")[1]["number"] == "BC-OPT-2026-0001"


def test_companies_are_listed_and_changed_by_their_code(world):
    said, file = world

    _, changed = said("entity", "add", file(COMPANY | {"capital_eur": "1"}), "--code", "optima", "--series", "OPT")
    _, listed = said("entity", "list")

    assert changed["new"] is False
    assert [(row["code"], row["series"], row["name"]) for row in listed["entities"]] == [
        ("optima", "OPT", "OPTIMA FRANCE")
    ]


@pytest.mark.parametrize(
    ("words", "given", "error"),
    [
        ("order-form draft FILE --client fleurs", "{", "order_form_file"),
        ("order-form draft FILE --client fleurs", "[]", "order_form_file"),
        ("order-form draft FILE --client fleurs", "[" * 100_000, "order_form_file"),
        ("order-form draft FILE --client fleurs", '{"surprise": 1}', "order_form_incomplete"),
        ("order-form draft FILE --client fleurs --entity nobody", "{}", "entity_unknown"),
        ("order-form draft FILE --client nobody", "{}", "client_unknown"),
        ("order-form send BC-9 --client fleurs", "{}", "order_form_unknown"),
        ("order-form show BC-9 --client fleurs", "{}", "order_form_unknown"),
        ("entity add FILE --code x --series X", '{"name": "X", "siren": "1"}', "number_wrong"),
        ("entity add FILE --code x --series X", '{"nom": "X"}', "entity_unreadable"),
        ("entity add FILE --code x --series OPT", '{"name": "X"}', "entity_code_taken"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_said_in_a_line(world, words, given, error):
    said, file = world
    path = file(given)

    status, told = said(*(path if word == "FILE" else word for word in words.split()))

    assert (status, told["error"]) == (1, error)
    assert told["message"]
