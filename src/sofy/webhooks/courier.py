"""Carries one request to a client's program, and says what came of it."""

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple

import aiohttp
from prometheus_client import Counter, Histogram

from sofy.kernel import clock
from sofy.webhooks import signing
from sofy.webhooks.guard import Forbidden, Sockets
from sofy.webhooks.patience import retry_after

TIMEOUT: Final = aiohttp.ClientTimeout(total=15, sock_connect=5)
#: An answer is read so far, for the line to be used again; its words are nobody's.
_LONGEST_ANSWER: Final = 64 << 10
GONE: Final = 410
_REQUESTS: Final = Counter("sofy_webhook_requests_total", "Requests to webhooks", ["outcome"])
_SECONDS: Final = Histogram(
    "sofy_webhook_request_seconds",
    "From a request to a webhook to the end of its answer",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0),
)
_OUTCOMES: Final = {
    name: _REQUESTS.labels(name)
    for name in ("taken", "refused", "address_refused", "name_unknown", "certificate", "timeout", "unreachable", "cut")
}
_KEEP_S: Final = 15.0
DNS_KEPT_S = 10


class Result(NamedTuple):
    """What came of a request: a status, or the code of a problem. Unit: milliseconds for `latency`."""

    status: int
    problem: str | None
    latency: int
    asked: timedelta | None = None

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300


class Courier:
    """A process's way out: lines are kept for a moment, nothing is remembered of an answer, no redirect is followed."""

    def __init__(self, *, production: bool, resolver: Any = None) -> None:
        self.https_only = production
        connector = aiohttp.TCPConnector(
            limit=0,
            resolver=resolver,
            socket_factory=Sockets(loopback=not production),
            keepalive_timeout=_KEEP_S,
            ttl_dns_cache=DNS_KEPT_S,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=TIMEOUT,
            auto_decompress=False,
            skip_auto_headers=("accept", "accept-encoding"),
            headers={"user-agent": "Sofy-Webhooks/1"},
        )

    async def close(self) -> None:
        await self._session.close()

    async def carry(self, url: str, keys: Sequence[bytes], name: str, body: bytes) -> Result:
        """POST a signed body; never raises for what a foreign program does."""
        began = time.monotonic()
        status, problem, asked = 0, None, None
        # The program compares this with its own clock, whatever day it is for the business.
        headers = signing.headers(keys, name, int(time.time()), body)
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
                status = answer.status
                asked = retry_after(answer.headers.get("retry-after"), clock.now())
                await _finish(answer)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, asyncio.IncompleteReadError) as error:
            problem = None if status else _problem(error)
        seconds = time.monotonic() - began
        result = Result(status, problem, round(seconds * 1000), asked)
        _SECONDS.observe(seconds)
        _OUTCOMES["taken" if result.taken else problem or "refused"].inc()
        return result


async def _finish(answer: aiohttp.ClientResponse) -> None:
    """Let the line be used again, unless the answer goes on and on."""
    left = _LONGEST_ANSWER
    while left > 0 and (chunk := await answer.content.read(left)):
        left -= len(chunk)
    if left <= 0:
        answer.close()


def _problem(error: BaseException) -> str:
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, Forbidden):
        return "address_refused"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "name_unknown"
    if isinstance(error, aiohttp.ClientSSLError | aiohttp.ClientConnectorCertificateError):
        return "certificate"
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "unreachable"
    return "cut"
