"""What a monitor reads of the process that answers programs."""

from functools import cache
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


_requests = cache(REQUESTS.labels)  # it looks under a lock, and makes words of everything, each time
_seconds = cache(SECONDS.labels)


def count(endpoint: str, method: str, status: int, seconds: float) -> None:
    """Count one request of `endpoint`, which is the pattern of an address, never an address that names a message."""
    _requests(endpoint, method if method in _METHODS else "other", status).inc()
    _seconds(endpoint).observe(seconds)
