from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.urls import reverse

from sofy.audience.models import Contact, ContactAttribute, Import
from sofy.audience.services import attributes, contacts, import_start, suppression
from sofy.clients.models import Client
from sofy.clients.tests.factories import make_client

pytestmark = pytest.mark.django_db(databases=["default", "staff"])
Browse = Callable[..., Browser]

CSV = (
    "Prénom;Nom;Portable;E-mail;Accord SMS;Date de naissance\n"
    "Élodie;Sœur;06 39 98 00 01;elodie@exemple.fr;oui;01/02/1990\n"
    "Noël;Thévenot;0639980002;;non;\n"
    "Léa;Sans;abc;;oui;\n"
).encode("cp1252")


def upload(browser: Browser, shop: Client, content: bytes = CSV, name: str = "clients été.csv") -> Any:
    return browser.post(reverse("audience:import-new", args=[shop.slug]), {"file": SimpleUploadedFile(name, content)})


def answers(page: Any, **given: str) -> dict[str, str]:
    form = page.context["form"]
    shown = {bound.name: bound.value() or "" for bound in form if bound.name != "also"}
    return {**shown, "new_book": "Clients", "legal_basis": "consent", "source": "Carte de fidélité", **given}


@pytest.mark.clause("DPA 5")
@pytest.mark.parametrize(("language", "words"), [("fr", "des messages par WhatsApp"), ("en", "messages by WhatsApp")])
def test_a_file_may_be_declared_to_be_about_whatsapp_too(
    language: str, words: str, shop: Client, browse: Browse
) -> None:
    browser = browse(language=language)
    page = browser.get(upload(browser, shop, b"portable\n0639980001\n")["Location"])
    asked = answers(page) | {"also": ["whatsapp"]}

    checked = browser.post(page.request["PATH_INFO"], asked | {"do": "check"})
    started = browser.post(page.request["PATH_INFO"], asked | {"do": "start"})

    assert words in page.content.decode()
    assert checked.context["result"].reachable_whatsapp == 1
    assert 'name="also" value="whatsapp"' in checked.content.decode()
    assert Import.objects.get().mapping["also"] == ["whatsapp"]
    assert words in browser.get(started["Location"]).content.decode()


@pytest.mark.parametrize(("language", "words"), [("fr", "Déposez votre fichier"), ("en", "Drop your file here")])
def test_upload_page(language: str, words: str, shop: Client, browse: Browse) -> None:
    assert words in browse(language=language).get(reverse("audience:import-new", args=[shop.slug])).content.decode()


@pytest.mark.parametrize(("language", "words"), [("fr", "Aucun import"), ("en", "No import yet")])
def test_empty_list_teaches(language: str, words: str, shop: Client, browse: Browse) -> None:
    assert words in browse(language=language).get(reverse("audience:imports", args=[shop.slug])).content.decode()


@pytest.mark.parametrize(
    ("_case", "content", "french", "english"),
    [
        ("empty", b"", "vide", "empty"),
        ("a picture", b"\x89PNG\r\n\x1a\n" + bytes(200), "tableau", "table"),
        ("too wide", b";".join([b"a"] * 400) + b"\n", "colonnes", "columns"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    _case: str, content: bytes, french: str, english: str, shop: Client, browse: Browse
) -> None:
    for language, words in (("fr", french), ("en", english)):
        page = upload(browse(language=language), shop, content)
        assert page.status_code == 422
        assert words in page.content.decode()


def test_no_file_is_said(shop: Client, browse: Browse) -> None:
    page = browse(language="en").post(reverse("audience:import-new", args=[shop.slug]))

    assert page.status_code == 422
    assert "Choose a file" in page.content.decode()


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_preview_shows_the_accents_and_guesses_the_columns(language: str, shop: Client, browse: Browse) -> None:
    browser = browse(language=language)

    page = browser.get(upload(browser, shop).url)

    text = page.content.decode()
    assert "Élodie" in text
    assert "Sœur" in text
    assert "clients été.csv" in text
    chosen = [field.value() for _column, field in page.context["columns"]]
    assert chosen == ["first_name", "last_name", "phone", "email", "consent_sms", "birth_date"]


def test_what_will_happen_then_it_happens(shop: Client, browse: Browse) -> None:
    browser = browse(language="en")
    url = upload(browser, shop).url
    data = answers(browser.get(url))

    checked = browser.post(url, {**data, "do": "check"})
    rows = browser.post(url, {**data, "do": "rows_phone_letters"})
    nothing_yet = Contact.objects.count()
    started = browser.post(url, {**data, "do": "start"})
    row = Import.objects.get()
    running = browser.get(started.url).content.decode()
    import_start.run(client_id=shop.pk, import_id=row.id)
    done = browser.get(started.url).content.decode()

    result = checked.context["result"]
    assert (result.total, result.imported, result.rejected, result.reachable_sms) == (3, 2, 1, 1)
    assert [number for number, _cells in rows.context["rows"]] == [4]
    assert nothing_yet == 0
    assert "data-live" in running
    assert "data-live" not in done
    assert Contact.objects.count() == 2
    assert (Import.objects.get().file_name, Import.objects.get().legal_basis) == ("clients été.csv", "consent")


@pytest.mark.clause("DPA 5")
def test_a_consent_names_the_file_it_was_read_in_also_with_two_files_open(shop: Client, browse: Browse) -> None:
    browser = browse(language="en")
    first = upload(browser, shop, name="fideles-2024.csv").url
    second = upload(browser, shop, name="loterie.csv").url

    pages = [browser.get(url).text for url in (first, second)]
    browser.post(first, {**answers(browser.get(first)), "do": "start"})

    assert ["fideles-2024.csv" in page for page in pages] == [True, False]
    assert Import.objects.get().file_name == "fideles-2024.csv"


@pytest.mark.parametrize(
    ("_case", "given", "french", "english"),
    [
        ("no book", {"new_book": ""}, "carnet", "name"),
        ("no source", {"source": ""}, "vient", "where the consent comes from"),
        ("no identity", {"column_2": "", "column_3": ""}, "téléphone", "phone"),
        ("nonsense", {"column_0": "moon"}, "moon", "moon"),
    ],
)
def test_what_is_wrong_is_said(
    _case: str, given: dict[str, str], french: str, english: str, shop: Client, browse: Browse
) -> None:
    for language, words in (("fr", french), ("en", english)):
        browser = browse(language=language)
        url = upload(browser, shop).url
        page = browser.post(url, {**answers(browser.get(url)), **given, "do": "start"})
        assert page.status_code == 422
        assert words in page.content.decode()
    assert not Import.objects.exists()


def test_a_column_can_go_into_a_field_that_exists(shop: Client, browse: Browse) -> None:
    attributes.create(client_id=shop.pk, label="Surnom", kind="text", private=False, actor="test")
    browser = browse(language="en")
    url = upload(browser, shop).url
    page = browser.get(url)

    browser.post(url, {**answers(page), "column_0": "attribute:surnom", "do": "start"})
    import_start.run(client_id=shop.pk, import_id=Import.objects.get().id)

    assert "Own field: Surnom" in page.content.decode()
    assert set(ContactAttribute.objects.values_list("name", "text")) == {("surnom", "Élodie"), ("surnom", "Noël")}


def test_back_to_the_columns_keeps_the_choices(shop: Client, browse: Browse) -> None:
    browser = browse()
    url = upload(browser, shop).url

    page = browser.post(url, {**answers(browser.get(url)), "column_0": "", "do": "change"})

    assert page.templates[0].name == "audience/import_map.html"
    assert page.context["form"]["column_0"].value() == ""


def test_a_file_the_worker_cannot_read_any_more_fails_with_its_reason(shop: Client, browse: Browse) -> None:
    from sofy.audience import vault

    browser = browse(language="en")
    url = upload(browser, shop).url
    started = browser.post(url, {**answers(browser.get(url)), "do": "start"})
    row = Import.objects.get()
    vault.discard(shop.pk, UUID(row.upload))

    import_start.run(client_id=shop.pk, import_id=row.id)

    assert Import.objects.get().state == "failed"
    assert "Failed" in browser.get(started.url).content.decode()


@pytest.mark.parametrize(
    ("code", "numbers"),
    [
        ("imported", [2, 5]),
        ("in_base", [3]),
        ("in_file", [6]),
        ("rejected", [4]),
        ("matches_two_contacts", [7]),
        ("opted_out_kept", [3, 7]),
        ("no_such_remark", []),
    ],
)
def test_the_rows_behind_each_figure(
    code: str, numbers: list[int], shop: Client, person: Callable[..., Contact], browse: Browse
) -> None:
    known, other = person(phone="+33639980077"), person(phone="+33639980078")
    suppression.add(client_id=shop.pk, phones=["0639980077"], emails=[], reason="manual", source="", actor="test")
    browser = browse(language="en")
    rows = ["06 39 98 00 01;;oui", "0639980077;;oui", "abc;;oui", "0639980002;;oui", "06 39 98 00 01;;oui"]
    rows.append("0639980078;0639980077;oui")
    content = "Portable;Téléphone 2;Accord SMS\n" + "\n".join(rows)
    url = upload(browser, shop, content.encode()).url

    page = browser.post(url, {**answers(browser.get(url)), "column_1": "phone", "do": f"rows_{code}"})

    assert [number for number, _cells in page.context["rows"]] == numbers
    assert Contact.objects.filter(id__in=[known.id, other.id]).count() == Contact.objects.count()


def test_rows_with_remarks_come_back_and_the_import_is_undone(shop: Client, browse: Browse) -> None:
    browser = browse(language="en")
    url = upload(browser, shop).url
    started = browser.post(url, {**answers(browser.get(url)), "do": "start"})
    row = Import.objects.get()
    import_start.run(client_id=shop.pk, import_id=row.id)

    remarks = browser.get(started.url + "/errors")
    undone = browser.post(started.url + "/undo", follow=True)
    again = browser.post(started.url + "/undo", follow=True)

    assert remarks["Content-Type"] == "text/csv"
    assert "Phone number with letters" in remarks.content.decode("cp1252")
    assert "The import was taken back" in undone.content.decode()
    assert "taken back already" in again.content.decode()
    assert not Contact.objects.filter(deleted_at=None).exists()


def test_foreign_or_unknown_is_404(shop: Client, browse: Browse) -> None:
    browser, other = browse(), make_client()
    url = upload(browser, shop).url
    upload_id = url.rsplit("/", 1)[1]
    started = browser.post(url, {**answers(browser.get(url)), "do": "start"})
    row, hostile = Import.objects.get(), browse(client=other)

    assert started.status_code == 302
    for slug in (other.slug, shop.slug):
        assert hostile.get(reverse("audience:import-map", args=[slug, upload_id])).status_code == 404
        assert hostile.get(reverse("audience:import", args=[slug, row.id])).status_code == 404
        assert hostile.get(reverse("audience:import-errors", args=[slug, row.id])).status_code == 404
        assert hostile.post(reverse("audience:import-undo", args=[slug, row.id])).status_code == 404
    assert browser.get(reverse("audience:import-map", args=[shop.slug, uuid4()])).status_code == 404


@pytest.mark.parametrize("role", ["auditor", "developer"])
def test_only_people_who_may_import(role: str, shop: Client, browse: Browse) -> None:
    assert browse(role).get(reverse("audience:import-new", args=[shop.slug])).status_code == 403


@pytest.mark.parametrize("books", [0, 1])
def test_a_book_is_asked_for_once(books: int, shop: Client, browse: Browse) -> None:
    for _ in range(books):
        contacts.create_book(client_id=shop.pk, name="Fidèles", actor="test")
    browser = browse(language="en")

    page = browser.get(upload(browser, shop).url)

    assert ("id_book" in page.content.decode()) is bool(books)
    assert "Name of the new book" in page.content.decode()
