"""The simulated Meta's own log of what it took, for whoever compares the ledgers afterwards, and what phones show."""

import json
from collections import deque
from pathlib import Path
from typing import IO, Any, NamedTuple

from sofy.kernel import clock

_SHOWN = 2_000


class Seen(NamedTuple):
    """One message on its way to or from a phone."""

    who: str
    from_phone: bool
    what: str
    at: str


class AcceptedLog:
    """One JSON line per message taken, written before it is answered: id, to, way, type, opaque, at."""

    def __init__(self, path: Path | None) -> None:
        self.shown: deque[Seen] = deque(maxlen=_SHOWN)
        self._file: IO[str] | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8")

    def accepted(self, wamid: str, to: str, way: str, body: dict[str, Any], words: str = "") -> None:
        """Note one message; `words` is what its phone shows."""
        at = clock.now().isoformat()
        self.shown.append(Seen(to, False, words or words_of(body), at))
        if self._file is None:
            return
        line = {
            "id": wamid,
            "to": to,
            "way": way,
            "type": body["type"],
            "opaque": body.get("biz_opaque_callback_data", ""),
            "at": at,
        }
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()

    def said(self, who: str, what: str) -> None:
        """Show what a person wrote."""
        self.shown.append(Seen(who, True, what, clock.now().isoformat()))

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def words_of(body: dict[str, Any]) -> str:
    """A message in one line."""
    kind = body["type"]
    part = body.get(kind, {})
    if kind == "text":
        return str(part.get("body", ""))
    if kind == "button":
        return str(part.get("text", ""))
    if kind == "reaction":
        return str(part.get("emoji", ""))
    if kind == "interactive":
        tapped = part.get("button_reply") or part.get("list_reply") or {}
        return str(tapped.get("title") or part.get("body", {}).get("text", ""))
    return f"[{kind}] {part.get('caption') or part.get('link') or ''}".strip()
