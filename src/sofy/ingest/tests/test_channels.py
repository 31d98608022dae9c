"""Channels, ladders and service messages, as programs use them; and the door of suppliers that call back."""

import asyncio
import inspect
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

import msgspec
import pytest

from sofy.connectors import base
from sofy.connectors.google_rbm import rendering as rbm
from sofy.connectors.whatsapp_cloud import rendering as whatsapp
from sofy.engine import permissions, route_config
from sofy.engine.tests.conftest import FakeConnector
from sofy.ingest.tests.conftest import MENTION, SHORT_CODE, Api, House, Program, alert, marketing
from sofy.ingest.words import SHOWN
from sofy.kernel import clock, ids

AGENT = "fournil-agent"
CONSENT = {"source": "caisse", "at": "2026-11-02T10:15:00+01:00", "text_version": "v1"}
MAIL = {"subject": "Offre", "html": '<p>Promo <a href="{{unsubscribe_url}}">non merci</a></p>', "text": "Promo"}


class FakeAgent(FakeConnector):
    """A supplier that signs what it calls back with."""

    code: ClassVar[str] = "agent"

    @classmethod
    def answer_at_once(cls, config: Any, callback: base.Callback) -> base.CallbackAnswer | None:
        challenge = callback.query.get("challenge")
        return base.CallbackAnswer(status=200, body=challenge) if challenge else None

    @classmethod
    def authentic(cls, config: Any, callback: base.Callback) -> bool:
        return bool(callback.headers.get("x-signed") == config.name)

    @classmethod
    def read_callback(cls, config: Any, body: bytes) -> base.Heard:
        return msgspec.json.decode(body, type=base.Heard)


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(route_config, "discover", lambda: {"fake": FakeConnector, "agent": FakeAgent})


def open_channel(house: House, channel: str, answers_at: str | None = AGENT, **columns: Any) -> UUID:
    values = {"channel": channel, "connector": "agent", "short_code": answers_at, "encodings": ["utf8"], **columns}
    return house.add_route(channel, "0.07", **values)


def rcs_then_sms(**fields: Any) -> dict[str, Any]:
    return alert(channel="rcs", fallback=[{"channel": "sms", "after_s": 30}], **fields)


async def test_without_a_channel_a_number_gets_an_sms_and_an_address_an_email(program: Program, house: House):
    open_channel(house, "rcs")
    open_channel(house, "email", None)
    permissions.write_sender(house.admin, house.client, "boutique@example.org", channel="email")

    by_phone = await program.send(alert())
    by_mail = await program.send(alert(to="marie@example.org", text=None, content=MAIL))

    assert (await program.show(by_phone.json["id"])).json["channel"] == "sms"
    shown = (await program.show(by_mail.json["id"])).json
    assert (shown["channel"], shown["to"], shown["sender"]) == ("email", "marie@example.org", "boutique@example.org")


async def test_what_is_more_than_a_text_is_shown_as_it_was_sent_and_in_words(program: Program, house: House):
    open_channel(house, "rcs")
    button = {"kind": "url", "label": "Y aller", "value": "https://www.example.org/"}
    card = {"title": "Commande 1235", "text": "Elle attend.", "buttons": [button]}
    given = {"cards": [card], "buttons": [{"label": "Merci", "value": "merci"}]}

    made = await program.send(alert(channel="rcs", text=None, content=given))
    shown = (await program.show(made.json["id"])).json

    assert shown["content"] == given
    assert shown["text"] == "Commande 1235\nElle attend.\nY aller https://www.example.org/"


async def test_the_page_of_a_mail_is_not_sent_back(program: Program, house: House):
    open_channel(house, "email", None)
    permissions.write_sender(house.admin, house.client, "boutique@example.org", channel="email")
    given = {"subject": "Votre commande", "text": "Elle attend.", "html": "<p>Elle attend.</p>"}

    made = await program.send(alert(to="marie@example.org", text=None, content=given))
    shown = (await program.show(made.json["id"])).json

    assert shown["content"] == {"subject": "Votre commande", "text": "Elle attend."}
    assert shown["text"] == "Elle attend."


@pytest.mark.clause("CGVU 3.4")
async def test_a_message_with_a_fallback_is_one_message(program: Program, house: House):
    open_channel(house, "rcs")

    answer = await program.send(rcs_then_sms())

    assert (answer.status, answer.json["cost_estimate"]) == (202, "0.07")
    rungs = house.rows("SELECT rung, channel, message_id, deadline_at FROM engine_ladder ORDER BY rung")
    assert [(row["rung"], row["channel"]) for row in rungs] == [(0, "rcs"), (1, "sms")]
    assert [str(row["message_id"]) for row in rungs] == [answer.json["id"], "None"]
    assert rungs[0]["deadline_at"] == clock.now() + timedelta(seconds=30)
    assert house.count() == 1


async def test_a_message_of_several_channels_stands_where_the_best_one_does(program: Program, house: House):
    open_channel(house, "rcs")
    first = (await program.send(rcs_then_sms(reference="colis-1"))).json["id"]
    house.stand(first, "failed", 40)
    waiting = (await program.show(first)).json
    second = ids.uuid7()
    house.admin.execute(
        "INSERT INTO engine_message (client_id, id, channel, purpose, recipient_index, sender, payload, parts,"
        " encoding, reference, created_at, head_id) SELECT client_id, %s, 'sms', purpose, recipient_index,"
        " 'Fournil', payload, 1, 'gsm7', reference, created_at, id FROM engine_message"
        " WHERE id = %s", [second, first])  # fmt: skip
    house.admin.execute(
        "INSERT INTO engine_state (client_id, message_id, recipient_index, status, rank, parts, accepted_at,"
        " updated_at, rung) SELECT client_id, %s, recipient_index, 'delivered', 50, 1, accepted_at, updated_at, 1"
        " FROM engine_state WHERE message_id = %s", [second, first])  # fmt: skip
    house.admin.execute("UPDATE engine_ladder SET message_id = %s WHERE rung = 1", [second])

    shown = (await program.show(first)).json

    assert (waiting["status"], waiting["ladder"]) == (
        "queued", [{"channel": "rcs", "status": "failed"}, {"channel": "sms"}],
    )  # fmt: skip
    assert (shown["id"], shown["status"], shown["channel"]) == (first, "delivered", "sms")
    assert [each["status"] for each in shown["ladder"]] == ["failed", "delivered"]
    assert (await program.show(str(second))).json == shown
    assert [each["id"] for each in (await program.find("colis-1")).json["messages"]] == [first]


async def test_auto_takes_the_ladder_of_the_client(program: Program, house: House):
    open_channel(house, "rcs")
    default = await program.plan(alert(channel="auto"))
    permissions.write_channels(house.admin, house.client, off=[], ladder=[("sms", 20), ("rcs", 20)])

    async def chosen() -> list[tuple[str, int | None]]:
        ladder = (await program.plan(alert(channel="auto"))).json["ladder"]
        return [(rung["channel"], rung["deadline_s"]) for rung in ladder]

    assert [(r["channel"], r["deadline_s"]) for r in default.json["ladder"]] == [("rcs", 60), ("sms", None)]
    await eventually(chosen, [("sms", 20), ("rcs", None)])


async def test_a_plan_says_what_is_known_of_the_phone_and_since_when(program: Program, house: House):
    open_channel(house, "rcs")
    asked = alert(channel="auto")
    unknown = (await program.plan(asked)).json["ladder"]
    other = house.new_client()
    at = clock.now() - timedelta(hours=2)

    def note(client: UUID, capable: bool, until: timedelta) -> None:
        index = house.keys(client).index("phone", asked["to"])
        house.admin.execute(
            "INSERT INTO engine_capability VALUES (%s, %s, %s, %s, '{RICHCARD_CAROUSEL}', %s, %s)"
            " ON CONFLICT (client_id, recipient_index, agent) DO UPDATE SET until = excluded.until",
            [client, index, AGENT, capable, at, clock.now() + until],
        )

    note(other, False, timedelta(hours=1))
    note(house.client, True, timedelta(hours=1))
    known = (await program.plan(asked)).json["ladder"]
    note(house.client, True, -timedelta(hours=1))
    old = (await program.plan(asked)).json["ladder"]

    nothing: dict[str, Any] = {"reachable": None, "known_at": None, "features": []}
    assert [rung.get("reach") for rung in unknown] == [nothing, None]
    assert (known[0]["reach"]["reachable"], known[0]["reach"]["features"]) == (True, ["RICHCARD_CAROUSEL"])
    assert datetime.fromisoformat(known[0]["reach"]["known_at"]) == at
    assert old[0]["reach"] == nothing


async def test_a_plan_says_of_each_channel_until_when_that_one_is_tried(program: Program, house: House):
    open_channel(house, "rcs")
    asked = alert(channel="rcs", fallback=[{"channel": "sms", "after_s": 120}])

    first, last = (await program.plan(asked)).json["ladder"]
    _, lasting = (await program.plan(asked | {"valid_for_s": 300})).json["ladder"]

    ends = datetime.fromisoformat(first["verdict"]["until"])
    assert timedelta(seconds=100) < ends - clock.now() <= timedelta(seconds=120)
    assert datetime.fromisoformat(last["verdict"]["until"]) - ends > timedelta(hours=1)
    assert timedelta(seconds=290) < datetime.fromisoformat(lasting["verdict"]["until"]) - ends < timedelta(seconds=310)


async def eventually(asked: Callable[[], Any], wanted: Any) -> None:
    """What a process knows of a client is a second old at most."""
    import asyncio

    async with asyncio.timeout(5):
        while await asked() != wanted:
            await asyncio.sleep(0.1)


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "no route": (alert(channel="whatsapp"), "channel_unavailable", "/channel"),
    "no route to fall back to": (
        alert(fallback=[{"channel": "whatsapp"}]), "channel_unavailable", "/fallback/0/channel",
    ),
    "twice": (alert(channel="sms", fallback=[{"channel": "sms"}]), "channel_twice", "/fallback"),
    "no way to stop": (marketing(channel="rcs") | {"text": "Promo"}, "stop_mention_missing_rcs", "/text"),
    "no way to stop in a mail": (
        marketing(channel="email", to="a@example.org", content=MAIL | {"html": "<p>x</p>"}) | {"text": None},
        "stop_mention_missing_email", "/content",
    ),
    "no subject": (alert(channel="email", to="a@example.org"), "subject_missing", "/content/subject"),
    "no address": (alert(channel="email", content=MAIL) | {"text": None}, "address_unreadable", "/to"),
    "a name of 65 letters": (
        alert(channel="email", to="a" * 65 + "@example.org", content=MAIL) | {"text": None},
        "address_unreadable", "/to",
    ),
    "another agent": (alert(channel="rcs", sender="autre"), "sender_unknown", "/sender"),
    "too long": (alert(channel="rcs", content={"text": "e" * 3073}) | {"text": None}, "text_longer", "/text"),
    "nothing said": (alert(channel="rcs", content={}) | {"text": None}, "text_blank", "/text"),
}  # fmt: skip


@pytest.mark.clause("CGVU 14.1")
@pytest.mark.parametrize("case", REFUSED)
async def test_what_a_channel_cannot_carry_is_refused_with_the_place(program: Program, house: House, case: str):
    open_channel(house, "rcs")
    open_channel(house, "email", None)
    permissions.write_sender(house.admin, house.client, "boutique@example.org", channel="email")
    body, code, pointer = REFUSED[case]

    answer = await program.send(body)

    assert (answer.status, answer.code, answer.json["pointer"]) == (422, code, pointer)
    assert house.count() == 0


@pytest.mark.clause("CGVU 14.1")
async def test_whatsapp_is_the_last_channel_of_marketing(program: Program, house: House):
    open_channel(house, "whatsapp", "1555")
    template = {"template": {"name": "promo", "buttons": ["STOP"]}, "text": "Promo" + MENTION}
    last = {"channel": "whatsapp", "content": template}

    upper = await program.send(
        marketing(channel="whatsapp", content=template, consent=CONSENT, fallback=[{"channel": "sms"}]) | {"text": None}
    )
    lower = await program.send(marketing(consent=CONSENT, fallback=[last]))
    without = await program.send(marketing(channel="whatsapp"))

    assert (upper.code, without.code) == ("whatsapp_last", "template_needed")
    assert upper.json["article"] == "CGVU 14.1"
    assert lower.status == 202


@pytest.mark.clause("CGVU 14.1")
async def test_auto_passes_over_whatsapp_for_marketing_where_something_follows_it(program: Program, house: House):
    open_channel(house, "rcs")
    open_channel(house, "whatsapp", "1555")
    permissions.write_channels(house.admin, house.client, off=[], ladder=[("rcs", 60), ("whatsapp", 60), ("sms", 60)])

    by_marketing = (await program.plan(marketing(channel="auto", consent=CONSENT))).json["ladder"]
    by_alert = (await program.plan(alert(channel="auto"))).json["ladder"]

    assert [rung["channel"] for rung in by_marketing] == ["rcs", "sms"]
    assert [rung["channel"] for rung in by_alert] == ["rcs", "whatsapp", "sms"]


@pytest.mark.clause("DPA 9")
async def test_a_channel_that_is_switched_off_is_refused(program: Program, house: House):
    open_channel(house, "rcs")
    permissions.write_channels(house.admin, house.client, off=["rcs"], ladder=[])

    answer = await program.send(alert(channel="rcs"))

    assert (answer.code, answer.json["article"]) == ("channel_off", "DPA 9")


@pytest.mark.clause("DPA 5", "CGVU 17")
async def test_a_consent_is_kept_for_every_channel_that_may_be_taken(program: Program, house: House):
    open_channel(house, "email", None)
    permissions.write_sender(house.admin, house.client, "boutique@example.org", channel="email")
    by_mail = {"channel": "email", "to": "marie@example.org", "content": MAIL}

    answer = await program.send(marketing(consent=CONSENT, fallback=[by_mail]))

    assert answer.status == 202
    rows = house.rows("SELECT channel, recipient_index FROM gate_permission ORDER BY channel")
    keys = house.keys()
    assert [(row["channel"], bytes(row["recipient_index"])) for row in rows] == [
        ("email", keys.index("email", "marie@example.org")), ("sms", keys.index("phone", "+33639980001")),
    ]  # fmt: skip


@pytest.mark.clause("CGVU 14.2")
async def test_a_service_message_answers_what_the_person_wrote(program: Program, house: House):
    nobody = await program.send(alert(purpose="service"))
    heard(house, "+33639980001", clock.now() - timedelta(hours=23))

    answer = await program.send(alert(purpose="service"))
    batch = await program.batch([alert(purpose="service"), alert(purpose="service", to="+33639980002")])

    assert (nobody.code, nobody.json["article"]) == ("service_unanswered", "CGVU 14.2")
    shown = (await program.show(answer.json["id"])).json
    assert shown["purpose"] == "service"
    assert shown["expires_at"].startswith((clock.now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M"))
    assert [each["index"] for each in batch.json["accepted"]] == [0]
    assert [each["code"] for each in batch.json["refused"]] == ["service_unanswered"]
    assert {row["lane"] for row in house.rows("SELECT lane FROM engine_queue")} == {"alert"}


@pytest.mark.clause("CGVU 14.2")
async def test_a_plan_refuses_the_service_message_that_sending_would(program: Program, house: House):
    nobody = await program.plan(alert(purpose="service"))
    heard(house, "+33639980001", clock.now() - timedelta(hours=23))

    answer = await program.plan(alert(purpose="service"))
    other = await program.plan(alert(reply_to=str(ids.uuid7())))

    assert (nobody.status, nobody.code) == (422, "service_unanswered")
    assert (answer.status, answer.json["verdict"]["action"]) == (200, "send")
    assert answer.json["verdict"]["until"] <= (clock.now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert (other.status, other.code) == (422, "reply_unknown")


@pytest.mark.parametrize(("ago", "keyword"), [(timedelta(hours=25), ""), (timedelta(hours=1), "stop")])
async def test_nobody_is_answered_after_a_day_or_a_stop(program: Program, house: House, ago: timedelta, keyword: str):
    heard(house, "+33639980001", clock.now() - ago, keyword)

    assert (await program.send(alert(purpose="service"))).code == "service_unanswered"


@pytest.mark.clause("CGVU 14.2")
@pytest.mark.parametrize("channel", ["sms", "rcs", "whatsapp"])
async def test_a_day_counts_from_when_the_person_wrote(channel: str, program: Program, house: House):
    now, day = clock.now(), timedelta(days=1)
    second = timedelta(seconds=1)
    heard(house, "+33639980001", now, written_at=now - day - second, channel=channel)
    heard(house, "+33639980002", now, written_at=now - day + second, channel=channel)
    heard(house, "+33639980003", now, written_at=None, channel=channel)

    answers = [await program.send(alert(purpose="service", to=f"+3363998000{n}")) for n in (1, 2, 3)]

    assert [answer.status for answer in answers] == [422, 202, 422]
    left = (await program.show(answers[1].json["id"])).json["expires_at"]
    assert left == (now + second).strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_another_clients_conversation_is_nobodys(program: Program, house: House):
    other = house.new_client()
    heard(house, "+33639980001", clock.now(), client=other)

    assert (await program.send(alert(purpose="service"))).code == "service_unanswered"


def heard(
    house: House, number: str, at: Any, keyword: str = "", client: UUID | None = None, **columns: Any
) -> None:  # fmt: skip
    """Somebody wrote, and it came in at once; `columns` say otherwise."""
    owner = client or house.client
    index = house.keys(owner).index("phone", number)
    written_at, channel = columns.get("written_at", at), columns.get("channel", "sms")
    house.admin.execute(
        "INSERT INTO engine_inbound"
        " (client_id, id, route_id, recipient_index, payload, keyword, at, channel, written_at)"
        " VALUES (%s, %s, %s, %s, '', %s, %s, %s, %s)",
        [owner, ids.uuid7(), ids.uuid7(), index, keyword, at, channel, written_at],
    )


async def test_taking_a_message_back_takes_back_the_channel_it_has_come_to(program: Program, house: House):
    open_channel(house, "rcs")
    first = (await program.send(rcs_then_sms())).json["id"]

    answer = await program.cancel(first)

    assert answer.json["status"] == "cancelled"
    assert house.count("engine_queue") == 0


async def test_a_route_of_another_client_is_none(program: Program, house: House):
    open_channel(house, "rcs", client_id=house.new_client())

    assert (await program.send(alert(channel="rcs"))).code == "channel_unavailable"


# suppliers that call back


async def hook(
    api: Api, route: Any, body: Any = None, *, connector: str = "agent", signed: str = "rcs", **more: Any
) -> Any:
    sent = json.dumps({"receipts": []} if body is None else body).encode()
    return await api.ask("POST", f"/hooks/{connector}/{route}", sent, headers=[("x-signed", signed)], **more)


@pytest.fixture
def route(house: House) -> UUID:
    return open_channel(house, "rcs", config=json.dumps({"name": "rcs"}))


async def test_a_callback_is_on_disk_before_it_is_answered(api: Api, house: House, route: UUID):
    answer = await hook(api, route)

    assert answer.status == 200
    row = house.row("SELECT route_id, body FROM engine_callback")
    assert row["route_id"] == route
    assert b"receipts" not in bytes(row["body"])


async def test_what_only_sets_a_callback_up_is_answered_at_once(api: Api, house: House, route: UUID):
    answer = await api.ask("GET", f"/hooks/agent/{route}", query="challenge=42")

    assert (answer.status, answer.body) == (200, b"42")
    assert house.count("engine_callback") == 0


async def test_those_that_come_first_together_all_find_their_route(api: Api, house: House, route: UUID):
    asked = (api.ask("GET", f"/hooks/agent/{route}", query="challenge=42") for _ in range(5))

    answers = await asyncio.gather(*asked)

    assert [answer.status for answer in answers] == [200] * 5


@pytest.mark.clause("DPA 7")
async def test_a_callback_that_is_not_signed_is_nobodys(api: Api, house: House, route: UUID):
    forged = await hook(api, route, signed="guess")
    elsewhere = await hook(api, route, connector="fake")
    nowhere = await hook(api, ids.uuid7())
    no_id = await hook(api, "x")

    assert [each.status for each in (forged, elsewhere, nowhere, no_id)] == [401, 404, 404, 404]
    assert house.count("engine_callback") == 0


async def test_a_supplier_that_never_calls_back_is_believed_nothing(api: Api, house: House):
    sms = house.row("SELECT id FROM engine_route WHERE code = 'fake'")["id"]

    assert (await hook(api, sms, connector="fake")).status == 401


async def test_the_short_code_of_a_message_is_that_of_its_way(program: Program, house: House):
    open_channel(house, "rcs")

    rcs = (await program.send(marketing(channel="rcs", consent=CONSENT))).json["id"]
    sms = (await program.send(marketing(consent=CONSENT))).json["id"]

    found = {str(row["id"]): row["short_code"] for row in house.rows("SELECT id, short_code FROM engine_message")}
    assert (found[rcs], found[sms]) == (AGENT, SHORT_CODE)


async def test_an_answer_names_a_message_of_the_same_person(program: Program, house: House):
    open_channel(house, "whatsapp", "1555")
    mine, theirs = (ids.uuid7() for _ in range(2))
    keys = house.keystore.client(house.client)
    values = [house.client, mine, ids.uuid7(), keys.index("phone", "+33639980001"), b"x", clock.now(), "whatsapp"]
    put = (
        "INSERT INTO engine_inbound (client_id, id, route_id, recipient_index, payload, at, channel, written_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, now())"
    )
    house.admin.execute(put, values)
    foreign = [ids.uuid7(), theirs, *values[2:]]
    house.admin.execute(put, foreign)

    good = await program.send(alert(to="+33639980001", channel="whatsapp", reply_to=str(mine)))
    others = [
        await program.send(alert(to="+33639980002", channel="whatsapp", reply_to=str(mine))),
        await program.send(alert(to="+33639980001", channel="whatsapp", reply_to=str(theirs))),
    ]

    assert good.status == 202
    assert [(each.code, each.json["pointer"]) for each in others] == [("reply_unknown", "/reply_to")] * 2
    row = house.admin.execute("SELECT answers FROM engine_message").fetchone()
    assert row == (mine,)


_CARD = {"title": "Pain", "media": {"kind": "document", "url": "https://example.org/a.pdf"}}
_CALL = {"kind": "call", "label": "Appel", "value": "non"}
_LONG_LABEL = {"kind": "reply", "label": "Vingt-et-un caracteres", "value": "a"}


@pytest.mark.clause("CGVU 3.4")
@pytest.mark.parametrize(
    ("channel", "content", "pointer", "said"),
    [
        ("rcs", {"text": "Bonjour", "cards": [{"title": "A"}, {"title": "B"}]}, "/content/cards", "carte"),
        ("rcs", {"cards": [_CARD]}, "/content/cards", "image"),
        ("rcs", {"text": "A", "buttons": [_CALL]}, "/content/buttons", "+33"),
        ("whatsapp", {"text": "A", "buttons": [_LONG_LABEL]}, "/content/buttons", "20"),
        ("whatsapp", {"template": {"name": "code", "body": [" "]}}, "/content/template", "valeur"),
        ("whatsapp", {"text": "Voir {{unsubscribe_url}}"}, "/content/text", "STOP"),
    ],
)  # fmt: skip
async def test_what_the_supplier_would_refuse_is_refused_at_once(
    program: Program, house: House, channel: str, content: dict[str, Any], pointer: str, said: str
):
    open_channel(house, channel)

    refused = await program.send(alert(channel=channel, content=content) | {"text": None})

    assert (refused.status, refused.code, refused.json["pointer"]) == (422, "not_shown", pointer)
    assert said in refused.json["detail"]


async def test_each_code_of_a_refusal_has_its_words():
    codes = set()
    for rendering in (rbm, whatsapp):
        codes |= set(re.findall(r'(?:Unsendable|NotSendable)\("(\w+)"\)', inspect.getsource(rendering)))

    assert codes == set(SHOWN)
