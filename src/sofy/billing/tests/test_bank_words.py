"""Whatever is refused about files of banks, mandates and debits is said in words."""

import re
from pathlib import Path

import pytest

from sofy.billing.bank_words import REFUSALS
from sofy.billing.rules import mandates
from sofy.kernel.errors import Refused
from sofy.wire.camt import load
from sofy.wire.camt.tests.factories import entry, written
from sofy.wire.pain.tests.factories import batch
from sofy.wire.pain.writer import write

SOURCE = Path(mandates.__file__).resolve().parents[2]
FILES = [SOURCE / "billing/rules/mandates.py", *SOURCE.glob("wire/*.py")] + [
    path for room in ("sepa", "pain", "camt") for path in (SOURCE / "wire" / room).glob("*.py")
]


def codes() -> set[str]:
    found = set(re.findall(r'return "(mandate_\w+)"', FILES[0].read_text()))
    for path in FILES:
        text = path.read_text()
        found |= {f"bank_file_{code}" for code in re.findall(r'BankFileError\(\s*"(\w+)"', text)}
        found |= set(re.findall(r'Refused\(\s*"(\w+)"', text))
    return found


def test_every_refusal_has_its_sentence_and_every_sentence_its_refusal():
    assert codes() == set(REFUSALS)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK",
        b"<a>",
        b"<Document/>",
        written(entry("5.00"), closing="6.00"),
        written(entry("5.00", booked_on=None)),
        written(entry("5.00")).replace(b">5.00<", b">five<"),
        written(entry("5.00", currency="CHF")),
    ],
)
def test_the_sentence_of_a_bad_file_has_all_its_facts(content):
    with pytest.raises(Refused) as refused:
        load(content)

    assert REFUSALS[refused.value.code].format(**refused.value.facts)


def test_the_sentence_of_a_refused_debit_has_all_its_facts():
    with pytest.raises(Refused) as refused:
        write(batch(message_id="a b"))

    assert "message_id" in REFUSALS[refused.value.code].format(**refused.value.facts)
