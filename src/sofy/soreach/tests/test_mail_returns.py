"""Mails that come back, from the bytes of a mail server to the ledger, the lists and the webhook of the client.

The campaign is real: written here, sent by an engine to a simulated mail server, and what comes back is posted to the
address where suppliers call back.
"""

import asyncio
import contextlib
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client as Browser
from psycopg.types.json import Jsonb

import sofy.connectors.email_smtp
from sofy.audience.arrays import cursor
from sofy.audience.models import ConsentEvent, ConsentState, Identity, Suppression
from sofy.audience.services import consent
from sofy.connectors.email_smtp.connector import EmailConnector
from sofy.engine import intake, outcomes, permissions
from sofy.engine.loop import Engine
from sofy.engine.route_config import seal_config
from sofy.ingest import app as application
from sofy.ingest.tests.conftest import Api
from sofy.kernel import bounces, clock, ids
from sofy.kit import outbox
from sofy.kit.keys import keys_for, keystore
from sofy.kit.rls import client_scope
from sofy.messaging.views import opt_out
from sofy.sandbox.email_smtp import returns
from sofy.sandbox.email_smtp.fate import PLAIN
from sofy.sandbox.email_smtp.server import Arrived, EmailSandboxConfig, SimulatedMailServer
from sofy.soreach.services.expand import expand
from sofy.soreach.tests import factories
from sofy.webhooks import registry
from sofy.webhooks.process import Notify
from sofy.webhooks.tests.conftest import Program, serving

SAMPLES = Path(sofy.connectors.email_smtp.__file__).parent / "samples"
SECRET = "s3cret-s3cret-s3cret"
BASE = "https://sofy.example"
TO = "anna@example.org"
_NAME = re.compile(r"^b-([a-z2-7]{40})@retours\.example\.com$")
_TOKEN = re.compile(r'value="[A-Za-z0-9]{64}"')  # of the form that changes the language of the page
Posts = Callable[[Arrived], list[tuple[bytes, int]]]


@dataclass
class Sent:
    """One mail of a campaign, what was told of it, and where its reader says no."""

    mail: Arrived
    message: UUID
    told: list[Any] = field(default_factory=list)

    @property
    def way_out(self) -> str:
        return returns.one_click(self.mail.content).removeprefix(BASE)


class Post:
    """A client with a campaign of one e-mail, the engine that sends it, and everything that reads what comes back."""

    def __init__(self, world: Any, folder: Path) -> None:
        self.world, self.folder = world, folder
        self.client = world.client
        self.route = factories.make_agent(world.database.database.admin_url, channel="email", price="0.002")
        with client_scope(self.client.pk):
            contact = factories.make_contact(self.client, 1, state="")
            factories.give_email(self.client, contact, TO, state="")
            identity = Identity.objects.get(client_id=self.client.pk, kind="email")
            consent.record(
                client_id=self.client.pk, identity_id=identity.id, purpose="marketing", state="granted",
                source="screen", actor="user:test",
            )  # fmt: skip
            self.index = bytes(identity.index)

    def campaign(self) -> None:
        """One more campaign to the same person, ready to leave."""
        with client_scope(self.client.pk):
            made = factories.make_campaign(
                self.client, self.world.route_id, channels=("email",), status="expanding",
                launched_at=clock.now(), starts_at=clock.now(),
            )  # fmt: skip
            connection.ensure_connection()
            permissions.start_campaign(connection.connection, self.client.pk, made.id)
            permissions.write_sender(connection.connection, self.client.pk, "bonjour@fournil.example", channel="email")
        expand(self.client.pk, made.id)

    def send(self, posts: Posts, *, until: Callable[[], bool], told: int = 0) -> Sent:
        """Let it leave, post what comes back, and wait until the ledger and the webhook know."""
        self.campaign()
        return asyncio.run(self._send(posts, until, told))

    async def _send(self, posts: Posts, until: Callable[[], bool], told: int) -> Sent:
        async with contextlib.AsyncExitStack() as stack:
            program = Program()
            await stack.enter_async_context(serving(program))
            with self.world.database.connect("admin", autocommit=True) as admin:
                admin.execute("DELETE FROM gate_endpoint")
                registry.add(
                    admin, keys_for(self.client.pk), url=f"{program.address}/told", events=(), batch=1, production=False
                )
            url = self.world.database.url("sofy_engine")
            server = await self._engine(stack)
            await _until(lambda: bool(server.mails))
            mail = server.mails[0]
            await _until(lambda: self.status()[0] == "submitted")
            app = application.create(settings.SOFY, url)
            await stack.enter_async_context(app.router.lifespan_context(app))
            await self._post(Api(app), posts(mail))
            await _until(until)
            if told:
                await stack.enter_async_context(Notify(settings.SOFY, url).open())
                await _until(lambda: len(program.posts) >= told)
            return Sent(mail, self.message(), program.told)

    def judge(self) -> tuple[Any, ...]:
        """One more marketing mail to the same person, as a program hands it in; answers what the gate said."""
        message = intake.MessageIn(
            id=ids.uuid7(), purpose="marketing", to=TO, text="Promo", sender="bonjour@fournil.example", channel="email"
        )
        with client_scope(self.client.pk):
            intake.submit(cursor().connection, self.client.pk, [message], keys=keys_for(self.client.pk))
        return asyncio.run(self._judged())

    async def _judged(self) -> tuple[Any, ...]:
        async with contextlib.AsyncExitStack() as stack:
            await self._engine(stack)
            await _until(lambda: self.status()[0] not in ("accepted", "queued"))
        with self.world.database.connect("admin") as admin:
            row = admin.execute(
                "SELECT status, reason, article FROM engine_state ORDER BY message_id DESC LIMIT 1"
            ).fetchone()
        return tuple(row)

    async def _engine(self, stack: contextlib.AsyncExitStack) -> SimulatedMailServer:
        """A mail server, and an engine whose route leads to it."""
        server = SimulatedMailServer(EmailSandboxConfig(profile=PLAIN))
        await server.start()
        stack.push_async_callback(server.stop)
        self._open_route(server.port)
        url = self.world.database.url("sofy_engine")
        engine = Engine(url, keystore(), self.folder / "spool", base_url=BASE)
        await engine.start()
        stack.push_async_callback(engine.stop, 0.5)
        return server

    async def _post(self, api: Api, bodies: list[tuple[bytes, int]]) -> None:
        for body, expected in bodies:
            path = f"/hooks/email_smtp/{self.route}"
            answer = await api.ask(
                "POST", path, body, headers=[("authorization", f"Bearer {SECRET}")], content_type="message/rfc822"
            )
            assert answer.status == expected

    def _open_route(self, port: int) -> None:
        values = {
            "host": "127.0.0.1", "port": port, "tls": "none", "envelope_domain": "retours.example.com",
            "hook_secret": SECRET, "binds": 1,
        }  # fmt: skip
        with self.world.database.connect("admin", autocommit=True) as admin:
            row = admin.execute("SELECT id FROM engine_route WHERE code = 'email'").fetchone()
            self.route = UUID(str(row[0]))
            sealed = seal_config(keystore(), EmailConnector, self.route, values)
            admin.execute(
                "UPDATE engine_route SET connector = 'email_smtp', config = %s WHERE id = %s",
                [Jsonb(sealed), self.route],
            )
            admin.execute("DELETE FROM engine_route WHERE channel = 'sms'")

    def status(self) -> tuple[Any, ...]:
        """Status, reason and code of the youngest message."""
        with self.world.database.connect("admin") as admin:
            row = admin.execute(
                "SELECT status, reason, supplier_code FROM engine_state ORDER BY message_id DESC LIMIT 1"
            ).fetchone()
        return tuple(row)

    def stands(self, status: str) -> bool:
        return bool(self.status()[0] == status)

    def message(self) -> UUID:
        with self.world.database.connect("admin") as admin:
            row = admin.execute("SELECT message_id FROM engine_state ORDER BY message_id DESC LIMIT 1").fetchone()
        return UUID(str(row[0]))

    def gate(self) -> dict[str, str]:
        with self.world.database.connect("admin") as admin:
            return dict(
                admin.execute(
                    "SELECT purpose, state FROM gate_permission WHERE recipient_index = %s", [self.index]
                ).fetchall()
            )

    def listed(self) -> list[str]:
        """Why the person's address is on the client's list, once what the engine published was read."""
        outbox.dispatch()
        with client_scope(self.client.pk):
            return list(Suppression.objects.values_list("reason", flat=True))

    def said(self) -> list[tuple[str, str]]:
        """State and source of every word in the consent ledger."""
        with client_scope(self.client.pk):
            return sorted(ConsentEvent.objects.values_list("state", "source"))  # the clock stands: ids have no order

    def state(self) -> str:
        with client_scope(self.client.pk):
            return ConsentState.objects.get(purpose="marketing", channel="email").state


async def _until(condition: Callable[[], Any], timeout_s: float = 15) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.03)


@pytest.fixture
def post(world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Post:
    monkeypatch.setattr(outcomes, "FLUSH_EVERY_S", 0.05)
    monkeypatch.setattr("sofy.webhooks.process.LOOK_EVERY_S", 0.02)
    monkeypatch.setattr("sofy.webhooks.turn.LINGER_S", 0.05)
    opt_out._counts.clear()
    return Post(world, tmp_path)


def sample(name: str) -> Posts:
    """What a real server sends back, about our mail."""

    def made(mail: Arrived) -> list[tuple[bytes, int]]:
        found = _NAME.match(mail.sender)
        assert found is not None, mail.sender
        return [((SAMPLES / f"{name}.eml").read_bytes().replace(b"NAME", found[1].encode()), 200)]

    return made


def twice(posts: Posts) -> Posts:
    return lambda mail: posts(mail) * 2


@pytest.mark.clause("CGVU 14.3")
@pytest.mark.parametrize("name", ["postfix-unknown", "exchange-unknown", "qmail-unknown"])
def test_an_address_that_does_not_exist_is_written_to_no_more(post, name):
    sent = post.send(twice(sample(name)), until=lambda: post.status()[0] == "failed", told=2)

    assert post.status()[2].startswith("5.1.1")
    assert [event["type"] for event in sent.told] == ["message.submitted", "message.failed"]
    assert {event["data"]["id"] for event in sent.told} == {str(sent.message)}
    assert post.listed() == [bounces.HARD_REASON["email"]]
    assert post.gate() == {"marketing": "granted", "all": "opposed"}
    assert post.said() == [("granted", "screen")]


@pytest.mark.clause("CGVU 14.3")
def test_a_full_mailbox_once_is_no_reason_to_stop_writing(post):
    sent = post.send(sample("gmail-full"), until=lambda: post.status()[0] == "failed", told=2)

    assert post.status()[2] == "5.2.2"
    assert [event["type"] for event in sent.told] == ["message.submitted", "message.failed"]
    assert post.listed() == []
    assert post.gate() == {"marketing": "granted"}


SOFT = ("gmail-full", "orange-full", "postfix-expired", "gmail-full", "gmail-full")


def back(post: Post, *names: str) -> None:
    """A mail every other day, and what comes back of each; nothing where the name is empty."""
    for n, name in enumerate(names):
        clock.install(partial(operator.add, clock.DEMO_START, timedelta(days=2 * n)))
        wanted = {"": "submitted", "success": "delivered", "postfix-expired": "expired"}.get(name, "failed")
        post.send(sample(name) if name else lambda _mail: [], until=partial(post.stands, wanted))


@pytest.mark.clause("CGVU 14.3", "CGVU 13")
def test_mails_that_keep_coming_back_end_in_the_next_one_being_withheld(post):
    back(post, *SOFT[:4])
    four = post.listed()
    clock.install(partial(operator.add, clock.DEMO_START, timedelta(days=8)))
    post.send(sample(SOFT[4]), until=partial(post.stands, "failed"))

    assert (four, post.listed()) == ([], [bounces.SOFT_REASON])
    assert post.gate() == {"marketing": "granted", "all": "opposed"}
    assert post.judge() == ("withheld", "suppressed", "CGVU 13")
    assert post.said() == [("granted", "screen")], "nobody said anything"


@pytest.mark.clause("CGVU 14.3")
@pytest.mark.parametrize("arrived", ["", "success"])
def test_a_mail_that_arrives_ends_the_streak(post, arrived):
    back(post, *SOFT[:4], arrived, SOFT[4])

    assert post.listed() == []
    assert post.gate() == {"marketing": "granted"}


@pytest.mark.clause("CGVU 17")
@pytest.mark.parametrize("name", ["arf-abuse", "arf-redacted"])
def test_whoever_calls_it_spam_gets_no_more_of_it(post, name):
    sent = post.send(twice(sample(name)), until=lambda: post.gate().get("marketing") == "opposed", told=2)

    assert [event["type"] for event in sent.told] == ["message.submitted", "message.inbound"]
    assert sent.told[1]["data"]["keyword"] == "stop"
    outbox.dispatch()
    assert [word for word in post.said() if word[0] == "opposed"] == [("opposed", "stop")]
    assert post.state() == "opposed"


@pytest.mark.clause("CGVU 17")
def test_one_click_says_no_and_saying_it_again_is_answered_the_same(post):
    sent = post.send(lambda _mail: [], until=lambda: True)
    browser = Browser(enforce_csrf_checks=True)

    looked = browser.get(sent.way_out)
    before = (post.gate(), post.said())
    answers = [browser.post(sent.way_out, {"List-Unsubscribe": "One-Click"}) for _ in range(2)]

    assert (looked.status_code, before) == (200, ({"marketing": "granted"}, [("granted", "screen")]))
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in sent.mail.content
    assert [answer.status_code for answer in answers] == [200, 200]
    assert len({_TOKEN.sub("", answer.text) for answer in answers}) == 1
    assert "sessionid" not in answers[0].cookies
    assert post.gate() == {"marketing": "opposed"}
    assert post.said() == [("granted", "screen"), ("opposed", "unsubscribe")]


def forged(mail: Arrived) -> list[tuple[bytes, int]]:
    """The name of a mail with one letter changed, and that of another route."""
    found = _NAME.match(mail.sender)
    assert found is not None
    name = found[1]
    body = (SAMPLES / "postfix-unknown.eml").read_bytes()
    other = name[:-1] + ("a" if name[-1] != "a" else "b")
    return [(body.replace(b"NAME", other.encode()), 200), (body.replace(b"NAME", b"a" * 40), 200)]


@pytest.mark.clause("CGVU 14.3")
def test_a_bounce_that_somebody_made_up_changes_nothing(post):
    def read() -> bool:
        with post.world.database.connect("admin") as admin:
            return bool(admin.execute("SELECT count(*) FROM engine_callback").fetchone() == (0,))

    post.send(forged, until=read)

    assert post.status()[0] == "submitted"
    assert post.listed() == []
    assert post.gate() == {"marketing": "granted"}


def test_what_is_posted_without_the_secret_is_not_even_stored(post, monkeypatch):
    async def stranger(self: Post, api: Api, bodies: list[tuple[bytes, int]]) -> None:
        path = f"/hooks/email_smtp/{self.route}"
        for headers in ([], [("authorization", "Bearer wrong-wrong-wrong-1")]):
            answer = await api.ask("POST", path, bodies[0][0], headers=headers, content_type="message/rfc822")
            assert answer.status == 401

    monkeypatch.setattr(Post, "_post", stranger)

    post.send(sample("postfix-unknown"), until=lambda: True)

    with post.world.database.connect("admin") as admin:
        assert admin.execute("SELECT count(*) FROM engine_callback").fetchone() == (0,)
    assert post.status()[0] == "submitted"
