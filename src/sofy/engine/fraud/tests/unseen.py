"""Traces of a third kind, written after the detector was finished and never used to change it."""

from random import Random

from sofy.engine.fraud.replay import Traced
from sofy.engine.fraud.tests.held_out import Labelled

_T0 = 1_785_000_000.0
_BELGIANS = "+32470"


def _person(rng: Random) -> str:
    return f"+33{rng.choice('67')}{rng.choice((1, 2, 3, 5, 8, 9))}{rng.randrange(10**7):07d}"


def _told(rng: Random, at: float, client: str, to: str, purpose: str, rate: float, fraud: bool, shape: str) -> Labelled:
    used = at + rng.gammavariate(2, 12) if rng.random() < rate else None
    receipt = at + rng.gammavariate(2, 2) if rng.random() < 0.97 else None
    return Labelled(Traced(at, client, to, purpose, used, receipt), fraud, shape)


def _signing_in(rng: Random, client: str, per_minute: float, rate: float, shape: str) -> list[Labelled]:
    """Codes with a lunch peak; a tenth of the people are Belgian; some press twice."""
    found, at = [], _T0
    while at < _T0 + 5 * 3600:
        peak = 4.0 if 2.5 * 3600 < at - _T0 < 3 * 3600 else 1.0
        at += rng.expovariate(per_minute * peak / 60)
        to = f"{_BELGIANS}{rng.randrange(10**6):06d}" if rng.random() < 0.1 else _person(rng)
        for again in range(rng.choice((1, 1, 1, 2))):
            found.append(_told(rng, at + 30 * again, client, to, "alert", rate, False, shape))
    return found


def _alarms(rng: Random) -> list[Labelled]:
    """Machines that call three people, whenever something is wrong."""
    people = [_person(rng) for _ in range(3)]
    instants = (_T0 + rng.uniform(0, 5 * 3600) for _ in range(200))
    return [_told(rng, at, "alarms", rng.choice(people), "alert", 0.0, False, "alarms") for at in instants]


def _reminders(rng: Random) -> list[Labelled]:
    """Appointments of tomorrow, sent in one go."""
    at = _T0 + rng.uniform(3600, 4 * 3600)
    return [_told(rng, at + n * 0.2, "clinic", _person(rng), "alert", 0.0, False, "reminders") for n in range(600)]


def _sale(rng: Random) -> list[Labelled]:
    """A sale, two messages an hour apart to the same people."""
    people = [_person(rng) for _ in range(4000)]
    at = _T0 + rng.uniform(3600, 3 * 3600)
    waves = ((at + wave * 3600 + n * 0.02, to) for wave in (0, 1) for n, to in enumerate(people))
    return [_told(rng, when, "fashion", to, "marketing", 0.0, False, "flash sale") for when, to in waves]


def _pumped(rng: Random, victims: tuple[str, ...]) -> list[Labelled]:
    """Two ranges in turn with pauses, zigzag, pairs, or three clients at once."""
    kind, at = rng.choice(("pauses", "zigzag", "pairs", "three clients")), _T0 + rng.uniform(1.5, 3.5) * 3600
    head = rng.choice(("+2327", "+9923", "+33768", "+8835", "+33612", "+4475"))
    head += f"{rng.randrange(10**5):05d}"[: 12 - len(head) - (4 if head.startswith("+33") else 3)]
    gap, found = rng.choice((0.1, 0.7, 4.0)), []
    for n in range(900):
        at += gap * rng.uniform(0.2, 1.8) + (300 if kind == "pauses" and n % 150 == 149 else 0)
        offset = {"zigzag": (n // 2) * (1 if n % 2 else -1) + 5000, "pairs": (n // 2) * 11 + n % 2}.get(kind)
        to = f"{head}{rng.randrange(10**4) if offset is None else offset % 10**4:04d}"
        client = victims[n % 3] if kind == "three clients" else victims[0]
        found.append(_told(rng, at, client, to, "alert", 0.03, True, kind))
    return found


def trace(seed: int) -> list[Labelled]:
    """One trace of the third kind."""
    rng = Random(f"unseen {seed}")
    found = _signing_in(rng, "bank", rng.uniform(2, 20), rng.uniform(0.6, 0.9), "signing in")
    found += _signing_in(rng, "notices", rng.uniform(1, 8), 0.0, "notices")
    found += _signing_in(rng, "shop", rng.uniform(1, 5), 0.7, "signing in")
    found += _alarms(rng) + _reminders(rng) + _sale(rng)
    victims = rng.choice((("bank", "shop", "notices"), ("notices", "bank", "shop"), ("stolen", "bank", "shop")))
    found += _pumped(rng, victims)
    return sorted(found, key=lambda labelled: float(labelled.line.t))
