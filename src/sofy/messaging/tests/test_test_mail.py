"""An e-mail that is tried by who writes it leaves by the engine, as a campaign would."""

import pytest
from django.core import mail

from sofy.accounts.tests.factories import make_user
from sofy.audience.models import ConsentEvent
from sofy.audience.services import saying_no
from sofy.clients.tests.factories import make_client
from sofy.engine.intake import decode_payload
from sofy.kernel import clock, ids
from sofy.kernel.content import OPT_OUT_URL, Content
from sofy.kit.keys import keys_for
from sofy.kit.rls import client_scope
from sofy.messaging.models import Sender
from sofy.messaging.services import test_mail
from sofy.messaging.tests.test_email_editor import FORM
from sofy.messaging.tests.test_pages import browser


@pytest.fixture
def by_mail(engine_db):
    """A client with a route for e-mails and an address of its own, at ten in the morning."""
    clock.install(lambda: clock.DEMO_START.replace(hour=9))
    client = make_client()
    with engine_db.connect("admin", autocommit=True) as admin:
        admin.execute(
            "INSERT INTO engine_route (id, code, name, connector, channel, price_eur, created_at, updated_at,"
            " encodings) VALUES (%s, 'mail', 'Mail', 'email_smtp', 'email', 0.002, now(), now(), '{utf8}')",
            [ids.uuid7()],
        )
    with client_scope(client.pk):
        Sender.objects.create(client_id=client.pk, channel="email", name="bonjour@four.example", created_by="user:test")
    return client


def press_test(client, user, language="en", **more):
    return browser(user, language).post(f"/c/{client.slug}/templates/mail/new", FORM | {"do": "test"} | more)


def accepted(engine_db, client):
    """(channel, purpose, sender, price, what is said) of the messages that the engine was given."""
    with engine_db.connect("admin") as admin:
        rows = admin.execute(
            "SELECT id, channel, purpose, sender, unit_price_eur, payload FROM engine_message WHERE client_id = %s",
            [client.pk],
        ).fetchall()
    keys = keys_for(client.pk)
    return [
        (*row[1:4], str(row[4]), decode_payload(keys.unseal("engine_message", "payload", row[0], row[5])))
        for row in rows
    ]


@pytest.mark.clause("CGVU 14.1", "CGVU 17")
def test_a_test_goes_to_whoever_asks_through_the_engine_with_the_sample_values(by_mail, engine_db):
    user = make_user(client=by_mail)

    answer = press_test(by_mail, user)

    assert (answer.status_code, mail.outbox) == (200, [])
    assert f"A test is on its way to {user.email}" in answer.text
    ((channel, purpose, sender, price, said),) = accepted(engine_db, by_mail)
    assert (channel, purpose, sender, price) == ("email", "marketing", "bonjour@four.example", "0.002000")
    assert said.to == user.email
    assert "Soldes de Lyon" in said.content.text
    assert OPT_OUT_URL in said.content.html
    with client_scope(by_mail.pk):
        agreed = ConsentEvent.objects.get()
    assert (agreed.channel, agreed.purpose, agreed.state, agreed.detail) == (
        "email",
        "marketing",
        "granted",
        "test send",
    )


@pytest.mark.clause("CGVU 17")
def test_a_test_is_refused_to_who_said_no(by_mail, engine_db):
    user = make_user(client=by_mail)
    index = keys_for(by_mail.pk).index("email", user.email)
    with client_scope(by_mail.pk):
        saying_no.oppose(client_id=by_mail.pk, identity_index=index, channel="email", source="unsubscribe")

    answer = press_test(by_mail, user)

    assert answer.status_code == 422
    assert "said no to e-mails" in answer.text
    assert accepted(engine_db, by_mail) == []


@pytest.mark.clause("CGVU 14.1")
@pytest.mark.parametrize(
    ("language", "told"), [("en", "leaves when marketing may"), ("fr", "partira quand le marketing")]
)
def test_a_test_of_marketing_waits_for_the_hours(by_mail, engine_db, language, told):
    clock.install(lambda: clock.DEMO_START.replace(hour=22))

    answer = press_test(by_mail, make_user(client=by_mail, language=language), language)

    assert told in answer.text
    assert len(accepted(engine_db, by_mail)) == 1


def test_a_test_of_an_alert_needs_no_consent(by_mail, engine_db):
    clock.install(lambda: clock.DEMO_START.replace(hour=22))

    answer = press_test(by_mail, make_user(client=by_mail), purpose="alert")

    assert "is on its way" in answer.text
    assert accepted(engine_db, by_mail)[0][1] == "alert"
    with client_scope(by_mail.pk):
        assert not ConsentEvent.objects.exists()


def test_nobody_sends_themselves_more_than_twenty_tests_a_day(by_mail, engine_db):
    user, other = make_user(client=by_mail), make_user(client=by_mail)
    with client_scope(by_mail.pk):
        for _number in range(test_mail.MOST_A_DAY):
            test_mail.send(by_mail, Content(text="a"), purpose="alert", to=user.email, actor=user.actor)

    assert "20 tests today" in press_test(by_mail, user).text
    assert "is on its way" in press_test(by_mail, other).text


@pytest.mark.parametrize(
    ("lacks", "told"), [("route", "No route leads to e-mail"), ("sender", "address of yours is approved")]
)
def test_what_a_test_lacks_is_said(by_mail, engine_db, lacks, told):
    with engine_db.connect("admin", autocommit=True) as admin:
        admin.execute("DELETE FROM engine_route" if lacks == "route" else "DELETE FROM messaging_sender")

    answer = press_test(by_mail, make_user(client=by_mail))

    assert (answer.status_code, told in answer.text) == (422, True)
    assert accepted(engine_db, by_mail) == []
