"""Templates at WhatsApp, against the simulated Meta: handed in, approved, paused; programs use what is approved."""

import asyncio
import json
import operator
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from threading import Thread

import msgspec
import pytest
from django.db.models import F
from django.utils import translation
from django.utils.html import escape

from sofy.accounts.tests.factories import make_user
from sofy.clients.tests.factories import make_client
from sofy.connectors.whatsapp_cloud import graph
from sofy.connectors.whatsapp_cloud.connector import WhatsAppCloudConnector
from sofy.connectors.whatsapp_cloud.tests import factories
from sofy.engine.route_config import seal_config
from sofy.kernel import clock, ids
from sofy.kernel.content import Button, Content
from sofy.kernel.errors import Refused
from sofy.kit import outbox
from sofy.kit.audit import PLATFORM
from sofy.kit.keys import keystore
from sofy.kit.rls import client_scope
from sofy.messaging import template_rules as rules
from sofy.messaging import template_words
from sofy.messaging.models import WhatsappTemplate
from sofy.messaging.services import templates, whatsapp
from sofy.messaging.tests.test_pages import browser
from sofy.messaging.tests.test_templates import known_to_the_api
from sofy.sandbox.whatsapp_cloud.profile import PROFILES, SandboxConfig
from sofy.sandbox.whatsapp_cloud.server import GraphServer

TEXT = Content(text="Bonjour {{prenom}}, à {{ville}}.", buttons=[Button(label="STOP", value="STOP")])
SAMPLES = {"prenom": "Zoé", "ville": "Lyon"}


@pytest.fixture
def meta(engine_db) -> Iterator[GraphServer]:
    """A simulated Meta, and a route that leads there."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    config = SandboxConfig(
        access_token=factories.TOKEN, app_secret=factories.SECRET, verify_token=factories.VERIFY, callback_url="",
        profile=PROFILES["plain"],
    )  # fmt: skip
    server = GraphServer(config)
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
    route_id = ids.uuid7()
    settings = {
        "base_url": server.url, "phone_number_id": factories.NUMBER_ID, "access_token": factories.TOKEN,
        "business_account_id": factories.ACCOUNT_ID, "app_secret": factories.SECRET, "verify_token": factories.VERIFY,
    }  # fmt: skip
    sealed = seal_config(keystore(), WhatsAppCloudConnector, route_id, settings)
    with engine_db.connect("admin", autocommit=True) as admin:
        admin.execute(
            "INSERT INTO engine_route (id, code, name, channel, connector, price_eur, config, created_at, updated_at)"
            " VALUES (%s, 'wa', 'WhatsApp', 'whatsapp', 'whatsapp_cloud', 0.05, %s, now(), now())",
            [route_id, json.dumps(sealed)],
        )
    yield server
    asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def submitted(client, text=TEXT):
    with client_scope(client.pk):
        template = templates.write(
            client.pk, code="rdv", contents={"whatsapp": text}, purpose="alert", samples=SAMPLES, actor="user:x"
        ).template
        return whatsapp.submit(client.pk, template.pk, actor="user:x")


def state_of(row):
    with client_scope(row.client_id):
        return WhatsappTemplate.objects.get(pk=row.pk).state


def test_a_template_is_handed_in_and_used_once_it_is_approved(meta):
    client = make_client()
    row = submitted(client)
    waiting = known_to_the_api(client, "rdv")

    whatsapp.hand_in(client.pk, row.pk)
    pending = state_of(row)
    there = meta.meta.templates.find(row.name, "fr")
    there.status = "APPROVED"
    found = whatsapp.synchronise(client.pk)

    assert waiting["whatsapp"][1] == "pending"
    assert pending in ("pending", "approved")
    assert (found, state_of(row)) == (1, "approved")
    assert there.components[0] == {
        "type": "BODY", "text": "Bonjour {{1}}, à {{2}}.", "example": {"body_text": [["Zoé", "Lyon"]]},
    }  # fmt: skip
    assert there.components[1] == {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "STOP"}]}
    assert known_to_the_api(client, "rdv")["whatsapp"] == (1, "ready", TEXT.text)


def test_handing_in_twice_asks_meta_once(meta):
    client = make_client()
    row = submitted(client)
    whatsapp.hand_in(client.pk, row.pk)
    with client_scope(client.pk):
        WhatsappTemplate.objects.update(state="submitting", changed_at=F("submitted_at"))

    whatsapp.hand_in(client.pk, row.pk)

    assert state_of(row) in ("pending", "approved")


def test_an_approved_text_stays_in_use_until_the_next_one_is_approved(meta):
    client = make_client()
    row = submitted(client)
    whatsapp.hand_in(client.pk, row.pk)
    whatsapp.news(client.pk, row.name, "fr", state="APPROVED")

    later = submitted(client, Content(text="Bonsoir {{prenom}}"))
    whatsapp.hand_in(client.pk, later.pk)
    between = known_to_the_api(client, "rdv")["whatsapp"]
    whatsapp.news(client.pk, later.name, "fr", state="APPROVED")

    assert later.name != row.name
    assert between == (1, "ready", TEXT.text)
    assert known_to_the_api(client, "rdv")["whatsapp"] == (2, "ready", "Bonsoir {{prenom}}")


@pytest.mark.parametrize(
    ("_case", "text", "state", "said"),
    [
        ("another text than the approved one", "Bonsoir {{prenom}}", "APPROVED", "people go on receiving that one"),
        ("another text than the refused one", "Bonsoir {{prenom}}", "REJECTED", "submit it again"),
        ("the same text, another version", TEXT.text, "APPROVED", "Programs may use it"),
    ],
)
def test_a_changed_text_says_what_people_receive_until_it_is_submitted_again(meta, _case, text, state, said):
    client = make_client()
    row = submitted(client)
    whatsapp.hand_in(client.pk, row.pk)
    whatsapp.news(client.pk, row.name, "fr", state=state)
    contents = {"sms": Content(text="Bonjour"), "whatsapp": msgspec.structs.replace(TEXT, text=text)}
    with client_scope(client.pk):
        templates.write(client.pk, code="rdv", contents=contents, samples=SAMPLES, actor="test")

    page = browser(make_user(client=client)).get(f"/c/{client.slug}/templates/{row.template_id}").text

    assert said in page
    assert ("Submit for approval" in page) is (said != "Programs may use it")  # there is nothing to submit


def test_a_refusal_keeps_the_reason(meta):
    client = make_client()
    row = submitted(client)
    with client_scope(client.pk):
        WhatsappTemplate.objects.update(category="LOTTERY")

    whatsapp.hand_in(client.pk, row.pk)

    with client_scope(client.pk):
        refused = WhatsappTemplate.objects.get()
    assert refused.state == "rejected"
    assert "category" in refused.reason


def test_a_meta_that_is_away_refuses_nothing(meta):
    client = make_client()
    row = submitted(client)
    before = meta.meta.profile
    meta.meta.profile = msgspec.structs.replace(before, away="503")

    whatsapp.hand_in(client.pk, row.pk)
    between = state_of(row)
    meta.meta.profile = before
    too_soon = whatsapp.hand_in_waiting()
    clock.install(lambda: row.submitted_at + timedelta(minutes=5))
    again = whatsapp.hand_in_waiting()

    assert between == "submitting"
    assert (too_soon, again) == (0, 1)
    assert state_of(row) in ("pending", "approved")


def test_what_meta_does_not_take_is_tried_ever_less_often_and_said_after_three_days(meta):
    client = make_client()
    row = submitted(client)
    meta.meta.profile = msgspec.structs.replace(meta.meta.profile, away="503")
    person = browser(make_user(client=client), "fr")
    url = f"/c/{client.slug}/templates/{row.template_id}"
    at_first = person.get(url).text
    tries = []

    for minute in range(200):
        clock.install(partial(operator.add, row.submitted_at, timedelta(minutes=minute)))
        tries += [minute] * whatsapp.hand_in_waiting()
    meanwhile = person.get(url).text
    clock.install(lambda: row.submitted_at + timedelta(days=3, hours=1))
    whatsapp.hand_in_waiting()

    assert tries == [0, 1, 3, 6, 12, 24, 48, 96, 156]
    assert state_of(row) == "unsent"
    assert "en route vers WhatsApp" in at_first
    assert "redemandé automatiquement" in meanwhile
    assert "HTTP 503" in meanwhile
    assert known_to_the_api(client, "rdv")["whatsapp"][1] == "unsent"
    assert whatsapp.hand_in_waiting() == 0


@pytest.mark.parametrize(("code", "state"), [(190, "submitting"), (-1, "submitting"), (100, "rejected")])
def test_only_a_fault_of_the_text_refuses_it(meta, monkeypatch, code, state):
    client = make_client()
    row = submitted(client)

    async def refuse(config, draft):
        raise graph.GraphFailed(code, "words of Meta")

    monkeypatch.setattr(graph, "create_template", refuse)
    whatsapp.hand_in(client.pk, row.pk)

    with client_scope(client.pk):
        after = WhatsappTemplate.objects.get()
    assert (after.state, after.reason) == (state, "words of Meta")


#: What Meta tells of a template, what it is then here, and whether programs may use it. Source: spec of the webhook.
TOLD = [
    ("APPROVED", "approved", True), ("REJECTED", "rejected", False), ("PENDING", "pending", False),
    ("PAUSED", "paused", False), ("DISABLED", "disabled", False), ("FLAGGED", "approved", True),
    ("IN_APPEAL", "pending", False), ("REINSTATED", "approved", True), ("PENDING_DELETION", "disabled", False),
    ("DELETED", "disabled", False), ("LIMIT_EXCEEDED", "rejected", False), ("ARCHIVED", "archived", False),
    ("UNARCHIVED", "approved", True), ("LOCKED", "pending", False), ("SOMETHING_NEW", "pending", False),
]  # fmt: skip


@pytest.mark.parametrize(("event", "state", "ready"), TOLD)
def test_each_word_of_meta_is_a_state_here_with_words_on_the_page(meta, event, state, ready):
    client = make_client()
    row = submitted(client)
    whatsapp.news(client.pk, row.name, "fr", state="PENDING")

    whatsapp.news(client.pk, row.name, "fr", state=event, reason="PROMOTIONAL")

    assert state_of(row) == state
    assert (known_to_the_api(client, "rdv")["whatsapp"][1] == "ready") is ready
    for language in ("fr", "en"):
        page = browser(make_user(client=client), language).get(f"/c/{client.slug}/templates/{row.template_id}").text
        assert "PROMOTIONAL" not in page
        assert (f"{row.template_id}/submit" in page) is (state == "rejected")
        with translation.override(language):
            after = WhatsappTemplate(state=state, event=event)
            assert escape(template_words.said(after)) in page


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ("service notice (utility)", "low: many people block or report it")),
        ("fr", ("notification de service (utility)", "basse : beaucoup le bloquent ou le signalent")),
    ],
)
def test_category_and_quality_are_said_in_words(meta, language, said):
    client = make_client()
    row = submitted(client)
    whatsapp.news(client.pk, row.name, "fr", state="APPROVED", category="UTILITY", quality="RED")

    page = browser(make_user(client=client), language).get(f"/c/{client.slug}/templates/{row.template_id}").text

    for words in said:
        assert words in page.replace("\u00a0", " ")


def test_a_locked_text_goes_on_being_sent(meta):
    client = make_client()
    row = submitted(client)
    whatsapp.news(client.pk, row.name, "fr", state="APPROVED")

    whatsapp.news(client.pk, row.name, "fr", state="LOCKED")

    assert state_of(row) == "approved"
    assert known_to_the_api(client, "rdv")["whatsapp"][1] == "ready"


def test_a_refused_text_leaves_the_one_in_use(meta):
    client = make_client()
    row = submitted(client)
    whatsapp.news(client.pk, row.name, "fr", state="APPROVED")
    later = submitted(client, Content(text="Bonsoir {{prenom}}"))

    whatsapp.news(client.pk, later.name, "fr", state="REJECTED")

    assert known_to_the_api(client, "rdv")["whatsapp"] == (1, "ready", TEXT.text)


@pytest.mark.parametrize("client_known", [True, False])
def test_an_earlier_text_in_use_is_stopped_and_freed_by_what_whatsapp_says_of_it(meta, client_known):
    client, other = make_client(), make_client()
    row, untouched = submitted(client), submitted(other)
    whatsapp.news(client.pk, row.name, "fr", state="APPROVED")
    whatsapp.news(other.pk, untouched.name, "fr", state="APPROVED")
    submitted(client, Content(text="Bonsoir {{prenom}}"))
    heard_by = client.pk if client_known else PLATFORM

    whatsapp.news(heard_by, row.name, "fr", state="PAUSED", reason="LOW_QUALITY")
    paused = known_to_the_api(client, "rdv")["whatsapp"]
    whatsapp.news(heard_by, row.name, "fr", state="APPROVED")

    assert paused[:2] == (1, "paused")
    assert known_to_the_api(client, "rdv")["whatsapp"] == (1, "ready", TEXT.text)
    assert known_to_the_api(other, "rdv")["whatsapp"][:2] == (1, "ready")
    assert state_of(row) == "submitting"


def test_looking_at_whatsapp_finds_a_pause_of_the_text_in_use_while_a_later_one_waits(meta):
    client = make_client()
    row = submitted(client)
    whatsapp.hand_in(client.pk, row.pk)
    whatsapp.news(client.pk, row.name, "fr", state="APPROVED")
    submitted(client, Content(text="Bonsoir {{prenom}}"))
    meta.meta.templates.find(row.name, "fr").status = "PAUSED"

    whatsapp.synchronise(client.pk)

    assert known_to_the_api(client, "rdv")["whatsapp"][:2] == (1, "paused")


def test_a_third_text_leaves_the_first_in_use_while_the_second_waits(meta):
    client = make_client()
    row = submitted(client)
    whatsapp.news(client.pk, row.name, "fr", state="APPROVED")
    submitted(client, Content(text="Bonsoir {{prenom}}"))

    submitted(client, Content(text="Salut {{prenom}}"))

    assert known_to_the_api(client, "rdv")["whatsapp"] == (1, "ready", TEXT.text)


def test_a_template_goes_to_no_account_of_another_client(engine_db, meta):
    client, owner = make_client(), make_client()
    with engine_db.connect("admin", autocommit=True) as admin:
        admin.execute("UPDATE engine_route SET client_id = %s WHERE code = 'wa'", [owner.pk])

    with pytest.raises(Refused, match="template_whatsapp_route"):
        submitted(client)
    row = submitted(owner)
    whatsapp.hand_in(owner.pk, row.pk)

    assert meta.meta.templates.find(row.name, "fr") is not None


def test_news_without_a_client_find_theirs(meta):
    client, other = make_client(), make_client()
    row, untouched = submitted(client), submitted(other)
    whatsapp.hand_in(client.pk, row.pk)
    with client_scope(PLATFORM):
        outbox.publish("template.updated", PLATFORM, name=row.name, language="fr", state="APPROVED", quality="GREEN")
        outbox.publish("template.updated", PLATFORM, name="nobody", language="fr", state="APPROVED")

    outbox.dispatch()
    whatsapp.news(client.pk, row.name, "fr", state="PAUSED", reason="LOW_QUALITY")

    with client_scope(client.pk):
        paused = WhatsappTemplate.objects.get()
    assert (paused.state, paused.quality, paused.reason) == ("paused", "GREEN", "LOW_QUALITY")
    assert known_to_the_api(client, "rdv")["whatsapp"][1] == "paused"
    assert state_of(untouched) == "submitting"


def test_without_a_text_or_a_route_nothing_is_handed_in(engine_db):
    client = make_client()
    with client_scope(client.pk):
        template = templates.write(
            client.pk, code="rdv", contents={"whatsapp": TEXT}, purpose="alert", actor="user:x"
        ).template
        with pytest.raises(Refused, match="template_whatsapp_route"):
            whatsapp.submit(client.pk, template.pk, actor="user:x")
        templates.write(client.pk, code="rdv", contents={"sms": Content(text="x")}, actor="user:x")
        with pytest.raises(Refused, match="template_whatsapp_none"):
            whatsapp.submit(client.pk, template.pk, actor="user:x")


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_page_hands_in_and_looks_again(meta, language):
    client, other = make_client(), make_client()
    with client_scope(client.pk):
        template = templates.write(
            client.pk, code="rdv", contents={"whatsapp": TEXT}, purpose="alert", actor="user:x"
        ).template
    person, hostile = browser(make_user(client=client), language), browser(make_user(client=other))
    url = f"/c/{client.slug}/templates/{template.pk}"

    before = person.get(url).text
    answers = [person.post(f"{url}/{act}").status_code for act in ("submit", "look")]
    after = person.get(url).text

    assert f"{url}/submit" in before
    assert answers == [302, 302]
    assert "whatsapp" in after.lower()
    for slug in (client.slug, other.slug):
        for act in ("submit", "look"):
            assert hostile.post(f"/c/{slug}/templates/{template.pk}/{act}").status_code == 404


def test_links_with_a_value_come_first_where_values_are_counted():
    content = Content(
        text="x",
        buttons=[
            Button(label="STOP", value="STOP"),
            Button(kind="call", label="Appeler", value="+33199001234"),
            Button(kind="url", label="Voir", value="https://example.com/{{code}}"),
        ],
    )

    shown = rules.components(content, {"code": "12"})[1]["buttons"]

    assert [each["type"] for each in shown] == ["URL", "QUICK_REPLY", "PHONE_NUMBER"]
    assert shown[0]["url"] == "https://example.com/{{1}}"
    assert shown[0]["example"] == ["https://example.com/12"]
