"""Requests that come at the same moment share the window of their key."""

import asyncio
from types import SimpleNamespace

import pytest

from sofy.ingest import callers
from sofy.ingest.tests.conftest import Api, House, Program


@pytest.mark.parametrize("seen_before", [False, True])
async def test_requests_of_one_moment_count_together(
    seen_before: bool, api: Api, house: House, monkeypatch: pytest.MonkeyPatch
):
    await asyncio.sleep(0.2)  # keys are forgotten, with their counts, when listening begins
    now = 1001.0
    monkeypatch.setattr(callers, "time", SimpleNamespace(monotonic=lambda: now))
    program = Program(api, house.add_key(per_10s=5))
    if seen_before:
        await program.send()
        now = 1015.0  # looked at again, in a window of its own

    answers = await asyncio.gather(*(program.send() for _ in range(20)))

    assert sorted(each.status for each in answers) == [202] * 5 + [429] * 15
