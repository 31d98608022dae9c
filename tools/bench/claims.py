"""How long a claim takes: the engine's own, of one client's messages after the other, with all that the gate asks.

Databases take turns, claim by claim, so that an hour of the machine in which everything is slower decides nothing.
"""

import asyncio
import time
from statistics import quantiles
from typing import Any

from tools.bench import ledger
from tools.bench.ledger import LANE, Ledger, keystore

#: Claims of each database before any is timed, while its statements are planned and its pages read.
WARM_UP = 50
#: Messages of a claim: as an engine with room takes, and as it takes where many clients wait (`SMALLEST_CLAIM`).
EACH, LEAST = 500, 50


class Claimant:
    """An engine's claims on one database, and what each took. Unit: milliseconds."""

    def __init__(self, ledger: Ledger, each: int) -> None:
        from sofy.engine.claim import Claims
        from sofy.engine.link import HotLink
        from sofy.kernel import ids

        self.ledger = ledger
        self.taken_ms: list[float] = []
        self.messages = 0
        self._each = each
        self._link = HotLink(ledger.url, "claims")
        self._claims = Claims(LANE, self._link, keystore(), ids.uuid7())

    async def take(self, *, timed: bool) -> None:
        """One claim. Raises: SystemExit when nothing is due any more."""
        others = len(self.ledger.clients) if self._each > LEAST else 1
        started = time.perf_counter()
        batch = await self._claims.take(self._each * others)
        taken_ms = (time.perf_counter() - started) * 1000
        if batch is None:
            raise SystemExit(f"Nothing was due any more after {len(self.taken_ms)} claims.")
        found = len(batch.items) + len(self._claims.failures)
        self._claims.failures.clear()
        if timed:
            self.taken_ms.append(taken_ms)
            self.messages += found

    async def close(self) -> None:
        await self._link.close()

    def figures(self) -> dict[str, Any]:
        """What the claims took: whole, and per thousand messages of a second."""
        busy_s = sum(self.taken_ms) / 1000
        return {
            "claims": len(self.taken_ms),
            "messages": self.messages,
            **{f"p{share}_ms": round(quantiles(self.taken_ms, n=100)[share - 1], 2) for share in (50, 95, 99)},
            "per_second": round(self.messages / busy_s),
        }


async def _measure(ledgers: list[Ledger], claims: int, each: int) -> list[dict[str, Any]]:
    claimants = [Claimant(ledger, each) for ledger in ledgers]
    try:
        for n in range(WARM_UP + claims):
            for claimant in claimants[n % len(claimants) :] + claimants[: n % len(claimants)]:
                await claimant.take(timed=n >= WARM_UP)
        return [claimant.figures() for claimant in claimants]
    finally:
        for claimant in claimants:
            await claimant.close()


def measure(ledgers: list[Ledger], claims: int, each: int) -> list[dict[str, Any]]:
    """So many claims of `each` messages on every database, in turn; the figures of each."""
    return asyncio.run(_measure(ledgers, claims, each))


def by_rows(sizes: list[int], claims: int, old_every: int, *, keep: bool, quiet: bool) -> dict[int, Any]:
    """Claims of 500 on ledgers of so many rows: each larger one in turn with the smallest.

    A database is dropped when it was measured, unless it is to be kept: the largest takes gigabytes.
    """
    smallest, *larger = sorted(set(sizes))
    small, found = ledger.filled(smallest, quiet=quiet), {}
    try:
        for rows in larger or [smallest]:
            large = ledger.filled(rows, quiet=quiet) if larger else small
            both = [small, large] if larger else [small]
            for each in both:
                ledger.make_due(each, (WARM_UP + claims) * EACH, old_every)
            figures = measure(both, claims, EACH)
            found[rows] = figures[-1] | {
                "beside": figures[0] | {"stored_per_second": small.stored_per_second},
                "stored_per_second": large.stored_per_second,
                "ratio": _ratio(figures),
                "megabytes": large.megabytes(),
                "filled_in_s": large.seconds,
            }
            if larger and not keep:
                large.drop()
    finally:
        if not keep:
            small.drop()
    return found


def by_clients(counts: list[int], claims: int, *, quiet: bool) -> dict[int, Any]:
    """Claims of 50 where so many clients have due work, and the same number of messages in all."""
    made = [ledger.filled(0, clients, quiet=quiet) for clients in sorted(set(counts))]
    try:
        for each in made:
            ledger.make_due(each, max((WARM_UP + claims) * LEAST, LEAST * len(each.clients)))
        figures = measure(made, claims, LEAST)
    finally:
        for each in made:
            each.drop()
    return {
        len(each.clients): found | {"ratio": _ratio([figures[0], found])}
        for each, found in zip(made, figures, strict=True)
    }


def _ratio(figures: list[dict[str, Any]]) -> float:
    """How much longer the last one's p95 is than the first one's."""
    return round(float(figures[-1]["p95_ms"]) / float(figures[0]["p95_ms"]), 2)
