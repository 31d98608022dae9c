"""What suppliers that are spoken to over HTTP share: one request per message, a queue, a pace, a journal before each.

A connector of this kind says how one message is asked for (`request`); everything that could lose a message or send it
twice is here, once.
"""

import asyncio
from abc import abstractmethod
from collections.abc import Collection, Iterable
from heapq import heapify, heappop, heappush
from typing import Any, NamedTuple
from uuid import UUID

import aiohttp
import structlog

from sofy.connectors import base
from sofy.connectors.base import Accepted, Action, HandOver, NotSent, Outgoing, Refused, Reported, Throttled, Unknown
from sofy.connectors.pacing import Pacer
from sofy.connectors.pump import Pump
from sofy.kernel import clock

log = structlog.get_logger(__name__)

_AHEAD_WINDOWS = 2
_AHEAD_S = 1.0
_JOURNAL_RETRY_S = 1.0
_MOST_RESTING = 10  # windows
_LONGEST_DOWN_S = 30.0
#: Servers close a connection that was silent; one that closes as a request goes out leaves it in doubt.
_KEEP_ALIVE_S = 15.0
_SEQUENCES = 0x7FFFFFFF


class NotWritten(Exception):
    """The supplier could not even be asked; `reason` is what screens may show."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


#: The socket never opened: nothing was written.
NEVER_WRITTEN = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, NotWritten)


class Later(NamedTuple):
    """Not now: the connector keeps the message. `slow`: the whole route slows down; `wait_s`: this message rests."""

    code: str
    slow: bool = False
    wait_s: float = 0.0


class Closed(NamedTuple):
    """The supplier serves nobody of this account until a person looked; it is asked again after `wait_s`."""

    code: str
    wait_s: float


class Waiting:
    """A message that waits here."""

    __slots__ = ("attempts", "message", "order")

    def __init__(self, order: int, message: Outgoing) -> None:
        self.order = order
        self.message = message
        self.attempts = 0

    def __lt__(self, other: "Waiting") -> bool:
        return self.order < other.order


class HttpConnector(base.Connector):
    """A route over HTTP. Its Config has rate_per_s, window, retries, connect_timeout_s and response_timeout_s."""

    def __init__(self, config: Any, events: base.Events) -> None:
        self.config = config
        self.events = events
        self._loop = asyncio.get_running_loop()
        self._pump = Pump(self._loop, self._work)
        self._pacer = Pacer(config.rate_per_s, self._loop.time())
        self._session: aiohttp.ClientSession | None = None
        # Heaps by order, so that what is sent back goes first; alerts leave before marketing.
        self._alerts: list[Waiting] = []
        self._marketing: list[Waiting] = []
        self._aside: list[tuple[float, Waiting]] = []
        self._flying: dict[asyncio.Task[None], Waiting] = {}
        self._outcomes: list[Reported] = []
        self._order = self._sequence = 0
        self._failures = 0
        self._down_until = 0.0
        self._doubtful = False  # after it was away, one request goes alone until there is an answer
        self._last_error = ""
        self._report_due = self._stopping = False

    # what a supplier says

    @abstractmethod
    async def request(self, session: aiohttp.ClientSession, message: Outgoing) -> base.Outcome | Later | Closed:
        """Ask the supplier to take one message. Raises what aiohttp raises, TimeoutError, and NotWritten."""

    def refusal(self, message: Outgoing) -> Refused | None:
        """Why a message can never be asked for; said as soon as it is submitted."""
        return None

    def held_back(self, message: Outgoing) -> Refused | None:
        """Why a message may not be asked for now; said when its turn has come."""
        return None

    def rest_s(self, message: Outgoing) -> float:
        """For how long this message must wait beside the others; 0 when it may leave now."""
        return 0.0

    def leaving(self, message: Outgoing) -> None:
        """A message is about to be written."""

    # the contract

    async def start(self) -> None:
        config = self.config
        timeout = aiohttp.ClientTimeout(total=config.response_timeout_s, sock_connect=config.connect_timeout_s)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=config.window, keepalive_timeout=_KEEP_ALIVE_S),
            timeout=timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self._loop.call_soon(self.events.on_capacity)

    async def stop(self, grace_s: float = 5.0) -> None:
        self._stopping = True
        self._pump.stop()
        self._report(NotSent("stopping"), sorted(self._here()))
        for waiting in (self._alerts, self._marketing, self._aside):
            waiting.clear()
        if self._flying:
            await asyncio.wait(self._flying, timeout=grace_s)
        for task in list(self._flying):
            task.cancel()
        await asyncio.gather(*self._flying, return_exceptions=True)
        self._flush()
        if self._session is not None:
            await self._session.close()

    def capacity(self) -> int:
        return max(0, self._most() - len(self._alerts) - len(self._marketing))

    def capacity_for(self, purpose: str) -> int:
        return self.capacity() if purpose == "marketing" else max(0, self._most() - len(self._alerts))

    def _most(self) -> int:
        """How many messages may wait here: what two windows hold, or a second of the rate."""
        now = self._loop.time()
        if self._session is None or self._stopping or now < self._pacer.paused_until or now < self._down_until:
            return 0
        return int(min(self.config.window * _AHEAD_WINDOWS, max(self._pacer.rate * _AHEAD_S, 1.0)))

    def submit(self, messages: list[Outgoing]) -> None:
        for message in messages:
            self._order += 1
            one = Waiting(self._order, message)
            if (refused := self.refusal(message)) is not None:
                self._report(refused, [one])
            else:
                self._wait(one)
        self._pump.soon()

    def withdraw(self, message_ids: Collection[UUID]) -> list[UUID]:
        wanted = set(message_ids)
        gone = {one.message.message_id for one in self._here() if one.message.message_id in wanted}
        if gone:
            for queue in (self._alerts, self._marketing):
                queue[:] = [one for one in queue if one.message.message_id not in gone]
                heapify(queue)
            self._aside = sorted(pair for pair in self._aside if pair[1].message.message_id not in gone)
        return list(gone)

    def health(self) -> base.Health:
        now = self._loop.time()
        up = self._session is not None and not self._stopping and now >= self._down_until
        return base.Health(
            binds_up=int(up),
            binds=1,
            in_flight=len(self._flying),
            queued=len(self._here()),
            rate_per_s=self._pacer.rate,
            paused=now < self._pacer.paused_until,
            last_error=self._last_error,
        )

    # inside

    def _here(self) -> list[Waiting]:
        return [*self._alerts, *self._marketing, *(one for _, one in self._aside)]

    def _wait(self, one: Waiting) -> None:
        heappush(self._marketing if one.message.purpose == "marketing" else self._alerts, one)

    def _work(self) -> None:
        """Send as much as pace and window allow, then say whether there is room for more."""
        if self._stopping or self._session is None:
            return
        now = self._loop.time()
        while self._aside and self._aside[0][0] <= now:
            self._wait(heappop(self._aside)[1])
        room = min(self._pacer.allowance(now), (1 if self._doubtful else self.config.window) - len(self._flying))
        if room > 0 and now >= self._down_until:
            self._write(self._choose(room))
        if (wait_s := self._wait_s(now)) is not None:
            self._pump.later(wait_s)
        if self.capacity_for("alert") > 0:
            self.events.on_capacity()

    def _wait_s(self, now: float) -> float | None:
        """How long until something may leave, when no answer will call before."""
        waits = [self._aside[0][0] - now] if self._aside else []
        if (self._alerts or self._marketing) and len(self._flying) < self.config.window:
            waits.append(max(self._pacer.wait_s(now), self._down_until - now))
        for until in (self._down_until, self._pacer.paused_until):
            if until > now:
                waits.append(until - now)
        return max(min(waits), 0.001) if waits else None

    def _choose(self, room: int) -> list[Waiting]:
        """The next messages, alerts first, in order; those that have to rest stand aside."""
        instant, now = clock.now(), self._loop.time()
        chosen: list[Waiting] = []
        while len(chosen) < room and (self._alerts or self._marketing):
            one = heappop(self._alerts or self._marketing)
            until = one.message.validity_until
            if until is not None and until <= instant:
                self._report(NotSent("too_late"), [one])
            elif (refused := self.held_back(one.message)) is not None:
                self._report(refused, [one])
            elif (rest_s := self.rest_s(one.message)) > 0:
                if len(self._aside) >= _MOST_RESTING * self.config.window:
                    self._report(Refused("must_rest", Action.RETRY), [one])
                else:
                    heappush(self._aside, (now + rest_s, one))
            else:
                self.leaving(one.message)
                chosen.append(one)
        return chosen

    def _write(self, chosen: list[Waiting]) -> None:
        if not chosen:
            return
        records = []
        for one in chosen:
            self._sequence = self._sequence % _SEQUENCES + 1
            records.append(HandOver(one.message.message_id, 0, 1, 0, self._sequence))
        try:
            self.events.on_before_write(records)
        except base.NotOurs as error:
            log.error("http.not_ours", connector=self.code, messages=len(error.message_ids))
            self._keep(one for one in chosen if one.message.message_id not in error.message_ids)
            self._pump.soon()
        except Exception as error:  # nothing may leave that the journal does not hold
            log.error("http.journal_failed", connector=self.code, error=type(error).__name__)
            self._keep(chosen)
            self._pacer.pause(_JOURNAL_RETRY_S, self._loop.time())
        else:
            self._pacer.take(len(chosen))
            for one in chosen:
                task = self._loop.create_task(self._ask(one))
                self._flying[task] = one
                task.add_done_callback(self._landed)

    def _keep(self, ones: Iterable[Waiting]) -> None:
        for one in ones:
            self._wait(one)

    def _landed(self, task: "asyncio.Task[None]") -> None:
        self._flying.pop(task, None)
        self._pump.soon()

    async def _ask(self, one: Waiting) -> None:
        assert self._session is not None
        try:
            answer = await self.request(self._session, one.message)
        except NEVER_WRITTEN as error:
            self._unreachable(error)
            answer = Later("no_connection")
        except TimeoutError:
            answer = Unknown("timeout")
        except aiohttp.ClientError as error:
            answer = Unknown(type(error).__name__)
        except asyncio.CancelledError:
            self._report(Unknown("stopping"), [one])
            raise
        except Exception as error:  # a request that was written is never forgotten
            log.exception("http.request_failed", connector=self.code)
            answer = Unknown(type(error).__name__)
        else:
            self._answered(answer)
        self._pacer.answered(isinstance(answer, Accepted), isinstance(answer, Later) and answer.slow, self._loop.time())
        if isinstance(answer, Later):
            self._later(one, answer)
        elif isinstance(answer, Closed):
            self._close(one, answer)
        else:
            self._report(answer, [one])

    def _answered(self, answer: base.Outcome | Later | Closed) -> None:
        if isinstance(answer, Unknown | Closed):
            return
        self._failures, self._down_until, self._doubtful = 0, 0.0, False
        if isinstance(answer, Accepted | Refused):  # that one phone takes nothing says nothing about the route
            self._last_error = ""
            if isinstance(answer, Refused) and answer.action in (Action.CONFIGURATION, Action.RETRY):
                self._last_error = answer.code

    def _close(self, one: Waiting, answer: Closed) -> None:
        """Let the engine have everything back: other routes may take it, or this one later."""
        log.error("http.closed", connector=self.code, code=answer.code)
        self._down_until, self._doubtful = self._loop.time() + answer.wait_s, True
        self._last_error = answer.code
        self._report(Refused(answer.code, Action.OTHER_ROUTE), [one])
        self._report(NotSent("stopping"), sorted(self._here()))
        for waiting in (self._alerts, self._marketing, self._aside):
            waiting.clear()

    def _unreachable(self, error: Exception) -> None:
        now = self._loop.time()
        if now >= self._down_until:  # many requests fail at once when a server goes: they count as one
            self._failures += 1
            self._doubtful = True
            self._down_until = now + min(0.5 * 2.0 ** min(self._failures - 1, 10), _LONGEST_DOWN_S)
            self._last_error = error.reason if isinstance(error, NotWritten) else type(error).__name__
            log.warning("http.unreachable", connector=self.code, error=self._last_error)

    def _later(self, one: Waiting, answer: Later) -> None:
        one.attempts += answer.code != "no_connection"  # who could not even ask was not refused
        if self._stopping:
            self._report(NotSent("stopping"), [one])
        elif one.attempts > self.config.retries:
            self._report(Refused(answer.code, Action.OTHER_ROUTE), [one])
        else:
            self._report(Throttled(answer.code), [one])
            if answer.wait_s:
                heappush(self._aside, (self._loop.time() + answer.wait_s, one))
            else:
                self._wait(one)

    def _report(self, outcome: base.Outcome, ones: Iterable[Waiting]) -> None:
        """Tell the engine, with everything else of this moment."""
        self._outcomes += [Reported(one.message.message_id, 0, 1, outcome) for one in ones]
        if self._outcomes and not self._report_due:
            self._report_due = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._report_due = False
        if self._outcomes:
            outcomes, self._outcomes = self._outcomes, []
            self.events.on_outcomes(outcomes)
