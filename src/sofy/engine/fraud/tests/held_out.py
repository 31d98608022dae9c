"""Traces written by other habits than the sandbox's: simple scripts, few ranges, even paces.

The detector was corrected with them; `unseen.py` holds those it was not.
"""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from sofy.engine.fraud.replay import Traced

_T0 = 1_790_000_000.0


class Labelled(NamedTuple):
    line: Traced
    fraud: bool
    shape: str


Numbers = Callable[[Random, int], str]


def _line(
    at: float, client: str, to: str, purpose: str = "alert", used: float | None = None, receipt: float | None = 2.0
) -> Traced:
    return Traced(
        at, client, to, purpose, None if used is None else at + used, None if receipt is None else at + receipt
    )


def _login(
    rng: Random,
    client: str,
    start: float,
    seconds: float,
    gap: float,
    numbers: Numbers,
    rate: float,
    shape: str = "login",
    receipt: float | None = 2.0,
) -> list[Labelled]:
    found: list[Labelled] = []
    at = start
    while (at := at + gap * rng.uniform(0.5, 1.5)) <= start + seconds:
        used = rng.uniform(5, 60) if rng.random() < rate else None
        found.append(Labelled(_line(at, client, numbers(rng, len(found)), "alert", used, receipt), False, shape))
    return found


def _mass(
    rng: Random,
    client: str,
    start: float,
    total: int,
    gap: float,
    numbers: Numbers,
    purpose: str,
    shape: str,
    fraud: bool = False,
    fake: float = 0.0,
    receipt: float | None = 2.0,
) -> list[Labelled]:
    return [
        Labelled(
            _line(
                start + n * gap,
                client,
                numbers(rng, n),
                purpose,
                rng.uniform(5, 60) if rng.random() < fake else None,
                receipt,
            ),
            fraud,
            shape,
        )
        for n in range(total)
    ]


def national(rng: Random, n: int) -> str:
    return f"+336{rng.randrange(10**8):08d}"


def fiction(rng: Random, n: int) -> str:
    return f"+3363998{rng.randrange(10**4):04d}"


def few_ranges(rng: Random, n: int) -> str:
    return (
        f"+33{rng.choice(('6120', '6345', '6781', '7012', '7456', '6500', '6911', '7788'))}{rng.randrange(10**5):05d}"
    )


def spread(rng: Random, n: int) -> str:
    return f"+336{(n * 7919 + 13) % 10**8:08d}"


def book(rng: Random, n: int) -> str:
    return f"+336{10_000_000 + n * 137:08d}"


_PEOPLE: tuple[Numbers, ...] = (national, few_ranges, spread, fiction)
_PUMPED: dict[str, Numbers] = {
    "in order at home": lambda rng, n: f"+33700{n:06d}",
    "in order abroad": lambda rng, n: f"+9989012{n:05d}",
    "thousand at home": lambda rng, n: f"+33756123{rng.randrange(1000):03d}",
    "ten thousand abroad": lambda rng, n: f"+2609550{rng.randrange(10**4):04d}",
    "five ranges abroad": lambda rng, n: f"+85593{rng.randrange(5)}1{rng.randrange(10**4):04d}",
    "anywhere abroad": lambda rng, n: f"+2499{rng.randrange(10**8):08d}",
    "four ranges at home": lambda rng, n: f"+3377{rng.choice('1357')}409{rng.randrange(10**4):04d}",
    "backwards": lambda rng, n: f"+93701{999_999 - n:06d}",
}


def trace(seed: int) -> list[Labelled]:
    """One trace of other habits."""
    rng = Random(f"held out {seed}")
    receipt = rng.choice((2.0, None))
    rate = rng.uniform(0.6, 0.9)
    start = _T0 + rng.uniform(1800, 3 * 3600)
    found = _login(rng, "a", _T0, 4 * 3600, rng.uniform(3, 30), rng.choice(_PEOPLE), rate, receipt=receipt)
    found += _login(rng, "b", _T0, 4 * 3600, rng.uniform(5, 60), rng.choice(_PEOPLE), 0.0, "never told", receipt)
    found += _mass(
        rng,
        "c",
        start,
        5000,
        rng.uniform(0.005, 0.1),
        rng.choice((*_PEOPLE, book)),
        "marketing",
        "flash sale",
        receipt=receipt,
    )
    found += _mass(
        rng,
        "d",
        start + 600,
        2000,
        rng.uniform(0.01, 0.2),
        rng.choice((national, spread, few_ranges, book)),
        "alert",
        "broadcast",
        receipt=receipt,
    )
    found += _login(rng, "e", start, 900, rng.uniform(0.1, 1), rng.choice(_PEOPLE), rate, "newcomer", receipt)
    shape, client = rng.choice(list(_PUMPED)), rng.choice(("a", "a", "b", "f"))
    paces = [(0.05, 2500), (0.5, 1500), (2.0, 1000), (1.0, 1200)]
    gap, total = rng.choice(paces)
    faked = receipt if receipt is None else rng.choice((2.0, 0.3))
    found += _mass(
        rng,
        client,
        start + rng.uniform(0, 1800),
        total,
        gap,
        _PUMPED[shape],
        "alert",
        shape,
        True,
        rng.choice((0.0, 0.0, 0.1)),
        faked,
    )
    return sorted(found, key=lambda labelled: float(labelled.line.t))
