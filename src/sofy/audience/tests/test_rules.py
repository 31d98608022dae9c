"""Consent as a function of what was recorded, whatever the order."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.audience import rules
from sofy.audience.rules import Fact
from sofy.kernel.errors import Refused

pytestmark = [pytest.mark.clause("CGVU 17"), pytest.mark.clause("DPA 5")]
START = datetime(2026, 11, 24, tzinfo=UTC)


def at(day: int) -> datetime:
    return START + timedelta(days=day)


def fact(state: str, day: int, *, lifts: bool = False, recorded: int | None = None) -> Fact:
    return Fact(state, at(day), at(day if recorded is None else recorded), lifts)


@pytest.mark.parametrize(
    ("_case", "facts", "state"),
    [
        ("nothing was said", [], "cleared"),
        ("consent", [fact("granted", 1)], "granted"),
        ("refusal after consent", [fact("granted", 1), fact("withdrawn", 2)], "withdrawn"),
        ("refusal older than a consent in a file", [fact("withdrawn", 1), fact("granted", 2)], "withdrawn"),
        ("opposition wins over a later refusal", [fact("opposed", 1), fact("withdrawn", 2)], "opposed"),
        ("new opt-in with evidence", [fact("opposed", 1), fact("granted", 2, lifts=True)], "granted"),
        ("evidence older than the opt-out", [fact("opposed", 2), fact("granted", 1, lifts=True)], "opposed"),
        ("opt-out at the same instant", [fact("granted", 1, lifts=True), fact("opposed", 1)], "opposed"),
        ("opt-out again", [fact("opposed", 1), fact("granted", 2, lifts=True), fact("withdrawn", 3)], "withdrawn"),
        ("undone import", [fact("granted", 1), fact("cleared", 2)], "cleared"),
        ("imported again after the undo", [fact("granted", 1), fact("cleared", 2), fact("granted", 3)], "granted"),
        ("old date, recorded after the undo", [fact("cleared", 2), fact("granted", 1, recorded=3)], "granted"),
        ("an undo does not lift", [fact("withdrawn", 1), fact("granted", 2), fact("cleared", 3)], "withdrawn"),
    ],
)
def test_current(_case: str, facts: list[Fact], state: str) -> None:
    assert rules.current(rules.instants(facts)) == state


_facts = st.lists(
    st.builds(
        Fact,
        state=st.sampled_from(["granted", "withdrawn", "opposed", "cleared"]),
        at=st.integers(0, 9).map(at),
        recorded_at=st.integers(0, 9).map(at),
        lifts=st.just(False),
    )
    | st.builds(Fact, st.just("granted"), st.integers(0, 9).map(at), st.integers(0, 9).map(at), st.just(True)),
    max_size=8,
)


@given(_facts, st.randoms())
def test_order_and_repetition_do_not_matter(facts: list[Fact], random: Random) -> None:
    shuffled = facts + facts[:2]
    random.shuffle(shuffled)

    assert rules.instants(shuffled) == rules.instants(facts)


@given(_facts, _facts)
def test_histories_join(one: list[Fact], two: list[Fact]) -> None:
    joined = rules.join(rules.instants(one), rules.instants(two))

    assert joined == rules.instants(one + two) == rules.join(rules.instants(two), rules.instants(one))


@given(_facts, st.integers(0, 9), st.sampled_from(["withdrawn", "opposed"]))
def test_nothing_but_later_evidence_ends_an_opt_out(facts: list[Fact], day: int, state: str) -> None:
    later_evidence = any(each.lifts and each.at > at(day) for each in facts)

    result = rules.current(rules.instants([*facts, fact(state, day)]))

    if not later_evidence:
        assert result in rules.OPT_OUTS


@pytest.mark.parametrize(
    ("_case", "changes", "code"),
    [
        ("unknown source", {"source": "hearsay"}, "unknown_source"),
        ("a file cannot lift", {"source": "import", "lifts": True}, "opt_out_not_liftable"),
        ("an undo cannot lift", {"source": "undo", "lifts": True, "state": "cleared"}, "opt_out_not_liftable"),
        ("lifting without evidence", {"lifts": True, "has_evidence": False}, "evidence_missing"),
        ("a refusal lifts nothing", {"lifts": True, "state": "withdrawn"}, "opt_out_not_liftable"),
        ("tomorrow", {"at": at(11)}, "date_in_future"),
    ],
)
def test_events_say_no_more_than_they_prove(_case: str, changes: dict[str, object], code: str) -> None:
    event = {"state": "granted", "source": "form", "lifts": False, "has_evidence": True, "at": at(1), "now": at(10)}

    with pytest.raises(Refused, match=code):
        rules.check_event(**{**event, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cell", "state"),
    [
        ("oui", "granted"), ("1", "granted"), ("x", "granted"), ("yes", "granted"), ("opt-in", "granted"),
        ("non", "withdrawn"), ("0", "withdrawn"), ("no", "withdrawn"), ("stop", "opposed"), ("", ""),
        ("peut-etre", None), ("stop sms", "opposed"), ("stop (12/03/2025)", "opposed"), ("opposee", "opposed"),
        ("non merci", "withdrawn"), ("desinscription", "withdrawn"), ("ne souhaite pas", "withdrawn"),
        ("pas de sms", "withdrawn"), ("no thanks", "withdrawn"), ("non renseigne", None), ("nord", None),
        ("oui mais pas le soir", None), ("1.0", "granted"), ("0,00", "withdrawn"), ("oui (papier)", "granted"),
        ("oui le 12/03/2024", "granted"), ("oui (pas le soir)", None),
        ("127.0.0.1", None), ("bloque", "opposed"), ("exclue", "withdrawn"),
    ],
)  # fmt: skip
def test_consent_words(cell: str, state: str | None) -> None:
    assert rules.consent_word(cell) == state
