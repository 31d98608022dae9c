"""Ranges of numbers that staff closes by hand, and the switch for training."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core import mail

from sofy.accounts.tests.factories import make_user
from sofy.clients.models import Client
from sofy.clients.services import create_client
from sofy.clients.tests.factories import make_member
from sofy.engine.fraud.watch import RANGE_KIND
from sofy.kernel import clock, ids
from sofy.kernel.errors import Refused
from sofy.kit import outbox
from sofy.kit.keys import keystore
from sofy.kit.models import AuditEntry
from sofy.kit.rls import client_scope, staff_scope
from sofy.messaging.services import fraud, fraud_blocks, service_level
from sofy.messaging.tests.test_fraud import browser, client, gate, held, journal, waits
from sofy.messaging.tests.test_service_level import MONTH, becomes, passes, send, told

pytestmark = pytest.mark.clause("CGVU 15")
FIXTURES = (client,)
PREFIX = "+33 6 39 98"


def close(client: Client, **changes: Any) -> list[UUID]:
    given = {"purpose": "alert", "prefix": PREFIX, "reason": "ticket 12", "actor": "user:1"} | changes
    return fraud_blocks.close(client.pk, **given)


@pytest.mark.parametrize(("purpose", "closed"), [("alert", 1), ("marketing", 1), ("", 2)])
def test_a_range_is_closed_for_twelve_hours_and_what_waits_is_decided_anew(client, engine_db, purpose, closed):
    message = held(client, engine_db, "fraud_suspected")

    names = close(client, purpose=purpose)

    rows = [fraud.find(client.pk, name) for name in names]
    assert gate(engine_db) == ["block"] * closed
    assert {row.until - clock.now() for row in rows} == {timedelta(hours=12)}
    assert {(row.country, row.digits, row.note, row.verdict) for row in rows} == {("33", 8, "ticket 12", "block")}
    assert not waits(engine_db, message)
    assert journal(client).count("fraud.closed_by_hand") == closed
    with engine_db.connect(autocommit=True) as engine:
        found = engine.execute("SELECT range_hash, digits FROM gate_fraud").fetchall()
    expected = keystore().platform().index(RANGE_KIND, "+3363998")
    assert [(bytes(hashed), digits) for hashed, digits in found] == [(expected, 8)] * closed


def test_every_number_of_a_client_can_be_closed(client, engine_db):
    (name,) = close(client, prefix="")

    assert (fraud.find(client.pk, name).digits, fraud.find(client.pk, name).country) == (1, "")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"prefix": "3"}, "block_prefix"),
        ({"prefix": "+33 6 39 98 00 1"}, "block_prefix"),
        ({"prefix": "abc"}, "block_prefix"),
        ({"prefix": "٣٣٦"}, "block_prefix"),
        ({"reason": " "}, "block_reason"),
        ({"purpose": "service"}, "block_purpose"),
    ],
)
def test_what_is_no_range_is_refused_and_nothing_is_closed(client, engine_db, changes, code):
    with pytest.raises(Refused, match=code):
        close(client, **changes)

    assert gate(engine_db) == []


def test_closed_again_it_is_one_suspicion_with_the_new_reason(client, engine_db):
    (first,) = close(client)
    later = clock.now() + timedelta(hours=1)
    clock.install(lambda: later)

    (second,) = close(client, reason="ticket 13")

    row = fraud.find(client.pk, second)
    assert (first, row.note, row.until) == (second, "ticket 13", later + timedelta(hours=12))
    assert gate(engine_db) == ["block"]


@pytest.mark.parametrize(("decision", "state"), [("lift", "confirmed"), ("release", "released")])
def test_it_is_opened_again_at_once(client, engine_db, decision, state):
    (name,) = close(client)

    fraud.decide(fraud.find(client.pk, name), decision=decision, actor="user:1")

    assert gate(engine_db) == []
    assert fraud.find(client.pk, name).state == state
    assert f"fraud.{decision}" in journal(client)


def test_what_people_closed_cannot_become_a_safe_range(client, engine_db):
    (name,) = close(client)

    with pytest.raises(Refused, match="suspicion_decision"):
        fraud.decide(fraud.find(client.pk, name), decision="safe", actor="user:1")


@pytest.mark.clause("CGVU 28")
@pytest.mark.parametrize(("decision", "lost"), [("lift", 0), ("release", 1)])
def test_only_what_was_in_order_counts_as_held_by_mistake(client, engine_db, monkeypatch, decision, lost):
    monkeypatch.setattr(ids, "_last", 0)
    message = send(client)
    (name,) = close(client)
    becomes(engine_db, message, "withheld", reason="fraud_blocked", after_s=3)
    passes(minutes=5)
    assert told(client).withheld == 1

    fraud.decide(fraud.find(client.pk, name), decision=decision, actor="user:1")
    while service_level.count_next(client.pk):
        pass
    with client_scope(client.pk):
        assert service_level.of_month(client.pk, MONTH).lost == lost


def test_the_client_is_told_why_by_e_mail_and_on_its_page(client, engine_db):
    make_member(client, "developer", email="dev@example.test")
    close(client)

    outbox.dispatch()

    assert [one.to for one in mail.outbox] == [["dev@example.test"]]
    assert "ticket 12" in mail.outbox[0].body
    assert fraud.suspicions()[0].alerted == 1
    shown = browser(make_member(client, "marketer"), "fr").get(f"/c/{client.slug}/protection/").text
    assert "ticket 12" in shown
    assert "fermée par l’équipe de Sofy" in shown


FORM = {"close-digits": PREFIX, "close-purpose": "alert", "close-reason": "ticket 12"}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_staff_closes_and_opens_on_the_desk(client, engine_db, language):
    staff = browser(make_user(is_operator=True), language)

    done = staff.post("/op/fraud/close", FORM | {"close-client": str(client.pk)})
    (row,) = fraud.suspicions()
    desk, page = staff.get("/op/fraud/").text, staff.get(f"/op/fraud/{client.pk}/{row.id}")
    opened = staff.post(f"/op/fraud/{client.pk}/{row.id}", {"decision": "lift"})

    assert (done.status_code, opened.status_code) == (302, 302)
    assert "ticket 12" in desk
    assert ("the first 7 digits" if language == "en" else "les 7 premiers chiffres") in page.text
    assert gate(engine_db) == []


@pytest.mark.parametrize(
    "change",
    [
        {"close-client": "x"},
        {"close-client": ""},
        {"close-digits": "1"},
        {"close-reason": ""},
        {"close-purpose": "all"},
    ],
)
def test_what_cannot_be_closed_is_said_on_the_form(client, engine_db, change):
    staff = browser(make_user(is_operator=True))

    answer = staff.post("/op/fraud/close", FORM | {"close-client": str(client.pk)} | change)

    assert answer.status_code == 422
    assert "invalid-feedback" in answer.text
    assert gate(engine_db) == []


def test_nobody_else_closes_anything(client, engine_db):
    other = create_client(name="Autre", slug=f"c{ids.base58(8).lower()}")
    hostile = browser(make_user(client=other))

    assert hostile.post("/op/fraud/close", FORM | {"close-client": str(client.pk)}).status_code == 404
    assert hostile.post("/op/fraud/fiction", {"judge": "on"}).status_code == 404
    assert gate(engine_db) == []
    assert not fraud_blocks.judges_fiction()


def test_the_closed_range_of_a_client_is_nothing_to_another(client, engine_db):
    close(client)
    other = create_client(name="Autre", slug=f"c{ids.base58(8).lower()}")

    shown = browser(make_user(client=other)).get(f"/c/{other.slug}/protection/").text

    assert "ticket 12" not in shown


def test_numbers_that_nobody_has_are_judged_for_training_where_they_are_taken(client, engine_db, settings):
    staff = browser(make_user(is_operator=True))

    staff.post("/op/fraud/fiction", {"judge": "on"})

    assert fraud_blocks.judges_fiction()
    assert "Leave them alone" in staff.get("/op/fraud/").text
    staff.post("/op/fraud/fiction", {"judge": "off"})
    assert not fraud_blocks.judges_fiction()
    with staff_scope():
        actions = AuditEntry.objects.using("staff").filter(action__startswith="fraud.fiction")
        assert [row.action for row in actions.order_by("seq")] == ["fraud.fiction_on", "fraud.fiction_off"]
