"""Traces of a fourth kind: pumping that never stays in one range, and honest traffic that looks like it.

The detector was corrected with the seeds below 50.
"""

from collections.abc import Callable
from random import Random

from sofy.engine.fraud.replay import Traced
from sofy.engine.fraud.tests.held_out import Labelled

_T0 = 1_780_351_200.0
_HOUR = 3600.0
_FAR = (
    "99890",
    "99450",
    "25261",
    "93701",
    "26377",
    "24495",
    "22507",
    "9715",
    "88016",
    "2335",
    "9233",
    "8498",
    "9477",
    "37529",
    "50934",
    "5353",
)
_TOURISTS = (
    "8613",
    "97150",
    "96655",
    "8190",
    "5511",
    "9198",
    "2217",
    "9725",
)
_NEIGHBOURS = (
    "4475",
    "3247",
    "4176",
    "4915",
    "3934",
    "3461",
)

Numbers = Callable[[int], str]


def _digits(rng: Random, head: str, length: int = 12) -> str:
    return head + "".join(rng.choice("0123456789") for _ in range(length - len(head)))


def _person(rng: Random) -> str:
    return f"+33{rng.choice('667')}{rng.randrange(1, 9)}{rng.randrange(10**7):07d}"


def _line(rng: Random, at: float, client: str, to: str, purpose: str, rate: float, shape: str, fraud: bool) -> Labelled:
    used = at + 4 + rng.gammavariate(1.5, 25) if rng.random() < rate else None
    receipt = at + 1 + rng.gammavariate(1.3, 3) if rng.random() < 0.96 else None
    return Labelled(Traced(at, client, to, purpose, used, receipt), fraud, shape)


def _codes(rng: Random, client: str, gap: float, rate: float, numbers: Numbers, shape: str = "codes") -> list[Labelled]:
    """Eight hours of codes, or of notices when `rate` is 0."""
    found: list[Labelled] = []
    at = _T0
    while (at := at + rng.expovariate(1 / gap)) < _T0 + 8 * _HOUR:
        found.append(_line(rng, at, client, numbers(len(found)), "alert", rate, shape, False))
    return found


def _sent_in_one_go(
    rng: Random, client: str, at: float, people: list[str], seconds: float, purpose: str, shape: str
) -> list[Labelled]:
    gap = seconds / len(people)
    return [_line(rng, at + n * gap, client, to, purpose, 0.0, shape, False) for n, to in enumerate(people)]


def _book(rng: Random, total: int, ranges: int) -> list[str]:
    """A contact book that lies in so many ranges of a hundred thousand numbers."""
    heads = [_digits(rng, f"+33{rng.choice('67')}", 7) for _ in range(ranges)]
    return list(dict.fromkeys(_digits(rng, rng.choice(heads)) for _ in range(total)))


def _pumped(rng: Random, client: str) -> list[Labelled]:
    kind = rng.choice(
        ("drip", "slow ranges", "slow ranges at home", "in turn", "many countries", "few numbers", "both")
    )
    far = [_digits(rng, f"+{head}", 9) for head in rng.sample(_FAR, 8)]
    home = [_digits(rng, f"+33{rng.choice('67')}", 8) for _ in range(6)]
    gap, total, heads = {
        "drip": (rng.uniform(20, 45), 400, far[:1]),
        "slow ranges": (rng.uniform(12, 30), 700, far),
        "slow ranges at home": (rng.uniform(12, 25), 700, home),
        "in turn": (rng.uniform(0.5, 3), 1200, far),
        "many countries": (rng.uniform(2, 15), 900, [_digits(rng, f"+{head}", 9) for head in _FAR]),
        "few numbers": (rng.uniform(1, 5), 900, [_digits(rng, head) for head in (*far, *far, *far)]),
        "both": (rng.uniform(1, 6), 1200, far[:4] + home[:3]),
    }[kind]
    found, at = [], _T0 + rng.uniform(2, 3) * _HOUR
    for n in range(total):
        at += rng.expovariate(1 / gap)
        head = heads[n // 60 % len(heads)] if kind == "in turn" else rng.choice(heads)
        to = _digits(rng, head)
        found.append(_line(rng, at, client, to, "alert", 0.05, kind, True))
    return found


def _abroad(rng: Random, heads: tuple[str, ...], share: float) -> str:
    return _digits(rng, f"+{rng.choice(heads)}") if rng.random() < share else _person(rng)


def trace(seed: int) -> list[Labelled]:
    """One trace of the fourth kind."""
    rng = Random(f"shifting {seed}")
    found = _codes(rng, "shop", rng.uniform(30, 90), rng.uniform(0.55, 0.85), lambda n: _person(rng))
    found += _pumped(rng, "shop")
    # One client's codes, and its notices that nobody is meant to confirm, a few of them to far countries.
    found += _codes(rng, "mixed", 50, 0.75, lambda n: _person(rng))
    found += _codes(rng, "mixed", 20, 0.0, lambda n: _abroad(rng, _TOURISTS + _NEIGHBOURS, 0.1), "notices")
    found += _sent_in_one_go(rng, "mixed", _T0 + 4 * _HOUR, _book(rng, 1500, 40), 600, "alert", "notice to all")
    found += _codes(rng, "hotel", 60, 0.65, lambda n: _abroad(rng, _TOURISTS + _NEIGHBOURS, 0.7))
    found += _codes(rng, "quiet", 40, 0.0, lambda n: _abroad(rng, _NEIGHBOURS, 0.15), "never told")
    found += _sent_in_one_go(rng, "clinic", _T0 + 5 * _HOUR, _book(rng, 1200, 4), 60, "alert", "reminders")
    tourists = [_abroad(rng, _TOURISTS, 0.25) for _ in range(5000)]
    found += _sent_in_one_go(rng, "store", _T0 + 3 * _HOUR, tourists, 150, "marketing", "flash sale")
    found += _sent_in_one_go(rng, "fashion", _T0 + 3 * _HOUR, _book(rng, 5000, 4), 150, "marketing", "flash sale")
    phones, gap = rng.randrange(10**4 - 300), rng.uniform(3, 9)
    head = _digits(rng, "+336", 8)
    for n in range(300):
        at, to = _T0 + 2 * _HOUR + n * gap, f"{head}{phones + n:04d}"
        found.append(_line(rng, at, "new phones", to, "alert", 0.85, "a company's phones", False))
    return sorted(found, key=lambda labelled: float(labelled.line.t))
