"""Many messages at once: each is taken or refused by itself."""

import pytest

from sofy.ingest.tests.conftest import House, Program, alert, marketing

CONSENT = {"source": "caisse", "at": "2026-11-02T10:15:00+01:00", "text_version": "v1"}


@pytest.mark.clause("CGVU 3.4")
async def test_good_and_bad_messages_are_told_apart_by_their_place(program: Program, house: House):
    messages = [
        alert(reference="0"), alert(to="hello"), alert(reference="2"), {"to": 1}, alert(sender="Martin"),
        marketing(reference="5", consent=CONSENT), "hello", alert(text=" "), alert(reference="8"),
    ]  # fmt: skip

    answer = await program.batch(messages)

    assert answer.status == 202
    assert [each["index"] for each in answer.json["accepted"]] == [0, 2, 5, 8]
    assert [(each["index"], each["code"], each.get("pointer", "")) for each in answer.json["refused"]] == [
        (1, "number_unreadable", "/to"), (3, "field_value", "/to"), (4, "sender_unknown", "/sender"),
        (6, "field_value", ""), (7, "text_blank", "/text"),
    ]  # fmt: skip
    stored = {str(row["id"]): row["reference"] for row in house.rows("SELECT id, reference FROM engine_message")}
    assert {each["id"]: str(each["index"]) for each in answer.json["accepted"]} == stored
    assert house.count("engine_queue") == house.count("engine_state") == 4


async def test_a_message_that_is_no_json_refuses_itself_only(program: Program, house: House):
    answer = await program.ask(
        "POST", "/v1/messages/batch",
        b'{"messages": [{"to": "+33639980001", "purpose": "alert", "text": "\xff"},'
        b' {"to": "+33639980001", "purpose": "alert", "text": "ok"}]}',
    )  # fmt: skip

    assert answer.status == 202
    assert [each["index"] for each in answer.json["accepted"]] == [1]
    assert [(each["index"], each["code"]) for each in answer.json["refused"]] == [(0, "not_json")]


async def test_the_ids_of_a_batch_follow_its_order(program: Program):
    answer = await program.batch([alert()] * 50)

    given = [each["id"] for each in answer.json["accepted"]]
    assert given == sorted(given)
    assert len(set(given)) == 50


async def test_a_batch_of_which_nothing_is_taken_is_refused_as_a_whole(program: Program, house: House):
    answer = await program.batch([alert(to="hello"), alert(text=" ")])

    assert (answer.status, answer.code) == (422, "batch_refused")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["accepted"] == []
    assert [each["code"] for each in answer.json["refused"]] == ["number_unreadable", "text_blank"]
    assert house.count() == 0


@pytest.mark.clause("CGVU 14.1")
async def test_the_refusals_of_a_batch_name_article_and_language(program: Program):
    bad = alert(purpose="marketing")

    for language, word in (("fr", "Un SMS marketing doit"), ("en", "A marketing SMS must")):
        answer = await program.batch([alert(), bad], headers=[("accept-language", language)])

        (refused,) = answer.json["refused"]
        assert refused["article"] == "CGVU 14.1"
        assert refused["detail"].startswith(word)


@pytest.mark.clause("DPA 5")
async def test_the_consents_of_a_batch_are_those_of_its_accepted_messages(program: Program, house: House):
    good = marketing(consent=CONSENT)
    bad = marketing(consent=CONSENT) | {"to": "+33639980002", "text": "Sans mention"}

    await program.batch([good, bad, good])

    assert house.row("SELECT recipient_index FROM gate_permission")["recipient_index"] == house.keys().index(
        "phone", "+33639980001"
    )
    (told,) = house.outbox("consent.given")
    assert len(told["events"]) == 2


async def test_a_batch_has_ten_thousand_messages_at_most(program: Program, house: House):
    answer = await program.batch([{}] * 10_001)

    assert (answer.status, answer.code) == (422, "batch_size")
    assert answer.json["facts"] == {"limit": 10_000, "count": 10_001}
    assert house.count() == 0


async def test_ten_thousand_messages_are_taken(program: Program, house: House):
    answer = await program.batch([alert(to=f"+3363998{n:04d}") for n in range(10_000)])

    assert answer.status == 202
    assert len(answer.json["accepted"]) == 10_000
    assert house.count() == house.count("engine_queue") == 10_000


async def test_an_empty_batch_is_refused(program: Program):
    answer = await program.batch([])

    assert (answer.status, answer.code, answer.json["pointer"]) == (422, "batch_size", "/messages")


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [(b"{}", "field_missing", "/messages"), (b'{"messages": 1}', "field_value", "/messages"),
     (b'{"messages": [], "more": 1}', "field_unknown", "/more"), (b"[]", "field_value", "")],
)  # fmt: skip
async def test_what_is_no_batch_is_refused(body, code, pointer, program: Program):
    answer = await program.ask("POST", "/v1/messages/batch", body)

    assert (answer.status, answer.code, answer.json.get("pointer", "")) == (422, code, pointer)
