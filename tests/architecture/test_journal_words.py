"""Whatever a room writes in a journal is read there by people: every action has words."""

import re
from pathlib import Path

from sofy.clients import words

SOURCE = Path(__file__).resolve().parents[2] / "src" / "sofy"
ACTION = re.compile(r"audit\.append\([^\"()]*?(?<!f)\"([a-z_]+\.[a-z_]+)\"")


def test_every_action_of_a_journal_has_words():
    written = {
        action
        for path in SOURCE.rglob("*.py")
        if "tests" not in path.parts
        for action in ACTION.findall(path.read_text("utf-8"))
    }

    assert len(written) > 30
    assert written <= words.ACTIONS.keys()
    assert {f"route.{state}" for state in ("active", "paused", "draining")} <= words.ACTIONS.keys()
