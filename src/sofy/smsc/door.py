"""What stands behind the binds of a process: log-ins, submits, requests, receipts. `wire.smpp.server.Operator`."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, Literal

import structlog

from sofy.kernel.clauses import clause
from sofy.smsc import metrics
from sofy.smsc.accounts import Account, Accounts, Bind, NotAdmitted
from sofy.smsc.deliveries import Deliveries
from sofy.smsc.requests import InDoubt, Requests
from sofy.smsc.submits import Submits
from sofy.smsc.words import Refusal
from sofy.wire.smpp.codes import RESPONSE, Command, Status
from sofy.wire.smpp.pdu import Pdu
from sofy.wire.smpp.server import LATER, Delivered, Later, ServerSession, ServerSettings, Submission

log = structlog.get_logger(__name__)

#: Deliveries without an answer on one bind.
WINDOW: Final = 50
#: A bind with so many requests unanswered is not read any further until half of them are answered.
_MOST_DUE: Final = 2_000
#: Connections at once, bound or not.
_MOST_CONNECTIONS: Final = 2_000
#: Who guesses passwords waits between two guesses. Unit: seconds.
_REFUSED_S: Final = 1.0
_OF_SENDERS: Final = frozenset({Command.SUBMIT_MULTI, Command.DATA_SM, Command.CANCEL_SM, Command.REPLACE_SM})


class Door:
    """One per process, for all its listeners."""

    def __init__(self, accounts: Accounts, submits: Submits, requests: Requests, told: Deliveries) -> None:
        self._accounts = accounts
        self._submits = submits
        self._requests = requests
        self._deliveries = told
        self._binds: dict[ServerSession, Bind] = {}
        self._connected: set[ServerSession] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._settings = ServerSettings(window=WINDOW)
        self.refused_s = _REFUSED_S

    def new(self) -> asyncio.Protocol:
        """The protocol of one more connection."""
        if len(self._connected) >= _MOST_CONNECTIONS:
            return _Full()
        session = ServerSession(self._settings, self)
        self._connected.add(session)
        return session

    def end(self, account: Account) -> None:
        """Log out whoever is bound to an account that may not be used any more."""
        for session, bind in list(self._binds.items()):
            if bind.account is account:
                session.dismiss("the account was disabled or has a new password")

    async def leave(self, grace_s: float) -> None:
        """Log everybody out: what was submitted is answered first."""
        for session in list(self._connected):
            session.dismiss("this server is being stopped")
        if self._connected:
            await asyncio.wait([session.closed for session in self._connected], timeout=grace_s)
        for session in list(self._connected):
            session.abort("this server is being stopped")
        if self._tasks:
            _, late = await asyncio.wait(set(self._tasks), timeout=grace_s)
            for task in late:  # the database is away: nobody was answered, and places end with their leases
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def fault(self, error: Exception) -> None:
        """Note that something went wrong here; never its words, which may be about a person."""
        log.error("smpp.fault", error=type(error).__name__)

    # Operator

    async def authenticate(self, session: ServerSession, system_id: str, password: str) -> Status:
        try:
            return await self._log_in(session, system_id, password)
        except Exception as error:
            self.fault(error)
            return Status.RSYSERR

    @clause("DPA 7")
    async def _log_in(self, session: ServerSession, system_id: str, password: str) -> Status:
        assert session.asked is not None, "a session names what it asks for before it asks"
        peer = session.transport.get_extra_info("peername") if session.transport is not None else None
        address = str(peer[0]) if peer else ""
        try:
            bind = await self._accounts.admit(system_id, password, session.asked, address)
        except NotAdmitted as refusal:
            log.warning("smpp.bind_refused", code=refusal.code)
            metrics.REFUSED.labels(refusal.code).inc()
            await asyncio.sleep(self.refused_s)
            return refusal.status
        self._binds[session] = bind
        if bind.kind.receives:
            self._deliveries.joined(session, bind.account)
        metrics.BINDS.labels(bind.kind.value).inc()
        log.info("smpp.bound", account=str(bind.account.id), kind=bind.kind.value)
        return Status.ROK

    def on_submits(self, session: ServerSession, submissions: list[Submission]) -> None:
        if session.due >= _MOST_DUE:
            session.hold_reading(True)
        self._begin(self._submit(session, self._binds[session].account, submissions))

    def on_request(self, session: ServerSession, request: Pdu) -> Pdu | Literal[Later.LATER] | None:
        if not self._requests.takes(request.command):
            return None
        assert session.kind is not None, "only who is bound asks"
        if request.command in _OF_SENDERS and not session.kind.sends:
            return Pdu(request.command | RESPONSE, request.sequence, Status.RINVBNDSTS)
        self._begin(self._request(session, self._binds[session].account, request))
        return LATER

    def on_delivered(self, session: ServerSession, delivered: list[Delivered]) -> None:
        for _, status in delivered:
            metrics.DELIVERIES.labels("ok" if status == Status.ROK else "refused").inc()
        self._deliveries.delivered(self._binds[session].account, delivered)

    def on_lost(self, session: ServerSession, undelivered: list[Any]) -> None:
        self._connected.discard(session)
        bind = self._binds.pop(session, None)
        if bind is None:
            return
        self._deliveries.lost(session, bind.account, undelivered)
        metrics.BINDS.labels(bind.kind.value).dec()
        log.info("smpp.unbound", account=str(bind.account.id), reason=session.reason)
        self._begin(self._accounts.close([bind]))

    # inside

    async def _submit(self, session: ServerSession, account: Account, submissions: list[Submission]) -> None:
        try:
            outcomes = await self._submits.take(account, [sm for _, sm in submissions])
        except Exception as error:
            self.fault(error)
            self._leave_in_doubt(session, len(submissions))
            return
        taken = doubtful = 0
        for (sequence, _), outcome in zip(submissions, outcomes, strict=True):
            if isinstance(outcome, Refusal) and outcome.doubtful:
                doubtful += 1
            elif isinstance(outcome, Refusal):
                session.answer(sequence, outcome.status, words=outcome.words(account.language))
                metrics.SUBMITS.labels(outcome.status.name).inc()
                self._end_with_its_client(session, outcome)
            else:
                taken += 1
                session.answer(sequence, Status.ROK, outcome)
        metrics.SUBMITS.labels(Status.ROK.name).inc(taken)
        if doubtful:
            self._leave_in_doubt(session, doubtful)
        if session.due < _MOST_DUE // 2:
            session.hold_reading(False)

    def _leave_in_doubt(self, session: ServerSession, requests: int) -> None:
        """What may be stored is neither said to be nor not to be: its sender asks, or sends it again."""
        metrics.SUBMITS.labels("unanswered").inc(requests)
        log.warning("smpp.left_unanswered", requests=requests)
        session.hold_reading(False)  # or its farewell would never be read
        session.leave_unanswered(requests, "what was asked may be done, and nobody knows")

    def _end_with_its_client(self, session: ServerSession, refusal: Refusal) -> None:
        if refusal.code == "client_ended":
            session.dismiss("the client is no more")

    async def _request(self, session: ServerSession, account: Account, request: Pdu) -> None:
        try:
            answer = await self._requests.answer(account, request)
        except InDoubt:
            self._leave_in_doubt(session, 1)
            return
        except Exception as error:
            self.fault(error)
            if request.command != Command.QUERY_SM:
                self._leave_in_doubt(session, 1)
                return
            answer = Pdu(request.command | RESPONSE, request.sequence, Status.RSYSERR)
        session.reply(answer)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Full(asyncio.Protocol):
    """A connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()
