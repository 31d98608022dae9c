"""A turn of one webhook: some seconds in which this process, and no other, tells it what there is to tell.

Nothing in memory outlives the turn but what the database knows: whoever takes the next turn goes on from there.
"""

import asyncio
import time
from collections import deque
from datetime import datetime, timedelta
from typing import Final

import structlog

from sofy.engine.keystore import KeyStore
from sofy.engine.waiting import until_set
from sofy.kernel import clock, ids
from sofy.kernel.crypto import ClientKeys, Unreadable
from sofy.kernel.errors import Refused
from sofy.webhooks import patience, signing
from sofy.webhooks.bodies import bodies
from sofy.webhooks.courier import GONE, Courier, Result
from sofy.webhooks.desk import Desk, Endpoint, Lost, Noted
from sofy.webhooks.guard import check_url
from sofy.webhooks.queue import Delivery, Queue

log = structlog.get_logger(__name__)

#: As long as a turn lasts at most, and as long as one lasts in which there is nothing to tell.
TURN_S: Final = 10.0
LINGER_S: Final = 1.0
#: Requests to one webhook at once; only one to see whether it works again.
AT_ONCE: Final = 32
#: Bodies made together, and events in them at most. Results written together, or after this long.
MADE_TOGETHER: Final = 100
MOST_MADE: Final = 1_000
NOTED_TOGETHER: Final = 250
_NOTED_EVERY_S: Final = 0.5
#: What comes within this long is taken together.
_TAKEN_EVERY_S: Final = 0.2
_LOOK_EVERY_S: Final = 0.1
#: After so many failures in a row it is left alone for a while.
_FAILURES: Final = 5
_UNREADABLE_REST: Final = timedelta(hours=1)
#: Answers that ask for time.
_BUSY: Final = (429, 503)


class Turn:
    """What is in memory of a webhook while it is told."""

    def __init__(self, endpoint: Endpoint, desk: Desk, courier: Courier, keystore: KeyStore) -> None:
        self.told = 0
        self._endpoint = endpoint
        self._desk = desk
        self._courier = courier
        self._keystore = keystore
        self._queue = Queue()
        self._made: deque[tuple[Delivery, bytes]] = deque()
        self._flying: set[asyncio.Task[None]] = set()
        self._noted: list[Noted] = []
        self._failures = 0
        self._failing_since = endpoint.failing_since
        self._rests_for: timedelta | None = None
        self._gone = False
        self._ends = time.monotonic() + TURN_S
        self._landed = asyncio.Event()
        self._url = ""
        self._keys: list[bytes] = []

    def end(self) -> None:
        """Start nothing more."""
        self._ends = 0.0

    async def run(self) -> None:
        """Tell it what there is, for a turn."""
        if not self._opened():
            await self._desk.fails(clock.now() + _UNREADABLE_REST)
            return
        try:
            await self._tell()
        except Lost:
            log.info("notify.answer_lost", webhook=str(self._endpoint.id))
        finally:
            self.end()
            if self._flying:
                await asyncio.wait(self._flying)
            await self._note()
        await self._conclude()

    def _opened(self) -> bool:
        """Whether address and secrets can be read, and the address may still be one."""
        at = self._endpoint
        try:
            keys = self._keystore.client(at.client)
            self._url = keys.unseal("gate_endpoint", "url", at.id, at.url)
            check_url(self._url, production=self._courier.https_only)
            self._keys = self._secrets(keys)
        except (Refused, Unreadable, ValueError) as error:
            log.warning("notify.unreadable", webhook=str(at.id), error=type(error).__name__)
            return False
        return True

    def _secrets(self, keys: ClientKeys) -> list[bytes]:
        """The key that signs and, when it was changed, the one before."""
        at = self._endpoint
        found = [signing.key_of(keys.unseal("gate_endpoint", "secret", at.id, at.secret))]
        if at.old_secret is not None:
            found.append(signing.key_of(keys.unseal("gate_endpoint", "old_secret", at.id, at.old_secret)))
        return found

    def _signing(self, now: datetime) -> list[bytes]:
        """For a day after a secret was changed, the one before signs too."""
        until = self._endpoint.old_secret_until
        return self._keys if until is not None and now < until else self._keys[:1]

    async def _tell(self) -> None:
        self._queue.add(await self._desk.open())
        idle_since = time.monotonic()
        while time.monotonic() < self._ends and not self._stops:
            await self._take()
            await self._make()
            self._launch()
            if self._flying or self._made:
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since > LINGER_S:
                break
            self._landed.clear()
            await until_set(self._landed, _LOOK_EVERY_S)
            if self._noted and (len(self._noted) >= NOTED_TOGETHER or self._noted_long_ago()):
                await self._note()

    async def _take(self) -> None:
        """Fetch what there is when there is nothing else to do; what trickles in, a few times a second."""
        if self._made or len(self._queue) >= self._desk.most_open or self._queue.has_ready(clock.now()):
            return
        if time.monotonic() >= self._take_from:
            taken = await self._desk.take()
            self._queue.add(taken)
            self._take_from = time.monotonic() + (0 if len(taken) >= AT_ONCE else _TAKEN_EVERY_S)

    @property
    def _stops(self) -> bool:
        return self._rests_for is not None or self._gone

    def _noted_long_ago(self) -> bool:
        return time.monotonic() - self._noted_at > _NOTED_EVERY_S

    _noted_at = _take_from = 0.0

    async def _make(self) -> None:
        """Have some bodies ready, so that lines are not idle."""
        if len(self._made) >= AT_ONCE:
            return
        chosen = self._queue.next(clock.now(), max(1, min(MADE_TOGETHER, MOST_MADE // self._endpoint.batch)))
        if not chosen:
            return
        at = self._endpoint
        made = await bodies(
            self._desk.rows, self._keystore, at.client, [each.events for each in chosen], batch=at.batch > 1
        )
        for delivery, body in zip(chosen, made, strict=True):
            if body is None:
                self._over(delivery, "failed", Result(0, "forgotten", 0), clock.now())
            else:
                self._made.append((delivery, body))

    def _launch(self) -> None:
        most = 1 if self._failing_since is not None else AT_ONCE
        while self._made and len(self._flying) < most and not self._stops and time.monotonic() < self._ends:
            task = asyncio.create_task(self._carry(*self._made.popleft()))
            self._flying.add(task)
            task.add_done_callback(self._land)

    def _land(self, task: asyncio.Task[None]) -> None:
        self._flying.discard(task)
        self._launch()
        if len(self._made) < AT_ONCE or len(self._noted) >= NOTED_TOGETHER:
            self._landed.set()

    async def _carry(self, delivery: Delivery, body: bytes) -> None:
        name = f"msg_{ids.from_bytes(delivery.id).hex}"
        result = await self._courier.carry(self._url, self._signing(clock.now()), name, body)
        delivery.attempt = min(delivery.attempt + 1, 1_000)
        now = clock.now()
        if result.taken:
            self.told += len(delivery.events)
            self._over(delivery, "delivered", result, now)
            await self._succeeded()
        else:
            self._failed(delivery, result, now)

    async def _succeeded(self) -> None:
        self._failures = 0
        if self._failing_since is not None:
            self._failing_since = None
            await self._note()
            await self._desk.works()
            self._queue.hurry(clock.now())

    def _failed(self, delivery: Delivery, result: Result, now: datetime) -> None:
        self._failures += 1
        if now - delivery.since >= patience.GIVEN_UP_AFTER:
            self._over(delivery, "failed", result, now)
        else:
            self._queue.again(delivery, now + patience.pause(delivery.attempt, result.asked))
            self._noted.append(Noted(delivery, "waiting", now, result.status, result.problem, result.latency))
        self._gone = self._gone or result.status == GONE
        busy = result.asked is not None and result.status in _BUSY
        if busy or self._failures >= _FAILURES or self._failing_since is not None:
            failing_for = now - (self._failing_since or now)
            asked = patience.rest(failing_for, result.asked if busy else None)
            self._rests_for = max(asked, self._rests_for or timedelta())

    def _over(self, delivery: Delivery, state: str, result: Result, now: datetime) -> None:
        delivery.due_at = now
        self._queue.over(delivery)
        self._noted.append(Noted(delivery, state, now, result.status, result.problem, result.latency))

    async def _note(self) -> None:
        noted, self._noted = self._noted, []
        self._noted_at = time.monotonic()
        if noted:
            await self._desk.note(noted)

    async def _conclude(self) -> None:
        """What is known of the webhook itself when its turn ends."""
        now = clock.now()
        if self._gone:
            await self._desk.disable("gone")
        elif self._failures and (self._rests_for is not None or not self.told):
            if self._failing_since is not None and now - self._failing_since >= patience.GIVEN_UP_AFTER:
                await self._desk.disable("failing")
            else:
                await self._desk.fails(now + (self._rests_for or timedelta()))
