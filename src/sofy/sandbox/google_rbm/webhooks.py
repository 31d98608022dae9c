"""Callbacks of the platform: signed, sent again until they are taken, one partner's behind one another.

Source: the guides "Set up a webhook" and "Receive events": any other answer than 200 is sent again with a growing pause
for 7 days, and an address that fails holds up all agents of its partner.
"""

import asyncio
import base64
import hashlib
import hmac
import secrets
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiohttp
import msgspec

from sofy.kernel import clock
from sofy.sandbox.google_rbm.profile import Profile

_KEPT_S: Final = 7 * 86_400
_LOOK_EVERY_S: Final = 0.5


class Webhook(msgspec.Struct, frozen=True, rename="camel"):
    """Where an agent's events go."""

    agent_id: str
    url: str
    client_token: str


class Push(NamedTuple):
    """One event on its way."""

    agent_id: str
    data: bytes
    kind: str
    number: int
    since: float


class SetUpFailed(Exception):
    """The address did not answer the set-up request with its secret."""


class Webhooks:
    """The callbacks of one partner: one queue for all its agents.

    `webhooks.json` in the folder lists the addresses wanted: whoever writes it has them set up, as soon as they answer.
    """

    def __init__(self, profile: Callable[[], Profile], folder: Path | None, stats: Counter[str]) -> None:
        self._profile = profile
        self._path = folder / "webhooks.json" if folder is not None else None
        self._stats = stats
        self._wanted: dict[str, Webhook] = {}
        self._ready: set[str] = set()
        self._read_at = 0
        self._waiting: deque[Push] = deque()
        self._news = asyncio.Event()
        self._number = 0
        self._loop = asyncio.get_running_loop()

    def __len__(self) -> int:
        return len(self._waiting)

    async def start(self) -> None:
        timeout = aiohttp.ClientTimeout(total=self._profile().webhook_timeout_s)
        self._http = aiohttp.ClientSession(timeout=timeout)
        self._tasks = [self._loop.create_task(self._run()), self._loop.create_task(self._watch())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.close()

    async def set_up(self, webhook: Webhook) -> None:
        """Ask an address for the secret, and send events there from now on.

        The guide says the bare secret, Google's own sample answers with a word before it: both are taken.
        Raises: SetUpFailed.
        """
        secret = secrets.token_urlsafe(16)
        request = {"clientToken": webhook.client_token, "secret": secret}
        try:
            async with self._http.post(webhook.url, json=request, allow_redirects=False) as answer:
                said = (await answer.content.read(10_000)).decode("utf-8", "replace")
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise SetUpFailed(type(error).__name__) from None
        if status != 200 or said.strip() not in (secret, f"secret: {secret}"):
            raise SetUpFailed(f"HTTP {status}, not the secret")
        self._wanted[webhook.agent_id] = webhook
        self._ready.add(webhook.agent_id)
        self._news.set()

    async def _watch(self) -> None:
        """Set up the addresses that the file lists, now or when they answer."""
        while True:
            self._look()
            for webhook in [one for agent, one in self._wanted.items() if agent not in self._ready]:
                try:
                    await self.set_up(webhook)
                except SetUpFailed:
                    self._stats["set_ups_failed"] += 1
            await asyncio.sleep(_LOOK_EVERY_S)

    def _look(self) -> None:
        if self._path is None or not self._path.exists():
            return
        changed_at = self._path.stat().st_mtime_ns
        if changed_at == self._read_at:
            return
        try:
            listed = msgspec.json.decode(self._path.read_bytes(), type=list[Webhook])
        except msgspec.MsgspecError:  # being written
            return
        self._read_at = changed_at
        for webhook in listed:
            if self._wanted.get(webhook.agent_id) != webhook:
                self._wanted[webhook.agent_id] = webhook
                self._ready.discard(webhook.agent_id)

    def push(self, agent_id: str, event: dict[str, Any], kind: str = "event") -> None:
        """Have an event delivered."""
        self._number += 1
        data = msgspec.json.encode({**event, "agentId": agent_id})
        self._waiting.append(Push(agent_id, data, kind, self._number, self._loop.time()))
        self._news.set()

    async def _run(self) -> None:
        pause_s = self._profile().backoff_s
        while True:
            await self._news.wait()
            self._news.clear()
            while batch := self._next():
                taken = await asyncio.gather(*map(self._post, batch))
                self._waiting.extendleft(push for push, ok in zip(batch[::-1], taken[::-1], strict=True) if not ok)
                if all(taken):
                    pause_s = self._profile().backoff_s
                    continue
                await asyncio.sleep(pause_s)  # whoever is behind waits too
                pause_s = min(pause_s * 2, self._profile().backoff_most_s)

    def _next(self) -> list[Push]:
        """The next events, up to the first one whose address is not set up yet."""
        horizon = self._loop.time() - _KEPT_S
        batch: list[Push] = []
        while self._waiting and len(batch) < self._profile().webhook_window:
            push = self._waiting[0]
            if push.since < horizon:
                self._stats["events_given_up"] += 1
            elif push.agent_id in self._ready:
                batch.append(push)
            elif push.agent_id in self._wanted:
                break
            else:
                self._stats["events_without_webhook"] += 1
            self._waiting.popleft()
        return batch

    async def _post(self, push: Push) -> bool:
        webhook = self._wanted[push.agent_id]
        self._stats["events_posted"] += 1
        try:
            async with self._http.post(
                webhook.url, data=envelope(push), headers=signed(webhook, push.data), allow_redirects=False
            ) as answer:
                await answer.content.read(10_000)
                taken = answer.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            taken = False
        self._stats["events_taken" if taken else "events_refused"] += 1
        return taken


def envelope(push: Push) -> bytes:
    """The body of a callback."""
    at = clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    message = {
        "data": base64.b64encode(push.data).decode(),
        "messageId": str(push.number),
        "publishTime": at,
        "attributes": {"product": "RBM", "business_id": push.agent_id, "type": push.kind},
    }
    return msgspec.json.encode({"message": message, "subscription": "projects/simulated/subscriptions/rbm"})


def signed(webhook: Webhook, data: bytes) -> dict[str, str]:
    """The headers of a callback."""
    signature = base64.b64encode(hmac.digest(webhook.client_token.encode(), data, hashlib.sha512)).decode()
    return {"X-Goog-Signature": signature, "Content-Type": "application/json"}
