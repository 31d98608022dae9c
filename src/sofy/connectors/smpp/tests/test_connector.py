"""The connector against a scripted SMSC: order, pace, journal, acknowledgements, and links that fall."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from sofy.connectors.base import Accepted, Action, NotSent, Refused, Throttled, Unknown
from sofy.connectors.smpp.config import Config
from sofy.connectors.smpp.connector import SmppConnector
from sofy.connectors.smpp.tests.factories import Engine, outgoing
from sofy.connectors.smpp.tests.test_texts import TEXT, parts_of
from sofy.connectors.smpp.texts import segment
from sofy.kernel import clock
from sofy.wire.smpp.codes import ESM_RECEIPT, Status
from sofy.wire.smpp.pdu import Pdu, Sm
from sofy.wire.smpp.server import Delivered, ServerSession, ServerSettings, Submission
from sofy.wire.smpp.tests.factories import hang_up


class Smsc:
    """An SMSC that does what the test says: `script` gives the status of each submit, None for silence."""

    def __init__(self) -> None:
        self.sessions: list[ServerSession] = []
        self.ends: list[ServerSession] = []
        self.got: list[tuple[ServerSession, Sm]] = []
        self.delivered: list[Delivered] = []
        self.script: dict[int, int | None] = {}
        self.late: int = 0
        self.bind_status = Status.ROK
        self.binds = 0

    async def listen(self, context: ssl.SSLContext | None = None) -> None:
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(self._accept, "127.0.0.1", 0, ssl=context)
        self.port = self.server.sockets[0].getsockname()[1]

    def _accept(self) -> ServerSession:
        session = ServerSession(ServerSettings(), self)
        self.ends.append(session)
        return session

    async def close(self) -> None:
        """Stop listening, and leave no socket open."""
        await hang_up(self.server, self.ends)

    @property
    def texts(self) -> list[str]:
        return [sm.short_message.decode() for _, sm in self.got]

    async def authenticate(self, session: ServerSession, system_id: str, password: str) -> Status:
        self.binds += 1
        if self.bind_status == Status.ROK:
            self.sessions.append(session)
        return self.bind_status

    def on_submits(self, session: ServerSession, submissions: list[Submission]) -> None:
        for sequence, sm in submissions:
            self.got.append((session, sm))
            status = None if self.late else self.script.pop(len(self.got), 0)
            self.last = session, sequence
            if status is not None:
                session.answer(sequence, status, f"00{len(self.got):X}")

    def answer_late(self) -> None:
        """What the last submit gets after all."""
        session, sequence = self.last
        session.answer(sequence, self.late)

    def on_delivered(self, session: ServerSession, delivered: list[Delivered]) -> None:
        self.delivered += delivered

    def on_request(self, session: ServerSession, request: Pdu) -> Pdu | None:
        return None

    def on_lost(self, session: ServerSession, undelivered: list[Any]) -> None:
        if session in self.sessions:
            self.sessions.remove(session)


class Route:
    """A connector between an engine and an SMSC."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.smsc = Smsc()
        self.connector: SmppConnector

    async def up(self, **changes: Any) -> SmppConnector:
        settings: dict[str, Any] = {"window": 10, "reconnect_s": 0.05, "response_timeout_s": 1.0, **changes}
        config = Config(host="127.0.0.1", port=self.smsc.port, system_id="sofy", password="secret", **settings)
        self.connector = SmppConnector(config, self.engine)
        await self.connector.start()
        binds = len(config.bind_kinds())
        await self.engine.until(lambda: self.connector.health().binds_up == binds)
        return self.connector


@pytest.fixture
async def route() -> AsyncIterator[Route]:
    made = Route()
    await made.smsc.listen()
    yield made
    await made.connector.stop(0.2)
    await made.smsc.close()


async def test_messages_leave_in_order_and_are_accounted_for(route: Route) -> None:
    connector = await route.up()
    messages = [outgoing(text=str(n)) for n in range(50)]

    connector.submit(messages)
    await route.engine.until(lambda: len(route.engine.outcomes) == 50)

    assert route.smsc.texts == [str(n) for n in range(50)]
    assert [one.message_id for one in route.engine.outcomes] == [message.message_id for message in messages]
    assert route.engine.outcomes[0].outcome == Accepted("1")
    assert [record.message_id for record in route.engine.journal] == [message.message_id for message in messages]


async def test_nothing_leaves_that_the_journal_does_not_hold(route: Route) -> None:
    connector = await route.up()
    route.engine.journal_works = False

    connector.submit([outgoing(text=str(n)) for n in range(5)])
    await asyncio.sleep(0.3)
    assert route.smsc.got == []
    assert connector.health().queued == 5
    assert connector.capacity() == 0
    route.engine.journal_works = True
    await route.engine.until(lambda: len(route.engine.outcomes) == 5)

    assert route.smsc.texts == ["0", "1", "2", "3", "4"]


async def test_throttled_messages_go_first_in_their_order(route: Route) -> None:
    connector = await route.up(window=3)
    route.smsc.script = {1: Status.RTHROTTLED, 2: Status.RMSGQFUL, 3: Status.RTHROTTLED}

    connector.submit([outgoing(text=str(n)) for n in range(6)])
    await route.engine.until(lambda: len(route.engine.of(Accepted)) == 6)

    assert route.smsc.texts == ["0", "1", "2", "0", "1", "2", "3", "4", "5"]
    assert [one.outcome for one in route.engine.of(Throttled)] == [
        Throttled("0x58"),
        Throttled("0x14"),
        Throttled("0x58"),
    ]


async def test_what_the_engine_does_not_know_is_dropped_and_the_rest_leaves(route: Route) -> None:
    connector = await route.up()
    messages = [outgoing(text=str(n)) for n in range(3)]
    route.engine.forgotten = {messages[1].message_id}

    connector.submit(messages)
    await route.engine.until(lambda: len(route.engine.of(Accepted)) == 2)

    assert route.smsc.texts == ["0", "2"]
    assert connector.health().queued == 0


async def test_not_now_after_silence_writes_nothing_again(route: Route) -> None:
    connector = await route.up(response_timeout_s=0.2)
    route.smsc.late = Status.RTHROTTLED
    connector.submit([outgoing()])
    await route.engine.until(lambda: bool(route.engine.of(Unknown)))

    route.smsc.answer_late()
    await route.engine.until(lambda: bool(route.engine.of(Refused)))

    assert route.engine.of(Refused)[0].outcome == Refused("0x58", Action.SLOW_LINK)
    assert connector.health().queued == 0
    assert len(route.smsc.got) == 1


async def test_what_waits_whole_can_be_withdrawn(route: Route) -> None:
    connector = await route.up(window=2)
    route.smsc.script = {1: None, 2: None}
    begun, waiting, kept = outgoing(text="x" * 400, parts=3), outgoing(text="waiting"), outgoing(text="kept")
    connector.submit([begun, waiting, kept])
    await route.engine.until(lambda: len(route.smsc.got) == 2)

    gone = connector.withdraw([begun.message_id, waiting.message_id, outgoing().message_id])
    await route.engine.until(lambda: len(route.smsc.got) == 4)

    assert gone == [waiting.message_id]
    assert route.smsc.texts[-1] == "kept"
    await route.engine.until(lambda: len(route.engine.of(Accepted)) == 2)
    assert waiting.message_id not in {one.message_id for one in route.engine.outcomes}


async def test_what_was_throttled_can_be_withdrawn(route: Route, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sofy.connectors.pacing._FIRST_PAUSE_S", 0.5)
    connector = await route.up(window=1)
    route.smsc.script = {1: Status.RTHROTTLED}
    first, second = outgoing(text="first"), outgoing(text="second")
    connector.submit([first, second])
    await route.engine.until(lambda: bool(route.engine.of(Throttled)))

    gone = connector.withdraw([first.message_id])
    await route.engine.until(lambda: bool(route.engine.of(Accepted)))

    assert gone == [first.message_id]
    assert route.smsc.texts == ["first", "second"]


async def test_throttling_pauses_the_whole_route(route: Route, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sofy.connectors.pacing._FIRST_PAUSE_S", 1.0)
    connector = await route.up(window=1, binds=2)
    route.smsc.script = {1: Status.RTHROTTLED}

    connector.submit([outgoing(text=str(n)) for n in range(4)])
    await route.engine.until(lambda: bool(route.engine.of(Throttled)))
    await asyncio.sleep(0.03)

    assert connector.health().paused
    assert connector.capacity() == 0
    assert len(route.smsc.got) <= 3
    await route.engine.until(lambda: len(route.engine.of(Accepted)) == 4)


async def test_a_route_that_throttles_for_ever_gives_up(route: Route) -> None:
    connector = await route.up(throttle_retries=2)
    route.smsc.script = dict.fromkeys(range(1, 20), Status.RTHROTTLED)

    connector.submit([outgoing()])
    await route.engine.until(lambda: bool(route.engine.of(Refused)))

    assert route.engine.of(Refused)[0].outcome == Refused("0x58", Action.OTHER_ROUTE)
    assert len(route.smsc.got) == 3


async def test_a_refusal_says_what_to_do(route: Route) -> None:
    connector = await route.up(submit_errors={"0x450": Action.SUPPRESS})
    route.smsc.script = {1: Status.RINVDSTADR, 2: 0x450}

    connector.submit([outgoing(), outgoing()])
    await route.engine.until(lambda: len(route.engine.outcomes) == 2)

    assert [one.outcome for one in route.engine.outcomes] == [
        Refused("0x0b", Action.SUPPRESS),
        Refused("0x450", Action.SUPPRESS),
    ]


async def test_what_cannot_be_encoded_is_refused_and_the_others_leave(route: Route) -> None:
    connector = await route.up()

    connector.submit([outgoing(sender="Ση"), outgoing(text="fine")])
    await route.engine.until(lambda: len(route.engine.outcomes) == 2)

    assert route.engine.outcomes[0].outcome == Refused("unencodable", Action.PERMANENT)
    assert route.smsc.texts == ["fine"]


async def test_silence_and_a_cut_link_are_unknown(route: Route) -> None:
    connector = await route.up(response_timeout_s=0.2)
    route.smsc.script = {1: None, 2: None}

    connector.submit([outgoing()])
    await route.engine.until(lambda: len(route.engine.outcomes) == 1)
    connector.submit([outgoing()])
    await route.engine.until(lambda: len(route.smsc.got) == 2)
    route.smsc.sessions[0].abort("cut")
    await route.engine.until(lambda: len(route.engine.outcomes) == 2)

    assert [one.outcome for one in route.engine.outcomes] == [Unknown("no answer in time"), Unknown("connection lost")]


async def test_a_cut_link_comes_back_and_the_rest_leaves(route: Route) -> None:
    connector = await route.up(window=2)
    route.smsc.script = {3: None, 4: None}

    connector.submit([outgoing(text=str(n)) for n in range(10)])
    await route.engine.until(lambda: len(route.smsc.got) == 4)
    route.smsc.sessions[0].abort("cut")
    await route.engine.until(lambda: len(route.engine.outcomes) == 10)

    assert route.smsc.texts == [str(n) for n in range(10)]
    assert len(route.engine.of(Unknown)) == 2
    assert route.smsc.binds == 2


async def test_a_link_that_carried_messages_comes_back_soon(route: Route) -> None:
    connector = await route.up(reconnect_s=0.05, reconnect_max_s=60.0)

    for n in range(1, 9):
        connector.submit([outgoing()])
        await route.engine.until(partial(_all_accepted, route, n))
        route.smsc.sessions[-1].abort("cut")
        await route.engine.until(partial(_bound_again, route, n), seconds=3.0)

    assert route.smsc.binds == 9


def _all_accepted(route: Route, n: int) -> bool:
    return len(route.engine.of(Accepted)) == n


def _bound_again(route: Route, n: int) -> bool:
    return route.smsc.binds == n + 1 and route.connector.health().binds_up == 1


async def test_a_refused_bind_is_tried_again(route: Route) -> None:
    route.smsc.bind_status = Status.RINVPASWD
    config = Config(host="127.0.0.1", port=route.smsc.port, system_id="sofy", password="x", reconnect_s=0.02)
    route.connector = SmppConnector(config, route.engine)

    await route.connector.start()
    await route.engine.until(lambda: route.smsc.binds >= 2)

    assert route.connector.health().last_error == "bind refused with status 0x0e"
    assert route.connector.capacity() == 0
    route.smsc.bind_status = Status.ROK
    await route.engine.until(lambda: route.connector.health().binds_up == 1)


@pytest.mark.clause("CGVU 14.1")
async def test_what_waited_past_its_validity_is_given_back(route: Route) -> None:
    now = datetime(2026, 11, 24, 18, 59, 59, tzinfo=UTC)
    clock.install(lambda: now)
    connector = await route.up(window=1)
    route.smsc.script = {1: None}

    connector.submit([outgoing(text=str(n), validity_until=now + timedelta(seconds=1)) for n in range(3)])
    await route.engine.until(lambda: len(route.smsc.got) == 1)
    clock.install(lambda: now + timedelta(seconds=1))
    await route.engine.until(lambda: len(route.engine.outcomes) == 3)

    assert [one.outcome for one in route.engine.of(NotSent)] == [NotSent("too_late")] * 2
    assert route.smsc.texts == ["0"]


async def test_stopping_gives_back_what_never_left(route: Route) -> None:
    connector = await route.up(window=2)
    route.smsc.script = {1: None, 2: None}

    connector.submit([outgoing(text=str(n)) for n in range(5)])
    await route.engine.until(lambda: len(route.smsc.got) == 2)
    await connector.stop(0.1)

    assert [one.outcome for one in route.engine.of(NotSent)] == [NotSent("stopping")] * 3
    assert len(route.engine.of(Unknown)) == 2


async def test_parts_of_one_message_keep_to_one_bind(route: Route) -> None:
    connector = await route.up(binds=3, window=4)

    connector.submit([outgoing(text="a" * 400) for _ in range(20)])
    await route.engine.until(lambda: len(route.engine.outcomes) == 60)

    sessions: dict[int, set[ServerSession]] = {}
    for session, sm in route.smsc.got:
        sessions.setdefault(segment(sm).reference, set()).add(session)
    assert {one.of for one in route.engine.outcomes} == {3}
    assert sum(len(used) > 1 for used in sessions.values()) <= 6  # only where a window was full
    assert len({session for used in sessions.values() for session in used}) == 3


async def test_capacity_is_two_windows_then_what_is_left(route: Route) -> None:
    connector = await route.up(window=10)
    route.smsc.script = dict.fromkeys(range(1, 11))

    assert connector.capacity() == 20
    connector.submit([outgoing() for _ in range(20)])
    await route.engine.until(lambda: len(route.smsc.got) == 10)

    assert connector.capacity() == 10


async def test_an_alert_leaves_before_the_marketing_that_waits(route: Route) -> None:
    connector = await route.up(window=1)
    route.smsc.script = {1: None}
    connector.submit([outgoing(text=f"promotion {n}") for n in range(3)])
    await route.engine.until(lambda: len(route.smsc.got) == 1)

    connector.submit([outgoing(text=f"code {n}", purpose="alert") for n in range(2)])
    session, sequence = route.smsc.last
    session.answer(sequence, 0, "001")
    await route.engine.until(lambda: len(route.engine.of(Accepted)) == 5)

    assert route.smsc.texts == ["promotion 0", "code 0", "code 1", "promotion 1", "promotion 2"]


async def test_marketing_that_fills_a_route_leaves_room_for_alerts(route: Route) -> None:
    connector = await route.up(window=10)
    route.smsc.script = dict.fromkeys(range(1, 11))

    connector.submit([outgoing() for _ in range(30)])
    await route.engine.until(lambda: len(route.smsc.got) == 10)

    assert connector.capacity_for("marketing") == connector.capacity() == 0
    assert connector.capacity_for("alert") == 20


async def test_a_throttled_alert_leaves_before_throttled_marketing(route: Route) -> None:
    connector = await route.up(window=2)
    route.smsc.script = {1: Status.RTHROTTLED, 2: Status.RTHROTTLED}

    connector.submit([outgoing(text="promotion"), outgoing(text="code", purpose="alert")])
    await route.engine.until(lambda: len(route.engine.of(Accepted)) == 2)

    assert route.smsc.texts[2:] == ["code", "promotion"]


async def test_a_rate_is_kept(route: Route) -> None:
    connector = await route.up(window=100, rate_per_s=100)

    began = asyncio.get_running_loop().time()
    connector.submit([outgoing() for _ in range(50)])
    await route.engine.until(lambda: len(route.smsc.got) == 50)

    assert asyncio.get_running_loop().time() - began >= 0.4


RECEIPT = b"id:%s sub:001 dlvrd:001 submit date:2611241430 done date:2611241431 stat:DELIVRD err:000 text:"


async def test_a_receipt_is_acknowledged_once_it_is_safe(route: Route) -> None:
    await route.up()
    route.engine.may_commit.clear()

    route.smsc.sessions[0].deliver(Sm("SOFY", RECEIPT % b"4f2a", "33639980001", esm_class=ESM_RECEIPT), "r")
    await asyncio.sleep(0.1)
    assert route.smsc.delivered == []
    route.engine.may_commit.set()
    await route.engine.until(lambda: bool(route.smsc.delivered))

    assert route.smsc.delivered == [("r", Status.ROK)]
    assert route.engine.receipts[0].status == "delivered"
    assert route.engine.receipts[0].keys == ("4f2a", "20266")


async def test_a_receipt_that_is_not_safe_is_asked_for_again(route: Route, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sofy.connectors.smpp.deliveries._RETRY_S", 0.01)
    await route.up()
    route.engine.database_works = False

    route.smsc.sessions[0].deliver(Sm("SOFY", RECEIPT % b"4f2a", "33639980001", esm_class=ESM_RECEIPT), "r")
    await route.engine.until(lambda: bool(route.smsc.delivered))

    assert route.smsc.delivered == [("r", Status.RX_T_APPN)]
    assert route.engine.receipts == []


async def test_a_receipt_that_names_nothing_does_not_block_the_rest(route: Route) -> None:
    await route.up()
    session = route.smsc.sessions[0]

    session.deliver(Sm("SOFY", b"stat:DELIVRD", "33639980001", esm_class=ESM_RECEIPT), "bad")
    session.deliver(Sm("SOFY", RECEIPT % b"4f2a", "33639980001", esm_class=ESM_RECEIPT), "good")
    await route.engine.until(lambda: len(route.smsc.delivered) == 2)

    assert {status for _, status in route.smsc.delivered} == {0}
    assert len(route.engine.receipts) == 1


@pytest.mark.parametrize("written", ["33639980001", "+33639980001", "0033639980001", "0639980001"])
async def test_an_answer_from_a_phone_comes_in_whatever_form_its_number_has(route: Route, written: str) -> None:
    await route.up()

    route.smsc.sessions[0].deliver(Sm("36105", "Arrêt".encode("utf-16-be"), written, data_coding=8), "mo")
    await route.engine.until(lambda: bool(route.smsc.delivered))

    [message] = route.engine.inbound
    assert (message.sender, message.recipient, message.text) == ("33639980001", "36105", "Arrêt")
    assert route.smsc.delivered == [("mo", Status.ROK)]


async def test_the_same_words_a_minute_later_are_written_anew_where_the_operator_was_answered(
    route: Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def says(text: bytes) -> None:
        before = len(route.smsc.delivered)
        route.smsc.sessions[0].deliver(Sm("36105", text, "33639980001"), before)
        await route.engine.until(lambda: len(route.smsc.delivered) > before)

    await route.up()

    for text in (b"Oui", b"Oui", b"Non"):  # what a phone repeats at once is not anew
        await says(text)
    monkeypatch.setattr("sofy.connectors.smpp.echoes._PHONES_REPEAT_S", 0.0)
    await says(b"Oui")
    monkeypatch.setattr("sofy.connectors.smpp.echoes._ANSWERED_WITHIN_S", -1.0)
    for _ in range(2):  # answered late: the operator may not have waited
        await says(b"Quand ?")

    assert [one.anew for one in route.engine.inbound] == [False, False, False, True, False, False]


async def test_parts_of_a_long_answer_wait_for_each_other(route: Route) -> None:
    await route.up(part_wait_s=60)
    session = route.smsc.sessions[0]
    last, *others = reversed(parts_of(TEXT))

    session.deliver(last, "last")
    await asyncio.sleep(0.1)
    assert route.smsc.delivered == []  # nothing is answered that is not safe
    for number, part in enumerate(others):
        session.deliver(part, number)
    await route.engine.until(lambda: len(route.smsc.delivered) == 1 + len(others))
    session.deliver(last, "again")
    await route.engine.until(lambda: len(route.smsc.delivered) == 2 + len(others))

    assert [message.text for message in route.engine.inbound] == [TEXT]
    assert {status for _, status in route.smsc.delivered} == {Status.ROK}
    assert route.engine.kept == []


async def test_a_part_whose_siblings_are_late_is_kept_before_it_is_answered(route: Route) -> None:
    await route.up(part_wait_s=0.1)
    session = route.smsc.sessions[0]
    last, *others = reversed(parts_of(TEXT))

    route.engine.may_commit.clear()
    session.deliver(last, "last")
    await asyncio.sleep(0.3)
    assert route.smsc.delivered == []
    route.engine.may_commit.set()
    await route.engine.until(lambda: route.smsc.delivered == [("last", Status.ROK)])
    assert [part.part for part in route.engine.kept] == [len(others) + 1]
    await route.connector.stop(0.2)  # and what is in memory is gone
    await route.up(part_wait_s=0.1)
    for number, part in enumerate(others):
        route.smsc.sessions[-1].deliver(part, number)
    await route.engine.until(lambda: len(route.smsc.delivered) == 1 + len(others))

    assert [(message.text, message.complete) for message in route.engine.inbound] == [(TEXT, True)]
    assert {status for _, status in route.smsc.delivered} == {Status.ROK}
    assert route.engine.kept == []


async def test_a_part_that_cannot_be_kept_is_asked_for_again(route: Route) -> None:
    await route.up(part_wait_s=0.1)
    route.engine.database_works = False

    route.smsc.sessions[0].deliver(parts_of(TEXT)[0], "first")
    await route.engine.until(lambda: bool(route.smsc.delivered))

    assert route.smsc.delivered == [("first", Status.RX_T_APPN)]
    assert route.engine.kept == []


async def test_what_never_completes_is_recorded_as_it_is(route: Route) -> None:
    await route.up(part_wait_s=0.05, assembly_timeout_s=0.4)
    route.engine.parts_are_old = True

    route.smsc.sessions[0].deliver(parts_of(TEXT)[0], "first")
    await route.engine.until(lambda: bool(route.engine.inbound))

    [message] = route.engine.inbound
    assert not message.complete
    assert TEXT.startswith(message.text)
    assert route.engine.kept == []


async def test_too_many_waiting_receipts_stop_the_reading(route: Route, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sofy.connectors.smpp.deliveries._WAITING_AT_MOST", 10)
    await route.up()
    route.engine.may_commit.clear()
    session = route.smsc.sessions[0]

    for _ in range(5):
        for _ in range(8):
            session.deliver(Sm("SOFY", RECEIPT % b"4f2a", "33639980001", esm_class=ESM_RECEIPT), "r")
        await asyncio.sleep(0.02)
    waiting = len(route.connector._deliveries._receipts)
    route.engine.may_commit.set()
    await route.engine.until(lambda: len(route.smsc.delivered) == 40)

    assert waiting < 32
    assert len(route.engine.receipts) == 40


async def test_transmitter_and_receiver_are_two_binds(route: Route) -> None:
    connector = await route.up(bind_type="transmitter_receiver")
    receiver = next(session for session in route.smsc.sessions if session.kind == "receiver")

    connector.submit([outgoing()])
    receiver.deliver(Sm("SOFY", RECEIPT % b"1", "33639980001", esm_class=ESM_RECEIPT), "r")
    await route.engine.until(lambda: bool(route.engine.receipts and route.engine.outcomes))

    assert route.smsc.got[0][0].kind == "transmitter"
    assert connector.health().binds == 2
