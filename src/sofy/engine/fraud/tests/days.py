"""Traces of a fifth kind: days of ordinary traffic, and pumping hidden in the flow of a client that is known.

The detector was not corrected with these traces, but with others that hold the same habits.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import Final

from sofy.engine.fraud.replay import Traced
from sofy.engine.fraud.tests.held_out import Labelled

_T0: Final = 1_788_134_400.0
_HOUR, _DAY = 3600.0, 86_400.0
#: How busy each hour of the day is, from midnight on.
_BUSY: Final = (1, 1, 1, 1, 1, 2, 6, 12, 18, 24, 26, 24, 28, 24, 20, 20, 22, 26, 28, 24, 18, 12, 6, 2)
_FAR: Final = ("+99890", "+25261", "+26377", "+22507", "+88017", "+8816", "+88299")
_NEAR: Final = ("+4475", "+3465", "+2126")

Numbers = Callable[[], str]


def _digits(rng: Random, head: str, length: int) -> str:
    return head + "".join(rng.choice("0123456789") for _ in range(length - len(head)))


def _line(rng: Random, at: float, client: str, to: str, rate: float, shape: str, purpose: str = "alert") -> Labelled:
    used = at + rng.lognormvariate(3.1, 0.7) if rng.random() < rate else None
    receipt = at + 1.1 + rng.expovariate(0.3) if rng.random() < 0.95 else None
    return Labelled(Traced(at, client, to, purpose, used, receipt), False, shape)


def _through_the_days(rng: Random, days: int, per_hour: float) -> Iterator[float]:
    """Instants of ordinary days; the first is a Monday, half as busy again."""
    at = _T0
    while (at := at + rng.expovariate(1.5 * per_hour / _HOUR)) < _T0 + days * _DAY:
        busy = _BUSY[int(at % _DAY // _HOUR)] / 28 * (1.0 if at < _T0 + _DAY else 0.67)
        if rng.random() < busy:
            yield at


def _codes(rng: Random, client: str, days: int, per_hour: float, rate: float, people: Numbers) -> list[Labelled]:
    """Codes, a third of them to regulars; who has not used one asks again."""
    found, regulars = [], [people() for _ in range(200)]
    for at in _through_the_days(rng, days, per_hour):
        to = rng.choice(regulars) if rng.random() < 0.35 else people()
        for again in range(3):
            found.append(_line(rng, at + 45 * again, client, to, rate, "codes"))
            if found[-1].line.converted_at or rng.random() < 0.5:
                break
    return found


def _burst(
    rng: Random, client: str, at: float, total: int, seconds: float, people: Numbers, rate: float, shape: str
) -> list[Labelled]:
    purpose = "marketing" if shape == "flash sale" else "alert"
    gap = seconds / total
    return [_line(rng, at + n * gap, client, people(), rate, shape, purpose) for n in range(total)]


def _honest(rng: Random, days: int, people: Numbers) -> list[Labelled]:
    """A fleet of phones in a row, a school, a launch, a sale, reminders; an hour of used codes nobody reports."""
    last = _T0 + (days - 1) * _DAY
    head, first, phones = _digits(rng, "+336", 8), rng.randrange(9000), rng.randrange(40, 140)
    found = []
    for day in range(days):
        fleet = [f"{head}{first + n:04d}" for n in range(phones)]
        rng.shuffle(fleet)
        start = _T0 + day * _DAY
        found += _burst(rng, "vans", start + 6 * _HOUR, phones, 2400, iter(fleet).__next__, 0.0, "fleet")
        found += _burst(rng, "clinic", start + 17 * _HOUR, 300, 150, people, 0.0, "reminders")
    found += _burst(rng, "school", last + 8 * _HOUR, 600, 90, people, 0.0, "school")
    found += _burst(rng, "store", last + 12 * _HOUR, 3000, 1500, people, 0.75, "launch")
    found += _burst(rng, "fashion", last + 10 * _HOUR, 20_000, 900, people, 0.0, "flash sale")
    portal = _codes(rng, "portal", days, 40, 0.8, people)
    for one in portal:
        if last + 14 * _HOUR < float(one.line.t) < last + 15 * _HOUR:
            one.line.converted_at = None
    return found + portal


def _pumped(rng: Random, days: int) -> list[Labelled]:
    kind = rng.choice(("row", "few ranges", "slow", "hidden", "few numbers", "several clients"))
    heads = {
        "home": [_digits(rng, f"+33{rng.choice('67')}", 8) for _ in range(30)],
        "near": [_digits(rng, rng.choice(_NEAR), 8) for _ in range(30)],
        "far": [_digits(rng, rng.choice(_FAR), 9) for _ in range(30)],
    }[rng.choice(("home", "near", "far"))]
    clients = ["bank", "shop", "parcels"] if kind == "several clients" else [rng.choice(("bank", "bank", "parcels"))]
    some = heads[: rng.randrange(1, 6)]
    few = [_digits(rng, rng.choice(some), len(heads[0]) + 4) for _ in range(rng.randrange(5, 40))]
    total, gap = {"slow": (600, 25.0), "hidden": (200, 90.0)}.get(kind, (1200, rng.choice((0.2, 1.0, 3.0))))
    faked, step = rng.choice((0.0, 0.0, 0.1, 0.15)), rng.choice((1, 2, 7))
    found, at = [], _T0 + (days - 1) * _DAY + rng.uniform(8, 15) * _HOUR
    for n in range(total):
        at += rng.expovariate(1 / gap)
        to = _digits(rng, rng.choice(heads if kind == "slow" else some), len(heads[0]) + 4)
        if kind == "row":
            to = f"{some[0]}{n * step % 10**4:04d}"
        elif kind == "few numbers":
            to = rng.choice(few)
        found.append(_line(rng, at, clients[n % len(clients)], to, faked, kind)._replace(fraud=True))
    return found


def trace(seed: int) -> list[Labelled]:
    """One trace of the fifth kind."""
    rng = Random(f"days {seed}")
    days = rng.choice((2, 3))
    towns = [_digits(rng, f"+33{rng.choice('667')}", 7) for _ in range(rng.choice((60, 400)))]

    def people() -> str:
        return _digits(rng, rng.choice(towns), 12)

    found = _codes(rng, "bank", days, rng.choice((40.0, 90.0)), rng.uniform(0.6, 0.95), people)
    found += _codes(rng, "shop", days, 15, rng.uniform(0.6, 0.95), people)
    found += _codes(rng, "parcels", days, 40, 0.0, people)
    found += _honest(rng, days, people) + _pumped(rng, days)
    return sorted(found, key=lambda labelled: float(labelled.line.t))
