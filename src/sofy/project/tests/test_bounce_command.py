"""`sofy bounce`: what a mail server pipes reaches the hook of its route, or is kept to come again."""

import io
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

Sofy = Callable[..., Any]
MAIL = b"From: MAILER-DAEMON@mx.example.org\r\n\r\nNon remis\r\n"


class Hook(HTTPServer):
    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[tuple[str, str, bytes]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, self.headers["Authorization"], body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def hook() -> Iterator[Hook]:
    server = Hook()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def route(sofy: Sofy, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SOFY_API_URL", f"http://127.0.0.1:{hook.server_port}")
    _, said = sofy(
        "route", "add", "mails", "--connector", "email_smtp", "--base-url", "smtp://127.0.0.1:2525",
        "--secret", "hook_secret=0123456789abcdef", "--set", "envelope_domain=retours.example.com", "--json",
    )  # fmt: skip
    return str(json.loads(said)["callback"])


def pipe(sofy: Sofy, monkeypatch: pytest.MonkeyPatch, mail: bytes, *words: str) -> tuple[int, Any]:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(mail)))
    status, said = sofy("bounce", *words, "--json")
    return status, json.loads(said)


def test_a_returned_mail_is_posted_as_it_is(sofy, hook, route, monkeypatch):
    status, said = pipe(sofy, monkeypatch, MAIL, "--route", "mails")

    assert (status, said["stored"]) == (0, True)
    assert hook.got == [(route, "Bearer 0123456789abcdef", MAIL)]


@pytest.mark.parametrize("answer", [503, 401])
def test_what_is_not_stored_comes_again(sofy, hook, route, monkeypatch, answer):
    hook.status = answer

    assert pipe(sofy, monkeypatch, MAIL, "--route", "mails")[0] == 75


def test_what_cannot_be_posted_is_said(sofy, hook, route, monkeypatch):
    assert pipe(sofy, monkeypatch, MAIL, "--route", "other")[1]["error"] == "route_unknown"
    assert pipe(sofy, monkeypatch, b"\n", "--route", "mails")[1]["error"] == "mail_missing"
