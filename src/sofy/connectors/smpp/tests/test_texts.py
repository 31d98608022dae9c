"""Octets of texts: what leaves in parts, what comes back from phones in any order."""

import random

import pytest

from sofy.connectors.smpp.assembly import Assembler, joined
from sofy.connectors.smpp.texts import Segment, decode_gsm7, decode_text, segment
from sofy.kernel.sms_text import GSM7_CHARACTERS, encode_gsm7, split
from sofy.wire.smpp.codes import ESM_UDHI, Coding, Tag
from sofy.wire.smpp.pdu import Sm

EVERYTHING = "".join(sorted(GSM7_CHARACTERS))


def test_gsm7_reads_back() -> None:
    assert decode_gsm7(encode_gsm7(EVERYTHING)) == EVERYTHING


@pytest.mark.parametrize("octets", [b"\x1b", b"\x1b\x1b", b"\x1bA", bytes(range(256))])
def test_gsm7_never_fails(octets: bytes) -> None:
    assert isinstance(decode_gsm7(octets), str)


@pytest.mark.parametrize(
    ("_case", "octets", "coding", "text"),
    [
        ("default alphabet", encode_gsm7("Arrêt".replace("ê", "é")), 0, "Arrét"),
        ("UCS-2", "Arrêt 👍".encode("utf-16-be"), 8, "Arrêt 👍"),
        ("Latin-1", "Arrêt".encode("latin-1"), 3, "Arrêt"),
        ("Latin-1 called default", "Arrêt".encode("latin-1"), 0, "Arrêt"),
        ("half a UCS-2 character", b"\0S\0T\0O\0P\0", 8, "STOP�"),
        ("message class", b"STOP", 0xF0, "STOP"),
    ],
)
def test_decode_text(_case: str, octets: bytes, coding: int, text: str) -> None:
    assert decode_text(octets, coding) == text


@pytest.mark.parametrize(
    ("_case", "sm", "place"),
    [
        ("short", Sm("36105", b"STOP"), Segment(b"STOP")),
        ("8-bit reference", Sm("36105", b"\x05\x00\x03\x2a\x02\x01abc", esm_class=ESM_UDHI), Segment(b"abc", 42, 1, 2)),
        (
            "16-bit reference",
            Sm("36105", b"\x06\x08\x04\x01\x2a\x02\x02abc", esm_class=ESM_UDHI),
            Segment(b"abc", 298, 2, 2),
        ),
        (
            "behind another element",
            Sm("36105", b"\x08\x24\x01\x03\x00\x03\x2a\x02\x01abc", esm_class=ESM_UDHI),
            Segment(b"abc", 42, 1, 2),
        ),
        (
            "sar parameters",
            Sm(
                "36105",
                b"abc",
                tlvs={Tag.SAR_MSG_REF_NUM: b"\0\x2a", Tag.SAR_TOTAL_SEGMENTS: b"\2", Tag.SAR_SEGMENT_SEQNUM: b"\1"},
            ),
            Segment(b"abc", 42, 1, 2),
        ),
        ("payload", Sm("36105", tlvs={Tag.MESSAGE_PAYLOAD: b"long"}), Segment(b"long")),
        ("part 3 of 2", Sm("36105", b"\x05\x00\x03\x2a\x02\x03abc", esm_class=ESM_UDHI), Segment(b"abc")),
        ("header longer than the message", Sm("36105", b"\xff\x00\x03", esm_class=ESM_UDHI), Segment(b"")),
    ],
)
def test_segment(_case: str, sm: Sm, place: Segment) -> None:
    assert segment(sm) == place


def parts_of(text: str, reference: int = 7) -> list[Sm]:
    pieces = split(text, "ucs2")
    return [
        Sm(
            "36105",
            bytes((5, 0, 3, reference, len(pieces), n + 1)) + piece,
            "33639980001",
            esm_class=ESM_UDHI,
            data_coding=Coding.UCS2,
        )
        for n, piece in enumerate(pieces)
    ]


TEXT = "Bonjour, je passerai « peut-être » demain 👍 " * 6


@pytest.mark.parametrize("seed", range(8))
def test_a_long_message_is_whole_whatever_the_order(seed: int) -> None:
    assembler = Assembler(3.0, 1800.0)
    parts = parts_of(TEXT)
    order = random.Random(seed).sample(range(len(parts)), len(parts))

    readies = [assembler.add(parts[n], n, 0.0) for n in order]

    assert [ready for ready in readies[:-1] if ready] == []
    assert readies[-1] is not None
    assert readies[-1].message.text == TEXT
    assert readies[-1].message.complete
    assert sorted(readies[-1].handles) == list(range(len(parts)))


def test_parts_alone_are_to_be_kept_and_make_their_message_later() -> None:
    assembler = Assembler(3.0, 1800.0)
    first, second, *rest = parts_of(TEXT)

    assembler.add(second, "second", 0.0)
    assembler.add(first, "first", 2.9)
    assembler.add(first, "first again", 2.9)
    ([late], over) = assembler.sweep(4.0)
    assert [assembler.add(part, part, 5.0) for part in rest] == [None] * len(rest)
    ([later], _) = assembler.sweep(9.0)
    ready = joined([*later.parts, *late.parts], later.handles)

    assert over == []
    assert (late.handles, [part.part for part in late.parts]) == (["second", "first", "first again"], [1, 2])
    assert (ready.message.text, ready.message.complete, ready.handles) == (TEXT, True, rest)
    assembler.recorded(ready, 10.0)
    assert assembler.is_safe(first)
    assert assembler.sweep(2000.0) == ([], [])


def test_a_part_that_comes_again_after_the_message_is_safe_adds_nothing() -> None:
    assembler = Assembler(3.0, 1800.0)
    parts = parts_of(TEXT)
    *_, ready = [assembler.add(part, None, 0.0) for part in parts]
    assert ready is not None
    assert not assembler.is_safe(parts[0])

    assembler.recorded(ready, 0.0)

    assert assembler.is_safe(parts[0])
    assert not assembler.is_safe(parts_of("another text " * 20)[0])


def test_a_message_that_was_not_recorded_completes_again() -> None:
    assembler = Assembler(3.0, 1800.0)
    parts = parts_of(TEXT)
    for part in parts:
        assembler.add(part, None, 0.0)

    again = assembler.add(parts[1], "again", 1.0)

    assert again is not None
    assert (again.message.text, again.handles) == (TEXT, ["again"])


def test_what_could_not_be_recorded_and_does_not_come_again_is_tried_once_more() -> None:
    assembler = Assembler(3.0, 1800.0)
    for part in parts_of(TEXT):
        assembler.add(part, None, 0.0)

    assert assembler.sweep(1799.0) == ([], [])
    _, over = assembler.sweep(1801.0)

    assert [one.message.text for one in over] == [TEXT]
    assert assembler.sweep(1802.0) == ([], [])
