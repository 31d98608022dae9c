"""Every worked example of the contract is a case file, and what follows from it is what was worked out by hand.

The files are in docs/reference/cases: anybody can run them with `sofy case run`. `expected.json` says of each what must
come out, by the way to a value in the answer: `invoices.0.net_eur`, `invoices[kind=debit_note].gross_eur`,
`invoices[-1].issued_on`, `penalties.#` for how many there are.
"""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sofy.billing.case.answer import answer
from sofy.billing.case.shapes import read

CASES = Path(__file__).resolve().parents[4] / "docs" / "reference" / "cases"
EXPECTED: dict[str, Any] = json.loads((CASES / "expected.json").read_text())
_STEP = re.compile(r"([^.\[\]]+)?(?:\[([^\]]*)\])?\.?")


def of(article: str) -> list[str]:
    """The cases of an article."""
    return [name for name, case in EXPECTED.items() if article in case["articles"]]


def found(told: Any, path: str) -> Any:
    """The value at the end of a way."""
    value = told
    for key, choice in _STEP.findall(path):
        if key == "#":
            value = len(value)
        elif key:
            value = value[int(key)] if isinstance(value, list) else value[key]
        if "=" in choice:
            name, wanted = choice.split("=")
            value = next(one for one in value if one[name] == wanted)
        elif choice:
            value = value[int(choice)]
    return value


def check(name: str) -> None:
    """Replay a case and compare."""
    wanted = EXPECTED[name]
    told = answer(read((CASES / f"{name}.json").read_bytes()), date.fromisoformat(wanted["as_of"]))

    assert {path: found(told, path) for path in wanted["expect"]} == wanted["expect"]


def test_every_case_file_says_what_must_come_out_and_is_played():
    files = {path.stem for path in CASES.glob("*.json")} - {"expected"}

    assert files == set(EXPECTED)
    assert all(case["expect"] and case["articles"] for case in EXPECTED.values())


@pytest.mark.clause("CGVU 1")
@pytest.mark.parametrize("name", of("CGVU 1"))
def test_article_1(name):
    check(name)


@pytest.mark.clause("CGVU 2")
@pytest.mark.parametrize("name", of("CGVU 2"))
def test_article_2(name):
    check(name)


@pytest.mark.clause("CGVU 3.4")
@pytest.mark.parametrize("name", of("CGVU 3.4"))
def test_article_3_4(name):
    check(name)


@pytest.mark.clause("CGVU 4")
@pytest.mark.parametrize("name", of("CGVU 4"))
def test_article_4(name):
    check(name)


@pytest.mark.clause("CGVU 5.1")
@pytest.mark.parametrize("name", of("CGVU 5.1"))
def test_article_5_1(name):
    check(name)


@pytest.mark.clause("CGVU 7.1")
@pytest.mark.parametrize("name", of("CGVU 7.1"))
def test_article_7_1(name):
    check(name)


@pytest.mark.clause("CGVU 7.2")
@pytest.mark.parametrize("name", of("CGVU 7.2"))
def test_article_7_2(name):
    check(name)


@pytest.mark.clause("CGVU 8.1")
@pytest.mark.parametrize("name", of("CGVU 8.1"))
def test_article_8_1(name):
    check(name)


@pytest.mark.clause("CGVU 8.2")
@pytest.mark.parametrize("name", of("CGVU 8.2"))
def test_article_8_2(name):
    check(name)


@pytest.mark.clause("CGVU 8.3")
@pytest.mark.parametrize("name", of("CGVU 8.3"))
def test_article_8_3(name):
    check(name)


@pytest.mark.clause("CGVU 9.1")
@pytest.mark.parametrize("name", of("CGVU 9.1"))
def test_article_9_1(name):
    check(name)


@pytest.mark.clause("CGVU 9.2")
@pytest.mark.parametrize("name", of("CGVU 9.2"))
def test_article_9_2(name):
    check(name)


@pytest.mark.clause("CGVU 9.3")
@pytest.mark.parametrize("name", of("CGVU 9.3"))
def test_article_9_3(name):
    check(name)


@pytest.mark.clause("CGVU 10.1")
@pytest.mark.parametrize("name", of("CGVU 10.1"))
def test_article_10_1(name):
    check(name)


@pytest.mark.clause("CGVU 10.2")
@pytest.mark.parametrize("name", of("CGVU 10.2"))
def test_article_10_2(name):
    check(name)


@pytest.mark.clause("CGVU 11")
@pytest.mark.parametrize("name", of("CGVU 11"))
def test_article_11(name):
    check(name)


@pytest.mark.clause("CGVU 13")
@pytest.mark.parametrize("name", of("CGVU 13"))
def test_article_13(name):
    check(name)


@pytest.mark.clause("CGVU 14.1")
@pytest.mark.parametrize("name", of("CGVU 14.1"))
def test_article_14_1(name):
    check(name)


@pytest.mark.clause("CGVU 15")
@pytest.mark.parametrize("name", of("CGVU 15"))
def test_article_15(name):
    check(name)


@pytest.mark.clause("CGVU 16")
@pytest.mark.parametrize("name", of("CGVU 16"))
def test_article_16(name):
    check(name)


@pytest.mark.clause("CGVU 18")
@pytest.mark.parametrize("name", of("CGVU 18"))
def test_article_18(name):
    check(name)


@pytest.mark.clause("CGVU 19")
@pytest.mark.parametrize("name", of("CGVU 19"))
def test_article_19(name):
    check(name)


@pytest.mark.clause("CGVU 21.1")
@pytest.mark.parametrize("name", of("CGVU 21.1"))
def test_article_21_1(name):
    check(name)


@pytest.mark.clause("CGVU 21.2")
@pytest.mark.parametrize("name", of("CGVU 21.2"))
def test_article_21_2(name):
    check(name)


@pytest.mark.clause("CGVU 21.3")
@pytest.mark.parametrize("name", of("CGVU 21.3"))
def test_article_21_3(name):
    check(name)


@pytest.mark.clause("CGVU 22")
@pytest.mark.parametrize("name", of("CGVU 22"))
def test_article_22(name):
    check(name)


@pytest.mark.clause("CGVU 27")
@pytest.mark.parametrize("name", of("CGVU 27"))
def test_article_27(name):
    check(name)


@pytest.mark.clause("CGVU 28")
@pytest.mark.parametrize("name", of("CGVU 28"))
def test_article_28(name):
    check(name)


@pytest.mark.clause("CGVU 29")
@pytest.mark.parametrize("name", of("CGVU 29"))
def test_article_29(name):
    check(name)
