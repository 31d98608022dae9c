"""Traces of other people's making: read, or refused in words; judged by what was known at each line's moment."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.engine.fraud import replay
from sofy.kernel.errors import Refused


def _verdicts(rows: list[dict[str, object]]) -> list[str]:
    lines = (json.dumps(row).encode() for row in rows)
    return [judgement.judged.verdict for judgement in replay.judge(replay.read(lines))]


@pytest.mark.parametrize(
    "t", ["2026-11-23T08:00:00+01:00", "2026-11-23T07:00:00Z", 1795417200, "1795417200", 1795417200e3]
)
def test_instants_are_read_in_every_usual_form(t):
    assert replay.instant(t) == 1795417200.0


def test_a_conversion_is_not_known_before_it_happened():
    def rows(converted: bool) -> list[dict[str, object]]:
        found = []
        for n in range(600):
            at = 1_790_000_000 + n
            extra = {"converted_at": at + 86_400} if converted else {}
            found.append({"t": at, "client": "a", "to": f"+99293{n:07d}", "purpose": "alert", **extra})
        return found

    assert _verdicts(rows(True)) == _verdicts(rows(False))


def test_a_purpose_nobody_knows_is_judged_as_an_alert():
    rows = [{"t": 1_790_000_000 + n, "client": "a", "to": f"+99293{n:07d}", "purpose": "otp"} for n in range(300)]

    assert _verdicts(rows)[-1] == "block"


def test_a_number_is_the_same_one_in_every_usual_form():
    numbers = [f"6998{n:05d}" for n in range(400)]

    forms = [
        _verdicts([{"t": 1_790_000_000 + n, "client": "a", "to": head + to} for n, to in enumerate(numbers)])
        for head in ("+33", "33", "0033", "0")
    ]

    assert "block" in forms[0]
    assert all(form == forms[0] for form in forms)


@pytest.mark.parametrize(
    ("line", "code", "field"),
    [
        (b"{", "trace_line", None),
        (b"[1, 2]", "trace_line", None),
        (b"\xff", "trace_line", None),
        (b'{"t": 1}', "trace_field", "client"),
        (b'{"t": 1, "client": null, "to": "+33639980001"}', "trace_field", "client"),
        (b'{"t": 1, "client": "a", "to": "nobody"}', "trace_field", "to"),
        (b'{"t": "monday", "client": "a", "to": "+33639980001"}', "trace_instant", "t"),
        (b'{"t": 1, "client": "a", "to": "+33639980001", "receipt_at": "soon"}', "trace_instant", "receipt_at"),
    ],
)
def test_a_line_that_is_no_message_is_named_with_what_is_wrong(line, code, field):
    with pytest.raises(Refused) as refused:
        list(replay.judge(replay.read([b"", line])))

    assert refused.value.code == code
    assert refused.value.facts["line"] == 2
    assert refused.value.facts.get("field") == field


def test_a_trace_from_another_system_is_read():
    lines = [
        b'\xef\xbb\xbf{"t": "2026-11-01T10:00:00Z", "client": "a", "to": "06 39 98 12 34", "purpose": "otp"}\r\n',
        b'{"t": "2026-11-01T11:00:01.5+01:00", "client": 7, "to": "+33 (0)639-98.12.35", "converted_at": null}\n',
        b"\r\n",
    ]

    found = list(replay.judge(replay.read(lines)))

    assert [judgement.at for judgement in found] == [1793527200.0, 1793527201.5]
    assert [judgement.judged.range for judgement in found] == ["+3363998", "+3363998"]


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_no_bytes_break_the_reader(lines):
    with suppress(Refused):
        list(replay.judge(replay.read(lines)))


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "t": st.floats(0, 2e9) | st.text(max_size=12),
                "client": st.text(max_size=4),
                "to": st.text(max_size=14),
                "purpose": st.text(max_size=4),
            },
            optional={"converted_at": st.none() | st.floats(0, 2e9), "receipt_at": st.none() | st.floats(0, 2e9)},
        ),
        max_size=30,
    )
)
def test_odd_lines_are_judged_or_refused(rows):
    with suppress(Refused):
        assert len(_verdicts(rows)) == len(rows)
