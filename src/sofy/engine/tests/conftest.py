"""An engine with a supplier that does what a test tells it."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import msgspec
import psycopg
import pytest

from sofy.connectors import base
from sofy.connectors.base import Accepted, HandOver, Outgoing, Receipt, Reported
from sofy.engine import db, intake, permissions, route_config
from sofy.engine.keystore import KeyStore
from sofy.engine.loop import Engine
from sofy.kernel import clock, ids
from sofy.kernel.crypto import ClientKeys

SHORT_CODE = "36123"
MENTION = f" STOP SMS {SHORT_CODE}"


class FakeConnector(base.Connector):
    """Accepts everything at once, or answers what `script` says; receipts are sent by the test."""

    code: ClassVar[str] = "fake"
    capabilities: ClassVar[base.Capabilities] = base.Capabilities(
        channel="sms", encodings=frozenset({"gsm7", "ucs2"}), receipts=True, inbound=True, max_parts=255
    )
    made: ClassVar[list["FakeConnector"]] = []

    class Config(msgspec.Struct, frozen=True, kw_only=True):
        name: str = ""
        room: int = 1000
        password: base.Secret = ""

    def __init__(self, config: Any, events: base.Events) -> None:
        self.config = config
        self.events = events
        self.sent: list[Outgoing] = []
        self.supplier_ids: dict[tuple[UUID, int], str] = {}
        self.script: Callable[[Outgoing, int], base.Outcome | None] | None = None
        self.room: int = config.room
        self.alert_room = 0
        self.up = 1
        self.waits = False
        self.waiting: list[Outgoing] = []
        FakeConnector.made.append(self)

    async def start(self) -> None:
        self.events.on_capacity()

    async def stop(self, grace_s: float = 5.0) -> None:
        self.room = 0

    def capacity(self) -> int:
        return self.room

    def capacity_for(self, purpose: str) -> int:
        return self.room if purpose == "marketing" else max(self.room, self.alert_room)

    def submit(self, messages: list[Outgoing]) -> None:
        if self.waits:
            self.waiting += messages
            return
        records, answers = [], []
        for message in messages:
            self.sent.append(message)
            for part in range(message.parts):
                records.append(HandOver(message.message_id, part, message.parts, 0, len(self.sent)))
                outcome: base.Outcome | None = Accepted(f"{len(self.supplier_ids) + 1:x}")
                if self.script is not None:
                    outcome = self.script(message, part)
                if isinstance(outcome, Accepted):
                    self.supplier_ids[message.message_id, part] = outcome.supplier_id
                if outcome is not None:
                    answers.append(Reported(message.message_id, part, message.parts, outcome))
        self.events.on_before_write(records)
        self.events.on_outcomes(answers)

    def withdraw(self, message_ids: Collection[UUID]) -> list[UUID]:
        gone = [one.message_id for one in self.waiting if one.message_id in message_ids]
        self.waiting = [one for one in self.waiting if one.message_id not in message_ids]
        return gone

    def let_go(self) -> None:
        """Write what waits."""
        self.waits, waiting, self.waiting = False, self.waiting, []
        self.submit(waiting)

    def answer(self, message: Any, outcome: base.Outcome, part: int = 0, of: int = 1) -> None:
        """An answer that took its time."""
        if isinstance(outcome, Accepted):
            self.supplier_ids[message, part] = outcome.supplier_id
        self.events.on_outcomes([Reported(message, part, of, outcome)])

    async def receipt(self, message: Any, status: Any = "delivered", part: int = 0, **more: Any) -> None:
        await self.events.on_receipts([Receipt(keys=(self.supplier_ids[message, part],), status=status, **more)])

    def health(self) -> base.Health:
        queued = len(self.waiting)
        return base.Health(binds_up=self.up, binds=1, in_flight=0, queued=queued, rate_per_s=0.0, paused=False)


class House:
    """One client, its keys, and ways to look at what the engine wrote."""

    def __init__(self, database: Any, folder: Path) -> None:
        self.engine_url = database.url("sofy_engine")
        self.web_url = database.url("sofy_web")
        self.admin_url = database.database.admin_url
        self.folder = folder
        self.keystore = KeyStore(_Places(folder))
        self.conn = db.connect(self.engine_url, autocommit=True)
        self.client = self.new_client()
        self._number = 0

    def new_client(self) -> UUID:
        client = ids.uuid7()
        self.keystore.create(client)
        permissions.write_client(self.conn, client, state="active")
        return client

    def keys(self, client: UUID | None = None) -> ClientKeys:
        return self.keystore.client(client or self.client)

    def add_route(self, code: str = "fake", price: str = "0.03", **columns: Any) -> UUID:
        values: dict[str, Any] = {
            "id": ids.uuid7(), "code": code, "name": code, "connector": "fake", "price_eur": price,
            "short_code": SHORT_CODE, "config": json.dumps({"name": code}), "created_at": clock.now(),
            "updated_at": clock.now(), **columns,
        }  # fmt: skip
        names = ", ".join(values)
        self.conn.execute(
            f"INSERT INTO engine_route ({names}) VALUES ({', '.join(['%s'] * len(values))})",
            list(values.values()),
        )
        return UUID(str(values["id"]))

    def number(self) -> str:
        self._number += 1
        return f"+3363998{self._number:04d}"

    def message(self, **fields: Any) -> intake.MessageIn:
        """A marketing message to somebody new, unless the test says otherwise."""
        values: dict[str, Any] = {
            "id": ids.uuid7(), "purpose": "marketing", "to": self.number(), "text": "Bonjour" + MENTION,
            "sender": "MARTIN", "short_code": SHORT_CODE, **fields,
        }  # fmt: skip
        return intake.MessageIn(**values)

    def consent(self, to: str, state: Any = "granted", purpose: Any = "marketing", client: UUID | None = None) -> None:
        row = permissions.Permission(self.keys(client).index("phone", to), "sms", purpose, state, clock.now())
        permissions.write_permissions(self.conn, client or self.client, [row])

    def submit(
        self, *messages: intake.MessageIn, client: UUID | None = None, consent: bool = True
    ) -> list[intake.MessageIn]:
        """Hand messages in, with consent unless the test is about its absence."""
        for message in messages:
            if consent and message.purpose == "marketing":
                self.consent(message.to, client=client)
        with self.conn.transaction():
            intake.submit(self.conn, client or self.client, list(messages), keys=self.keys(client))
        return list(messages)

    def state(self, message: intake.MessageIn) -> dict[str, Any]:
        cursor = self.conn.cursor(row_factory=psycopg.rows.dict_row)
        row = cursor.execute("SELECT * FROM engine_state WHERE message_id = %s", (message.id,)).fetchone()
        assert row is not None
        return row

    def events(self, message: intake.MessageIn) -> list[str]:
        rows = self.conn.execute("SELECT kind FROM engine_event WHERE message_id = %s ORDER BY at, kind", (message.id,))
        return [row[0] for row in rows]

    def opposed(self) -> set[UUID]:
        """The clients that somebody said no to."""
        return {row[0] for row in self.conn.execute("SELECT client_id FROM gate_permission WHERE state = 'opposed'")}

    def inbound(self) -> list[tuple[Any, ...]]:
        return self.conn.execute("SELECT id, message_id, keyword FROM engine_inbound").fetchall()

    def queue(self) -> list[tuple[Any, ...]]:
        """What is not handed over: message, due, attempt, and which engine holds it."""
        return self.conn.execute(
            "SELECT message_id, due_at, attempt, NULL::uuid FROM engine_queue UNION ALL"
            " SELECT s.message_id, c.due_at, held.attempt, c.claimed_by FROM engine_claim c CROSS JOIN"
            " LATERAL unnest(c.messages, c.attempts) AS held (message_id, attempt)"
            " JOIN engine_state s ON s.message_id = held.message_id AND s.rank = 10"
        ).fetchall()

    def claim(self, instance: UUID, lease_until: str = "infinity") -> None:
        """An engine takes everything that waits, of each client."""
        self.conn.execute(
            "WITH taken AS (DELETE FROM engine_queue RETURNING *) INSERT INTO engine_claim"
            " SELECT client_id, gen_random_uuid(), lane, %s, %s, max(due_at), array_agg(message_id),"
            " array_agg(attempt), array_agg(avoid_route) FROM taken GROUP BY client_id, lane",
            (instance, lease_until),
        )

    def outbox(self, topic: str) -> list[dict[str, Any]]:
        with psycopg.connect(self.admin_url) as admin:
            rows = admin.execute("SELECT payload FROM kit_outbox WHERE topic = %s", (topic,)).fetchall()
        return [row[0] for row in rows]


class _Places:
    def __init__(self, folder: Path) -> None:
        self.secrets_dir = folder / "secrets"
        self.master_key_file = folder / "secrets" / "master.key"


@pytest.fixture
def house(engine_db: Any, tmp_path: Path) -> Iterator[House]:
    """A database with one client; the clock stands at the demo's Tuesday afternoon."""
    clock.install(lambda: clock.DEMO_START)
    made = House(engine_db, tmp_path)
    yield made
    made.conn.close()


class Machine:
    """A running engine and its fake suppliers."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.engine = Engine(house.engine_url, house.keystore, house.folder / "spool")

    def connector(self, code: str = "fake") -> FakeConnector:
        return next(one for one in reversed(FakeConnector.made) if one.config.name == code)

    async def until(self, condition: Callable[[], Any], timeout_s: float = 8.0) -> None:
        """Wait for what must come."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                await asyncio.sleep(0.02)

    async def settled(self, *messages: intake.MessageIn, status: str | Sequence[str] = "submitted") -> None:
        wanted = {status} if isinstance(status, str) else set(status)
        try:
            await self.until(lambda: all(self.house.state(message)["status"] in wanted for message in messages))
        except TimeoutError:
            raise AssertionError([self.house.state(message)["status"] for message in messages]) from None


async def kill(machine: Machine) -> None:
    """As kill -9 does: nothing is written any more, and the lock of the journal is free."""
    engine = machine.engine
    engine._stopping = True
    tasks = list(engine._tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    os.close(engine.journal._lock)
    for link in engine._links.values():
        await link.close()


@pytest.fixture
def fake_connectors(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    FakeConnector.made.clear()
    for name, value in (
        ("outcomes.FLUSH_EVERY_S", 0.05),
        ("receipts._PARK_AFTER_S", 0.6),
        ("receipts._LOOK_EVERY_S", 0.1),
        ("receipts._PARKED_EVERY_S", 0.2),
        ("dispatch.FACTS_AGE_S", 0.5),
        ("sweepers.CAMPAIGNS_EVERY_S", 0.2),
    ):
        monkeypatch.setattr(f"sofy.engine.{name}", value)
    monkeypatch.setattr(route_config, "discover", lambda: {"fake": FakeConnector})
    yield
    FakeConnector.made.clear()


@pytest.fixture
async def start(house: House, fake_connectors: None) -> AsyncIterator[Callable[[], Any]]:
    """Starts engines; the test adds its routes first."""
    machines: list[Machine] = []

    async def begin() -> Machine:
        machine = Machine(house)
        machines.append(machine)
        await machine.engine.start()
        return machine

    yield begin
    for machine in machines:
        await machine.engine.stop(0.5)


@pytest.fixture
async def machine(house: House, start: Callable[[], Any]) -> Machine:
    """One engine with one cheap route."""
    house.add_route()
    made: Machine = await start()
    return made
