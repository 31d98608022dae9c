"""The codec, by table and by hand, against known bytes, itself and another implementation."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smpplib import smpp as foreign

from sofy.wire.smpp.codes import HEADER_LENGTH, LAST_SEQUENCE, Command, Status
from sofy.wire.smpp.errors import Malformed
from sofy.wire.smpp.layouts import DESTINATIONS, INT, LAYOUTS, MESSAGE, TEXT, UNSUCCESS, Field
from sofy.wire.smpp.pdu import (
    Pdu,
    PduReader,
    Sm,
    SubmitTemplate,
    decode,
    decode_sm,
    encode,
    encode_sm,
    frame,
    resp_id,
)
from sofy.wire.smpp.tlv import encode_tlvs

octet = st.integers(0, 255)
ascii_text = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
sequences = st.integers(1, LAST_SEQUENCE)
tlvs = st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=40), max_size=3)
addresses = st.tuples(octet, octet, ascii_text)


def _values(field: Field) -> st.SearchStrategy[object]:
    by_kind: dict[object, Callable[[], st.SearchStrategy[object]]] = {
        INT: lambda: st.integers(0, 256**field.size - 1),
        TEXT: lambda: ascii_text.map(lambda text: text[: field.size - 1]),
        MESSAGE: lambda: st.binary(max_size=254),
        DESTINATIONS: lambda: st.lists(addresses | ascii_text, max_size=4).map(tuple),
        UNSUCCESS: lambda: st.lists(st.tuples(octet, octet, ascii_text, st.integers(0, 0xFFFFFFFF)), max_size=4).map(
            tuple
        ),
    }
    return by_kind[field.kind]()


@pytest.mark.parametrize("command", sorted(LAYOUTS))
@settings(max_examples=25)
@given(data=st.data())
def test_every_pdu_reads_back_as_it_was_written(command: int, data: st.DataObject) -> None:
    fields = {field.name: data.draw(_values(field)) for field in LAYOUTS[command]}
    pdu = Pdu(command, data.draw(sequences), 0, fields, data.draw(tlvs))  # type: ignore[arg-type]

    [raw] = PduReader().feed(encode(pdu))

    if pdu.command & 0x80000000 and not raw[3]:
        assert decode(raw) == Pdu(command, pdu.sequence)
    else:
        assert decode(raw) == pdu


sms = st.builds(
    Sm,
    destination=ascii_text,
    short_message=st.binary(max_size=254),
    source=ascii_text,
    source_ton=octet,
    source_npi=octet,
    dest_ton=octet,
    dest_npi=octet,
    esm_class=octet,
    data_coding=octet,
    registered_delivery=octet,
    validity_period=ascii_text.map(lambda text: text[:16]),
    schedule_delivery_time=ascii_text.map(lambda text: text[:16]),
    service_type=ascii_text.map(lambda text: text[:5]),
    protocol_id=octet,
    priority_flag=octet,
    replace_if_present=octet,
    sm_default_msg_id=octet,
    tlvs=tlvs,
)


@given(sm=sms, sequence=sequences)
def test_hand_tuned_codec_equals_the_table(sm: Sm, sequence: int) -> None:
    raw = encode_sm(Command.SUBMIT_SM, sequence, sm)

    [read] = PduReader().feed(raw)
    by_table = decode(read)

    assert decode_sm(read[3]) == sm
    assert encode(by_table) == raw
    assert by_table.fields["destination_addr"] == sm.destination
    assert by_table.fields["short_message"] == sm.short_message


@given(sm=sms, sequence=sequences)
def test_template_writes_the_same_bytes(sm: Sm, sequence: int) -> None:
    template = SubmitTemplate(sm)

    written = template.encode(sequence, sm.destination.encode("latin-1"), sm.short_message, encode_tlvs(sm.tlvs))

    assert written == encode_sm(Command.SUBMIT_SM, sequence, sm)


def test_submit_sm_is_what_another_implementation_writes() -> None:
    theirs = foreign.make_pdu(
        "submit_sm",
        source_addr_ton=5,
        source_addr="SOFY",
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr="33639980001",
        registered_delivery=1,
        short_message=b"Bonjour",
        sequence=7,
    ).generate()

    ours = encode_sm(
        Command.SUBMIT_SM,
        7,
        Sm("33639980001", b"Bonjour", "SOFY", source_ton=5, registered_delivery=1),
    )

    assert (ours[:12], ours[16:]) == (theirs[:12], theirs[16:])  # it numbers its PDUs itself


@pytest.mark.parametrize(
    ("_case", "body", "identifier"),
    [
        ("usual", b"4F2a\0", "4F2a"),
        ("no closing NUL", b"4F2a", "4F2a"),
        ("no body at all", b"", ""),
    ],
)
def test_resp_id(_case: str, body: bytes, identifier: str) -> None:
    assert resp_id(body) == identifier


def test_a_response_without_body_is_read() -> None:
    assert decode((Command.SUBMIT_SM_RESP, Status.RTHROTTLED, 3, b"")) == Pdu(Command.SUBMIT_SM_RESP, 3, 0x58)


@given(data=st.binary(max_size=400), cuts=st.lists(st.integers(1, 50), max_size=20))
def test_any_bytes_give_frames_or_an_error_and_stay_bounded(data: bytes, cuts: list[int]) -> None:
    reader = PduReader(max_length=120)

    at = 0
    frames = []
    for cut in [*cuts, len(data)]:
        frames += reader.feed(data[at : at + cut])
        at += cut
        assert len(reader._rest) < 120 + 400

    for raw in frames:
        with suppress(Malformed):
            decode(raw)


@given(body=st.binary(max_size=120), command=st.sampled_from(sorted(LAYOUTS)))
def test_any_body_is_read_or_malformed(body: bytes, command: int) -> None:
    for read in (lambda: decode((command, 0, 1, body)), lambda: decode_sm(body)):
        with suppress(Malformed):
            read()


@given(sm=sms, data=st.data())
def test_a_body_cut_anywhere_is_refused_by_both_or_read_alike(sm: Sm, data: st.DataObject) -> None:
    whole = encode_sm(Command.DELIVER_SM, 1, sm)[HEADER_LENGTH:]
    body = whole[: data.draw(st.integers(0, len(whole)))]

    try:
        fields = decode((Command.DELIVER_SM, 0, 1, body)).fields
    except Malformed:
        with pytest.raises(Malformed):
            decode_sm(body)
    else:
        read = decode_sm(body)
        assert (read.source, read.destination, read.short_message) == (
            fields["source_addr"],
            fields["destination_addr"],
            fields["short_message"],
        )


@given(sms=st.lists(sms, min_size=1, max_size=4), data=st.data())
def test_frames_come_whole_however_the_stream_is_cut(sms: list[Sm], data: st.DataObject) -> None:
    stream = b"".join(encode_sm(Command.DELIVER_SM, n + 1, sm) for n, sm in enumerate(sms))
    reader = PduReader()

    frames = []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        frames += reader.feed(stream[:cut])
        stream = stream[cut:]

    assert [decode_sm(body) for _, _, _, body in frames] == sms


@pytest.mark.parametrize("length", [0, 15, 70_001, 0xFFFFFFFF])
def test_absurd_length_ends_the_stream_after_the_good_frames(length: int) -> None:
    reader = PduReader()

    frames = reader.feed(frame(Command.ENQUIRE_LINK, 1) + length.to_bytes(4, "big") + bytes(12))

    assert [sequence for _, _, sequence, _ in frames] == [1]
    assert reader.error is not None
    assert reader.error.status == Status.RINVCMDLEN
    assert reader.feed(frame(Command.ENQUIRE_LINK, 2)) == []


@pytest.mark.parametrize("cut", [0, 1, 3])
def test_an_absurd_length_is_not_waited_upon(cut: int) -> None:
    reader, length = PduReader(), (15).to_bytes(4, "big")

    frames = reader.feed(frame(Command.ENQUIRE_LINK, 1) + length[:cut]) + reader.feed(length[cut:])

    assert [sequence for _, _, sequence, _ in frames] == [1]
    assert reader.error is not None
    assert reader.error.status == Status.RINVCMDLEN


def test_a_long_pdu_fed_octet_by_octet_is_not_copied_each_time() -> None:
    reader = PduReader()
    raw = frame(Command.DATA_SM, 1, 0, bytes(60_000))

    for n in range(len(raw) - 1):
        assert reader.feed(raw[n : n + 1]) == []

    assert len(reader.feed(raw[-1:])[0][3]) == len(raw) - HEADER_LENGTH
