"""The failure table: one row per code, overrides first, careful defaults."""

import pytest

from sofy.connectors.base import Action
from sofy.connectors.smpp.failures import TABLE, Stage, action_for


def test_each_code_has_one_row() -> None:
    codes = [(row.stage, row.code) for row in TABLE]

    assert len(codes) == len(set(codes))
    assert all(row.source and row.meaning for row in TABLE)


@pytest.mark.clause("CGVU 14.3")
@pytest.mark.parametrize(
    ("_case", "stage", "code", "action"),
    [
        ("throttled", "submit", "0x58", Action.SLOW_LINK),
        ("queue full", "submit", "0x14", Action.SLOW_LINK),
        ("system error", "submit", "0x08", Action.OTHER_ROUTE),
        ("submit failed", "submit", "0x45", Action.OTHER_ROUTE),
        ("temporary: another route may take it now", "submit", "0x64", Action.OTHER_ROUTE),
        ("bad recipient", "submit", "0x0b", Action.SUPPRESS),
        ("bad sender", "submit", "0x0a", Action.CONFIGURATION),
        ("bad TON of the recipient never suppresses the number", "submit", "0x50", Action.CONFIGURATION),
        ("bad NPI of the recipient never suppresses the number", "submit", "0x51", Action.CONFIGURATION),
        ("validity", "submit", "0x62", Action.CONFIGURATION),
        ("rejected", "submit", "0x66", Action.PERMANENT),
        ("vendor code nobody told us", "submit", "0x450", Action.OTHER_ROUTE),
        ("unknown subscriber", "receipt", "1", Action.SUPPRESS),
        ("absent subscriber", "receipt", "6", Action.RETRY),
        ("unknown receipt error never suppresses", "receipt", "777", Action.PERMANENT),
    ],
)
def test_action_for(_case: str, stage: Stage, code: str, action: Action) -> None:
    assert action_for(stage, code) is action


def test_a_route_knows_better() -> None:
    own = {"0x450": Action.SUPPRESS, "0x58": Action.PERMANENT}

    assert action_for("submit", "0x450", own) is Action.SUPPRESS
    assert action_for("submit", "0x58", own) is Action.PERMANENT
