"""How a refusal is said: RFC 9457, two languages, and nothing about anybody in a log."""

import asyncio
import logging
from typing import Any

import pytest
import structlog
from starlette.requests import ClientDisconnect

from sofy.ingest import misread, words
from sofy.ingest.app import create
from sofy.ingest.house import House as ApiHouse
from sofy.ingest.tests.conftest import Api, House, Program, alert

ALLOWED = {
    "/v1/messages": "POST, GET",
    "/v1/messages/batch": "POST",
    "/v1/messages/019ab000-0000-7000-8000-000000000007": "GET, DELETE",
    "/v1/messages/019ab000-0000-7000-8000-000000000007/conversion": "POST",
    "/v1/route-plan": "POST",
    "/v1/openapi.json": "GET",
    "/healthz": "GET",
}


@pytest.mark.parametrize("path", ALLOWED)
async def test_a_method_that_is_not_there_is_told_those_that_are(path, program: Program):
    for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"} - {
        *ALLOWED[path].split(", "), *(["HEAD"] if "GET" in ALLOWED[path] else [])
    }:  # fmt: skip
        answer = await program.ask(method, path)

        assert (answer.status, answer.code) == (405, "method")
        assert answer.headers["allow"] == ALLOWED[path]


async def test_head_is_answered_as_get(program: Program):
    assert (await program.ask("HEAD", "/healthz")).status == 200


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/messages/", "/v1/messages/batch/", "/v1/route-plan/", "/v2/messages", "/v1//messages"]
)
async def test_there_is_nothing_at_another_address(path, program: Program):
    for method in ("GET", "POST"):
        answer = await program.ask(method, path)

        assert (answer.status, answer.code) == (404, "not_found")
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("header", "language"),
    [("", "fr"), ("fr", "fr"), ("en", "en"), ("en-GB", "en"), ("EN", "en"), ("de", "fr"), ("de, en;q=0.5", "en"),
     ("fr;q=0.5, en", "en"), ("fr, en", "fr"), ("en;q=0", "fr"), ("en;q=0.3, fr;q=0.7", "fr"), ("en;q=x", "fr"),
     ("*", "fr"), (";;,,q", "fr"), ("fr-CA, en;q=0.9", "fr")],
)  # fmt: skip
async def test_a_refusal_is_said_in_the_language_that_is_asked_for(header, language, program: Program):
    answer = await program.ask("POST", "/v1/messages", alert(text=" "), headers=[("accept-language", header)])

    assert answer.headers["content-language"] == language
    assert answer.json["detail"] == getattr(words.DETAILS["text_blank"], language)
    assert answer.json["title"] == getattr(words.TITLES[422], language)


async def test_a_refusal_has_all_its_members(program: Program):
    answer = await program.send(alert(purpose="marketing", text="Bonjour"))

    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json == {
        "type": "urn:sofy:problem:stop_mention_missing", "title": "Impossible en l’état", "status": 422,
        "code": "stop_mention_missing", "article": "CGVU 14.1", "pointer": "/text", "facts": {"short_code": "36123"},
        "detail": "Un SMS marketing doit dire comment s’y opposer : ajoutez « STOP SMS 36123 » au texte.",
    }  # fmt: skip


@pytest.mark.parametrize("code", words.DETAILS)
def test_every_refusal_has_the_same_facts_in_both_languages(code):
    import string

    in_words = words.DETAILS[code]
    fields = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in in_words]

    assert fields[0] == fields[1]
    assert in_words.en != in_words.fr


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Any:
    """Everything that is logged, whichever way: asked for at the end."""
    caplog.set_level(logging.DEBUG)
    with structlog.testing.capture_logs() as lines:
        yield lambda: caplog.text + "".join(map(str, lines))


async def test_no_refusal_puts_anything_about_anybody_into_a_log(program: Program, house: House, logged: Any):
    said = ("639980042", "06 39 98 00 42", "Zebulon", "s3cret", program.key)
    body = alert(to="+33639980042", text="Zebulon", reference="Zebulon")
    for sent in (body, {**body, "sender": "Zebulon"}, {**body, "Zebulon": 1}, {**body, "to": "+336399800429999"},
                 {**body, "purpose": "marketing"}, b'{"to": "+33639980042", "Zebulon'):  # fmt: skip
        await program.send(sent)
    await program.batch([body, {**body, "purpose": "Zebulon"}])
    await program.plan(body)
    await program.find("Zebulon")
    await Program(program.api, program.key + "x").send(body)

    assert [word for word in said if word in logged()] == []


class Broken(Exception):
    """What nobody thought of; its words may hold anything."""


async def test_a_fault_of_ours_is_noted_without_what_it_was_about(
    program: Program, logged: Any, monkeypatch: pytest.MonkeyPatch, capfd: Any
):
    """The server would log what an application raises, with its words: nothing is raised."""

    async def desk(*_given: Any) -> Any:
        raise Broken("about +33639980042 and Zebulon")

    monkeypatch.setattr(ApiHouse, "desk", desk)

    answer = await program.send(alert(to="+33639980042", text="Zebulon"), fault=True)

    assert (answer.status, answer.code) == (500, "fault")
    assert "'error': 'Broken'" in logged()
    everything = logged() + "".join(capfd.readouterr())
    assert [word for word in ("639980042", "Zebulon", "s3cret") if word in everything] == []


async def test_who_hangs_up_is_no_fault_of_ours(program: Program, logged: Any, monkeypatch: pytest.MonkeyPatch):
    async def read_body(_request: Any) -> Any:
        raise ClientDisconnect

    monkeypatch.setattr("sofy.ingest.messages.read_body", read_body)

    await program.send(fault=True)

    assert "fault" not in logged()


async def test_a_body_that_ends_with_the_connection_is_no_fault_of_ours(api: Api, house: House, logged: Any):
    headers = [(b"authorization", f"Bearer {house.add_key()}".encode()), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/v1/messages", "headers": headers, "query_string": b"",
             "scheme": "http", "server": ("localhost", 80), "client": ("192.0.2.7", 1), "root_path": ""}  # fmt: skip
    events = [{"type": "http.request", "body": b'{"to":', "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> Any:
        return events.pop(0)

    async def send(_event: Any) -> None:
        pass

    await api.app(scope, receive, send)

    assert "fault" not in logged()
    assert house.count() == 0


def test_what_the_reader_says_of_an_unknown_kind_is_passed_on_without_a_place():
    import msgspec

    fault = misread.misshapen(msgspec.ValidationError("Something new"))

    assert (fault.code, fault.pointer) == ("field_value", "")


async def test_with_the_database_away_every_request_is_answered_in_time(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sofy.ingest.reading.PATIENCE_S", 0.2)
    api = Api(create(house.config(), "postgresql://nobody@127.0.0.1:1/nowhere"))

    async with asyncio.timeout(2):
        answer = await Program(api, house.add_key()).show("019ab000-0000-7000-8000-000000000007")

    assert (answer.status, answer.code) == (503, "database_away")


@pytest.mark.parametrize(("language", "word"), [("fr", "Renvoyez-le"), ("en", "Send it again")])
async def test_a_supplier_that_calls_back_meanwhile_is_told_in_its_own_words(
    house: House, monkeypatch: pytest.MonkeyPatch, language: str, word: str
):
    monkeypatch.setattr("sofy.ingest.reading.PATIENCE_S", 0.2)
    api = Api(create(house.config(), "postgresql://nobody@127.0.0.1:1/nowhere"))

    answer = await api.ask(
        "POST", "/hooks/google_rbm/019ab000-0000-7000-8000-000000000007", b"{}",
        headers=[("accept-language", language)],
    )  # fmt: skip

    assert (answer.status, answer.code) == (503, "callback_later")
    assert word in answer.json["detail"]
    assert "Idempotency" not in answer.json["detail"]
    assert answer.headers["retry-after"]
