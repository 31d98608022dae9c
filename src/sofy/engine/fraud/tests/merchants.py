"""Traces of a sixth kind: what clients of every trade send, and pumping of thirteen shapes among it.

Written after the last correction of the detector, which was made with other traces of the same trades. Numbers at home
are those no phone has (07 00), those abroad are made up.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from random import Random
from typing import Final

from sofy.engine.fraud.replay import Traced
from sofy.engine.fraud.tests.held_out import Labelled

_T0: Final = 1_795_474_800.0
_HOUR, _DAY = 3600.0, 86_400.0
#: How busy each hour of the day is, from midnight on.
_BUSY: Final = (1, 1, 1, 1, 1, 2, 4, 8, 11, 13, 14, 13, 12, 13, 12, 11, 12, 14, 15, 13, 11, 8, 5, 3)
_FAR: Final = ("+99450", "+99893", "+26134", "+88019", "+23480", "+92333", "+9689")
_NEAR: Final = ("+4475", "+3465", "+2169", "+22177")
_OVERSEAS: Final = ("+590690", "+262692", "+594694", "+596696")

Numbers = Callable[[], str]


class Merchants:
    """One trace in the making: a few days of clients, then an attack."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(f"merchants {seed}")
        self.days = self.rng.choice((1, 2, 3))
        self.receipts = self.rng.random() < 0.7
        self.lines: list[Labelled] = []
        self.late = _T0 - _DAY

    def digits(self, head: str, length: int) -> str:
        return head + "".join(self.rng.choice("0123456789") for _ in range(length - len(head)))

    def person(self) -> str:
        return self.digits("+33700", 12)

    def noon(self) -> float:
        """A busy hour of the last day."""
        return _T0 + (self.days - 1) * _DAY + self.rng.uniform(8, 16) * _HOUR

    def ordinary(self, per_hour: float) -> Iterator[float]:
        at = _T0
        while (at := at + self.rng.expovariate(per_hour / _HOUR)) < _T0 + self.days * _DAY:
            if self.rng.random() < _BUSY[int(at % _DAY // _HOUR)] / 15:
                yield at

    def put(self, at: float, client: str, to: str, rate: float, shape: str, *, purpose: str = "alert") -> None:
        used = at + self.rng.lognormvariate(3.2, 0.6) if self.rng.random() < rate else None
        receipt = at + 1.1 + self.rng.expovariate(0.2) if self.receipts and self.rng.random() < 0.96 else None
        if receipt and self.late <= at < self.late + _HOUR:
            receipt = self.late + _HOUR + self.rng.uniform(0, 600)
        self.lines.append(Labelled(Traced(at, client, to, purpose, used, receipt), False, shape))

    def codes(self, client: str, per_hour: float, rate: float, people: Numbers, shape: str) -> None:
        """Codes; who has not used one often asks again."""
        for at in self.ordinary(per_hour):
            to = people()
            self.put(at, client, to, rate, shape)
            if self.lines[-1].line.converted_at is None and self.rng.random() < 0.4:
                self.put(at + self.rng.uniform(35, 120), client, to, rate, shape)

    def burst(self, client: str, at: float, gap: float, numbers: list[str], shape: str, *, rate: float = 0.0) -> None:
        purpose = "marketing" if shape == "flash sale" else "alert"
        for n, to in enumerate(numbers):
            self.put(at + n * gap, client, to, rate, shape, purpose=purpose)

    def people(self, count: int) -> list[str]:
        return [self.person() for _ in range(count)]


def _sale(made: Merchants) -> None:
    numbers = made.people(6000)
    shops = made.rng.choice((1, 6))
    for shop in range(shops):
        made.burst(f"chain-{shop}", made.noon(), 0.05, sorted(numbers[shop::shops]), "flash sale")


def _first_list(made: Merchants) -> None:
    """Families and small companies, in the order of the contact book."""
    numbers: list[str] = []
    while len(numbers) < 1200:
        head, first = made.digits("+33700", 9), made.rng.randrange(900)
        numbers += [f"{head}{first + n:03d}" for n in range(made.rng.choice((1, 1, 1, 2, 4)))]
    made.burst("newcomer", made.noon(), made.rng.uniform(0.05, 0.5), sorted(numbers), "first list")


def _few_used(made: Merchants) -> None:
    made.codes("impatient", made.rng.choice((10, 40)), made.rng.uniform(0.3, 0.6), made.person, "codes, 30-60 % used")


def _reminders(made: Merchants) -> None:
    for day in range(made.days):
        made.burst("clinic", _T0 + day * _DAY + 17 * _HOUR, 0.4, made.people(200), "reminders")
    made.codes("parcels", 30, 0, made.person, "deliveries")


def _telecom(made: Merchants) -> None:
    """Customers have numbers in a row; from the second day on all of them are told something."""
    head = made.digits("+33700", 8)
    row = (f"{head}{n:04d}" for n in range(made.rng.randrange(300), 10**4))
    made.codes("phones", 20, made.rng.choice((0.0, 0.8)), row.__next__, "numbers given in order")
    if made.days > 1:
        known = sorted({one.line.to for one in made.lines if one.line.client == "phones"}, key=str)
        made.burst("phones", _T0 + made.days * _DAY - _HOUR, 0.5, [str(to) for to in known], "notice to customers")


def _overseas(made: Merchants) -> None:
    made.codes("isles", 30, 0.7, lambda: made.digits(made.rng.choice(_OVERSEAS), 13), "overseas")


def _fleet(made: Merchants) -> None:
    head, first = made.digits("+33700", 9), made.rng.randrange(800)
    vans = [f"{head}{first + n:03d}" for n in range(100)]
    made.codes("vans", 30, 0, lambda: made.rng.choice(vans), "fleet")


def _school(made: Merchants) -> None:
    parents = made.people(500)
    made.burst("school", made.noon(), 0.1, parents, "school")
    made.burst("school", made.noon(), 0.1, parents, "school")


def _tickets(made: Merchants) -> None:
    rate = made.rng.uniform(0.5, 0.85)
    made.codes("tickets", 8, rate, made.person, "tickets")
    made.burst("tickets", made.noon(), 0.5, made.people(1500), "tickets peak", rate=rate)


def _restart(made: Merchants) -> None:
    """Silent for a month, then as before."""
    start = _T0 - 30 * _DAY
    for begin in (start, made.noon()):
        made.burst("season", begin, 12.0, made.people(500), "after a month", rate=0.8)


def _late_receipts(made: Merchants) -> None:
    made.late = made.noon()


_HONEST: Final = (
    _sale,
    _first_list,
    _few_used,
    _reminders,
    _telecom,
    _overseas,
    _fleet,
    _school,
    _tickets,
    _restart,
    _late_receipts,
)
SHAPES: Final = (
    "in a row",
    "slow",
    "mixed in",
    "rotating",
    "several countries",
    "scattered",
    "faked",
    "several clients",
    "quiet client",
    "first day",
    "at night",
    "during a sale",
    "small",
)


def _aim(made: Merchants, shape: str) -> Numbers:
    rng = made.rng
    several = {"rotating": 30, "several countries": 8, "scattered": 4}.get(shape, rng.choice((1, 2)))
    where = _FAR if shape == "several countries" else rng.choice((_FAR, _FAR, _NEAR, ("+33700",)))
    one = [rng.choice(where)] * several if shape != "several countries" else rng.choices(where, k=several)
    heads = [made.digits(head, 9) for head in one]
    step, total = (0, 0) if shape == "scattered" or rng.random() < 0.4 else (rng.choice((1, 2)), 1000)
    asked = iter(range(10**6))

    def number() -> str:
        n = next(asked)
        head = heads[n // 30 % len(heads)] if shape == "rotating" else rng.choice(heads)
        return f"{head}{n * step % total:03d}" if step else made.digits(head, 12)

    return number


def _attack(made: Merchants, shape: str) -> None:
    rng, number = made.rng, _aim(made, shape)
    at = _T0 + (made.days - 1) * _DAY + rng.uniform(*((1, 4) if shape == "at night" else (9, 16))) * _HOUR
    gap = {"slow": 20.0, "mixed in": 25.0}.get(shape, rng.choice((0.2, 1.0, 2.0)))
    total = {"slow": 400, "mixed in": 400, "small": 300}.get(shape, 1000)
    clients = {"several clients": ["bank", "parcels", "shop"], "quiet client": ["quiet"], "first day": ["novice"]}
    if shape == "quiet client":
        made.codes("quiet", 0.4, 0.8, made.person, "codes")
    if shape == "during a sale":
        made.burst("retail", at - 300, 0.1, made.people(6000), "flash sale")
    silent = rng.random() < 0.4
    for n in range(total):
        at += rng.expovariate(1 / gap)
        client = clients.get(shape, ["bank"])[n % len(clients.get(shape, ["bank"]))]
        made.put(at, client, number(), rng.uniform(0.1, 0.3) if shape == "faked" else 0.0, shape)
        made.lines[-1] = made.lines[-1]._replace(fraud=True)
        if silent:
            made.lines[-1].line.receipt_at = None


def _written(form: str, seconds: float | str | bool | None) -> float | str | None:
    if not isinstance(seconds, float) or form == "seconds":
        return None if isinstance(seconds, bool) else seconds
    if form == "milliseconds":
        return round(seconds * 1000)
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def trace(seed: int) -> list[Labelled]:
    """One trace of the sixth kind: the shapes of pumping in turn, instants in one of their legal forms."""
    made = Merchants(seed)
    made.codes("bank", made.rng.choice((25, 70)), made.rng.uniform(0.65, 0.95), made.person, "codes")
    made.codes("shop", 15, made.rng.uniform(0.65, 0.95), made.person, "codes")
    for trade in made.rng.sample(_HONEST, 5):
        trade(made)
    _attack(made, SHAPES[seed % len(SHAPES)])
    form = made.rng.choice(("seconds", "milliseconds", "iso"))
    told = sorted(made.lines, key=lambda labelled: float(labelled.line.t))
    for one in told:
        line = one.line
        line.t, line.converted_at = _written(form, line.t) or 0.0, _written(form, line.converted_at)
        line.receipt_at = _written(form, line.receipt_at)
    return told
