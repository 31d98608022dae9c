"""Merging two contacts from their pages and back, and erasing one."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.test import Client as Browser
from django.urls import reverse

from sofy.audience.models import Contact, ContactMerge, Identity, Suppression
from sofy.audience.services import contacts, people
from sofy.clients.models import Client
from sofy.clients.services import create_establishment
from sofy.clients.tests.factories import make_client
from sofy.kit.models import AuditEntry

pytestmark = pytest.mark.django_db(databases=["default", "staff"])
Browse = Callable[..., Browser]
Person = Callable[..., Contact]


def merge_url(shop: Client, contact: Contact) -> str:
    return reverse("audience:contact-merge", args=[shop.slug, contact.id])


def contact_url(shop: Client, contact: Contact) -> str:
    return reverse("audience:contact", args=[shop.slug, contact.id])


@pytest.mark.parametrize(
    ("_case", "typed"),
    [("phone", "06 39 98 00 77"), ("e-mail", "ELODIE@exemple.fr"), ("name, without accents", "elo soeur")],
)
def test_the_other_one_is_found(_case: str, typed: str, shop: Client, person: Person, browse: Browse) -> None:
    one = person("Zoé", "Durand")
    two = person("Élodie", "Sœur", phone="+33639980077", emails=["elodie@exemple.fr"])

    page = browse().post(merge_url(shop, one), {"q": typed})

    assert [each.id for each in page.context["found"]] == [two.id]
    assert f"?with={two.id}" in page.content.decode()


def test_people_of_the_same_name_are_offered_at_once(shop: Client, person: Person, browse: Browse) -> None:
    one, two, _other = person("Élodie", "Sœur"), person("Elodie", "Soeur"), person("Zoé", "Durand")

    found = browse().get(merge_url(shop, one)).context["found"]

    assert [each.id for each in found] == [two.id]


@pytest.mark.parametrize(("language", "word"), [("fr", "repris"), ("en", "taken")])
def test_both_are_shown_before_they_become_one(
    language: str, word: str, shop: Client, person: Person, browse: Browse
) -> None:
    one, two = person("Élodie", "", phone="+33639980010"), person("Elodie", "Sœur", town="Lyon", phone="+33639980011")
    browser = browse(language=language)

    page = browser.get(f"{merge_url(shop, one)}?with={two.id}")

    lines = {line.result: line.taken for line in page.context["lines"]}
    assert lines == {"Élodie": False, "Sœur": True, "Lyon": True}
    text = page.content.decode()
    assert word in text
    assert text.count("06 39 98 00 11") == 2
    assert Contact.objects.filter(deleted_at=None).count() == 2


@pytest.mark.parametrize(("keep", "name"), [("", "Élodie"), ("other", "Elodie")])
def test_merge_and_take_apart(keep: str, name: str, shop: Client, person: Person, browse: Browse) -> None:
    one, two = person("Élodie", "Sœur"), person("Elodie", "Sœur")
    browser = browse(language="en")

    page = browser.post(merge_url(shop, one), {"with": two.id, "keep": keep, "do": "merge"}, follow=True)
    left = Contact.objects.get(deleted_at=None)
    held = Identity.objects.filter(contact_id=left.id).count()
    gone = two if left.id == one.id else one
    led = browser.get(contact_url(shop, gone))
    (note,) = page.context["messages"]
    apart = browser.post(note.extra_tags, follow=True)

    assert (left.first_name, held) == (name, 2)
    assert led.url == contact_url(shop, left)
    assert "was merged into this contact" in page.content.decode()
    assert Contact.objects.filter(deleted_at=None).count() == 2
    assert Identity.objects.filter(contact_id=gone.id).count() == 1
    assert "Taken apart" in apart.content.decode()


def test_merging_with_oneself_is_said(shop: Client, person: Person, browse: Browse) -> None:
    one = person()

    page = browse(language="en").get(f"{merge_url(shop, one)}?with={one.id}", follow=True)

    assert "This is the same contact" in page.content.decode()


def test_taking_apart_twice_is_said(shop: Client, person: Person, browse: Browse) -> None:
    one, two = person(), person()
    merge_id = people.merge(client_id=shop.pk, winner_id=one.id, loser_id=two.id, actor="test")
    browser, undo = browse(language="en"), reverse("audience:contact-unmerge", args=[shop.slug, one.id, merge_id])

    browser.post(undo)
    page = browser.post(undo, follow=True)

    assert "taken apart already" in page.content.decode()


def test_a_store_manager_merges_only_their_people(shop: Client, person: Person, browse: Browse) -> None:
    mine = create_establishment(shop, name="Rivoli").pk
    inside, outside = (
        person("Élodie", "Sœur", establishment_id=mine),
        person("Élodie", "Sœur", phone="+33639980077"),
    )
    merged = person("Élodie", "Autre", phone="+33639980078")
    merge_id = people.merge(client_id=shop.pk, winner_id=inside.id, loser_id=merged.id, actor="test")
    browser = browse("store_manager", establishments=[mine])

    by_number = browser.post(merge_url(shop, inside), {"q": "06 39 98 00 77"}).context["found"]
    by_name = browser.get(merge_url(shop, inside)).context["found"]
    compared = browser.get(f"{merge_url(shop, inside)}?with={outside.id}")
    apart = browser.post(reverse("audience:contact-unmerge", args=[shop.slug, inside.id, merge_id]))
    page = browser.get(contact_url(shop, inside))

    assert by_number == by_name == []
    assert (compared.status_code, apart.status_code) == (404, 404)
    assert "Autre" not in page.content.decode()
    assert ContactMerge.objects.get().undone_at is None


@pytest.mark.clause("DPA 10")
@pytest.mark.parametrize(("language", "words"), [("fr", "pour de bon"), ("en", "for good")])
def test_erasing_says_what_goes_and_what_stays(
    language: str, words: str, shop: Client, person: Person, browse: Browse
) -> None:
    contact = person("Zoé", "Durand", phone="+33639980077")
    browser = browse("owner", language=language)
    erase = reverse("audience:contact-erase", args=[shop.slug, contact.id])

    asked = browser.get(erase)
    still_there = Contact.objects.count()
    done = browser.post(erase, {"do": "erase"}, follow=True)

    assert words in asked.content.decode()
    assert "06 39 98 00 77" in asked.content.decode()
    assert still_there == 1
    assert done.redirect_chain
    assert not Contact.objects.exists()
    assert Suppression.objects.get().reason == "erased"
    assert AuditEntry.objects.get(action="contact.erased").facts == {"contact": str(contact.id)}
    assert browser.get(contact_url(shop, contact)).status_code == 404


@pytest.mark.parametrize("role", ["marketer", "store_manager", "auditor"])
def test_only_an_owner_erases(role: str, shop: Client, person: Person, browse: Browse) -> None:
    place = create_establishment(shop, name="Rivoli").pk
    contact = person(establishment_id=place)
    browser = browse(role, establishments=[place] if role == "store_manager" else [])

    answer = browser.post(reverse("audience:contact-erase", args=[shop.slug, contact.id]), {"do": "erase"})

    assert answer.status_code == 403
    assert Contact.objects.count() == 1
    assert "/erase" not in browser.get(contact_url(shop, contact)).content.decode()


@pytest.mark.parametrize(("name", "method"), [("contact-merge", "get"), ("contact-erase", "get")])
def test_a_foreign_contact_is_404(name: str, method: str, shop: Client, person: Person, browse: Browse) -> None:
    contact, other = person(), make_client()
    hostile = browse("owner", client=other)

    for slug in (shop.slug, other.slug):
        assert getattr(hostile, method)(reverse(f"audience:{name}", args=[slug, contact.id])).status_code == 404


def test_messages_of_both_are_on_one_page(shop: Client, person: Person, monkeypatch: Any) -> None:
    from sofy.audience import comparing

    one, two = person(), person()
    people.merge(client_id=shop.pk, winner_id=one.id, loser_id=two.id, actor="test")
    events = {one.id: [{"at": 1}, {"at": 4}], two.id: [{"at": 3}]}
    monkeypatch.setattr(comparing.queries, "timeline", lambda _client, each: events[each])

    found = comparing.timeline(shop.pk, one.id)

    assert [event["at"] for event in found] == [4, 3, 1]


def test_a_removed_contact_still_cannot_be_merged(shop: Client, person: Person, browse: Browse) -> None:
    one, two = person(), person()
    contacts.remove(client_id=shop.pk, ids=[two.id], actor="test")

    assert browse().get(f"{merge_url(shop, one)}?with={two.id}").status_code == 404
    assert browse().get(f"{merge_url(shop, one)}?with={UUID(int=1)}").status_code == 404
