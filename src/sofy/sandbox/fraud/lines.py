"""What a trace is made of: its lines, and the people of a made-up client."""

from collections.abc import Callable
from random import Random
from typing import Final

import msgspec

#: Where traces begin: a Monday, midnight UTC.
START: Final = 1_767_571_200.0
HOUR: Final = 3600.0


class Line(msgspec.Struct, omit_defaults=True):
    """One message of a trace. `fraud` and `shape` are the label, which no detector reads."""

    t: float
    client: str
    to: str
    purpose: str
    converted_at: float | None = None
    receipt_at: float | None = None
    fraud: bool = False
    shape: str = ""


class Habit(msgspec.Struct, frozen=True):
    """How people of a client behave: how many use their code and how fast, and what receipts say.

    `receipts`: "phone" (seconds), "none" (this trace has none), "instant" or "silent" (what pumping looks like).
    """

    used: float = 0.78
    delay_s: float = 22.0
    receipts: str = "phone"


SILENT: Final = Habit(used=0.0)


def mobile(rng: Random) -> str:
    """A number somewhere in France."""
    return f"+33{rng.choice('6677')}{rng.randrange(10**8):08d}"


def pool(rng: Random, ranges: int) -> Callable[[Random], str]:
    """Numbers of a country made of few ranges, as small traces have them."""
    heads = [f"+33{rng.choice('67')}{rng.randrange(10**4):04d}" for _ in range(ranges)]
    return lambda other: f"{other.choice(heads)}{other.randrange(10**4):04d}"


def line(
    rng: Random, at: float, client: str, to: str, purpose: str, habit: Habit, *, shape: str, fraud: bool = False
) -> Line:
    """One message with what will come of it."""
    used = receipt = None
    if habit.used and rng.random() < habit.used:
        used = at + min(600.0, rng.lognormvariate(0, 0.6) * habit.delay_s)
    if habit.receipts == "phone" and rng.random() < 0.96:
        receipt = at + 1.2 + rng.expovariate(1 / 4)
    elif habit.receipts == "instant":
        receipt = at + rng.uniform(0.05, 0.7)
    return Line(at, client, to, purpose, used, receipt, fraud, shape)


def steady(rng: Random, start: float, hours: float, per_hour: float, *, days: bool = True) -> list[float]:
    """Instants of ordinary traffic: few at night when `days`."""
    found, at = [], start
    while at < start + hours * HOUR:
        hour = (at // HOUR) % 24
        pace = per_hour * (0.08 if days and (hour < 6 or hour > 21) else 1.0)
        at += rng.expovariate(max(0.5, pace) / HOUR)
        found.append(at)
    return found


def burst(rng: Random, start: float, count: int, per_s: float) -> list[float]:
    """So many at once, at a rate."""
    found, at = [], start
    for _ in range(count):
        at += rng.expovariate(per_s)
        found.append(at)
    return found
