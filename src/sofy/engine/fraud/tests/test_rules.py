"""Each rule on the traffic it was made for, and on the honest traffic nearest to it."""

from collections.abc import Callable, Iterator
from random import Random
from typing import NamedTuple

import pytest

from sofy.engine.fraud.detector import Detector, Judged
from sofy.engine.fraud.memory import Sent

_T0 = 1_790_000_000.0
_HOUR = 3600.0

Numbers = Callable[[Random, int], str]


class Asked(NamedTuple):
    """One message of a made-up client, and whether its code will be used."""

    at: float
    to: str
    used: bool = False
    client: str = "shop"
    fraud: bool = False


def _anywhere(rng: Random, n: int) -> str:
    return f"+336{rng.randrange(10**8):08d}"


def _steady(
    seed: int, numbers: Numbers, gap: float, hours: float, rate: float, start: float = _T0, client: str = "shop"
) -> Iterator[Asked]:
    rng, at = Random(seed), start
    for n in range(int(hours * _HOUR / gap)):
        at += rng.expovariate(1 / gap)
        yield Asked(at, numbers(rng, n), rng.random() < rate, client)


def _pumped(
    seed: int, numbers: Numbers, gap: float, total: int, start: float, rate: float = 0.0, client: str = "shop"
) -> list[Asked]:
    hours = total * gap / _HOUR
    return [asked._replace(fraud=True) for asked in _steady(seed, numbers, gap, hours, rate, start, client)]


def _judge(asked: list[Asked], detector: Detector | None = None) -> list[tuple[Asked, Judged]]:
    """All of it in the order of time; a code is used half a minute later, if it went out."""
    detector, found = detector or Detector(), []
    waiting: list[tuple[Asked, Sent]] = []
    for one in sorted(asked):
        while waiting and waiting[0][0].at + 30 <= one.at:
            before, sent = waiting.pop(0)
            detector.used(before.at + 30, before.client, before.to, "alert", sent)
        judged = detector.message(one.at, one.client, one.to, "alert")
        if judged.sent is not None and one.used:
            waiting.append((one, judged.sent))
        found.append((one, judged))
    return found


def _stopped(found: list[tuple[Asked, Judged]], *, fraud: bool) -> float:
    """The share of messages that were stopped."""
    mine = [judged.verdict != "allow" for one, judged in found if one.fraud is fraud]
    return sum(mine) / len(mine)


def _reasons(found: list[tuple[Asked, Judged]]) -> set[str]:
    return {reason.code for _, judged in found for reason in judged.reasons}


def _fleet(first: int, phones: int) -> Numbers:
    return lambda rng, n: f"+3361234{first + rng.randrange(phones):04d}"


def test_the_phones_of_a_company_are_no_pumping_although_they_stand_in_a_row():
    days = [asked for day in range(3) for asked in _steady(day, _fleet(4000, 90), 20, 0.6, 0, _T0 + day * 86_400)]

    assert _stopped(_judge(days), fraud=False) == 0


def test_more_numbers_in_a_row_than_a_small_company_has_are_closed():
    attack = _pumped(1, lambda rng, n: f"+3361234{n:04d}", 1.0, 900, _T0)

    found = _judge(attack)

    assert _stopped(found, fraud=True) > 0.8
    assert "sequence" in _reasons(found)


def test_a_row_is_closed_soon_where_the_client_is_known():
    days = list(_steady(2, _anywhere, 120, 48, 0))
    attack = _pumped(3, lambda rng, n: f"+3361234{n:04d}", 1.0, 400, _T0 + 47 * _HOUR)

    assert _stopped(_judge(days + attack), fraud=True) > 0.9


@pytest.mark.parametrize("steps", [(1, 10), (2, 15), (7, 7)])
def test_numbers_gone_through_in_uneven_steps_are_a_row(steps):
    found = _judge(
        list(_steady(4, _anywhere, 20, 3, 0.8))
        + _pumped(5, lambda rng, n: f"+33612{n // 2 * sum(steps) + n % 2 * steps[0]:06d}", 4.0, 300, _T0 + 2 * _HOUR)
    )

    assert _stopped(found, fraud=True) > 0.8
    assert "sequence" in _reasons(found)


def test_people_of_a_few_full_ranges_are_no_row_although_they_are_neighbours():
    heads = [f"+336123{n}" for n in range(3)]
    people = list(_steady(27, lambda rng, n: f"{rng.choice(heads)}{rng.randrange(1000):04d}", 10, 5, 0.8))

    assert "sequence" not in _reasons(_judge(people))
    assert _stopped(_judge(people), fraud=False) == 0


def test_a_few_numbers_an_hour_are_noticed_where_the_client_hardly_ever_writes_to_their_range():
    days = list(_steady(6, _anywhere, 60, 48, 0))
    attack = _pumped(7, lambda rng, n: f"+3377654{rng.randrange(10**4):04d}", 400, 60, _T0 + 40 * _HOUR)

    found = _judge(days + attack)

    assert _stopped(found, fraud=True) > 0.7
    assert _stopped(found, fraud=False) == 0


def test_codes_nobody_uses_are_remembered_for_hours():
    days = list(_steady(8, _anywhere, 120, 20, 0.8))
    ranges = [f"+33{7_000_000 + n:07d}"[:8] for n in range(0, 900_000, 180_000)]
    attack = _pumped(9, lambda rng, n: f"{rng.choice(ranges)}{rng.randrange(10**4):04d}", 180, 150, _T0 + 12 * _HOUR)

    found = _judge(days + attack)

    assert _stopped(found, fraud=True) > 0.6
    assert _stopped(found, fraud=False) < 0.01


def test_the_evidence_says_how_many_codes_are_not_used_and_how_many_that_usually_are():
    days = list(_steady(42, _anywhere, 30, 6, 0.8))
    attack = _pumped(43, lambda rng, n: f"+3377654{rng.randrange(10**4):04d}", 8, 60, _T0 + 5 * _HOUR)

    found = _judge(days + attack)

    shown = next(r for _, judged in found for r in judged.reasons if r.code == "codes_unused")
    assert shown.seen >= 3
    assert 0 < shown.usual < 0.4 * shown.seen


def _regulars(rng: Random, n: int) -> str:
    return f"+3361234{rng.randrange(60) if rng.random() < 0.5 else rng.randrange(10**4):04d}"


def test_a_client_whose_reports_of_used_codes_fail_is_not_stopped():
    hours = list(_steady(10, _regulars, 60, 8, 0.85))
    failing = list(_steady(11, _regulars, 60, 3, 0.0, _T0 + 8 * _HOUR))

    found = _judge(hours + failing)

    assert _stopped(found, fraud=False) == 0


def test_pumping_of_others_shows_although_regulars_go_on():
    hours = list(_steady(12, _regulars, 40, 8, 0.85))
    attack = _pumped(13, lambda rng, n: f"+3377654{rng.randrange(10**4):04d}", 8, 200, _T0 + 6 * _HOUR)

    assert _stopped(_judge(hours + attack), fraud=True) > 0.8


def test_somebody_whose_first_code_was_used_does_not_go_on_for_ever():
    few = [f"+88213{n * 7919 % 10**7:07d}" for n in range(30)]
    days = list(_steady(14, _anywhere, 30, 4, 0.8))
    start = _T0 + 2 * _HOUR
    attack = [Asked(start + 4 * n, few[n % 30], n < 30, "shop", fraud=True) for n in range(900)]

    assert _stopped(_judge(days + attack), fraud=True) > 0.5


def test_a_number_far_away_is_not_written_to_a_hundred_times_an_hour():
    few = [f"+88167257{n * 791 % 10**3:03d}" for n in range(3)]
    days = list(_steady(20, _anywhere, 120, 12, 0))
    attack = _pumped(21, lambda rng, n: rng.choice(few), 2, 600, _T0 + 10 * _HOUR, rate=0.1)

    assert _stopped(_judge(days + attack), fraud=True) > 0.8


def test_somebody_on_call_at_home_gets_what_alarms_there_are():
    alarms = list(_steady(22, lambda rng, n: f"+3361234567{rng.randrange(4)}", 15, 1, 0))

    assert _stopped(_judge(alarms), fraud=False) == 0


def test_used_codes_are_no_sign_of_people_where_nobody_else_uses_any():
    days = list(_steady(23, _anywhere, 90, 24, 0))
    attack = _pumped(24, lambda rng, n: f"+3377654{rng.randrange(10**4):04d}", 3, 400, _T0 + 20 * _HOUR, rate=0.5)

    assert _stopped(_judge(days + attack), fraud=True) > 0.8


def _small_place(rng: Random, n: int) -> str:
    return f"+3361234{rng.randrange(10**4):04d}"


def test_a_bad_day_in_the_range_where_most_people_of_a_client_live_closes_nothing():
    days = list(_steady(25, _small_place, 30, 10, 0.85))
    impatient = list(_steady(26, _small_place, 4, 1, 0.12, _T0 + 8 * _HOUR))

    assert _stopped(_judge(days + impatient), fraud=False) == 0


def test_what_was_closed_for_one_client_is_closed_sooner_for_the_next():
    def numbers(rng: Random, n: int) -> str:
        return f"+4477123{rng.randrange(10**5):05d}"

    def messages_before_a_stop(*others: Asked) -> int:
        known = list(_steady(16, _anywhere, 120, 24, 0, client="b"))
        found = _judge(known + list(others) + _pumped(17, numbers, 2, 300, _T0 + 23 * _HOUR, client="b"))
        return sum(judged.verdict == "allow" for one, judged in found if one.fraud and one.client == "b")

    alone = messages_before_a_stop()
    warned = messages_before_a_stop(*_pumped(18, numbers, 1, 400, _T0 + 22 * _HOUR, client="a"))

    assert warned < 0.8 * alone


def test_a_country_does_not_become_usual_by_the_pumping_itself():
    attack = _pumped(19, lambda rng, n: f"+9965{rng.randrange(10**8):08d}", 12, 300, _T0)

    found = _judge(attack)

    assert _stopped(found, fraud=True) > 0.4
    assert "country" in _reasons(found)


def _contact_book(seed: int, places: int, neighbours: int) -> list[str]:
    """Families and small companies all over France: neighbours have neighbouring numbers."""
    rng, found = Random(seed), []
    for _ in range(places):
        head, first = rng.randrange(10**5), rng.randrange(900)
        found += [f"+336{head:05d}{first + n:03d}" for n in range(rng.randint(1, neighbours))]
    return found


def _first_list(book: list[str]) -> list[Asked]:
    return [Asked(_T0 + n * 0.2, to) for n, to in enumerate(book)]


def test_the_first_list_of_a_client_is_no_row_although_a_contact_book_is_written_to_in_its_order():
    assert _stopped(_judge(_first_list(sorted(_contact_book(28, 600, 10)))), fraud=False) == 0


def test_families_of_a_contact_book_are_no_rows():
    assert _stopped(_judge(_first_list(_contact_book(29, 600, 10))), fraud=False) == 0


def test_people_abroad_at_the_end_of_a_contact_book_are_no_burst():
    abroad = sorted(f"+3712{n * 7919 % 10**7:07d}" for n in range(120))
    book = sorted(_contact_book(30, 600, 2)) + abroad

    assert _stopped(_judge(_first_list(book)), fraud=False) == 0


def test_as_many_numbers_of_one_far_country_and_no_contact_book_are_closed():
    attack = [Asked(_T0 + n * 0.2, f"+99293{n * 7919 % 10**7:07d}", fraud=True) for n in range(300)]

    assert _stopped(_judge(attack), fraud=True) > 0.7


def _enrolled(rng: Random, n: int) -> str:
    return f"+3361234{n:04d}"


def test_a_shop_that_gives_numbers_in_order_may_write_to_all_its_customers():
    days = list(_steady(31, _enrolled, 240, 48, 0.8))
    everybody = [Asked(_T0 + 48 * _HOUR + n * 0.5, f"+3361234{n:04d}") for n in range(0, 1500, 2)]

    assert _stopped(_judge(days + everybody), fraud=False) == 0


def test_a_shop_that_gives_numbers_in_order_is_pumped_elsewhere_like_any_other():
    days = list(_steady(32, _enrolled, 240, 48, 0.8))
    attack = _pumped(33, lambda rng, n: f"+3377654{n:04d}", 1.0, 400, _T0 + 40 * _HOUR)

    assert _stopped(_judge(days + attack), fraud=True) > 0.9


def _in_fiction(rng: Random, n: int) -> str:
    return f"+3363998{rng.randrange(10**4):04d}"


def test_where_everybody_has_a_number_of_fiction_a_range_of_them_is_pumped_like_any_other():
    days = list(_steady(34, _in_fiction, 60, 24, 0.8))
    attack = _pumped(35, lambda rng, n: f"+33639984{rng.randrange(1000):03d}", 2.0, 400, _T0 + 20 * _HOUR)

    found = _judge(days + attack)

    assert _stopped(found, fraud=True) > 0.8
    assert _stopped(found, fraud=False) < 0.01


def test_a_client_that_moves_to_numbers_of_fiction_is_no_pumping():
    days = list(_steady(36, _anywhere, 600, 48, 0))
    moved = list(_steady(37, _in_fiction, 3, 2, 0, _T0 + 48 * _HOUR))

    assert _stopped(_judge(days + moved), fraud=False) == 0


def test_hundreds_of_numbers_all_over_one_country_nearby_are_stopped_where_the_client_never_wrote_to_it():
    days = list(_steady(38, _anywhere, 120, 24, 0))
    attack = _pumped(39, lambda rng, n: f"+2217{rng.randrange(10**8):08d}", 0.5, 1500, _T0 + 20 * _HOUR)

    found = _judge(days + attack)

    assert _stopped(found, fraud=True) > 0.7
    assert "spend" in _reasons(found)


def test_a_client_with_people_in_one_country_nearby_has_a_busy_hour_there():
    def guests(rng: Random, n: int) -> str:
        return f"+3247{rng.randrange(10**7):07d}" if rng.random() < 0.4 else _anywhere(rng, n)

    days = list(_steady(40, guests, 60, 48, 0))
    rush = list(_steady(41, guests, 2, 1, 0, _T0 + 48 * _HOUR))

    assert _stopped(_judge(days + rush), fraud=False) == 0
