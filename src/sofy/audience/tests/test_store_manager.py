"""Somebody limited to some establishments sees their people and nobody else, wherever people are shown."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.http import HttpRequest
from django.test import Client as Browser
from django.urls import reverse

from sofy.audience import pages, vault
from sofy.audience.models import Contact
from sofy.audience.segments import services, tree
from sofy.audience.services import contacts, export
from sofy.clients.models import Client
from sofy.clients.services import create_establishment
from sofy.kernel.errors import Refused
from sofy.kernel.ids import uuid7
from sofy.kit.keys import keys_for

pytestmark = pytest.mark.django_db(databases=["default", "staff"])
OUTSIDE = "06 39 98 00 77"


@dataclass
class Two:
    """One contact of the manager's shop, one of another, and the manager's browser."""

    inside: Contact
    outside: Contact
    browser: Browser


@pytest.fixture
def two(shop: Client, person: Callable[..., Contact], browse: Callable[..., Browser]) -> Iterator[Two]:
    mine = create_establishment(shop, name="Rivoli").pk
    inside = person("Anna", "Martin", establishment_id=mine, language="fr")
    outside = person("Bruno", "Martin", phone="+33639980077", language="fr")
    shop.viewer_establishments = frozenset({mine})
    yield Two(inside, outside, browse("store_manager", establishments=[mine], language="en"))
    shop.viewer_establishments = None


def test_finding_by_number_tells_nothing(two: Two, shop: Client) -> None:
    page = two.browser.post(reverse("audience:contact-find", args=[shop.slug]), {"q": OUTSIDE}, follow=True)

    assert "No contact has this phone number" in page.content.decode()
    assert "Bruno" not in page.content.decode()


def test_finding_by_name_shows_theirs(two: Two, shop: Client) -> None:
    page = two.browser.get(reverse("audience:contacts", args=[shop.slug]) + "?name=martin").content.decode()

    assert "Anna" in page
    assert "Bruno" not in page


def test_the_command_bar_finds_theirs_only(two: Two, shop: Client) -> None:
    request = cast(HttpRequest, SimpleNamespace(client=shop))

    assert list(pages.find_contact(request, OUTSIDE)) == []


def test_a_segment_samples_and_explains_theirs_only(two: Two, shop: Client) -> None:
    root = tree.All(of=(tree.IsLanguage(values=("fr",)),))
    segment = services.save(client_id=shop.pk, name="Francophones", root=root, actor="test")
    url = reverse("audience:segment", args=[shop.slug, segment.id])

    page = two.browser.get(url)
    why = two.browser.post(url, {"who": OUTSIDE})

    assert [contact.id for contact in page.context["shown"].sample] == [two.inside.id]
    assert page.context["shown"].total == 1
    assert why.context["unknown"] is True
    assert "Bruno" not in why.content.decode()


def test_an_export_holds_theirs_only(two: Two, shop: Client) -> None:
    now = export.direct(client=shop, wanted=export.Filter(), actor="test").decode("utf-8-sig")
    file_id = uuid7()
    places: Any = shop.viewer_establishments
    export.write(client_id=shop.pk, file_id=file_id, wanted={}, limit=[str(place) for place in places])
    with vault.open_file(keys_for(shop.pk), file_id) as content:
        later = content.read().decode("utf-8-sig")

    for body in (now, later):
        assert "Anna" in body
        assert "Bruno" not in body


@pytest.mark.parametrize("verb", ["remove", "add"])
def test_ticking_somebody_else_changes_nothing(verb: str, two: Two, shop: Client) -> None:
    data = {"ids": [str(two.outside.id)], "do": verb}

    page = two.browser.post(reverse("audience:contact-bulk", args=[shop.slug]), data, follow=True)

    assert "Tick some contacts first" in page.content.decode()
    assert Contact.objects.get(id=two.outside.id).deleted_at is None


@pytest.mark.parametrize("name", ["contact", "contact-edit", "contact-merge"])
def test_pages_of_somebody_else_are_404(name: str, two: Two, shop: Client) -> None:
    assert two.browser.get(reverse(f"audience:{name}", args=[shop.slug, two.outside.id])).status_code == 404
    assert two.browser.get(reverse(f"audience:{name}", args=[shop.slug, two.inside.id])).status_code == 200


def test_a_contact_they_create_is_one_they_see(two: Two, shop: Client) -> None:
    url = reverse("audience:contact-new", args=[shop.slug])
    before = Contact.objects.count()

    without = two.browser.post(url, {"first_name": "Chloé", "phones": "06 39 98 00 55"})
    elsewhere = two.browser.post(url, {"phones": "06 39 98 00 55", "establishment_id": str(uuid7())})
    theirs = two.browser.post(url, {"phones": "06 39 98 00 55", "establishment_id": str(two.inside.establishment_id)})

    assert (without.status_code, elsewhere.status_code, theirs.status_code) == (422, 422, 302)
    assert Contact.objects.count() == before + 1


@pytest.mark.parametrize("establishment_id", [None, uuid7()])
def test_the_service_keeps_them_to_their_establishments(establishment_id: Any, two: Two, shop: Client) -> None:
    fields = {"first_name": "Chloé", "establishment_id": establishment_id}

    with pytest.raises(Refused, match="establishment_not_yours"):
        contacts.save(
            client_id=shop.pk,
            fields=fields,
            phones=["+33639980055"],
            emails=[],
            actor="test",
            seen_by=shop.viewer_establishments,
        )
