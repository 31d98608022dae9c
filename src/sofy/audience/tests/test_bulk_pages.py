"""Changing every contact of a filtered list: how many first, then at once or by the worker, then back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from sofy.audience.models import Book, BulkEdit, BulkItem, Contact, Identity, Membership
from sofy.audience.queries import Filter
from sofy.audience.services import bulk_edits, contacts, retention
from sofy.audience.views import bulk
from sofy.clients.models import Client
from sofy.clients.services import create_establishment
from sofy.clients.tests.factories import make_client
from sofy.kernel import clock
from sofy.kit.models import AuditEntry

pytestmark = pytest.mark.django_db(databases=["default", "staff"])
Browse = Callable[..., Browser]
Person = Callable[..., Contact]


def ask(browser: Browser, shop: Client, do: str, query: str = "", **given: Any) -> Any:
    data = {"all": "1", "do": do, "query": query, **given}
    return browser.post(reverse("audience:contact-bulk", args=[shop.slug]), data, follow=True)


def there() -> int:
    return Contact.objects.filter(deleted_at=None).count()


@pytest.fixture
def five(person: Person) -> list[Contact]:
    """Three in Lyon, two in Paris."""
    return [person(name, "Martin", town=town) for name, town in zip("ABCDE", ["Lyon"] * 3 + ["Paris"] * 2, strict=True)]


@pytest.fixture
def by_worker(monkeypatch: Any) -> None:
    """Everything is many, and goes batch by batch."""
    monkeypatch.setattr(bulk_edits, "AT_ONCE", 0)
    monkeypatch.setattr(bulk_edits, "BATCH", 2)
    monkeypatch.setattr(bulk_edits, "LISTED", 2)


def test_all_of_the_list_is_offered_when_there_are_more_pages(
    five: list[Contact], shop: Client, browse: Browse, monkeypatch: Any
) -> None:
    from sofy.audience import queries

    browser, listing = browse(language="en"), reverse("audience:contacts", args=[shop.slug])
    one_page = browser.get(listing).content.decode()
    monkeypatch.setattr(queries.page, "__kwdefaults__", {"after": None, "size": 2})

    first = browser.get(listing).content.decode()
    filtered = browser.get(f"{listing}?place=lyon").content.decode()

    assert 'name="all"' not in one_page
    assert "all 5 contacts of this list" in first
    assert "all 3 contacts of this list" in filtered


@pytest.mark.parametrize(("language", "words"), [("fr", "Retirer 3 contacts"), ("en", "Remove 3 contacts?")])
def test_their_number_is_said_before_anything_changes(
    language: str, words: str, five: list[Contact], shop: Client, browse: Browse
) -> None:
    page = ask(browse(language=language), shop, "remove", "place=lyon")

    assert words in page.content.decode().replace("\u00a0", " ")
    assert there() == 5


def test_remove_all_and_put_them_back(five: list[Contact], shop: Client, browse: Browse) -> None:
    browser = browse(language="en")

    page = ask(browser, shop, "remove", "place=lyon", confirmed="1")
    left, (note,) = there(), page.context["messages"]
    browser.post(note.extra_tags)

    assert "3 contacts changed" in str(note)
    assert page.redirect_chain[-1][0].endswith("?place=lyon")
    assert (left, there(), Identity.objects.filter(deleted_at=None).count()) == (2, 5, 5)
    actions = AuditEntry.objects.filter(action__startswith="contacts.").values_list("action", flat=True)
    assert sorted(actions) == ["contacts.bulk_done", "contacts.bulk_started", "contacts.bulk_undone"]


def test_add_all_to_a_book_and_take_only_those_out_again(
    five: list[Contact], book: Book, shop: Client, browse: Browse
) -> None:
    contacts.add_to_book(client_id=shop.pk, ids=[five[0].id], book_id=book.id, actor="test")
    browser = browse()

    page = ask(browser, shop, "add", "name=martin", book=str(book.id), confirmed="1")
    inside, (note,) = Membership.objects.count(), page.context["messages"]
    browser.post(note.extra_tags)

    assert inside == 5
    assert [row.contact_id for row in Membership.objects.all()] == [five[0].id]
    assert "martin" not in str(BulkEdit.objects.values_list("asked", flat=True))


@pytest.mark.usefixtures("by_worker")
def test_many_are_left_to_the_worker(five: list[Contact], shop: Client, browse: Browse) -> None:
    browser = browse(language="en")

    page = ask(browser, shop, "remove", "place=lyon", confirmed="1")
    edit = page.context["edit"]
    before = there()
    bulk_edits.run(client_id=shop.pk, bulk_id=edit.id)
    done = browser.get(reverse("audience:bulk-edit", args=[shop.slug, edit.id]))
    left = there()
    browser.post(reverse("audience:bulk-undo", args=[shop.slug, edit.id]))
    bulk_edits.run(client_id=shop.pk, bulk_id=edit.id)
    undone = browser.get(reverse("audience:bulk-edit", args=[shop.slug, edit.id]))

    assert (edit.state, before, left, there()) == ("listing", 5, 2, 5)
    assert 'data-live="' in page.content.decode()
    assert "3 contacts changed" in done.content.decode()
    assert 'data-live="' not in done.content.decode()
    assert "3 contacts put back" in undone.content.decode()


@pytest.mark.usefixtures("by_worker")
def test_one_that_was_interrupted_goes_on(five: list[Contact], shop: Client, monkeypatch: Any) -> None:
    edit = bulk_edits.start(client=shop, wanted=Filter(), verb="remove", book_id=None, actor="test")
    real, calls = contacts.remove, []

    def dies_at_the_second(**given: Any) -> Any:
        calls.append(given["ids"])
        if len(calls) == 2:
            raise OSError("power cut")
        return real(**given)

    monkeypatch.setattr(contacts, "remove", dies_at_the_second)
    with pytest.raises(OSError, match="power cut"):
        bulk_edits.run(client_id=shop.pk, bulk_id=edit.id)
    after_death = there()
    edit = bulk_edits.run(client_id=shop.pk, bulk_id=edit.id)

    assert (after_death, there()) == (3, 0)
    assert (edit.state, edit.done, edit.changed, edit.total) == ("done", 5, 5, 5)
    assert BulkItem.objects.exclude(outcome=0).count() == edit.done


def test_removing_thousands_asks_for_their_number(
    five: list[Contact], shop: Client, browse: Browse, monkeypatch: Any
) -> None:
    monkeypatch.setattr(bulk, "TYPED_FROM", 3)
    browser = browse(language="en")

    asked = ask(browser, shop, "remove", "place=lyon")
    wrong = ask(browser, shop, "remove", "place=lyon", confirmed="1", expected="3", typed="5")
    left = there()
    ask(browser, shop, "remove", "place=lyon", confirmed="1", expected="3", typed="3 ")

    assert "Type 3 to confirm" in asked.content.decode()
    assert (wrong.status_code, left, there()) == (422, 5, 2)
    assert "Type the number exactly" in wrong.content.decode()


@pytest.mark.parametrize(
    ("_case", "data", "words"),
    [
        ("no book", {"do": "add"}, "Choose a contact book"),
        ("a book that is gone", {"do": "add", "book": "00000000-0000-0000-0000-000000000001"}, "does not exist"),
        ("no such action", {"do": "explode"}, "Choose one of the values"),
        ("a segment that is gone", {"do": "remove", "query": "segment=00000000-0000-0000-0000-000000000001"}, "exist"),
    ],
)
def test_what_cannot_be_done_is_said(
    _case: str, data: dict[str, str], words: str, five: list[Contact], shop: Client, browse: Browse
) -> None:
    for confirmed in ("", "1"):
        page = ask(browse(language="en"), shop, **{"confirmed": confirmed, **data})
        assert words in " ".join(str(message) for message in page.context["messages"])
    assert there() == 5


def test_a_store_manager_changes_only_their_people(shop: Client, person: Person, browse: Browse) -> None:
    mine = create_establishment(shop, name="Rivoli").pk
    person("Anna", "Dedans", establishment_id=mine)
    outside = person("Bruno", "Dehors")
    browser = browse("store_manager", establishments=[mine])

    asked = ask(browser, shop, "remove")
    ask(browser, shop, "remove", confirmed="1")
    of_somebody_else = bulk_edits.start(client=shop, wanted=Filter(), verb="remove", book_id=None, actor="test")

    assert asked.context["total"] == 1
    assert there() == 0
    assert Contact.objects.get(id=outside.id).deleted_at == of_somebody_else.finished_at
    page = browser.get(reverse("audience:bulk-edit", args=[shop.slug, of_somebody_else.id]))
    assert page.status_code == 404


@pytest.mark.usefixtures("by_worker")
def test_the_worker_keeps_to_the_places_of_who_asked(shop: Client, person: Person) -> None:
    mine = create_establishment(shop, name="Rivoli").pk
    person("Anna", "Dedans", establishment_id=mine)
    outside = person("Bruno", "Dehors")
    shop.viewer_establishments = frozenset({mine})

    edit = bulk_edits.start(client=shop, wanted=Filter(), verb="remove", book_id=None, actor="test")
    bulk_edits.run(client_id=shop.pk, bulk_id=edit.id)

    assert list(Contact.objects.filter(deleted_at=None).values_list("id", flat=True)) == [outside.id]


def test_too_late_and_twice_are_said(five: list[Contact], shop: Client, browse: Browse) -> None:
    edit = bulk_edits.start(client=shop, wanted=Filter(), verb="remove", book_id=None, actor="test")
    browser, undo = browse(language="en"), reverse("audience:bulk-undo", args=[shop.slug, edit.id])

    clock.install(lambda: clock.DEMO_START + timedelta(days=31))
    late = browser.post(undo, follow=True).content.decode()
    clock.install(lambda: clock.DEMO_START)
    browser.post(undo)
    twice = browser.post(undo, follow=True).content.decode()

    assert "older" in late
    assert "taken back already" in twice
    assert there() == 5


@pytest.mark.clause("DPA 12")
def test_who_it_was_about_is_forgotten_with_the_undo(five: list[Contact], shop: Client) -> None:
    bulk_edits.start(client=shop, wanted=Filter(), verb="remove", book_id=None, actor="test")

    clock.install(lambda: clock.DEMO_START + timedelta(days=31))
    retention.expire(client_id=shop.pk)

    assert not BulkItem.objects.exists()
    assert BulkEdit.objects.count() == 1


def test_a_foreign_bulk_edit_is_404(five: list[Contact], shop: Client, browse: Browse) -> None:
    edit = bulk_edits.start(client=shop, wanted=Filter(), verb="remove", book_id=None, actor="test")
    other = make_client()
    hostile = browse(client=other)

    for slug in (shop.slug, other.slug):
        assert hostile.get(reverse("audience:bulk-edit", args=[slug, edit.id])).status_code == 404
        assert hostile.post(reverse("audience:bulk-undo", args=[slug, edit.id])).status_code == 404
