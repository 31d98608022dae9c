"""Whatever a program sends is read, or refused in words: nothing else comes out of reading it."""

from contextlib import suppress
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from sofy.smsc import reading, receipts, times
from sofy.smsc.words import Refusal
from sofy.wire.smpp.codes import Tag
from sofy.wire.smpp.pdu import Sm

NOW = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)
octet = st.integers(0, 255)
words = st.text(st.characters(max_codepoint=255, exclude_characters="\0"), max_size=20)
moments = st.one_of(words, st.from_regex(r"\d{15}[-+R]", fullmatch=True))
tags = st.sampled_from(
    [Tag.MESSAGE_PAYLOAD, Tag.SAR_MSG_REF_NUM, Tag.SAR_TOTAL_SEGMENTS, Tag.SAR_SEGMENT_SEQNUM, Tag.QOS_TIME_TO_LIVE]
)
headers = st.sampled_from([b"", b"\x05\x00\x03\x01\x02\x01", b"\x06\x08\x04\x00\x01\x02\x02", b"\x06\x08", b"\xff"])


@given(
    st.builds(
        Sm, destination=words, source=words, short_message=st.builds(bytes.__add__, headers, st.binary(max_size=240)),
        dest_ton=octet, esm_class=octet, data_coding=octet, registered_delivery=octet, validity_period=moments,
        schedule_delivery_time=moments, replace_if_present=octet, sm_default_msg_id=st.sampled_from([0, 0, 1]),
        tlvs=st.dictionaries(tags, st.binary(max_size=40), max_size=4),
    )
)  # fmt: skip
def test_any_submit_is_read_or_refused_in_both_languages(sm: Sm):
    told: tuple[object, ...]
    try:
        asked = reading.read(sm, NOW)
        said = reading.text(asked.octets, asked.coding)
        reading.message(asked, said, reading.Limits("alert", ()), NOW)
    except Refusal as refusal:
        told = (refusal.status, refusal.words("fr"), refusal.words("en"))
    else:
        told = (asked.of, asked.octets is not None, 1 <= asked.part <= asked.of <= 255)
    assert all(told)


@given(moments)
def test_a_moment_is_read_or_refused(text: str):
    with suppress(ValueError, OverflowError):
        found = times.read(text, NOW)
        assert found is None or found.tzinfo is not None


@given(st.text(max_size=300), words, st.sampled_from(sorted(receipts.ENDS)), st.text(max_size=8))
def test_any_receipt_fits_into_its_message(text: str, sender: str, status: str, code: str):
    ended = receipts.Ended("0" * 36, "+33639980001", sender, text, status, code, NOW, NOW)

    made = receipts.receipt(ended)

    assert len(made.short_message) <= 254
    assert made.short_message.isascii()
    assert len(made.destination) <= 20
