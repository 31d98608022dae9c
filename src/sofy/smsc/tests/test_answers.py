"""What people send back, from their phone to the account: operator, connector, engine, SMPP server, program."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest

from sofy.connectors.smpp.connector import SmppConnector
from sofy.engine import outcomes
from sofy.engine.loop import Engine
from sofy.engine.route_config import seal_config
from sofy.ingest.tests import conftest as ingest
from sofy.kernel import ids
from sofy.sandbox.smpp.operator import SimulatedOperator
from sofy.sandbox.smpp.profile import PROFILES, Curve, Profile, SandboxConfig
from sofy.smsc.tests.conftest import Client, House, alert
from sofy.wire.smpp.codes import Tag
from sofy.wire.smpp.pdu import Sm

CODE: str = ingest.SHORT_CODE
SOON = Curve(0.02, 0.5, 0.2)
CHATTY = msgspec.structs.replace(
    PROFILES["plain"], receipt=SOON, reply=SOON, chat=1.0, stop=0, contact=0, long_chat=0, short_code=CODE
)
SILENT = msgspec.structs.replace(CHATTY, chat=0)


@pytest.fixture
async def operator(house: House, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., Any]]:
    """Begins a simulated operator with a route to it, and an engine."""
    monkeypatch.setattr(outcomes, "FLUSH_EVERY_S", 0.05)
    begun: list[Any] = []

    async def begin(profile: Profile, **columns: Any) -> SimulatedOperator:
        made = SimulatedOperator(SandboxConfig(port=0, log=house.folder / "accepted.log", profile=profile))
        await made.start()
        route = ids.uuid7()
        settings = {"host": "127.0.0.1", "port": made.port, "system_id": "sofy", "password": "secret"}
        sealed = seal_config(house.keystore, SmppConnector, route, settings)
        house.admin.execute("DELETE FROM engine_route")
        house.add_route("operator", id=route, connector="smpp", config=json.dumps(sealed), short_code=CODE, **columns)
        engine = Engine(house.engine_url, house.keystore, house.folder / "spool")
        begun.extend((made, engine))
        await engine.start()
        return made

    yield begin
    for one in reversed(begun):
        await (one.stop(0.5) if isinstance(one, Engine) else one.stop())


def offer(house: House) -> Sm:
    """Marketing to somebody who agreed, who can answer at the short code of its mention."""
    house.consent("+33639980001")
    return alert(b"Une baguette offerte" + ingest.MENTION.encode())


@pytest.fixture
async def sales(house: House, client_of: Any) -> Client:
    """A client bound to an account for marketing."""
    house.add_account("sales", purpose="marketing")
    made: Client = await client_of("sales")
    return made


async def says(operator: SimulatedOperator, text: bytes, source: str = "33639980077") -> None:
    """Somebody writes to the short code of the route, of their own accord."""
    async with asyncio.timeout(10):
        while not any(session.kind for session in operator._sessions):
            await asyncio.sleep(0.02)
    operator._again("sofy", Sm(source=source, source_ton=1, source_npi=1, destination=CODE, short_message=text))


async def recorded(house: House, count: int = 1) -> None:
    async with asyncio.timeout(15):
        while house.count("engine_inbound") < count:
            await asyncio.sleep(0.02)


async def test_an_answer_to_a_message_of_an_account_comes_to_it_alone(
    house: House, till: Client, sales: Client, operator: Any, client_of: Any
):
    house.add_account("rival", client=house.new_client())
    rival = await client_of("rival")
    await operator(CHATTY)

    await sales.submit(offer(house))
    (heard,) = await sales.hear(timeout_s=20)

    assert (heard.source, heard.destination, heard.esm_class) == ("33639980001", CODE, 0)
    assert heard.short_message
    assert Tag.RECEIPTED_MESSAGE_ID not in heard.tlvs
    await asyncio.sleep(0.3)
    assert (till.heard, rival.heard, len(sales.heard)) == ([], [], 1)


async def test_a_long_answer_in_parts_comes_whole(house: House, sales: Client, operator: Any):
    await operator(msgspec.structs.replace(SILENT, long_chat=1.0))

    await sales.submit(offer(house))
    (heard,) = await sales.hear(timeout_s=20)

    octets = heard.tlvs.get(Tag.MESSAGE_PAYLOAD) or heard.short_message
    assert len(octets) > 140


async def test_an_answer_waits_for_an_account_that_is_not_bound(
    house: House, sales: Client, operator: Any, client_of: Any
):
    await sales.submit(offer(house))
    await sales.session.unbind()
    await operator(CHATTY)
    await recorded(house)

    again = await client_of("sales")

    (heard,) = await again.hear()
    assert heard.source == "33639980001"


async def test_what_answers_no_message_comes_to_the_eldest_account_of_the_client_whose_route_it_is(
    house: House, till: Client, sales: Client, operator: Any, client_of: Any
):
    house.add_account("rival", client=house.new_client())
    rival = await client_of("rival")
    made = await operator(SILENT, client_id=house.client)

    await says(made, b"Etes-vous ouverts lundi ?")
    (heard,) = await till.hear(timeout_s=20)

    assert (heard.source, heard.destination) == ("33639980077", CODE)
    assert heard.short_message == b"Etes-vous ouverts lundi ?"
    await asyncio.sleep(0.3)
    assert (sales.heard, rival.heard, len(till.heard)) == ([], [], 1)


async def test_an_account_that_was_disabled_hears_nothing_and_the_next_one_does(
    house: House, till: Client, sales: Client, operator: Any
):
    house.admin.execute("UPDATE gate_endpoint SET state = 'off' WHERE id = %s", [house.account])
    made = await operator(SILENT, client_id=house.client)

    await says(made, b"Bonjour")

    assert (await sales.hear(timeout_s=20))[0].short_message == b"Bonjour"
    assert till.heard == []


async def test_what_comes_to_a_route_of_everybody_from_who_was_never_written_to_is_nobodys(
    house: House, till: Client, operator: Any
):
    made = await operator(SILENT)

    await says(made, b"Bonjour")
    await asyncio.sleep(1)

    assert (till.heard, house.count("engine_inbound")) == ([], 0)


async def test_an_answer_to_a_message_of_the_api_is_not_told_over_smpp(house: House, till: Client, operator: Any):
    house.submit(house.message(purpose="alert", short_code=CODE, to="+33639980001"))
    await operator(CHATTY)

    await recorded(house)

    assert house.count("engine_notice") == 0
    assert till.heard == []
