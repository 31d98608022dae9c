"""What Google calls back with: signed, understood, and never an error."""

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.connectors.base import Callback, Heard, Inbound, Receipt
from sofy.connectors.google_rbm.connector import RbmConnector
from sofy.connectors.google_rbm.tests.factories import AGENT, TOKEN, callback, config

SAMPLES = sorted((Path(__file__).parent.parent / "samples").glob("*.json"))
MESSAGE = "0192f0a1-7c3b-7d44-9e0c-2b1a5d6e7f80"
PHONE = "+33639980001"
CONFIG = config()


def heard(event: Any) -> Heard:
    return RbmConnector.read_callback(CONFIG, callback(event).body)


def event(kind: str, **more: Any) -> dict[str, Any]:
    return {"senderPhoneNumber": PHONE, "eventType": kind, "eventId": "e1", "agentId": AGENT, **more}


def said(**more: Any) -> dict[str, Any]:
    return {"senderPhoneNumber": PHONE, "messageId": "Mx1", "agentId": AGENT, **more}


# set-up and signature


def test_the_address_is_set_up_with_the_bare_secret() -> None:
    body = msgspec.json.encode({"clientToken": TOKEN, "secret": "1234567890"})

    answer = RbmConnector.answer_at_once(CONFIG, Callback(method="POST", headers={}, query={}, body=body))

    assert answer is not None
    assert (answer.status, answer.body) == (200, "1234567890")


def test_an_address_set_up_with_another_token_gives_nothing_away() -> None:
    body = msgspec.json.encode({"clientToken": "guessed", "secret": "1234567890"})

    answer = RbmConnector.answer_at_once(CONFIG, Callback(method="POST", headers={}, query={}, body=body))

    assert answer is not None
    assert (answer.status, answer.body) == (403, "")


def test_an_event_is_not_answered_before_it_is_stored() -> None:
    assert RbmConnector.answer_at_once(CONFIG, callback(event("READ", messageId=MESSAGE))) is None


def test_a_callback_is_believed_with_the_signature_of_its_decoded_data() -> None:
    assert RbmConnector.authentic(CONFIG, callback(said(text="Ça va ?")))


def test_other_signatures_are_not_believed() -> None:
    good = callback(said(text="oui"))
    other_data = callback(said(text="STOP")).body

    assert not RbmConnector.authentic(CONFIG, callback(said(text="oui"), token="other"))
    assert not RbmConnector.authentic(CONFIG, callback(said(text="oui"), headers={}))
    assert not RbmConnector.authentic(CONFIG, msgspec.structs.replace(good, body=other_data))
    assert not RbmConnector.authentic(config(client_token=""), callback(said(text="oui"), token=""))
    assert not RbmConnector.authentic(CONFIG, msgspec.structs.replace(good, body=b"{}"))


# receipts


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("DELIVERED", "delivered", ""),
        ("READ", "read", ""),
        ("TTL_EXPIRATION_REVOKED", "expired", "ttl_revoked"),
        ("TTL_EXPIRATION_REVOKE_FAILED", "submitted", "revoke_failed"),
    ],
)
def test_what_became_of_a_message_is_a_receipt(kind: str, status: Any, code: str) -> None:
    found = heard(event(kind, messageId=MESSAGE.upper(), sendTime="2026-11-24T13:30:00.123456789Z"))

    at = datetime(2026, 11, 24, 13, 30, 0, 123457, tzinfo=UTC)
    receipt = Receipt(
        keys=(MESSAGE,),
        message_id=UUID(MESSAGE),
        status=status,
        code=code,
        at=at,
        phones=("33639980001",),
    )
    assert found == Heard(receipts=[receipt])


def test_a_server_event_names_the_person_in_another_field() -> None:
    server = event("TTL_EXPIRATION_REVOKED", messageId=MESSAGE, phoneNumber=PHONE)
    del server["senderPhoneNumber"]

    assert heard(server).receipts[0].phones == ("33639980001",)


def test_an_identifier_that_is_none_of_ours_finds_nobody() -> None:
    assert heard(event("DELIVERED", messageId="Mx77\x00")) == Heard()
    assert heard(event("DELIVERED")) == Heard()


@pytest.mark.parametrize("kind", ["IS_TYPING", "SOMETHING_NEW"])
def test_other_events_are_left_out(kind: str) -> None:
    assert heard(event(kind, messageId=MESSAGE)) == Heard()


def test_events_of_the_partners_other_agents_are_left_out() -> None:
    assert heard(event("DELIVERED", messageId=MESSAGE) | {"agentId": "another"}) == Heard()
    assert heard(event("DELIVERED", messageId=MESSAGE) | {"agentId": f"{AGENT}@rbm.goog"}).receipts


# what people say


def inbound(event: Any) -> Inbound:
    (message,) = heard(event).inbound
    return message


def test_a_text_keeps_its_words_for_the_engine_to_judge() -> None:
    assert inbound(said(text="Stop svp")) == Inbound(
        sender="33639980001", recipient=AGENT, text="Stop svp", supplier_id="Mx1"
    )


def test_a_tapped_suggestion_brings_its_label_and_its_value() -> None:
    message = inbound(said(suggestionResponse={"text": "Oui", "postbackData": "rdv:oui", "type": "REPLY"}))

    assert (message.kind, message.text, message.detail) == ("reply", "Oui", {"postback": "rdv:oui"})
    assert not message.opts_out


@pytest.mark.clause("CGVU 14.1")
def test_a_suggestion_that_means_stop_opts_out_whatever_its_label() -> None:
    message = inbound(said(suggestionResponse={"text": "Ne plus recevoir", "postbackData": "STOP"}))

    assert message.opts_out


@pytest.mark.clause("CGVU 14.1")
def test_unsubscribing_opts_out_and_subscribing_promises_nothing() -> None:
    gone, back = inbound(event("UNSUBSCRIBE")), inbound(event("SUBSCRIBE"))

    assert (gone.opts_out, gone.text, gone.supplier_id) == (True, "STOP", "e1")
    assert (back.opts_out, back.text, back.detail) == (False, "START", {"event": "SUBSCRIBE"})


def test_a_place_and_a_file_are_described() -> None:
    place = inbound(said(location={"latitude": 48.85, "longitude": 2.35}))
    file = {"mimeType": "image/jpeg", "fileSizeBytes": "2048", "fileUri": "https://a.example/1", "fileName": "1.jpg"}
    picture = inbound(said(userFile={"payload": file}))

    assert (place.kind, place.detail) == ("location", {"latitude": 48.85, "longitude": 2.35})
    assert picture.kind == "media"
    assert picture.detail == {
        "mime": "image/jpeg",
        "octets": 2048,
        "url": "https://a.example/1",
        "filename": "1.jpg",
    }


# whatever comes


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_sample_is_understood(path: Path) -> None:
    found = heard(path.read_bytes())

    assert bool(found.receipts or found.inbound) == (path.stem != "is_typing")


def test_samples_cover_every_kind() -> None:
    assert len(SAMPLES) >= 10
    for path in SAMPLES:
        UUID(msgspec.json.decode(path.read_bytes()).get("messageId", MESSAGE))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_FIELDS = [
    "agentId", "senderPhoneNumber", "phoneNumber", "eventType", "eventId", "messageId", "sendTime", "text",
    "suggestionResponse", "location", "userFile", "payload", "postbackData",
]  # fmt: skip
_NEARLY = st.dictionaries(
    st.sampled_from(_FIELDS),
    st.sampled_from([PHONE, AGENT, MESSAGE, "READ", "UNSUBSCRIBE", "2026-11-24T13:30:00Z", "9999-12-31T23:59:60Z"])
    | st.fixed_dictionaries({"text": st.text(max_size=5), "postbackData": st.text(max_size=5)})
    | st.fixed_dictionaries({"payload": st.fixed_dictionaries({"fileSizeBytes": st.integers() | st.text()})})
    | _JSON,
)


@given(st.binary(max_size=300) | _JSON.map(msgspec.json.encode) | _NEARLY.map(msgspec.json.encode))
def test_no_bytes_are_an_error(octets: bytes) -> None:
    for body in (octets, callback(octets).body):
        plain = Callback(method="POST", headers={"x-goog-signature": "é"}, query={}, body=body)
        assert not RbmConnector.authentic(CONFIG, plain)
        RbmConnector.answer_at_once(CONFIG, plain)
        found = RbmConnector.read_callback(CONFIG, body)
        for message in found.inbound:
            message.text.encode()
            msgspec.json.encode(message.detail)


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"a":' * 100_000, b'{"text":' + b"[" * 90_000])
def test_nested_beyond_reason_is_left_out(data: bytes) -> None:
    assert heard(data) == Heard()
    assert RbmConnector.read_callback(CONFIG, data) == Heard()
    assert RbmConnector.read_callback(CONFIG, base64.b64encode(data)) == Heard()


def test_a_field_that_is_null_loses_nothing_beside_it() -> None:
    told = heard(event("DELIVERED", messageId=MESSAGE, agentId=None, sendTime=None, text=None, new={"a": None}))

    assert [receipt.status for receipt in told.receipts] == ["delivered"]
