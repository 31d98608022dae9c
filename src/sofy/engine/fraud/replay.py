"""A trace judged as it would have been at the time: each line knows only what was known at its moment."""

import heapq
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from math import isfinite
from typing import NamedTuple

import msgspec

from sofy.engine.fraud.detector import Detector, Judged, Policy
from sofy.engine.fraud.memory import Sent
from sofy.kernel.errors import Refused

_MILLISECONDS = 1e11


class Traced(msgspec.Struct, gc=False):
    """One line of a trace. Instants: ISO 8601, or seconds since 1970."""

    t: float | str
    client: str | int
    to: str | int
    purpose: str = "alert"
    converted_at: float | str | bool | None = None
    receipt_at: float | str | None = None


class Judgement(NamedTuple):
    """One line with what was judged of it."""

    number: int
    at: float
    line: Traced
    judged: Judged


_decode = msgspec.json.Decoder(Traced).decode


def instant(value: float | str) -> float:
    """Epoch seconds of an instant as traces write them; one without a zone is UTC.

    Raises: ValueError for anything else.
    """
    try:
        seconds = float(value)
    except ValueError:
        read = datetime.fromisoformat(str(value))
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    if not isfinite(seconds):
        raise ValueError("no instant")
    return seconds / 1000 if abs(seconds) > _MILLISECONDS else seconds


def read(lines: Iterable[bytes]) -> Iterator[tuple[int, Traced]]:
    """The lines of a trace with their numbers; empty ones are passed over.

    Raises: Refused trace_line for one that is not a message, naming it.
    """
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            yield number, _decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Refused("trace_line", line=number, problem=str(error)) from None


def _fact(value: float | str | bool | None, at: float) -> float | None:
    if value is None or value is False or value == "":
        return None
    return at if value is True else instant(value)


def _international(to: str) -> str:
    """A number as the detector knows it, however a trace writes it: 06…, 0033…, 33… and +33… are the same one."""
    if to.startswith("+"):
        return to
    if to.startswith("00"):
        return f"+{to[2:]}"
    return f"+33{to[1:]}" if to.startswith("0") and len(to) == 10 else f"+{to}"


def judge(lines: Iterable[tuple[int, Traced]], detector: Detector | None = None) -> Iterator[Judgement]:
    """Each line's verdict, in the order of the file. What came of a message that was not let go is not known: it never
    went.

    Raises: Refused trace_line.
    """
    detector = detector or Detector(Policy())
    facts: list[tuple[float, int, bool, str, str, str, Sent]] = []
    for number, line in lines:
        try:
            at = instant(line.t)
            used, receipt = _fact(line.converted_at, at), _fact(line.receipt_at, at)
        except (ValueError, OverflowError):
            raise Refused("trace_line", line=number, problem="t, converted_at and receipt_at are instants") from None
        while facts and facts[0][0] <= at:
            when, _, conversion, client, to, purpose, sent = heapq.heappop(facts)
            if conversion:
                detector.used(when, client, to, purpose, sent)
            else:
                detector.received(when, client, purpose, sent)
        client, to = str(line.client), str(line.to)
        to = _international(to)
        judged = detector.message(at, client, to, line.purpose)
        if judged.sent is not None:
            if used is not None:
                heapq.heappush(facts, (max(at, used), number, True, client, to, line.purpose, judged.sent))
            if receipt is not None:
                heapq.heappush(facts, (max(at, receipt), -number, False, client, to, line.purpose, judged.sent))
        yield Judgement(number, at, line, judged)
