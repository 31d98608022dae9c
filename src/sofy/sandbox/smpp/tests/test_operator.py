"""The simulated operator: repeatable, and bad in every way it is told to be; the connector copes."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sofy.connectors.base import Accepted, Outgoing, Refused, Unknown
from sofy.connectors.smpp.config import Config
from sofy.connectors.smpp.connector import SmppConnector
from sofy.connectors.smpp.tests.factories import Engine, outgoing
from sofy.kernel import clock
from sofy.kernel.sms_text import is_contact, is_stop
from sofy.sandbox.smpp.fate import CHATS, CONTACTS, LONG_CHAT, STOPS, Fates
from sofy.sandbox.smpp.handsets import Handsets
from sofy.sandbox.smpp.operator import SimulatedOperator
from sofy.sandbox.smpp.profile import PROFILES, Curve, Profile, Range, SandboxConfig
from sofy.wire.smpp.pdu import Sm

QUICK = msgspec.structs.replace(PROFILES["plain"], receipt=Curve(0.02, 0.5, 0.2), reply=Curve(0.02, 0.5, 0.2))


class Play:
    """A connector bound to a simulated operator."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.engine = Engine()
        self.operator: SimulatedOperator
        self.connector: SmppConnector
        self.sent: list[Outgoing] = []

    async def begin(self, *, settings: dict[str, Any] | None = None, **profile: Any) -> None:
        config = SandboxConfig(port=0, log=self.log, profile=msgspec.structs.replace(QUICK, **profile))
        self.operator = SimulatedOperator(config)
        await self.operator.start()
        options: dict[str, Any] = {"window": 50, "reconnect_s": 0.05, "response_timeout_s": 1.0, **(settings or {})}
        account = Config(host="127.0.0.1", port=self.operator.port, system_id="sofy", password="secret", **options)
        self.connector = SmppConnector(account, self.engine)
        await self.connector.start()

    async def send(self, n: int, **changes: Any) -> list[Outgoing]:
        messages = [outgoing(to=f"+3370000{k:04d}", **changes) for k in range(n)]
        self.sent = messages
        self.connector.submit(messages)
        return messages

    async def settled(self, n: int, seconds: float = 20.0) -> None:
        """Every part has an outcome, and every receipt was recorded."""
        done: Callable[[], bool] = lambda: (  # noqa: E731
            len(self.engine.of(Accepted)) + len(self.engine.of(Refused)) + len(self.engine.of(Unknown)) >= n
            and not self.operator.pending
        )
        await self.engine.until(done, seconds)
        await asyncio.sleep(0.1)

    @property
    def lines(self) -> list[list[str]]:
        return [line.split(" ") for line in self.log.read_text().splitlines()]

    def unmatched(self) -> int:
        """Receipts that lead to no accepted identifier."""
        known = {one.outcome.supplier_id for one in self.engine.of(Accepted)}
        return sum(not known.intersection(receipt.keys) for receipt in self.engine.receipts)


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Play]:
    made = Play(tmp_path / "accepted.log")
    yield made
    await made.connector.stop(0.2)
    await made.operator.stop()
    await asyncio.sleep(0.01)


async def test_every_accepted_message_is_logged_and_receipted(play: Play) -> None:
    await play.begin()

    await play.send(300, text="Été STOP SMS 36105")
    await play.settled(300)

    assert [line[2] for line in play.lines] == [f"3370000{k:04d}" for k in range(300)]
    first = play.lines[0]
    assert first[1:5] == ["SOFY", "33700000000", "0", "0"]
    assert first[5] == "Été STOP SMS 36105".replace("É", "\x1f").replace("é", "\x05").encode().hex()
    assert first[6].endswith("Z")
    assert Counter(receipt.status for receipt in play.engine.receipts) == {"delivered": 300}
    assert play.unmatched() == 0


@pytest.mark.parametrize("style", ["same", "zeros", "hex_decimal", "decimal_hex"])
@pytest.mark.parametrize("layout", ["usual", "short", "tlv"])
async def test_receipts_match_however_they_are_written(style: str, layout: str, play: Play) -> None:
    await play.begin(id_style=style, receipt_layout=layout, early=0.2, doubled=0.2, enroute=0.2)

    await play.send(200)
    await play.settled(200)

    assert play.unmatched() == 0
    assert Counter(receipt.status for receipt in play.engine.receipts)["delivered"] >= 200


async def test_an_early_receipt_comes_before_the_answer(play: Play) -> None:
    await play.begin(early=1.0)

    await play.send(1)
    await play.engine.until(lambda: bool(play.engine.receipts))

    assert play.engine.of(Accepted) == []
    await play.settled(1)


async def test_number_ranges_have_their_own_end(play: Play) -> None:
    ranges = (Range("33700000000", status=0x0B), Range("33700000001", stat="UNDELIV", err="0x1F"))
    await play.begin(ranges=ranges)

    await play.send(3)
    await play.settled(3)

    assert play.engine.of(Refused)[0].outcome.code == "0x0b"
    assert Counter((receipt.status, receipt.code) for receipt in play.engine.receipts) == {
        ("failed", "31"): 1,
        ("delivered", ""): 1,
    }


@pytest.mark.clause("CGVU 14.1")
async def test_nothing_is_delivered_after_its_validity(play: Play) -> None:
    now = datetime(2026, 11, 24, 18, 59, 59, tzinfo=UTC)
    clock.install(lambda: now)
    await play.begin(receipt=Curve(0.2, 0.0, 0.2))

    await play.send(5, validity_until=now + timedelta(seconds=1))
    await play.settled(5)
    assert {receipt.status for receipt in play.engine.receipts} == {"delivered"}
    play.operator._fates = Fates(msgspec.structs.replace(QUICK, receipt=Curve(1.2, 0.0, 1.2), stop=1.0))
    play.engine.receipts.clear()
    play.engine.inbound.clear()
    await play.send(5, validity_until=now + timedelta(seconds=1))
    await play.engine.until(lambda: len(play.engine.receipts) == 5)

    assert {receipt.status for receipt in play.engine.receipts} == {"expired"}
    assert play.engine.inbound == []


async def test_an_operator_that_cuts_the_line_leaves_unknowns_and_loses_nothing(play: Play) -> None:
    await play.begin(cut_every=97)

    messages = await play.send(500)
    await play.settled(500)

    accepted = [line[2] for line in play.lines]
    named = {one.message_id for one in play.engine.outcomes}
    assert named == {message.message_id for message in messages}
    duplicates = [number for number, times in Counter(accepted).items() if times > 1]
    assert duplicates == []
    unknown = {one.message_id for one in play.engine.of(Unknown)}
    silent = {message.to[1:] for message in messages if message.message_id not in unknown} - set(accepted)
    assert silent == set()
    assert 5 <= len(unknown) <= 6 * 50


async def test_a_half_open_socket_is_noticed(play: Play) -> None:
    settings = {"enquire_link_s": 0.2, "enquire_timeout_s": 0.2}
    await play.begin(half_open_every=40, settings=settings)

    await play.send(100)
    await play.settled(100)

    assert play.operator.stats["binds"] >= 2
    assert play.engine.of(Unknown)


async def test_throttling_delays_and_drops_nothing(play: Play) -> None:
    await play.begin(rate_per_s=30)  # of a window of 50, which leaves at once on any machine

    await play.send(60)
    await play.settled(60)

    assert len(play.engine.of(Accepted)) == 60
    assert play.operator.stats["throttled"] > 0
    assert len({line[2] for line in play.lines}) == 60


async def test_a_window_is_enforced(play: Play) -> None:
    await play.begin(window=10, answer=Curve(0.02, 0.1, 0.05))

    await play.send(60)
    await play.settled(60)

    assert play.operator.stats["throttled"] > 0
    assert len(play.engine.of(Accepted)) == 60


async def test_restarts_are_survived(play: Play) -> None:
    await play.begin(restart_every_s=0.3, restart_s=0.05, settings={"rate_per_s": 400})

    await play.send(400)
    await play.settled(400, seconds=30)

    assert play.operator.stats["restarts"] >= 2
    assert {line[2] for line in play.lines} >= {f"3370000{k:04d}" for k in range(400)} - _unknown_numbers(play)


async def test_phones_answer_to_the_short_code_of_the_mention(play: Play) -> None:
    await play.begin(stop=1.0)

    await play.send(20, text="Soldes ! STOP SMS 36117")
    await play.engine.until(lambda: len(play.engine.inbound) == 20)

    assert {message.recipient for message in play.engine.inbound} == {"36117"}
    assert all(is_stop(message.text) for message in play.engine.inbound)


async def test_long_answers_come_whole(play: Play) -> None:
    await play.begin(long_chat=1.0)

    await play.send(5)
    await play.engine.until(lambda: len(play.engine.inbound) == 5)

    assert {message.text for message in play.engine.inbound} == {LONG_CHAT}


async def test_a_long_message_gets_one_answer(play: Play) -> None:
    await play.begin(stop=1.0)

    await play.send(5, text="Soldes " * 43 + "STOP SMS 36117")  # the code is cut between the parts
    await play.engine.until(lambda: len(play.engine.inbound) == 5)
    await play.settled(10)

    assert len(play.engine.inbound) == 5
    assert {message.recipient for message in play.engine.inbound} == {"36117"}
    assert all(is_stop(message.text) for message in play.engine.inbound)


async def test_receipts_wait_for_a_link_that_receives(play: Play) -> None:
    await play.begin(receipt=Curve(0.2, 0.1, 0.3))

    await play.send(20)
    await play.engine.until(lambda: len(play.engine.of(Accepted)) == 20)
    for session in list(play.operator._sessions):
        session.abort("cut before the receipts")
    await play.engine.until(lambda: len(play.engine.receipts) == 20)

    assert play.unmatched() == 0


@pytest.mark.parametrize("turns", range(5))
async def test_who_calls_while_it_stops_is_shown_out(turns: int) -> None:
    operator = SimulatedOperator(SandboxConfig(port=0, profile=QUICK))
    await operator.start()
    server = operator._server

    with socket.create_connection(("127.0.0.1", operator.port)):
        for _ in range(turns):
            await asyncio.sleep(0)
        await operator.stop()

        assert vars(server)["_active_count"] == 0


def _unknown_numbers(play: Play) -> set[str]:
    unknown = {one.message_id for one in play.engine.of(Unknown)}
    return {message.to[1:] for message in play.sent if message.message_id in unknown}


def _fates(seed: int, **changes: Any) -> list[Any]:
    fates = Fates(Profile(seed=seed, **changes))
    return [fates.of(Sm(f"3370000{k:04d}", b"Bonjour")) for k in range(10_000)]


def test_the_same_seed_gives_the_same_fates() -> None:
    assert _fates(7) == _fates(7)
    assert _fates(7) != _fates(8)


def test_the_demo_operator_is_plausible() -> None:
    fates = _fates(1)
    ends = Counter("refused" if fate.status else fate.receipts[0].stat if fate.receipts else "lost" for fate in fates)

    assert 0.925 < ends["DELIVRD"] / len(fates) < 0.945
    assert 0.005 < ends["lost"] / len(fates) < 0.015
    assert 0.003 < sum(fate.reply in STOPS for fate in fates) / len(fates) < 0.007
    assert max(receipt.after_s for fate in fates for receipt in fate.receipts) <= 24.0
    assert len({receipt.err for fate in fates for receipt in fate.receipts}) >= 5


def _part(n: int, reference: int = 9, of: int = 3, to: str = "33700000000") -> Sm:
    return Sm(to, bytes((5, 0, 3, reference, of, n)) + f"text {n} ".encode(), esm_class=0x40)


def test_parts_of_one_message_share_their_fate_and_the_next_has_its_own() -> None:
    phones = Handsets()
    nths, shown = [], []
    for sm in (_part(2), _part(3), _part(1), _part(1, 10), Sm("33700000000", b"short"), _part(2, 10), _part(3, 10)):
        nths.append(phones.nth(sm))
        shown.append(phones.take(sm))

    assert nths == [0, 0, 0, 1, 2, 1, 1]
    assert [one and one.short_message for one in shown] == [
        None, None, b"text 1 text 2 text 3 ", None, b"short", None, b"text 1 text 2 text 3 ",
    ]  # fmt: skip


async def _came_of(folder: Path, *, backwards: bool, link: str) -> set[tuple[str, str]]:
    """Every phone with what became of its message of two parts: a status for each receipt, and its words."""
    play = Play(folder / f"{link}.log")
    await play.begin(failed=0.3, lost=0.1, refused=0.1, stop=0.3, settings={"window": 7 if backwards else 50})
    messages = [outgoing(to=f"+3370000{k:04d}", text="a" * 150 + f" http://{link} STOP SMS 36105") for k in range(60)]
    play.connector.submit(messages[::-1] if backwards else messages)
    await play.settled(120)
    await play.connector.stop(0.2)
    await play.operator.stop()
    phones = {message.message_id: message.to for message in messages}
    named = {one.outcome.supplier_id: phones[one.message_id] for one in play.engine.of(Accepted)}
    refused = {(phones[one.message_id], one.outcome.code) for one in play.engine.of(Refused)}
    told = {(named[key], receipt.status) for receipt in play.engine.receipts for key in receipt.keys if key in named}
    return refused | told | {("+" + message.sender, message.text) for message in play.engine.inbound}


async def test_two_runs_come_to_the_same_whatever_the_order_and_the_links(tmp_path: Path) -> None:
    first = await _came_of(tmp_path, backwards=False, link="Ab3dEf5hJ")
    again = await _came_of(tmp_path, backwards=True, link="Zz9yXw8vU")

    assert first == again
    assert len({what for _, what in first}) >= 6  # refused, delivered, failed, expired, and words


def test_what_was_not_accepted_is_the_same_message_when_it_comes_again() -> None:
    phones = Handsets()

    assert [phones.nth(Sm("33700000000", b"text")) for _ in range(2)] == [0, 0]


def test_phones_forget_long_messages_that_never_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sofy.sandbox.smpp.handsets._OPEN_AT_MOST", 2)
    phones = Handsets()
    for reference in (1, 2, 3):
        phones.take(_part(1, reference, of=2))

    assert phones.take(_part(2, 1, of=2)) is None
    assert phones.take(_part(2, 3, of=2)) is not None


def test_a_fate_does_not_depend_on_words_and_no_two_messages_share_it() -> None:
    fates = Fates(Profile())
    one, other = Sm("33700000000", b"a"), Sm("33700000000", b"b", data_coding=8)

    assert [fates.of(one, n) for n in range(50)] == [fates.of(other, n) for n in range(50)]
    assert len({fates.of(one, n) for n in range(50)}) > 40


def test_the_words_of_phones_are_what_they_seem() -> None:
    assert all(is_stop(word) for word in STOPS)
    assert all(is_contact(word) for word in CONTACTS)
    assert not any(is_stop(word) for word in (*CHATS, LONG_CHAT))
