"""The simulated mail server: spoken to by Python's own client and by the connector."""

import asyncio
import json
import signal
import smtplib
import sys
from collections.abc import AsyncIterator

import pytest

from sofy.connectors.base import Accepted, Action, Callback, Refused
from sofy.connectors.email_smtp.config import Config
from sofy.connectors.email_smtp.connector import EmailConnector
from sofy.connectors.email_smtp.pacing import Pace
from sofy.connectors.email_smtp.tests.test_connector import outgoing
from sofy.connectors.smpp.tests.factories import Engine
from sofy.sandbox.email_smtp.fate import PLAIN, Profile, fate_of
from sofy.sandbox.email_smtp.mailboxes import MailboxesPage, page
from sofy.sandbox.email_smtp.server import Arrived, EmailSandboxConfig, SimulatedMailServer


class Hook:
    """Takes what is posted, as the product's own hook does."""

    def __init__(self) -> None:
        self.posts: list[Callback] = []
        self.path = ""

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def stop(self) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, self.path, _ = (await reader.readline()).decode().split()
        headers = {}
        while line := (await reader.readline()).decode().strip():
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        body = await reader.readexactly(int(headers["content-length"]))
        self.posts.append(Callback(method=method, headers=headers, query={}, body=body))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    made = Hook()
    made.port = await made.start()
    yield made
    made.stop()


@pytest.fixture
async def world(hook: Hook) -> AsyncIterator[tuple[SimulatedMailServer, EmailConnector, Engine, Config]]:
    server = SimulatedMailServer(
        EmailSandboxConfig(
            hook_url=f"http://127.0.0.1:{hook.port}/hooks/email_smtp/x",
            hook_secret="s3cret-s3cret-s3cret",
            profile=Profile(unknown=0, full=0, grey=0, bounce=0, complain=0, unsubscribe=0, returns_after_s=0),
        )
    )
    await server.start()
    config = Config(
        host="127.0.0.1", port=server.port, tls="none", envelope_domain="retours.example.com", binds=1,
        hook_secret="s3cret-s3cret-s3cret", pacing={"*": Pace()},
    )  # fmt: skip
    engine = Engine()
    connector = EmailConnector(config, engine)
    await connector.start()
    yield server, connector, engine, config
    await connector.stop(0.2)
    await server.stop()


@pytest.mark.parametrize(
    ("to", "outcome"),
    [
        ("unknown@example.org", Refused("5.1.1", Action.SUPPRESS)),
        ("full@example.org", Refused("5.2.2", Action.PERMANENT)),
        ("grey@example.org", Refused("4.7.1", Action.RETRY)),
    ],
)
async def test_mailboxes_that_refuse(world, to, outcome):
    server, connector, engine, _ = world

    connector.submit([outgoing(to=to)])
    await engine.until(lambda: bool(engine.outcomes))

    assert engine.outcomes[0].outcome == outcome
    assert not server.mails


async def test_a_greylisting_server_takes_the_second_try(world):
    _, connector, engine, _ = world
    message = outgoing(to="grey@example.org")

    connector.submit([message])
    await engine.until(lambda: len(engine.outcomes) == 1)
    connector.submit([message])
    await engine.until(lambda: len(engine.outcomes) == 2)

    assert isinstance(engine.outcomes[1].outcome, Accepted)


@pytest.mark.parametrize(
    ("to", "statuses", "complaints"),
    [
        ("bounce@example.org", ["failed"], 0),
        ("later@example.org", ["submitted", "expired"], 0),
        ("complain@example.org", [], 1),
    ],
)
async def test_what_comes_back_is_understood(world, hook, to, statuses, complaints):
    _, connector, engine, config = world
    message = outgoing(to=to)

    connector.submit([message])
    await engine.until(lambda: len(hook.posts) == max(len(statuses), complaints))

    assert all(EmailConnector.authentic(config, post) for post in hook.posts)
    said = [EmailConnector.read_callback(config, post.body) for post in hook.posts]
    receipts = [receipt for one in said for receipt in one.receipts]
    assert [receipt.status for receipt in receipts] == statuses
    assert {receipt.keys for receipt in receipts} <= {(message.message_id.hex,)}
    assert [inbound.answers for one in said for inbound in one.inbound] == [message.message_id.hex] * complaints


async def test_somebody_unsubscribes_with_one_click(world, hook):
    _, connector, engine, _ = world

    connector.submit([outgoing(to="unsubscribe@example.org", opt_out_url=f"http://127.0.0.1:{hook.port}/u/token")])
    await engine.until(lambda: bool(hook.posts))

    assert (hook.path, hook.posts[0].body) == ("/u/token", b"List-Unsubscribe=One-Click")


async def test_no_click_ever_leaves_this_machine(world, hook):
    server, connector, engine, _ = world

    connector.submit([outgoing(to="unsubscribe@example.org", opt_out_url="https://sofy.example/u/token")])
    await engine.until(lambda: bool(engine.outcomes))
    await asyncio.sleep(0.05)

    assert not hook.posts
    assert not any(name.startswith("unsubscribed") for name in server.stats)


def test_two_runs_agree():
    profile = Profile(unknown=0.3, bounce=0.3)
    fates = [fate_of(f"a{n}@example.org", 0, profile) for n in range(200)]

    assert fates == [fate_of(f"a{n}@example.org", 0, profile) for n in range(200)]
    assert {fate.kind for fate in fates} >= {"unknown", "bounce", "accept"}
    assert {fate_of(f"a{n}@example.org", 0, PLAIN).kind for n in range(200)} == {"accept"}


async def test_it_runs_as_a_process_and_pythons_own_client_sends_to_it():
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sofy.sandbox.email_smtp", "--port", "0", "--http-port", "0", "--profile", "plain",
        stdout=asyncio.subprocess.PIPE, env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert process.stdout is not None
    ready = json.loads(await process.stdout.readline())

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", ready["port"]) as client:
            client.sendmail("a@example.com", ["b@example.org"], "Subject: x\r\n\r\nBonjour\r\n")

    await asyncio.to_thread(send)
    process.send_signal(signal.SIGTERM)
    summary = json.loads(await process.stdout.readline())
    await process.communicate()

    assert summary["taken"] == 1


async def test_the_page_shows_mails_and_runs_nothing_of_them():
    server = SimulatedMailServer(EmailSandboxConfig())
    server.mails.append(
        Arrived("b@x.example", "anna@example.org", b"From: Le Four <b@x.example>\r\nSubject: <b>Soldes\r\n"
                b"Content-Type: text/html; charset=utf-8\r\n\r\n<script>1</script>\xc3\xa9t\xc3\xa9\r\n")
    )  # fmt: skip
    pages = MailboxesPage(server)
    port = await pages.start("127.0.0.1", 0)

    async def get(line: str, language: str = "fr") -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"{line} HTTP/1.1\r\nAccept-Language: {language}\r\n\r\n".encode())
        answer = (await reader.read()).decode()
        writer.close()
        return answer

    html = await get("GET /")
    assert "&lt;b&gt;Soldes" in html
    assert "<script>" not in html
    assert 'sandbox=""' in html
    assert "été" in html
    assert "Simulated mailboxes" in await get("GET /", "en")
    assert (await get("GET /etc/passwd")).startswith("HTTP/1.1 404")
    assert (await get("POST /")).startswith("HTTP/1.1 405")
    await pages.stop()


def test_an_empty_page_says_what_will_come():
    assert "Aucun e-mail pour l’instant" in page([])


async def test_what_was_taken_is_written_down_and_what_comes_back_is_posted_until_it_is_taken(
    hook, tmp_path, monkeypatch
):
    monkeypatch.setattr("sofy.sandbox.email_smtp.server._AGAIN_AFTER_S", (0.05,) * 200)
    told = tmp_path / "hook.json"
    told.write_text(json.dumps({"url": "http://127.0.0.1:9/hooks", "secret": "s"}))
    profile = Profile(returns_after_s=0)
    server = SimulatedMailServer(EmailSandboxConfig(hook_file=told, log=tmp_path / "log", profile=profile))
    await server.start()

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", server.port) as client:
            client.sendmail("back@lefour.example", ["bounce@example.org"], b"Subject: Samedi\r\n\r\nBonjour\r\n")

    await asyncio.to_thread(send)
    async with asyncio.timeout(10):
        while not server.stats["returned_unanswered"]:
            await asyncio.sleep(0.01)
        told.write_text(json.dumps({"url": f"http://127.0.0.1:{hook.port}/hooks", "secret": "s"}))
        while not server.stats["returned"]:
            await asyncio.sleep(0.01)
    await server.stop()

    assert (tmp_path / "log").read_text() == "bounce@example.org back@lefour.example\n"
    assert [post.headers["content-type"] for post in hook.posts] == ["message/rfc822"]
