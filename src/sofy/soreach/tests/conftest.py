from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from django.test import Client as Browser

from sofy.accounts.tests.factories import make_user
from sofy.audience.models import Contact
from sofy.clients.models import Client
from sofy.clients.services import create_establishment
from sofy.kernel import clock
from sofy.kit.rls import client_scope
from sofy.soreach.models import Campaign
from sofy.soreach.services.expand import expand
from sofy.soreach.tests import factories


@dataclass
class World:
    """A client with a route, committed, and the people who work there."""

    client: Client
    route_id: UUID
    database: Any

    def browser(self, role: str = "owner", language: str = "en", user: Any = None) -> Browser:
        """Somebody of the client at a browser."""
        made = Browser(headers={"accept-language": language})
        user = user or make_user(
            client=self.client, role=role, establishments=self.shops() if role == "store_manager" else ()
        )
        made.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
        return made

    def shops(self) -> list[UUID]:
        """One shop, for a store manager."""
        with client_scope(self.client.pk):
            return [create_establishment(self.client, name="Lyon").pk]

    def url(self, campaign: Campaign | None = None, page: str = "") -> str:
        """The address of a page of this room."""
        base = f"/c/{self.client.slug}/campaigns/"
        return f"{base}{campaign.id}/{page}" if campaign else base + page

    def draft(self, people: int = 3, **columns: Any) -> Campaign:
        """A draft that passes every check, for some people who agreed and one who did not."""
        with client_scope(self.client.pk):
            if not Contact.objects.exists():
                for number in range(people):
                    factories.make_contact(self.client, number)
                factories.make_contact(self.client, 9000, state="")
            return factories.make_campaign(self.client, self.route_id, **columns)

    def sent(
        self, people: int = 12, text: str = "{{ prenom }} https://a.example/x STOP SMS 36111", **columns: Any
    ) -> Campaign:
        """A campaign whose messages came to something: delivered, failed, withheld, unknown."""
        campaign = self.draft(
            people, text=text, status="expanding", launched_at=clock.now(), starts_at=clock.now(), **columns
        )
        expand(self.client.pk, campaign.id)
        with self.database.connect("admin", autocommit=True) as admin:
            factories.play(admin, campaign)
        with client_scope(self.client.pk):
            campaign.refresh_from_db()
        return campaign

    def reload(self, campaign: Campaign) -> Campaign:
        """The campaign as it is now."""
        with client_scope(self.client.pk):
            campaign.refresh_from_db()
        return campaign


@pytest.fixture
def world(engine_db: Any) -> World:
    clock.install(lambda: clock.DEMO_START)
    return World(factories.make_client(), factories.make_route(engine_db.database.admin_url), engine_db)


@pytest.fixture
def at() -> Callable[[Any], None]:
    """Move the clock."""

    def move(instant: Any) -> None:
        clock.install(lambda: instant)

    return move
