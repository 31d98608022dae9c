"""E-mail over SMTP: the connector. Protocol facts and sources are in the README beside it."""

import asyncio
import hmac
from collections.abc import Collection
from math import inf
from typing import Any, ClassVar
from uuid import UUID

import structlog

from sofy.connectors import base
from sofy.connectors.base import Accepted, Action, HandOver, Outgoing, Reported
from sofy.connectors.email_smtp import callbacks
from sofy.connectors.email_smtp import config as settings
from sofy.connectors.email_smtp.failures import action_for, code_of
from sofy.connectors.email_smtp.letters import Envelope, Letters
from sofy.connectors.email_smtp.link import Link
from sofy.connectors.email_smtp.pacing import Lane, Lanes, Mail, Pace, ids_of, provider_of
from sofy.connectors.pump import Pump
from sofy.kernel import clock
from sofy.wire.email.mime import BadAddress
from sofy.wire.email.smtp import ClientSession, Reply, Sent

log = structlog.get_logger(__name__)

_JOURNAL_RETRY_S = 1.0
#: A provider that rests for longer than this does so without our mails in memory: the engine brings them again.
_KEEP_S = 30.0
_AHEAD_S = 1.0


class EmailConnector(base.Connector):
    """One mail server that takes our mails: its connections, the pace of each provider, and what waits."""

    code: ClassVar[str] = "email_smtp"
    capabilities: ClassVar[base.Capabilities] = base.Capabilities(
        channel="email", encodings=frozenset({"gsm7", "latin1", "ucs2"}), receipts=False, inbound=True, max_parts=1
    )
    Config: ClassVar[type[Any]] = settings.Config

    def __init__(self, config: settings.Config, events: base.Events) -> None:
        self.config = config
        self._events = events
        self._loop = asyncio.get_running_loop()
        self._pump = Pump(self._loop, self._work)
        self._letters = Letters(config)
        self._paces = config.paces()
        self._lanes = Lanes(self._paces)
        self._whole = Lane(Pace(config.rate_per_s), self._loop.time())
        self._links = [Link(n, config, self, self._pump.soon) for n in range(config.binds)]
        self._tasks: list[asyncio.Task[None]] = []
        self._sequence = 0
        self._stopping = False

    # the contract

    async def start(self) -> None:
        self._tasks = [self._loop.create_task(link.run()) for link in self._links]

    async def stop(self, grace_s: float = 5.0) -> None:
        self._stopping = True
        waiting = self._lanes.remove(lambda mail: True)
        self._report([_reported(mail, base.NotSent("stopping")) for mail in waiting])
        await asyncio.gather(*(link.stop(grace_s) for link in self._links))
        self._pump.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def capacity(self) -> int:
        if self._stopping or not any(link.up for link in self._links):
            return 0
        most = self.config.window
        if self.config.rate_per_s:
            most = min(most, max(1, int(self.config.rate_per_s * _AHEAD_S)))
        return max(0, most - self._lanes.waiting)

    def submit(self, messages: list[Outgoing]) -> None:
        now = self._loop.time()
        for message in messages:
            domain = message.to.rpartition("@")[2].lower()
            self._lanes.add(Mail(message, provider_of(domain, self._paces)), now)
        self._pump.soon()

    def withdraw(self, message_ids: Collection[UUID]) -> list[UUID]:
        wanted = set(message_ids)
        return ids_of(self._lanes.remove(lambda mail: mail.message.message_id in wanted))

    def health(self) -> base.Health:
        errors = [link.last_error for link in self._links if not link.up and link.last_error]
        resting = sorted(self._lanes.resting(self._loop.time()))
        return base.Health(
            binds_up=sum(link.up for link in self._links),
            binds=len(self._links),
            in_flight=sum(link.session.in_flight for link in self._links if link.session is not None),
            queued=self._lanes.waiting,
            rate_per_s=self.config.rate_per_s or inf,
            paused=self._loop.time() < self._whole.paused_until,
            last_error=errors[0] if errors else f"resting: {', '.join(resting[:5])}" if resting else "",
        )

    @classmethod
    def authentic(cls, config: settings.Config, callback: base.Callback) -> bool:
        if not config.hook_secret:
            return False
        given = callback.headers.get("authorization", "").encode()
        if hmac.compare_digest(given, f"Bearer {config.hook_secret}".encode()):
            return True
        signature = "sha256=" + hmac.new(config.hook_secret.encode(), callback.body, "sha256").hexdigest()
        return hmac.compare_digest(callback.headers.get("x-sofy-signature", "").encode(), signature.encode())

    @classmethod
    def read_callback(cls, config: settings.Config, body: bytes) -> base.Heard:
        return callbacks.heard(config, body)

    # what the sessions tell

    def on_answer(self, session: ClientSession, mail: Mail, reply: Reply) -> None:
        now = self._loop.time()
        lane = self._lanes.returned(mail, now)
        if reply.good:
            lane.taken()
            self._report([_reported(mail, Accepted(mail.message.message_id.hex))])
            return
        code = code_of(reply.code, reply.enhanced, reply.text)
        action = action_for(code, self.config.errors)
        if action is not Action.SLOW_LINK:
            self._report([_reported(mail, base.Refused(code, action))])
            return
        rest_s = lane.slowed(now)
        self._report([self._again(mail, code, now)])
        if rest_s > _KEEP_S:
            left = self._lanes.remove(lambda each: each.provider == mail.provider)
            self._report([_reported(each, base.Refused(code, action)) for each in left])

    def on_lost(self, session: ClientSession, unsent: list[Mail], doubtful: list[Mail], reason: str) -> None:
        now = self._loop.time()
        for mail in (*unsent, *doubtful):
            self._lanes.returned(mail, now)
        outcomes = [_reported(mail, base.Unknown(reason)) for mail in doubtful]
        outcomes += [self._again(mail, "connection_lost", now) for mail in reversed(unsent)]
        self._report(outcomes)
        self._pump.soon()

    def on_room(self, session: ClientSession) -> None:
        self._pump.soon()

    # inside

    def _again(self, mail: Mail, code: str, now: float) -> Reported:
        """A mail whose text never left, once more; not for ever."""
        mail.tries += 1
        if self._stopping:
            return _reported(mail, base.NotSent("stopping"))
        if mail.tries >= self.config.tries:
            return _reported(mail, base.Refused(code, Action.SLOW_LINK))
        self._lanes.add(mail, now, first=True)
        return _reported(mail, base.Throttled(code))

    def _report(self, outcomes: list[Reported]) -> None:
        if outcomes:
            self._events.on_outcomes(outcomes)

    def _work(self) -> None:
        """Write as much as connections and paces allow, then say whether there is room for more."""
        if self._stopping:
            return
        now = self._loop.time()
        self._write(self._choose(now), now)
        if self._lanes.waiting:
            delay_s = max(self._lanes.wait_s(now), self._whole.wait_s(now))
            if 0 < delay_s < inf:
                self._pump.later(delay_s)
        if self.capacity() > 0:
            self._events.on_capacity()

    def _choose(self, now: float) -> list[tuple[Link, Mail, Envelope]]:
        """The next mails, written out, each with its connection; what cannot be written is answered."""
        chosen: list[tuple[Link, Mail, Envelope]] = []
        ended: list[Reported] = []
        rooms = [(link, room) for link in self._links if (room := link.room()) > 0]
        instant = clock.now()
        while rooms and self._whole.room(now) and (mail := self._lanes.next(now)) is not None:
            until = mail.message.validity_until
            if until is not None and until <= instant:
                self._lanes.returned(mail, now)
                ended.append(_reported(mail, base.NotSent("too_late")))
                continue
            try:
                envelope = self._letters.write(mail.message)
            except (BadAddress, UnicodeError):
                self._lanes.returned(mail, now)
                ended.append(_reported(mail, base.Refused("unencodable", Action.PERMANENT)))
                continue
            self._whole.spend()
            rooms.sort(key=lambda each: each[1], reverse=True)
            link, room = rooms[0]
            rooms[0] = (link, room - 1)
            if room == 1:
                rooms.pop(0)
            chosen.append((link, mail, envelope))
        self._report(ended)
        return chosen

    def _write(self, chosen: list[tuple[Link, Mail, Envelope]], now: float) -> None:
        """Journal, then hand to the connections."""
        if not chosen:
            return
        records = []
        for link, mail, _ in chosen:
            self._sequence += 1
            records.append(HandOver(mail.message.message_id, 0, 1, link.number, self._sequence))
        try:
            self._events.on_before_write(records)
        except base.NotOurs as error:
            self._keep(chosen, now, error.message_ids)
            self._pump.soon()
        except Exception as error:  # nothing may leave that the journal does not hold
            log.error("email.journal_failed", mails=len(records), error=type(error).__name__)
            self._keep(chosen, now, frozenset())
            self._whole.paused_until = now + _JOURNAL_RETRY_S
        else:
            for link, mail, envelope in chosen:
                assert link.session is not None
                link.session.submit(Sent(mail, *envelope))

    def _keep(self, chosen: list[tuple[Link, Mail, Envelope]], now: float, gone: frozenset[UUID]) -> None:
        """Put back what was not written, in its order, without what is not ours any more."""
        for _, mail, _ in reversed(chosen):
            self._lanes.returned(mail, now)
            if mail.message.message_id not in gone:
                self._lanes.add(mail, now, first=True)


def _reported(mail: Mail, outcome: base.Outcome) -> Reported:
    return Reported(mail.message.message_id, 0, 1, outcome)
