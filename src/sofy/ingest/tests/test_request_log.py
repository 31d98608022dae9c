"""What programs asked is there for their developers: bounded, without anything about people, never in the way."""

import psycopg

from sofy.ingest.problems import Fault
from sofy.ingest.request_log import MOST, MOST_CLIENTS, MOST_FINE, RequestLog
from sofy.ingest.tests.conftest import SENDER, Api, House, Program
from sofy.kernel import ids

MESSAGE = {"to": "+33639980001", "purpose": "alert", "text": "Code 4312", "sender": SENDER}


class Link:
    def __init__(self, away: bool = False) -> None:
        self.written: list[dict[str, object]] = []
        self.away = away

    async def run(self, _name: str, values: dict[str, object]) -> int:
        if self.away:
            raise Fault("database_away", 503)
        self.written.append(values)
        return 1


def note(requests: RequestLog, client, status: int = 202) -> None:
    requests.note(client, client, method="POST", path="/v1/messages", status=status, seconds=0.001)


async def test_of_many_requests_a_sample_is_kept_and_room_for_refusals():
    link, client = Link(), ids.uuid7()
    requests = RequestLog(link)  # type: ignore[arg-type]
    for _ in range(500):
        note(requests, client)
    for _ in range(500):
        note(requests, client, 422)

    await requests.write()
    await requests.write()

    (written,) = link.written
    statuses = written["statuses"]
    assert isinstance(statuses, list)
    assert (statuses.count(202), len(statuses)) == (MOST_FINE, MOST)


async def test_however_many_clients_memory_is_bounded_and_a_database_that_is_away_stops_nobody():
    requests = RequestLog(Link(away=True))  # type: ignore[arg-type]
    for _ in range(MOST_CLIENTS + 5):
        note(requests, ids.uuid7())

    assert len(requests._waiting) == MOST_CLIENTS
    await requests.write()
    assert requests._waiting == {}


async def test_the_log_says_what_was_asked_and_nothing_about_people(api: Api, program: Program, house: House):
    answer = await program.send(MESSAGE)
    await program.show(answer.json["id"])
    await program.send({**MESSAGE, "to": "12"})
    await api.ask("POST", "/v1/messages", MESSAGE, headers=[("authorization", "Bearer nobody")])

    await api.app.state.requests.write()

    with psycopg.connect(house.admin_url) as admin:
        rows = admin.execute(
            "SELECT method, path, status, code, latency_us > 0, l::text FROM engine_request_log l ORDER BY id"
        ).fetchall()
    assert [row[:5] for row in rows] == [
        ("POST", "/v1/messages", 202, "", True),
        ("GET", "/v1/messages/{id}", 200, "", True),
        ("POST", "/v1/messages", 422, "number_unreadable", True),
    ]
    assert "39980001" not in str(rows)
    assert "4312" not in str(rows)
    assert answer.json["id"] not in str(rows)
