"""What the detector stops, what it lets go, and what it may know when."""

from random import Random

import pytest

from sofy.engine.fraud.detector import CLOSED_S, Detector, Policy
from sofy.engine.fraud.memory import Sent

_T0 = 1_790_000_000.0


def _codes(detector: Detector, client: str, until: float, *, rate: float = 0.8, seed: int = 1) -> None:
    """Hours of codes to people all over France, most of them used after half a minute."""
    rng, at = Random(seed), _T0
    waiting: list[tuple[float, str, Sent]] = []
    while at < until:
        at += 6.0
        to = f"+336{rng.randrange(10**8):08d}"
        while waiting and waiting[0][0] <= at:
            when, number, sent = waiting.pop(0)
            detector.used(when, client, number, "alert", sent)
        judged = detector.message(at, client, to, "alert")
        if judged.sent is not None and rng.random() < rate:
            waiting.append((at + 30, to, judged.sent))


def _first(
    detector: Detector,
    client: str,
    numbers: list[str],
    verdict: str,
    gap: float = 1.0,
    at: float = _T0 + 7200.0,
    purpose: str = "alert",
) -> int | None:
    for n, to in enumerate(numbers):
        if detector.message(at + n * gap, client, to, purpose).verdict == verdict:
            return n
    return None


@pytest.mark.clause("CGVU 15")
def test_numbers_one_after_the_other_are_closed_within_two_hundred():
    detector = Detector()
    _codes(detector, "shop", _T0 + 7200)

    closed = _first(detector, "shop", [f"+33756{n:06d}" for n in range(123_000, 123_400)], "block")

    assert closed is not None
    assert closed < 100


@pytest.mark.clause("CGVU 15")
def test_codes_nobody_uses_close_a_range_in_which_nothing_else_is_odd():
    detector, rng = Detector(), Random(2)
    _codes(detector, "shop", _T0 + 7200)
    numbers = [f"+33644{rng.randrange(10**6):06d}" for _ in range(120)]

    closed = _first(detector, "shop", numbers, "block", gap=10.0)

    assert closed is not None


def test_a_verdict_says_why_with_figures():
    detector = Detector()
    numbers = [f"+99293{n:07d}" for n in range(400)]

    verdicts = [detector.message(_T0 + n, "shop", to, "alert") for n, to in enumerate(numbers)]

    last = verdicts[-1]
    assert last.verdict == "block"
    assert "+99293" in last.range
    assert {"sequence", "velocity"} <= {reason.code for reason in last.reasons}
    assert all(reason.points > 0 for reason in last.reasons)


def test_a_closed_range_opens_after_twelve_hours_and_stays_closed_longer_the_next_time():
    detector = Detector()
    numbers = [f"+99293{n:07d}" for n in range(400)]
    first = [detector.message(_T0 + n, "shop", to, "alert") for n, to in enumerate(numbers)][-1]

    later = detector.message(_T0 + CLOSED_S + 1000, "shop", "+992930000700", "alert")
    again = [detector.message(_T0 + 2 * CLOSED_S + n, "shop", to, "alert") for n, to in enumerate(numbers)][-1]

    assert first.until is not None
    assert first.until - _T0 == pytest.approx(CLOSED_S, abs=400)
    assert later.verdict == "allow"
    assert again.until is not None
    assert again.until - (_T0 + 2 * CLOSED_S) == pytest.approx(2 * CLOSED_S, abs=400)


def test_what_is_closed_for_one_client_is_open_to_another():
    detector = Detector()
    _first(detector, "shop", [f"+99293{n:07d}" for n in range(400)], "block")

    other = detector.message(_T0 + 7700, "bank", "+992930000001", "alert")

    assert other.verdict == "allow"


def test_safe_ranges_are_never_judged():
    detector = Detector(Policy(safe={"shop": ("+99293",)}))

    closed = _first(detector, "shop", [f"+99293{n:07d}" for n in range(400)], "block")

    assert closed is None


def test_a_sale_in_the_order_of_the_contact_book_is_let_go():
    detector = Detector()

    held = _first(detector, "shop", [f"+336{n * 37:08d}" for n in range(5000)], "hold", gap=0.01, purpose="marketing")

    assert held is None


def test_a_person_who_asks_again_and_again_is_no_pumping():
    detector = Detector()
    _codes(detector, "shop", _T0 + 7200)

    held = _first(detector, "shop", ["+33612345678"] * 8, "hold", gap=40.0)

    assert held is None


def test_a_range_closed_too_soon_opens_when_its_codes_turn_out_to_be_used():
    detector, sent = Detector(), []
    rng = Random(4)
    for n in range(900):
        judged = detector.message(_T0 + n * 0.02, "new", f"+3361234{rng.randrange(10**4):04d}", "alert")
        if judged.sent is not None:
            sent.append((n, judged.sent))
    assert judged.verdict == "block"

    for n, one in sent:
        detector.used(_T0 + 20 + n * 0.02, "new", f"+33612{n:06d}", "alert", one)

    assert detector.message(_T0 + 60, "new", "+33612340001", "alert").verdict == "allow"


def test_staff_open_a_range():
    detector = Detector()
    verdict = [detector.message(_T0 + n, "shop", f"+99293{n:07d}", "alert") for n in range(400)][-1]

    detector.open("shop", "alert", verdict.range)

    assert detector.message(_T0 + 401, "shop", "+992930000700", "alert").verdict == "allow"


def test_the_same_traffic_gets_the_same_verdicts():
    numbers = [f"+99293{n % 777:07d}" for n in range(1000)]

    one, other = Detector(), Detector()

    assert [one.message(_T0 + n, "a", to, "alert")[:5] for n, to in enumerate(numbers)] == [
        other.message(_T0 + n, "a", to, "alert")[:5] for n, to in enumerate(numbers)
    ]
