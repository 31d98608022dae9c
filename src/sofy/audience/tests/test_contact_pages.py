import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse

from sofy.audience import queries
from sofy.audience.models import Book, ConsentEvent, ConsentState, Contact, Membership, SavedView, Suppression
from sofy.audience.templatetags.audience import foldable
from sofy.audience.tests.factories import import_rows, make_book
from sofy.audience.tests.factories import person as a_row
from sofy.clients.models import Client
from sofy.clients.services import create_establishment
from sofy.clients.tests.factories import make_client
from sofy.kernel import clock
from sofy.kit.models import AuditEntry
from sofy.kit.rls import client_scope

pytestmark = pytest.mark.django_db(databases=["default", "staff"])
Browse = Callable[..., Browser]
Person = Callable[..., Contact]


def names(page: Any) -> list[str]:
    return [f"{contact.first_name} {contact.last_name}" for contact in page.context["page"].contacts]


def listing(shop: Client) -> str:
    return reverse("audience:contacts", args=[shop.slug])


@pytest.mark.parametrize(("language", "words"), [("fr", "Aucun contact"), ("en", "No contact yet")])
def test_empty_list_teaches(language: str, words: str, shop: Client, browse: Browse) -> None:
    page = browse(language=language).get(listing(shop))

    assert words in page.content.decode()


@pytest.mark.parametrize(
    ("_case", "query", "expected"),
    [
        ("everybody, newest first", "", ["Zoé Durand", "Élodie Sœur"]),
        ("name without accents", "name=elo", ["Élodie Sœur"]),
        ("name, longer than its token", "name=durand", ["Zoé Durand"]),
        ("both names", "name=zoe+dur", ["Zoé Durand"]),
        ("name that only begins alike", "name=durandal", []),
        ("name too short to look up", "name=zo", []),
        ("town", "place=saint+d", ["Élodie Sœur"]),
        ("postcode", "place=974", ["Élodie Sœur"]),
        ("reach", "sms=2", ["Zoé Durand", "Élodie Sœur"]),
        ("reach of nobody", "sms=3", []),
        ("nonsense is ignored", "sms=x&book=1&segment=&after=no", ["Zoé Durand", "Élodie Sœur"]),
    ],
)
def test_filters_are_in_the_address(
    _case: str, query: str, expected: list[str], shop: Client, person: Person, browse: Browse
) -> None:
    person(postcode="97400", town="Saint Denis")
    person("Zoé", "Durand", town="Lyon")

    assert names(browse().get(f"{listing(shop)}?{query}")) == expected


def test_list_goes_on_where_it_stopped(shop: Client, person: Person, browse: Browse, monkeypatch: Any) -> None:
    from sofy.audience import queries

    monkeypatch.setattr(queries.page, "__kwdefaults__", {"after": None, "size": 2})
    for letter in "ABCDE":
        person(letter * 3, "Martin")
    browser, seen, after = browse(), [], ""

    while True:
        page = browser.get(f"{listing(shop)}?name=martin{after}")
        seen += names(page)
        if page.context["page"].after is None:
            break
        after = f"&after={page.context['page'].after}"

    assert seen == [f"{letter * 3} Martin" for letter in "EDCBA"]


def test_a_name_is_found_behind_many_that_begin_alike(
    shop: Client, person: Person, browse: Browse, monkeypatch: Any
) -> None:
    from sofy.audience import queries

    monkeypatch.setattr(queries, "PAGE", 1)
    monkeypatch.setattr(queries.page, "__kwdefaults__", {"after": None, "size": 2})
    person("Zoé", "Martinez")
    for letter in "ABCDEFG":
        person(letter * 3, "Martin")

    page = browse().get(f"{listing(shop)}?name=martinez")

    assert names(page) == ["Zoé Martinez"]
    assert page.context["page"].after is None


def test_a_rare_name_is_found_behind_more_alike_than_are_read(
    shop: Client, person: Person, browse: Browse, monkeypatch: Any
) -> None:
    from sofy.audience import queries

    monkeypatch.setattr(queries, "PAGE", 1)
    monkeypatch.setattr(queries, "SCANS", 1)
    monkeypatch.setattr(queries.page, "__kwdefaults__", {"after": None, "size": 2})
    for first in ("Zoé", "Léo", "Eva"):
        person(first, "Martinez")
    for letter in "ABCDEFG":
        person(letter * 3, "Martin")
    browser = browse()

    page = browser.get(f"{listing(shop)}?name=martinez")
    rest = browser.get(f"{listing(shop)}?name=martinez&after={page.context['page'].after}")
    longer = browser.get(f"{listing(shop)}?name=martine").content.decode()

    assert names(page) + names(rest) == ["Eva Martinez", "Léo Martinez", "Zoé Martinez"]
    assert rest.context["page"].after is None
    assert "Nobody matches" not in longer
    assert "after=" in longer


def test_a_common_name_opens_no_more_than_two_pages_of_names(
    shop: Client, person: Person, browse: Browse, monkeypatch: Any
) -> None:
    from sofy.audience import queries

    opened, was_named = list[str](), queries._is_named
    monkeypatch.setattr(queries, "PAGE", 2)
    monkeypatch.setattr(queries.page, "__kwdefaults__", {"after": None, "size": 2})
    monkeypatch.setattr(queries, "_is_named", lambda name, needle: opened.append(name) or was_named(name, needle))
    for letter in "ABCDEFG":
        person(letter * 3, "Martin")

    page = browse().get(f"{listing(shop)}?name=martin")

    assert names(page) == ["GGG Martin", "FFF Martin"]
    assert len(opened) == 4


@pytest.mark.parametrize("typed", ["06 39 98 00 77", "+33639980077", "0033 6 39 98 00 77", "ELODIE@exemple.fr "])
def test_a_number_or_address_leads_to_the_person(typed: str, shop: Client, person: Person, browse: Browse) -> None:
    contact = person(phone="+33639980077", emails=["elodie@exemple.fr"])

    answer = browse().post(reverse("audience:contact-find", args=[shop.slug]), {"q": typed})

    assert answer.url == reverse("audience:contact", args=[shop.slug, contact.id])


def test_a_name_or_a_town_becomes_a_filter(shop: Client, person: Person, browse: Browse) -> None:
    person()
    browser, find = browse(), reverse("audience:contact-find", args=[shop.slug])

    assert browser.post(find, {"q": "soeur"}).url.endswith("?name=soeur")
    assert browser.post(find, {"q": "Lyon"}).url.endswith("?place=Lyon")
    assert browser.post(find, {"q": "06 39 98 99 99"}).url == listing(shop)


def test_columns_are_kept(shop: Client, person: Person, browse: Browse) -> None:
    person(language="fr")
    browser = browse()

    chosen = browser.get(f"{listing(shop)}?columns=language&columns=created")
    later = browser.get(listing(shop))

    assert chosen.context["columns"] == later.context["columns"] == ["language", "created"]


def test_views_are_kept_without_the_name_searched(shop: Client, book: Book, browse: Browse) -> None:
    browser = browse()
    save = reverse("audience:view-save", args=[shop.slug])

    browser.post(f"{save}?book={book.id}&name=durand&columns=town", {"name": "Fidèles"})
    view = SavedView.objects.get()
    page = browser.get(listing(shop)).content.decode()
    browser.post(reverse("audience:view-remove", args=[shop.slug, view.id]))

    assert (view.filter, view.columns) == ({"book": [str(book.id)]}, ["town"])
    assert f"book={book.id}&amp;columns=town" in page
    assert not SavedView.objects.exists()


def test_bulk_and_undo(shop: Client, book: Book, person: Person, browse: Browse) -> None:
    one, two, already = person(), person(), person(book=book.id)
    browser, bulk = browse(), reverse("audience:contact-bulk", args=[shop.slug])
    ids = [str(each.id) for each in (one, two, already)]

    def undo(page: Any) -> None:
        browser.post(list(page.context["messages"])[-1].extra_tags)

    page = browser.post(bulk, {"ids": ids, "do": "add", "book": str(book.id)}, follow=True)
    assert Membership.objects.count() == 3
    undo(page)
    assert list(Membership.objects.values_list("contact_id", flat=True)) == [already.id]
    page = browser.post(bulk, {"ids": ids[:2], "do": "remove"}, follow=True)
    assert names(page) == ["Élodie Sœur"]
    undo(page)
    assert len(names(browser.get(listing(shop)))) == 3
    assert AuditEntry.objects.filter(action="contacts.removed").exists()


@pytest.mark.parametrize(("data", "words"), [({"do": "remove"}, "Tick some"), ({"do": "add", "ids": "x"}, "Tick some")])
def test_bulk_on_nobody_says_so(data: dict[str, str], words: str, shop: Client, browse: Browse) -> None:
    page = browse(language="en").post(reverse("audience:contact-bulk", args=[shop.slug]), data, follow=True)

    assert words in page.content.decode()


def test_undo_of_somebody_else_is_404(shop: Client, browse: Browse) -> None:
    assert browse().post(reverse("audience:contact-undo", args=[shop.slug, "forged:token"])).status_code == 404


@pytest.mark.parametrize(
    ("language", "words"),
    [("fr", ["Coordonnées", "Consentement", "06 39 98 00 77"]), ("en", ["Details", "Consent", "06 39 98 00 77"])],
)
def test_page_of_a_person(language: str, words: list[str], shop: Client, person: Person, browse: Browse) -> None:
    contact = person(phone="+33639980077", birth_date="1990-02-01", town="Lyon", title="mrs")

    page = browse(language=language).get(reverse("audience:contact", args=[shop.slug, contact.id])).content.decode()

    for word in words:
        assert word in page


def test_a_person_is_shown_every_step_of_a_message(shop: Client, person: Person) -> None:
    contact, other = person(), person()
    at = clock.DEMO_START
    with client_scope(shop.pk), connection.cursor() as cursor:
        for each in (contact, other):
            cursor.execute(
                "INSERT INTO engine_event (client_id, message_id, contact_id, kind, at, submitted_at) VALUES"
                " (%(client)s, %(message)s, %(contact)s, 'delivered', %(at)s + interval '3 s', %(at)s),"
                " (%(client)s, %(message)s, %(contact)s, 'replied', %(at)s + interval '1 hour', NULL)",
                {"client": shop.pk, "message": uuid4(), "contact": each.id, "at": at},
            )
        steps = queries.timeline(shop.pk, contact.id)
        newest = queries.timeline(shop.pk, contact.id, limit=2)

    assert [step["kind"] for step in steps] == ["replied", "delivered", "submitted"]
    assert steps[-1]["at"] == at
    assert newest == steps[:2]


def test_create_and_change(shop: Client, browse: Browse) -> None:
    browser = browse()
    data = {
        "first_name": "Noël",
        "phones": "06 39 98 00 10\n0639980011",
        "emails": "Noel@Exemple.fr",
        "town": "Saint-Lô",
    }

    made = browser.post(reverse("audience:contact-new", args=[shop.slug]), data)
    contact = Contact.objects.get()
    edit = reverse("audience:contact-edit", args=[shop.slug, contact.id])
    shown = browser.get(edit).context["form"]
    changed = browser.post(edit, {**data, "phones": "06 39 98 00 11", "first_name": "Léa"})

    assert made.status_code == changed.status_code == 302
    assert (contact.first_name, contact.town_key) == ("Noël", "saint-lo")
    assert shown["phones"].value() == "06 39 98 00 10\n06 39 98 00 11"
    assert browser.get(edit).context["form"]["phones"].value() == "06 39 98 00 11"
    assert names(browser.get(f"{listing(shop)}?name=lea")) != []
    assert names(browser.get(f"{listing(shop)}?name=noel")) == []


@pytest.mark.parametrize(
    ("_case", "data", "french", "english"),
    [
        ("nothing", {}, "au moins un numéro", "at least one phone"),
        ("bad number", {"phones": "0000"}, "« 0000 »", "“0000”"),
        ("bad address", {"emails": "noel@"}, "« noel@ »", "“noel@”"),
        ("taken", {"phones": "0639980077"}, "autre contact", "another contact"),
        ("born tomorrow", {"phones": "0639980012", "birth_date": "2031-01-01"}, "1900", "between 1900"),
    ],
)
def test_what_is_wrong_is_said(
    _case: str, data: dict[str, str], french: str, english: str, shop: Client, person: Person, browse: Browse
) -> None:
    person(phone="+33639980077")

    for language, words in (("fr", french), ("en", english)):
        page = browse(language=language).post(reverse("audience:contact-new", args=[shop.slug]), data)
        assert page.status_code == 422
        assert words in page.content.decode().replace("\u00a0", " ").replace("\u202f", " ")
    assert Contact.objects.count() == 1


@pytest.mark.clause("DPA 5")
def test_consent_is_recorded_and_proved(shop: Client, person: Person, browse: Browse) -> None:
    contact = person(phone="+33639980077")
    browser = browse(language="en")
    page = browser.get(reverse("audience:contact", args=[shop.slug, contact.id]))
    data = {"identity": str(page.context["identities"][0].id), "purpose": "marketing", "state": "granted"}
    record = reverse("audience:consent-record", args=[shop.slug, contact.id])

    done = browser.post(record, {**data, "source": "paper", "text": "J’accepte les offres"})
    proof = json.loads(browser.post(reverse("audience:consent-proof", args=[shop.slug, contact.id])).content)

    assert done.status_code == 302
    assert Contact.objects.get().sms == 3
    (event,) = proof["events"]
    assert (event["state"], event["text_shown"], event["address"]) == (
        "granted",
        "J’accepte les offres",
        "06 39 98 00 77",
    )
    assert event["decided_at"].endswith(("+01:00", "+02:00"))
    assert AuditEntry.objects.filter(action="consent.proof_exported").exists()


@pytest.mark.clause("DPA 5", "CGVU 17")
def test_marketing_by_whatsapp_is_agreed_to_apart(shop: Client, person: Person, browse: Browse) -> None:
    contact = person(phone="+33639980077")
    browser = browse(language="en")
    page = browser.get(reverse("audience:contact", args=[shop.slug, contact.id]))
    ids = {row.kind: row.id for row in page.context["identities"]}
    record = reverse("audience:consent-record", args=[shop.slug, contact.id])
    said = {"purpose": "marketing", "state": "granted", "source": "paper", "text": "J’accepte WhatsApp"}

    done = browser.post(record, said | {"identity": f"{ids['phone']} whatsapp"})
    refused = browser.post(record, said | {"identity": f"{ids['phone']} rcs"})

    assert (done.status_code, refused.status_code) == (302, 422)
    assert Contact.objects.get().sms == 2
    assert list(ConsentState.objects.values_list("channel", "state")) == [("whatsapp", "granted")]
    page = browser.get(reverse("audience:contact", args=[shop.slug, contact.id]))
    assert "06 39 98 00 77 (WhatsApp)" in page.text
    assert page.context["by_whatsapp"] == 3


@pytest.mark.clause("DPA 5")
def test_the_proof_of_a_file_names_the_file_and_its_line(shop: Client, browse: Browse, tmp_path: Path) -> None:
    result = import_rows(shop, make_book(shop), tmp_path / "carte.csv", a_row(1))
    contact = Contact.objects.get()

    proof = json.loads(browse().post(reverse("audience:consent-proof", args=[shop.slug, contact.id])).content)

    event = proof["events"][0]
    assert (event["file"], event["line"], event["import"]) == ("carte.csv", 2, str(result.import_id))


@pytest.mark.parametrize(("role", "links"), [("marketer", 2), ("auditor", 0), ("store_manager", 0)])
def test_the_way_to_the_import_is_shown_to_who_may_open_it(
    role: str, links: int, shop: Client, browse: Browse, tmp_path: Path
) -> None:
    place = create_establishment(shop, name="Rivoli").pk
    result = import_rows(shop, make_book(shop), tmp_path / "carte.csv", a_row(1))
    Contact.objects.update(establishment_id=place)
    browser = browse(role, establishments=[place] if role == "store_manager" else [], language="en")
    way = reverse("audience:import", args=[shop.slug, result.import_id])

    page = browser.get(reverse("audience:contact", args=[shop.slug, Contact.objects.get().id])).content.decode()

    assert "by an import" in page
    assert "line 2" in page
    assert page.count(f'href="{way}"') == links
    assert browser.get(way).status_code == (200 if links else 403)


@pytest.mark.clause("DPA 5")
def test_an_opt_out_is_lifted_only_with_proof(shop: Client, person: Person, browse: Browse) -> None:
    contact = person(phone="+33639980077")
    browser = browse(language="en")
    page = browser.get(reverse("audience:contact", args=[shop.slug, contact.id]))
    data = {"identity": str(page.context["identities"][0].id), "purpose": "marketing", "source": "paper"}
    record = reverse("audience:consent-record", args=[shop.slug, contact.id])
    browser.post(record, {**data, "state": "opposed"})

    without = browser.post(record, {**data, "state": "granted"})
    reach_without = Contact.objects.get().sms
    clock.install(lambda: clock.DEMO_START + timedelta(hours=1))
    browser.post(record, {**data, "state": "granted", "evidence": "form 12"})

    assert without.status_code == 422
    assert "refused before" in without.content.decode()
    assert (reach_without, Contact.objects.get().sms) == (4, 3)
    assert ConsentEvent.objects.count() == 2


@pytest.mark.parametrize(
    ("address", "shown"), [("zoe@example.org", "zoe<wbr>@example.org"), ("<b>@x", "&lt;b&gt;<wbr>@x"), ("", "<wbr>")]
)
def test_an_address_folds_before_its_domain(address: str, shown: str) -> None:
    assert foldable(address) == shown


@pytest.mark.clause("CGVU 17")
def test_suppression_list(shop: Client, person: Person, browse: Browse) -> None:
    contact = person(phone="+33639980077")
    browser = browse(language="en")
    page_url = reverse("audience:suppressions", args=[shop.slug])

    data = {"addresses": "06 39 98 00 77\ninconnu@exemple.fr", "reason": "complaint", "source": "letter"}
    browser.post(reverse("audience:suppression-add", args=[shop.slug]), data)
    found = browser.post(page_url, {"who": "0639980077"}).content.decode()
    other = browser.post(page_url, {"who": "0639980078"}).content.decode()

    assert "On the list" in found
    assert "Not on the list" in other
    assert Suppression.objects.count() == 2
    assert Contact.objects.get(id=contact.id).sms == 4


def test_suppression_of_nonsense_changes_nothing(shop: Client, browse: Browse) -> None:
    data = {"addresses": "06 39 98 00 77\nabc", "reason": "manual"}

    page = browse(language="en").post(reverse("audience:suppression-add", args=[shop.slug]), data)

    assert page.status_code == 422
    assert "“abc”" in page.content.decode()
    assert not Suppression.objects.exists()


def test_export_defuses_formulas_and_is_audited(shop: Client, person: Person, browse: Browse) -> None:
    person("=cmd()", "Durand")

    answer = browse(language="en").post(reverse("audience:contact-export", args=[shop.slug]))

    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("Title;First name")
    assert "'=cmd()" in lines[1]
    assert AuditEntry.objects.get(action="contacts.exported").facts == {"count": 1}


def test_big_export_is_a_job(shop: Client, person: Person, browse: Browse, monkeypatch: Any) -> None:
    from sofy.audience.services import export

    monkeypatch.setattr(export, "DIRECT", 0)
    person()
    browser = browse()

    started = browser.post(reverse("audience:contact-export", args=[shop.slug]))
    waiting = browser.get(started.url).context["ready"]
    token = started.url.rsplit("/", 1)[1]
    export.write(client_id=shop.pk, file_id=UUID(token.partition(".")[0]), wanted={}, limit=None)
    ready = browser.get(started.url).context["ready"]
    body = b"".join(browser.get(started.url + "/file").streaming_content).decode("utf-8-sig")

    other = make_client()
    foreign = browse(client=other).get(reverse("audience:contact-export-page", args=[other.slug, token]))

    assert (waiting, ready) == (False, True)
    assert "Élodie" in body
    assert foreign.status_code == 404


def test_store_manager_sees_only_their_people(shop: Client, person: Person, browse: Browse) -> None:
    mine = create_establishment(shop, name="Rivoli").pk
    inside, outside = person("Anna", "Dedans", establishment_id=mine), person("Bruno", "Dehors")
    browser = browse("store_manager", establishments=[mine])

    assert names(browser.get(listing(shop))) == ["Anna Dedans"]
    assert browser.get(reverse("audience:contact", args=[shop.slug, inside.id])).status_code == 200
    assert browser.get(reverse("audience:contact", args=[shop.slug, outside.id])).status_code == 404


CONTACT_PAGES = [
    ("contact", "get"),
    ("contact-edit", "get"),
    ("contact-remove", "post"),
    ("consent-record", "post"),
    ("consent-proof", "post"),
]


@pytest.mark.parametrize(("name", "method"), CONTACT_PAGES)
def test_a_foreign_or_unknown_contact_is_404(
    name: str, method: str, shop: Client, person: Person, browse: Browse
) -> None:
    contact, other = person(), make_client()
    hostile = browse(client=other)

    for slug, contact_id in ((other.slug, contact.id), (shop.slug, contact.id), (other.slug, uuid4())):
        assert getattr(hostile, method)(reverse(f"audience:{name}", args=[slug, contact_id])).status_code == 404


def test_auditor_reads_but_changes_nothing(shop: Client, person: Person, browse: Browse) -> None:
    contact = person()
    browser = browse("auditor")

    assert browser.get(reverse("audience:contact", args=[shop.slug, contact.id])).status_code == 200
    for name in ("contact-remove", "consent-record", "consent-proof"):
        assert browser.post(reverse(f"audience:{name}", args=[shop.slug, contact.id])).status_code == 403
