"""Pairs, people who rest, and how many are written to first: on a clock of the test's own."""

import pytest

from sofy.connectors.whatsapp_cloud import limits
from sofy.connectors.whatsapp_cloud.limits import DAY_S, Pairs, Portfolio, Resting, person

A, B = person("+33639980001"), person("+33639980002")


def test_a_person_is_the_same_with_or_without_a_plus_and_says_nothing() -> None:
    assert person("33639980001") == A != B
    assert b"3398" not in A


def test_a_person_is_written_to_every_six_seconds() -> None:
    pairs = Pairs(6.0)

    pairs.written(A, 100.0)

    assert pairs.rest_s(A, 101.0) == 5.0
    assert pairs.rest_s(A, 106.0) == 0.0
    assert pairs.rest_s(B, 101.0) == 0.0


def test_each_refusal_makes_the_pause_longer_until_one_is_accepted() -> None:
    pairs = Pairs(0.0)

    pauses = [pairs.refused(A, 0.0) for _ in range(10)]
    pairs.accepted(A)

    assert pauses[:4] == [6.0, 24.0, 96.0, 384.0]
    assert max(pauses) == 3600.0
    assert pairs.refused(A, 5000.0) == 6.0
    assert pairs.rest_s(A, 5000.0) == 6.0


def test_people_who_may_be_written_to_again_are_forgotten() -> None:
    pairs = Pairs(6.0)

    for n in range(1000):
        pairs.written(person(str(n)), float(n))

    assert len(pairs._free_at) <= 8


def test_who_rests_does_so_for_a_day_and_for_a_reason() -> None:
    resting = Resting()

    resting.rest(A, "131049", 10.0)

    assert resting.code(A, 10.0 + DAY_S - 1) == "131049"
    assert resting.code(A, 10.0 + DAY_S) == ""
    assert resting.code(B, 10.0) == ""


def test_only_so_many_rest_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_MOST", 2)
    resting = Resting()

    for n in range(3):
        resting.rest(person(str(n)), "131049", 0.0)

    assert [resting.code(person(str(n)), 1.0) for n in range(3)] == ["", "131049", "131049"]


def test_a_portfolio_counts_people_once_in_any_day() -> None:
    portfolio = Portfolio(2)

    for who, at in ((A, 0.0), (B, 10.0), (A, 20.0)):
        assert portfolio.has_room_for(who, at)
        portfolio.written(who, at)

    assert not portfolio.has_room_for(person("c"), 30.0)
    assert portfolio.has_room_for(person("c"), 10.0 + DAY_S)  # B's day is over, A's began again at 20
    assert portfolio.has_room_for(A, 30.0)


def test_without_a_limit_nobody_is_counted() -> None:
    portfolio = Portfolio(0)

    portfolio.written(A, 0.0)

    assert portfolio.has_room_for(B, 0.0)
    assert not portfolio._people
