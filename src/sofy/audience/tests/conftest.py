from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.test import Client as Browser

from sofy.accounts.services import ensure_totp
from sofy.audience.models import Book, Contact
from sofy.audience.services import contacts
from sofy.clients.models import Client
from sofy.clients.tests.factories import make_client, make_member
from sofy.kernel import clock
from sofy.kit.rls import set_client


@pytest.fixture
def shop(db: None) -> Client:
    """A client whose rows this test sees."""
    clock.install(lambda: clock.DEMO_START)
    client = make_client("Boulangerie Noël")
    set_client(client.pk)
    return client


@pytest.fixture
def browse(shop: Client) -> Callable[..., Browser]:
    """A browser logged in as somebody of the shop; French unless told otherwise."""

    def login(role: str = "marketer", language: str = "fr", client: Client | None = None, **fields: Any) -> Browser:
        browser = Browser(headers={"accept-language": language})
        member = make_member(client or shop, role, **fields)
        if role == "owner":
            ensure_totp(member)
        browser.force_login(member)
        set_client(shop.pk)
        return browser

    return login


@pytest.fixture
def person(shop: Client) -> Callable[..., Contact]:
    """Make a contact of the shop by hand."""
    made = iter(range(10_000))

    def make(first: str = "Élodie", last: str = "Sœur", book: UUID | None = None, **fields: Any) -> Contact:
        number = fields.pop("phone", f"+336399800{next(made):02}")
        emails = fields.pop("emails", [])
        contact = contacts.save(
            client_id=shop.pk,
            fields={"first_name": first, "last_name": last, **fields},
            phones=[number],
            emails=emails,
            actor="test",
        )
        if book:
            contacts.add_to_book(client_id=shop.pk, ids=[contact.id], book_id=book, actor="test")
        return contact

    return make


@pytest.fixture
def book(shop: Client) -> Book:
    return contacts.create_book(client_id=shop.pk, name="Clients", actor="test")
