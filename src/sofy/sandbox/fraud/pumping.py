"""Pumping: somebody makes a client's forms send messages to numbers that earn them money."""

from collections.abc import Callable
from random import Random

from sofy.sandbox.fraud.lines import SILENT, Habit, Line, burst, line

FAR = ("+99293", "+99655", "+9477", "+8801", "+23480", "+25261", "+96777", "+6281", "+88213", "+9236")
HOME = ("+3375", "+33644", "+33780", "+336", "+337")


def _head(rng: Random, digits: int, far: bool) -> str:
    """The first digits of a range that leaves so many digits open."""
    base, length = (rng.choice(FAR), 13) if far else (rng.choice(HOME), 12)
    return base + "".join(rng.choice("0123456789") for _ in range(length - digits - len(base)))


def sequential(rng: Random, count: int) -> list[str]:
    """One number after the other in one range."""
    head, first = _head(rng, 4, rng.random() < 0.5), rng.randrange(4000)
    step = rng.choice((1, 1, 1, 2, 3, 7, 10))
    return [f"{head}{(first + n * step) % 10_000:04d}" for n in range(count)]


def shuffled(rng: Random, count: int) -> list[str]:
    """A block of numbers, in no order."""
    head, first = _head(rng, 4, rng.random() < 0.5), rng.randrange(5000)
    offsets = [rng.randrange(max(300, count)) for _ in range(count)]
    return [f"{head}{(first + n) % 10_000:04d}" for n in offsets]


def one_range(rng: Random, count: int) -> list[str]:
    """Anywhere in one range."""
    digits = rng.choice((3, 4))
    head = _head(rng, digits, rng.random() < 0.5)
    return [f"{head}{rng.randrange(10**digits):0{digits}d}" for _ in range(count)]


def ranges_abroad(rng: Random, count: int) -> list[str]:
    """Several ranges of one country far away."""
    base = rng.choice(FAR)
    wide = 13 - 4 - len(base)
    heads = [base + "".join(rng.choice("0123456789") for _ in range(wide)) for _ in range(rng.randrange(3, 15))]
    return [f"{rng.choice(heads)}{rng.randrange(10**4):04d}" for _ in range(count)]


def country_abroad(rng: Random, count: int) -> list[str]:
    """Anywhere in one country far away."""
    base = rng.choice(FAR)
    wide = 13 - len(base)
    return [f"{base}{rng.randrange(10**wide):0{wide}d}" for _ in range(count)]


def ranges_at_home(rng: Random, count: int) -> list[str]:
    """Several ranges at home."""
    heads = [_head(rng, 4, False) for _ in range(rng.randrange(2, 9))]
    return [f"{rng.choice(heads)}{rng.randrange(10**4):04d}" for _ in range(count)]


def few_numbers(rng: Random, count: int) -> list[str]:
    """Few numbers, again and again."""
    head = _head(rng, 4, rng.random() < 0.5)
    numbers = [f"{head}{rng.randrange(10**4):04d}" for _ in range(rng.randrange(10, 40))]
    return [rng.choice(numbers) for _ in range(count)]


SHAPES: dict[str, Callable[[Random, int], list[str]]] = {
    shape.__name__.replace("_", " "): shape
    for shape in (sequential, shuffled, one_range, ranges_abroad, country_abroad, ranges_at_home, few_numbers)
}


def attack(rng: Random, client: str, start: float, shape: str, *, count: int = 0, per_s: float = 0.0) -> list[Line]:
    """One attack on a client. Drips, ordinary paces and bursts; some fake a few conversions or receipts."""
    per_s = per_s or rng.choice((0.08, 0.3, 1, 3, 8, 20))
    count = count or (rng.randrange(150, 400) if per_s < 0.5 else rng.randrange(1200, 3000))
    habit = (
        Habit(
            used=rng.choice((0.0, 0.0, 0.0, 0.05, 0.15)), receipts=rng.choice(("phone", "instant", "silent", "phone"))
        )
        if rng.random() < 0.7
        else SILENT
    )
    pairs = zip(burst(rng, start, count, per_s), SHAPES[shape](rng, count), strict=True)
    return [line(rng, at, client, to, "alert", habit, shape=shape, fraud=True) for at, to in pairs]
