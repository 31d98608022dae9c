"""The detector on traces of six kinds: made with it, used to correct it (two), never seen (three)."""

import json
import sys
from collections.abc import Callable
from subprocess import run

import pytest

from sofy.engine.fraud import replay
from sofy.engine.fraud.measure import Tally
from sofy.engine.fraud.tests import days, held_out, merchants, shifting, unseen
from sofy.engine.fraud.tests.held_out import Labelled
from sofy.sandbox.fraud.trace import trace


def _measured(make: Callable[[int], list[Labelled]], seeds: range) -> Tally:
    tally = Tally()
    for seed in seeds:
        lines = make(seed)
        judged = replay.judge((n, one.line) for n, one in enumerate(lines))
        tally.add((line, one.fraud, one.shape) for line, one in zip(judged, lines, strict=True))
    return tally


def _sandbox(seed: int) -> list[Labelled]:
    return [
        Labelled(
            replay.Traced(one.t, one.client, one.to, one.purpose, one.converted_at, one.receipt_at),
            one.fraud,
            one.shape,
        )
        for one in trace(seed, hours=3.0)
    ]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("make", "seeds"),
    [
        (_sandbox, range(500, 516)),
        (held_out.trace, range(12)),
        (unseen.trace, range(12)),
        (shifting.trace, range(50, 62)),
        (days.trace, range(100, 110)),
        (merchants.trace, range(26)),
    ],
)
def test_pumping_is_stopped_and_honest_traffic_is_not(make, seeds):
    tally = _measured(make, seeds)

    late = [attack.shape for attack in tally.attacks if not attack.in_time]
    assert tally.recall >= 0.9, tally.report()
    assert tally.precision >= 0.95, tally.report()
    assert tally.worst.get("flash sale", 0.0) <= 0.001
    assert len(late) <= len(tally.attacks) // 10, late


def test_a_trace_is_labelled_and_the_same_for_the_same_seed():
    def written(seed: int) -> bytes:
        command = [
            sys.executable,
            "-m",
            "sofy.sandbox.fraud",
            "--seed",
            str(seed),
            "--attack",
            "sequential",
            "--hours",
            "1",
        ]
        return run(command, capture_output=True, check=True).stdout

    one, again, other = written(1), written(1), written(2)

    rows = [json.loads(row) for row in one.splitlines()]
    assert one == again
    assert one != other
    assert {row.get("shape") for row in rows if row.get("fraud")} == {"sequential"}
    assert [row["t"] for row in rows] == sorted(row["t"] for row in rows)
