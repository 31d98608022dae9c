"""The page for developers: what it shows can be copied and runs."""

import json
import shlex
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse

from sofy.accounts import examples
from sofy.accounts.rules import SCOPES
from sofy.accounts.tests.factories import make_user
from sofy.clients.tests.factories import make_client
from sofy.engine import permissions as gate
from sofy.kit.rls import client_scope

pytestmark = pytest.mark.django_db(databases=["default", "staff"])

BODY = {
    "to": "+33639980001", "channel": "sms", "purpose": "alert", "sender": "FLEURS", "text": "Prête !",
    "reference": "1234",
}  # fmt: skip


@pytest.fixture
def listener():
    """An address that answers as the API does, and the requests it got."""
    got = []

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append((self.path, self.headers, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(202)
            self.end_headers()
            self.wfile.write(b'{"status": "accepted"}')

        def log_message(self, *_given):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answering)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", got
    server.shutdown()
    server.server_close()


def page(client, language="en", role="developer"):
    browser = Browser(headers={"accept-language": language})
    browser.force_login(make_user(client=client, role=role), "allauth.account.auth_backends.AuthenticationBackend")
    return browser.get(reverse("accounts:developers", args=[client.slug]))


def test_the_example_in_python_runs_as_it_is_copied(listener):
    address, got = listener
    program = examples.sending(address, sender="FLEURS", text="Prête !")["python"]

    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"SOFY_API_KEY": "sofy_x.y", "PYTHONUTF8": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.stdout == "202 {'status': 'accepted'}\n", done.stderr
    ((path, headers, body),) = got
    assert (path, body) == ("/v1/messages", BODY)
    assert headers["Authorization"] == "Bearer sofy_x.y"
    assert headers["Content-Type"] == "application/json"
    assert headers["Idempotency-Key"] == "1234"


def test_the_example_with_curl_says_the_same():
    words = shlex.split(examples.sending("https://api.example.fr", sender="FLEURS", text="Prête !")["curl"])

    assert words[:2] == ["curl", "https://api.example.fr/v1/messages"]
    assert words[words.index("-d") + 1 :] == [json.dumps(BODY, ensure_ascii=False, indent=4)]
    assert [words[at + 1] for at, word in enumerate(words) if word == "-H"] == [
        "Authorization: Bearer $SOFY_API_KEY",
        "Content-Type: application/json",
        "Idempotency-Key: 1234",
    ]


@pytest.mark.parametrize(
    ("language", "title", "text"),
    [("fr", "Développeurs", "Votre commande 1234 est prête."), ("en", "Developers", "Your order 1234 is ready.")],
)
def test_the_page_shows_where_the_api_is_and_what_to_send_it(language, title, text):
    client = make_client()
    with client_scope(client.pk):
        connection.ensure_connection()
        for name in ("OLIVES", "FLEURS"):
            gate.write_sender(connection.connection, client.pk, name)

    answer = page(client, language)

    assert answer.status_code == 200
    assert f"<title>{title}" in answer.text
    for shown in (f"{settings.SOFY.api_url}/v1/openapi.json", "FLEURS", text, "Bearer $SOFY_API_KEY", *SCOPES):
        assert shown in answer.text, shown
    assert "'" not in text  # the shell would end the body there
    assert "VotreMarque" not in answer.text


def test_a_client_without_a_sender_is_told_to_put_its_own():
    answer = page(make_client())

    assert "VotreMarque" in answer.text
    assert "No sender is registered yet" in answer.text


def test_the_page_is_for_those_who_see_keys():
    client = make_client()

    assert page(client, role="marketer").status_code == 403
    assert "/developers/" in page(client, role="auditor").text
