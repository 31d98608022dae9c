"""One message: what a 202 means, and what is refused before it is taken."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from sofy.engine import permissions
from sofy.engine.intake import decode_payload
from sofy.ingest.tests.conftest import MENTION, SENDER, SHORT_CODE, House, Program, alert, marketing
from sofy.kernel import clock, ids

CONSENT = {"source": "caisse", "at": "2026-11-02T10:15:00+01:00", "text_version": "carte-2026"}


async def test_an_accepted_message_is_stored_with_its_state_its_turn_and_its_lane(program: Program, house: House):
    answer = await program.send(alert(reference="commande-1"))

    assert (answer.status, answer.json["status"], answer.json["parts"]) == (202, "accepted", 1)
    assert answer.json["cost_estimate"] == "0.03"
    message = house.row("SELECT * FROM engine_message")
    assert message["id"] == UUID(answer.json["id"])
    assert message["client_id"] == house.client
    assert (message["purpose"], message["sender"], message["reference"]) == ("alert", SENDER, "commande-1")
    assert house.row("SELECT * FROM engine_state")["status"] == "accepted"
    assert house.row("SELECT * FROM engine_queue")["due_at"] == clock.DEMO_START
    assert house.row("SELECT * FROM lane_backlog")["lane"] == "alert"


async def test_neither_number_nor_text_is_in_any_column(program: Program, house: House):
    answer = await program.send(alert(text="Bonjour Zebulon", to="06 39 98 00 42"), name="once")

    for table in ("engine_message", "engine_state", "engine_queue", "engine_event", "engine_request", "kit_outbox"):
        kept = str(house.rows(f"SELECT row_to_json({table})::text AS row FROM {table}"))
        for said in ("Zebulon", "639980042", b"Zebulon".hex(), b"639980042".hex()):
            assert said not in kept
    payload = house.row("SELECT payload FROM engine_message")["payload"]
    plain = decode_payload(house.keys().unseal("engine_message", "payload", UUID(answer.json["id"]), payload))
    assert (plain.to, plain.text) == ("+33639980042", "Bonjour Zebulon")


@pytest.mark.parametrize(
    ("text", "parts", "encoding", "cost"),
    [("e" * 160, 1, "gsm7", "0.03"), ("e" * 161, 2, "gsm7", "0.06"), ("ê" * 70, 1, "ucs2", "0.03"),
     ("ê" * 71, 2, "ucs2", "0.06")], ids=["gsm7-1", "gsm7-2", "ucs2-1", "ucs2-2"],
)  # fmt: skip
async def test_a_text_is_counted_and_priced_in_parts(text, parts, encoding, cost, program: Program, house: House):
    answer = await program.send(alert(text=text))

    assert (answer.json["parts"], answer.json["cost_estimate"]) == (parts, cost)
    assert house.row("SELECT encoding FROM engine_message")["encoding"] == encoding


async def test_a_text_has_ten_parts_at_most(program: Program, house: House):
    answer = await program.send(alert(text="ê" * 700))

    assert (answer.status, answer.code, answer.json["pointer"]) == (422, "text_too_long", "/text")
    assert answer.json["facts"] == {"parts": 11, "most": 10}
    assert house.count() == 0


async def test_a_text_that_says_nothing_is_refused(program: Program):
    answer = await program.send(alert(text=" \n "))

    assert (answer.status, answer.code) == (422, "text_blank")


async def test_a_message_is_priced_by_the_cheapest_open_route(program: Program, house: House):
    house.add_route("dear", price="0.05")
    house.add_route("closed", price="0.01", state="paused")

    assert (await program.send()).json["cost_estimate"] == "0.03"


async def test_a_message_has_a_price_while_every_route_is_paused(program: Program, house: House):
    house.admin.execute("UPDATE engine_route SET state = 'paused'")

    answer = await program.send()

    assert (answer.status, answer.json["cost_estimate"]) == (202, "0.03")


@pytest.mark.clause("CGVU 3.4")
async def test_a_message_costs_what_the_order_form_says_else_the_list_on_the_day(program: Program, house: House):
    today, stranger = clock.DEMO_START.date(), house.new_client()
    for client, purpose, price, start in (
        (None, "", "0.07", today),
        (house.client, "alert", "0.05", today),
        (house.client, "alert", "0.01", today + timedelta(days=1)),
        (stranger, "alert", "0.02", today),
    ):
        house.admin.execute(
            "INSERT INTO price_sale (id, client_id, channel, purpose, country, price_eur, valid_from, created_at)"
            " VALUES (%s, %s, 'sms', %s, 'FR', %s, %s, now())",
            [ids.uuid7(), client, purpose, price, start],
        )

    alerted, asked = await program.send(alert(text="e" * 161)), await program.send(marketing(consent=CONSENT))

    assert alerted.json["cost_estimate"] == "0.10"
    assert asked.json["cost_estimate"] == "0.07"
    assert str(house.row("SELECT min(unit_price_eur) AS price FROM engine_message")["price"]) == "0.050000"


@pytest.mark.clause("CGVU 13")
async def test_without_a_sender_the_first_one_of_the_alphabet_is_shown(program: Program, house: House):
    house.add_sender("Boulangerie")

    await program.send()

    assert house.row("SELECT sender FROM engine_message")["sender"] == "Boulangerie"


@pytest.mark.clause("CGVU 13")
async def test_a_registered_short_code_of_marketing_is_no_sender_of_alerts(program: Program, house: House):
    house.add_sender("36123")

    chosen, named = await program.send(), await program.send(alert(sender="36123"))

    assert chosen.status == 202
    assert house.row("SELECT sender FROM engine_message")["sender"] != "36123"
    assert (named.status, named.code) == (422, "sender_short_code_purpose")


@pytest.mark.clause("CGVU 13")
@pytest.mark.parametrize(
    ("sender", "code"),
    [("Martin", "sender_unknown"), ("", "sender_empty"), ("Promo", "sender_generic"), ("Au Four", "sender_characters"),
     ("12345678", "sender_only_digits"), ("0639980001", "sender_mobile_number"),
     ("36123", "sender_short_code_purpose")],
)  # fmt: skip
async def test_a_sender_that_is_not_registered_is_refused(sender, code, program: Program, house: House):
    answer = await program.send(alert(sender=sender))

    assert (answer.status, answer.code, answer.json["pointer"]) == (422, code, "/sender")
    assert answer.json["article"] == "CGVU 13"
    assert house.count() == 0


@pytest.mark.clause("CGVU 13")
async def test_without_any_sender_nothing_is_taken(house: House, api: Any):
    other = house.new_client()

    answer = await Program(api, house.add_key(other)).send()

    assert (answer.status, answer.code) == (422, "sender_none")


@pytest.mark.clause("CGVU 13")
async def test_a_short_code_of_the_right_purpose_may_send(program: Program, house: House):
    house.add_route("alerts", purposes=["alert"], short_code="38123")

    assert (await program.send(alert(sender="38123"))).status == 202
    assert (await program.send(marketing(sender=SHORT_CODE))).status == 202


async def test_a_withdrawn_sender_is_unknown_within_seconds(
    program: Program, house: House, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sofy.ingest.house._FRESH_S", 0.0)
    assert (await program.send(alert(sender=SENDER))).status == 202
    house.admin.execute("DELETE FROM gate_sender")

    assert (await program.send(alert(sender=SENDER))).code == "sender_unknown"


@pytest.mark.clause("CGVU 14.1")
@pytest.mark.parametrize("text", ["Une baguette offerte !", "Une baguette STOP", "Une baguette STOP SMS 36999"])
async def test_marketing_without_the_mention_is_refused_and_never_completed(text, program: Program, house: House):
    answer = await program.send(alert(purpose="marketing", text=text))

    assert (answer.status, answer.code) == (422, "stop_mention_missing")
    assert (answer.json["article"], answer.json["pointer"]) == ("CGVU 14.1", "/text")
    assert f"STOP SMS {SHORT_CODE}" in answer.json["detail"]
    assert house.count() == 0


@pytest.mark.clause("CGVU 14.1")
async def test_a_mention_that_would_be_shown_backwards_is_none(program: Program):
    answer = await program.send(marketing(consent=CONSENT) | {"text": f"Soldes \u202e{MENTION}"})

    assert (answer.status, answer.code, answer.json["article"]) == (422, "stop_mention_turned", "CGVU 14.1")


@pytest.mark.clause("CGVU 14.1")
async def test_marketing_with_the_mention_is_stored_as_it_came(program: Program, house: House):
    answer = await program.send(marketing())

    shown = await program.show(answer.json["id"])
    assert shown.json["text"] == "Une baguette offerte !" + MENTION
    assert house.row("SELECT short_code FROM engine_message")["short_code"] == SHORT_CODE


@pytest.mark.clause("DPA 5", "CGVU 17")
async def test_a_consent_is_known_to_the_gate_and_told_to_the_ledger_without_the_number(program: Program, house: House):
    answer = await program.send(marketing(consent=CONSENT))

    assert answer.status == 202
    known = house.row("SELECT * FROM gate_permission")
    assert (known["purpose"], known["state"]) == ("marketing", "granted")
    assert known["recipient_index"] == house.keys().index("phone", "+33639980001")
    (told,) = house.outbox("consent.given")
    assert "639980001" not in json.dumps(told)
    (event,) = told["events"]
    assert event[1:] == [bytes(known["recipient_index"]).hex(), CONSENT["at"], "caisse", "carte-2026", "sms"]


@pytest.mark.clause("DPA 5")
@pytest.mark.parametrize("state", ["opposed", "withdrawn"])
async def test_a_consent_lifts_nothing_that_somebody_said(state, program: Program, house: House):
    house.consent("+33639980001", state=state)

    answer = await program.send(marketing(consent=CONSENT))

    assert answer.status == 202
    assert house.row("SELECT state FROM gate_permission")["state"] == state


@pytest.mark.clause("DPA 5")
async def test_a_consent_goes_with_marketing_only(program: Program, house: House):
    answer = await program.send(alert(consent=CONSENT))

    assert (answer.status, answer.code, answer.json["article"]) == (422, "consent_for_alert", "DPA 5")
    assert house.count("gate_permission") == 0


@pytest.mark.clause("DPA 5")
async def test_a_consent_of_tomorrow_is_refused(program: Program, house: House):
    answer = await program.send(marketing(consent={**CONSENT, "at": "2026-11-25T10:00:00+01:00"}))

    assert (answer.status, answer.code, answer.json["pointer"]) == (422, "consent_in_future", "/consent/at")
    assert house.count("gate_permission") == 0


@pytest.mark.clause("DPA 5")
@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "1970-01-01T00:00:00Z"])
async def test_a_consent_from_before_there_were_sms_is_refused(at, program: Program, house: House):
    """The ledger could not even read the first one: every consent beside it would have waited for ever."""
    answer = await program.send(marketing(consent={**CONSENT, "at": at}))

    assert (answer.status, answer.code, answer.json["pointer"]) == (422, "consent_too_old", "/consent/at")
    assert house.outbox("consent.given") == []


async def test_a_message_for_later_waits_for_its_moment(program: Program, house: House):
    later = clock.DEMO_START + timedelta(days=2)

    answer = await program.send(alert(send_at=later.isoformat()))

    assert house.row("SELECT due_at FROM engine_queue")["due_at"] == later
    shown = (await program.show(answer.json["id"])).json
    assert (shown["status"], shown["not_before"]) == ("accepted", later.isoformat().replace("+00:00", "Z"))


async def test_a_moment_that_is_past_means_now(program: Program, house: House):
    await program.send(alert(send_at="2020-01-01T00:00:00Z"))

    assert house.row("SELECT due_at FROM engine_queue")["due_at"] == clock.DEMO_START


async def test_a_message_waits_a_year_at_most(program: Program):
    answer = await program.send(alert(send_at=(clock.DEMO_START + timedelta(days=367)).isoformat()))

    assert (answer.status, answer.code, answer.json["pointer"]) == (422, "send_at_far", "/send_at")


@pytest.mark.parametrize(("wait", "send_at"), [(0, None), (2, clock.DEMO_START + timedelta(days=2))])
async def test_a_message_is_worth_nothing_some_time_after_it_may_leave(wait, send_at, program: Program, house: House):
    more = {"send_at": send_at.isoformat()} if send_at else {}

    answer = await program.send(alert(valid_for_s=600, **more))

    expires_at = clock.DEMO_START + timedelta(days=wait, seconds=600)
    assert house.row("SELECT expires_at FROM engine_message")["expires_at"] == expires_at
    assert (await program.show(answer.json["id"])).json["expires_at"] == expires_at.isoformat().replace("+00:00", "Z")


NUMBERS = [
    ("   ", "number_unreadable", "vide", "empty"),
    ("chez ma soeur", "number_unreadable", "lettres", "letters"),
    ("0639980001 ou 0639980002", "number_unreadable", "plusieurs", "several"),
    ("6,4E+08", "number_unreadable", "tableur", "spreadsheet"),
    ("0639", "number_unreadable", "trop court", "too short"),
    ("06399800010000000", "number_unreadable", "trop long", "too long"),
    ("+33099999999", "number_unreadable", "attribué", "given out"),
    ("01 99 00 12 34", "number_not_mobile", "mobile", "mobile"),
]


@pytest.mark.parametrize(("to", "code", "french", "english"), NUMBERS)
async def test_what_is_no_mobile_number_is_refused_in_words(to, code, french, english, program: Program, house: House):
    in_french = await program.send(alert(to=to))
    in_english = await program.ask("POST", "/v1/messages", alert(to=to), headers=[("accept-language", "en")])

    for answer, words in ((in_french, french), (in_english, english)):
        assert (answer.status, answer.code, answer.json["pointer"]) == (422, code, "/to")
        assert words in answer.json["detail"]
        assert to.strip() == "" or to not in answer.body.decode()
    assert house.count() == 0


async def test_production_refuses_numbers_of_fiction(house: House, start: Callable[..., Any]):
    production = {"SOFY_ENVIRONMENT": "production", "SOFY_BASE_URL": "https://sofy.example"}
    program = Program(await start(**production), house.add_key())

    answer = await program.send(alert(to="+33639980001"))

    assert (answer.status, answer.code) == (422, "number_fictional")
    assert "fiction" in answer.json["detail"]


@pytest.mark.parametrize("channel", ["rcs", "whatsapp", "email"])
async def test_a_channel_without_a_route_is_refused(channel, program: Program):
    answer = await program.send(alert(channel=channel))

    assert (answer.status, answer.code, answer.json["pointer"]) == (422, "channel_unavailable", "/channel")


async def test_a_purpose_that_no_route_carries_is_refused(program: Program, house: House):
    house.admin.execute("UPDATE engine_route SET purposes = '{marketing}'")

    answer = await program.send()

    assert (answer.status, answer.code) == (422, "channel_unavailable")
    assert "d’alerte" in answer.json["detail"]


@pytest.mark.clause("CGVU 7.2", "CGVU 11")
async def test_a_suspended_client_is_told_why_nothing_is_taken(program: Program, house: House):
    before = await program.send(name="commande-1")
    house.admin.execute("UPDATE gate_client SET state = 'suspended'")
    await asyncio.sleep(1.1)

    alone, batch = await program.send(), await program.batch([alert()])

    for answer in (alone, batch):
        assert (answer.status, answer.code, answer.json["article"]) == (403, "client_suspended", "CGVU 11")
    assert (await program.send(name="commande-1")).json == before.json  # taken before: answered as then
    assert (await program.show(before.json["id"])).status == 200
    house.admin.execute("UPDATE gate_client SET state = 'active'")
    await asyncio.sleep(1.1)
    assert (await program.send()).status == 202


async def test_a_client_whose_keys_are_destroyed_is_told_so(house: House, api: Any):
    other = ids.uuid7()

    answer = await Program(api, house.add_key(other)).send()

    assert (answer.status, answer.code) == (403, "client_ended")


async def test_the_establishment_of_a_message_is_kept(program: Program, house: House):
    establishment = ids.uuid7()
    permissions.write_establishment(house.admin, house.client, establishment, code="PARIS-11")

    by_id = await program.send(alert(establishment=str(establishment)))
    by_code = await program.send(alert(establishment="PARIS-11"))

    for answer in (by_id, by_code):
        assert (await program.show(answer.json["id"])).json["establishment"] == str(establishment)


async def test_the_establishment_of_another_client_is_nobodys(program: Program, house: House):
    establishment = ids.uuid7()
    permissions.write_establishment(house.admin, house.new_client(), establishment, code="PARIS-11")

    for named in (str(establishment), "PARIS-11"):
        assert (await program.send(alert(establishment=named))).code == "establishment_unknown"


async def test_what_is_said_to_be_accepted_survives_the_process(house: House, start: Callable[..., Any]):
    answer = await Program(await start(), house.add_key()).send()

    with psycopg.connect(house.admin_url) as other:
        assert other.execute("SELECT id FROM engine_message").fetchall() == [(UUID(answer.json["id"]),)]
