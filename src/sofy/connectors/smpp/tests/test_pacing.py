"""The pace of a route, on a clock of the test's own."""

from math import inf

from sofy.connectors.smpp.pacing import Pacer


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


def test_throttling_pauses_then_slows() -> None:
    pacer = Pacer(1000, 0.0)
    run(pacer, 0.0, 2.0)

    pacer.throttled(2.0)

    assert pacer.allowance(2.05) == 0
    assert 0.09 < pacer.wait_s(2.0) <= 0.11
    assert 600 <= pacer.rate <= 720


def test_one_window_of_refusals_counts_once() -> None:
    pacer = Pacer(1000, 0.0)
    run(pacer, 0.0, 2.0)

    for _ in range(50):
        pacer.throttled(2.0)

    assert pacer.rate > 600


def test_refusals_that_go_on_pause_longer_each_time() -> None:
    pacer = Pacer(1000, 0.0)
    pauses = []
    now = 0.0
    for _ in range(5):
        pacer.throttled(now)
        pauses.append(pacer.paused_until - now)
        now = pacer.paused_until + 0.01

    assert pauses == sorted(pauses)
    assert pauses[-1] > 10 * pauses[0]


def test_the_rate_comes_back() -> None:
    pacer = Pacer(1000, 0.0)
    run(pacer, 0.0, 2.0)
    pacer.throttled(2.0)

    run(pacer, 2.2, 10.0)

    assert pacer.rate == 1000


def test_a_route_without_a_rate_slows_from_what_it_measured() -> None:
    pacer = Pacer(0, 0.0)
    run(pacer, 0.0, 2.0, most=10)

    pacer.throttled(2.0)

    assert 500 <= pacer.rate <= 900
    run(pacer, 2.2, 70.0, most=10)
    assert pacer.rate == inf
