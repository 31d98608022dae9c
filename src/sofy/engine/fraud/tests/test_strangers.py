"""Clients of whom little is known, far countries, and worlds of few numbers: what is stopped and what is not."""

from random import Random

import pytest

from sofy.engine.fraud import evidence
from sofy.engine.fraud.memory import Habits, Range
from sofy.engine.fraud.tests.traffic import HOUR, T0, anywhere, judge, pumped, reasons_of, steady, stopped


@pytest.mark.parametrize("head", ["+3370000", "+3319900", "+3326191", "+3363998"])
def test_where_everybody_has_a_number_nobody_has_notices_are_no_pumping(head):
    notices = list(steady(1, lambda rng, n: f"{head}{rng.randrange(10**4):04d}", 1, 1, 0))
    attack = pumped(2, lambda rng, n: f"+8801712{rng.randrange(10**4):04d}", 2, 400, T0 + 0.5 * HOUR)

    found = judge(notices + attack)

    assert stopped(found, fraud=False) == 0
    assert stopped(found, fraud=True) > 0.9


@pytest.mark.parametrize("head", ["+2349040", "+2126904"])
def test_somebody_new_who_writes_to_one_range_abroad_each_minute_is_closed(head):
    found = judge(pumped(3, lambda rng, n: f"{head}{rng.randrange(10**4):04d}", 60, 200, T0))

    assert stopped(found, fraud=True) > 0.85


def test_one_message_a_minute_to_one_range_is_noticed_among_thousands_an_hour():
    notices = list(steady(4, anywhere, 1.5, 6, 0))
    attack = pumped(5, lambda rng, n: f"+2126987{rng.randrange(10**4):04d}", 60, 200, T0 + 2.5 * HOUR)

    found = judge(notices + attack)

    assert stopped(found, fraud=True) > 0.6
    assert stopped(found, fraud=False) == 0


def test_a_sale_hides_no_range_far_away():
    sale = list(steady(6, anywhere, 0.03, 0.3, 0))
    attack = pumped(7, lambda rng, n: f"+8801712{rng.randrange(10**4):04d}", 1, 800, T0 + 0.05 * HOUR)

    assert stopped(judge(sale + attack), fraud=True) > 0.9


def test_new_people_in_a_few_full_ranges_are_no_drip_although_regulars_are_elsewhere():
    towns = Random(8)
    heads = [f"+336{towns.randrange(10**3):03d}" for _ in range(20)]
    regulars = [f"{towns.choice(heads)}{towns.randrange(10**5):05d}" for _ in range(200)]

    def people(rng: Random, n: int) -> str:
        return rng.choice(regulars) if rng.random() < 0.7 else f"{rng.choice(heads)}{rng.randrange(10**5):05d}"

    assert stopped(judge(list(steady(9, people, 2, 6, 0))), fraud=False) == 0


def test_a_hotel_writes_to_guests_all_over_the_countries_nearby_from_the_first_day():
    def guests(rng: Random, n: int) -> str:
        head = rng.choice(["+3247", "+4477", "+4179", "+4915"]) if rng.random() < 0.5 else "+336"
        return f"{head}{rng.randrange(10**8):08d}"

    assert stopped(judge(list(steady(10, guests, 1, 2, 0))), fraud=False) == 0


def test_receipts_that_never_come_say_nothing_where_none_of_the_client_ever_do():
    everyone, silent = Range(slow=5000, silent=500), Range(silent=30)

    assert evidence.receipts(Habits(all=Range(silent=500)), silent, everyone) is None
    found = evidence.receipts(Habits(all=Range(slow=400, silent=40)), silent, everyone)
    assert found is not None
    assert found.code == "receipts_missing"


def test_a_range_abroad_that_many_clients_begin_to_write_to_is_closed_for_each_of_them():
    clients = [f"shop {n}" for n in range(12)]
    honest = [asked for n, client in enumerate(clients) for asked in steady(n, anywhere, 60, 3, 0.8, client=client)]
    attack = pumped(13, lambda rng, n: f"+2349040{rng.randrange(10**4):04d}", 2, 400, T0 + 2 * HOUR)
    spread = [one._replace(client=clients[n % 12]) for n, one in enumerate(attack)]

    found = judge(honest + spread)

    assert stopped(found, fraud=True) > 0.88
    assert "several_clients" in reasons_of(found)


def test_a_range_abroad_whose_people_use_their_codes_is_no_meeting_of_pumping():
    def abroad(rng: Random, n: int) -> str:
        return f"+9198200{rng.randrange(10**4):04d}" if rng.random() < 0.05 else anywhere(rng, n)

    asked = [one for n in range(12) for one in steady(20 + n, abroad, 40, 6, 0.85, client=f"shop {n}")]

    found = judge(asked)

    assert stopped(found, fraud=False) < 0.005


def test_a_crowd_of_hotels_with_guests_in_the_same_few_ranges_is_no_pumping():
    def guests(rng: Random, n: int) -> str:
        return f"+44770{rng.randrange(10**6):06d}" if rng.random() < 0.4 else anywhere(rng, n)

    asked = [one for n in range(12) for one in steady(50 + n, guests, 3, 2, 0, client=f"hotel {n}")]

    assert stopped(judge(asked), fraud=False) == 0


def test_how_many_codes_are_used_is_told_by_fresh_people_and_hardly_by_regulars():
    habits = Habits()

    for _ in range(100):
        for used, weight in ((True, 0.15), (True, 0.15), (True, 1.0), (False, 1.0)):
            habits.note_outcome(used, weight)

    assert 0.5 < habits.rate < 0.62
