"""Jobs of the worker (procrastinate): queued in the caller's transaction, run inside the scope of their client."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from prometheus_client import Counter

from sofy.kit.rls import client_scope

__all__ = ["app", "client_job", "defer"]
_JOBS = Counter("sofy_worker_jobs_total", "Jobs that were run", ["job", "outcome"])


def client_job(
    *, name: str, queue: str = "default", retries: int = 5, **options: Any
) -> Callable[[Callable[..., None]], Any]:
    """Make a function a job: it receives `client_id` and other ids, never personal data, and must bear a second run.

    It is not run inside a transaction of its own: long work commits in steps with `client_scope`.
    """

    def register(function: Callable[..., None]) -> Any:
        @wraps(function)
        def run(*, client_id: str, **ids: Any) -> None:
            outcome = "failed"
            try:
                function(client_id=UUID(client_id), **ids)
                outcome = "done"
            finally:
                _JOBS.labels(name, outcome).inc()

        retry = RetryStrategy(max_attempts=retries, exponential_wait=2)
        make: Any = app.task(name=name, queue=queue, retry=retry, **options)
        return make(run)

    return register


def defer(task: Any, client_id: UUID, **ids: Any) -> None:
    """Queue a job together with the rows of the current transaction; a rollback takes it away."""
    with client_scope(client_id):
        task.defer(client_id=str(client_id), **{key: str(v) if isinstance(v, UUID) else v for key, v in ids.items()})


_chores: dict[Callable[[], object], float] = {}


def every(seconds: float) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """Have the worker call a function again and again, this long after it last ended; it must bear company."""

    def register(function: Callable[[], object]) -> Callable[[], object]:
        _chores[function] = seconds
        return function

    return register


def chores() -> dict[Callable[[], object], float]:
    """What was registered with `every`."""
    return dict(_chores)
