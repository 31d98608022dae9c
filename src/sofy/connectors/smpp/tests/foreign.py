"""An SMSC written from the specification alone, byte by byte: it shares nothing with the product's own codec.

Source: SMPP Protocol Specification v3.4 issue 1.2, sections 3.2 and 4.
"""

import asyncio
from collections.abc import Callable
from struct import pack, unpack

from sofy.wire.smpp.tests.factories import hang_up

GENERIC_NACK, BIND_RESP, SUBMIT, SUBMIT_RESP = 0x80000000, 0x80000009, 0x00000004, 0x80000004
DELIVER, DELIVER_RESP, UNBIND, UNBIND_RESP = 0x00000005, 0x80000005, 0x00000006, 0x80000006
ENQUIRE, ENQUIRE_RESP, OUTBIND, ALERT = 0x00000015, 0x80000015, 0x0000000B, 0x00000102
BIND_TRANSCEIVER, DATA_SM, DATA_SM_RESP = 0x00000009, 0x00000103, 0x80000103

Pdu = tuple[int, int, int, bytes]
"""(command_id, command_status, sequence_number, body)."""


def pdu(command: int, sequence: int, body: bytes = b"", status: int = 0) -> bytes:
    """One PDU."""
    return pack(">IIII", 16 + len(body), command, status, sequence) + body


def tlv(tag: int, value: bytes) -> bytes:
    """One optional parameter."""
    return pack(">HH", tag, len(value)) + value


def deliver(
    sequence: int,
    text: bytes,
    *,
    esm: int = 0,
    coding: int = 0,
    source: bytes = b"33639980001",
    to: bytes = b"36105",
    tail: bytes = b"",
) -> bytes:
    """A deliver_sm from a phone."""
    body = b"\0" + b"\1\1" + source + b"\0" + b"\3\0" + to + b"\0" + bytes((esm, 0, 0)) + b"\0\0"
    return pdu(DELIVER, sequence, body + bytes((0, 0, coding, 0, len(text))) + text + tail)


class ForeignSmsc:
    """Takes binds, answers submits with `answer`, remembers every PDU; the test says the rest."""

    def __init__(self) -> None:
        self.got: list[Pdu] = []
        self.binds = 0
        self.bind_body = b"FOREIGN\0" + tlv(0x0210, b"\x34")
        self.before_bind = b""
        self.answer: Callable[[int, int], bytes] = lambda sequence, nth: pdu(SUBMIT_RESP, sequence, b"%X\0" % nth)
        self.news = asyncio.Event()
        self._writers: list[asyncio.StreamWriter] = []
        self._talks: list[asyncio.Task[None]] = []

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening, and leave no socket open."""
        await hang_up(self._server, self._writers)
        await asyncio.gather(*self._talks)

    def of(self, command: int) -> list[Pdu]:
        """What came of one kind."""
        return [one for one in self.got if one[0] == command]

    def say(self, raw: bytes) -> None:
        """Write to whoever bound last."""
        self._writers[-1].write(raw)

    async def say_slowly(self, raw: bytes) -> None:
        """One octet, one segment."""
        for octet in raw:
            self._writers[-1].write(bytes((octet,)))
            await self._writers[-1].drain()
            await asyncio.sleep(0)

    def hang_up(self) -> None:
        """Close the connection of whoever bound last."""
        self._writers[-1].close()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        talk = asyncio.current_task()
        assert talk is not None
        self._talks.append(talk)
        try:
            while True:
                head = await reader.readexactly(16)
                length, command, status, sequence = unpack(">IIII", head)
                self._take((command, status, sequence, await reader.readexactly(length - 16)), writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _take(self, one: Pdu, writer: asyncio.StreamWriter) -> None:
        command, _, sequence, _ = one
        self.got.append(one)
        if command == BIND_TRANSCEIVER:
            self.binds += 1
            writer.write(self.before_bind + pdu(BIND_RESP, sequence, self.bind_body))
        elif command == SUBMIT:
            writer.write(self.answer(sequence, len(self.of(SUBMIT))))
        elif command == ENQUIRE:
            writer.write(pdu(ENQUIRE_RESP, sequence))
        elif command == UNBIND:
            writer.write(pdu(UNBIND_RESP, sequence))
        self.news.set()
