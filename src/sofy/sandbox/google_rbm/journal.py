"""The platform's own log of what it accepted, and what its page shows of it."""

from collections import OrderedDict
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Literal, get_args

import msgspec

from sofy.kernel import clock

_REMEMBERED = 200_000
End = Literal["delivered", "revoked", "expired"]
"""What became of a message: on a phone, called back, or ended by its time."""
_ENDS: dict[str, End] = {end: end for end in get_args(End)}


class Accepted(msgspec.Struct, frozen=True):
    """One line of the log: a message as it was taken, before it was answered. `until` is when its time is over."""

    id: str
    to: str
    agent: str
    at: datetime
    traffic: str
    until: datetime | None
    content: dict[str, Any]


class Said(msgspec.Struct, frozen=True):
    """What a person did, as the page shows it."""

    number: str
    text: str
    at: datetime


class AcceptedLog:
    """One JSON object per accepted message. The file is the simulator's own data, with numbers in it."""

    def __init__(self, folder: Path | None) -> None:
        self.messages: OrderedDict[str, Accepted] = OrderedDict()
        self.ends: dict[str, End] = {}
        self.said: list[Said] = []
        self._file: IO[bytes] | None = None
        self._ends: IO[bytes] | None = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._remember(folder / "accepted.jsonl", folder / "ends.txt")
            self._file = (folder / "accepted.jsonl").open("ab")
            self._ends = (folder / "ends.txt").open("ab")

    def accept(self, message: Accepted) -> None:
        """Write a message down."""
        self._keep(message)
        if self._file is not None:
            self._file.write(msgspec.json.encode(message) + b"\n")
            self._file.flush()

    def end(self, message_id: str, how: End) -> None:
        """Write down what became of a message, so that a restart makes nothing else of it."""
        self.ends[message_id] = how
        if self._ends is not None:
            self._ends.write(f"{message_id} {how}\n".encode())
            self._ends.flush()

    def say(self, number: str, text: str) -> None:
        """Show what a person did."""
        self.said.append(Said(number, text, clock.now()))
        del self.said[:-_REMEMBERED]

    def close(self) -> None:
        """Close the files."""
        for file in (self._file, self._ends):
            if file is not None:
                file.close()
        self._file = self._ends = None

    def _keep(self, message: Accepted) -> None:
        self.messages[message.id] = message
        if len(self.messages) > _REMEMBERED:
            self.messages.popitem(last=False)

    def _remember(self, accepted: Path, ends: Path) -> None:
        """What was taken before a restart: the same identifier is still known then."""
        if accepted.exists():
            with accepted.open("rb") as lines:
                for line in lines:
                    try:
                        self._keep(msgspec.json.decode(line, type=Accepted))
                    except msgspec.MsgspecError:  # a line cut by a kill
                        continue
        for written in ends.read_text().splitlines() if ends.exists() else []:
            message_id, _, how = written.partition(" ")
            if (end := _ENDS.get(how)) is not None:
                self.ends[message_id] = end
