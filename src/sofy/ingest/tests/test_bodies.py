"""What is no message, and how that is said: never with the value, always with the place."""

import asyncio
import gzip
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sofy.ingest import messages, shapes
from sofy.ingest.problems import Fault
from sofy.ingest.tests.conftest import Api, House, Program, alert, marketing


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in alert().items() if key != name}


CONSENT = {"source": "caisse", "at": "2026-11-02T10:15:00+01:00", "text_version": "v1"}
MISSHAPEN: dict[str, tuple[Any, str, str]] = {
    "no number": (without("to"), "field_missing", "/to"),
    "no purpose": (without("purpose"), "field_missing", "/purpose"),
    "neither text nor content": (without("text"), "text_or_content", "/text"),
    "both": (alert(content={"text": "x"}), "text_or_content", "/text"),
    "content of another shape": (alert(text=None, content={"colour": "red"}), "field_unknown", "/content/colour"),
    "unknown field": (alert(colour="red"), "field_unknown", "/colour"),
    "unknown field with a slash": (alert(**{"a/b~c": 1}), "field_unknown", "/a~1b~0c"),
    "unknown field inside": (marketing(consent={**CONSENT, "by": "x"}), "field_unknown", "/consent/by"),
    "missing field inside": (marketing(consent={"source": "caisse"}), "field_missing", "/consent/at"),
    "number as a number": (alert(to=33639980001), "field_value", "/to"),
    "empty number": (alert(to=""), "field_value", "/to"),
    "long number": (alert(to="1" * 255), "field_value", "/to"),
    "unknown purpose": (alert(purpose="advertising"), "field_value", "/purpose"),
    "unknown channel": (alert(channel="pigeon"), "field_value", "/channel"),
    "no words": (alert(text=""), "field_value", "/text"),
    "long text": (alert(text="e" * 1601), "field_value", "/text"),
    "long sender": (alert(sender="e" * 255), "field_value", "/sender"),
    "text as a list": (alert(text=["a"]), "field_value", "/text"),
    "empty reference": (alert(reference=""), "field_value", "/reference"),
    "long reference": (alert(reference="e" * 101), "field_value", "/reference"),
    "reference of two lines": (alert(reference="a\nb"), "field_value", "/reference"),
    "reference that ends with a line feed": (alert(reference="a\n"), "field_value", "/reference"),
    "reference with NUL": (alert(reference="a\0"), "field_value", "/reference"),
    "source with a line feed": (marketing(consent={**CONSENT, "source": "a\n"}), "field_value", "/consent/source"),
    "blank source": (marketing(consent={**CONSENT, "source": "  "}), "field_value", "/consent/source"),
    "blank version": (marketing(consent={**CONSENT, "text_version": " "}), "field_value", "/consent/text_version"),
    "moment without zone": (alert(send_at="2026-11-24T14:30:00"), "field_value", "/send_at"),
    "no moment": (alert(send_at="tomorrow"), "field_value", "/send_at"),
    "moment as a number": (alert(send_at=1_800_000_000), "field_value", "/send_at"),
    "worth nothing soon": (alert(valid_for_s=29), "field_value", "/valid_for_s"),
    "worth something for long": (alert(valid_for_s=604_801), "field_value", "/valid_for_s"),
    "seconds as text": (alert(valid_for_s="600"), "field_value", "/valid_for_s"),
    "establishment of nobody": (alert(establishment="12"), "establishment_unknown", "/establishment"),
    "a list": ([alert()], "field_value", ""),
    "a text": ("hello", "field_value", ""),
    "null": (None, "field_value", ""),
}  # fmt: skip


@pytest.mark.parametrize("case", MISSHAPEN)
async def test_a_misshapen_message_is_refused_with_the_place(case, program: Program, house: House):
    body, code, pointer = MISSHAPEN[case]

    answer = await program.send(json.dumps(body).encode())

    assert (answer.status, answer.code, answer.json.get("pointer", "")) == (422, code, pointer)
    assert house.count() == 0


async def test_a_refusal_repeats_no_value(program: Program):
    for name in ("purpose", "channel", "send_at", "establishment", "valid_for_s", "consent"):
        answer = await program.send(alert() | {name: "Zebulon"})

        assert answer.status == 422
        assert b"Zebulon" not in answer.body


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"purpose": "Marketing"}, "marketing, alert ou service"),
        ({"channel": "pigeon"}, "auto, sms, rcs, whatsapp ou email"),
        ({"fallback": [{"channel": "auto"}]}, "sms, rcs, whatsapp ou email"),
        ({"reference": "a\0"}, "une seule ligne"),
        ({"template": "x", "variables": {"1": "a"}}, "lettres sans accent"),
    ],
)
async def test_a_refusal_says_what_would_do(fields: dict[str, Any], said: str, program: Program):
    answer = await program.send(alert() | fields)

    assert (answer.status, answer.code) == (422, "field_value")
    assert said in answer.json["detail"]
    for code in ("^", "regex", "$.", "at `"):
        assert code not in answer.json["detail"]


async def test_half_a_character_is_named(program: Program):
    for half in (r"a\ud800b", r"\udc00"):
        body = b'{"to": "+33639980001", "purpose": "alert", "text": "' + half.encode() + b'"}'
        for path, whole in (("/v1/messages", body), ("/v1/messages/batch", b'{"messages": [' + body + b"]}")):
            answer = await program.ask("POST", path, whole)

            assert "moitié d’un caractère" in answer.json["detail"]


NO_JSON = {
    "nothing": b"",
    "half": b'{"to": "+336',
    "words": b"hello",
    "two": b'{"to": "+33639980001", "purpose": "alert", "text": "x"} {}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "NUL": b"\0",
    "single quotes": b"{'to': 1}",
    "no colon": b'{"to" 1}',
    "not UTF-8": b'{"to": "\xff\xfe", "purpose": "alert", "text": "x"}',
    "half a character": b'{"to": "+33639980001", "purpose": "alert", "text": "\xc3"}',
    "half a surrogate": b'{"to": "+33639980001", "purpose": "alert", "text": "\\ud800 x"}',
    "the other half": b'{"to": "+33639980001", "purpose": "alert", "text": "\\udc00"}',
    "name that is not UTF-8": b'{"\xff": 1}',
    "raw control character": b'{"to": "a\x01"}',
}


@pytest.mark.parametrize("case", NO_JSON)
async def test_what_is_no_json_is_refused_in_both_languages(case, program: Program, house: House):
    french = await program.send(NO_JSON[case])
    english = await program.ask("POST", "/v1/messages", NO_JSON[case], headers=[("accept-language", "en")])

    assert {(each.status, each.code) for each in (french, english)} == {(400, "not_json")}
    assert english.json["detail"].startswith("The body is not JSON in UTF-8: ")
    said = french.json["detail"].removeprefix("Le corps n’est pas du JSON en UTF-8 : ")
    for word in ("malformed", "invalid", "expected", "truncated", "trailing", "must", "byte ", "character"):
        assert word not in said
    assert house.count() == 0


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/batch", "/v1/route-plan"])
async def test_a_body_that_is_nested_without_end_is_refused(path, program: Program):
    for body in (b"[" * 100_000, b'{"messages": ' + b"[" * 100_000, b'{"messages": [' + b'{"a":' * 100_000):
        answer = await program.ask("POST", path, body)

        assert answer.status in (400, 422)


async def test_nul_in_a_text_is_stored_as_it_is(program: Program):
    answer = await program.send(alert(text="a\0b"))

    assert answer.status == 202
    assert (await program.show(answer.json["id"])).json["text"] == "a\0b"


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/batch", "/v1/route-plan"])
async def test_a_body_of_twenty_megabytes_is_refused(path, program: Program):
    answer = await program.ask("POST", path, json.dumps(alert(text="e" * (20 << 20))).encode())

    assert (answer.status, answer.code) == (413, "body_too_large")
    assert answer.json["facts"] == {"limit": 16}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "", "*/*"])
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/batch", "/v1/route-plan"])
async def test_what_is_not_said_to_be_json_is_refused(path, kind, program: Program):
    answer = await program.ask("POST", path, alert(), content_type=kind)

    assert (answer.status, answer.code) == (415, "media_type")


async def test_a_compressed_body_is_refused_as_such(program: Program, house: House):
    body = gzip.compress(json.dumps(alert()).encode())

    answer = await program.send(body, headers=[("content-encoding", "gzip")])

    assert (answer.status, answer.code) == (415, "body_encoding")
    assert house.count() == 0


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON", None])
async def test_json_is_json_however_it_is_written(kind, program: Program):
    assert (await program.send(content_type=kind)).status == 202


#: Anything JSON can hold, and bodies that nearly are messages.
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NEARLY = st.fixed_dictionaries(
    {name: VALUES | st.just(value) for name, value in alert().items()},
    optional={name: VALUES for name in shapes.Message.__struct_fields__ if name not in alert()},
)


@given(body=st.one_of(NEARLY, VALUES).map(lambda value: json.dumps(value).encode()) | st.binary())
@settings(max_examples=400, deadline=None, derandomize=True)
def test_no_body_is_more_than_a_message_or_a_refusal(body: bytes):
    for read in (messages._read_message, messages._read_batch):
        fault = _refusal(read, body)

        if fault is not None:
            assert fault.status in (400, 422)
            assert fault.detail("fr")
            assert fault.detail("en")
            assert fault.pointer == "" or fault.pointer.startswith("/")


def _refusal(read: Any, body: bytes) -> Fault | None:
    try:
        messages._shaped(read, body)
    except Fault as fault:
        return fault
    return None


async def test_a_body_that_never_ends_is_given_up(api: Api, house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sofy.ingest.bodies.SLOWEST_BODY_S", 0.1)
    key, said = house.add_key(), []
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": "/v1/messages", "raw_path": b"/v1/messages", "query_string": b"", "root_path": "",
        "headers": [(b"authorization", f"Bearer {key}".encode()), (b"content-type", b"application/json")],
        "client": ("192.0.2.7", 5000), "server": ("localhost", 8001),
    }  # fmt: skip
    parts = [{"type": "http.request", "body": b'{"to":', "more_body": True}]

    async def receive() -> Any:
        return parts.pop() if parts else await asyncio.sleep(60)

    async def send(event: Any) -> None:
        said.append(event)

    await api.app(scope, receive, send)

    assert said[0]["status"] == 408
    assert b"body_slow" in said[1]["body"]
