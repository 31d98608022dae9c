"""Words without a template leave by WhatsApp only to somebody who wrote within a day."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from sofy.connectors.base import Inbound
from sofy.engine.intake import MessageIn
from sofy.engine.rungs import Rung
from sofy.engine.tests.conftest import House, Machine
from sofy.engine.tests.test_aliases import NUMBER_ID, PERSON, named, said, sent, shared_number  # noqa: F401
from sofy.kernel import clock

pytestmark = pytest.mark.clause("CGVU 3.4")


def free(house: House, **fields: Any) -> MessageIn:
    values = {"channel": "whatsapp", "short_code": NUMBER_ID, "purpose": "alert", "text": "Votre colis", **fields}
    return house.message(**values)


async def wrote(machine: Machine, sender: str, text: str = "Bonjour", **more: Any) -> None:
    await machine.connector("whatsapp").events.on_inbound([said(sender, text, **more)])


async def owned(house: House, start: Callable[..., Any]) -> Machine:
    """The number is the client's own, so that whoever writes to it writes to this client."""
    house.conn.execute("UPDATE engine_route SET client_id = %s", [house.client])
    machine: Machine = await start()
    return machine


async def test_nobody_who_did_not_write_gets_words_without_a_template(
    house: House, shared: UUID, start: Callable[..., Any]
):
    machine = await start()

    (message,) = house.submit(free(house))

    await machine.settled(message, status="withheld")
    assert (house.state(message)["reason"], house.state(message)["article"]) == ("window_closed", "CGVU 3.4")


@pytest.mark.parametrize(("hours", "status"), [(23, "submitted"), (25, "withheld")])
async def test_whoever_wrote_is_answered_for_a_day(
    house: House, shared: UUID, start: Callable[..., Any], hours: int, status: str
):
    machine = await owned(house, start)
    to = house.number()
    await wrote(machine, to)
    clock.install(lambda: clock.DEMO_START + timedelta(hours=hours))

    (message,) = house.submit(free(house, to=to))

    await machine.settled(message, status=status)


async def test_what_comes_late_opens_no_conversation_that_is_over(
    house: House, shared: UUID, start: Callable[..., Any]
):
    machine = await owned(house, start)
    to = house.number()
    await wrote(machine, to, at=clock.now() - timedelta(hours=30))

    (message,) = house.submit(free(house, to=to))

    await machine.settled(message, status="withheld")


async def test_a_wish_told_by_the_channel_is_no_message(house: House, shared: UUID, start: Callable[..., Any]):
    machine = await owned(house, start)
    to = house.number()
    await wrote(machine, to, wrote=False)

    (message,) = house.submit(free(house, to=to))

    await machine.settled(message, status="withheld")


async def test_a_conversation_with_another_client_opens_none_with_this_one(
    house: House, shared: UUID, start: Callable[..., Any]
):
    other = house.new_client()
    machine = await start()
    message = await sent(house, machine, house.number(), client=other)
    await wrote(machine, message.to)

    (foreign,) = house.submit(free(house, to=message.to))
    (own,) = house.submit(free(house, to=message.to), client=other)

    await machine.settled(foreign, status="withheld")
    await machine.settled(own)


async def test_whoever_wrote_without_a_number_is_answered_at_the_number(
    house: House, shared: UUID, start: Callable[..., Any]
):
    machine = await start()
    message = await sent(house, machine, house.number())
    await named(house, machine, message)
    await wrote(machine, PERSON)

    answers = house.submit(free(house, to=message.to), free(house, to=PERSON))

    await machine.settled(*answers)


async def test_outside_a_conversation_the_next_channel_is_tried(house: House, shared: UUID, start: Callable[..., Any]):
    house.add_route()
    message = free(house)
    message.ladder = [
        Rung(channel="whatsapp", to=message.to, sender="", text=message.text, short_code=NUMBER_ID, after_s=60),
        Rung(channel="sms", to=message.to, sender="MARTIN", text=message.text, parts=1, encoding="gsm7"),
    ]
    machine = await start()

    house.submit(message)

    await machine.until(lambda: machine.connector("fake").sent, 12.0)
    assert [one.to for one in machine.connector("fake").sent] == [message.to]


async def test_an_answer_names_the_message_it_answers(house: House, shared: UUID, start: Callable[..., Any]):
    machine = await owned(house, start)
    to = house.number()
    await machine.connector("whatsapp").events.on_inbound(
        [Inbound(sender=to, recipient=NUMBER_ID, text="Bonjour", supplier_id="wamid.HBg")]
    )
    ((inbound, _, _),) = house.inbound()

    (message,) = house.submit(free(house, to=to, answers=inbound))

    await machine.settled(message)
    assert [one.answers for one in machine.connector("whatsapp").sent] == ["wamid.HBg"]
