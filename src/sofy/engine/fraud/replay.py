"""A trace judged as it would have been at the time: each line knows only what was known at its moment."""

import heapq
import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from math import isfinite
from typing import NamedTuple

import msgspec

from sofy.engine.fraud.detector import Detector, Judged, Policy
from sofy.engine.fraud.memory import Sent
from sofy.kernel.errors import Refused

_MILLISECONDS = 1e11
#: The field that msgspec found missing or wrong.
_FIELD = re.compile(r"(?:field `|`\$\.)(\w+)`")
#: What people write between the figures of a number.
_APART = str.maketrans("", "", " \u00a0\u202f.-()/")


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

    Raises: Refused trace_line for one that is not JSON, trace_field for one that is no message; both name the line.
    """
    for number, text in enumerate(lines, 1):
        told = text.removeprefix(BOM_UTF8) if number == 1 else text
        if not told.strip():
            continue
        try:
            line = _decode(told)
        except msgspec.ValidationError as error:
            field = _FIELD.search(str(error))
            if field is None:
                raise Refused("trace_line", line=number) from None
            raise Refused("trace_field", line=number, field=field.group(1)) from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Refused("trace_line", line=number) from None
        if not any(sign.isdecimal() for sign in str(line.to)):
            raise Refused("trace_field", line=number, field="to")
        yield number, line


def _fact(number: int, field: str, value: float | str | bool | None, at: float) -> float | None:
    if value is None or value is False or value == "":
        return None
    return at if value is True else _moment(number, field, value)


def _moment(number: int, field: str, value: float | str) -> float:
    try:
        return instant(value)
    except (ValueError, OverflowError):
        raise Refused("trace_instant", line=number, field=field) from None


def _international(to: str) -> str:
    """A number as the detector knows it, however a trace writes it: 06…, 0033…, 33…, +33… and 06 12… are the same."""
    to = to.replace("(0)", "").translate(_APART)
    if to.startswith("+"):
        return to
    if to.startswith("00"):
        return f"+{to[2:]}"
    return f"+33{to[1:]}" if to.startswith("0") and len(to) == 10 else f"+{to}"


def judge(lines: Iterable[tuple[int, Traced]], detector: Detector | None = None) -> Iterator[Judgement]:
    """Each line's verdict, in the order of the file. What came of a message that was not let go is not known: it never
    went.

    Raises: Refused trace_instant, naming line and field.
    """
    detector = detector or Detector(Policy())
    facts: list[tuple[float, int, bool, str, str, str, Sent]] = []
    for number, line in lines:
        at = _moment(number, "t", line.t)
        used = _fact(number, "converted_at", line.converted_at, at)
        receipt = _fact(number, "receipt_at", line.receipt_at, at)
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
