"""Fifty pages that listen: the web process answers others as before, tells each of them, and ends when asked."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sofy.accounts.tests.factories import make_user
from sofy.kernel import clock
from sofy.kit.live import STREAMS, STREAMS_PER_PERSON
from sofy.kit.rls import client_scope
from sofy.soreach.tests import factories
from sofy.soreach.tests.conftest import World
from tests.faults.web import Listener, WebProcess, serving, session_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
PAGES = 50


@pytest.fixture
def world(engine_db: Any) -> World:
    return World(factories.make_client(), factories.make_route(engine_db.database.admin_url), engine_db)


@pytest.fixture
def web(world: World, tmp_path: Path) -> Iterator[WebProcess]:
    with serving(world.database.database.admin_url, tmp_path) as started:
        yield started


def running(world: World) -> Any:
    return world.draft(status="running", launched_at=clock.now(), starts_at=clock.now())


def set_status(world: World, campaign: Any, status: str) -> None:
    with client_scope(world.client.pk):
        campaign.status = status
        campaign.save(update_fields=["status"])


def test_fifty_listening_pages_leave_the_others_quick_and_each_is_told(world: World, web: WebProcess):
    campaign = running(world)
    address = world.url(campaign, "progress")
    sessions = [session_of(make_user(client=world.client)) for _ in range(-(-PAGES // STREAMS_PER_PERSON))]
    listeners = [web.listen(address, sessions[n // STREAMS_PER_PERSON]) for n in range(PAGES)]
    for listener in listeners:
        assert listener.hears("retry:", 20)
    with world.database.connect("admin") as admin:
        asking = "select count(*) from pg_stat_activity where datname = current_database() and usename = 'sofy_web'"
        connections = admin.execute(asking).fetchone()

    pages = [web.get(address, sessions[0]) for _ in range(10)]
    set_status(world, campaign, "paused")
    told = [listener.hears("event: changed", 15) for listener in listeners]
    set_status(world, campaign, "finished")
    ended = [listener.hears("\r\n0\r\n\r\n", 15) for listener in listeners]

    assert {status for status, _text, _seconds in pages} == {200}
    assert sorted(seconds for _status, _text, seconds in pages)[5] < 1
    assert told == [True] * PAGES
    assert ended == [True] * PAGES
    assert [listener.heard.count("event: changed") for listener in listeners] == [2] * PAGES
    # Four pages at a time, and the one watcher; this process of the test has one of its own.
    assert connections is not None
    assert connections[0] <= 4 + 1 + 1


def test_who_opens_too_many_streams_is_told_to_ask_again_and_again(world: World, web: WebProcess):
    campaign = running(world)
    address, session = world.url(campaign, "progress"), session_of(make_user(client=world.client))
    listeners = [web.listen(address, session) for _ in range(STREAMS_PER_PERSON)]
    assert [listener.heard for listener in listeners if not listener.hears("retry:", 40)] == []

    refused = web.get(address, session, Accept="text/event-stream")[0]
    listeners.pop().close()
    again: list[Listener] = []
    for _attempt in range(30):  # noticed at the next heartbeat
        again.append(web.listen(address, session))
        if again[-1].hears("retry:", 1):
            break

    assert refused == 204
    assert "retry:" in again[-1].heard
    assert STREAMS > PAGES


def test_a_stranger_gets_no_stream(world: World, web: WebProcess):
    campaign = running(world)
    other = factories.make_client("Autre enseigne")

    stranger = web.get(world.url(campaign, "progress"), session_of(make_user(client=other)), Accept="text/event-stream")
    nobody = web.get(world.url(campaign, "progress"), Accept="text/event-stream")

    assert stranger[0] == 404
    assert nobody[0] == 302


def test_open_streams_do_not_hold_up_the_end_of_the_process(world: World, web: WebProcess):
    campaign = running(world)
    listener = web.listen(world.url(campaign, "progress"), session_of(make_user(client=world.client)))
    assert listener.hears("retry:", 20)

    took_s = web.stop()

    assert took_s < 12
