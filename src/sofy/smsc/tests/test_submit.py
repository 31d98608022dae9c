"""What programs submit: what is taken, what is refused, and in which words."""

from datetime import timedelta
from typing import Any

import pytest

from sofy.kernel import clock
from sofy.smsc import reading
from sofy.smsc.tests.conftest import MENTION, SENDER, Client, House, alert
from sofy.smsc.words import Refusal
from sofy.wire.smpp.codes import Command, Status, Tag
from sofy.wire.smpp.pdu import Pdu, Sm, decode, encode
from sofy.wire.smpp.server import explained
from sofy.wire.smpp.session import BindKind

ALERT = b"Votre commande est prete."


@pytest.mark.clause("CGVU 3.4")
async def test_a_message_is_stored_before_it_is_answered(house: House, till: Client):
    ((status, name),) = await till.submit(alert())

    row = house.row("SELECT * FROM engine_message")
    assert (status, name) == (0, str(row["id"]))
    assert house.opened(row) == ("+33639980001", ALERT.decode())
    assert (row["sender"], row["purpose"]) == (SENDER, "alert")
    assert house.row("SELECT account_id FROM engine_state")["account_id"] == house.account


@pytest.mark.parametrize(
    ("octets", "coding", "text"),
    [
        (b"caf\x05 @", 0, "café ¡"),
        (b"a\x1b\x65", 0, "a€"),
        ("café".encode(), 0, "café"),
        (b"a@b", 1, "a@b"),
        ("café".encode("latin-1"), 3, "café"),
        ("Привет".encode("iso8859-5"), 6, "Привет"),
        ("ê 😀".encode("utf-16-be"), 8, "ê 😀"),
        (b"caf\x05", 0xF1, "café"),
    ],
)
async def test_texts_are_read_in_their_alphabet(octets: bytes, coding: int, text: str, house: House, till: Client):
    ((status, _),) = await till.submit(alert(octets, data_coding=coding))

    assert status == 0
    assert house.texts() == [text]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"destination": "336"}, Status.RINVDSTADR),
        ({"destination": ""}, Status.RINVDSTADR),
        ({"destination": "33140000000"}, Status.RINVDSTADR),
        ({"source": "Unknown"}, Status.RINVSRCADR),
        ({"source": "0639980001"}, Status.RINVSRCADR),
        ({"esm_class": 0x04}, Status.RINVESMCLASS),
        ({"esm_class": 0x02}, Status.RINVESMCLASS),
        ({"esm_class": 0x40, "short_message": b"\x06\x05\x04\x15\x8a\x00\x00abc"}, Status.RINVESMCLASS),
        ({"esm_class": 0x40, "short_message": b"\x05\x00\x03\x01\x02\x03abc"}, Status.RINVESMCLASS),
        ({"data_coding": 4}, Status.RSUBMITFAIL),
        ({"data_coding": 8, "short_message": b"abc"}, Status.RINVMSGLEN),
        ({"short_message": b""}, Status.RINVMSGLEN),
        ({"short_message": b"", "tlvs": {Tag.MESSAGE_PAYLOAD: b"x" * 1600}}, Status.RINVMSGLEN),
        ({"tlvs": {Tag.MESSAGE_PAYLOAD: b"x"}}, Status.RINVMSGLEN),
        ({"schedule_delivery_time": "tomorrow"}, Status.RINVSCHED),
        ({"schedule_delivery_time": "200101000000000+"}, Status.RINVSCHED),
        ({"schedule_delivery_time": "990101000000000R"}, Status.RINVSCHED),
        ({"validity_period": "200101000000000+"}, Status.RINVEXPIRY),
        ({"validity_period": "261341000000000+"}, Status.RINVEXPIRY),
        ({"replace_if_present": 1}, Status.RREPLACEFAIL),
        ({"sm_default_msg_id": 1}, Status.RINVDFTMSGID),
    ],
)
async def test_what_cannot_be_sent_is_refused(fields: dict[str, Any], status: Status, house: House, till: Client):
    ((told, name), (good, _)) = await till.submit(alert(**fields), alert())

    assert (told, name) == (status, "")
    assert good == 0
    assert house.count() == 1


@pytest.mark.parametrize(
    ("address", "ton"),
    [("33639980001", 1), ("+33639980001", 1), ("0033639980001", 0), ("0639980001", 2), ("33639980001", 0)],
)
async def test_a_number_is_read_as_clients_write_it(address: str, ton: int, house: House, till: Client):
    await till.submit(alert(destination=address, dest_ton=ton))

    assert house.opened(house.row("SELECT * FROM engine_message"))[0] == "+33639980001"


async def test_moments_are_absolute_or_relative(house: House, till: Client):
    now = clock.now()
    local = now + timedelta(hours=3)

    await till.submit(
        alert(schedule_delivery_time="000000020000000R", validity_period="000000010000000R"),
        alert(schedule_delivery_time=f"{local:%y%m%d%H%M%S}004+", validity_period="000100000000000R"),
    )

    rows = house.rows(
        "SELECT s.not_before, m.expires_at FROM engine_message m JOIN engine_state s ON s.message_id = m.id"
        " ORDER BY m.id"
    )
    assert [row["not_before"] for row in rows] == [now + timedelta(hours=2)] * 2
    assert [row["expires_at"] for row in rows] == [now + timedelta(hours=3), now + timedelta(hours=2, days=7)]


@pytest.mark.clause("CGVU 14.1")
async def test_marketing_without_the_mention_is_refused_in_words(house: House, client_of: Any):
    house.add_account("offers", purpose="marketing")
    client = await client_of("offers")

    ((bare, _), (whole, _)) = await client.submit(alert(b"Promo"), alert(b"Promo" + MENTION.encode()))

    assert (bare, whole) == (Status.RSUBMITFAIL, 0)
    assert house.row("SELECT purpose FROM engine_message")["purpose"] == "marketing"


@pytest.mark.clause("CGVU 7.2", "CGVU 11")
async def test_a_suspended_client_is_told_that_nothing_is_taken(house: House, till: Client):
    house.admin.execute("UPDATE gate_client SET state = 'suspended'")

    ((refused, _),) = await till.submit(alert())

    assert refused == Status.RSUBMITFAIL
    assert not house.rows("SELECT 1 FROM engine_message")


async def test_an_account_shows_its_own_senders_only(house: House, client_of: Any):
    house.add_sender("Other")
    house.add_account(senders=[SENDER])
    client = await client_of()

    statuses = [status for status, _ in await client.submit(alert(source="Other"), alert(source=""))]

    assert statuses == [Status.RINVSRCADR, 0]
    assert house.row("SELECT sender FROM engine_message")["sender"] == SENDER


async def test_more_than_its_rate_is_throttled(house: House, client_of: Any):
    house.add_account(per_s=5)
    client = await client_of()

    statuses = [status for status, _ in await client.submit(*[alert()] * 8)]

    assert statuses == [0] * 5 + [Status.RTHROTTLED] * 3
    assert house.count() == 5


async def test_a_receiver_submits_nothing(house: House, client_of: Any):
    house.add_account()
    client = await client_of(kind=BindKind.RECEIVER)

    ((status, _),) = await client.submit(alert())

    assert status == Status.RINVBNDSTS


async def test_data_sm_is_another_way_to_submit(house: House, till: Client):
    fields: dict[str, Any] = {
        "source_addr": SENDER, "destination_addr": "33639980001", "dest_addr_ton": 1, "dest_addr_npi": 1,
        "registered_delivery": 1,
    }  # fmt: skip
    sequence = till.session.next_sequence()
    waiting = till.session.loop.create_future()
    till.session._requests[sequence] = waiting
    till.session.send(
        encode(Pdu(Command.DATA_SM, sequence, 0, fields, {Tag.MESSAGE_PAYLOAD: ALERT, 0x0017: b"\0\0\0\x3c"}))
    )
    answer = decode(await waiting)

    row = house.row("SELECT * FROM engine_message")
    assert (answer.command, answer.status) == (Command.DATA_SM_RESP, 0)
    assert answer.fields["message_id"] == str(row["id"])
    assert house.opened(row)[1] == ALERT.decode()
    assert row["expires_at"] == clock.now() + timedelta(seconds=60)


async def test_one_text_to_several_numbers(house: House, till: Client):
    addresses = (*((1, 1, f"3363998000{n}") for n in range(3)), (1, 1, "336"), "friends")

    answer = await till.ask(
        Command.SUBMIT_MULTI, source_addr=SENDER, dest_address=addresses, short_message=ALERT, registered_delivery=1
    )

    assert answer.status == 0
    assert answer.fields["unsuccess_sme"] == ((1, 1, "336", Status.RINVDSTADR), (0, 0, "friends", Status.RINVDLNAME))
    assert house.count() == 3
    named = {row["id"] for row in house.rows("SELECT id FROM smpp_part")}
    assert {str(name) for name in named} == {answer.fields["message_id"]}


@pytest.mark.parametrize(("count", "status"), [(0, Status.RINVNUMDESTS), (255, Status.RINVNUMDESTS), (254, 0)])
async def test_a_submit_multi_has_254_destinations_at_most(count: int, status: int, house: House, till: Client):
    addresses = tuple((1, 1, f"336399{80000 + n}") for n in range(count))

    answer = await till.ask(Command.SUBMIT_MULTI, source_addr=SENDER, dest_address=addresses, short_message=ALERT)

    assert answer.status == status
    assert house.count() == (0 if status else 254)


async def test_a_message_is_not_replaced(house: House, till: Client):
    ((_, name),) = await till.submit(alert())

    answer = await till.ask(Command.REPLACE_SM, message_id=name, short_message=b"Other")

    assert answer.status == Status.RREPLACEFAIL
    assert house.texts() == [ALERT.decode()]


def test_a_short_message_has_254_octets_at_most():
    with pytest.raises(Refusal) as refused:
        reading.read(Sm("33639980001", b"a" * 255, source=SENDER), clock.now())

    assert refused.value.status == Status.RINVMSGLEN
    assert "254" in refused.value.words("en")


def test_half_a_character_is_refused_in_words_that_fit():
    with pytest.raises(Refusal) as refused:
        reading.text(b"abc", 8)

    assert refused.value.status == Status.RINVMSGLEN
    assert "3 octets" in refused.value.words("fr")


def test_quotation_marks_reach_programs_that_read_latin_1():
    assert b'"NOPE" isn\'t' in explained("“NOPE” isn’t")
