"""Made-up traffic for the rules of the detector, and what it judged of it."""

from collections.abc import Callable, Iterator
from random import Random
from typing import NamedTuple

from sofy.engine.fraud.detector import Detector, Judged
from sofy.engine.fraud.memory import Sent

T0 = 1_790_000_000.0
HOUR = 3600.0

Numbers = Callable[[Random, int], str]


class Asked(NamedTuple):
    """One message of a made-up client, and whether its code will be used."""

    at: float
    to: str
    used: bool = False
    client: str = "shop"
    fraud: bool = False


def anywhere(rng: Random, n: int) -> str:
    return f"+336{rng.randrange(10**8):08d}"


def steady(
    seed: int, numbers: Numbers, gap: float, hours: float, rate: float, start: float = T0, client: str = "shop"
) -> Iterator[Asked]:
    rng, at = Random(seed), start
    for n in range(int(hours * HOUR / gap)):
        at += rng.expovariate(1 / gap)
        yield Asked(at, numbers(rng, n), rng.random() < rate, client)


def pumped(
    seed: int, numbers: Numbers, gap: float, total: int, start: float, rate: float = 0.0, client: str = "shop"
) -> list[Asked]:
    hours = total * gap / HOUR
    return [asked._replace(fraud=True) for asked in steady(seed, numbers, gap, hours, rate, start, client)]


def judge(asked: list[Asked], detector: Detector | None = None) -> list[tuple[Asked, Judged]]:
    """All of it in the order of time; a code is used half a minute later, if it went out."""
    detector, found = detector or Detector(), []
    waiting: list[tuple[Asked, Sent]] = []
    for one in sorted(asked):
        while waiting and waiting[0][0].at + 30 <= one.at:
            before, sent = waiting.pop(0)
            detector.used(before.at + 30, before.client, before.to, "alert", sent)
        judged = detector.message(one.at, one.client, one.to, "alert")
        if judged.sent is not None and one.used:
            waiting.append((one, judged.sent))
        found.append((one, judged))
    return found


def stopped(found: list[tuple[Asked, Judged]], *, fraud: bool) -> float:
    """The share of messages that were stopped."""
    mine = [judged.verdict != "allow" for one, judged in found if one.fraud is fraud]
    return sum(mine) / len(mine)


def reasons_of(found: list[tuple[Asked, Judged]]) -> set[str]:
    return {reason.code for _, judged in found for reason in judged.reasons}
