"""What a monitor reads of the process that answers programs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from prometheus_client import Counter, Histogram

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "DELETE"})
REQUESTS: Final = Counter("sofy_api_requests_total", "Answers to programs", ["endpoint", "method", "status"])
SECONDS: Final = Histogram(
    "sofy_api_request_seconds",
    "From the first byte of a request to its answer",
    ["endpoint"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
)


class Told:
    """The status of an answer; 500 until there is one."""

    status = 500


@contextmanager
def counted(endpoint: str, method: str) -> Iterator[Told]:
    """Count one request of `endpoint`, which is the pattern of an address, never an address that names a message."""
    began, told = time.perf_counter(), Told()
    try:
        yield told
    finally:
        REQUESTS.labels(endpoint, method if method in _METHODS else "other", told.status).inc()
        SECONDS.labels(endpoint).observe(time.perf_counter() - began)
