"""Long messages in parts: joined into one, whichever bind or process the parts come by."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from sofy.kernel import clock
from sofy.smsc import parts
from sofy.smsc.tests.conftest import MENTION, Client, House, alert
from sofy.wire.smpp.codes import Command, State, Status, Tag
from sofy.wire.smpp.pdu import Sm


def by_header(n: int, of: int, octets: bytes, reference: int = 7, **fields: Any) -> Sm:
    return alert(bytes((5, 0, 3, reference, of, n)) + octets, esm_class=0x40, **fields)


def by_long_header(n: int, of: int, octets: bytes, reference: int = 700, **fields: Any) -> Sm:
    return alert(b"\x06\x08\x04" + reference.to_bytes(2, "big") + bytes((of, n)) + octets, esm_class=0x40, **fields)


def by_sar(n: int, of: int, octets: bytes, reference: int = 7, **fields: Any) -> Sm:
    tlvs = {
        Tag.SAR_MSG_REF_NUM: reference.to_bytes(2, "big"),
        Tag.SAR_TOTAL_SEGMENTS: bytes((of,)),
        Tag.SAR_SEGMENT_SEQNUM: bytes((n,)),
    }
    return alert(octets, tlvs=tlvs, **fields)


@pytest.mark.parametrize("made", [by_header, by_long_header, by_sar])
@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2)])
async def test_parts_make_one_message(made: Any, order: tuple[int, ...], house: House, till: Client):
    told = [(await till.submit(made(n, 3, f"part{n};".encode())))[0] for n in order]

    assert [status for status, _ in told] == [0, 0, 0]
    assert len({name for _, name in told}) == 3
    assert house.texts() == ["part1;part2;part3;"]
    assert {row["payload"] for row in house.rows("SELECT payload FROM smpp_part")} == {None}


async def test_parts_in_one_segment_make_one_message(house: House, till: Client):
    told = await till.submit(
        *[by_header(n, 2, b"x%d;" % n) for n in (1, 2)], *[by_sar(n, 2, b"y%d;" % n, 8) for n in (1, 2)]
    )

    assert {status for status, _ in told} == {0}
    assert sorted(house.texts()) == ["x1;x2;", "y1;y2;"]


async def test_a_character_cut_in_two_is_whole_again(house: House, till: Client):
    octets = "é😀".encode("utf-16-be")

    await till.submit(by_header(1, 2, octets[:4], data_coding=8), by_header(2, 2, octets[4:], data_coding=8))

    assert house.texts() == ["é😀"]


async def test_parts_may_come_by_other_binds_and_processes(house: House, till: Client, serve: Any, client_of: Any):
    other = await client_of(port=(await serve()).port)

    told = await asyncio.gather(*(who.submit(by_header(n, 2, b"%d;" % n)) for who, n in ((till, 1), (other, 2))))

    assert [status for ((status, _),) in told] == [0, 0]
    assert house.texts() == ["1;2;"]


async def test_the_same_part_again_is_the_same_part(house: House, till: Client):
    ((_, first),) = await till.submit(by_header(1, 2, b"a;"))
    ((_, again),) = await till.submit(by_header(1, 2, b"a;"))
    await till.submit(by_header(2, 2, b"b;"))

    assert first == again
    assert house.texts() == ["a;b;"]


async def test_a_part_that_waits_is_sealed_and_known(house: House, till: Client):
    ((_, name),) = await till.submit(by_header(1, 2, b"secret"))

    assert b"secret" not in house.row("SELECT payload FROM smpp_part")["payload"]
    answer = await till.ask(Command.QUERY_SM, message_id=name)
    assert (answer.status, answer.fields["message_state"]) == (0, State.ENROUTE)


@pytest.mark.clause("CGVU 14.1")
async def test_a_long_offer_needs_its_mention_in_one_of_its_parts(house: House, client_of: Any):
    house.add_account("offers", purpose="marketing")
    client = await client_of("offers")

    good = await client.submit(by_header(1, 2, b"Promo"), by_header(2, 2, MENTION.encode()))
    (first,) = await client.submit(by_header(1, 2, b"Promo ", 8, registered_delivery=1))
    (last,) = await client.submit(by_header(2, 2, b"sans", 8, registered_delivery=1))

    assert [status for status, _ in good] == [0, 0]
    assert (first[0], last[0]) == (0, Status.RSUBMITFAIL)
    assert house.count() == 1
    (told,) = await client.hear()
    assert f"id:{first[1]}".encode() in told.short_message
    assert b"stat:REJECTD" in told.short_message


async def test_a_part_with_a_wrong_sender_is_refused_at_once(house: House, till: Client):
    ((status, _),) = await till.submit(by_header(1, 2, b"a", source="Nobody"))

    assert status == Status.RINVSRCADR
    assert house.count("smpp_part") == 0


async def test_parts_whose_siblings_never_come_are_given_up(house: House, server: Any, till: Client):
    ((_, asked),) = await till.submit(by_header(1, 2, b"a", registered_delivery=1))
    ((_, silent),) = await till.submit(by_header(1, 2, b"a", 8))
    clock.install(lambda: clock.DEMO_START + parts.OVERDUE + timedelta(seconds=1))

    await server.parts.give_up()

    (told,) = await till.hear()
    assert f"id:{asked}".encode() in told.short_message
    assert b"stat:EXPIRED" in told.short_message
    async with asyncio.timeout(5):
        while any(row["payload"] is not None for row in house.rows("SELECT payload FROM smpp_part")):
            await asyncio.sleep(0.01)
    for name in (asked, silent):
        assert (await till.ask(Command.QUERY_SM, message_id=name)).fields["message_state"] == State.EXPIRED


async def test_each_part_that_asked_has_its_receipt(house: House, till: Client):
    told = await till.submit(by_header(1, 2, b"a", registered_delivery=1), by_header(2, 2, b"b", registered_delivery=2))
    house.end(str(house.row("SELECT id FROM engine_message")["id"]), "delivered")

    (receipt,) = await till.hear()
    assert f"id:{told[0][1]}".encode() in receipt.short_message
