"""The client against a scripted server, and against servers nobody here wrote."""

import asyncio
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from aiosmtpd.controller import Controller
from hypothesis import given
from hypothesis import strategies as st

from sofy.wire.email.smtp import ClientSession, Login, Malformed, Reply, ReplyReader, Sent, SetupFailed
from sofy.wire.email.tests.factories import Desk, Server

TEXT = b"Subject: x\r\n\r\n.hidden\r\n..\r\nbye\r\n"


async def connect(desk: Desk, port: int, timeout_s: float = 5.0, login: Login | None = None) -> ClientSession:
    _, session = await asyncio.get_running_loop().create_connection(
        lambda: ClientSession(desk, response_timeout_s=timeout_s), "127.0.0.1", port
    )
    await session.open("client.example", tls=None, tls_name="", login=login)
    return session


def sent(token: object, recipient: str = "anna@example.org") -> Sent:
    return Sent(token, "b-x@retours.example", recipient, TEXT)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    made.port = await made.start()
    yield made
    await made.stop()


async def test_mails_go_out_in_order_and_one_envelope_ahead(server):
    desk = Desk()
    session = await connect(desk, server.port)

    for token in range(5):
        await desk.until(lambda: session.room() > 0)
        session.submit(sent(token))
    await desk.until(lambda: len(desk.answers) == 5)
    await session.quit(1.0)

    assert [answer[:2] for answer in desk.answers] == [(n, 250) for n in range(5)]
    assert server.mails == [TEXT] * 5
    assert server.commands[-1] == "QUIT"
    assert f"SIZE={len(TEXT)}" in server.commands[1]


async def test_a_refused_recipient_leaves_the_next_mail_alone(server):
    desk = Desk()
    server.answers["RCPT TO:<nobody@example.org>"] = "550 5.1.1 no such user"
    server.answers["RCPT TO:<grey@example.org>"] = "451 4.7.1 come back"
    session = await connect(desk, server.port)

    for token, to in enumerate(["nobody@example.org", "anna@example.org", "grey@example.org", "anna@example.org"]):
        await desk.until(lambda: session.room() > 0)
        session.submit(sent(token, to))
    await desk.until(lambda: len(desk.answers) == 4)
    await session.quit(1.0)

    assert sorted(desk.answers) == [(0, 550, "5.1.1"), (1, 250, "2.0.0"), (2, 451, "4.7.1"), (3, 250, "2.0.0")]
    assert [mail for mail in server.mails if mail] == [TEXT, TEXT]
    assert server.commands.count("RSET") == 2


async def test_without_pipelining_each_command_waits_for_its_answer():
    desk, server = Desk(), Server(features=("HELP",))
    server.answers["RCPT TO:<nobody@example.org>"] = "550 no such user"
    session = await connect(desk, await server.start())

    session.submit(sent(1, "nobody@example.org"))
    await desk.until(lambda: session.room() > 0)
    session.submit(sent(2))
    await desk.until(lambda: len(desk.answers) == 2)
    await session.quit(1.0)
    await server.stop()

    assert desk.answers == [(1, 550, ""), (2, 250, "2.0.0")]
    assert server.commands[1:4] == ["MAIL FROM:<b-x@retours.example>", "RCPT TO:<nobody@example.org>", "RSET"]


@pytest.mark.parametrize("code", [500, 502])
async def test_a_server_that_knows_helo_only_is_spoken_to_without_extensions(server, code):
    desk = Desk()
    server.answers["EHLO client.example"] = f"{code} 5.5.1 what"

    session = await connect(desk, server.port)
    session.submit(sent(0))
    session.submit(sent(1))
    await desk.until(lambda: len(desk.answers) == 2)
    await session.quit(1.0)

    assert server.commands[:3] == ["EHLO client.example", "HELO client.example", "MAIL FROM:<b-x@retours.example>"]
    assert server.mails == [TEXT] * 2


@pytest.mark.parametrize(("when", "doubtful"), [("TEXT", True), ("RCPT", False), ("MAIL", False)])
async def test_a_lost_connection_is_doubtful_only_after_the_text(server, when, doubtful):
    desk = Desk()
    server.hang_up_on = when
    session = await connect(desk, server.port)

    session.submit(sent("a"))
    await desk.until(lambda: bool(desk.unsent or desk.doubtful))
    await session.closed

    assert (desk.doubtful, desk.unsent) == ((["a"], []) if doubtful else ([], ["a"]))


async def test_silence_ends_the_connection_and_is_doubtful(server):
    desk = Desk()
    server.answers["TEXT"] = "silence"
    session = await connect(desk, server.port, timeout_s=0.2)

    session.submit(sent("a"))

    assert await session.closed == "no answer in time"
    assert desk.doubtful == ["a"]


@pytest.mark.parametrize(
    ("_case", "features", "answers", "login"),
    [
        ("no log-in offered", ("PIPELINING",), {}, Login("u", "p")),
        ("wrong password", ("AUTH PLAIN LOGIN",), {"AUTH": "535 5.7.8 no"}, Login("u", "p")),
        ("wrong in two steps", ("AUTH LOGIN",), {"AUTH": "334 x", "dQ==": "334 y", "cA==": "535 no"}, Login("u", "p")),
    ],
)
async def test_a_server_that_will_not_have_us(_case, features, answers, login):
    desk, server = Desk(), Server(features=features)
    server.answers |= answers
    port = await server.start()

    with pytest.raises(SetupFailed):
        await connect(desk, port, login=login)
    await server.stop()


@pytest.mark.parametrize(
    ("features", "answers"),
    [
        (("AUTH PLAIN",), {"AUTH": "235 2.7.0 in"}),
        (("AUTH LOGIN",), {"AUTH": "334 x", "dQ==": "334 y", "cA==": "235 in"}),
    ],
)
async def test_logging_in(features, answers):
    desk, server = Desk(), Server(features=features)
    server.answers |= answers
    session = await connect(desk, await server.start(), login=Login("u", "p"))

    assert session.ready
    await session.quit(1.0)
    await server.stop()


async def test_a_server_that_offers_no_tls_is_not_used_when_tls_is_wanted(server):
    import ssl

    _, session = await asyncio.get_running_loop().create_connection(
        lambda: ClientSession(Desk(), response_timeout_s=1.0), "127.0.0.1", server.port
    )

    with pytest.raises(SetupFailed, match="STARTTLS"):
        await session.open("c.example", tls=ssl.create_default_context(), tls_name="x", login=None)
    session.abort("over")
    await session.closed


def test_answers_are_put_together_from_any_pieces():
    reader, got = ReplyReader(), []
    for byte in b"250-a\r\n250 b\r\n550-5.1.1 No\r\n550 5.1.1 such user\n354\r\n":
        got += reader.feed(bytes([byte]))

    assert got == [Reply(250, "", "a\nb"), Reply(550, "5.1.1", "No\nsuch user"), Reply(354, "", "")]


@given(st.lists(st.binary(max_size=60) | st.sampled_from([b"250 ok\r\n", b"250-", b"\r\n", b"2.0.0 ", b"\xff"])))
def test_whatever_a_server_says_is_read_or_malformed(pieces):
    reader = ReplyReader()
    with suppress(Malformed):
        for piece in pieces:
            for reply in reader.feed(piece):
                assert 0 <= reply.code <= 999


class _Kept:
    def __init__(self) -> None:
        self.mails: list[tuple[str, bytes]] = []

    async def handle_DATA(self, server, session, envelope) -> str:
        self.mails.append((envelope.mail_from, envelope.content))
        return "250 2.0.0 kept"


async def test_aiosmtpd_takes_our_mails():
    kept, desk = _Kept(), Desk()
    controller = Controller(kept, hostname="127.0.0.1", port=_free_port())
    controller.start()
    try:
        session = await connect(desk, controller.port)
        for token in range(3):
            await desk.until(lambda: session.room() > 0)
            session.submit(sent(token))
        await desk.until(lambda: len(desk.answers) == 3)
        await session.quit(1.0)
    finally:
        controller.stop(no_assert=True)

    assert kept.mails == [("b-x@retours.example", TEXT)] * 3


@pytest.mark.skipif(shutil.which("smtp-sink") is None and sys.platform == "linux", reason="Postfix is not installed")
async def test_postfix_smtp_sink_takes_our_mails():
    desk, port = Desk(), _free_port()
    command = ["smtp-sink", *(["-u", "nobody"] if _is_root() else []), "-c", f"127.0.0.1:{port}", "10"]
    sink = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    try:
        session = await _patiently(desk, port)
        for token in range(20):
            await desk.until(lambda: session.room() > 0)
            session.submit(sent(token))
        await desk.until(lambda: len(desk.answers) == 20)
        await session.quit(1.0)
    finally:
        sink.terminate()
        await sink.wait()

    assert {answer[1] for answer in desk.answers} == {250}


async def _patiently(desk: Desk, port: int) -> ClientSession:
    for _ in range(50):
        with suppress(OSError):
            return await connect(desk, port)
        await asyncio.sleep(0.1)
    raise AssertionError("smtp-sink does not listen")


def _is_root() -> bool:
    import os

    return os.geteuid() == 0


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
