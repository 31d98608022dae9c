"""Webhooks on their pages and in their services: added, changed, disabled, told once more; never another client's."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection

from sofy.accounts.tests.factories import make_user
from sofy.clients.tests.factories import make_client
from sofy.kernel import clock, ids
from sofy.kernel.errors import Refused
from sofy.kit import outbox
from sofy.kit.models import AuditEntry, OutboxRow
from sofy.kit.rls import client_scope
from sofy.messaging.services import webhooks
from sofy.messaging.tests.test_pages import browser

URL = "http://127.0.0.1:9/hook/s3cret-path"
ACTOR = "user:x"


@pytest.fixture(autouse=True)
def _committed(engine_db):
    """Two log-ins see what the other one wrote."""


def add(client, url=URL, events=(), batch=1):
    with client_scope(client.pk):
        return webhooks.add(client.pk, url=url, events=events, batch=batch, actor=ACTOR)


def deliver(client, webhook_id, state="failed", problem="timeout"):
    """A request that was made, as the process leaves it."""
    name = ids.uuid7()
    with client_scope(client.pk), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO engine_delivery (client_id, endpoint_id, id, kinds, ats, orders, messages, state, attempt,"
            " since, due_at, problem, latency_ms)"
            " VALUES (%s, %s, %s, '{delivered}', ARRAY[%s], '{1}', %s, %s, 3, %s, %s, %s, 12)",
            [client.pk, webhook_id, name, clock.now(), [ids.uuid7()], state, clock.now(), clock.now(), problem],
        )
    return name


def secret_on(answer):
    found = re.search(r"whsec_[\w+/=]+", answer.text)
    assert found
    return found[0]


def state_of(client, delivery_id):
    with client_scope(client.pk), connection.cursor() as cursor:
        cursor.execute("SELECT state, attempt FROM engine_delivery WHERE id = %s", [delivery_id])
        return cursor.fetchone()


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_webhook_is_added_shown_changed_and_removed(language):
    client = make_client()
    page, root = browser(make_user(client=client, role="developer"), language), f"/c/{client.slug}/webhooks/"
    empty = page.get(root)
    made = page.post(f"{root}new", {"url": URL, "events": ["message.delivered"], "batch": "1"})
    secret = secret_on(made)
    with client_scope(client.pk):
        (webhook,) = webhooks.webhooks(client.pk)
    shown = page.get(f"{root}{webhook.id}")
    rotated = page.post(f"{root}{webhook.id}/rotate")
    changed = page.post(f"{root}{webhook.id}/edit", {"url": URL, "events": [], "batch": "100"})
    tested = page.post(f"{root}{webhook.id}/test", follow=True)
    with client_scope(client.pk):
        (after,) = webhooks.webhooks(client.pk)
    removed = page.post(f"{root}{webhook.id}/remove", follow=True)

    assert [answer.status_code for answer in (empty, made, shown, rotated, tested, removed)] == [200] * 6
    assert changed.status_code == 302
    assert made.headers["cache-control"] == "no-store"
    assert secret not in shown.text + page.get(root).text
    assert secret_on(rotated) != secret
    assert ("message.delivered" in shown.text, webhook.events) == (True, ["message.delivered"])
    assert (after.events, after.batch, after.waiting) == ([], 100, 1)
    assert page.get(f"{root}{webhook.id}").status_code == 404
    with client_scope(client.pk):
        entries = AuditEntry.objects.filter(client_id=client.pk, action__startswith="webhook.")
        assert [entry.action for entry in entries.order_by("seq")] == [
            "webhook.added", "webhook.rotated", "webhook.changed", "webhook.removed",
        ]  # fmt: skip
        assert not any("s3cret" in str(entry.facts) for entry in entries)


@pytest.mark.parametrize(
    ("form", "language", "words"),
    [({"url": "http://10.0.0.1/"}, "en", "not on the public internet"),
     ({"url": "http://10.0.0.1/"}, "fr", "pas sur l’internet public"),
     ({"url": "http://me:secret@shop.example/"}, "en", "user name and password"),
     ({"url": "nowhere"}, "en", "no address of a program"),
     ({"url": URL, "events": ["message.eaten"]}, "en", "message.eaten"),
     ({"url": URL, "batch": "501"}, "en", "500")],
)  # fmt: skip
def test_what_cannot_be_a_webhook_is_said_where_it_is_typed(form, language, words):
    client = make_client()

    answer = browser(make_user(client=client), language).post(
        f"/c/{client.slug}/webhooks/new", {"batch": "1", "events": [], **form}
    )

    assert answer.status_code == 422
    assert words in answer.text
    with client_scope(client.pk):
        assert webhooks.webhooks(client.pk) == []


@pytest.mark.parametrize("language", ["fr", "en"])
def test_requests_are_listed_and_told_once_more(language):
    client = make_client()
    page = browser(make_user(client=client), language)
    webhook_id, _ = add(client)
    one, two, done = deliver(client, webhook_id), deliver(client, webhook_id), deliver(client, webhook_id, "delivered")
    root = f"/c/{client.slug}/webhooks/{webhook_id}"

    listed, failed = page.get(root), page.get(f"{root}?state=failed")
    first = page.post(f"{root}/deliveries/{done}/replay", follow=True)
    second = page.post(f"{root}/replay", {"since": f"{clock.today() - timedelta(days=1):%Y-%m-%d}"}, follow=True)
    wrong = page.post(f"{root}/replay", {"since": "yesterday"}, follow=True)
    none = page.post(f"{root}/replay", {"since": f"{clock.today() - timedelta(days=1):%Y-%m-%d}"}, follow=True)

    words = {"fr": "pas de réponse en 15", "en": "no answer within 15"}[language]
    assert [words in answer.text for answer in (listed, failed)] == [True, True]
    assert failed.text.count(words) == 2
    assert [answer.status_code for answer in (first, second, wrong)] == [200] * 3
    assert [state_of(client, each) for each in (one, two, done)] == [("waiting", 0)] * 3
    assert "2 " in second.text
    assert {"fr": "Rien n’a été abandonné", "en": "Nothing was given up"}[language] in none.text


def test_other_people_of_the_client_look_and_strangers_do_not():
    client, other = make_client(), make_client()
    webhook_id, _ = add(client)
    delivery = deliver(client, webhook_id)
    root = f"/c/{client.slug}/webhooks/"
    reader, seller = (browser(make_user(client=client, role=role)) for role in ("auditor", "marketer"))
    stranger = browser(make_user(client=other))
    smuggled = f"/c/{other.slug}/webhooks/{webhook_id}"

    assert [reader.get(root).status_code, reader.get(f"{root}{webhook_id}").status_code] == [200, 200]
    assert reader.post(f"{root}{webhook_id}/remove").status_code == 403
    assert seller.get(root).status_code in (403, 404)
    for path in (root, f"{root}{webhook_id}", smuggled, f"{smuggled}/edit"):
        assert stranger.get(path).status_code == 404
    for action in ("rotate", "remove", "enable", "test", "replay", f"deliveries/{delivery}/replay"):
        assert stranger.post(f"{smuggled}/{action}").status_code == 404
    with client_scope(other.pk), pytest.raises(Refused):
        webhooks.replay(other.pk, webhook_id, delivery, actor=ACTOR)
    assert state_of(client, delivery) == ("failed", 3)


@pytest.mark.parametrize("because", ["gone", "failing"])
def test_owners_and_developers_are_told_that_a_webhook_is_disabled(because):
    client = make_client("Fleurs du Port")
    owner = make_user(client=client, language="fr")
    developer = make_user(client=client, role="developer", language="en")
    make_user(client=client, role="marketer")
    webhook_id, _ = add(client)
    with client_scope(client.pk), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE gate_endpoint SET state = 'disabled', disabled_at = %s, disabled_because = %s",
            [clock.now(), because],
        )
        payload = {"webhook_id": str(webhook_id), "because": because}
        OutboxRow(client_id=client.pk, topic="webhook.disabled", payload=payload).save(force_insert=True)

    outbox.dispatch()

    sent = {message.to[0]: message for message in mail.outbox}
    page = browser(owner, "fr").get(f"/c/{client.slug}/webhooks/{webhook_id}")
    assert set(sent) == {owner.email, developer.email}
    assert "désactivé" in sent[owner.email].subject
    assert "is disabled" in sent[developer.email].subject
    assert "s3cret" not in sent[owner.email].body
    assert f"/webhooks/{webhook_id}" in sent[developer.email].body
    assert "Désactivé le" in page.text
    browser(owner).post(f"/c/{client.slug}/webhooks/{webhook_id}/enable")
    with client_scope(client.pk):
        assert webhooks.find(client.pk, webhook_id).state == "active"


def test_a_client_has_twenty_webhooks_at_most():
    client = make_client()
    for _ in range(20):
        add(client)

    with pytest.raises(Refused) as refused:
        add(client)

    assert refused.value.code == "webhooks_too_many"
