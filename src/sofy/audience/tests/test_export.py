"""An export is a file that an import reads back: the same people with the same fields."""

import io
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import translation

from sofy.audience import queries
from sofy.audience.models import Contact
from sofy.audience.services import attributes, consent, contacts, export
from sofy.audience.services.imports import import_file
from sofy.audience.tests.factories import make_book
from sofy.clients.models import Client
from sofy.clients.services import create_establishment
from sofy.clients.tests.factories import make_client
from sofy.kit.rls import client_scope, set_client

pytestmark = pytest.mark.django_db(databases=["default", "staff"])
Browse = Callable[..., Browser]
Person = Callable[..., Contact]

FIELDS = (
    ("Points de fidélité", "number", False),
    ("Dernier achat", "date", False),
    ("Carte", "text", False),
    ("Client professionnel", "bool", False),
    ("Remarque", "text", True),
    ("Taille", "choice", False),
)
OWN: dict[str, attributes.Value] = {
    "points_de_fidelite": Decimal("-1234.5"), "dernier_achat": date(2026, 3, 7), "carte": "=Or; n° 1",
    "client_professionnel": False, "remarque": "préfère être appelée le soir, 01 99 00 12 34",
    "taille": "Très grande",
}  # fmt: skip


def make_fields(client: Client) -> None:
    with client_scope(client.pk):
        for label, kind, private in FIELDS:
            attributes.create(
                client_id=client.pk, label=label, kind=kind, private=private, actor="test", choices=("S", "Très grande")
            )


@pytest.fixture
def three(shop: Client) -> None:
    """Somebody with everything, somebody with nearly nothing, and somebody who opted out."""
    make_fields(shop)
    place = create_establishment(shop, name="Rivoli").pk
    full = {
        "title": "mrs", "first_name": "Zoé", "last_name": "+Œuvre d’Été", "birth_date": date(1980, 2, 29),
        "language": "zh", "street": "-12, rue de l’Église", "postcode": "01000", "town": "Bourg-en-Bresse",
        "establishment_id": place, "zone": "Indian/Reunion", "latitude": 46.2, "longitude": 5.225,
    }  # fmt: skip
    phones = ["+262692000100", "06 39 98 00 01", "01 99 00 12 34"]
    emails = ["zoe@exemple.fr", "zoe.deux@exemple.fr", "zoe.trois@exemple.fr"]
    made = contacts.save(client_id=shop.pk, fields=full, phones=phones, emails=emails, actor="test", own=OWN)
    contacts.save(client_id=shop.pk, fields={}, phones=["+33639980002"], emails=[], actor="test")
    gone = contacts.save(client_id=shop.pk, fields={"first_name": "Léo"}, phones=["+33639980003"], emails=[], actor="t")
    for who, state in ((made, "granted"), (gone, "opposed")):
        for row in queries._identities(shop.pk, [who.id]):
            if row.mobile or row.kind == "email":
                consent.record(
                    client_id=shop.pk, identity_id=row.id, purpose="marketing", state=state, source="paper", actor="t"
                )


def everything(client: Client) -> list[dict[str, Any]]:
    """What is known of the people of a client, shops by their name."""
    with client_scope(client.pk):
        people = list(Contact.objects.filter(client_id=client.pk, deleted_at=None))
        ids = [each.id for each in people]
        addresses, own = queries.addresses_of(client.pk, ids), attributes.values_of(client.pk, ids)
        names = ("title", "first_name", "last_name", "birth_date", "language", "street", "postcode", "town", "zone",
                 "latitude", "longitude", "sms", "email")  # fmt: skip
        found = [
            {name: getattr(each, name) for name in names}
            | {"at": addresses[each.id], "own": own.get(each.id, {}), "shop": bool(each.establishment_id)}
            for each in people
        ]
    return sorted(found, key=lambda each: str(each["at"]))


def exported(client: Client, kind: str, language: str, folder: Path, **options: Any) -> Path:
    with client_scope(client.pk), translation.override(language):
        body = export.direct(client=client, wanted=queries.Filter(), actor="test", kind=kind, sealed=True, **options)
    path = folder / f"contacts.{kind}"
    path.write_bytes(body)
    return path


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_import_elsewhere_makes_the_same_people(
    kind: str, language: str, shop: Client, three: None, tmp_path: Path
) -> None:
    before = everything(shop)
    path = exported(shop, kind, language, tmp_path)
    other = make_client()
    make_fields(other)
    create_establishment(other, name="Rivoli")

    result = import_file(
        client_id=other.pk, book_id=make_book(other).id, path=path, legal_basis="consent", source="move", actor="test"
    )

    assert (result.total, result.imported, result.warnings) == (3, 3, {})
    assert everything(other) == before


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_import_into_another_book_changes_nobody(kind: str, shop: Client, three: None, tmp_path: Path) -> None:
    before = everything(shop)
    path = exported(shop, kind, "fr", tmp_path)

    result = import_file(client_id=shop.pk, book_id=make_book(shop, "Other").id, path=path, actor="test")

    assert (result.updated, result.imported) == (3, 0)
    assert everything(shop) == before
    set_client(shop.pk)
    assert len(attributes.definitions(shop.pk)) == len(FIELDS)


def test_a_renamed_field_is_found_again(shop: Client, three: None, tmp_path: Path) -> None:
    field = next(each for each in attributes.definitions(shop.pk) if each.name == "carte")
    attributes.rename(client_id=shop.pk, field_id=field.id, label="Carte du magasin", actor="test")
    before = everything(shop)

    import_file(
        client_id=shop.pk, book_id=make_book(shop, "Other").id, path=exported(shop, "csv", "fr", tmp_path), actor="test"
    )

    assert everything(shop) == before
    set_client(shop.pk)
    assert len(attributes.definitions(shop.pk)) == len(FIELDS)


def test_sealed_fields_leave_only_for_those_who_see_them(shop: Client, three: None) -> None:
    wanted = queries.Filter()

    without = export.direct(client=shop, wanted=wanted, actor="test").decode()
    whole = export.direct(client=shop, wanted=wanted, actor="test", sealed=True).decode()

    assert "Carte" in without
    assert "Remarque" not in without
    assert "préfère" not in without
    assert "préfère être appelée le soir" in whole


def test_headings_stay_apart(shop: Client, three: None) -> None:
    attributes.create(client_id=shop.pk, label="Carte 2", kind="text", private=False, actor="test")
    field = next(each for each in attributes.definitions(shop.pk) if each.name == "carte_2")
    attributes.rename(client_id=shop.pk, field_id=field.id, label="Carte", actor="test")

    header = export.direct(client=shop, wanted=queries.Filter(), actor="test").decode("utf-8-sig").splitlines()[0]

    assert "carte;carte_2" in header


@pytest.mark.parametrize(("chosen", "start"), [("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK"), ("pdf", b"\xef\xbb\xbf")])
def test_the_page_gives_the_format_asked_for(
    chosen: str, start: bytes, shop: Client, three: None, browse: Browse
) -> None:
    answer = browse().post(reverse("audience:contact-export", args=[shop.slug]), {"as": chosen})

    assert answer.content.startswith(start)
    assert answer["Content-Disposition"].endswith('.xlsx"' if chosen == "xlsx" else '.csv"')


def test_a_big_sheet_is_written_by_the_worker_in_the_language_of_its_reader(
    shop: Client, three: None, browse: Browse, monkeypatch: Any
) -> None:
    jobs: list[dict[str, Any]] = []
    monkeypatch.setattr(export, "DIRECT", 0)
    monkeypatch.setattr(export, "defer", lambda _job, _client, **facts: jobs.append(facts))
    browser = browse(language="en")

    page = browser.post(reverse("audience:contact-export", args=[shop.slug]), {"as": "xlsx"})
    (job,) = jobs
    export.write(client_id=shop.pk, **job)
    answer = browser.get(page.url + "/file")
    body = b"".join(answer.streaming_content)

    import python_calamine

    rows = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(0).to_python()
    assert isinstance(job["file_id"], UUID)
    assert rows[0][:3] == ["Title", "First name", "Last name"]
    assert "Remarque" in rows[0]
    assert len(rows) == 4
    assert answer["Content-Disposition"].endswith('contacts.xlsx"')


def test_a_sheet_that_would_be_too_large_is_refused(
    shop: Client, three: None, browse: Browse, monkeypatch: Any
) -> None:
    monkeypatch.setattr(export, "XLSX_MOST", 2)

    page = browse(language="en").post(reverse("audience:contact-export", args=[shop.slug]), {"as": "xlsx"}, follow=True)

    assert "More than 2 contacts: choose CSV" in page.content.decode()
