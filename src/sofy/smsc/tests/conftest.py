"""The SMPP server in this process, on a database with committed data, and clients that bind to it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import argon2
import pytest

from sofy.engine.db import sql
from sofy.ingest.tests import conftest as ingest
from sofy.kernel import clock, ids
from sofy.smsc import accounts, deliveries, process
from sofy.smsc.process import Server
from sofy.wire.smpp.codes import Command
from sofy.wire.smpp.pdu import Pdu, Sm, encode_sm
from sofy.wire.smpp.session import BindKind, ClientSession, Delivery, SessionSettings

SENDER: str = ingest.SENDER
MENTION = ingest.MENTION
PASSWORD = "s3cret_8"
CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class House(ingest.House):
    """The house of the API, whose clients have SMPP accounts."""

    def __init__(self, database: Any, folder: Path) -> None:
        super().__init__(database, folder)
        self.hashed = CHEAP.hash(PASSWORD)

    def add_account(self, system_id: str = "till", *, client: UUID | None = None, **columns: Any) -> UUID:
        """An account as staff make it; any column may be given."""
        client, account = client or self.client, ids.uuid7()
        values: dict[str, Any] = {
            "client_id": client, "id": account, "name": "Caisse", "hint": system_id[-4:], "purpose": "alert",
            "password": self.hashed, "per_s": 10_000, "created_at": clock.now(), **columns,
        }  # fmt: skip
        names = ", ".join(values)
        marks = ", ".join(["%s"] * len(values))
        self.admin.execute(f"INSERT INTO gate_smpp_account ({names}) VALUES ({marks})", list(values.values()))
        login = [sha256(system_id.encode()).digest(), client, account]
        self.admin.execute("INSERT INTO gate_smpp_login (digest, client_id, account_id) VALUES (%s, %s, %s)", login)
        self.admin.execute(
            "INSERT INTO gate_endpoint (client_id, id, kind, created_at) VALUES (%s, %s, 'smpp', %s)",
            [client, account, clock.now()],
        )
        return account

    def change(self, account: UUID, column: str, value: Any) -> None:
        """What staff change, and tell."""
        self.admin.execute(f"UPDATE gate_smpp_account SET {column} = %s WHERE id = %s", [value, account])
        self.admin.execute("SELECT pg_notify('sofy_smpp', %s)", [account.hex])

    def end(self, message: str, kind: str, rank: int = 50, code: str | None = None) -> None:
        """Let a message have ended, as the engine writes it."""
        values: dict[str, Any] = {
            "client": self.client, "now": clock.now(), "ids": [UUID(message)], "statuses": [kind], "ranks": [rank],
            "reasons": [None], "articles": [None], "codes": [code], "routes": [None], "done": [1],
            "submitted": [clock.now()], "ats": [clock.now()], "firsts": [1], "costs": [0],
        }  # fmt: skip
        self.admin.execute("DELETE FROM engine_queue WHERE message_id = %s", [message])
        self.conn.execute(sql("write_states"), values)

    def texts(self) -> list[str]:
        """What every stored message says."""
        return [self.opened(row)[1] for row in self.rows("SELECT * FROM engine_message ORDER BY id")]

    def opened(self, row: dict[str, Any]) -> tuple[str, str]:
        """Number and text of a message."""
        from sofy.engine.intake import decode_payload

        keys = self.keystore.client(row["client_id"])
        plain = decode_payload(keys.unseal("engine_message", "payload", row["id"], row["payload"]))
        return plain.to, plain.text


class Client:
    """A program of a client, bound."""

    def __init__(self, port: int, system_id: str, password: str, kind: BindKind) -> None:
        self.port = port
        self.settings = SessionSettings(system_id=system_id, password=password, kind=kind, window=5000)
        self.answers: dict[int, tuple[int, str]] = {}
        self.heard: list[Sm] = []
        self.unanswered: list[Delivery] = []
        self.acknowledges = True
        self.status = 0

    async def bind(self) -> "Client":
        loop = asyncio.get_running_loop()
        _, session = await loop.create_connection(lambda: ClientSession(self.settings, self), "127.0.0.1", self.port)
        self.session = session
        await session.bind()
        return self

    async def submit(self, *sms: Sm) -> list[tuple[int, str]]:
        """(status, message id) of each."""
        numbers = [self.session.next_sequence() for _ in sms]
        frames = [(n, n, encode_sm(Command.SUBMIT_SM, n, sm)) for n, sm in zip(numbers, sms, strict=True)]
        self.session.submit(frames)
        async with asyncio.timeout(20):
            while not all(n in self.answers for n in numbers):
                await asyncio.sleep(0.005)
        return [self.answers[n] for n in numbers]

    async def ask(self, command: Command, **fields: Any) -> Pdu:
        return await self.session.request(command, fields)

    async def hear(self, count: int = 1, timeout_s: float = 10) -> list[Sm]:
        """What was delivered, once so many are there."""
        async with asyncio.timeout(timeout_s):
            while len(self.heard) < count:
                await asyncio.sleep(0.01)
        return self.heard

    def on_answers(self, _session: Any, answers: list[Any]) -> None:
        self.answers |= {token: (status, name) for token, status, name in answers}

    def on_deliveries(self, session: Any, found: list[Delivery]) -> None:
        self.heard += [sm for _, sm, _ in found]
        if self.acknowledges:
            session.acknowledge(found, self.status)
        else:
            self.unanswered += found

    def on_unknown(self, _session: Any, tokens: list[Any], reason: str) -> None: ...


def alert(text: bytes = b"Votre commande est prete.", **fields: Any) -> Sm:
    """A message that is taken as it is."""
    values: dict[str, Any] = {"destination": "33639980001", "short_message": text, "source": SENDER, "source_ton": 5}
    return Sm(**values | fields)


@pytest.fixture
def house(engine_db: Any, tmp_path: Path) -> Iterator[House]:
    """A database with one client, its sender and a route; the clock stands at the demo's Tuesday afternoon."""
    clock.install(lambda: clock.DEMO_START)
    made = House(engine_db, tmp_path)
    yield made
    made.conn.close()
    made.admin.close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes seconds takes less."""
    monkeypatch.setattr(accounts, "PasswordHasher", lambda: CHEAP)
    monkeypatch.setattr(process, "GRACE_S", 2.0)
    monkeypatch.setattr(accounts, "RENEW_S", 0.3)
    monkeypatch.setattr(accounts, "LEASE_S", 1)
    monkeypatch.setattr(deliveries, "LEASE_S", 1)
    monkeypatch.setattr(deliveries, "_AGAIN_S", 0.2)
    monkeypatch.setattr(deliveries, "_CLAIM_S", 0.2)


@pytest.fixture
async def serve(house: House, quick: None, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., Any]]:
    """Starts servers, with settings of their own. A fault of ours fails the test."""
    faults: list[Exception] = []
    async with contextlib.AsyncExitStack() as stack:

        async def begin(**settings: str) -> Server:
            config = house.config(SOFY_SMPP_PORT="0", SOFY_SMPPS_PORT="0", **settings)
            server = await stack.enter_async_context(Server(config, house.engine_url).open())
            server.door.refused_s = 0.01
            monkeypatch.setattr(server.door, "fault", faults.append)
            return server

        yield begin
    if faults:
        raise faults[0]


@pytest.fixture
async def server(serve: Callable[..., Any]) -> Server:
    made: Server = await serve()
    return made


@pytest.fixture
async def client_of(server: Server) -> AsyncIterator[Callable[..., Any]]:
    """Binds clients, and logs them out behind the test."""
    made: list[Client] = []

    async def begin(
        system_id: str = "till", password: str = PASSWORD, kind: BindKind = BindKind.TRANSCEIVER, port: int = 0
    ) -> Client:
        made.append(client := Client(port or server.port, system_id, password, kind))
        return await client.bind()

    yield begin
    for client in made:
        if hasattr(client, "session") and client.session.transport is not None:
            client.session.acknowledge(client.unanswered)
            await client.session.unbind()


@pytest.fixture
async def till(house: House, client_of: Callable[..., Any]) -> Client:
    """A client bound to an account for alerts."""
    house.account = house.add_account()
    made: Client = await client_of()
    return made
