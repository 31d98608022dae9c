"""What both ends of an SMPP connection do: framing, batched writes, enquire_link, refusal of malformed bytes."""

import asyncio
from typing import cast

from sofy.wire.smpp.codes import LAST_SEQUENCE, RESPONSE, Command, Status
from sofy.wire.smpp.errors import Malformed
from sofy.wire.smpp.pdu import Frame, PduReader, frame

_UNSENT_AT_MOST = 16 * 1024 * 1024
"""Octets that may wait for a peer that does not read, before it is dropped."""

_PING, _PONG = Command.ENQUIRE_LINK.value, Command.ENQUIRE_LINK_RESP.value


class Peer(asyncio.Protocol):
    """One end of a connection; subclasses take frames in `handle` and a whole segment's end in `batch_end`.

    Frames sent during one turn of the loop leave in one write. Unit: enquire_link_s in seconds, 0 turns it off.
    """

    def __init__(self, *, enquire_link_s: float = 30.0, enquire_timeout_s: float = 10.0) -> None:
        self.transport: asyncio.Transport | None = None
        self.loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[str] = self.loop.create_future()
        self.reason = ""
        self.writable = True
        self._held = False
        self._reader = PduReader()
        self._out: list[bytes] = []
        self._flush_due = False
        self._sequence = 0
        self._enquire_link_s = enquire_link_s
        self._enquire_timeout_s = enquire_timeout_s
        self._heard_at = self.loop.time()
        self._ping_timer: asyncio.TimerHandle | None = None

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._heard_at = self.loop.time()
        if self._enquire_link_s:
            self._ping_timer = self.loop.call_later(self._enquire_link_s, self._ping)

    def data_received(self, data: bytes) -> None:
        self._heard_at = self.loop.time()
        frames = self._reader.feed(data)
        self.process(frames)
        if self._reader.error is not None:
            self.refuse(self._reader.error)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._ping_timer is not None:
            self._ping_timer.cancel()
        self.transport = None
        self._out.clear()
        self.reason = self.reason or (str(exc) if exc else "connection closed by the other end")
        if not self.closed.done():
            self.closed.set_result(self.reason)

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        self.writable = True

    # for subclasses

    def process(self, frames: list[Frame]) -> None:
        """Take the frames of one segment in order."""
        try:
            for raw in frames:
                if raw[0] == _PING:
                    self.send(frame(_PONG, raw[2]))
                elif raw[0] != _PONG:
                    self.handle(raw)
        except Malformed as error:
            self.refuse(error)
        finally:
            self.batch_end()

    def handle(self, raw: Frame) -> None:
        """Take one frame. Raises: Malformed."""
        raise NotImplementedError

    def batch_end(self) -> None:
        """The frames of one segment were all handled."""

    def unexpected(self, raw: Frame) -> None:
        """Answer a PDU this end has no use for; unknown responses are dropped."""
        if raw[0] == Command.UNBIND:
            self.send(frame(Command.UNBIND_RESP, raw[2]))
            self.close("the other end unbound")
        elif not raw[0] & RESPONSE:
            self.send(frame(Command.GENERIC_NACK, raw[2], Status.RINVCMDID))

    # for users

    def next_sequence(self) -> int:
        """The number of the next request; wraps as the specification says."""
        self._sequence = self._sequence + 1 if self._sequence < LAST_SEQUENCE else 1
        return self._sequence

    def send(self, *frames: bytes) -> None:
        """Queue frames for the write of this turn."""
        self._out += frames
        if not self._flush_due:
            self._flush_due = True
            self.loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write what is queued now."""
        self._flush_due = False
        if self._out and self.transport is not None:
            self.transport.write(b"".join(self._out))
            if self.transport.get_write_buffer_size() > _UNSENT_AT_MOST:
                self.abort("the other end does not read")
        self._out.clear()

    def hold_reading(self, hold: bool) -> None:
        """Stop reading, or go on: TCP then slows the other end down. Time spent so is no silence of its own."""
        if self.transport is None or hold == self._held:
            return
        self._held = hold
        if hold:
            self.transport.pause_reading()
        else:
            self._heard_at = self.loop.time()
            self.transport.resume_reading()

    def refuse(self, error: Malformed) -> None:
        """Answer bytes that are not SMPP and end the connection."""
        self.send(frame(Command.GENERIC_NACK, error.sequence, error.status))
        self.close(f"malformed PDU: {error}")

    def close(self, reason: str) -> None:
        """Write what is queued, then close; safe to call again."""
        self.reason = self.reason or reason
        self.flush()
        if self.transport is not None:
            self.transport.close()

    def abort(self, reason: str) -> None:
        """Drop the connection at once, for a peer that no longer reads."""
        self.reason = self.reason or reason
        if self.transport is not None:
            self.transport.abort()

    def _ping(self) -> None:
        silent_s = 0.0 if self._held else self.loop.time() - self._heard_at
        if silent_s >= self._enquire_link_s + self._enquire_timeout_s:
            self.abort("no answer to enquire_link")
            return
        if silent_s >= self._enquire_link_s * 0.9:
            self.send(frame(_PING, self.next_sequence()))
            wait_s = self._enquire_timeout_s
        else:
            wait_s = self._enquire_link_s - silent_s
        self._ping_timer = self.loop.call_later(max(wait_s, 0.01), self._ping)
