"""The simulated platform as a process, with the account it makes for a route."""

import asyncio
import json
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sofy.connectors.google_rbm.connector import RbmConnector
from sofy.connectors.google_rbm.tests.factories import config, outgoing
from sofy.connectors.smpp.tests.factories import Engine
from sofy.engine.shifted_clock import FileClock


async def test_it_runs_as_a_process_on_the_shared_clock(tmp_path: Path) -> None:
    FileClock(tmp_path / "clock", environment="test").advance_to(datetime(2026, 11, 24, 13, 30, tzinfo=UTC))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sofy.sandbox.google_rbm", "--port", "0", "--folder", str(tmp_path / "rbm"),
        "--clock-file", str(tmp_path / "clock"), "--profile", "plain", "--set", "seed=3",
        stdout=asyncio.subprocess.PIPE, env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert process.stdout is not None
    ready = json.loads(await process.stdout.readline())
    account = json.loads(Path(ready["account"]).read_bytes())
    engine = Engine()
    connector = RbmConnector(
        config(
            base_url=ready["base_url"],
            token_url=ready["token_url"],
            agent_id=ready["agent_id"],
            client_email=account["client_email"],
            private_key=account["private_key"],
        ),
        engine,
    )

    await connector.start()
    connector.submit([outgoing()])
    await engine.until(lambda: bool(engine.outcomes))
    await connector.stop()
    process.send_signal(signal.SIGTERM)
    summary = json.loads(await process.stdout.readline())
    await process.communicate()

    assert summary["accepted"] == 1
    taken = json.loads((tmp_path / "rbm" / "accepted.jsonl").read_bytes())
    instant = datetime.fromisoformat(taken["at"])
    assert timedelta(0) <= instant - datetime(2026, 11, 24, 13, 30, tzinfo=UTC) < timedelta(minutes=1)


async def test_it_does_not_start_in_production(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sofy.sandbox.google_rbm", "--port", "0",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": ":".join(sys.path), "SOFY_ENVIRONMENT": "production"},
    )  # fmt: skip

    _, said = await process.communicate()

    assert process.returncode == 1
    assert b"production" in said
