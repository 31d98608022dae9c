"""What people do about suspected fraud and held alerts: who sees what, and what happens to what waits."""

import json
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core import mail
from django.db import connection
from django.test import Client as Browser

from sofy.accounts.tests.factories import make_user
from sofy.clients.models import Client
from sofy.clients.services import create_client
from sofy.clients.tests.factories import make_member
from sofy.engine import intake
from sofy.engine.fraud.watch import RANGE_KIND
from sofy.engine.intake import MessageIn
from sofy.kernel import business_hours, clock, ids
from sofy.kernel.errors import Refused
from sofy.kit.keys import keys_for, keystore
from sofy.kit.models import AuditEntry
from sofy.kit.rls import client_scope
from sofy.messaging import handlers
from sofy.messaging.services import fraud

NUMBER = "+33639980001"
OFFER = "Soldes ! -50% en magasin"


@pytest.fixture
def client(engine_db: Any) -> Client:
    clock.install(lambda: clock.DEMO_START)
    return create_client(name="Fleurs du Port", slug=f"c{ids.base58(8).lower()}")


def browser(user: Any, language: str = "en") -> Browser:
    made = Browser(headers={"accept-language": language})
    made.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return made


def held(client: Client, engine_db: Any, reason: str, text: str = "Votre code") -> UUID:
    """A message of a client that waits for a person."""
    with client_scope(client.pk):
        given = MessageIn(purpose="alert", to=NUMBER, text=text, sender="FLEURS")
        (message,) = intake.submit(connection.connection, client.pk, [given], keys=keys_for(client.pk))
    with engine_db.connect(autocommit=True) as engine:
        engine.execute("UPDATE engine_queue SET due_at = 'infinity' WHERE message_id = %s", [message])
        engine.execute("UPDATE engine_state SET status = 'held', reason = %s WHERE message_id = %s", [reason, message])
    return message


def suspect(client: Client, engine_db: Any, message: UUID) -> fraud.Suspicion:
    """A suspicion as the detector writes it."""
    now, name = clock.now(), ids.uuid7()
    hashed = keystore().platform().index(RANGE_KIND, NUMBER[:-4])
    reasons = json.dumps([{"code": "sequence", "points": 8.0, "seen": 40.0, "usual": 0.0}])
    with engine_db.connect(autocommit=True) as engine:
        engine.execute(
            "INSERT INTO fraud_suspicion (client_id, id, purpose, range_hash, open_digits, country, verdict, score,"
            " reasons, messages, samples, until, first_at, last_at, alert_due_at)"
            " VALUES (%s, %s, 'alert', %s, 4, '33', 'hold', 8, %s, 40, %s, %s, %s, %s, %s)",
            [
                client.pk,
                name,
                hashed,
                reasons,
                [message],
                now + timedelta(hours=1),
                now,
                now,
                business_hours.deadline(now),
            ],
        )
        engine.execute(
            "INSERT INTO gate_fraud VALUES (%s, 'alert', %s, 'hold', %s, %s)",
            [client.pk, hashed, name, now + timedelta(hours=1)],
        )
    return fraud.find(client.pk, name)


def waits(engine_db: Any, message: UUID) -> bool:
    with engine_db.connect(autocommit=True) as engine:
        row = engine.execute("SELECT due_at = 'infinity' FROM engine_queue WHERE message_id = %s", [message]).fetchone()
    return bool(row and row[0])


def gate(engine_db: Any) -> list[str]:
    with engine_db.connect(autocommit=True) as engine:
        return [row[0] for row in engine.execute("SELECT verdict FROM gate_fraud").fetchall()]


def journal(client: Client) -> list[str]:
    with client_scope(client.pk):
        return list(AuditEntry.objects.filter(client_id=client.pk).order_by("seq").values_list("action", flat=True))


@pytest.mark.clause("CGVU 15")
@pytest.mark.parametrize(("decision", "left"), [("release", []), ("safe", []), ("confirm", ["block"]), ("lift", [])])
def test_what_waits_follows_what_staff_decides(client, engine_db, decision, left):
    message = held(client, engine_db, "fraud_suspected")
    row = suspect(client, engine_db, message)

    fraud.decide(row, decision=decision, actor="user:1")

    assert gate(engine_db) == left
    assert not waits(engine_db, message)
    assert f"fraud.{decision}" in journal(client)
    with pytest.raises(Refused):
        fraud.decide(row, decision=decision, actor="user:1")


@pytest.mark.clause("CGVU 15")
def test_the_clients_people_hear_of_it_by_e_mail_once_and_the_clock_stops(client, engine_db):
    make_member(client, "owner", email="owner@example.test")
    make_member(client, "marketer", email="marketer@example.test")
    row = suspect(client, engine_db, held(client, engine_db, "fraud_suspected"))

    for _ in range(2):
        with client_scope(client.pk):
            handlers.fraud_suspected(client_id=client.pk, suspicion_id=str(row.id))

    assert [one.to for one in mail.outbox] == [["owner@example.test"]]
    assert NUMBER[-4:] not in mail.outbox[0].body
    found = fraud.find(client.pk, row.id)
    assert found.alerted == 1
    assert found.alerted_at is not None
    assert "fraud.alerted" in journal(client)


@pytest.mark.parametrize(("count", "said"), [(1, "1 message vers un numéro"), (26, "26 messages vers des numéros")])
def test_the_e_mail_counts_in_the_singular_and_the_plural(count: int, said: str, client, engine_db):
    make_member(client, "owner", email="owner@example.test")
    row = suspect(client, engine_db, held(client, engine_db, "fraud_suspected"))
    with engine_db.connect(autocommit=True) as engine:
        engine.execute("UPDATE fraud_suspicion SET messages = %s WHERE id = %s", [count, row.id])

    with client_scope(client.pk):
        handlers.fraud_suspected(client_id=client.pk, suspicion_id=str(row.id))

    assert said in mail.outbox[0].body


@pytest.mark.clause("CGVU 15")
def test_a_client_that_was_not_told_in_time_is_shown_as_late(client, engine_db):
    row = suspect(client, engine_db, held(client, engine_db, "fraud_suspected"))
    assert not row.late

    clock.install(lambda: row.alert_due_at + timedelta(minutes=1))

    assert fraud.find(client.pk, row.id).late


@pytest.mark.parametrize("language", ["en", "fr"])
def test_staff_opens_numbers_only_with_an_entry_in_the_journal(client, engine_db, language):
    row = suspect(client, engine_db, held(client, engine_db, "fraud_suspected"))
    staff = browser(make_user(is_operator=True), language)
    address = f"/op/fraud/{client.pk}/{row.id}"

    desk, closed = staff.get("/op/fraud/"), staff.get(address)
    opened = staff.post(address, {"decision": "samples"})

    assert "Fleurs du Port" in desk.text
    assert "06 39 98 00 01" not in closed.text
    assert "06 39 98 00 01" in opened.text
    assert "fraud.samples_read" in journal(client)


@pytest.mark.clause("CGVU 14.2")
@pytest.mark.parametrize("release", [True, False])
def test_a_held_alert_is_let_go_or_not(client, engine_db, release):
    message = held(client, engine_db, "alert_reads_like_marketing", OFFER)
    with engine_db.connect(autocommit=True) as engine:
        engine.execute(
            "INSERT INTO gate_misuse (client_id, text_hash, score, reasons, messages, samples, first_at, last_at)"
            " VALUES (%s, 'abc', 8, '[]', 1, %s, now(), now())",
            [client.pk, [message]],
        )
    (text,) = fraud.texts()
    staff = browser(make_user(is_operator=True))

    page = staff.get(f"/op/fraud/{client.pk}/texts/{text.key}")
    staff.post(f"/op/fraud/{client.pk}/texts/{text.key}", {"decision": "release" if release else "refuse"})

    assert OFFER in page.text
    assert not waits(engine_db, message)
    assert fraud.texts()[0].verdict == ("released" if release else "refused")
    assert "misuse.read" in journal(client)


@pytest.mark.clause("CGVU 7.2", "CGVU 11")
def test_an_emergency_suspension_is_a_cause_of_its_own(client, engine_db):
    staff = browser(make_user(is_operator=True))

    staff.post(f"/op/fraud/{client.pk}/suspend")

    row = _client(client)
    assert (row.state, row.suspension_cause) == ("suspended", "fraud")
    assert row.suspended_at == clock.now()


def _client(client: Client) -> Client:
    with client_scope(client.pk):
        return Client.objects.get(pk=client.pk)


def test_the_switch_and_the_safe_list_are_staffs(client, engine_db):
    staff = browser(make_user(is_operator=True))

    staff.post("/op/fraud/switch", {"enforce": "off"})
    wrong = staff.post("/op/fraud/safe", {"digits": "0612", "reason": "ours"})
    staff.post("/op/fraud/safe", {"digits": "+33 6 12", "reason": "ours"})

    assert not fraud.enforced()
    assert wrong.status_code == 422
    with engine_db.connect(autocommit=True) as engine:
        assert engine.execute("SELECT digits FROM fraud_safe").fetchall() == [(6,)]


@pytest.mark.parametrize(("language", "whole"), [("en", "All clients"), ("fr", "Tous les clients")])
def test_what_is_never_judged_is_listed_and_can_be_judged_again(client, engine_db, language, whole):
    row = suspect(client, engine_db, held(client, engine_db, "fraud_suspected"))
    staff = browser(make_user(is_operator=True), language)
    staff.post("/op/fraud/safe", {"digits": "+33 6 12", "reason": "our test phones"})
    staff.post(f"/op/fraud/{client.pk}/{row.id}", {"decision": "safe"})

    listed = staff.get("/op/fraud/").text
    ways = sorted(re.findall(r'action="(/op/fraud/safe/[^"]+/remove)"', listed))
    gone = staff.post(ways[0])
    again = staff.post(ways[0])

    assert "our test phones" in listed
    assert whole in listed
    assert len(ways) == 2
    assert (gone.status_code, again.status_code) == (302, 404)
    (left,) = fraud.safe_ranges()
    assert left.client_id == client.pk
    assert browser(make_member(client, "marketer")).post(ways[1]).status_code == 404


@pytest.mark.parametrize(
    ("language", "country", "size", "unit"),
    [
        ("en", "France (+33)", "a range of 10,000 numbers", "new numbers lately"),
        ("fr", "France (+33)", "une plage de 10\u202f000 numéros", "nouveaux numéros ces derniers temps"),
    ],
)
def test_a_suspicion_names_its_country_its_size_and_what_its_figures_count(
    client, engine_db, language, country, size, unit
):
    row = suspect(client, engine_db, held(client, engine_db, "fraud_suspected"))
    staff = browser(make_user(is_operator=True), language)

    page = staff.get(f"/op/fraud/{client.pk}/{row.id}").text
    mine = browser(make_member(client, "developer"), language).get(f"/c/{client.slug}/protection/").text

    for text in (page, mine):
        assert country in text
        assert size in text
    assert unit in page
    assert (
        '<td class="num" data-label="Seen">40</td>' in page or '<td class="num" data-label="Constaté">40</td>' in page
    )


@pytest.mark.parametrize(
    ("language", "said"), [("en", "numbers one after the other"), ("fr", "numéros qui se suivent")]
)
def test_a_client_sees_what_was_held_and_why_and_nothing_of_another(client, engine_db, language, said):
    suspect(client, engine_db, held(client, engine_db, "fraud_suspected"))
    other = create_client(name="Autre", slug=f"c{ids.base58(8).lower()}")

    mine = browser(make_member(client, "developer"), language).get(f"/c/{client.slug}/protection/")
    theirs = browser(make_member(other, "developer"), language).get(f"/c/{other.slug}/protection/")

    assert said in mine.text
    assert said not in theirs.text


def test_the_desk_is_not_there_for_a_client(client, engine_db):
    row = suspect(client, engine_db, held(client, engine_db, "fraud_suspected"))
    stranger = browser(make_member(client, "marketer"))

    assert stranger.get("/op/fraud/").status_code == 404
    assert stranger.get(f"/op/fraud/{client.pk}/{row.id}").status_code == 404
    assert stranger.post(f"/op/fraud/{client.pk}/suspend").status_code == 404


@pytest.mark.clause("CGVU 14.2")
def test_the_client_hears_that_its_alerts_wait(client, engine_db):
    make_member(client, "owner", email="owner@example.test")

    with client_scope(client.pk):
        handlers.alert_misuse(client_id=client.pk, text="00")

    assert [one.to for one in mail.outbox] == [["owner@example.test"]]
    assert f"/c/{client.slug}/protection/" in mail.outbox[0].body
