"""The pace of a route, on a clock of the test's own."""

import random
from collections import Counter
from collections.abc import Callable
from itertools import count
from math import inf
from operator import add

import pytest

from sofy.connectors.pacing import Pacer


def run(pacer: Pacer, start: float, seconds: float, most: int = 10**9) -> int:
    """Take all that is allowed, every 10 ms."""
    sent = 0
    for step in range(int(seconds * 100)):
        n = min(pacer.allowance(start + step / 100), most)
        pacer.take(n)
        sent += n
    return sent


def test_the_rate_is_kept_without_a_burst() -> None:
    pacer = Pacer(200, 0.0)

    assert 1980 <= run(pacer, 0.0, 10.0) <= 2000
    assert run(pacer, 20.0, 0.01) <= 10  # ten idle seconds buy no burst


def test_no_rate_means_no_limit() -> None:
    pacer = Pacer(0, 0.0)

    assert pacer.allowance(0.0) >= 1_000_000
    assert pacer.wait_s(0.0) == 0.0


def test_one_per_second_is_possible() -> None:
    assert 9 <= run(Pacer(1, 0.0), 0.0, 10.0) <= 10


def test_an_operator_that_refuses_everything_pauses_the_link_and_halves_the_rate() -> None:
    pacer = Pacer(1000, 0.0)
    run(pacer, 0.0, 2.0)

    pacer.answered(0, 50, 2.0)

    assert pacer.allowance(2.05) == 0
    assert 0.09 < pacer.wait_s(2.0) <= 0.11
    assert 450 <= pacer.rate <= 510


@pytest.mark.parametrize(("accepted", "refused", "rate"), [(80, 20, 800), (99, 1, 990), (600, 400, 600)])
def test_the_rate_falls_by_the_share_refused(accepted: int, refused: int, rate: int) -> None:
    pacer = Pacer(1000, 0.0)
    run(pacer, 0.0, 2.0)

    pacer.answered(accepted, refused, 2.0)

    assert pacer.rate == pytest.approx(rate, rel=0.02)
    assert pacer.allowance(2.0) == 0


def test_one_window_of_refusals_counts_once() -> None:
    pacer = Pacer(1000, 0.0)
    run(pacer, 0.0, 2.0)

    for _ in range(50):
        pacer.answered(0, 1, 2.0)

    assert pacer.rate > 450


def test_refusals_that_go_on_pause_longer_each_time() -> None:
    pacer = Pacer(1000, 0.0)
    pauses = []
    now = 0.0
    for _ in range(5):
        pacer.answered(0, 10, now)
        pauses.append(pacer.paused_until - now)
        now = pacer.paused_until + 0.01

    assert pauses == sorted(pauses)
    assert pauses[-1] > 10 * pauses[0]


def test_a_stray_refusal_among_many_costs_little() -> None:
    pacer = Pacer(1000, 0.0)
    sent = 0
    for step in range(6000):
        now = step / 100
        n = pacer.allowance(now)
        pacer.take(n)
        sent += n
        strays = sent // 100 - (sent - n) // 100
        pacer.answered(n - strays, strays, now)

    assert sent > 60 * 500


def test_the_rate_comes_back() -> None:
    pacer = Pacer(1000, 0.0)
    run(pacer, 0.0, 2.0)
    pacer.answered(0, 1, 2.0)

    run(pacer, 2.2, 10.0)

    assert pacer.rate == 1000


def test_a_route_without_a_rate_slows_from_what_it_measured() -> None:
    pacer = Pacer(0, 0.0)
    run(pacer, 0.0, 2.0, most=10)

    pacer.answered(0, 10, 2.0)

    assert 400 <= pacer.rate <= 600
    run(pacer, 2.2, 70.0, most=10)
    assert pacer.rate == inf


def test_the_rate_does_not_grow_while_nothing_is_sent() -> None:
    pacer = Pacer(0, 0.0)
    run(pacer, 0.0, 2.0, most=10)
    pacer.answered(0, 10, 2.0)

    run(pacer, 2.2, 30.0, most=0)

    assert pacer.rate < 700


class Counted:
    """What an operator took and refused of an unlimited campaign, second by second."""

    def __init__(self, takes: Callable[[float], bool], seconds: int, *, rate: float = 0) -> None:
        pacer = Pacer(rate, 0.0)
        self.accepted, self.refused = [0] * seconds, [0] * seconds
        for step in range(seconds * 100):
            now = step / 100
            sent = min(pacer.allowance(now), 50)
            taken = sum(takes(now) for _ in range(sent))
            if sent:
                pacer.take(sent)
                pacer.answered(taken, sent - taken, now)
            self.accepted[int(now)] += taken
            self.refused[int(now)] += sent - taken


def every_nth_refused(n: int) -> Callable[[float], bool]:
    counter = count(1)
    return lambda now: next(counter) % n > 0


def so_many_a_second(most: int) -> Callable[[float], bool]:
    taken: Counter[int] = Counter()

    def takes(now: float) -> bool:
        taken[int(now)] += 1
        return taken[int(now)] <= most

    return takes


def a_rate(per_s: float, *, holds: float = 0, first: float = 0) -> Callable[[float], bool]:
    """A token bucket that is looked at every 10 ms; it holds a twentieth of a second unless told otherwise."""
    tokens, filled_at = first, -0.01

    def takes(now: float) -> bool:
        nonlocal tokens, filled_at
        if now > filled_at:
            tokens = max(tokens, min(tokens + (now - filled_at) * per_s, holds or per_s / 20))
            filled_at = now
        taken = tokens >= 1
        tokens -= taken
        return taken

    return takes


@pytest.mark.parametrize("n", [2, 3, 5, 10, 20, 100, 1000])
def test_an_operator_that_refuses_a_share_at_any_pace_is_not_slowed_down_for(n: int) -> None:
    seen = Counted(every_nth_refused(n), 40)

    assert sum(seen.accepted[20:]) > 20 * 5000 * (1 - 1 / n) * 0.9


def test_refusals_by_chance_are_borne_too() -> None:
    chance = random.Random(7)

    seen = Counted(lambda now: chance.random() > 0.1, 40)

    assert sum(seen.accepted[20:]) > 20 * 5000 * 0.9 * 0.9


@pytest.mark.parametrize("rate", [50, 300, 1000])
def test_an_operator_with_a_rate_of_its_own_is_given_that_rate(rate: int) -> None:
    seen = Counted(a_rate(rate), 40)

    assert sum(seen.accepted[20:]) > 20 * rate * 0.9
    assert sum(seen.refused[20:]) < 20 * rate * 0.1


def test_the_ceiling_of_an_operator_is_found() -> None:
    seen = Counted(a_rate(300, holds=60), 60)

    assert sum(seen.accepted[30:]) > 30 * 300 * 0.8


def test_a_route_without_a_rate_finds_that_of_a_slow_operator() -> None:
    seen = Counted(a_rate(30, holds=6, first=30), 10)

    assert sum(seen.accepted) > 0.6 * 30 * 10


def test_an_operator_that_counts_by_the_second_is_not_left_alone_for_long() -> None:
    seen = Counted(so_many_a_second(1000), 40)

    assert sum(seen.accepted[20:]) > 20 * 1000 * 0.6
    assert min(seen.accepted[20:]) > 0


def test_what_was_borne_is_looked_at_again() -> None:
    stray, limit = every_nth_refused(10), a_rate(300)

    seen = Counted(lambda now: stray(now) if now < 30 else limit(now), 130)

    assert sum(seen.accepted[20:30]) > 10 * 4000
    assert sum(seen.accepted[110:]) > 20 * 300 * 0.9
    assert sum(seen.refused[110:]) < 20 * 300 * 0.1


def test_a_batch_of_no_answers_says_nothing() -> None:
    pacer = Pacer(1000, 0.0)

    pacer.answered(0, 0, 10.0)

    assert pacer.rate == 1000
    assert pacer.allowance(10.0) > 0


def test_a_share_is_not_borne_above_the_rate_of_a_route() -> None:
    seen = Counted(every_nth_refused(10), 40, rate=1000)

    assert sum(seen.accepted[20:]) > 20 * 900 * 0.95
    assert max(map(add, seen.accepted, seen.refused)) <= 1050
