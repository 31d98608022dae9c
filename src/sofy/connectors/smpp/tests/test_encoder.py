"""From messages to frames: addresses, parts, validity."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sofy.connectors.smpp.config import Config, Numbering
from sofy.connectors.smpp.encoder import Encoder, ForeignAlphabet, absolute_time, relative_time
from sofy.connectors.smpp.tests.factories import outgoing
from sofy.connectors.smpp.texts import CODINGS, decode_text, segment
from sofy.kernel import clock
from sofy.kernel.sms_text import LIMITS, cut, measure
from sofy.wire.smpp.codes import ESM_UDHI, Tag
from sofy.wire.smpp.pdu import PduReader, Sm, decode_sm


def config(**changes: object) -> Config:
    return Config(host="127.0.0.1", port=1, system_id="sofy", password="secret", **changes)  # type: ignore[arg-type]


def sent(message: object, **changes: object) -> list[Sm]:
    """The submit_sm of a message, read back from their bytes."""
    parts = Encoder(config(**changes)).parts(message)  # type: ignore[arg-type]
    frames = PduReader().feed(b"".join(part.frame(n + 1) for n, part in enumerate(parts)))
    assert [part.index for part in parts] == list(range(len(parts)))
    return [decode_sm(body) for _, _, _, body in frames]


def test_a_short_message_asks_for_a_receipt_and_has_no_plus() -> None:
    [sm] = sent(outgoing(text="Bonjour"))

    assert (sm.destination, sm.dest_ton, sm.dest_npi) == ("33639980001", 1, 1)
    assert (sm.short_message, sm.data_coding, sm.esm_class, sm.registered_delivery) == (b"Bonjour", 0, 0, 1)


@pytest.mark.parametrize(
    ("_case", "sender", "address"),
    [
        ("name", "SOFY", ("SOFY", 5, 0)),
        ("name with digits", "SOFY2", ("SOFY2", 5, 0)),
        ("short code", "36105", ("36105", 3, 0)),
        ("number", "+33700000000", ("33700000000", 1, 1)),
    ],
)
def test_sender(_case: str, sender: str, address: tuple[str, int, int]) -> None:
    [sm] = sent(outgoing(sender=sender))

    assert (sm.source, sm.source_ton, sm.source_npi) == address


def test_an_operator_may_want_other_numbering() -> None:
    [sm] = sent(outgoing(sender="36105"), short_code=Numbering(6, 1))

    assert (sm.source_ton, sm.source_npi) == (6, 1)


LONG = "Promotion de printemps : " + "tout à moitié prix [demain] " * 12


def test_long_by_user_data_header() -> None:
    parts = sent(outgoing(text=LONG), long_messages="udh")

    assert {sm.esm_class for sm in parts} == {ESM_UDHI}
    assert [(segment(sm).part, segment(sm).of) for sm in parts] == [(n + 1, len(parts)) for n in range(len(parts))]
    assert len({segment(sm).reference for sm in parts}) == 1
    assert not any(sm.tlvs for sm in parts)


def test_long_by_sar() -> None:
    parts = sent(outgoing(text=LONG), long_messages="sar")

    assert {sm.esm_class for sm in parts} == {0}
    assert [(segment(sm).part, segment(sm).of) for sm in parts] == [(n + 1, len(parts)) for n in range(len(parts))]


def test_long_by_payload_is_one_hand_over() -> None:
    [sm] = sent(outgoing(text=LONG), long_messages="payload")

    assert sm.short_message == b""
    assert len(sm.tlvs[Tag.MESSAGE_PAYLOAD]) > 254
    assert sm.esm_class == 0


@pytest.mark.parametrize("mode", ["udh", "sar", "payload"])
def test_the_parts_make_the_text(mode: str) -> None:
    parts = sent(outgoing(text=LONG), long_messages=mode)

    assert decode_text(b"".join(segment(sm).octets for sm in parts), 0) == LONG


ROUTES = [{"ucs2"}, {"gsm7", "ucs2"}, {"latin1", "ucs2"}, {"gsm7", "latin1", "ucs2"}]
#: Escapes of the GSM alphabet, surrogate pairs, and what only one alphabet has, in lengths around the borders.
BORDERS = st.one_of(
    st.text(alphabet="aé€[ê’😀\x1b\n", max_size=400),
    st.builds(
        lambda base, before, odd, after: base * before + odd + base * after,
        st.sampled_from("aêж"),
        st.sampled_from([66, 67, 69, 70, 133, 134, 139, 140, 152, 153, 159, 160, 200, 305, 306]),
        st.sampled_from(["", "€", "€€", "😀", "😀😀", "[ê", "\x1b"]),
        st.sampled_from([0, 1, 66, 133, 152, 300]),
    ),
    st.text(max_size=200),
)


@settings(max_examples=400, deadline=None)
@given(BORDERS, st.sampled_from(ROUTES), st.sampled_from(["udh", "sar", "payload"]))
def test_as_many_sms_leave_as_were_counted(text: str, encodings: set[str], mode: str) -> None:
    counted, encoding = measure(text, encodings)

    submits = sent(
        outgoing(text=text, encoding=encoding, parts=counted), encodings=frozenset(encodings), long_messages=mode
    )

    assert encoding in encodings
    assert {sm.data_coding for sm in submits} == {CODINGS[encoding]}
    octets = [segment(sm).octets for sm in submits]
    assert decode_text(b"".join(octets), submits[0].data_coding) == text.encode("utf-16", "replace").decode("utf-16")
    if mode == "payload" and counted > 1:  # one hand-over, which the operator cuts where phones do
        assert octets == [b"".join(cut(text, encodings)[1])]
        return
    assert len(submits) == counted
    alone, each = (limit * (2 if encoding == "ucs2" else 1) for limit in LIMITS[encoding])
    assert all(len(piece) <= (alone if counted == 1 else each) for piece in octets)
    assert "".join(decode_text(piece, submits[0].data_coding) for piece in octets) == decode_text(
        b"".join(octets), submits[0].data_coding
    )  # no escape and no surrogate pair is cut


@pytest.mark.parametrize(
    ("_case", "text", "encodings", "parts", "coding"),
    [
        ("Latin-1 where the route takes it", "ê" * 71, {"gsm7", "latin1", "ucs2"}, 1, 3),
        ("not where it does not", "ê" * 71, {"gsm7", "ucs2"}, 2, 8),
        ("a route without the GSM alphabet", "a" * 160, {"latin1", "ucs2"}, 2, 3),
        ("a route of UCS-2 alone", "a" * 160, {"ucs2"}, 3, 8),
        ("brackets are shorter in Latin-1", "[" * 100, {"gsm7", "latin1", "ucs2"}, 1, 3),
    ],
)
def test_the_alphabets_of_a_route(_case: str, text: str, encodings: set[str], parts: int, coding: int) -> None:
    counted, encoding = measure(text, encodings)

    submits = sent(outgoing(text=text, encoding=encoding, parts=counted), encodings=frozenset(encodings))

    assert (counted, len(submits), submits[0].data_coding) == (parts, parts, coding)


def test_a_message_counted_in_another_alphabet_is_for_another_route() -> None:
    with pytest.raises(ForeignAlphabet):
        Encoder(config()).parts(outgoing(text="ê", encoding="latin1"))


@pytest.mark.parametrize(
    ("_case", "changes", "problem"),
    [
        ("nothing carries everything", {"encodings": frozenset({"gsm7"})}, "ucs2 is missing"),
        ("no such place", {"receipt_zone": "Europe/Lyon"}, "no time zone is called Europe/Lyon"),
    ],
)
def test_settings_that_could_not_work_are_refused(_case: str, changes: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        config(**changes)


def test_two_long_messages_differ_in_reference() -> None:
    encoder = Encoder(config())

    references = [encoder.parts(outgoing(text=LONG))[0].octets[3] for _ in range(300)]

    assert references[0] != references[1]
    assert set(references) == set(range(1, 256))


@pytest.mark.clause("CGVU 14.1")
def test_validity_is_the_last_instant_of_delivery() -> None:
    until = datetime(2026, 11, 24, 19, 0, tzinfo=UTC)
    clock.install(lambda: until - timedelta(hours=2, minutes=5))

    assert sent(outgoing(validity_until=until))[0].validity_period == "261124190000000+"
    assert sent(outgoing(validity_until=until), validity="relative")[0].validity_period == "000000020500000R"
    assert sent(outgoing(validity_until=until), validity="none")[0].validity_period == ""
    assert sent(outgoing())[0].validity_period == ""


def test_times_are_sixteen_characters() -> None:
    assert len(absolute_time(datetime(2026, 1, 2, tzinfo=UTC))) == 16
    assert relative_time(-5) == "000000000001000R"
    assert relative_time(10**9) == "000098235959000R"


@pytest.mark.parametrize(
    ("_case", "changes"),
    [
        ("sender outside Latin-1", {"sender": "Ση"}),
        ("sender too long", {"sender": "A" * 21}),
        ("number of letters", {"to": "+é"}),
        ("number too long", {"to": "+" + "3" * 21}),
    ],
)
def test_what_smpp_cannot_carry_is_refused(_case: str, changes: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Encoder(config()).parts(outgoing(**changes))
