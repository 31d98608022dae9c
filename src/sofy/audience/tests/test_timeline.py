from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse

from sofy.audience.models import Contact
from sofy.clients.models import Client
from sofy.engine import intake
from sofy.engine.intake import MessageIn
from sofy.kernel import clock
from sofy.kernel.content import Content
from sofy.kit.keys import keys_for
from sofy.kit.rls import client_scope

pytestmark = pytest.mark.django_db(databases=["default", "staff"])

MAIL = {"channel": "email", "to": "zoe@example.org", "sender": "bonjour@my-shop.example"}
MOBILE = {"to": "+33639980077", "sender": "FLEURS"}


def handed_over(shop: Client, contact: Contact, **more: Any) -> None:
    """A message that left for somebody a moment ago."""
    message = MessageIn(
        purpose="alert", text="Bonjour", contact_id=contact.id, content=Content(subject="Bonjour"), **more
    )
    with client_scope(shop.pk), connection.cursor() as cursor:
        ids: list[UUID] = intake.submit(connection.connection, shop.pk, [message], keys=keys_for(shop.pk))
        cursor.execute(
            "INSERT INTO engine_event (client_id, message_id, contact_id, kind, at)"
            " VALUES (%s, %s, %s, 'submitted', %s)",
            [shop.pk, ids[0], contact.id, clock.now()],
        )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (MOBILE, "Remis à l’opérateur"),
        (MOBILE | {"channel": "rcs"}, "Remis au service RCS"),
        (MOBILE | {"channel": "whatsapp"}, "Remis à WhatsApp"),
        (MAIL, "Remis au serveur de messagerie"),
    ],
)
def test_a_person_is_told_who_has_a_message_in_the_words_of_its_channel(
    given: dict[str, str], words: str, shop: Client, person: Callable[..., Contact], browse: Callable[..., Browser]
) -> None:
    contact = person()
    handed_over(shop, contact, **given)

    page = browse(language="fr").get(reverse("audience:contact", args=[shop.slug, contact.id])).content.decode()

    assert words in page
    assert page.count("Remis ") == 1
