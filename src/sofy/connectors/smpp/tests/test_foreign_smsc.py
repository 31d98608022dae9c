"""The connector against a foreign SMSC that does what is unusual, and legal or at least met in the wild."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from sofy.connectors.base import Accepted, Action, Refused, Throttled, Unknown
from sofy.connectors.smpp.config import Config
from sofy.connectors.smpp.connector import SmppConnector
from sofy.connectors.smpp.tests import foreign
from sofy.connectors.smpp.tests.factories import Engine, outgoing
from sofy.connectors.smpp.tests.foreign import ForeignSmsc, deliver, pdu, tlv

RECEIPT = 0x04
UDHI = 0x40
USUAL = "id:%s sub:001 dlvrd:001 submit date:2611241430 done date:2611241431 stat:%s err:%s text:"


ENDLESS = b"id:77 stat:UNDELIV err:" + b"9" * 9000


class Line:
    """A connector bound to a foreign SMSC."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.smsc = ForeignSmsc()
        self.connector: SmppConnector

    async def up(self, **settings: Any) -> None:
        await self.smsc.listen()
        options = {"window": 10, "reconnect_s": 0.05, "response_timeout_s": 5.0, **settings}
        account = Config(host="127.0.0.1", port=self.smsc.port, system_id="sofy", password="secret", **options)
        self.connector = SmppConnector(account, self.engine)
        await self.connector.start()
        await self.engine.until(lambda: self.connector.health().binds_up == 1)

    async def send(self, n: int = 1) -> None:
        """Submit, and wait for everything to be settled."""
        settled = len(self.settled)
        self.connector.submit([outgoing() for _ in range(n)])
        await self.engine.until(lambda: len(self.settled) == settled + n)

    @property
    def settled(self) -> list[Any]:
        return [one.outcome for one in self.engine.outcomes if not isinstance(one.outcome, Throttled)]

    @property
    def ids(self) -> list[str]:
        return [one.supplier_id for one in self.settled]

    async def delivered(self, *raws: bytes) -> list[tuple[int, int]]:
        """Say these, and wait for their answers: (sequence, status) of each."""
        for raw in raws:
            self.smsc.say(raw)
        await self.engine.until(lambda: len(self.smsc.of(foreign.DELIVER_RESP)) >= len(raws))
        return [(sequence, status) for _, status, sequence, _ in self.smsc.of(foreign.DELIVER_RESP)]


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    made = Line()
    yield made
    await made.connector.stop(0.2)
    await made.smsc.close()


def _id(name: bytes) -> Callable[[int, int], bytes]:
    return lambda sequence, nth: pdu(foreign.SUBMIT_RESP, sequence, name)


LONG = b"A1b2C3d4" * 8


@pytest.mark.parametrize(
    ("_case", "body", "written"),
    [
        ("64 octets", LONG + b"\0", LONG.decode()),
        ("64 octets, case lost", LONG + b"\0", LONG.decode().lower()),
        ("no NUL at the end", b"4F2A", "4f2a"),
        ("zeros", b"0000004f2a\0", "4F2A"),
        ("unknown parameters behind", b"4f2a\0" + tlv(0x1403, b"?") + tlv(0x0427, b"\2"), "4f2a"),
        ("longer than permitted", b"F" * 5000 + b"\0", "f" * 5000),
        ("blanks around", b" 4f2a \0", "4f2a"),
    ],
)
async def test_identifiers_find_their_receipts(_case: str, body: bytes, written: str, line: Line) -> None:
    await line.up()
    line.smsc.answer = _id(body)
    await line.send()

    text = USUAL % (written, "DELIVRD", "000")
    payload = tlv(0x0424, text.encode())
    await line.delivered(deliver(1, b"", esm=RECEIPT, tail=payload))

    assert line.ids[0] in line.engine.receipts[0].keys
    assert len(line.ids[0]) <= 255


@pytest.mark.parametrize(("_case", "body"), [("no body", b""), ("an empty name", b"\0"), ("blanks", b"  \0")])
async def test_an_answer_may_name_nothing(_case: str, body: bytes, line: Line) -> None:
    await line.up()
    line.smsc.answer = _id(body)

    await line.send(3)

    assert line.settled == [Accepted("")] * 3


@pytest.mark.parametrize(
    ("_case", "raw", "status", "code"),
    [
        ("parameters only", deliver(1, b"", esm=RECEIPT, tail=tlv(0x001E, b"77\0") + tlv(0x0427, b"\2")),
         "delivered", ""),
        ("a state without words", deliver(1, b"hello", esm=RECEIPT, tail=tlv(0x001E, b"77") + tlv(0x0427, b"\5")),
         "failed", ""),
        ("unknown parameters", deliver(1, (USUAL % ("77", "DELIVRD", "000")).encode(), esm=RECEIPT,
                                       tail=tlv(0x1500, b"") + tlv(0x3FFF, b"x" * 300)), "delivered", ""),
        ("in UCS-2", deliver(1, "id:77 stat:EXPIRED err:027".encode("utf-16-be"), esm=RECEIPT, coding=8),
         "expired", "27"),
        ("behind a header", deliver(1, b"\5\0\3\1\1\1" + b"id:77 stat:UNDELIV err:001", esm=RECEIPT | UDHI),
         "failed", "1"),
        ("closed by NUL", deliver(1, b"id:77 stat:UNDELIV err:006\0", esm=RECEIPT), "failed", "6"),
        ("padded", deliver(1, b"id:77 stat:DELIVRD err:000", esm=RECEIPT, tail=b"\0"), "delivered", ""),
        ("an error without end", deliver(1, b"", esm=RECEIPT, tail=tlv(0x0424, ENDLESS)), "failed", "9" * 20),
        ("an error in strange digits", deliver(1, b"id:77 stat:UNDELIV err:\xb2", esm=RECEIPT), "failed", "²"),
    ],
)  # fmt: skip
async def test_receipts_in_any_dress(_case: str, raw: bytes, status: str, code: str, line: Line) -> None:
    await line.up()

    answers = await line.delivered(raw)

    [receipt] = line.engine.receipts
    assert (receipt.keys[0], receipt.status, receipt.code) == ("77", status, code)
    assert answers == [(1, 0)]


@pytest.mark.parametrize(
    ("_case", "source", "to", "phones"),
    [
        ("as usual", b"33639980001", b"36105", ("33639980001",)),
        ("a name behind", b"+33639980001", b"SOFY", ("33639980001",)),
        ("dialled at home", b"0639980001", b"36105", ("33639980001",)),
        ("swapped", b"36105", b"+33639980001", ("33639980001",)),
        ("two numbers", b"33639980001", b"33700000001", ("33639980001", "33700000001")),
        ("left out", b"", b"", ()),
    ],
)
async def test_a_receipt_names_numbers(
    _case: str, source: bytes, to: bytes, phones: tuple[str, ...], line: Line
) -> None:
    await line.up()

    await line.delivered(deliver(1, b"id:77 stat:DELIVRD err:000", esm=RECEIPT, source=source, to=to))

    assert line.engine.receipts[0].phones == phones


async def test_an_identifier_in_strange_digits_is_one_nobody_has(line: Line) -> None:
    await line.up()

    await line.delivered(deliver(1, b"id:\xb2\xb3 stat:DELIVRD err:000", esm=RECEIPT))

    assert line.engine.receipts[0].keys == ("²³",)
    assert line.smsc.binds == 1


async def test_a_receipt_before_the_answer_and_another_after_the_last(line: Line) -> None:
    await line.up()
    words = [(USUAL % ("1", stat, "000")).encode() for stat in ("DELIVRD", "ENROUTE")]
    line.smsc.answer = lambda sequence, nth: (
        deliver(1, words[0], esm=RECEIPT) + pdu(foreign.SUBMIT_RESP, sequence, b"1\0") + deliver(2, words[1], esm=0x20)
    )

    await line.send()
    await line.engine.until(lambda: len(line.engine.receipts) == 2)

    assert line.ids == ["1"]
    assert [receipt.status for receipt in line.engine.receipts] == ["delivered", "submitted"]


@pytest.mark.parametrize(
    ("coding", "octets", "text"),
    [
        (0, b"Arr\x05t", "Arrét"),
        (0, b"STOP\0", "STOP@"),
        (0, "Arrêt".encode(), "Arrêt"),
        (0, "Arrêt".encode("latin-1"), "Arrêt"),
        (1, b"STOP", "STOP"),
        (3, b"Arr\xeat", "Arrêt"),
        (8, "Arrêt".encode("utf-16-be"), "Arrêt"),
        (8, b"\xff\xfe" + "Arrêt".encode("utf-16-le"), "Arrêt"),
        (8, b"\xfe\xff" + "Arrêt".encode("utf-16-be"), "Arrêt"),
        (0xF1, b"STOP", "STOP"),
        (0x19, "STOP".encode("utf-16-be"), "STOP"),
    ],
)
async def test_words_in_any_coding(coding: int, octets: bytes, text: str, line: Line) -> None:
    await line.up()

    await line.delivered(deliver(1, octets, coding=coding, tail=tlv(0x0204, b"\0\1")))

    assert [message.text for message in line.engine.inbound] == [text]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (0x58, Throttled("0x58")),
        (0x14, Throttled("0x14")),
        (0x61, Refused("0x61", Action.CONFIGURATION)),
        (0x62, Refused("0x62", Action.CONFIGURATION)),
        (0x0400, Refused("0x400", Action.OTHER_ROUTE)),
    ],
)
@pytest.mark.parametrize("body", [b"", b"77\0"])
async def test_a_refusal_may_carry_a_body(body: bytes, status: int, outcome: Any, line: Line) -> None:
    await line.up()
    line.smsc.answer = lambda sequence, nth: pdu(foreign.SUBMIT_RESP, sequence, body, status if nth == 1 else 0)

    await line.send()

    assert line.engine.outcomes[0].outcome == outcome
    assert len(line.smsc.of(foreign.SUBMIT)) == (2 if isinstance(outcome, Throttled) else 1)


@pytest.mark.parametrize(("status", "code"), [(0x03, "0x03"), (0, "0xff")])
async def test_a_generic_nack_is_a_refusal(status: int, code: str, line: Line) -> None:
    await line.up()
    line.smsc.answer = lambda sequence, nth: pdu(foreign.GENERIC_NACK, sequence, status=status)

    await line.send()

    assert line.settled[0].code == code
    assert line.smsc.binds == 1


async def test_what_says_nothing_of_us_changes_nothing(line: Line) -> None:
    await line.up()
    flood = b"".join(pdu(foreign.ENQUIRE, n) for n in range(1, 10_001))
    address = b"\1\1" + b"33639980001\0"

    line.smsc.say(pdu(foreign.ALERT, 1, address + b"\3\0" + b"36105\0" + tlv(0x0422, b"\0")))
    line.smsc.say(pdu(foreign.OUTBIND, 2, b"FOREIGN\0secret\0"))
    line.smsc.say(pdu(foreign.GENERIC_NACK, 0, status=3))
    line.smsc.say(pdu(foreign.SUBMIT_RESP, 0x7FFFFFFF, b"nobody\0"))
    line.smsc.say(flood)
    await line.engine.until(lambda: len(line.smsc.of(foreign.ENQUIRE_RESP)) == 10_000)
    await line.send()

    assert [one[2] for one in line.smsc.of(foreign.ENQUIRE_RESP)] == list(range(1, 10_001))
    assert line.ids == ["1"]
    assert line.smsc.binds == 1


async def test_an_answer_that_comes_twice_counts_once(line: Line) -> None:
    await line.up()
    line.smsc.answer = lambda sequence, nth: (
        pdu(foreign.SUBMIT_RESP, sequence, b"a\0") + pdu(foreign.SUBMIT_RESP, sequence, b"b\0")
    )

    await line.send(2)

    assert line.ids == ["a", "a"]


async def test_sequence_numbers_begin_again_at_one(line: Line) -> None:
    await line.up()
    session = line.connector._links[0].session
    assert session is not None
    session._sequence = 0x7FFFFFFD

    await line.send(4)

    assert [one[2] for one in line.smsc.of(foreign.SUBMIT)] == [0x7FFFFFFE, 0x7FFFFFFF, 1, 2]


async def test_their_sequence_numbers_are_theirs(line: Line) -> None:
    await line.up()

    answers = await line.delivered(*(deliver(n, b"Oui") for n in (0xFFFFFFFF, 0, 0x80000000)))

    assert sorted(answers) == [(0, 0), (0x80000000, 0), (0xFFFFFFFF, 0)]


async def test_octets_may_come_one_by_one(line: Line) -> None:
    await line.up()
    raws = [deliver(1, b"STOP"), deliver(2, (USUAL % ("77", "DELIVRD", "000")).encode(), esm=RECEIPT)]

    await line.smsc.say_slowly(b"".join(raws))
    await line.delivered()
    await line.engine.until(lambda: len(line.smsc.of(foreign.DELIVER_RESP)) == 2)

    assert (line.engine.inbound[0].text, line.engine.receipts[0].keys[0]) == ("STOP", "77")


async def test_a_message_that_cannot_be_read_costs_no_other(line: Line) -> None:
    await line.up()

    cut, overlong = pdu(foreign.DELIVER, 1, b"\0\1"), deliver(2, b"x", tail=b"\0\5\xff\xff" + b"x" * 9)
    answers = await line.delivered(cut, overlong, deliver(3, b"STOP"))

    assert [sequence for sequence, status in answers if status] == [1, 2]
    assert [message.text for message in line.engine.inbound] == ["STOP"]
    assert line.smsc.binds == 1


async def test_a_data_sm_that_cannot_be_read_costs_no_other(line: Line) -> None:
    await line.up()

    line.smsc.say(pdu(foreign.DATA_SM, 1, b"\0\1"))
    await line.delivered(deliver(2, b"STOP"))

    assert [one[1] for one in line.smsc.of(foreign.DATA_SM_RESP)] == [0x02]
    assert [message.text for message in line.engine.inbound] == ["STOP"]
    assert line.smsc.binds == 1


async def test_nothing_is_written_to_a_link_that_is_closing(line: Line) -> None:
    await line.up(window=3)
    asked: list[int] = []
    line.smsc.answer = lambda sequence, nth: asked.append(sequence) or b""
    line.connector.submit([outgoing() for _ in range(6)])
    await line.engine.until(lambda: len(asked) == 3)

    line.smsc.answer = lambda sequence, nth: pdu(foreign.SUBMIT_RESP, sequence, b"later\0")
    answers = b"".join(pdu(foreign.SUBMIT_RESP, sequence, b"x\0") for sequence in asked)
    line.smsc.say(answers + b"\0\0\0\3" + bytes(12))
    await line.engine.until(lambda: len(line.settled) == 6)

    assert line.ids == ["x", "x", "x", "later", "later", "later"]
    assert line.smsc.binds == 2


async def test_an_operator_that_answers_everything_but_submits_costs_one_window_and_then_one_a_bind(line: Line) -> None:
    await line.up(window=5, response_timeout_s=0.2)
    line.smsc.answer = lambda sequence, nth: b""

    line.connector.submit([outgoing() for _ in range(20)])
    await line.engine.until(lambda: line.smsc.binds == 3)
    line.smsc.answer = lambda sequence, nth: pdu(foreign.SUBMIT_RESP, sequence, b"x\0")
    await line.engine.until(lambda: len(line.settled) == 20)

    assert line.smsc.of(foreign.ENQUIRE)
    assert len(line.engine.of(Unknown)) <= 5 + line.smsc.binds - 1


async def test_an_unbind_in_the_middle_of_a_window_waits_for_its_answers(line: Line) -> None:
    await line.up(window=5)
    asked: list[int] = []

    def answer(sequence: int, nth: int) -> bytes:
        asked.append(sequence)
        return pdu(foreign.UNBIND, 900) if nth == 5 else b""

    line.smsc.answer = answer
    line.connector.submit([outgoing() for _ in range(8)])
    await line.engine.until(lambda: len(asked) == 5)
    await asyncio.sleep(0.1)
    assert line.smsc.of(foreign.UNBIND_RESP) == []
    line.smsc.answer = lambda sequence, nth: pdu(foreign.SUBMIT_RESP, sequence, b"%X\0" % nth)
    line.smsc.say(b"".join(pdu(foreign.SUBMIT_RESP, sequence, b"%X\0" % sequence) for sequence in asked))
    await line.engine.until(lambda: len(line.settled) == 8)

    assert {type(one) for one in line.settled} == {Accepted}
    assert [one[2] for one in line.smsc.of(foreign.UNBIND_RESP)] == [900]
    assert line.smsc.binds == 2


async def test_an_unbind_without_the_answers_ends_all_the_same(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sofy.wire.smpp.session._LAST_ANSWERS_S", 0.1)
    await line.up()
    line.smsc.answer = lambda sequence, nth: pdu(foreign.UNBIND, 900) if nth == 1 else pdu(
        foreign.SUBMIT_RESP, sequence, b"x\0"
    )  # fmt: skip

    await line.send()
    await line.send()

    assert line.settled == [Unknown("connection lost"), Accepted("x")]
    assert len(line.smsc.of(foreign.UNBIND_RESP)) == 1


async def test_a_window_of_theirs_that_is_smaller_only_slows_us_down(line: Line) -> None:
    await line.up(window=10)
    waiting: list[int] = []

    def one_at_a_time(sequence: int, nth: int) -> bytes:
        waiting.append(sequence)
        over = len(waiting) > 3
        if over:
            waiting.pop()
            return pdu(foreign.SUBMIT_RESP, sequence, status=0x14)
        if len(waiting) == 1:
            asyncio.get_running_loop().call_later(0.01, answer_all)
        return b""

    def answer_all() -> None:
        line.smsc.say(b"".join(pdu(foreign.SUBMIT_RESP, sequence, b"%X\0" % sequence) for sequence in waiting))
        waiting.clear()

    line.smsc.answer = one_at_a_time

    await line.send(20)

    assert {type(one) for one in line.settled} == {Accepted}
    assert len(set(line.ids)) == 20


@pytest.mark.parametrize(("_case", "body"), [("no body", b""), ("no parameters", b"F\0"), ("no NUL", b"F")])
async def test_a_bind_may_be_answered_shortly(_case: str, body: bytes, line: Line) -> None:
    line.smsc.bind_body = body
    line.smsc.before_bind = pdu(foreign.ENQUIRE, 55)

    await line.up()
    await line.send()

    assert line.ids == ["1"]
    assert line.smsc.of(foreign.ENQUIRE_RESP)[0][2] == 55


async def test_a_link_that_ends_comes_back_to_an_operator_of_another_version(line: Line) -> None:
    await line.up()
    line.smsc.bind_body = b"F\0" + tlv(0x0210, b"\x33")  # 3.3

    line.smsc.hang_up()
    await line.engine.until(lambda: line.smsc.binds == 2 and line.connector.health().binds_up == 1)
    await line.send()

    assert line.ids == ["1"]
