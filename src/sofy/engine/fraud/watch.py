"""What the gate knows of fraud and misuse: ranges that are held or closed, texts people decided about.

Every engine reads the few rows there are each second; a message costs a look into a dict.
"""

import time
from collections import OrderedDict
from datetime import datetime
from uuid import UUID

import msgspec

from sofy.engine.fraud.ranges import ranges
from sofy.engine.item import Item
from sofy.engine.keystore import KeyStore
from sofy.engine.link import HotLink
from sofy.kernel import clock, ids, misuse
from sofy.kernel.errors import Refused

#: Texts of which it is remembered how often they were seen lately.
_TEXTS = 4096
RANGE_KIND = "fraud range"
TEXT_KIND = "alert text"


class Held(msgspec.Struct):
    """Messages held for one text since they were last written down."""

    score: float
    reasons: tuple[misuse.Point, ...]
    samples: list[UUID]
    messages: int = 0


class Seen(msgspec.Struct):
    """How often a text was seen lately; `within`: in the minute that has the number `minute`."""

    times: int = 0
    minute: int = 0
    within: int = 0

    def again(self) -> "Seen":
        """Once more, now."""
        minute = int(time.monotonic() // 60)
        if minute != self.minute:
            self.minute, self.within = minute, 0
        self.times += 1
        self.within += 1
        return self


class Watch:
    """The verdicts of one engine's gate on fraud and misuse."""

    def __init__(self, link: HotLink, keystore: KeyStore) -> None:
        self._link = link
        self._keystore = keystore
        self._hash = keystore.platform().indexer(RANGE_KIND)
        self._ranges: dict[bytes, dict[tuple[str, bytes], str]] = {}
        self._by_hand: dict[bytes, set[int]] = {}
        self._texts: dict[tuple[bytes, bytes], str] = {}
        self._alike: OrderedDict[bytes, Seen] = OrderedDict()
        self._held: dict[tuple[bytes, bytes], Held] = {}
        self._holds: dict[tuple[bytes, str, bytes], datetime] = {}
        self._again: set[tuple[bytes, str]] = set()
        self.enforce = True

    async def refresh(self) -> None:
        """Read what stands, write down what was held."""
        now = clock.now()
        self.enforce = all(row[0] for row in await self._link.rows("fraud_enforced", {}))
        found: dict[bytes, dict[tuple[str, bytes], str]] = {}
        by_hand: dict[bytes, set[int]] = {}
        holds: dict[tuple[bytes, str, bytes], datetime] = {}
        for client, purpose, key, verdict, digits, until in await self._link.rows("fraud_watch", {"now": now}):
            found.setdefault(client, {})[purpose, key] = verdict
            if digits:
                by_hand.setdefault(client, set()).add(digits)
            if verdict == "hold":
                holds[client, purpose, key] = until
        self._ranges, self._by_hand = found, by_hand
        rows = await self._link.rows("misuse_watch", {})
        texts = {(client, text): verdict for client, text, verdict in rows}
        decided = {(client, "alert_reads_like_marketing") for (client, _), _ in texts.items() - self._texts.items()}
        decided |= {
            (client, "fraud_suspected")
            for (client, *ranged), until in self._holds.items()
            if (client, *ranged) not in holds and until > now
        }
        self._texts, self._holds = texts, holds
        await self._write(now)
        await self._look_again(decided, now)

    async def _look_again(self, decided: set[tuple[bytes, str]], now: datetime) -> None:
        """What was held in the moment before a decision was known here; once more for what is just being written."""
        due, self._again = self._again | decided, decided
        for client, reason in due:
            values = {"client": UUID(bytes=client), "reason": reason, "now": now}
            lanes = {lane for (lane,) in await self._link.rows("look_again_at", values)}
            for lane in sorted(lanes):
                await self._link.run("raise_backlog", {"client": values["client"], "lane": lane, "due_at": now})

    def fraud(self, item: Item) -> str | None:
        """Whether the range of a message is held or closed."""
        watched = self._ranges.get(item.client)
        if watched is None or not self.enforce or not item.to.startswith("+"):
            return None
        closed = [item.to[:n] for n in self._by_hand.get(item.client, ())]
        verdicts = {watched.get((item.purpose, self._hash(digits))) for digits in (*ranges(item.to), *closed)}
        return "block" if "block" in verdicts else "hold" if "hold" in verdicts else None

    def misuse(self, item: Item) -> str | None:
        """Whether the text of an alert reads like marketing, unless people decided about it."""
        if item.purpose != "alert" or item.campaign is not None:
            return None
        said = item.text if item.content is None else misuse.words(item.text, item.content)
        points, _ = misuse.score(said)
        if points < misuse.TALKS:
            return None
        try:
            text = self._keystore.client(item.uid_client).index(TEXT_KIND, misuse.skeleton(said))
        except Refused:
            return None
        seen = self._alike[text] = (self._alike.pop(text, None) or Seen()).again()
        if len(self._alike) > _TEXTS:
            self._alike.popitem(last=False)
        points, reasons = misuse.score(said, seen.times, seen.within)
        known = self._texts.get((item.client, text))
        if points < misuse.HOLD or known == "released":
            return None
        if known == "refused":
            return "refused"
        held = self._held.setdefault((item.client, text), Held(points, reasons, []))
        held.messages += 1
        if len(held.samples) < 5:
            held.samples.append(item.uid)
        return "held"

    async def _write(self, now: datetime) -> None:
        held, self._held = self._held, {}
        for (client, text), one in held.items():
            values = {
                "client": UUID(bytes=client),
                "hash": text,
                "score": one.score,
                "reasons": encoded([{"code": point.code, "points": point.points} for point in one.reasons]),
                "messages": one.messages,
                "samples": one.samples,
                "now": now,
            }
            for (new,) in await self._link.rows("note_misuse", values):
                if new:
                    payload = encoded({"text": text.hex()})
                    await self._link.run("publish", published(values["client"], "alert.misuse", payload, now))


def published(client: object, topic: str, payload: str, now: datetime) -> dict[str, object]:
    """The values of the statement `publish`."""
    return {"client": client, "id": ids.uuid7(), "topic": topic, "payload": payload, "now": now}


def encoded(value: object) -> str:
    """JSON as a statement takes it."""
    return msgspec.json.encode(value).decode()
