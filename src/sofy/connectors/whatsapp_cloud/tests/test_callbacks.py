"""What Meta calls back with: its signature, its statuses, people, wishes, templates, and anything at all."""

import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.connectors.base import (
    Action,
    Callback,
    CallbackAnswer,
    Heard,
    Inbound,
    Receipt,
    Renamed,
    Rest,
    TemplateNews,
    own_key,
)
from sofy.connectors.whatsapp_cloud.callbacks import moment
from sofy.connectors.whatsapp_cloud.connector import WhatsAppCloudConnector as Connector
from sofy.connectors.whatsapp_cloud.tests.factories import NUMBER_ID, SECRET, VERIFY, config

SAMPLES = Path(__file__).parent.parent / "samples"
AT = datetime.fromtimestamp(1_795_000_000, UTC)
OURS = UUID("0198c2a0-0000-7000-8000-000000000001")
USER = "FR.13491208655302741918"


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.json").read_bytes()


def heard(name: str) -> Heard:
    return Connector.read_callback(config(), sample(name))


def signed(body: bytes, secret: str = SECRET) -> Callback:
    signature = "sha256=" + hmac.new(secret.encode(), body, "sha256").hexdigest()
    return Callback(method="POST", headers={"x-hub-signature-256": signature}, query={}, body=body)


# setting it up


def asked(**query: str) -> CallbackAnswer | None:
    given = {"hub.mode": "subscribe", "hub.verify_token": VERIFY, "hub.challenge": "1158201444"}
    callback = Callback(method="GET", headers={}, query={**given, **query}, body=b"")
    return Connector.answer_at_once(config(), callback)


def test_whoever_knows_the_word_gets_the_challenge_back() -> None:
    assert asked() == CallbackAnswer(status=200, body="1158201444")


@pytest.mark.parametrize(
    "query",
    [
        {"hub.verify_token": "other"},
        {"hub.verify_token": ""},
        {"hub.verify_token": "é"},
        {"hub.mode": "unsubscribe"},
        {"hub.challenge": ""},
        {"hub.challenge": "<script>"},
    ],
)
def test_nobody_else_does(query: dict[str, str]) -> None:
    assert asked(**query) == CallbackAnswer(status=403)


def test_what_says_something_is_not_answered_at_once() -> None:
    assert Connector.answer_at_once(config(), signed(b"{}")) is None


def test_only_what_meta_signed_is_believed() -> None:
    body = sample("message_text")

    assert Connector.authentic(config(), signed(body))
    assert not Connector.authentic(config(), signed(body, "other"))
    assert not Connector.authentic(config(), Callback(method="POST", headers={}, query={}, body=body))
    assert not Connector.authentic(config(app_secret=""), signed(body, ""))


def test_the_raw_octets_are_signed_accents_and_slashes_as_they_came() -> None:
    body = json.dumps({"text": "été/"}).replace("/", "\\/").encode()
    callback = signed(body)
    rewritten = Callback(
        method="POST",
        headers=callback.headers,
        query={},
        body=json.dumps(json.loads(body), ensure_ascii=False).encode(),
    )

    assert Connector.authentic(config(), callback)
    assert not Connector.authentic(config(), rewritten)


# statuses


def test_a_status_names_the_message_in_both_ways_and_the_person() -> None:
    assert heard("status_sent").receipts == [
        Receipt(
            keys=("wamid.OUT1", own_key(OURS)),
            status="submitted",
            code="marketing",
            at=AT,
            phones=("33639980001",),
            message_id=OURS,
            identity=USER,
        )
    ]


def test_many_statuses_come_at_once_in_any_order_and_some_in_milliseconds() -> None:
    receipts = heard("statuses_many").receipts

    assert [one.status for one in receipts] == ["read", "delivered", "submitted", "read"]
    assert receipts[0].at == datetime.fromtimestamp(1_795_000_000.123, UTC)


def test_who_stopped_marketing_is_told_by_the_failure_itself() -> None:
    told = heard("status_failed_opt_out")

    assert [(one.status, one.code, one.action) for one in told.receipts] == [("failed", "131050", Action.PERMANENT)]
    (inbound,) = told.inbound
    assert (inbound.sender, inbound.opts_out, inbound.text) == ("+33639980001", True, "")
    assert inbound.supplier_id == f"131050:{OURS}"


# people


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("message_text", {"kind": "text", "text": "Bonjour, êtes-vous ouverts ?", "detail": {"user_id": USER}}),
        (
            "message_advert",
            {"referral": {"source_type": "ad", "source_id": "120200", "ctwa_clid": "ARAk"}, "kind": "text"},
        ),
        (
            "message_button",
            {"kind": "reply", "text": "STOP", "value": "STOP", "opts_out": True, "answers": "wamid.OUT1"},
        ),
        ("message_list_reply", {"kind": "reply", "text": "Choix 4", "value": "c4", "answers": "wamid.OUT1"}),
        ("message_button_reply", {"kind": "reply", "text": "Choix 1", "value": "c1", "opts_out": False}),
        ("message_reaction", {"kind": "reaction", "text": "👍", "answers": "wamid.OUT1"}),
        (
            "message_document",
            {
                "kind": "media",
                "text": "Ma facture",
                "media": {
                    "kind": "document",
                    "id": "1003383421387256",
                    "mime_type": "application/pdf",
                    "sha256": "abc=",
                    "filename": "facture.pdf",
                },
            },
        ),
        (
            "message_location",
            {
                "kind": "location",
                "location": {"latitude": 47.218, "longitude": -1.553, "name": "Place Royale", "address": "Nantes"},
            },
        ),
        ("message_unsupported", {"kind": "text", "text": "", "type": "unsupported"}),
    ],
)
def test_what_a_person_sends(name: str, expected: dict[str, Any]) -> None:
    (inbound,) = heard(name).inbound

    assert (inbound.sender, inbound.recipient, inbound.supplier_id) == ("+33639980001", NUMBER_ID, "wamid.IN1")
    assert inbound.at == AT
    for field, value in expected.items():
        found = getattr(inbound, field) if field in Inbound.__struct_fields__ else (inbound.detail or {})[field]
        assert found == value, field


def test_somebody_with_a_user_name_is_known_by_their_id_alone() -> None:
    (inbound,) = heard("message_text_user_name").inbound

    assert (inbound.sender, inbound.text) == (USER, "STOP")
    assert inbound.detail == {"user_id": USER, "parent_user_id": "FR.ENT.11815799212886844830"}


def test_neither_names_nor_user_names_are_read() -> None:
    assert "amille" not in repr(heard("message_text_user_name"))
    assert "amille" not in repr(heard("message_text"))


def test_who_stops_marketing_in_the_settings_of_whatsapp_is_heard() -> None:
    (stop,), (resume,) = heard("preference_stop").inbound, heard("preference_resume").inbound

    assert (stop.sender, stop.opts_out) == ("+33639980001", True)
    assert (resume.sender, resume.opts_out, resume.detail) == (USER, False, {"user_id": USER, "preference": "resume"})
    assert stop.supplier_id == heard("preference_stop").inbound[0].supplier_id
    assert "33639980001" not in stop.supplier_id


# templates


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("template_rejected", {"state": "REJECTED", "reason": "INVALID_FORMAT"}),
        ("template_paused", {"state": "PAUSED"}),
        ("template_quality", {"quality": "YELLOW"}),
        ("template_category", {"category": "MARKETING"}),
    ],
)
def test_news_of_templates(name: str, expected: dict[str, str]) -> None:
    assert heard(name).templates == [TemplateNews(name="soldes", language="fr", **expected)]


def test_news_of_the_account_are_for_other_screens() -> None:
    assert heard("account_update") == Heard()


# whose it is, and what is broken


def test_another_number_and_another_account_are_none_of_this_route() -> None:
    other_number = config(phone_number_id="1")
    other_account = config(business_account_id="1")

    assert Connector.read_callback(other_number, sample("message_text")) == Heard()
    assert Connector.read_callback(other_account, sample("status_sent")) == Heard()


def test_one_piece_that_cannot_be_read_hides_no_other() -> None:
    body = json.loads(sample("statuses_many"))
    body["entry"].insert(0, {"id": 7, "changes": "nothing"})
    body["entry"][1]["changes"].insert(0, {"field": "messages", "value": []})
    body["entry"][2]["changes"][0]["value"]["statuses"].insert(0, {"id": {}, "status": "sent"})

    told = Connector.read_callback(config(), json.dumps(body).encode())

    assert [one.keys for one in told.receipts] == [(f"wamid.OUT{n}",) for n in range(4)]


@pytest.mark.parametrize("timestamp", [None, "", "x", "-5", 0, 10**30, "1" * 50, "9" * 14 + "9", "1e9"])
def test_a_moment_that_cannot_be_is_none(timestamp: str | int | None) -> None:
    assert moment(timestamp) is None


@given(st.binary(max_size=300))
def test_anything_at_all_is_borne(body: bytes) -> None:
    assert Connector.read_callback(config(), body) == Heard()


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


def _broken(value: Any, path: list[int], junk: Any) -> Any:
    """The value with one place replaced."""
    if not path or not isinstance(value, dict | list) or not value:
        return junk
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = keys[path[0] % len(keys)]
    copy = value.copy()
    copy[key] = _broken(value[key], path[1:], junk)
    return copy


@given(
    st.sampled_from(sorted(path.stem for path in SAMPLES.glob("*.json"))),
    st.lists(st.integers(0, 20), min_size=1, max_size=10),
    _json,
)
def test_a_callback_with_anything_in_any_place_is_borne(name: str, path: list[int], junk: Any) -> None:
    body = json.dumps(_broken(json.loads(sample(name)), path, junk)).encode()

    told = Connector.read_callback(config(), body)

    assert all(one.keys for one in told.receipts)
    assert all(one.sender and one.supplier_id.isprintable() for one in told.inbound)


@given(st.dictionaries(st.text(max_size=10), st.text(max_size=10)), st.binary(max_size=50), st.text(max_size=80))
def test_any_headers_and_queries_are_borne(query: dict[str, str], body: bytes, signature: str) -> None:
    callback = Callback(method="GET", headers={"x-hub-signature-256": signature}, query=query, body=body)

    assert Connector.answer_at_once(config(), callback) == CallbackAnswer(status=403)
    assert not Connector.authentic(config(), callback)


# people who rest, people who are called otherwise


def called_back(field: str = "messages", **value: Any) -> Heard:
    said = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": NUMBER_ID}, **value}
    entry = {"id": "102290129340398", "changes": [{"field": field, "value": said}]}
    return Connector.read_callback(
        config(), json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
    )


def failed(code: int, **more: Any) -> dict[str, Any]:
    status = {"id": "wamid.1", "status": "failed", "timestamp": "1795000000", "recipient_id": "33639980001"}
    return {**status, "errors": [{"code": code}], **more}


@pytest.mark.parametrize("code", [131049, 130472, 131026])
def test_an_error_in_a_status_lets_the_person_rest_under_every_name(code: int) -> None:
    told = called_back(statuses=[failed(code, recipient_user_id=USER)])

    assert told.rests == [Rest(names=("+33639980001", USER), rest_s=86_400)]
    assert [receipt.code for receipt in told.receipts] == [str(code)]


def test_other_errors_and_messages_that_arrived_let_nobody_rest() -> None:
    arrived = failed(131026, status="delivered")

    assert called_back(statuses=[failed(131053), failed(131000), failed(131050), arrived]).rests == []


NOW, NOW_PARENT, PARENT = "FR.2222", "FR.ENT.2222", "FR.ENT.1111"


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"user_id": {"previous": USER, "current": NOW}}, (NOW, USER)),
        ({"wa_id": "33639980002", "user_id": {"previous": USER, "current": NOW}}, (NOW, "+33639980002", USER)),
        (
            {
                "user_id": {"previous": USER, "current": NOW},
                "parent_user_id": {"previous": PARENT, "current": NOW_PARENT},
            },
            (NOW, NOW_PARENT, USER, PARENT),
        ),
    ],
)
def test_a_user_id_that_changed_is_told_with_the_one_before(change: dict[str, Any], names: tuple[str, ...]) -> None:
    told = called_back("user_id_update", user_id_update=[{"detail": "…", "timestamp": "1795000000", **change}])

    assert told.renamed == [Renamed(names=names)]


def system(**said: Any) -> dict[str, Any]:
    return {"id": "wamid.s", "timestamp": "1795000000", "type": "system", **said}


def test_a_number_that_changed_is_told_with_the_user_id_that_changed_with_it() -> None:
    changed = {"type": "user_changed_number", "wa_id": "33639980002", "user_id": NOW, "previous_user_id": USER}
    told = called_back(messages=[system(**{"from": "33639980001", "system": {"body": "…", **changed}})])

    assert told.renamed == [Renamed(names=(NOW, "+33639980002", USER, "+33639980001"))]
    assert told.inbound == []


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"system": None},
        {"system": {"type": "user_changed_user_id", "user_id": NOW}},
        {"system": {"type": "user_changed_user_id", "user_id": NOW, "previous_user_id": NOW}},
        {"system": {"type": "user_changed_user_id", "user_id": NOW, "previous_user_id": "not one"}},
    ],
)
def test_a_change_that_says_only_one_name_changes_nothing(said: dict[str, Any]) -> None:
    assert called_back(messages=[system(**said)]).renamed == []


def test_a_field_that_is_null_loses_nothing_beside_it() -> None:
    status = {"id": "wamid.1", "status": "delivered", "timestamp": None, "recipient_id": "33639980001", "pricing": None}
    value = {
        "metadata": {"phone_number_id": NUMBER_ID, "display_phone_number": None}, "contacts": None, "messages": None,
        "errors": None, "statuses": [status],
    }  # fmt: skip
    changes = [{"field": "account_update", "value": None}, {"field": "messages", "value": value}]
    told = {"object": "whatsapp_business_account", "entry": [{"id": "0", "time": None, "changes": changes}]}

    found = Connector.read_callback(config(), json.dumps(told).encode())

    assert [(receipt.status, receipt.keys) for receipt in found.receipts] == [("delivered", ("wamid.1",))]
