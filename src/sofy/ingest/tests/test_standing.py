"""Where a message stands, taking it back, what it would become; and nothing of another client's."""

import asyncio
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest

from sofy.engine import permissions
from sofy.engine.link import HotLink
from sofy.engine.statuses import LATTICE
from sofy.ingest.standing import as_of, standings
from sofy.ingest.tests.conftest import MENTION, SENDER, SHORT_CODE, Api, House, Program, alert, marketing
from sofy.ingest.tests.description import DESCRIPTION
from sofy.kernel import clock, ids

NOW = "2026-11-24T13:30:00Z"
CONSENT = {"source": "caisse", "at": "2026-11-02T10:15:00+01:00", "text_version": "v1"}


async def sent(program: Program, **fields: Any) -> str:
    answer = await program.send(alert(**fields))
    return str(answer.json["id"])


async def test_a_message_is_shown_with_all_that_is_known(program: Program):
    message = await sent(program, reference="commande-1")

    assert (await program.show(message)).json == {
        "id": message, "status": "accepted", "channel": "sms", "purpose": "alert", "sender": SENDER,
        "to": "+33639980001", "text": "Votre commande est prete.", "reference": "commande-1", "establishment": None,
        "campaign": None, "parts": 1, "encoding": "gsm7", "cost_estimate": "0.03", "reason": None, "article": None,
        "supplier_code": None, "created_at": NOW, "not_before": None, "expires_at": None, "submitted_at": None,
        "final_at": None, "events": [{"type": "accepted", "at": NOW}], "ladder": [],
        "smpp_ids": [], "destinations": [], "content": None,
    }  # fmt: skip


async def test_what_happened_to_a_message_is_told_in_order(program: Program, house: House):
    message = await sent(program)
    house.stand(message, "delivered", 50)
    house.admin.execute(
        "INSERT INTO engine_event (client_id, message_id, kind, at, submitted_at, detail)"
        " VALUES (%s, %s, 'delivered', %s + interval '2 s', %s, %s)",
        [house.client, message, clock.DEMO_START, clock.DEMO_START, '{"code": "000"}'],
    )

    shown = (await program.show(message)).json

    assert shown["status"] == "delivered"
    assert [each["type"] for each in shown["events"]] == ["accepted", "submitted", "delivered"]
    assert shown["events"][2] == {"type": "delivered", "at": "2026-11-24T13:30:02Z", "code": "000"}


async def test_a_forgotten_message_has_neither_number_nor_text(program: Program, house: House):
    message = await sent(program)
    house.admin.execute("UPDATE engine_message SET payload = ''")

    shown = (await program.show(message)).json

    assert (shown["to"], shown["text"], shown["status"]) == ("", "", "accepted")


@pytest.mark.clause("DPA 6")
async def test_a_message_that_waits_is_taken_back_once_and_for_good(program: Program, house: House):
    message = await sent(program, send_at="2026-11-30T10:00:00+01:00")

    first, again = [await program.cancel(message) for _ in range(2)]

    for answer in (first, again):
        assert (answer.status, answer.json["status"], answer.json["article"]) == (200, "cancelled", "DPA 6")
    assert [each["type"] for each in again.json["events"]] == ["accepted", "cancelled"]
    assert (again.json["final_at"], again.json["not_before"]) == (NOW, None)
    assert house.count("engine_queue") == 0


@pytest.mark.clause("DPA 6")
async def test_a_message_that_an_engine_holds_is_taken_back_when_the_engine_gives_it_up(program: Program, house: House):
    message = await sent(program)
    house.claim(ids.uuid7())

    async with await psycopg.AsyncConnection.connect(house.engine_url, autocommit=True) as engine:
        await engine.execute(f"LISTEN {permissions.CANCEL_CHANNEL}")
        asked = asyncio.create_task(program.cancel(message))
        told = await anext(engine.notifies())
        house.stand(message, "cancelled", 90)
        answer = await asked

    assert told.payload == f"{house.client.hex}:{UUID(message).hex}"
    assert (answer.status, answer.json["status"]) == (200, "cancelled")


async def test_a_message_that_is_being_handed_over_is_not_taken_back(program: Program, house: House):
    message = await sent(program)
    house.claim(ids.uuid7())

    answer = await program.cancel(message)

    assert (answer.status, answer.code) == (409, "message_leaving")
    assert "retry-after" in answer.headers
    assert (await program.show(message)).json["status"] == "accepted"


@pytest.mark.parametrize(("status", "rank"), [("submitted", 20), ("delivered", 50), ("failed", 40), ("withheld", 90)])
async def test_what_has_left_or_ended_is_not_taken_back(status, rank, program: Program, house: House):
    message = await sent(program)
    house.stand(message, status, rank)

    answer = await program.cancel(message)

    assert (answer.status, answer.code) == (409, "message_left")
    assert f"« {status} »" in answer.json["detail"]


@pytest.mark.clause("CGVU 15")
async def test_the_use_of_a_code_is_noted_once(program: Program, house: House):
    message = await sent(program)
    house.stand(message, "delivered", 50)

    answers = [await program.convert(message) for _ in range(2)]

    assert [(each.status, each.body) for each in answers] == [(204, b"")] * 2
    assert house.row("SELECT count(*) AS n FROM engine_event WHERE kind = 'converted'")["n"] == 1
    assert (await program.show(message)).json["events"][-1]["type"] == "converted"


@pytest.mark.clause("CGVU 15")
@pytest.mark.parametrize(("status", "rank"), [("accepted", 10), ("deferred", 10), ("withheld", 90), ("cancelled", 90)])
async def test_the_code_of_a_message_that_did_not_leave_was_not_used(status, rank, program: Program, house: House):
    message = await sent(program)
    house.stand(message, status, rank)

    answer = await program.convert(message)

    assert (answer.status, answer.code) == (409, "message_not_sent")
    assert house.count("engine_event") == 0


async def test_a_reference_leads_to_its_messages_the_newest_first(program: Program):
    found = [await sent(program, reference="commande-1") for _ in range(3)]
    await sent(program, reference="commande-2")

    answer = await program.find("commande-1")

    assert [each["id"] for each in answer.json["messages"]] == found[::-1]
    assert (await program.find("commande-3")).json == {"messages": []}


async def test_a_reference_leads_to_a_hundred_messages_at_most(program: Program):
    await program.batch([alert(reference="r")] * 101)

    assert len((await program.find("r")).json["messages"]) == 100


@pytest.mark.parametrize("query", ["", "reference=", "ref=x", "reference=%00"])
async def test_a_search_without_a_reference_is_refused(query, program: Program):
    answer = await program.ask("GET", "/v1/messages", query=query)

    assert (answer.status, answer.code) == (400, "field_missing")


@pytest.mark.parametrize(
    "query", ["reference=%ff", "reference=%ed%a0%80", "reference=" + "x" * 5000, "reference=a&reference=b"]
)
async def test_a_search_for_what_nobody_wrote_finds_nothing(query, program: Program):
    assert (await program.ask("GET", "/v1/messages", query=query)).json == {"messages": []}


@pytest.mark.parametrize("message", ["12", "x" * 40, "019ab000-0000-7000-8000-000000000007", "%00", "é"])
async def test_what_is_no_message_is_not_there(message, program: Program):
    for answer in (await program.show(message), await program.cancel(message), await program.convert(message)):
        assert (answer.status, answer.code) == (404, "message_unknown")


@pytest.mark.clause("CGVU 3.4")
async def test_a_plan_says_what_would_happen_and_keeps_nothing(program: Program, house: House):
    house.add_route("dear", price="0.05")

    answer = await program.plan(alert(text="e" * 161))

    plan = answer.json
    assert plan.pop("verdict") == plan["ladder"][0].pop("verdict")
    assert plan == {
        "to": "+33639980001", "purpose": "alert", "sender": SENDER, "parts": 2, "encoding": "gsm7",
        "cost_estimate": "0.06",
        "ladder": [{"channel": "sms", "sender": SENDER, "parts": 2, "cost_estimate": "0.06", "deadline_s": None,
                    "candidates": [
                        {"route": "fake", "channel": "sms", "cost": "0.06", "share": 1.0, "quality": 0.95},
                        {"route": "dear", "channel": "sms", "cost": "0.10", "share": 0.0, "quality": 0.95},
                    ], "out": []}],
    }  # fmt: skip
    assert house.count() == house.count("engine_queue") == house.count("gate_permission") == 0


@pytest.mark.clause("CGVU 3.4")
async def test_a_plan_says_how_routes_share_and_why_others_are_out(program: Program, house: House):
    house.add_route("abroad", countries=["BE"])
    house.add_route("plain", sender_policy="short_code", weight=300)

    rung = (await program.plan(alert())).json["ladder"][0]

    assert {each["route"]: each["share"] for each in rung["candidates"]} == {"fake": 0.25, "plain": 0.75}
    assert {each["route"]: each.get("sender") for each in rung["candidates"]} == {"fake": None, "plain": SHORT_CODE}
    assert rung["out"] == [{"route": "abroad", "reason": "country"}]


@pytest.mark.clause("DPA 5", "CGVU 3.4")
async def test_a_plan_knows_consent_and_opposition(program: Program, house: House):
    async def action(**fields: Any) -> str:
        return str((await program.plan(marketing(**fields))).json["verdict"]["action"])

    assert await action() == "withhold"
    assert await action(consent=CONSENT) == "send"
    house.consent("+33639980001")
    assert await action() == "send"
    house.consent("+33639980001", state="opposed")
    assert await action(consent=CONSENT) == "withhold"


@pytest.mark.clause("CGVU 14.1")
async def test_a_plan_knows_the_hours_of_marketing(program: Program):
    answer = await program.plan(marketing(consent=CONSENT, send_at="2026-11-24T23:30:00+01:00"))

    verdict = answer.json["verdict"]
    assert verdict["action"] == "defer"
    assert verdict["until"] > "2026-11-25"


async def test_a_plan_knows_that_the_client_is_suspended(program: Program, house: House):
    house.admin.execute("UPDATE gate_client SET state = 'suspended'")

    assert (await program.plan(alert())).json["verdict"]["action"] in ("withhold", "hold")


async def test_a_plan_refuses_what_sending_refuses(program: Program):
    answer = await program.plan(alert(purpose="marketing"))

    assert (answer.status, answer.code, answer.json["article"]) == (422, "stop_mention_missing", "CGVU 14.1")


@pytest.mark.clause("DPA 7")
async def test_nothing_of_another_client_is_there(program: Program, house: House, api: Api):
    message = await sent(program, reference="commande-1")
    house.stand(message, "delivered", 50)
    waiting = await sent(program, reference="commande-1")
    client = house.new_client()
    house.add_sender(SENDER, client)
    stranger = Program(api, house.add_key(client))
    before = (house.rows("SELECT * FROM engine_state ORDER BY 1, 2"), house.rows("SELECT * FROM engine_queue"))

    for each in (message, waiting):
        for answer in (await stranger.show(each), await stranger.cancel(each), await stranger.convert(each)):
            assert (answer.status, answer.code) == (404, "message_unknown")
    assert (await stranger.find("commande-1")).json == {"messages": []}

    assert before == (
        house.rows("SELECT * FROM engine_state ORDER BY 1, 2"), house.rows("SELECT * FROM engine_queue")
    )  # fmt: skip
    assert house.count("engine_event") == 0


@pytest.mark.clause("DPA 7")
async def test_a_sender_of_another_client_is_not_registered(house: House, api: Api):
    client = house.new_client()
    house.add_sender("Martin", client)

    answer = await Program(api, house.add_key()).send(alert(sender="Martin"))

    assert answer.code == "sender_unknown"


async def test_a_message_of_a_campaign_names_it(program: Program, house: House):
    campaign = ids.uuid7()
    (message,) = house.submit(house.message(campaign_id=campaign, text="Bonjour" + MENTION))

    shown = (await program.show(message.id)).json

    assert UUID(shown["campaign"]) == campaign


async def test_a_message_can_be_shown_as_it_stood_at_each_of_its_steps(program: Program, house: House):
    message = await sent(program)
    house.stand(message, "delivered", 50)
    house.admin.execute(
        "UPDATE engine_state SET submitted_at = %s, final_at = %s + interval '2 s', supplier_code = '000'",
        [clock.DEMO_START, clock.DEMO_START],
    )
    for kind, submitted_at in (("delivered", clock.DEMO_START), ("converted", None)):
        house.admin.execute(
            "INSERT INTO engine_event (client_id, message_id, kind, at, submitted_at, detail)"
            " VALUES (%s, %s, %s, %s + interval '2 s', %s, %s)",
            [house.client, message, kind, clock.DEMO_START, submitted_at, '{"code": "000"}'],
        )
    shown, key = (await program.show(message)).json, UUID(message).bytes

    whole = (await standings(house_rows(house), house.keystore, house.client, [key, b"0" * 16]))[key]
    first, second, third = (as_of(whole, step.type, step.at) for step in whole.events[:3])

    assert msgspec.to_builtins(whole) == {**shown, "events": msgspec.to_builtins(whole.events)}
    assert None not in (first, second, third)
    assert first
    assert second
    assert (first.status, first.submitted_at, first.final_at, len(first.events)) == ("accepted", None, None, 1)
    assert (second.status, second.submitted_at, second.final_at, len(second.events)) == (
        "submitted", clock.DEMO_START, None, 2,
    )  # fmt: skip
    assert third == msgspec.structs.replace(whole, events=whole.events[:3])
    assert as_of(whole, "failed", clock.DEMO_START) is None


async def test_a_receipt_that_overtook_the_answer_comes_after_it(program: Program, house: House):
    message = await sent(program)
    house.stand(message, "delivered", 50)
    house.admin.execute(
        "UPDATE engine_state SET submitted_at = %s + interval '20 ms', final_at = %s",
        [clock.DEMO_START, clock.DEMO_START],
    )
    house.admin.execute(
        "INSERT INTO engine_event (client_id, message_id, kind, at, submitted_at)"
        " VALUES (%s, %s, 'delivered', %s, %s + interval '20 ms')",
        [house.client, message, clock.DEMO_START, clock.DEMO_START],
    )
    shown, key = (await program.show(message)).json, UUID(message).bytes

    whole = (await standings(house_rows(house), house.keystore, house.client, [key]))[key]
    submitted, delivered = (as_of(whole, step.type, step.at) for step in whole.events[1:])

    assert [each["type"] for each in shown["events"]] == ["accepted", "submitted", "delivered"]
    assert submitted is not None
    assert (submitted.status, len(submitted.events)) == ("submitted", 2)
    assert delivered == whole


def house_rows(house: House) -> Any:
    """Asks as the processes do: ids are bytes."""
    link = HotLink(house.engine_url, "test", prepared=False)

    async def rows(name: str, values: dict[str, Any]) -> Any:
        try:
            return await link.rows(name, values)
        finally:
            await link.close()

    return rows


def test_moments_ids_and_states_are_described_as_what_they_are():
    schemas = DESCRIPTION["components"]["schemas"]
    standing = schemas["Standing"]["properties"]

    moments = [
        (name, field)
        for name, schema in schemas.items()
        for field, kind in schema.get("properties", {}).items()
        if field in ("at", "until", "timestamp") or field.endswith("_at")
        if "date-time" not in str(kind)
    ]

    assert moments == []
    assert standing["id"]["format"] == "uuid"
    assert set(standing["status"]["enum"]) == set(LATTICE)
