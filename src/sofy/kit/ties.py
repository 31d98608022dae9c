"""Transactions that PostgreSQL undid to break a tie are done again."""

import re
from collections.abc import Callable
from typing import TypeVar

import psycopg
import structlog
from django.db import OperationalError

_log = structlog.get_logger("sofy.kit")
TRIES = 4
T = TypeVar("T")
_WHERE = re.compile(r'while \w+ tuple \([0-9,]+\) in relation "\w+"')


def again(work: Callable[[], T]) -> T:
    """Run `work`, which is one whole transaction, and run it anew when it was undone to end a deadlock.

    Not for a part of a transaction: what came before it is gone, too.

    Source: PostgreSQL manual, 13.3.4: applications retry transactions that are aborted due to deadlocks.
    """
    for left in reversed(range(TRIES)):
        try:
            return work()
        except OperationalError as error:
            if not left or not isinstance(error.__cause__, psycopg.errors.DeadlockDetected):
                raise
            _log.warning("deadlock", where=where(error.__cause__), left=left)
    raise AssertionError("the last try answers or raises")


def where(error: psycopg.Error) -> str:
    """Which table the tie was about, for who has to find the other side; never a value of a row."""
    return "; ".join(_WHERE.findall(error.diag.context or ""))
