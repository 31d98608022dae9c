"""Calling back: signed, several entries at once, doubled, out of order, and again for days until it is answered 200."""

import asyncio
import hmac
import json
import random
from collections import Counter
from heapq import heappop, heappush
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import aiohttp

from sofy.engine.waiting import until_set
from sofy.sandbox.whatsapp_cloud.profile import SandboxConfig

_AT_ONCE = 8
_ANSWER_WITHIN_S = 10.0
_SETUP_AGAIN_S = 0.5


class Subscription(NamedTuple):
    """Who is called back, and the word that proves it is them."""

    url: str
    verify_token: str


class _Due(NamedTuple):
    at: float
    number: int
    first_at: float
    tries: int
    entry: dict[str, Any]


def written(entries: list[dict[str, Any]]) -> bytes:
    """A callback as Meta writes it: accents and slashes escaped, so that only the raw bytes have this signature."""
    envelope = {"object": "whatsapp_business_account", "entry": entries}
    return json.dumps(envelope, separators=(",", ":"), ensure_ascii=True).replace("/", "\\/").encode()


def signature(secret: str, body: bytes) -> str:
    """The header X-Hub-Signature-256."""
    return "sha256=" + hmac.new(secret.encode(), body, "sha256").hexdigest()


class Callbacks:
    """Everything still to be told. `add` from the loop; `start` and `stop` around it."""

    def __init__(self, config: SandboxConfig, stats: "Counter[str]") -> None:
        self._config = config
        self._stats = stats
        self._random = random.Random(config.profile.seed)
        self._due: list[_Due] = []
        self._number = count()
        self._news = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()
        self._subscription = Subscription(config.callback_url, config.verify_token)
        self._verified: Subscription | None = None
        self._file_seen: tuple[int, int] | None = None

    @property
    def waiting(self) -> int:
        """Entries still to be told."""
        return len(self._due) + len(self._sending)

    async def start(self) -> None:
        """Begin telling."""
        self._loop = asyncio.get_running_loop()
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_ANSWER_WITHIN_S))
        self._task = self._loop.create_task(self._run())

    async def stop(self) -> None:
        """Forget what was not told."""
        self._task.cancel()
        for one in self._sending:
            one.cancel()
        await asyncio.gather(self._task, *self._sending, return_exceptions=True)
        await self._session.close()

    def add(self, entry: dict[str, Any]) -> None:
        """Tell this as soon as may be."""
        now = self._loop.time()
        heappush(self._due, _Due(now, next(self._number), now, 0, entry))
        self._news.set()

    async def subscribe(self, subscription: Subscription) -> bool:
        """Ask the other side whether it wants to be called; from then on it is."""
        query = {
            "hub.mode": "subscribe",
            "hub.verify_token": subscription.verify_token,
            "hub.challenge": str(self._random.randrange(10**9, 10**10)),
        }
        separator = "&" if "?" in subscription.url else "?"
        try:
            async with self._session.get(f"{subscription.url}{separator}{urlencode(query)}") as response:
                agreed = response.status == 200 and await response.text() == query["hub.challenge"]
        except (aiohttp.ClientError, TimeoutError):
            agreed = False
        self._stats["subscribed" if agreed else "subscription_refused"] += 1
        if agreed:
            self._subscription = self._verified = subscription
            self._news.set()
        return agreed

    async def _run(self) -> None:
        while True:
            self._news.clear()
            self._read_file()
            now = self._loop.time()
            if not self._due or not self._subscription.url:
                await self._nap(0.5)
            elif self._due[0].at > now:
                await self._nap(self._due[0].at - now)
            elif self._verified != self._subscription and not await self.subscribe(self._subscription):
                await self._nap(_SETUP_AGAIN_S)
            elif len(self._sending) >= _AT_ONCE:
                await asyncio.wait(self._sending, return_when=asyncio.FIRST_COMPLETED)
            else:
                self._send_next(now)

    async def _nap(self, seconds: float) -> None:
        await until_set(self._news, seconds)

    def _send_next(self, now: float) -> None:
        size = self._random.randint(1, self._config.profile.batch)
        batch: list[_Due] = []
        while self._due and self._due[0].at <= now and len(batch) < size:
            batch.append(heappop(self._due))
        task = self._loop.create_task(self._send(batch))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, batch: list[_Due]) -> None:
        body = written([one.entry for one in batch])
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "facebookexternalua",
            "X-Hub-Signature-256": signature(self._config.app_secret, body),
        }
        try:
            async with self._session.post(self._subscription.url, data=body, headers=headers) as response:
                taken = response.status == 200
                await response.read()
        except (aiohttp.ClientError, TimeoutError):
            taken = False
        self._stats["callbacks" if taken else "callbacks_refused"] += 1
        if not taken:
            self._again(batch)

    def _again(self, batch: list[_Due]) -> None:
        profile, now = self._config.profile, self._loop.time()
        for one in batch:
            if now - one.first_at > profile.retry_for_s:
                self._stats["callbacks_given_up"] += 1
                continue
            wait_s = min(profile.retry_s * 2.0 ** min(one.tries, 16), profile.longest_retry_s)
            again = one._replace(at=now + wait_s * self._random.uniform(0.8, 1.2), tries=one.tries + 1)
            heappush(self._due, again)

    def _read_file(self) -> None:
        path: Path | None = self._config.subscription
        if path is None:
            return
        try:
            state = path.stat()
            if (seen := (state.st_mtime_ns, state.st_size)) == self._file_seen:
                return
            given = json.loads(path.read_text(encoding="utf-8"))
            self._subscription = Subscription(given["callback_url"], given["verify_token"])
        except (OSError, ValueError, KeyError, TypeError):
            return
        self._file_seen = seen
