"""Files of opt-outs on the suppression screen, and files protected by a password."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msoffcrypto.format.ooxml
import odswriter
import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.urls import reverse

from sofy.audience import vault
from sofy.audience.models import Contact, Import, Suppression
from sofy.audience.services import optouts
from sofy.audience.tests.test_sheet import FORMS, WHOLE, locked_ods
from sofy.clients.models import Client
from sofy.clients.services import create_establishment
from sofy.kit.models import AuditEntry

pytestmark = pytest.mark.django_db(databases=["default", "staff"])
Browse = Callable[..., Browser]
Person = Callable[..., Contact]
PASSWORD = "Sésame 9"
ROWS = [["Téléphone", "E-mail"], ["06 39 98 00 77", ""], ["0639980078", "stop@exemple.fr"], ["abc", ""]]


def as_csv() -> bytes:
    return "\n".join(";".join(row) for row in ROWS).encode()


def as_xlsx() -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(ROWS):
            sheet.write_row(number, 0, row)
    return target.getvalue()


def as_ods() -> bytes:
    target = io.BytesIO()
    with odswriter.writer(target) as book:
        sheet = book.new_sheet("1")
        for row in ROWS:
            sheet.writerow(row)
    return target.getvalue()


@pytest.fixture(scope="module")
def protected() -> bytes:
    target = io.BytesIO()
    msoffcrypto.format.ooxml.OOXMLFile(io.BytesIO(as_xlsx())).encrypt(PASSWORD, target)
    return target.getvalue()


def send(browser: Browser, shop: Client, content: bytes | None, **given: str) -> Any:
    data: dict[str, Any] = {"list-reason": "opt_out_list", "list-source": "ancien outil", **given}
    if content is not None:
        data["list-file"] = SimpleUploadedFile("refus.bin", content)
    return browser.post(reverse("audience:suppression-file", args=[shop.slug]), data, follow=True)


@pytest.mark.clause("CGVU 17")
@pytest.mark.parametrize("make", [as_csv, as_xlsx, as_ods])
def test_a_file_of_opt_outs(make: Callable[[], bytes], shop: Client, person: Person, browse: Browse) -> None:
    contact = person(phone="+33639980077")
    browser = browse(language="en")

    page = send(browser, shop, make())
    again = send(browser, shop, make())
    rows = browser.get(reverse("audience:import-errors", args=[shop.slug, Import.objects.first().id]))

    assert Suppression.objects.count() == 3
    assert Contact.objects.get(id=contact.id).sms == 4
    first, second = page.context["row"], again.context["row"]
    assert (first.total, first.imported, first.updated, first.rejected) == (3, 3, 0, 1)
    assert (second.imported, second.updated, second.rejected) == (0, 3, 1)
    assert [number for number, _codes in page.context["remarks"]] == [4]
    assert "Row 4" in page.content.decode()
    assert "Undo this import" not in page.content.decode()
    assert rows.status_code == 200
    assert AuditEntry.objects.filter(action="suppression.imported").count() == 2


def test_a_long_list_is_left_to_the_worker(shop: Client, browse: Browse, monkeypatch: Any) -> None:
    monkeypatch.setattr(optouts, "AT_ONCE", 1)

    page = send(browse(language="en"), shop, as_csv())
    waiting = Suppression.objects.count()
    row = optouts.resume(client_id=shop.pk, import_id=page.context["row"].id)

    assert (page.context["row"].state, waiting) == ("running", 0)
    assert (row.state, row.imported, row.done) == ("done", 3, 3)


@pytest.mark.parametrize(
    ("_case", "content", "french", "english"),
    [
        ("no file", None, "Choisissez d’abord", "Choose a file first"),
        ("empty", b"", "vide", "empty"),
        ("no such column", b"Couleur;Taille\nbleu;M\n", "Aucune colonne", "No column of this file"),
        ("header only", "Téléphone\n".encode(), "aucune ligne", "no rows"),
    ],
)
def test_a_file_without_opt_outs_changes_nothing(
    _case: str, content: bytes | None, french: str, english: str, shop: Client, browse: Browse
) -> None:
    for language, words in (("fr", french), ("en", english)):
        page = send(browse(language=language), shop, content)
        assert page.status_code == 422
        assert words in page.content.decode()
    assert not Import.objects.exists()
    assert not list(vault.folder(shop.pk).iterdir())


def test_opt_outs_of_a_protected_file(protected: bytes, shop: Client, browse: Browse) -> None:
    browser = browse(language="en")

    without = send(browser, shop, protected)
    wrong = send(browser, shop, protected, **{"list-password": "sesame"})
    right = send(browser, shop, protected, **{"list-password": PASSWORD})

    assert "give it" in without.content.decode()
    assert "not the password" in wrong.content.decode()
    assert (without.status_code, wrong.status_code, right.context["row"].imported) == (422, 422, 3)


def test_a_store_manager_sends_no_file(shop: Client, browse: Browse) -> None:
    place = create_establishment(shop, name="Rivoli").pk

    assert send(browse("store_manager", establishments=[place]), shop, as_csv()).status_code == 403


def read_protected(browser: Browser, shop: Client, content: bytes) -> Any:
    upload = {"file": SimpleUploadedFile("clients.xlsx", content)}
    return browser.post(reverse("audience:import-new", args=[shop.slug]), upload)


@pytest.mark.parametrize(
    ("language", "asks", "wrong"),
    [
        ("fr", "protégé par un mot de passe", "pas le mot de passe"),
        ("en", "protected by a password", "not the password"),
    ],
)
def test_a_protected_file_asks_for_its_password(
    language: str, asks: str, wrong: str, protected: bytes, shop: Client, browse: Browse
) -> None:
    browser = browse(language=language)

    asked = read_protected(browser, shop, protected)
    page = browser.get(asked.url)
    refused = browser.post(asked.url, {"password": "guess"})
    opened = browser.post(asked.url, {"password": PASSWORD})
    mapping = browser.get(opened.url)

    assert asked.url.endswith("/password")
    assert asks in page.content.decode()
    assert refused.status_code == 422
    assert wrong in refused.content.decode()
    assert "guess" not in refused.content.decode()
    assert "clients.xlsx" in page.text
    assert "clients.xlsx" in mapping.text
    assert mapping.context["preview"].rows[0][0] == "06 39 98 00 77"


def test_the_protected_file_and_its_password_are_not_kept(
    protected: bytes, shop: Client, browse: Browse, caplog: pytest.LogCaptureFixture
) -> None:
    browser = browse()
    asked = read_protected(browser, shop, protected)

    browser.post(asked.url, {"password": PASSWORD})
    gone = browser.get(asked.url)

    (kept,) = Path(vault.folder(shop.pk)).iterdir()
    assert gone.status_code == 404
    assert PASSWORD.encode() not in kept.read_bytes()
    assert PASSWORD not in caplog.text
    assert PASSWORD not in str(list(AuditEntry.objects.values_list("facts", flat=True)))


def test_a_libreoffice_file_that_no_password_opens_says_what_to_do(shop: Client, browse: Browse) -> None:
    content = locked_ods(PASSWORD, WHOLE, key_derivation_name="PGP")

    for language, words in (("fr", "enregistrez-le sans"), ("en", "save it without a password")):
        page = read_protected(browse(language=language), shop, content)
        assert page.status_code == 422
        assert words in page.content.decode()


@pytest.mark.parametrize("form", FORMS)
def test_a_protected_libreoffice_file_is_opened_once(form: str, shop: Client, browse: Browse) -> None:
    browser = browse()
    asked = read_protected(browser, shop, locked_ods(PASSWORD, form))

    shown = browser.post(asked.url, {"password": PASSWORD}, follow=True)

    assert asked.url.endswith("/password")
    assert "Élodie" in shown.content.decode()


def test_a_file_without_password_needs_none(shop: Client, browse: Browse) -> None:
    browser = browse()
    asked = read_protected(browser, shop, as_xlsx())
    upload_id = asked.url.rstrip("/").rsplit("/", 1)[1]

    given = browser.post(reverse("audience:import-unlock", args=[shop.slug, upload_id]), {"password": "none needed"})

    assert given.url == asked.url
