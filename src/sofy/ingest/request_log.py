"""What programs asked, for their developers: the address as it is described, the status, the time. Never what was sent.

It is written once a second and never waited for: of many requests of one client a sample is kept, refusals first, and
what cannot be written is left out.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import psycopg
import structlog

from sofy.ingest.problems import Fault
from sofy.ingest.reading import Reader
from sofy.kernel import clock, ids

log = structlog.get_logger(__name__)

#: Of one client, between two writes: so many that went well, and so many in all.
MOST_FINE: Final = 20
MOST: Final = 40
MOST_CLIENTS: Final = 1_000
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "DELETE"})


class Line(NamedTuple):
    """One request. Unit: microseconds for `latency_us`."""

    id: UUID
    at: datetime
    key: UUID
    method: str
    path: str
    status: int
    code: str
    latency_us: int


class RequestLog:
    """The requests of this process that were not written yet."""

    def __init__(self, link: Reader) -> None:
        self._link = link
        self._waiting: dict[UUID, list[Line]] = {}

    def note(
        self, client: UUID, key: UUID, *, method: str, path: str, status: int, code: str = "", seconds: float
    ) -> None:
        """Remember a request, unless enough of the same moment are remembered. `path`: as the API describes it."""
        lines = self._waiting.get(client)
        if lines is None:
            if len(self._waiting) >= MOST_CLIENTS:
                return
            lines = self._waiting[client] = []
        if len(lines) >= (MOST_FINE if status < 400 else MOST):
            return
        known = method if method in _METHODS else "other"
        lines.append(Line(ids.uuid7(), clock.now(), key, known, path, status, code, int(seconds * 1_000_000)))

    async def write(self) -> None:
        """Write what was noted; what the database does not take is forgotten."""
        waiting, self._waiting = self._waiting, {}
        for client, lines in waiting.items():
            try:
                await self._link.run("log_requests", {"client": client, **_columns(lines)})
            except (Fault, psycopg.Error) as error:
                log.warning("ingest.requests_not_logged", error=type(error).__name__)
                return


def _columns(lines: Sequence[Line]) -> dict[str, list[object]]:
    names = ("ids", "ats", "keys", "methods", "paths", "statuses", "codes", "latencies")
    return {name: list(column) for name, column in zip(names, zip(*lines, strict=True), strict=True)}
