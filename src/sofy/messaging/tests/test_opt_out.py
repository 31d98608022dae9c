"""Where the reader of an e-mail says no."""

from uuid import UUID

import pytest
from django.db import connection
from django.test import Client as Browser

from sofy.audience.models import ConsentEvent
from sofy.clients.services import create_client
from sofy.kernel import channels, clock, ids, opt_out
from sofy.kit.keys import keys_for, keystore
from sofy.kit.rls import client_scope
from sofy.messaging.views import opt_out as view

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def client(engine_db):
    clock.install(lambda: clock.DEMO_START)
    view._counts.clear()
    return create_client(name="Fleurs <du> Port", slug=f"c{ids.base58(8).lower()}")


def waiting(client, engine_db, *, purpose="marketing", address="anna@example.org") -> tuple[UUID, bytes]:
    """A message to an address that waits for an engine."""
    message, index = ids.uuid7(), keys_for(client.pk).index("email", address)
    with engine_db.connect("admin", autocommit=True) as admin:
        admin.execute(
            "INSERT INTO engine_state (client_id, message_id, recipient_index, status, rank, parts, accepted_at,"
            " updated_at) VALUES (%s, %s, %s, 'queued', 10, 1, %s, %s)",
            [client.pk, message, index, clock.now(), clock.now()],
        )
        admin.execute(
            "INSERT INTO engine_queue (client_id, message_id, lane, due_at) VALUES (%s, %s, %s, %s)",
            [client.pk, message, channels.lane(purpose, "email"), clock.now()],
        )
    return message, index


def address(client, message) -> str:
    return f"/u/{opt_out.make(keystore().entity(opt_out.KEY), client.pk, message)}"


def permission(client, index) -> str | None:
    with client_scope(client.pk), connection.cursor() as cursor:
        cursor.execute(
            "SELECT state FROM gate_permission WHERE client_id = %s AND recipient_index = %s AND channel = 'email'"
            " AND purpose = 'marketing'",
            [client.pk, index],
        )
        row = cursor.fetchone()
        return row[0] if row else None


def events(client) -> list[tuple[str, str, str]]:
    with client_scope(client.pk):
        return list(ConsentEvent.objects.filter(client_id=client.pk).values_list("channel", "state", "source"))


def status(client, message) -> str:
    with client_scope(client.pk), connection.cursor() as cursor:
        cursor.execute("SELECT status FROM engine_state WHERE client_id = %s AND message_id = %s", [client.pk, message])
        return str(cursor.fetchone()[0])


@pytest.mark.clause("CGVU 17")
@pytest.mark.django_db(databases=["default", "staff"])
@pytest.mark.parametrize("body", [ONE_CLICK, {}])
def test_one_request_without_session_says_no_everywhere(client, engine_db, body):
    message, index = waiting(client, engine_db)
    alert, _ = waiting(client, engine_db, purpose="alert")

    answer = Browser(enforce_csrf_checks=True).post(address(client, message), body)

    assert answer.status_code == 200
    assert "sessionid" not in answer.cookies
    assert permission(client, index) == "opposed"
    assert events(client) == [("email", "opposed", "unsubscribe")]
    assert (status(client, message), status(client, alert)) == ("cancelled", "queued")


@pytest.mark.django_db(databases=["default", "staff"])
def test_looking_changes_nothing_and_saying_it_twice_neither(client, engine_db):
    message, index = waiting(client, engine_db)
    browser = Browser()

    for method in (browser.get, browser.head):
        assert method(address(client, message)).status_code == 200
    assert permission(client, index) is None
    for _ in range(3):
        assert browser.post(address(client, message), ONE_CLICK).status_code == 200

    assert len(events(client)) == 1


@pytest.mark.django_db(databases=["default", "staff"])
def test_it_works_two_months_later(client, engine_db):
    message, index = waiting(client, engine_db)
    clock.install(lambda: clock.DEMO_START.replace(year=2027))

    Browser().post(address(client, message))

    assert permission(client, index) == "opposed"


@pytest.mark.django_db(databases=["default", "staff"])
@pytest.mark.parametrize(
    ("language", "question", "done", "unknown"),
    [
        ("en", "No more e-mails?", "You will get no more", "not complete"),
        ("fr", "Plus d’e-mails ?", "Vous ne recevrez plus", "incomplète"),
    ],
)
def test_the_pages_in_both_languages(client, engine_db, language, question, done, unknown):
    message, _ = waiting(client, engine_db)
    browser = Browser(headers={"accept-language": language})

    shown = browser.get(address(client, message))

    assert question in shown.content.decode()
    assert "Fleurs &lt;du&gt; Port" in shown.content.decode()
    assert shown["Referrer-Policy"] == "no-referrer"
    assert done in browser.post(address(client, message)).content.decode()
    assert unknown in browser.get("/u/broken").content.decode()


@pytest.mark.django_db(databases=["default", "staff"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_an_address_of_nobody_is_not_found(client, engine_db, method):
    message, _ = waiting(client, engine_db)
    forged = opt_out.make(b"x" * 32, client.pk, message)
    unknown = opt_out.make(keystore().entity(opt_out.KEY), client.pk, ids.uuid7())
    nobody = opt_out.make(keystore().entity(opt_out.KEY), ids.uuid7(), message)

    for token in ("x", forged, unknown, nobody):
        assert getattr(Browser(), method)(f"/u/{token}").status_code == 404
    assert events(client) == []


@pytest.mark.django_db(databases=["default", "staff"])
def test_another_client_keeps_its_readers(client, engine_db):
    other = create_client(name="Autre", slug=f"c{ids.base58(8).lower()}")
    message, index = waiting(client, engine_db)
    waiting(other, engine_db)

    Browser().post(address(client, message))

    assert events(other) == []
    assert permission(other, index) is None


@pytest.mark.django_db(databases=["default", "staff"])
def test_an_address_asked_for_too_often_waits(client, engine_db):
    message, _ = waiting(client, engine_db)
    answers = [Browser().post(address(client, message)).status_code for _ in range(25)]

    assert answers[:20] == [200] * 20
    assert set(answers[20:]) == {429}
    assert Browser().get("/u/broken").status_code == 404
