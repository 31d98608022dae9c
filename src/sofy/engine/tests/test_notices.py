"""What happens to messages is kept for those who asked to be told, in the write that says it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from sofy.connectors.base import Action, Inbound, Refused
from sofy.engine import intake, permissions
from sofy.engine.db import sql
from sofy.engine.tests.conftest import SHORT_CODE, House, Machine
from sofy.kernel import clock, ids


@pytest.fixture
def told(house: House) -> Any:
    """What there is to tell an endpoint, oldest first: kind, and whether it stands for the hand-over too."""

    def read(endpoint: UUID) -> list[Any]:
        rows = house.conn.execute(
            "SELECT kind, submitted_at IS NOT NULL FROM engine_notice WHERE endpoint_id = %s ORDER BY id", [endpoint]
        ).fetchall()
        return [kind + "+" * folded for kind, folded in rows]

    return read


def endpoint(house: House, kind: str = "webhook", events: Any = (), state: str = "active", client: Any = None) -> UUID:
    made = ids.uuid7()
    with psycopg.connect(house.admin_url, autocommit=True) as admin:
        admin.execute(
            "INSERT INTO gate_endpoint (client_id, id, kind, events, state, created_at)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [client or house.client, made, kind, list(events), state, clock.now()],
        )
    return made


async def test_a_webhook_hears_every_step_and_others_hear_what_they_asked_for(
    house: House, machine: Machine, told: Any
):
    everything, ends = endpoint(house), endpoint(house, events=["message.delivered", "message.failed"])
    hand_overs, off = endpoint(house, events=["message.submitted"]), endpoint(house, state="off")
    elsewhere = endpoint(house, client=house.new_client())

    (message,) = house.submit(house.message())
    await machine.settled(message)
    await machine.connector().receipt(message.id)
    await machine.settled(message, status="delivered")

    assert told(everything) == ["accepted", "submitted", "delivered"]
    assert (told(ends), told(hand_overs)) == (["delivered"], ["submitted"])
    assert (told(off), told(elsewhere)) == ([], [])


async def test_a_step_that_stands_for_two_is_kept_for_who_asked_for_either(house: House, told: Any):
    message, states = house.submit(house.message())[0], endpoint(house, events=["message.submitted"])
    ends, neither = endpoint(house, events=["message.delivered"]), endpoint(house, events=["message.failed"])

    write_states(house, message, "delivered", 50)

    assert (told(states), told(ends), told(neither)) == (["delivered+"], ["delivered+"], [])


@pytest.mark.parametrize(
    ("receipt", "status", "hears"),
    [(1, "delivered", True), (1, "failed", True), (1, "unknown", True), (1, "submitted", False),
     (2, "delivered", False), (2, "expired", True), (3, "delivered", True), (3, "failed", False),
     (0, "delivered", False)],
)  # fmt: skip
def test_an_account_hears_how_its_messages_ended_as_it_asked(
    receipt: int, status: str, hears: bool, house: House, told: Any
):
    account = endpoint(house, "smpp")
    mine, others = house.submit(
        house.message(account_id=account, receipt=receipt), house.message(account_id=endpoint(house, "smpp"), receipt=1)
    )

    write_states(house, mine, status, {"submitted": 20, "unknown": 30, "delivered": 50}.get(status, 40))

    assert told(account) == ([status + "+" * (status != "submitted")] if hears else [])
    assert house.state(others)["receipt"] == 1


@pytest.mark.parametrize("door", ["submit", "bulk"])
def test_whoever_submitted_is_kept_by_both_doors(door: str, house: House, told: Any):
    account, every, none = endpoint(house, "smpp"), endpoint(house), endpoint(house, events=["message.read"])
    message = house.message(account_id=account, receipt=2, campaign_id=ids.uuid7())

    if door == "submit":
        house.submit(message)
    else:
        assert message.campaign_id
        list(intake.bulk([house.conn], house.client, [[message]], keys=house.keys(), campaign_id=message.campaign_id))

    assert (house.state(message)["account_id"], house.state(message)["receipt"]) == (account, 2)
    assert (told(every), told(none), told(account)) == (["accepted"], [], [])


def test_what_is_taken_back_given_up_or_unanswered_is_told(house: House, told: Any):
    campaign, now = ids.uuid7(), clock.now()
    messages = [house.message(campaign_id=campaign, expires_at=now) for _ in range(2)]
    ours, late, mine, gone = house.submit(*messages, house.message(), house.message())
    every = endpoint(house)

    house.conn.execute("UPDATE engine_message SET expires_at = NULL WHERE id = %s", [ours.id])
    with house.conn.transaction():
        assert permissions.drop_late(house.conn, house.client, campaign) == 1
        assert permissions.cancel_campaign(house.conn, house.client, campaign) == 1
    values = {"client": house.client, "now": now, "message": mine.id, "messages": [gone.id]}
    house.conn.execute(sql("cancel_message"), values)
    house.conn.execute(sql("give_up"), values)

    assert house.state(late)["status"] == "withheld"
    assert told(every) == ["withheld", "cancelled", "cancelled", "unknown"]


@pytest.mark.parametrize("statement", ["expire_unreceipted", "forget_receipt_keys"])
def test_a_message_without_receipt_is_told_of(statement: str, house: House, told: Any):
    account, deaf = endpoint(house, "smpp"), endpoint(house, "smpp")
    heard, unheard = house.submit(
        house.message(account_id=account, receipt=2), house.message(account_id=deaf, receipt=3)
    )
    every, route, now = endpoint(house), ids.uuid7(), clock.now()
    for message in (heard, unheard):
        write_states(house, message, "submitted", 20)
        house.conn.execute(
            "INSERT INTO receipt_key (route_id, supplier_id, submitted_at, client_id, message_id)"
            " VALUES (%s, %s, %s, %s, %s)",
            [route, str(message.id), now - timedelta(days=9), house.client, message.id],
        )  # fmt: skip

    values = {"client": house.client, "route": route, "now": now, "before": now, "after": now - timedelta(days=30)}
    house.conn.execute(sql(statement), values)

    assert told(every) == ["submitted", "submitted", "unknown", "unknown"]
    assert (told(account), told(deaf)) == (["unknown"], [])


async def test_a_deferral_and_a_refusal_are_told(house: House, machine: Machine, told: Any):
    every = endpoint(house)
    clock.install(lambda: clock.DEMO_START + timedelta(hours=10))
    (waits,) = house.submit(house.message())
    await machine.settled(waits, status="deferred")
    clock.install(lambda: clock.DEMO_START)
    machine.connector().script = lambda _message, _part: Refused("11", Action.PERMANENT)
    (refused,) = house.submit(house.message(purpose="alert", text="Code 1234", short_code=None))
    await machine.settled(refused, status="failed")

    assert told(every)[:2] == ["accepted", "deferred"]
    assert told(every)[2:] in (["accepted", "failed"], ["accepted", "failed+"])


async def test_an_answer_is_told_to_webhooks_and_to_the_account_it_answers(house: House, machine: Machine, told: Any):
    account, other, every = endpoint(house, "smpp"), endpoint(house, "smpp"), endpoint(house)
    answers, none = endpoint(house, events=["message.inbound"]), endpoint(house, events=["message.read"])
    (message,) = house.submit(house.message(account_id=account, receipt=0))
    await machine.settled(message)

    said = Inbound(sender=message.to.lstrip("+"), recipient=SHORT_CODE, text="Merci !")
    await machine.connector().events.on_inbound([said])

    assert (told(account), told(other), told(answers), told(none)) == (["inbound"], [], ["inbound"], [])
    assert told(every)[-1] == "inbound"
    rows = house.conn.execute("SELECT message_id, inbound_id FROM engine_notice WHERE endpoint_id = %s", [account])
    assert rows.fetchall() == [(message.id, house.inbound()[0][0])]


def test_a_stop_tells_what_it_called_back(house: House, told: Any):
    (message,) = house.submit(house.message(due_at=clock.now() + timedelta(days=1)))
    every = endpoint(house)

    values = {"client": house.client, "now": clock.now(), "recipient": house.keys().index("phone", message.to)}
    values["lanes"] = ["marketing"]
    house.conn.execute(sql("cancel_waiting"), values)

    assert told(every) == ["cancelled"]


def test_something_else_than_a_message_is_told_to_who_asked(house: House, told: Any):
    every, asked, other = endpoint(house), endpoint(house, events=["template.updated"]), endpoint(house, "smpp")

    values = {"client": house.client, "now": clock.now(), "kind": "template.updated", "data": '{"id": "1"}'}
    house.conn.execute(sql("tell"), values)

    assert (told(every), told(asked), told(other)) == (["template.updated"], ["template.updated"], [])


def write_states(house: House, message: intake.MessageIn, status: str, rank: int, client: UUID | None = None) -> None:
    """One message, as the ledger writes it."""
    now, waits = clock.now(), house.state(message)["rank"] == 10
    house.conn.execute(
        sql("write_states"),
        {"client": client or house.client, "now": now, "ids": [message.id], "statuses": [status], "ranks": [rank],
         "reasons": [None], "articles": [None], "codes": [None], "routes": [None], "done": [1], "submitted": [now],
         "ats": [now], "firsts": [int(waits)], "costs": [0]},
    )  # fmt: skip
