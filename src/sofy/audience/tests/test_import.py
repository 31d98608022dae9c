"""Files into books: counts, consent, duplicates, bad rows."""

from pathlib import Path
from typing import Any

import pytest

from sofy.audience.models import Contact, Identity, Reach
from sofy.audience.tests.factories import import_rows, make_book, person
from sofy.clients.models import Client
from sofy.clients.tests.factories import make_client

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(as_client: Any) -> Client:
    made = make_client()
    as_client(made)
    return made


def test_import_stores_people(client: Client, tmp_path: Path) -> None:
    book = make_book(client)

    result = import_rows(client, book, tmp_path / "a.csv", person(1), person(2, consent="non"), person(3, consent=""))

    assert (result.imported, result.updated, result.rejected, result.reachable_sms) == (3, 0, 0, 1)
    first = Contact.objects.get(client_id=client.pk, sms=Reach.REACHABLE)
    assert (first.first_name, first.last_name, first.title, first.town_key) == ("Élodie", "Sœur", "mrs", "paris")
    phone = Identity.objects.get(client_id=client.pk, contact_id=first.id, kind="phone")
    assert (phone.value, phone.mobile) == ("+33639980001", True)
    assert Contact.objects.filter(client_id=client.pk, sms=Reach.OPTED_OUT).count() == 1
    assert Contact.objects.filter(client_id=client.pk, sms=Reach.NO_CONSENT).count() == 1
