"""Phones open links: the same phones in every run, people and robots, on this machine only and a few at a time."""

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sofy.sandbox.smpp.fate import Fates
from sofy.sandbox.smpp.profile import PROFILES, Curve
from sofy.sandbox.smpp.tests.test_operator import Play
from sofy.sandbox.smpp.visits import AT_ONCE, PEOPLE, ROBOTS, Visits, link_in
from sofy.wire.smpp.pdu import Sm
from sofy.wire.smpp.tests.factories import hang_up

CLICKING: dict[str, Any] = {"opened": 0.3, "robots": 0.1, "opening": Curve(0.01)}


class Site:
    """A web server that remembers who came, and how many at once."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.now = self.most = 0
        self._open: list[asyncio.StreamWriter] = []

    async def start(self) -> None:
        self.server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.url = f"http://localhost:{self.server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        await hang_up(self.server, self._open)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.append(writer)
        self.now += 1
        self.most = max(self.most, self.now)
        self.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
        await asyncio.sleep(0.01)
        self.now -= 1
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/never\r\n\r\n")
        writer.close()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site()
    await made.start()
    yield made
    await made.stop()


@pytest.mark.parametrize(
    ("_case", "text", "link"),
    [
        ("here", "Voir http://localhost:8000/l/Ab3. STOP", "http://localhost:8000/l/Ab3"),
        ("by number", "http://127.0.0.1:8000/l/Ab3", "http://127.0.0.1:8000/l/Ab3"),
        ("elsewhere", "Voir http://example.org/x", ""),
        ("dressed up", "http://localhost@example.org/x http://localhost.example.org/", ""),
        ("the first that is here", "http://example.org/ http://localhost/a", "http://localhost/a"),
        ("none", "Bonjour", ""),
    ],
)
def test_only_links_of_this_machine_are_opened(_case: str, text: str, link: str) -> None:
    assert link_in(text) == link


def test_as_many_phones_open_links_as_the_profile_says() -> None:
    fates = Fates(msgspec.structs.replace(PROFILES["demo"], **CLICKING))

    first = [fates.of(Sm(f"3363998{n:04d}", b"Bonjour http://localhost:8000/l/Ab3")) for n in range(2000)]

    visitors = Counter(fate.visitor for fate in first)
    assert set(visitors) == {None, *PEOPLE, *ROBOTS}
    assert 0.2 < sum(visitors[one] for one in PEOPLE) / 2000 < 0.4
    assert 0.05 < sum(visitors[one] for one in ROBOTS) / 2000 < 0.15


async def test_phones_open_the_link_of_what_was_delivered(site: Site, tmp_path: Path) -> None:
    play = Play(tmp_path / "accepted.log")
    await play.begin(**CLICKING, failed=0.2)

    await play.send(200, text=f"Bonjour {site.url}/l/Ab3dEf5hJ STOP SMS 36105")
    await play.settled(200)
    await play.engine.until(lambda: not play.operator.visits_waiting)
    expected = play.operator.stats["links_opened"]
    await play.connector.stop()
    await play.operator.stop()

    assert 30 < expected == len(site.requests) < 110
    assert site.most <= AT_ONCE
    assert {request.split()[1] for request in site.requests} == {"/l/Ab3dEf5hJ"}
    assert any("iPhone" in request for request in site.requests)
    assert any(request.startswith("HEAD") for request in site.requests)


async def test_a_link_that_is_cut_between_two_parts_is_opened_whole(site: Site, tmp_path: Path) -> None:
    play = Play(tmp_path / "accepted.log")
    await play.begin(opened=1.0, opening=Curve(0.01))

    await play.send(5, text="a" * 140 + f" {site.url}/l/Ab3dEf5hJ " + "b" * 60 + " STOP SMS 36105")
    await play.settled(10)
    await play.engine.until(lambda: not play.operator.visits_waiting)
    await play.connector.stop()
    await play.operator.stop()

    assert [request.split()[1] for request in site.requests] == ["/l/Ab3dEf5hJ"] * 5


async def test_nobody_opens_links_unless_the_profile_says_so(site: Site, tmp_path: Path) -> None:
    play = Play(tmp_path / "accepted.log")
    await play.begin()

    await play.send(50, text=f"Bonjour {site.url}/l/Ab3dEf5hJ STOP SMS 36105")
    await play.settled(50)
    await play.connector.stop()
    await play.operator.stop()

    assert site.requests == []


async def test_a_link_nobody_answers_is_counted_and_forgotten() -> None:
    stats: Counter[str] = Counter()
    visits = Visits(stats)

    visits.open("http://127.0.0.1:9/l/x", PEOPLE[0])
    visits.open("http://192.0.2.1/l/x", PEOPLE[0])
    while not stats["links_unanswered"]:
        await asyncio.sleep(0.01)
    await visits.stop()

    assert stats == {"links_left": 1, "links_unanswered": 1}


def test_the_simulator_knows_no_framework() -> None:
    code = "import sys, sofy.sandbox.smpp.server; sys.exit(any(name.split('.')[0] == 'django' for name in sys.modules))"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
