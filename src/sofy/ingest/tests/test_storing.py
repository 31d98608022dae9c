"""Group commit: nothing is answered before it is on disk, nor stored twice; nobody waits for another's fault."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from sofy.engine import db
from sofy.engine.intake import FEW, MessageIn
from sofy.engine.link import HotLink
from sofy.engine.tests.conftest import House
from sofy.ingest.problems import Fault
from sofy.ingest.storing import Answer, Consented, Named, Store
from sofy.kernel import ids

KEY = UUID(int=77)


@pytest.fixture
def house(engine_db: Any, tmp_path: Path) -> Iterator[House]:
    made = House(engine_db, tmp_path)
    yield made
    made.conn.close()


@pytest.fixture
async def store(house: House) -> AsyncIterator[Store]:
    async with _running(house) as running:
        yield running


class _running:
    """A store of its own, as another process has one."""

    def __init__(self, house: House, links: int = 2, *, aside: bool = False) -> None:
        self._links = [HotLink(house.engine_url, f"test {n}") for n in range(links + aside)]
        self._store = Store(self._links[:links], house.keystore, self._links[-1] if aside else None)

    async def __aenter__(self) -> Store:
        self._task = asyncio.create_task(self._store.run())
        return self._store

    async def __aexit__(self, *_error: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        for link in self._links:
            await link.close()


def message(house: House, client: UUID | None = None, **more: Any) -> MessageIn:
    to = house.number()
    index = house.keys(client).index("phone", to)
    given = {"purpose": "alert", "sender": "Fournil", "text": "Bonjour", "parts": 1, "encoding": "gsm7", **more}
    return MessageIn(id=ids.uuid7(), to=to, recipient_index=index, **given)


def stored(house: House, client: UUID | None = None) -> int:
    row = house.conn.execute(
        "SELECT count(*) FROM engine_message JOIN engine_state USING (client_id) JOIN engine_queue USING (client_id)"
        " WHERE client_id = %s AND engine_state.message_id = engine_message.id"
        " AND engine_queue.message_id = engine_message.id",
        [client or house.client],
    ).fetchone()
    return int(row[0]) if row else 0


def named(name: str, body: str = "body") -> Named:
    return Named(KEY, name.encode().ljust(16), body.encode())


async def put(store: Store, house: House, *, name: Named | None = None, body: bytes = b"{}", **more: Any) -> Answer:
    client = more.pop("client", house.client)
    return await store.put(client, [message(house, client, **more)], [], name, Answer(202, body))


async def test_what_is_answered_is_on_disk_in_all_three_tables(store: Store, house: House):
    answer = await put(store, house, body=b'{"id":1}')

    assert (answer.status, answer.body, answer.replayed) == (202, b'{"id":1}', False)
    assert stored(house) == 1
    backlog = house.conn.execute("SELECT lane FROM lane_backlog WHERE client_id = %s", [house.client]).fetchall()
    assert backlog == [("alert",)]


async def test_requests_of_many_clients_are_all_stored(store: Store, house: House):
    others = [house.new_client() for _ in range(5)]

    await asyncio.gather(*(put(store, house, client=client) for client in others for _ in range(40)))

    assert [stored(house, client) for client in others] == [40] * 5


async def test_requests_that_wait_together_share_a_transaction(house: House):
    async with _running(house, links=1) as store:
        await asyncio.gather(*(put(store, house) for _ in range(50)))

    transactions = house.conn.execute("SELECT count(DISTINCT xmin::text) FROM engine_message").fetchone()
    assert transactions is not None
    assert transactions[0] <= 3


async def test_a_few_messages_wait_for_nobody_who_stores_many(house: House):
    flooding, other = house.new_client(), house.new_client()
    async with _running(house, aside=True) as store:
        await put(store, house, client=flooding)
        with psycopg.connect(house.admin_url) as slow:
            slow.execute("SELECT FROM lane_backlog WHERE client_id = %s FOR UPDATE", [flooding])
            flood = []
            for _ in range(2):
                many = [message(house, flooding) for _ in range(FEW + 1)]
                flood.append(asyncio.create_task(store.put(flooding, many, [], None, Answer(202, b"{}"))))
                await asyncio.sleep(0.1)

            answers = await asyncio.wait_for(
                asyncio.gather(put(store, house), *(put(store, house, client=other) for _ in range(3))), 5
            )

            assert not any(each.done() for each in flood)
        await asyncio.gather(*flood)
    assert [answer.status for answer in answers] == [202] * 4
    assert (stored(house), stored(house, other), stored(house, flooding)) == (1, 3, 2 * FEW + 3)


async def test_a_bad_request_holds_up_no_other(house: House):
    async with _running(house, links=1) as store:
        answers = await asyncio.gather(
            put(store, house), put(store, house, encoding="morse"), put(store, house), return_exceptions=True
        )

    assert [type(each) for each in answers] == [Answer, Fault, Answer]
    assert (answers[1].code, answers[1].status) == ("fault", 500)
    assert stored(house) == 2


async def test_a_name_is_answered_once(store: Store, house: House):
    first = await put(store, house, name=named("a"), body=b'{"id":1}')
    again = await put(store, house, name=named("a"), body=b'{"id":2}')

    assert (first.replayed, again.replayed) == (False, True)
    assert again.body == b'{"id":1}'
    assert stored(house) == 1


async def test_a_name_that_came_with_something_else_is_refused(store: Store, house: House):
    await put(store, house, name=named("a"))

    with pytest.raises(Fault) as refused:
        await put(store, house, name=named("a", "another body"))

    assert (refused.value.code, refused.value.status) == ("idempotency_key_reused", 409)
    assert stored(house) == 1


async def test_a_name_that_is_being_answered_here_is_refused(store: Store, house: House):
    answers = await asyncio.gather(
        put(store, house, name=named("a")), put(store, house, name=named("a")), return_exceptions=True
    )

    assert isinstance(answers[0], Answer)
    assert isinstance(answers[1], Fault)
    assert answers[1].code == "idempotency_key_in_use"
    assert stored(house) == 1


async def test_a_name_that_another_process_is_answering_is_refused_and_its_neighbours_are_not(house: House):
    async with _running(house, links=1) as store:
        with db.connect(house.engine_url) as other:
            other.execute(db.sql("take_names"), {"names": [named("a").name]}).fetchall()
            answers = await asyncio.gather(
                put(store, house, name=named("a")),
                put(store, house, name=named("b")),
                put(store, house),
                return_exceptions=True,
            )
        later = await put(store, house, name=named("a"))

    assert isinstance(answers[0], Fault)
    assert answers[0].code == "idempotency_key_in_use"
    assert [type(each) for each in (*answers[1:], later)] == [Answer] * 3
    assert stored(house) == 3


async def test_a_name_is_remembered_by_every_process(house: House):
    async with _running(house) as one, _running(house) as two:
        await put(one, house, name=named("a"), body=b'{"id":1}')
        again = await put(two, house, name=named("a"), body=b'{"id":2}')

    assert (again.replayed, again.body) == (True, b'{"id":1}')
    assert stored(house) == 1


async def test_a_name_is_free_after_a_day(store: Store, house: House):
    await put(store, house, name=named("a"), body=b'{"id":1}')
    house.conn.execute("UPDATE engine_request SET at = at - interval '24 hours 1 second'")

    answer = await put(store, house, name=named("a", "another body"), body=b'{"id":2}')

    assert (answer.replayed, answer.body) == (False, b'{"id":2}')
    assert stored(house) == 2


async def test_connections_that_are_cut_lose_nothing_and_store_nothing_twice(store: Store, house: House):
    sending = asyncio.gather(*(put(store, house, name=named(str(n))) for n in range(300)))
    with psycopg.connect(house.admin_url, autocommit=True) as admin:
        for _ in range(20):
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = 'sofy_engine' AND datname = current_database() AND pid <> %s",
                [house.conn.info.backend_pid],
            )
            await asyncio.sleep(0.02)

    answers = await sending

    assert {each.status for each in answers} == {202}
    assert stored(house) == 300


async def test_a_commit_whose_answer_was_lost_is_not_repeated(house: House, monkeypatch: pytest.MonkeyPatch):
    """The link is cut after the commit, before the store knows of it."""
    tries = 0
    ordinary = HotLink.call

    async def call(self: HotLink, work: Any) -> Any:
        async def twice(conn: Any) -> Any:
            nonlocal tries
            tries += 1
            answer = await work(conn)
            if tries == 1:
                raise psycopg.OperationalError("the server closed the connection")
            return answer

        return await ordinary(self, twice)

    monkeypatch.setattr(HotLink, "call", call)
    async with _running(house, links=1) as store:
        answers = await asyncio.gather(put(store, house), put(store, house, name=named("a")))

    assert tries == 2
    assert [(each.status, each.replayed) for each in answers] == [(202, False)] * 2
    assert stored(house) == 2


@pytest.mark.clause("DPA 5", "CGVU 17")
async def test_a_consent_reaches_the_gate_and_the_ledger_and_lifts_nothing(store: Store, house: House):
    given, opposed = message(house, purpose="marketing"), message(house, purpose="marketing")
    house.conn.execute(
        "INSERT INTO gate_permission VALUES (%s, %s, 'sms', 'marketing', 'opposed', now())",
        [house.client, opposed.recipient_index],
    )
    consents = [
        Consented(each.recipient_index, "sms", "2026-11-02T10:00:00+01:00", "caisse", "v1") for each in (given, opposed)
    ]

    await store.put(house.client, [given, opposed], consents, None, Answer(202, b"{}"))

    states = house.conn.execute("SELECT recipient_index, state FROM gate_permission").fetchall()
    assert dict(states) == {given.recipient_index: "granted", opposed.recipient_index: "opposed"}
    with psycopg.connect(house.admin_url) as admin:
        rows = admin.execute("SELECT client_id, topic, payload FROM kit_outbox").fetchall()
    ((client, topic, payload),) = rows
    assert (client, topic) == (house.client, "consent.given")
    assert [event[1:] for event in payload["events"]] == [
        [each.recipient_index.hex(), "2026-11-02T10:00:00+01:00", "caisse", "v1", "sms"] for each in (given, opposed)
    ]


async def test_too_much_that_waits_is_refused_before_it_is_taken(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sofy.ingest.storing._MOST_WAITING", 3)
    monkeypatch.setattr("sofy.ingest.reading.PATIENCE_S", 0.05)

    async with _running(house, links=0) as store:  # nobody stores
        answers = await asyncio.gather(*(put(store, house) for _ in range(5)), return_exceptions=True)

    assert [each.code for each in answers if isinstance(each, Fault)] == ["database_away"] * 3 + ["overloaded"] * 2


async def test_what_was_given_up_before_it_was_tried_is_not_stored_later(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sofy.ingest.reading.PATIENCE_S", 0.05)
    async with _running(house, links=0) as store:  # nobody stores yet
        given_up = await asyncio.gather(put(store, house), return_exceptions=True)
        link = HotLink(house.engine_url, "later")
        serving = asyncio.create_task(store._serve(link, store._some))
        monkeypatch.setattr("sofy.ingest.reading.PATIENCE_S", 10.0)
        await put(store, house)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await link.close()

    assert [each.code for each in given_up if isinstance(each, Fault)] == ["database_away"]
    assert stored(house) == 1
