"""Messages that come back put their address on the client's list, and the client takes it off again."""

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.urls import reverse

from sofy.audience import handlers
from sofy.audience.arrays import cursor
from sofy.audience.models import ConsentEvent, Contact, Identity, Reach, Suppression
from sofy.audience.services import consent, suppression, unreachable
from sofy.clients.models import Client
from sofy.clients.tests.factories import make_client
from sofy.engine import intake
from sofy.kernel import clock, ids
from sofy.kit.keys import keys_for
from sofy.kit.models import AuditEntry
from sofy.kit.rls import set_client

pytestmark = pytest.mark.django_db(databases=["default", "staff"])
PHONE, MAIL = "+33639980001", "anna@example.org"


@pytest.fixture
def anna(shop: Client, person: Any) -> Contact:
    """Somebody who agreed to SMS and e-mails."""
    made: Contact = person("Anna", phone=PHONE, emails=[MAIL])
    for identity in Identity.objects.filter(client_id=shop.pk, contact_id=made.id):
        consent.record(
            client_id=shop.pk,
            identity_id=identity.id,
            purpose="marketing",
            state="granted",
            source="form",
            actor="test",
        )
    made.refresh_from_db()
    assert (made.sms, made.email) == (Reach.REACHABLE, Reach.REACHABLE)
    return made


def sent(
    client: Client, to: str, *, status: str = "failed", code: str = "5.1.1", channel: str = "", days: float = 0
) -> UUID:
    """A message and what became of it, so many days after the demo's Tuesday."""
    channel = channel or ("email" if "@" in to else "sms")
    message = intake.MessageIn(
        id=ids.uuid7(), purpose="alert", to=to, text="Bonjour", sender="MARTIN", short_code="36123", channel=channel
    )
    intake.submit(cursor().connection, client.pk, [message], keys=keys_for(client.pk))
    at = clock.DEMO_START + timedelta(days=days)
    with connection.cursor() as cur:
        cur.execute(
            "UPDATE engine_state SET status = %s, rank = 40, supplier_code = %s, accepted_at = %s, submitted_at = %s,"
            " final_at = %s WHERE client_id = %s AND message_id = %s",
            [status, code, at, at, at, client.pk, message.id],
        )
    assert message.id is not None
    return message.id


def reaches(contact: Contact) -> tuple[int, int]:
    contact.refresh_from_db()
    return contact.sms, contact.email


def gate(client: Client, to: str) -> str:
    """The gate's word for all purposes."""
    index = keys_for(client.pk).index("email" if "@" in to else "phone", to)
    with connection.cursor() as cur:
        cur.execute("SELECT state FROM gate_permission WHERE recipient_index = %s AND purpose = 'all'", [index])
        row = cur.fetchone()
    return row[0] if row else ""


def why(client: Client) -> list[str]:
    return list(Suppression.objects.filter(client_id=client.pk).values_list("reason", flat=True))


@pytest.mark.clause("CGVU 14.3")
@pytest.mark.parametrize(
    ("to", "code", "reason", "left"),
    [
        (PHONE, "1", "not_in_service", (Reach.OPTED_OUT, Reach.REACHABLE)),
        (MAIL, "5.1.1", "no_such_address", (Reach.REACHABLE, Reach.OPTED_OUT)),
    ],
)
def test_an_address_that_does_not_exist_goes_on_the_list(
    shop: Client, anna: Contact, to: str, code: str, reason: str, left: tuple[int, int]
) -> None:
    said = ConsentEvent.objects.filter(client_id=shop.pk).count()
    message = sent(shop, to, code=code)

    for _ in range(2):
        handlers.recipient_unreachable(client_id=shop.pk, message_id=str(message), channel="any")

    assert why(shop) == [reason]
    assert gate(shop, to) == "opposed"
    assert reaches(anna) == left
    assert ConsentEvent.objects.filter(client_id=shop.pk).count() == said, "nobody said anything"
    assert AuditEntry.objects.filter(client_id=shop.pk, action="suppression.unreachable").count() == 1


def test_the_client_writes_to_it_again_and_the_same_message_does_not_take_it_back(shop: Client, anna: Contact) -> None:
    message = sent(shop, MAIL)
    handlers.recipient_unreachable(client_id=shop.pk, message_id=str(message))

    clock.install(lambda: clock.DEMO_START + timedelta(hours=1))
    assert unreachable.put_back(client_id=shop.pk, kind="email", address=MAIL, actor="test")
    handlers.recipient_unreachable(client_id=shop.pk, message_id=str(message))

    assert (why(shop), gate(shop, MAIL)) == ([], "granted")
    assert reaches(anna) == (Reach.REACHABLE, Reach.REACHABLE)
    assert not unreachable.put_back(client_id=shop.pk, kind="email", address=MAIL, actor="test")
    clock.install(lambda: clock.DEMO_START + timedelta(days=1))
    handlers.recipient_unreachable(client_id=shop.pk, message_id=str(sent(shop, MAIL, days=1)))
    assert why(shop) == ["no_such_address"], "what comes back later counts again"


def test_a_message_that_arrived_after_all_says_nothing(shop: Client, anna: Contact) -> None:
    message = sent(shop, PHONE, status="delivered")

    handlers.recipient_unreachable(client_id=shop.pk, message_id=str(message))

    assert why(shop) == []


def test_a_channel_without_a_list_of_its_own_changes_nothing(shop: Client, anna: Contact) -> None:
    message = sent(shop, PHONE, channel="rcs")

    handlers.recipient_unreachable(client_id=shop.pk, message_id=str(message))

    assert (why(shop), reaches(anna)) == ([], (Reach.REACHABLE, Reach.REACHABLE))


@pytest.mark.clause("CGVU 14.3")
@pytest.mark.parametrize(
    ("_case", "days", "arrives", "listed"),
    [
        ("five over eight days", (0, 2, 4, 6, 8), None, True),
        ("four", (0, 4, 8, 12), None, False),
        ("five within a week", (0, 1, 2, 3, 4), None, False),
        ("one arrived between", (0, 2, 4, 6, 8), 5, False),
        ("one arrived before", (1, 3, 5, 7, 9), 0, True),
    ],
)
def test_a_full_mailbox_counts_after_a_streak(
    shop: Client, anna: Contact, _case: str, days: tuple[int, ...], arrives: int | None, listed: bool
) -> None:
    if arrives is not None:
        sent(shop, MAIL, status="delivered", code="", days=arrives)

    for day in days:
        clock.install(partial(lambda late: clock.DEMO_START + timedelta(days=late), day))
        message = sent(shop, MAIL, code="5.2.2", days=day)
        handlers.recipient_bounced(client_id=shop.pk, message_id=str(message))

    assert why(shop) == (["keeps_bouncing"] if listed else [])
    assert reaches(anna)[1] == (Reach.OPTED_OUT if listed else Reach.REACHABLE)


@pytest.mark.clause("CGVU 17")
def test_whoever_says_no_stays_on_the_list_when_the_address_is_put_back(shop: Client, anna: Contact) -> None:
    handlers.recipient_unreachable(client_id=shop.pk, message_id=str(sent(shop, MAIL)))

    added = suppression.add(client_id=shop.pk, phones=[], emails=[MAIL], reason="manual", source="", actor="test")

    assert (added, why(shop)) == (1, ["manual"])
    assert not unreachable.put_back(client_id=shop.pk, kind="email", address=MAIL, actor="test")
    assert reaches(anna)[1] == Reach.OPTED_OUT


@pytest.mark.clause("CGVU 17")
def test_a_consent_does_not_mend_an_address(shop: Client, anna: Contact) -> None:
    handlers.recipient_unreachable(client_id=shop.pk, message_id=str(sent(shop, MAIL)))
    identity = Identity.objects.get(client_id=shop.pk, contact_id=anna.id, kind="email")
    for state in ("opposed", "granted"):
        consent.record(
            client_id=shop.pk, identity_id=identity.id, purpose="marketing", state=state, source="form",
            evidence="form 12", actor="test",
        )  # fmt: skip

    assert (why(shop), reaches(anna)[1]) == (["no_such_address"], Reach.OPTED_OUT)


def test_a_hostile_client_names_a_message_of_another(shop: Client, anna: Contact) -> None:
    message, other = sent(shop, MAIL), make_client()
    set_client(other.pk)

    handlers.recipient_unreachable(client_id=other.pk, message_id=str(message))

    set_client(shop.pk)
    assert (why(shop), why(other)) == ([], [])


@pytest.mark.parametrize(("language", "words"), [("fr", "Adresse inexistante"), ("en", "Address does not exist")])
def test_the_page_of_the_contact_says_why_and_puts_it_back(
    shop: Client, anna: Contact, browse: Any, language: str, words: str
) -> None:
    handlers.recipient_unreachable(client_id=shop.pk, message_id=str(sent(shop, MAIL)))
    browser = browse(language=language)
    page = reverse("audience:contact", args=[shop.slug, anna.id])

    assert words in browser.get(page).content.decode()
    listed = browser.post(reverse("audience:suppressions", args=[shop.slug]), {"who": MAIL}).content.decode()
    assert "suppression/put-back" in listed

    back = browser.post(reverse("audience:suppression-put-back", args=[shop.slug]), {"who": MAIL, "contact": anna.id})
    assert back.url == page
    assert words not in browser.get(page).content.decode()


def test_who_only_reads_or_is_foreign_puts_nothing_back(shop: Client, anna: Contact, browse: Any) -> None:
    handlers.recipient_unreachable(client_id=shop.pk, message_id=str(sent(shop, MAIL)))
    other = make_client()
    address = reverse("audience:suppression-put-back", args=[shop.slug])

    assert browse("auditor").post(address, {"who": MAIL}).status_code == 403
    assert browse(client=other).post(address, {"who": MAIL}).status_code == 404
    theirs = reverse("audience:suppression-put-back", args=[other.slug])
    assert browse(client=other).post(theirs, {"who": MAIL}).status_code == 302
    set_client(shop.pk)
    assert why(shop) == ["no_such_address"]
