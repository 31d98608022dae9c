import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.audience.segments import tree
from sofy.kernel.errors import Refused

SHOP = UUID("01930000-0000-7000-8000-000000000001")


def test_json_form_is_read_back_unchanged() -> None:
    text = {
        "is": "all",
        "of": [
            {"is": "near", "km": 10, "establishment": str(SHOP)},
            {"is": "any", "of": [{"is": "language", "values": ["fr"]}, {"is": "age", "at_least": 18, "at_most": 35}]},
            {"is": "behaviour", "what": "clicked", "days": 30, "not": True},
        ],
    }

    root = tree.loads(json.dumps(text))

    assert tree.to_builtins(root) == text
    assert tree.from_builtins(json.loads(tree.dumps(root))) == root


def test_a_condition_alone_becomes_a_group() -> None:
    root = tree.from_builtins({"is": "language", "values": ["fr"]})

    assert root == tree.All(of=(tree.IsLanguage(values=("fr",)),))


@pytest.mark.parametrize(
    ("_case", "node", "code"),
    [
        ("no language", {"is": "language", "values": []}, "choose_one"),
        ("no bound", {"is": "age"}, "age_missing"),
        ("too old", {"is": "age", "at_least": 200}, "age_range"),
        ("bounds crossed", {"is": "age", "at_least": 40, "at_most": 20}, "age_order"),
        ("no place", {"is": "near", "km": 5}, "place_missing"),
        (
            "two places",
            {"is": "near", "km": 5, "establishment": str(SHOP), "latitude": 1, "longitude": 1},
            "place_missing",
        ),
        ("half a point", {"is": "near", "km": 5, "latitude": 1}, "place_missing"),
        ("off the globe", {"is": "near", "km": 5, "latitude": 99, "longitude": 1}, "place_range"),
        ("no distance", {"is": "near", "km": 0, "establishment": str(SHOP)}, "km_range"),
        ("no period", {"is": "behaviour", "what": "clicked"}, "since_missing"),
        ("two periods", {"is": "created", "days": 3, "since": "2026-01-01"}, "since_missing"),
        ("no days", {"is": "updated", "days": 0}, "days_range"),
        ("empty prefix", {"is": "town", "prefixes": [" "]}, "bad_value"),
        ("prefix of signs", {"is": "town", "prefixes": ["--"]}, "bad_value"),
        ("postcode with a space", {"is": "postcode", "prefixes": ["75 0"]}, "postcode_letters"),
        ("NUL", {"is": "language", "values": ["f\0"]}, "bad_value"),
        ("attribute without value", {"is": "attribute", "name": "size"}, "value_missing"),
        ("half a range", {"is": "attribute", "name": "size", "test": "between", "value": 3}, "value_missing"),
        ("one of none", {"is": "attribute", "name": "size", "test": "one_of"}, "choose_one"),
        ("one of an empty one", {"is": "attribute", "name": "size", "test": "one_of", "values": [""]}, "bad_value"),
        ("attribute not chosen", {"is": "attribute", "name": " ", "value": 3}, "attribute_missing"),
    ],
)
def test_a_problem_names_its_row(_case: str, node: dict[str, object], code: str) -> None:
    group = {"is": "all", "of": [{"is": "channel", "channel": "sms"}, {"is": "any", "of": [node]}]}

    with pytest.raises(Refused) as refused:
        tree.from_builtins(group)

    (problem,) = refused.value.facts["problems"]
    assert (problem.code, problem.row) == (code, "2.1")


@pytest.mark.parametrize(
    ("_case", "text"),
    [
        ("not JSON", b"{"),
        ("a list", b"[]"),
        ("unknown condition", b'{"is": "moon"}'),
        ("unknown field", b'{"is": "language", "values": ["fr"], "sql": "1=1"}'),
        ("wrong type", b'{"is": "age", "at_least": "x"}'),
        ("not UTF-8", b'{"is": "language", "values": ["\xff"]}'),
        ("bottomless", b'{"is":"all","of":[' * 5000 + b"]}" * 5000),
    ],
)
def test_what_is_no_tree_is_refused(_case: str, text: bytes) -> None:
    with pytest.raises(Refused) as refused:
        tree.loads(text)

    assert refused.value.code == "segment_unreadable"


def test_size_is_bounded() -> None:
    row: dict[str, object] = {"is": "channel", "channel": "sms"}
    deep = row
    for _ in range(tree.MAX_DEPTH + 1):
        deep = {"is": "any", "of": [deep]}

    for root, code in (({"is": "all", "of": [row] * 60}, "too_many_conditions"), (deep, "too_deep")):
        with pytest.raises(Refused) as refused:
            tree.from_builtins(root)
        assert refused.value.facts["problems"][0].code == code


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["is", "of", "not", "values", "km", "days", "what"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_read_or_refused(data: object) -> None:
    try:
        root = tree.from_builtins(data)
    except Refused:
        return
    assert tree.validate(root) == []
