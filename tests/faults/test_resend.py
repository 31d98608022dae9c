"""kill -9 while alerts that one operator did not deliver leave once more by another: once, and no status goes back."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from sofy.engine import intake, permissions
from tests.faults.field import Field, dice

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
#: Few alerts at a time, or the first operator would be full and the others go by the second at once.
KILLS, TOGETHER = 4, 20
#: Of what the first operator takes; more, and engines would leave it alone.
FAILED = 0.15
_BACK = """
CREATE TABLE gone_back (message_id uuid, was text, becomes text);
CREATE FUNCTION note_back() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    INSERT INTO gone_back VALUES (OLD.message_id, OLD.status, NEW.status);
    RETURN NULL;
END $$;
CREATE TRIGGER note_back AFTER UPDATE ON engine_state FOR EACH ROW
    WHEN (NEW.rank < OLD.rank) EXECUTE FUNCTION note_back();
"""
_STEPS = """
SELECT e.message_id, array_agg(e.kind), bool_or(e.kind = 'unknown' OR e.detail ->> 'reason' = 'no_answer')
  FROM engine_event e GROUP BY e.message_id
"""


class Alerts:
    """Alerts on their way by two operators: the cheap one, who fails some, and one who delivers all."""

    def __init__(self, field: Field, second: Path) -> None:
        self.field, self.second = field, second
        self.submitted = 0
        self._numbers = count()

    def submit(self) -> None:
        """A few more."""
        some = [
            intake.MessageIn(purpose="alert", to=f"+337000{n:05d}", text="Code 1234", sender="MARTIN")
            for n in islice(self._numbers, TOGETHER)
        ]
        with self.field.conn.transaction():
            intake.submit(self.field.conn, self.field.client, some, keys=self.field.keystore.client(self.field.client))
        self.submitted += TOGETHER

    def flow(self, groups: int) -> None:
        """So many groups, each when one of the operators has nearly all of those before."""
        for _ in range(groups):
            self.submit()
            self.field.wait(lambda: self._taken_by_any() >= self.submitted - TOGETHER)

    def taken(self) -> tuple[Counter[str], Counter[str]]:
        """How often each operator took a message for each number."""
        lines = self.second.read_text().splitlines() if self.second.exists() else []
        return self.field.accepted(), Counter(line.split()[2].lstrip("+") for line in lines)

    def _taken_by_any(self) -> int:
        first, second = self.taken()
        return len(first.keys() | second.keys())

    def ends(self) -> dict[UUID, tuple[str, int]]:
        """Where each message stands, and whether it left once more."""
        rows = self.field.rows("SELECT message_id, status, resend FROM engine_state")
        return {name: (status, resend) for name, status, resend in rows}


@pytest.fixture
def alerts(field: Field, engine_db: Any) -> Iterator[Alerts]:
    log = field.folder / "other.log"
    command = [sys.executable, "-m", "sofy.sandbox.smpp", "--port", "0", "--profile", "plain", "--log", str(log)]
    command += ["--clock-file", str(field.folder / "clock")]
    other = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert other.stdout is not None
    port = json.loads(other.stdout.readline())["port"]
    receipt = {"median_s": 0.2, "sigma": 0.5, "most_s": 1.0}
    endings = [{"stat": "UNDELIV", "err": "034"}]  # a fault of the operator's own
    field.start_operator(failed=FAILED, endings=endings, receipt=receipt)
    field.make_route(code="cheap", price="0.01")
    field.make_route(code="dear", price="0.05", port=port)
    permissions.write_client(field.conn, field.client, state="active")
    with psycopg.connect(engine_db.database.admin_url, autocommit=True) as admin:
        admin.execute(_BACK)
        yield Alerts(field, log)
        field.stop()
        admin.execute("DROP FUNCTION note_back CASCADE")
        admin.execute("DROP TABLE gone_back")
    other.terminate()
    other.communicate(timeout=30)


def test_killed_engines_send_an_alert_once_more_and_not_twice(field: Field, alerts: Alerts, engine_db: Any):
    chance = dice()
    for _ in range(KILLS):
        field.start_engine()
        alerts.submit()
        field.wait(lambda: not field.left())
        alerts.flow(chance.randint(5, 25))
        field.kill_engine()
    field.start_engine()
    field.wait_until_over()
    field.wait(lambda: field.rows("SELECT count(*) FROM engine_state WHERE resend = 1") == [(0,)])

    first, second = alerts.taken()
    steps = {name: (set(kinds), doubted) for name, kinds, doubted in field.rows(_STEPS)}
    ends = alerts.ends()
    sure = {name: to for name, to in field.numbers().items() if not steps[name][1]}
    again = {name: to for name, to in sure.items() if "resent" in steps[name][0]}
    assert len(ends) == alerts.submitted
    assert len(again) > alerts.submitted * FAILED / 10
    assert {ends[name] for name in again} <= {("delivered", 2)}
    assert all((first[to], second[to]) == (1, 1) for to in again.values())
    assert all(first[to] + second[to] == 1 for name, to in sure.items() if name not in again)
    assert {status for status, _ in ends.values()} <= {"delivered", "unknown"}
    assert field.rows("SELECT count(*) FROM engine_queue") == [(0,)]
    with psycopg.connect(engine_db.database.admin_url) as admin:
        assert admin.execute("SELECT * FROM gone_back").fetchall() == []
