"""Receipts in the layouts operators write, and the identifiers they name."""

import random
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.connectors.smpp import receipts
from sofy.connectors.smpp.ids import IdFormatLearner, canonical, id_keys
from sofy.connectors.smpp.receipts import Parsed, done_at, is_receipt, parse
from sofy.wire.smpp.codes import ESM_INTERMEDIATE, ESM_RECEIPT, Tag
from sofy.wire.smpp.pdu import Sm

NEVER = re.compile("(?!)")
SEPARATOR = re.compile(r"[\s,;]")


def _sm(text: str, esm_class: int = ESM_RECEIPT, **tlvs: bytes) -> Sm:
    named: dict[int, bytes] = {Tag[name]: value for name, value in tlvs.items()}
    return Sm("SOFY", text.encode("latin-1"), "33639980001", esm_class=esm_class, tlvs=named)


@pytest.mark.parametrize(
    ("_case", "sm", "parsed"),
    [
        (
            "as in the specification",
            _sm(
                "id:4F2a sub:001 dlvrd:001 submit date:2611241430 done date:2611241431 stat:DELIVRD err:000 text:Salut"
            ),
            Parsed("4F2a", "delivered", "", "2611241431"),
        ),
        ("commas", _sm("id:12,stat:DELIVRD,err:000"), Parsed("12", "delivered", "", "")),
        ("equals and semicolons", _sm("id=12;stat=UNDELIV;err=027;"), Parsed("12", "failed", "27", "")),
        (
            "seconds, no text",
            _sm("id:77 sub:001 dlvrd:000 submit date:261124143000 done date:261124143105 stat:UNDELIV err:001"),
            Parsed("77", "failed", "1", "261124143105"),
        ),
        ("fields missing", _sm("id:77 stat:EXPIRED"), Parsed("77", "expired", "", "")),
        (
            "another order",
            _sm("stat:REJECTD err:013 done date:2611241431 id:77"),
            Parsed("77", "failed", "13", "2611241431"),
        ),
        ("hexadecimal error", _sm("id:77 stat:UNDELIV err:0x1F"), Parsed("77", "failed", "31", "")),
        ("bare hexadecimal error", _sm("id:77 stat:UNDELIV err:1b"), Parsed("77", "failed", "27", "")),
        ("word as error", _sm("id:77 stat:UNDELIV err:Blocked"), Parsed("77", "failed", "blocked", "")),
        ("words in full, capitals", _sm("ID:77 Stat:UNDELIVERABLE Err:6"), Parsed("77", "failed", "6", "")),
        ("commas and equal signs", _sm("id=77, stat=DELIVRD, err=000"), Parsed("77", "delivered", "", "")),
        ("not final", _sm("id:77 stat:ACCEPTD err:000"), Parsed("77", "submitted", "", "")),
        ("unknown state is not final", _sm("id:77 stat:UNKNOWN err:000"), Parsed("77", "submitted", "", "")),
        ("unheard-of state is not final", _sm("id:77 stat:PARKED"), Parsed("77", "submitted", "", "")),
        ("the quoted text lies", _sm("id:77 stat:DELIVRD text:id:99 stat:UNDELIV"), Parsed("77", "delivered", "", "")),
        (
            "intermediate notification",
            _sm("id:77 stat:UNDELIV err:006", ESM_INTERMEDIATE),
            Parsed("77", "submitted", "6", ""),
        ),
        (
            "parameters only",
            _sm("", RECEIPTED_MESSAGE_ID=b"77\0", MESSAGE_STATE=b"\x05", NETWORK_ERROR_CODE=b"\x03\x00\x06"),
            Parsed("77", "failed", "6", ""),
        ),
        (
            "parameters win over the text",
            _sm("id:0 stat:UNDELIV", RECEIPTED_MESSAGE_ID=b"77", MESSAGE_STATE=b"\x02"),
            Parsed("77", "delivered", "", ""),
        ),
        (
            "fields left empty",
            _sm("id:77 sub: dlvrd: submit date: done date: stat:UNDELIV err: text:"),
            Parsed("77", "failed", "", ""),
        ),
        (
            "a date left empty, capitals",
            _sm("ID:77 SUB:001 DLVRD:000 SUBMIT DATE: DONE DATE:  STAT:UNDELIV ERR:006 TEXT:"),
            Parsed("77", "failed", "6", ""),
        ),
        ("blanks before values", _sm("id: 77 stat: EXPIRED err: 006"), Parsed("77", "expired", "6", "")),
        ("an identifier left empty", _sm("id: sub:001 stat:DELIVRD"), None),
        ("an empty parameter", _sm("id:77 stat:EXPIRED", MESSAGE_STATE=b""), Parsed("77", "expired", "", "")),
        ("an unheard-of state", _sm("id:77 stat:EXPIRED", MESSAGE_STATE=b"\x63"), Parsed("77", "expired", "", "")),
        ("text in a payload", _sm("", MESSAGE_PAYLOAD=b"id:77 stat:DELIVRD"), Parsed("77", "delivered", "", "")),
        ("names nothing", _sm("stat:DELIVRD err:000"), None),
        ("nothing at all", _sm(""), None),
    ],
)
def test_parse(_case: str, sm: Sm, parsed: Parsed | None) -> None:
    assert parse(sm) == parsed


values = st.text(st.characters(max_codepoint=0xFF), min_size=1, max_size=12).filter(
    lambda text: not SEPARATOR.search(text)
)


@given(
    fields=st.tuples(*[values] * 4, st.just("") | values, *[values] * 2),
    end=st.sampled_from(
        ["", " text:", " Text:id:0 stat:UNDELIV", " TEXT:id:0", " text: Salut, ca va ?", "\n", " ", "text:"]
    ),
    writing=st.sampled_from([str, str.upper, str.title]),
)
def test_the_usual_layout_reads_as_any_other(fields: tuple[str, ...], end: str, writing: Callable[[str], str]) -> None:
    names = ("id", " sub", " dlvrd", " submit date", " done date", " stat", " err")
    text = "".join(f"{writing(name)}:{value}" for name, value in zip(names, fields, strict=True)) + end

    read = receipts._fields(text)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(receipts, "_USUAL", NEVER)
        assert read == receipts._fields(text)
    assert read[:3] == (fields[0], fields[4], fields[5])


def test_the_samples_are_all_understood() -> None:
    samples = (Path(__file__).parent.parent / "samples" / "receipts.txt").read_text().splitlines()
    lines = [line for line in samples if not line.startswith("#")]

    parsed = [parse(_sm(line)) for line in lines]

    assert len(lines) >= 6
    assert [receipt.status for receipt in parsed if receipt] == [
        "delivered", "failed", "expired", "failed", "delivered", "submitted",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("_case", "sm", "answer"),
    [
        ("flagged", _sm("whatever"), True),
        ("flagged as intermediate", _sm("", ESM_INTERMEDIATE), True),
        ("flagged with UDHI", _sm("", ESM_RECEIPT | 0x40), True),
        ("flag forgotten, parameter", _sm("", 0, RECEIPTED_MESSAGE_ID=b"77"), True),
        ("flag forgotten, text", _sm("id:77 sub:001 stat:DELIVRD", 0), True),
        ("flag forgotten, commas", _sm("id:77,stat:DELIVRD", 0), True),
        ("a person", _sm("STOP", 0), False),
        ("a person who writes id", _sm("id: je voudrais des infos", 0), False),
    ],
)
def test_is_receipt(_case: str, sm: Sm, answer: bool) -> None:
    assert is_receipt(sm) is answer


@pytest.mark.parametrize(
    ("text", "zone", "instant"),
    [
        ("2611241431", "Europe/Paris", datetime(2026, 11, 24, 13, 31, tzinfo=UTC)),
        ("261124143105", "UTC", datetime(2026, 11, 24, 14, 31, 5, tzinfo=UTC)),
        ("20261124143105", "UTC", datetime(2026, 11, 24, 14, 31, 5, tzinfo=UTC)),
        ("2613991431", "UTC", None),
        ("now", "UTC", None),
        ("2611241431", "", None),
    ],
)
def test_done_at(text: str, zone: str, instant: datetime | None) -> None:
    assert done_at(text, zone) == instant


@pytest.mark.parametrize(
    ("_case", "given", "written"),
    [
        ("the same", "4f2a", "4f2a"),
        ("other case", "4F2A", "4f2a"),
        ("zeros dropped", "000123", "123"),
        ("zeros added", "123", "0000000123"),
        ("case and zeros", "00AB12", "ab12"),
        ("hexadecimal, then decimal", "4F2A", "20266"),
        ("hexadecimal with zeros, then decimal with zeros", "0004F2A", "0020266"),
        ("decimal, then hexadecimal", "20266", "4f2A"),
        ("a UUID", "6f9619ff-8b86-d011-b42d-00c04fc964ff", "6F9619FF-8B86-D011-B42D-00C04FC964FF"),
        ("only zeros", "0000", "0"),
    ],
)
def test_every_known_way_of_writing_an_identifier_is_found(_case: str, given: str, written: str) -> None:
    assert canonical(given) in id_keys(written)


def test_the_exact_identifier_comes_first() -> None:
    assert id_keys("1000") == ("1000", "3e8", "4096")


@pytest.mark.parametrize(
    ("way", "write"),
    [
        ("same", lambda number: f"{number:x}"),
        ("hex_then_decimal", lambda number: str(number)),
    ],
)
def test_the_format_of_a_route_is_learned_and_then_trusted_alone(way: str, write) -> None:
    learner = IdFormatLearner()
    numbers = range(0x10000000, 0x10000000 + 60)
    for number in numbers:
        learner.accepted(canonical(f"{number:X}"), f"+336399800{number % 100:02d}")

    shuffled = random.Random(4).sample(list(numbers), 60)
    for number in shuffled:
        assert canonical(f"{number:X}") in learner.keys(write(number), f"336399800{number % 100:02d}")

    assert learner.way == way
    assert len(learner.keys(write(0x10000000), "33639980000")) == 1


def test_an_operator_that_begins_to_write_otherwise_is_understood_again() -> None:
    learner = IdFormatLearner()
    for n in range(1000, 1030):
        learner.accepted(str(n), f"+336399800{n % 100:02}")
        learner.keys(str(n), f"336399800{n % 100:02}")
    learned = learner.way

    for n in range(2000, 2200):
        learner.accepted(str(n), f"+336399800{n % 100:02}")
        learner.keys(f"{n:X}", f"336399800{n % 100:02}")

    assert (learned, learner.way) == ("same", "decimal_then_hex")
    assert "2200" in learner.keys(f"{2200:X}", "33639980000")


def test_receipts_of_other_phones_teach_nothing() -> None:
    learner = IdFormatLearner()
    for number in range(1000, 1100):
        learner.accepted(str(number), "+33639980001")
        learner.keys(str(number), "33639980002")

    assert learner.way == "auto"


def test_a_stated_format_is_not_questioned() -> None:
    learner = IdFormatLearner("hex_then_decimal")

    assert learner.keys("20266", "33639980001") == ("4f2a",)
