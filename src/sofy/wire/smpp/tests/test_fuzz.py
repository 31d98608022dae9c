"""Whatever bytes come, a session ends in order: no exception, no hang, bounded memory."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sofy.wire.smpp.codes import Command, Status
from sofy.wire.smpp.layouts import LAYOUTS
from sofy.wire.smpp.pdu import HEADER, Pdu, PduReader, Sm, encode, encode_sm, frame
from sofy.wire.smpp.peer import Peer
from sofy.wire.smpp.server import ServerSession, ServerSettings
from sofy.wire.smpp.session import BindKind, ClientSession, SessionSettings
from sofy.wire.smpp.tests.factories import Wire
from sofy.wire.smpp.tests.test_session import Desk, Ears

octets = st.binary(max_size=60)
commands = st.sampled_from([*sorted(LAYOUTS), 0x777, 0x80000777, 0])
framed = st.builds(frame, commands, st.integers(0, 0xFFFFFFFF), st.sampled_from([0, 0x58, 0xFFFF]), octets)
lying = st.builds(
    lambda length, command, body: HEADER.pack(length, command, 0, 1) + body, st.integers(0, 200), commands, octets
)
sound = st.sampled_from(
    [
        encode_sm(Command.DELIVER_SM, 3, Sm("36105", b"STOP", "33639980001")),
        encode_sm(Command.SUBMIT_SM, 3, Sm("33639980001", b"Bonjour", "SOFY")),
        encode(Pdu(Command.BIND_TRANSCEIVER, 1, 0, {"system_id": "sofy", "password": "secret"})),
        frame(Command.UNBIND, 5),
    ]
)
streams = st.lists(framed | lying | sound | octets, max_size=8).map(b"".join)


def _client() -> ClientSession:
    session = ClientSession(SessionSettings(system_id="sofy", password="secret", enquire_link_s=0), Ears())
    session.bound = True
    return session


def _server() -> ServerSession:
    session = ServerSession(ServerSettings(enquire_link_s=0), Desk())
    session.kind = BindKind.TRANSCEIVER
    return session


@pytest.mark.parametrize("make", [_client, _server])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stream=streams, cut=st.integers(1, 80))
def test_any_stream(make: Any, stream: bytes, cut: int) -> None:
    async def converse() -> None:
        session: Peer = make()
        wire = Wire()
        session.connection_made(wire)
        for at in range(0, len(stream), cut):
            if not wire.closed:
                session.data_received(stream[at : at + cut])
        await asyncio.sleep(0)
        if isinstance(session, ClientSession) and session.transport is not None:
            session.submit([(9, "token", frame(Command.SUBMIT_SM, 9))])
        session.connection_lost(None)

        said = PduReader()
        said.feed(wire.written)
        assert said.error is None
        if session._reader.error is not None:
            assert wire.closed
            assert int(Command.GENERIC_NACK).to_bytes(4, "big") in wire.written

    asyncio.run(converse())


async def test_a_peer_that_does_not_read_is_dropped() -> None:
    session = _server()
    wire = Wire()
    session.connection_made(wire)
    wire.unsent = 17 * 1024 * 1024

    session.data_received(frame(Command.ENQUIRE_LINK, 1))
    await asyncio.sleep(0)

    assert wire.closed
    assert session.reason == "the other end does not read"
    session.connection_lost(None)


async def test_a_login_that_takes_its_time_holds_what_follows() -> None:
    session = ServerSession(ServerSettings(enquire_link_s=0), desk := Desk())
    wire = Wire()
    session.connection_made(wire)
    bind = encode(Pdu(Command.BIND_TRANSCEIVER, 1, 0, {"system_id": "sofy", "password": "secret"}))

    session.data_received(bind + encode_sm(Command.SUBMIT_SM, 2, Sm("33639980001", b"x")))
    assert desk.submits == []
    await asyncio.sleep(0.01)

    assert len(desk.submits) == 1
    answers = PduReader().feed(wire.written)
    assert [(command, status) for command, status, _, _ in answers] == [
        (Command.BIND_TRANSCEIVER_RESP, Status.ROK),
        (Command.SUBMIT_SM_RESP, Status.ROK),
    ]
    session.connection_lost(None)
