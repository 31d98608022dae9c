"""A whole trace: honest clients side by side, and attacks on some of them."""

from random import Random

from sofy.sandbox.fraud import honest, pumping
from sofy.sandbox.fraud.lines import HOUR, START, Habit, Line


def trace(
    seed: int, *, shape: str = "", hours: float = 6.0, clients: int = 4, receipts: bool | None = None
) -> list[Line]:
    """A labelled trace, in the order of time; the same seed gives the same one.

    `shape`: which attack (`pumping.SHAPES`), or "none"; by itself any. `receipts` False: a trace that knows none.
    """
    rng = Random(seed)
    shape = shape or rng.choice((*pumping.SHAPES, "none"))
    start = START + rng.uniform(0.4, 0.85) * hours * HOUR
    found: list[Line] = []
    victim = "victim"
    match rng.randrange(4) if shape != "none" else 9:
        case 0:
            pass  # nobody knows this client yet
        case 1:
            found += honest.codes(rng, victim, hours, Habit(used=0.0), per_hour=rng.uniform(60, 400))
        case _:
            found += honest.codes(rng, victim, hours, per_hour=rng.uniform(60, 600))
    if shape != "none":
        found += pumping.attack(rng, victim, start, shape)
    for n in range(clients):
        found += rng.choice(honest.SHAPES)(rng, f"client-{n}", hours)
    if receipts is False or (receipts is None and rng.random() < 0.3):
        for line in found:
            line.receipt_at = None
    return sorted(found, key=lambda line: line.t)
