"""Callbacks of WhatsApp and RBM, shuffled and doubled, through their own readers: no status goes back."""

import base64
import json
import random
from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID, uuid4

import msgspec
import pytest

from sofy.connectors import base
from sofy.connectors.google_rbm import callbacks as rbm
from sofy.connectors.whatsapp_cloud import callbacks as whatsapp
from sofy.connectors.whatsapp_cloud.config import Config
from sofy.engine import route_config
from sofy.engine.callbacks import seal_body
from sofy.engine.statuses import RANK
from sofy.engine.tests.conftest import FakeConnector, House
from sofy.kernel.content import Content, Template

AGENT, NUMBER_ID, MESSAGES = "agent", "106540352242922", 40
_NUMBER = msgspec.convert(
    {
        "phone_number_id": NUMBER_ID,
        "business_account_id": "1",
        "access_token": "-",
        "app_secret": "-",
        "verify_token": "-",
    },
    Config,
)


class _Agent(msgspec.Struct):
    agent_id: str = AGENT
    agent: str = AGENT


class ByNumber(FakeConnector):
    """WhatsApp's own reader over a supplier that takes everything."""

    code: ClassVar[str] = "by_number"
    capabilities: ClassVar[base.Capabilities] = base.Capabilities(
        channel="whatsapp", encodings=frozenset({"utf8"}), receipts=True, inbound=True, max_parts=1
    )

    @classmethod
    def read_callback(cls, config: Any, body: bytes) -> base.Heard:
        return whatsapp.read(_NUMBER, body)


class ByAgent(FakeConnector):
    """RBM's own reader."""

    code: ClassVar[str] = "by_agent"
    capabilities: ClassVar[base.Capabilities] = base.Capabilities(
        channel="rcs", encodings=frozenset({"utf8"}), receipts=True, inbound=True, max_parts=1
    )

    @classmethod
    def read_callback(cls, config: Any, body: bytes) -> base.Heard:
        return rbm.read(_Agent(), body)  # type: ignore[arg-type]


def said_by_meta(name: UUID, number: str, status: str) -> bytes:
    told = {"id": f"wamid.{name.hex}", "status": status, "recipient_id": number, "biz_opaque_callback_data": str(name)}
    value = {"metadata": {"phone_number_id": NUMBER_ID}, "statuses": [told | {"timestamp": "1795359600"}]}
    entry = {"id": "1", "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def said_by_google(name: UUID, number: str, event: str) -> bytes:
    told = {"senderPhoneNumber": f"+{number}", "eventType": event, "eventId": "e", "messageId": str(name)}
    data = base64.b64encode(json.dumps(told | {"agentId": AGENT}).encode()).decode()
    return json.dumps({"message": {"data": data}}).encode()


@pytest.mark.parametrize("seed", [1, 2])
async def test_no_disorder_of_callbacks_moves_a_status_back(
    house: House, fake_connectors: None, monkeypatch: pytest.MonkeyPatch, start: Callable[..., Any], seed: int
):
    monkeypatch.setattr(route_config, "discover", lambda: {"by_number": ByNumber, "by_agent": ByAgent})
    monkeypatch.setattr("sofy.engine.callbacks._LOOK_EVERY_S", 0.02)
    columns: dict[str, Any] = {"encodings": ["utf8"], "short_code": AGENT}
    agent = house.add_route("rcs", channel="rcs", connector="by_agent", **columns)
    number = house.add_route("wa", channel="whatsapp", connector="by_number", **columns)
    machine = await start()
    for code, name in (("rcs", "{}"), ("wa", "wamid.{}")):
        machine.connector(code).script = lambda message, part, name=name: base.Accepted(
            name.format(message.message_id.hex if "wamid" in name else message.message_id)
        )
    content = Content(text="Code", template=Template(name="code"))
    fields: dict[str, Any] = {"purpose": "alert", "short_code": AGENT, "text": "Code"}
    by_rcs = house.submit(*(house.message(channel="rcs", **fields) for _ in range(MESSAGES)))
    by_wa = house.submit(*(house.message(channel="whatsapp", content=content, **fields) for _ in range(MESSAGES)))
    await machine.settled(*by_rcs, *by_wa)

    bodies = [(agent, said_by_google(m.id, m.to[1:], e)) for m in by_rcs for e in ("DELIVERED", "READ") if m.id]
    for status in ("sent", "delivered", "read"):
        bodies += [(number, said_by_meta(m.id, m.to[1:], status)) for m in by_wa if m.id]
    bodies *= 2
    random.Random(seed).shuffle(bodies)
    for route, body in bodies:
        row = uuid4()
        values = [row, route, seal_body(house.keystore, row, body)]
        house.conn.execute("INSERT INTO engine_callback (id, route_id, body, at) VALUES (%s, %s, %s, now())", values)

    await machine.settled(*by_rcs, *by_wa, status="read")
    await machine.until(lambda: house.conn.execute("SELECT count(*) FROM engine_callback").fetchone() == (0,))
    for message in (*by_rcs, *by_wa):
        rows = house.conn.execute(
            "SELECT kind FROM engine_event WHERE message_id = %s AND kind <> 'accepted' ORDER BY age(xmin) DESC",
            [message.id],
        ).fetchall()
        ranks = [RANK[kind] for (kind,) in rows]
        assert ranks == sorted(set(ranks))
    assert house.conn.execute("SELECT count(*) FROM receipt_parked").fetchone() == (0,)
