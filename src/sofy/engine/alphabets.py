"""In which alphabets a message may be written: those that every route which may carry it takes.

A text is counted once, when it comes in, and its alphabet stays with it; `routes.route_plan` gives it to no route that
does not take that alphabet. So what was counted is what is sent, and any of its routes can stand in for another.
"""

from collections.abc import Collection, Iterable
from typing import Any

import psycopg

from sofy.engine.db import sql
from sofy.kernel.sms_text import USUAL

Row = tuple[Collection[str], str | None, Collection[str]]


class Alphabets:
    """The alphabets of the routes there are; `rows` are those of the statement `alphabets`."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._rows = list(rows)
        self._known: dict[tuple[str, str | None], frozenset[str]] = {}

    def of(self, purpose: str, short_code: str | None) -> frozenset[str]:
        """What a message of this purpose, with this short code in its text, may be written in.

        The usual alphabets while there is no route for it.
        """
        key = (purpose, short_code)
        if key not in self._known:
            fit = [takes for does, answers, takes in self._rows if purpose in does and short_code in (None, answers)]
            self._known[key] = frozenset.intersection(*map(frozenset, fit)) if fit else frozenset(USUAL)
        return self._known[key]


def read(conn: psycopg.Connection[Any]) -> Alphabets:
    """The alphabets as the routes are now, on the caller's connection."""
    return Alphabets(conn.execute(sql("alphabets")).fetchall())


async def read_async(conn: psycopg.AsyncConnection[Any]) -> Alphabets:
    """The same for processes that run an event loop."""
    return Alphabets(await (await conn.execute(sql("alphabets"))).fetchall())
