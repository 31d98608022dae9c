"""The operator's own log of what it accepted, and what the phones page shows of it."""

from collections import deque
from datetime import datetime
from pathlib import Path
from typing import IO, NamedTuple

from sofy.kernel import clock
from sofy.wire.smpp.codes import Tag
from sofy.wire.smpp.pdu import Sm

_SHOWN = 5_000
_LINE = 400  # octets, generously


class Seen(NamedTuple):
    """One message on its way to or from a phone."""

    number: str
    from_phone: bool
    sm: Sm
    at: datetime


class AcceptedLog:
    """One line per accepted submit_sm, written before it is answered.

    Columns: id source destination esm_class data_coding hex(message) instant; an empty source is written "-". The
    instant is UTC, ISO 8601, of the clock the whole house runs on.
    """

    def __init__(self, path: Path | None) -> None:
        self.shown: deque[Seen] = deque(maxlen=_SHOWN)
        self._file: IO[str] | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.shown.extend(_remembered(path))
            self._file = path.open("a", encoding="ascii", errors="backslashreplace")

    def accepted(self, batch: list[tuple[str, Sm]]) -> None:
        """Write a batch of (id, message)."""
        now = clock.now()
        instant = now.isoformat(timespec="microseconds").replace("+00:00", "Z")
        self.shown.extend(Seen(sm.destination, False, sm, now) for _, sm in batch[-_SHOWN:])
        if self._file is None:
            return
        lines = []
        for message_id, sm in batch:
            octets = sm.short_message or sm.tlvs.get(Tag.MESSAGE_PAYLOAD, b"")
            about = f"{sm.source or '-'} {sm.destination} {sm.esm_class} {sm.data_coding}"
            lines.append(f"{message_id} {about} {octets.hex()} {instant}\n")
        self._file.write("".join(lines))
        self._file.flush()

    def replied(self, sm: Sm) -> None:
        """Show what a phone answered."""
        self.shown.append(Seen(sm.source, True, sm, clock.now()))

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _remembered(path: Path) -> list[Seen]:
    """What phones received before the simulator was started again: the end of its log, as far as the page shows it."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _SHOWN * _LINE))
        lines = file.read().decode("ascii", "replace").splitlines()[-_SHOWN:]
    return [seen for line in lines if (seen := _seen(line)) is not None]


def _seen(line: str) -> Seen | None:
    try:
        names, esm_class, data_coding, octets, instant = line.rsplit(" ", 4)
        _, *source_words, destination = names.split(" ")
        source = " ".join(source_words)
        sm = Sm(
            destination,
            bytes.fromhex(octets),
            "" if source == "-" else source,
            esm_class=int(esm_class),
            data_coding=int(data_coding),
        )
        return Seen(destination, False, sm, datetime.fromisoformat(instant))
    except ValueError:  # a line cut by the seek or by a kill
        return None
