"""The detector at work: one engine looks at what came in, each second, and tells the gates of all.

Out of the way of messages: what comes in faster than it can be looked at is looked at in part, client by client.
"""

from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog

from sofy.engine.fraud.detector import Detector, Judged
from sofy.engine.fraud.memory import Sent
from sofy.engine.fraud.ranges import NOBODYS, country
from sofy.engine.fraud.watch import RANGE_KIND, encoded, published
from sofy.engine.intake import decode_payload
from sofy.engine.keystore import KeyStore
from sofy.engine.link import HotLink
from sofy.kernel import business_hours, clock, ids
from sofy.kernel.clauses import clause
from sofy.kernel.crypto import Unreadable
from sofy.kernel.errors import Refused

log = structlog.get_logger(__name__)

#: Messages of all clients looked at in one turn, of one client at least, and at the first look.
_TURN, _LEAST, _FIRST = 400, 4, 500
_BEFORE: Final = timedelta(hours=2)
#: A message may be committed this long after its id was made.
_LATE: Final = timedelta(seconds=1)
_REMEMBERED: Final = 50_000
#: How long a held range is watched without anything new.
_HELD_FOR: Final = timedelta(minutes=15)


class Hit(msgspec.Struct):
    """What one look found in one range."""

    judged: Judged
    messages: int = 0
    samples: list[UUID] = []


class Analyser:
    """Feeds the detector from the engine's tables and writes down what it says."""

    def __init__(self, link: HotLink, keystore: KeyStore, instance: UUID) -> None:
        self.detector = Detector()
        self._link = link
        self._keystore = keystore
        self._hash = keystore.platform().indexer(RANGE_KIND)
        self._me = instance
        self._seen: dict[bytes, int] = {}
        self._after: dict[bytes, tuple[UUID, datetime]] = {}
        self._sent: OrderedDict[bytes, tuple[Sent, str, str]] = OrderedDict()
        self._safe: list[tuple[bytes, bytes, int]] = []
        self._looked_at = clock.now()
        self._digits: dict[bytes, str] = {}

    async def look(self) -> None:
        """One look at everything new; nothing when another engine does."""
        leads = await self._link.rows("lead_analysis", {"me": self._me})
        if not leads:
            self._seen.clear()
            return
        now = clock.now()
        self._safe = [(c, h, n) for c, h, n in await self._link.rows("fraud_safe_ranges", {})]
        await self._open_released(now)
        busy = [
            (client, seq) for client, seq in await self._link.rows("busy_clients", {}) if self._seen.get(client) != seq
        ]
        share = max(_LEAST, _TURN // max(1, len(busy)))
        for client, seq in busy:
            await self._client(client, share, now, fiction=leads[0][0])
            self._seen[client] = seq
        self._looked_at = now

    async def _client(self, client: bytes, share: int, now: datetime, *, fiction: bool) -> None:
        after, heard = self._after.get(client, (ids.before(now - _BEFORE), now - _BEFORE))
        before, most = ids.before(now - _LATE), share if client in self._after else _FIRST
        values = {"client": UUID(bytes=client), "after": after, "before": before, "n": most}
        rows = await self._link.rows("traffic_since", values)
        news = await self._link.rows("news_since", {"client": UUID(bytes=client), "after": heard, "n": 4 * most})
        partly = len(news) == 4 * most
        hits = self._judge(client, reversed(rows), fiction=fiction)
        self._hear(client, reversed(news), partly)
        if rows:
            self._after[client] = (UUID(bytes=rows[0][0]), news[0][2] if news else heard)
        elif news:
            self._after[client] = (after, news[0][2])
        for key, hit in hits.items():
            await self._note(UUID(bytes=client), key, hit, now)

    def _judge(self, client: bytes, rows: Iterable[tuple[Any, ...]], *, fiction: bool) -> dict[tuple[str, str], Hit]:
        owner = UUID(bytes=client)
        hits: dict[tuple[str, str], Hit] = {}
        try:
            unseal = self._keystore.client(owner).opener("engine_message", "payload")
        except Refused:
            return hits
        for mid, purpose, payload in rows:
            try:
                to = decode_payload(unseal(UUID(bytes=mid), payload)).to
            except (Unreadable, msgspec.DecodeError):
                continue
            if not to.startswith("+") or (not fiction and to.startswith(NOBODYS)) or self._is_safe(client, to):
                continue
            at = int.from_bytes(mid[:6]) / 1000
            judged = self.detector.message(at, owner.hex, to, purpose)
            if judged.sent is not None:
                self._sent[mid] = (judged.sent, to, purpose)
                if len(self._sent) > _REMEMBERED:
                    self._sent.popitem(last=False)
            if judged.verdict != "allow":
                hit = hits.setdefault((purpose, judged.range), Hit(judged, samples=[]))
                hit.judged, hit.messages = judged, hit.messages + 1
                if len(hit.samples) < 5:
                    hit.samples.append(UUID(bytes=mid))
        return hits

    def _hear(self, client: bytes, news: Iterable[tuple[Any, ...]], partly: bool) -> None:
        """What became of messages. When not all of it can be read, silence says nothing."""
        owner = UUID(bytes=client).hex
        for mid, kind, at, submitted_at in news:
            known = self._sent.get(mid) if mid else None
            if known is None:
                continue
            sent, to, purpose = known
            if kind == "converted":
                self.detector.used(at.timestamp(), owner, to, purpose, sent)
            else:
                took = (at - submitted_at).total_seconds() if submitted_at else at.timestamp() - sent.at
                self.detector.received(sent.at + max(0.0, took), owner, purpose, sent)
        if partly:
            for sent, _, _ in self._sent.values():
                sent.receipt = True

    @clause("CGVU 15")
    async def _note(self, client: UUID, key: tuple[str, str], hit: Hit, now: datetime) -> None:
        """Write down a suspicion, tell the gates, and tell the client the first time; its programs also of a block."""
        purpose, digits = key
        judged, name = hit.judged, ids.uuid7()
        land = digits if not digits.startswith("+") else country(digits[:5])
        until = now + _HELD_FOR
        if judged.until is not None:
            until = datetime.fromtimestamp(max(judged.until, now.timestamp()), tz=now.tzinfo)
        reasons = [
            {"code": r.code, "points": round(r.points, 1), "seen": round(r.seen, 2), "usual": round(r.usual, 2)}
            for r in judged.reasons
        ]
        hashed = self._hash(digits)
        self._digits[hashed] = digits
        values = {
            "client": client, "id": name, "purpose": purpose, "hash": hashed, "verdict": judged.verdict,
            "open_digits": _open_digits(digits), "country": land, "score": judged.score, "reasons": encoded(reasons),
            "messages": hit.messages, "samples": hit.samples, "until": until, "now": now,
            "alert_due_at": business_hours.deadline(now),
        }  # fmt: skip
        ((stands, new, worse),) = await self._link.rows("suspect", values)
        await self._link.run("watch_range", values | {"id": UUID(bytes=stands)})
        if new:
            log.warning("fraud.suspected", client=str(client), verdict=judged.verdict, country=land)
            said = {"suspicion_id": str(name)}
            await self._link.run("publish", published(client, "fraud.suspected", encoded(said), now))
        if new or worse:
            data = {
                "id": str(UUID(bytes=stands)), "purpose": purpose, "country": land, "verdict": judged.verdict,
                "reasons": reasons,
            }  # fmt: skip
            told = {"client": client, "kind": "fraud.suspected", "now": now, "data": encoded(data)}
            await self._link.run("tell", told)

    async def _open_released(self, now: datetime) -> None:
        for client, purpose, hashed in await self._link.rows("released_ranges", {"after": self._looked_at - _LATE * 2}):
            if hashed in self._digits:
                self.detector.open(UUID(bytes=client).hex, purpose, self._digits[hashed])

    def _is_safe(self, client: bytes, to: str) -> bool:
        """A range of no digits is a whole country."""
        own = ((hashed, n) for owner, hashed, n in self._safe if owner in (client, bytes(16)))
        return any(self._hash(to[:n] if n else country(to[:5])) == hashed for hashed, n in own)


def _open_digits(digits: str) -> int:
    """How many digits the numbers of a range differ in; 0: a country."""
    return {9: 3, 8: 4, 6: 6}.get(len(digits), 4) if digits.startswith("+33") else (4 if digits.startswith("+") else 0)
