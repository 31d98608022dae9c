"""pain.008 and pain.002 that come from elsewhere."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.wire.iso20022 import BankFileError
from sofy.wire.pain import Rejection, Status, read, read_status, write, write_status
from sofy.wire.pain.tests.factories import batch, debit

NOW = datetime(2026, 6, 17, 12, tzinfo=UTC)
GOOD = write(batch(debit(1), debit(2)))
STATUS = Status(
    message_id="BANK-1",
    original_message_id="SOFY-20260617-1",
    status="PART",
    rejections=(
        Rejection(reason="AC04", payment_id="SOFY-20260617-1-1", end_to_end_id="FA-2026-000002", words="closed"),
        Rejection(reason="DT01", payment_id="SOFY-20260617-1-2"),
    ),
)
ANSWER = write_status(STATUS, created_at=NOW)


def test_an_answer_reads_back_as_it_was_written():
    assert read_status(ANSWER) == STATUS


def test_a_refusal_of_the_whole_file_names_no_debit():
    whole = Status(message_id="B", original_message_id="M", status="RJCT", rejections=(Rejection(reason="FF01"),))

    assert read_status(write_status(whole, created_at=NOW)) == whole


def test_an_answer_without_a_status_for_the_whole_has_the_one_of_its_parts():
    written = ANSWER.replace(b"<GrpSts>PART</GrpSts>", b"")

    assert read_status(written).status == "PART"


def test_a_file_of_which_every_block_is_refused_names_the_blocks():
    refused = (Rejection(reason="DT01", payment_id="M-1"), Rejection(reason="AC03", payment_id="M-2"))
    whole = Status(message_id="B", original_message_id="M", status="RJCT", rejections=refused)

    assert read_status(write_status(whole, created_at=NOW)) == whole


def test_the_older_answer_is_read_too():
    assert read_status(ANSWER.replace(b"pain.002.001.10", b"pain.002.001.03")) == STATUS


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "bank_file_empty"),
        (b"PK\x03\x04", "bank_file_packed"),
        (b"\x1f\x8b\x08", "bank_file_packed"),
        (b"hello", "bank_file_not_xml"),
        (b"<a>", "bank_file_not_xml"),
        (GOOD[:700], "bank_file_not_xml"),
        ("<?xml version='1.0' encoding='UTF-16'?><a/>".encode("utf-16"), "bank_file_other"),
        (b"<?xml version='1.0' encoding='UTF-7'?><a/>", "bank_file_encoding"),
        (b"<!DOCTYPE a><a/>", "bank_file_doctype"),
        (b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", "bank_file_doctype"),
        (b"<a>" * 300 + b"</a>" * 300, "bank_file_too_deep"),
        (b"<a/>", "bank_file_other"),
        (ANSWER, "bank_file_other"),
        (GOOD.replace(b"<NbOfTxs>2</NbOfTxs>", b"", 1), "bank_file_missing"),
        (GOOD.replace(b">1440.00<", b">-1440.00<"), "bank_file_value"),
        (GOOD.replace(b">2026-07-01<", b">2026-02-30<"), "bank_file_value"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_reason(content, code):
    with pytest.raises(BankFileError) as refused:
        read(content)

    assert refused.value.code == code


def test_the_place_of_a_mistake_is_said():
    with pytest.raises(BankFileError) as refused:
        read(GOOD.replace(b"<ReqdColltnDt>2026-07-01", b"<ReqdColltnDt>soon"))

    assert refused.value.facts["element"] == "ReqdColltnDt"
    assert refused.value.facts["line"] == 1 + GOOD[: GOOD.index(b"<ReqdColltnDt>")].count(b"\n")


@given(st.data())
def test_a_damaged_file_is_read_or_refused_and_nothing_else(data):
    content = bytearray(data.draw(st.sampled_from([GOOD, ANSWER])))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        length = data.draw(st.integers(0, 40))
        content[at : at + length] = data.draw(st.binary(max_size=20))

    for reader in (read, read_status):
        with suppress(BankFileError):
            reader(bytes(content))
