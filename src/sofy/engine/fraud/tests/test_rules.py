"""Each rule on the traffic it was made for, and on the honest traffic nearest to it."""

from random import Random

import pytest

from sofy.engine.fraud.tests.traffic import (
    HOUR,
    T0,
    Asked,
    Numbers,
    anywhere,
    judge,
    pumped,
    reasons_of,
    steady,
    stopped,
)


def _fleet(first: int, phones: int) -> Numbers:
    return lambda rng, n: f"+3361234{first + rng.randrange(phones):04d}"


def test_the_phones_of_a_company_are_no_pumping_although_they_stand_in_a_row():
    days = [asked for day in range(3) for asked in steady(day, _fleet(4000, 90), 20, 0.6, 0, T0 + day * 86_400)]

    assert stopped(judge(days), fraud=False) == 0


def test_more_numbers_in_a_row_than_a_small_company_has_are_closed():
    attack = pumped(1, lambda rng, n: f"+3361234{n:04d}", 1.0, 900, T0)

    found = judge(attack)

    assert stopped(found, fraud=True) > 0.8
    assert "sequence" in reasons_of(found)


def test_a_row_is_closed_soon_where_the_client_is_known():
    days = list(steady(2, anywhere, 120, 48, 0))
    attack = pumped(3, lambda rng, n: f"+3361234{n:04d}", 1.0, 400, T0 + 47 * HOUR)

    assert stopped(judge(days + attack), fraud=True) > 0.9


@pytest.mark.parametrize("steps", [(1, 10), (2, 15), (7, 7)])
def test_numbers_gone_through_in_uneven_steps_are_a_row(steps):
    found = judge(
        list(steady(4, anywhere, 20, 3, 0.8))
        + pumped(5, lambda rng, n: f"+33612{n // 2 * sum(steps) + n % 2 * steps[0]:06d}", 4.0, 300, T0 + 2 * HOUR)
    )

    assert stopped(found, fraud=True) > 0.8
    assert "sequence" in reasons_of(found)


def test_people_of_a_few_full_ranges_are_no_row_although_they_are_neighbours():
    heads = [f"+336123{n}" for n in range(3)]
    people = list(steady(27, lambda rng, n: f"{rng.choice(heads)}{rng.randrange(1000):04d}", 10, 5, 0.8))

    assert "sequence" not in reasons_of(judge(people))
    assert stopped(judge(people), fraud=False) == 0


def test_a_few_numbers_an_hour_are_noticed_where_the_client_hardly_ever_writes_to_their_range():
    days = list(steady(6, anywhere, 60, 48, 0))
    attack = pumped(7, lambda rng, n: f"+3377654{rng.randrange(10**4):04d}", 400, 60, T0 + 40 * HOUR)

    found = judge(days + attack)

    assert stopped(found, fraud=True) > 0.7
    assert stopped(found, fraud=False) == 0


def test_codes_nobody_uses_are_remembered_for_hours():
    days = list(steady(8, anywhere, 120, 20, 0.8))
    ranges = [f"+33{7_000_000 + n:07d}"[:8] for n in range(0, 900_000, 180_000)]
    attack = pumped(9, lambda rng, n: f"{rng.choice(ranges)}{rng.randrange(10**4):04d}", 180, 150, T0 + 12 * HOUR)

    found = judge(days + attack)

    assert stopped(found, fraud=True) > 0.6
    assert stopped(found, fraud=False) < 0.01


def test_the_evidence_says_how_many_codes_are_not_used_and_how_many_that_usually_are():
    days = list(steady(42, anywhere, 30, 6, 0.8))
    attack = pumped(43, lambda rng, n: f"+3377654{rng.randrange(10**4):04d}", 8, 60, T0 + 5 * HOUR)

    found = judge(days + attack)

    shown = next(r for _, judged in found for r in judged.reasons if r.code == "codes_unused")
    assert shown.seen >= 3
    assert 0 < shown.usual < 0.4 * shown.seen


def _regulars(rng: Random, n: int) -> str:
    return f"+3361234{rng.randrange(60) if rng.random() < 0.5 else rng.randrange(10**4):04d}"


def test_a_client_whose_reports_of_used_codes_fail_is_not_stopped():
    hours = list(steady(10, _regulars, 60, 8, 0.85))
    failing = list(steady(11, _regulars, 60, 3, 0.0, T0 + 8 * HOUR))

    found = judge(hours + failing)

    assert stopped(found, fraud=False) == 0


def test_pumping_of_others_shows_although_regulars_go_on():
    hours = list(steady(12, _regulars, 40, 8, 0.85))
    attack = pumped(13, lambda rng, n: f"+3377654{rng.randrange(10**4):04d}", 8, 200, T0 + 6 * HOUR)

    assert stopped(judge(hours + attack), fraud=True) > 0.8


def test_somebody_whose_first_code_was_used_does_not_go_on_for_ever():
    few = [f"+88213{n * 7919 % 10**7:07d}" for n in range(30)]
    days = list(steady(14, anywhere, 30, 4, 0.8))
    start = T0 + 2 * HOUR
    attack = [Asked(start + 4 * n, few[n % 30], n < 30, "shop", fraud=True) for n in range(900)]

    assert stopped(judge(days + attack), fraud=True) > 0.5


def test_a_number_far_away_is_not_written_to_a_hundred_times_an_hour():
    few = [f"+88167257{n * 791 % 10**3:03d}" for n in range(3)]
    days = list(steady(20, anywhere, 120, 12, 0))
    attack = pumped(21, lambda rng, n: rng.choice(few), 2, 600, T0 + 10 * HOUR, rate=0.1)

    assert stopped(judge(days + attack), fraud=True) > 0.8


def test_somebody_on_call_at_home_gets_what_alarms_there_are():
    alarms = list(steady(22, lambda rng, n: f"+3361234567{rng.randrange(4)}", 15, 1, 0))

    assert stopped(judge(alarms), fraud=False) == 0


def test_used_codes_are_no_sign_of_people_where_nobody_else_uses_any():
    days = list(steady(23, anywhere, 90, 24, 0))
    attack = pumped(24, lambda rng, n: f"+3377654{rng.randrange(10**4):04d}", 3, 400, T0 + 20 * HOUR, rate=0.5)

    assert stopped(judge(days + attack), fraud=True) > 0.8


def _small_place(rng: Random, n: int) -> str:
    return f"+3361234{rng.randrange(10**4):04d}"


def test_a_bad_day_in_the_range_where_most_people_of_a_client_live_closes_nothing():
    days = list(steady(25, _small_place, 30, 10, 0.85))
    impatient = list(steady(26, _small_place, 4, 1, 0.12, T0 + 8 * HOUR))

    assert stopped(judge(days + impatient), fraud=False) == 0


def test_what_was_closed_for_one_client_is_closed_sooner_for_the_next():
    def numbers(rng: Random, n: int) -> str:
        return f"+4477123{rng.randrange(10**5):05d}"

    def messages_before_a_stop(*others: Asked) -> int:
        known = list(steady(16, anywhere, 120, 24, 0, client="b"))
        found = judge(known + list(others) + pumped(17, numbers, 2, 300, T0 + 23 * HOUR, client="b"))
        return sum(judged.verdict == "allow" for one, judged in found if one.fraud and one.client == "b")

    alone = messages_before_a_stop()
    warned = messages_before_a_stop(*pumped(18, numbers, 1, 400, T0 + 22 * HOUR, client="a"))

    assert warned < 0.8 * alone


def test_a_country_does_not_become_usual_by_the_pumping_itself():
    attack = pumped(19, lambda rng, n: f"+9965{rng.randrange(10**8):08d}", 12, 300, T0)

    found = judge(attack)

    assert stopped(found, fraud=True) > 0.4
    assert "country" in reasons_of(found)


def _contact_book(seed: int, places: int, neighbours: int) -> list[str]:
    """Families and small companies all over France: neighbours have neighbouring numbers."""
    rng, found = Random(seed), []
    for _ in range(places):
        head, first = rng.randrange(10**5), rng.randrange(900)
        found += [f"+336{head:05d}{first + n:03d}" for n in range(rng.randint(1, neighbours))]
    return found


def _first_list(book: list[str]) -> list[Asked]:
    return [Asked(T0 + n * 0.2, to) for n, to in enumerate(book)]


def test_the_first_list_of_a_client_is_no_row_although_a_contact_book_is_written_to_in_its_order():
    assert stopped(judge(_first_list(sorted(_contact_book(28, 600, 10)))), fraud=False) == 0


def test_families_of_a_contact_book_are_no_rows():
    assert stopped(judge(_first_list(_contact_book(29, 600, 10))), fraud=False) == 0


def test_people_abroad_at_the_end_of_a_contact_book_are_no_burst():
    abroad = sorted(f"+3712{n * 7919 % 10**7:07d}" for n in range(120))
    book = sorted(_contact_book(30, 600, 2)) + abroad

    assert stopped(judge(_first_list(book)), fraud=False) == 0


def test_as_many_numbers_of_one_far_country_and_no_contact_book_are_closed():
    attack = [Asked(T0 + n * 0.2, f"+99293{n * 7919 % 10**7:07d}", fraud=True) for n in range(300)]

    assert stopped(judge(attack), fraud=True) > 0.7


def _enrolled(rng: Random, n: int) -> str:
    return f"+3361234{n:04d}"


def test_a_shop_that_gives_numbers_in_order_may_write_to_all_its_customers():
    days = list(steady(31, _enrolled, 240, 48, 0.8))
    everybody = [Asked(T0 + 48 * HOUR + n * 0.5, f"+3361234{n:04d}") for n in range(0, 1500, 2)]

    assert stopped(judge(days + everybody), fraud=False) == 0


def test_a_shop_that_gives_numbers_in_order_is_pumped_elsewhere_like_any_other():
    days = list(steady(32, _enrolled, 240, 48, 0.8))
    attack = pumped(33, lambda rng, n: f"+3377654{n:04d}", 1.0, 400, T0 + 40 * HOUR)

    assert stopped(judge(days + attack), fraud=True) > 0.9


def _in_fiction(rng: Random, n: int) -> str:
    return f"+3363998{rng.randrange(10**4):04d}"


def test_where_everybody_has_a_number_of_fiction_a_range_of_them_is_pumped_like_any_other():
    days = list(steady(34, _in_fiction, 60, 24, 0.8))
    attack = pumped(35, lambda rng, n: f"+33639984{rng.randrange(1000):03d}", 2.0, 400, T0 + 20 * HOUR)

    found = judge(days + attack)

    assert stopped(found, fraud=True) > 0.8
    assert stopped(found, fraud=False) < 0.01


def test_a_client_that_moves_to_numbers_of_fiction_is_no_pumping():
    days = list(steady(36, anywhere, 600, 48, 0))
    moved = list(steady(37, _in_fiction, 3, 2, 0, T0 + 48 * HOUR))

    assert stopped(judge(days + moved), fraud=False) == 0


def test_hundreds_of_numbers_all_over_one_country_nearby_are_stopped_where_the_client_never_wrote_to_it():
    days = list(steady(38, anywhere, 120, 24, 0))
    attack = pumped(39, lambda rng, n: f"+2217{rng.randrange(10**8):08d}", 0.5, 1500, T0 + 20 * HOUR)

    found = judge(days + attack)

    assert stopped(found, fraud=True) > 0.7
    assert "spend" in reasons_of(found)


def test_a_client_with_people_in_one_country_nearby_has_a_busy_hour_there():
    def guests(rng: Random, n: int) -> str:
        return f"+3247{rng.randrange(10**7):07d}" if rng.random() < 0.4 else anywhere(rng, n)

    days = list(steady(40, guests, 60, 48, 0))
    rush = list(steady(41, guests, 2, 1, 0, T0 + 48 * HOUR))

    assert stopped(judge(days + rush), fraud=False) == 0
