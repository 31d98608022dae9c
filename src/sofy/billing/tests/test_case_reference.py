"""docs/reference/case.md specifies every key of a case, so that somebody else can write cases."""

import re
from datetime import date
from pathlib import Path

import msgspec
import pytest

from sofy.billing.case import events, shapes
from sofy.billing.case.answer import answer
from sofy.billing.case.shapes import Readings, read
from sofy.billing.rules.lateness import LEGAL_RATES
from sofy.contracts.rules import shapes as signed

ROOT = Path(__file__).resolve().parents[4]
WORDS = (ROOT / "docs/reference/case.md").read_text()
READINGS = WORDS[WORDS.index("### readings") :]
SHAPES = [
    one
    for module in (shapes, events, signed)
    for one in vars(module).values()
    if isinstance(one, type) and issubclass(one, msgspec.Struct) and one.__module__ == module.__name__
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_every_key_of_a_case_is_specified(shape):
    keys = {field.encode_name for field in msgspec.structs.fields(shape)}

    assert {key for key in keys if f"`{key}`" not in WORDS and f'"{key}"' not in WORDS} == set()


@pytest.mark.parametrize("event", events.Event.__args__, ids=lambda event: event.__name__)
def test_every_type_of_event_is_specified(event):
    assert re.search(rf"^\| .*`{event.__struct_config__.tag}`", WORDS, re.M)


@pytest.mark.parametrize("field", msgspec.structs.fields(Readings), ids=lambda field: field.name)
def test_every_reading_is_specified_with_the_one_the_house_takes_first(field):
    row = re.search(rf"^\| `{field.name}` \| (.*?) \|", READINGS, re.M)
    default = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)

    assert row
    assert row[1].startswith(f"`{default}`")


def test_every_list_of_the_answer_is_specified():
    told = answer(read((ROOT / "docs/reference/cases/interest.json").read_bytes()), date(2026, 6, 30))

    assert {key for key in told if f"`{key}`" not in WORDS} == set()
    assert {key for key in told["invoices"][0] if f"`{key}`" not in WORDS} - {"because"} == set()


def test_the_legal_rates_that_are_built_in_are_those_the_page_names():
    assert all(f"{half} {percent}" in WORDS for half, percent in LEGAL_RATES.items())
