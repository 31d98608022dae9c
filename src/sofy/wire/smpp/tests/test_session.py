"""Both ends of a session, against each other and against peers that misbehave."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import pytest

from sofy.wire.smpp.codes import Command, Status, Tag
from sofy.wire.smpp.pdu import HEADER, Pdu, PduReader, Sm, SubmitTemplate, decode, encode, encode_sm, frame
from sofy.wire.smpp.peer import Peer
from sofy.wire.smpp.server import Delivered, ServerSession, ServerSettings, Submission
from sofy.wire.smpp.session import Answer, BindKind, BindRefused, ClientSession, Delivery, SessionSettings
from sofy.wire.smpp.tests.factories import Wire, hang_up, true

TEMPLATE = SubmitTemplate(Sm("", source="SOFY", source_ton=5, registered_delivery=1))


class Ears:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.deliveries: list[Delivery] = []
        self.unknown: list[tuple[Any, str]] = []
        self.something = asyncio.Event()

    def on_answers(self, session: ClientSession, answers: list[Answer]) -> None:
        self.answers += answers
        self.something.set()

    def on_deliveries(self, session: ClientSession, deliveries: list[Delivery]) -> None:
        self.deliveries += deliveries
        self.something.set()

    def on_unknown(self, session: ClientSession, tokens: list[Any], reason: str) -> None:
        self.unknown += [(token, reason) for token in tokens]
        self.something.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                self.something.clear()
                await self.something.wait()


class Desk:
    """An operator that accepts everything at once, unless told otherwise."""

    def __init__(self) -> None:
        self.sessions: list[ServerSession] = []
        self.submits: list[Sm] = []
        self.delivered: list[Delivered] = []
        self.lost: list[Any] = []
        self.silent = False
        self.status = Status.ROK

    async def authenticate(self, session: ServerSession, system_id: str, password: str) -> Status:
        await asyncio.sleep(0)
        self.sessions.append(session)
        return Status.ROK if password == "secret" else Status.RINVPASWD

    def on_submits(self, session: ServerSession, submissions: list[Submission]) -> None:
        for sequence, sm in submissions:
            self.submits.append(sm)
            if not self.silent:
                session.answer(sequence, self.status, f"id{len(self.submits)}")

    def on_delivered(self, session: ServerSession, delivered: list[Delivered]) -> None:
        self.delivered += delivered

    def on_request(self, session: ServerSession, request: Pdu) -> Pdu | None:
        if request.command != Command.QUERY_SM:
            return None
        fields = {"message_id": request.fields["message_id"], "final_date": "", "message_state": 2, "error_code": 0}
        return Pdu(Command.QUERY_SM_RESP, request.sequence, 0, fields)

    def on_lost(self, session: ServerSession, undelivered: list[Any]) -> None:
        self.lost += undelivered


class Pair:
    """A listening desk, and clients that connect to it."""

    def __init__(self, desk: Desk, port: int, ends: list[Peer]) -> None:
        self.desk = desk
        self.port = port
        self.ears = Ears()
        self._ends = ends

    async def client(self, **settings: Any) -> ClientSession:
        options = {"system_id": "sofy", "password": "secret", "window": 10, "response_timeout_s": 5.0, **settings}
        loop = asyncio.get_running_loop()
        _, session = await loop.create_connection(
            lambda: ClientSession(SessionSettings(**options), self.ears), "127.0.0.1", self.port
        )
        self._ends.append(session)
        return session

    async def bound(self, **settings: Any) -> ClientSession:
        session = await self.client(**settings)
        await session.bind()
        return session


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    desk = Desk()
    ends: list[Peer] = []

    def accept() -> ServerSession:
        session = ServerSession(ServerSettings(enquire_link_s=0), desk)
        ends.append(session)
        return session

    server = await asyncio.get_running_loop().create_server(accept, "127.0.0.1", 0)
    yield Pair(desk, server.sockets[0].getsockname()[1], ends)
    await hang_up(server, ends)


def submit(session: ClientSession, *tokens: Any) -> None:
    batch = []
    for token in tokens:
        sequence = session.next_sequence()
        batch.append((sequence, token, TEMPLATE.encode(sequence, b"33639980001", str(token).encode())))
    session.submit(batch)


async def test_submits_are_answered_with_their_tokens(pair: Pair) -> None:
    session = await pair.bound()

    submit(session, "a", "b", "c")
    await pair.ears.until(lambda: len(pair.ears.answers) == 3)

    assert pair.ears.answers == [("a", 0, "id1"), ("b", 0, "id2"), ("c", 0, "id3")]
    assert [sm.short_message for sm in pair.desk.submits] == [b"a", b"b", b"c"]
    assert session.room() == 10
    await session.unbind()


async def test_window_is_what_is_not_answered(pair: Pair) -> None:
    pair.desk.silent = True
    session = await pair.bound(window=3)

    submit(session, 1, 2)

    assert session.room() == 1
    assert session.in_flight == 2


async def test_a_wrong_password_is_said(pair: Pair) -> None:
    session = await pair.client(password="wrong")

    with pytest.raises(BindRefused) as refused:
        await session.bind()

    assert refused.value.status == Status.RINVPASWD


async def test_no_answer_in_time_is_unknown_and_a_late_answer_still_counts(pair: Pair) -> None:
    pair.desk.silent = True
    session = await pair.bound(response_timeout_s=0.2)

    submit(session, "late")
    await pair.ears.until(lambda: bool(pair.ears.unknown))
    await true(lambda: session.room() == 1)
    pair.desk.sessions[0].answer(2, 0, "after")
    await pair.ears.until(lambda: bool(pair.ears.answers))

    assert pair.ears.unknown == [("late", "no answer in time")]
    assert pair.ears.answers == [("late", 0, "after")]
    assert session.room() == 10


async def test_a_link_that_answers_everything_but_submits_ends_with_its_first_window(pair: Pair) -> None:
    pair.desk.silent = True
    session = await pair.bound(window=3, response_timeout_s=0.2)
    sent = 0

    async with asyncio.timeout(10):
        while not session.closed.done():
            for _ in range(session.room()):
                submit(session, sent)
                sent += 1
            await asyncio.sleep(0.01)

    assert session.closed.result() == "submits are not answered"
    assert sent == len(pair.ears.unknown) == 3


async def test_after_silence_one_submit_goes_alone_until_it_is_answered(pair: Pair) -> None:
    pair.desk.silent = True
    session = await pair.bound(response_timeout_s=0.2)

    submit(session, "silent")
    await true(lambda: session.room() == 1)
    pair.desk.silent = False
    submit(session, "alone")
    meanwhile = session.room()
    await pair.ears.until(lambda: bool(pair.ears.answers))

    assert meanwhile == 0
    assert session.room() == 10


async def test_a_link_gone_silent_takes_no_second_window_until_it_is_heard_again(pair: Pair) -> None:
    session = await pair.bound(response_timeout_s=0.2)
    server = pair.desk.sessions[0]

    server.hold_reading(True)  # half-open: connected, and nobody there
    submit(session, *range(10))
    await pair.ears.until(lambda: len(pair.ears.unknown) == 10)
    while_silent = session.room()
    pair.ears.something.clear()
    server.hold_reading(False)
    await pair.ears.something.wait()  # told, so that whoever waits for room looks again
    await true(lambda: session.room() == 10)

    assert while_silent == 0
    assert not session.closed.done()


async def test_a_lost_connection_makes_the_unanswered_unknown(pair: Pair) -> None:
    pair.desk.silent = True
    session = await pair.bound()

    submit(session, 1, 2)
    await true(lambda: len(pair.desk.submits) == 2)
    pair.desk.sessions[0].abort("cut")
    await session.closed

    assert [token for token, _ in pair.ears.unknown] == [1, 2]
    assert session.room() == 0


async def test_a_delivery_waits_for_its_acknowledgement(pair: Pair) -> None:
    session = await pair.bound()
    server = pair.desk.sessions[0]

    server.deliver(Sm("SOFY", b"hello"), "token")
    await pair.ears.until(lambda: bool(pair.ears.deliveries))
    await asyncio.sleep(0.05)
    assert pair.desk.delivered == []
    session.acknowledge(pair.ears.deliveries)
    await true(lambda: bool(pair.desk.delivered))

    assert pair.desk.delivered == [("token", 0)]
    assert session.unacknowledged == 0


async def test_what_was_not_acknowledged_comes_back_to_the_server(pair: Pair) -> None:
    session = await pair.bound()

    pair.desk.sessions[0].deliver(Sm("SOFY", b"hello"), "token")
    await pair.ears.until(lambda: bool(pair.ears.deliveries))
    session.abort("crash")
    await true(lambda: bool(pair.desk.lost))

    assert pair.desk.lost == ["token"]


async def test_silence_is_met_with_enquire_link_then_the_end(pair: Pair) -> None:
    session = await pair.bound(enquire_link_s=0.1, enquire_timeout_s=0.1)
    pair.desk.sessions[0].hold_reading(True)  # half-open: connected, and never answering

    async with asyncio.timeout(2):
        reason = await session.closed

    assert reason == "no answer to enquire_link"


async def test_enquire_link_keeps_an_idle_link(pair: Pair) -> None:
    session = await pair.bound(enquire_link_s=0.05, enquire_timeout_s=3.0)

    await true(lambda: session._sequence >= 3)  # the bind, and two enquire_link at least

    assert session.bound


async def test_a_receiver_may_not_submit(pair: Pair) -> None:
    session = await pair.bound(kind=BindKind.RECEIVER)

    assert session.room() == 0
    submit(session, "x")
    await pair.ears.until(lambda: bool(pair.ears.answers))

    assert pair.ears.answers == [("x", Status.RINVBNDSTS, "")]
    assert pair.desk.submits == []


async def test_other_requests_have_their_answer(pair: Pair) -> None:
    session = await pair.bound()

    known = await session.request(Command.QUERY_SM, {"message_id": "id1"})
    unknown = await session.request(Command.CANCEL_SM, {"message_id": "id1"})

    assert known.fields["message_state"] == 2
    assert (unknown.command, unknown.status) == (Command.GENERIC_NACK, Status.RINVCMDID)


async def test_data_sm_is_a_delivery_too(pair: Pair) -> None:
    session = await pair.bound()
    fields: dict[str, Any] = {"source_addr": "33639980001", "destination_addr": "36105", "data_coding": 0}
    raw = encode(Pdu(Command.DATA_SM, 9, 0, fields, {Tag.MESSAGE_PAYLOAD: b"STOP"}))

    pair.desk.sessions[0].send(raw)
    await pair.ears.until(lambda: bool(pair.ears.deliveries))

    _, sm, answer = pair.ears.deliveries[0]
    assert (sm.source, sm.destination, sm.short_message) == ("33639980001", "36105", b"STOP")
    assert answer == Command.DATA_SM_RESP
    session.abort("over")


async def _talk(port: int, *exchanges: tuple[bytes, int], ends: bool = False) -> tuple[list[Pdu], bool]:
    """What a server says to these bytes, each awaiting a number of answers, and whether it then hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    frames = PduReader()
    heard: list[Pdu] = []
    async with asyncio.timeout(10):
        for sent, answers in exchanges:
            writer.write(sent)
            due = len(heard) + answers
            while len(heard) < due:
                data = await reader.read(65536)
                assert data, "hung up too early"
                heard += [decode(raw) for raw in frames.feed(data)]
    try:
        async with asyncio.timeout(5 if ends else 0.1):
            ended = not await reader.read(65536)
    except TimeoutError:
        ended = False
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    return heard, ended


BIND = encode(
    Pdu(Command.BIND_TRANSCEIVER, 1, 0, {"system_id": "sofy", "password": "secret", "interface_version": 0x34})
)


@pytest.mark.parametrize(
    ("_case", "sent", "answer", "ends"),
    [
        ("length too small", HEADER.pack(8, 4, 0, 7), (Command.GENERIC_NACK, Status.RINVCMDLEN), True),
        ("length absurd", HEADER.pack(0x7FFFFFFF, 4, 0, 7), (Command.GENERIC_NACK, Status.RINVCMDLEN), True),
        (
            "fields cut short",
            frame(Command.SUBMIT_SM, 7, 0, b"\0\1\1"),
            (Command.SUBMIT_SM_RESP, Status.RINVCMDLEN),
            False,
        ),
        ("query cut short", frame(Command.QUERY_SM, 7, 0, b"12"), (Command.QUERY_SM_RESP, Status.RINVCMDLEN), False),
        ("unknown command", frame(0x777, 7), (Command.GENERIC_NACK, Status.RINVCMDID), False),
        ("second bind", BIND, (Command.BIND_TRANSCEIVER_RESP, Status.RALYBND), False),
    ],
)
async def test_a_server_meets_bad_frames(_case: str, sent: bytes, answer: Any, ends: bool, pair: Pair) -> None:
    heard, ended = await _talk(pair.port, (BIND, 1), (sent, 1), ends=ends)

    assert (heard[-1].command, heard[-1].status) == answer
    assert ended is ends


async def test_requests_may_follow_the_bind_in_its_segment(pair: Pair) -> None:
    raw = BIND + b"".join(encode_sm(Command.SUBMIT_SM, n, Sm("33639980001", b"x")) for n in (2, 3))

    heard, _ = await _talk(pair.port, (raw, 3))

    assert [pdu.command for pdu in heard] == [Command.BIND_TRANSCEIVER_RESP, *[Command.SUBMIT_SM_RESP] * 2]
    assert len(pair.desk.submits) == 2


async def test_submitting_before_the_bind_is_refused(pair: Pair) -> None:
    heard, _ = await _talk(pair.port, (encode_sm(Command.SUBMIT_SM, 2, Sm("33639980001", b"x")), 1))

    assert [(pdu.command, pdu.status) for pdu in heard] == [(Command.SUBMIT_SM_RESP, Status.RINVBNDSTS)]


async def test_who_does_not_bind_is_shown_out() -> None:
    loop = asyncio.get_running_loop()
    ends: list[Peer] = []

    def accept() -> ServerSession:
        ends.append(session := ServerSession(ServerSettings(bind_timeout_s=0.05), Desk()))
        return session

    server = await loop.create_server(accept, "127.0.0.1", 0)

    _, ended = await _talk(server.sockets[0].getsockname()[1], ends=True)

    assert ended
    await hang_up(server, ends)


async def test_a_client_meets_bad_frames(pair: Pair) -> None:
    session = await pair.bound()

    pair.desk.sessions[0].send(HEADER.pack(3, 5, 0, 9))

    async with asyncio.timeout(2):
        assert await session.closed == "malformed PDU: command_length 3"


async def test_a_client_survives_a_generic_nack_of_its_submit(pair: Pair) -> None:
    pair.desk.silent = True
    session = await pair.bound()

    submit(session, "x")
    pair.desk.sessions[0].send(frame(Command.GENERIC_NACK, 2, Status.RINVCMDLEN))
    await pair.ears.until(lambda: bool(pair.ears.answers))

    assert pair.ears.answers == [("x", Status.RINVCMDLEN, "")]
    assert session.bound


async def test_unbind_waits_for_the_answers_due(pair: Pair) -> None:
    pair.desk.silent = True
    session = await pair.bound()
    submit(session, "x")

    leaving = asyncio.create_task(session.unbind(5.0))
    await asyncio.sleep(0.1)
    pair.desk.sessions[0].answer(2, 0, "id")
    await leaving

    assert pair.ears.answers == [("x", 0, "id")]
    assert pair.ears.unknown == []
    assert session.reason == "unbound"


async def test_frames_of_one_turn_leave_in_one_write() -> None:
    session = ClientSession(SessionSettings(system_id="a", password="b", enquire_link_s=0), Ears())
    wire = Wire()
    session.connection_made(wire)

    submit(session, *range(10))
    await asyncio.sleep(0)

    assert len(wire.writes) == 1
    assert len(PduReader().feed(wire.writes[0])) == 10
    session.connection_lost(None)


def test_sequence_numbers_wrap() -> None:
    async def numbers() -> list[int]:
        session = ClientSession(SessionSettings(system_id="a", password="b"), Ears())
        session._sequence = 0x7FFFFFFE
        return [session.next_sequence(), session.next_sequence()]

    assert asyncio.run(numbers()) == [0x7FFFFFFF, 1]
