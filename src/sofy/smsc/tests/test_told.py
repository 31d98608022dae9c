"""Receipts and answers: told once they are there, kept until they are acknowledged, again after a bind that ended."""

import asyncio
import re
from typing import Any

import pytest

from sofy.kernel import clock, ids
from sofy.smsc import receipts
from sofy.smsc.tests.conftest import SENDER, Client, House, alert
from sofy.wire.smpp.codes import Command, State, Status, Tag
from sofy.wire.smpp.pdu import Sm
from sofy.wire.smpp.session import BindKind


async def told_everything(house: House) -> None:
    """Until nothing is left to tell."""
    async with asyncio.timeout(10):
        while house.count("engine_notice"):
            await asyncio.sleep(0.01)


def fields(receipt: Sm) -> dict[str, str]:
    found = re.fullmatch(
        r"id:(?P<id>\S+) sub:(?P<sub>\d{3}) dlvrd:(?P<dlvrd>\d{3}) submit date:(?P<submit>\d{10})"
        r" done date:(?P<done>\d{10}) stat:(?P<stat>[A-Z]{7}) err:(?P<err>\d{3}) text:(?P<text>.{0,20})",
        receipt.short_message.decode("ascii"),
    )
    assert found is not None, receipt.short_message
    return found.groupdict()


@pytest.mark.parametrize(
    ("kind", "rank", "code", "stat", "state", "err"),
    [
        ("delivered", 50, None, "DELIVRD", State.DELIVERED, "000"),
        ("failed", 40, "31", "UNDELIV", State.UNDELIVERABLE, "031"),
        ("failed", 40, "0x450", "UNDELIV", State.UNDELIVERABLE, "999"),
        ("expired", 40, None, "EXPIRED", State.EXPIRED, "999"),
        ("unknown", 30, None, "UNKNOWN", State.UNKNOWN, "999"),
        ("withheld", 90, None, "REJECTD", State.REJECTED, "999"),
        ("cancelled", 90, None, "DELETED", State.DELETED, "999"),
    ],
)
async def test_a_receipt_says_how_it_ended(
    kind: str, rank: int, code: str | None, stat: str, state: State, err: str, house: House, till: Client
):
    ((_, name),) = await till.submit(
        alert("Commande prête à 10 €".encode("utf-16-be"), data_coding=8, registered_delivery=1)
    )
    house.end(name, kind, rank, code)

    (receipt,) = await till.hear()
    told = fields(receipt)
    at = f"{clock.now():%y%m%d%H%M}"
    assert (told["id"], told["stat"], told["err"], told["submit"], told["done"]) == (name, stat, err, at, at)
    assert (receipt.source, receipt.destination, receipt.esm_class) == ("33639980001", SENDER, 0x04)
    assert receipt.tlvs[Tag.RECEIPTED_MESSAGE_ID] == name.encode() + b"\0"
    assert receipt.tlvs[Tag.MESSAGE_STATE] == bytes((state,))
    await told_everything(house)


@pytest.mark.parametrize(("asked", "heard"), [(0, []), (1, ["DELIVRD", "UNDELIV"]), (2, ["UNDELIV"]), (3, ["DELIVRD"])])
async def test_only_what_was_asked_for_is_told(asked: int, heard: list[str], house: House, till: Client):
    (_, good), (_, bad) = await till.submit(alert(registered_delivery=asked), alert(registered_delivery=asked))
    house.end(good, "delivered")
    house.end(bad, "failed", 40)

    await told_everything(house)
    assert sorted(fields(each)["stat"] for each in till.heard) == heard


async def test_what_is_not_acknowledged_comes_again_after_a_reconnect(house: House, till: Client, client_of: Any):
    till.acknowledges = False
    names = {name for _, name in await till.submit(*[alert(registered_delivery=1)] * 3)}
    for name in names:
        house.end(name, "delivered")
    await till.hear(3)

    till.session.abort("gone")
    again = await client_of(kind=BindKind.RECEIVER)

    assert {fields(each)["id"] for each in await again.hear(3)} == names
    await told_everything(house)


async def test_what_ends_while_nobody_is_bound_waits(house: House, till: Client, client_of: Any):
    ((_, name),) = await till.submit(alert(registered_delivery=1))
    await till.session.unbind()
    house.end(name, "delivered")
    await client_of(kind=BindKind.TRANSMITTER)
    await asyncio.sleep(0.6)
    assert house.count("engine_notice") == 1

    receiver = await client_of(kind=BindKind.RECEIVER)

    assert [fields(each)["id"] for each in await receiver.hear()] == [name]


@pytest.mark.parametrize(("status", "times"), [(Status.RX_T_APPN, 2), (Status.RX_R_APPN, 1), (Status.RX_P_APPN, 1)])
async def test_a_delivery_that_is_refused_for_now_comes_again(status: int, times: int, house: House, till: Client):
    till.status = status
    ((_, name),) = await till.submit(alert(registered_delivery=1))
    house.end(name, "delivered")
    await till.hear()
    till.status = 0

    await told_everything(house)
    assert len(till.heard) == times


async def test_steps_of_one_message_are_told_in_their_order(house: House, till: Client):
    till.acknowledges = False
    ((_, name),) = await till.submit(alert(registered_delivery=1))
    house.end(name, "unknown", 30)
    house.end(name, "delivered")
    await till.hear()
    await asyncio.sleep(0.6)
    assert [fields(each)["stat"] for each in till.heard] == ["UNKNOWN"]

    till.acknowledges = True
    till.session.acknowledge(till.unanswered)
    till.unanswered = []

    assert [fields(each)["stat"] for each in await till.hear(2)] == ["UNKNOWN", "DELIVRD"]
    await told_everything(house)


async def test_two_processes_tell_an_account_once(house: House, till: Client, serve: Any, client_of: Any):
    other = await client_of(port=(await serve()).port)
    names = [name for _, name in await till.submit(*[alert(registered_delivery=1)] * 20)]
    for name in names:
        house.end(name, "delivered")

    await told_everything(house)
    assert sorted(fields(each)["id"] for each in [*till.heard, *other.heard]) == sorted(names)


async def test_all_numbers_of_a_submit_multi_have_their_receipt(house: House, till: Client):
    addresses = tuple((1, 1, f"3363998000{n}") for n in range(3))
    answer = await till.ask(
        Command.SUBMIT_MULTI, source_addr=SENDER, dest_address=addresses, short_message=b"x", registered_delivery=1
    )
    for row in house.rows("SELECT id FROM engine_message"):
        house.end(str(row["id"]), "delivered")

    heard = await till.hear(3)
    assert {fields(each)["id"] for each in heard} == {answer.fields["message_id"]}
    assert {each.source for each in heard} == {address for _, _, address in addresses}


@pytest.mark.parametrize(
    ("text", "coding", "long"), [("Merci !", 0, False), ("D’accord ê", 8, False), ("Merci ! " * 40, 0, True)]
)
async def test_an_answer_comes_to_the_account_that_wrote(
    text: str, coding: int, long: bool, house: House, till: Client
):
    ((_, name),) = await till.submit(alert())
    inbound = ids.uuid7()
    keys = house.keystore.client(house.client)
    import json

    sealed = keys.seal("engine_inbound", "payload", inbound, json.dumps({"from": "+33639980001", "text": text}))
    house.admin.execute(
        "INSERT INTO engine_inbound (client_id, id, route_id, recipient_index, message_id, payload, at)"
        " VALUES (%s, %s, %s, '', %s, %s, %s)",
        [house.client, inbound, ids.uuid7(), name, sealed, clock.now()],
    )
    house.admin.execute(
        "INSERT INTO engine_notice (client_id, endpoint_id, message_id, inbound_id, kind, at)"
        " VALUES (%s, %s, %s, %s, 'inbound', %s)",
        [house.client, house.account, name, inbound, clock.now()],
    )

    (heard,) = await till.hear()
    octets = heard.tlvs[Tag.MESSAGE_PAYLOAD] if long else heard.short_message
    assert octets.decode("utf-16-be" if coding else "ascii") == text
    assert (heard.source, heard.destination, heard.data_coding, heard.esm_class) == ("33639980001", SENDER, coding, 0)


def test_what_an_older_program_is_told_has_no_optional_parameters():
    short = receipts.without_tlvs(receipts.answer("+33639980001", "36123", "Merci ! " * 40))

    assert short.tlvs == {}
    assert short.short_message == (b"Merci ! " * 40)[:254]
