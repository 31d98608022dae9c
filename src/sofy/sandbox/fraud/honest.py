"""Honest clients: what must not be held."""

from random import Random

from sofy.sandbox.fraud.lines import HOUR, SILENT, START, Habit, Line, burst, line, mobile, pool, steady

OVERSEAS = ("+262692", "+590690", "+594694", "+596696")
ABROAD = ("+3247", "+41787", "+4479", "+4917", "+3934", "+346", "+35191", "+21266", "+1514", "+8190", "+5511")


def codes(rng: Random, client: str, hours: float, habit: Habit | None = None, per_hour: float = 250) -> list[Line]:
    """Codes of a shop's log-in, some asked for twice, some by people from abroad."""
    habit, people, found = habit or Habit(used=rng.uniform(0.6, 0.9)), rng.choice((0, 0, 60, 200)), []
    draw = pool(rng, people) if people else mobile
    regulars = [draw(rng) for _ in range(400)]
    for at in steady(rng, START, hours, per_hour):
        away = f"{rng.choice(ABROAD)}{rng.randrange(10**7):07d}" if rng.random() < 0.02 else None
        to = away or (rng.choice(regulars) if rng.random() < 0.3 else draw(rng))
        found.append(line(rng, at, client, to, "alert", habit, shape="codes"))
        while not found[-1].converted_at and rng.random() < 0.35:
            at += rng.uniform(20, 90)
            found.append(line(rng, at, client, to, "alert", habit, shape="codes"))
    return found


def opening(rng: Random, client: str, hours: float) -> list[Line]:
    """Codes asked for at the opening of a sale: fifty times the usual, slower, fewer used."""
    found = codes(rng, client, hours, Habit(used=0.85), per_hour=150)
    people = pool(rng, 120) if rng.random() < 0.4 else mobile
    hurried = Habit(used=rng.uniform(0.6, 0.9), delay_s=rng.uniform(20, 70))
    times = burst(rng, START + rng.uniform(0.5, 0.9) * hours * HOUR, rng.randrange(1500, 5000), rng.uniform(3, 25))
    return found + [line(rng, at, client, people(rng), "alert", hurried, shape="opening") for at in times]


def sale(rng: Random, client: str, hours: float) -> list[Line]:
    """A flash sale to known people, sometimes in the order of the contact book."""
    count, people = rng.randrange(3000, 9000), pool(rng, 150) if rng.random() < 0.5 else mobile
    numbers = [people(rng) for _ in range(count)]
    numbers += [f"{rng.choice(OVERSEAS)}{rng.randrange(10**6):06d}" for _ in range(count // 50)]
    numbers += [f"{rng.choice(ABROAD)}{rng.randrange(10**7):07d}" for _ in range(count // 50)]
    rng.shuffle(numbers)
    if rng.random() < 0.5:
        numbers.sort()
    times = burst(rng, START + rng.uniform(0.2, 0.9) * hours * HOUR, len(numbers), rng.uniform(20, 200))
    pairs = zip(times, numbers, strict=True)
    return [line(rng, at, client, to, "marketing", SILENT, shape="flash sale") for at, to in pairs]


def broadcast(rng: Random, client: str, hours: float) -> list[Line]:
    """A notice to every customer: no code in it, so nobody uses any."""
    habit, people = SILENT, pool(rng, 120) if rng.random() < 0.4 else mobile
    customers = [people(rng) for _ in range(rng.randrange(1500, 4000))]
    found = [
        line(rng, at, client, rng.choice(customers), "alert", habit, shape="notices")
        for at in steady(rng, START, hours, 60)
    ]
    if rng.random() < 0.5:
        customers.sort()
    times = burst(rng, START + rng.uniform(0.1, 0.9) * hours * HOUR, len(customers), rng.uniform(5, 80))
    pairs = zip(times, customers, strict=True)
    return found + [line(rng, at, client, to, "alert", habit, shape="broadcast") for at, to in pairs]


def shop(rng: Random, client: str, hours: float) -> list[Line]:
    """A small shop whose customers have numbers of few ranges."""
    customers = [f"+3363998{rng.randrange(10**4):04d}" for _ in range(150)]
    customers += [f"+33199{rng.randrange(10**2):02d}{rng.randrange(10**4):04d}" for _ in range(20)]
    return [
        line(rng, at, client, rng.choice(customers), "alert", SILENT, shape="small shop")
        for at in steady(rng, START, hours, rng.uniform(4, 15))
    ]


def overseas(rng: Random, client: str, hours: float) -> list[Line]:
    """A chain of the overseas departments."""
    return [
        line(rng, at, client, f"{rng.choice(OVERSEAS)}{rng.randrange(10**6):06d}", "alert", Habit(), shape="overseas")
        for at in steady(rng, START, hours, 120)
    ]


def tourists(rng: Random, client: str, hours: float) -> list[Line]:
    """A hotel: people of every country, some in groups."""
    found = []
    for at in steady(rng, START, hours, 40):
        head = rng.choice(ABROAD)
        for _ in range(rng.choice((1, 1, 1, 1, 12))):
            to = f"{head}{rng.randrange(10**7):07d}"
            at += rng.uniform(0.1, 5)
            found.append(line(rng, at, client, to, "alert", SILENT, shape="tourists"))
    return found


def newcomer(rng: Random, client: str, hours: float) -> list[Line]:
    """A client that begins in the middle of the trace, at full speed."""
    habit = Habit(used=rng.choice((0.0, 0.7, 0.8)))
    times = burst(rng, START + rng.uniform(0.3, 0.7) * hours * HOUR, 1200, rng.uniform(0.5, 5))
    return [line(rng, at, client, mobile(rng), "alert", habit, shape="newcomer") for at in times]


SHAPES = (codes, opening, sale, broadcast, shop, overseas, tourists, newcomer)
