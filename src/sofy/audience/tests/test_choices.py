"""Own fields that are one of a list: their values, on a contact, in a file, in a segment."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from sofy.audience.models import Attribute, Contact, ContactAttribute, Import, ImportRow
from sofy.audience.segments import services as segments
from sofy.audience.segments import tree
from sofy.audience.segments.models import Segment
from sofy.audience.services import attributes
from sofy.audience.tests.factories import import_rows, make_book
from sofy.clients.models import Client
from sofy.kit.models import AuditEntry
from sofy.kit.rls import set_client

pytestmark = pytest.mark.django_db(databases=["default", "staff"])
Browse = Callable[..., Browser]
SIZES = ["Petite", "Moyenne", "Très grande"]
PHONE = "06 39 98 00 77"


@pytest.fixture
def size(shop: Client) -> Attribute:
    return attributes.create(
        client_id=shop.pk, label="Taille", kind="choice", private=False, actor="test", choices=SIZES
    )


def url(name: str, shop: Client, *args: object) -> str:
    return reverse(f"audience:{name}", args=[shop.slug, *args])


def test_a_list_is_made_on_the_page(shop: Client, browse: Browse) -> None:
    given = {"label": "Taille", "kind": "choice", "choices": "Petite\n\n  Moyenne \nMOYENNE\nTrès grande"}

    page = browse(language="en").post(url("fields", shop), given, follow=True)

    assert Attribute.objects.get().choices == ["Petite", "MOYENNE", "Très grande"]
    assert "One of a list" in page.content.decode()


def test_a_contact_has_one_of_the_values(shop: Client, size: Attribute, browse: Browse) -> None:
    browser = browse()

    browser.post(url("contact-new", shop), {"phones": PHONE, "own_taille": "Très grande"})
    contact = Contact.objects.get()
    page = browser.get(url("contact", shop, contact.id)).content.decode()
    form = browser.get(url("contact-edit", shop, contact.id)).context["form"]
    refused = browser.post(url("contact-edit", shop, contact.id), {"phones": PHONE, "own_taille": "Énorme"})

    assert ContactAttribute.objects.get().text == "Très grande"
    assert "Très grande" in page
    assert [value for value, _words in form.fields["own_taille"].choices] == ["", *SIZES]
    assert form["own_taille"].value() == "Très grande"
    assert refused.status_code == 422


def test_values_are_added_and_put_in_order(shop: Client, size: Attribute, browse: Browse) -> None:
    browser = browse()
    shown = browser.get(url("field", shop, size.id)).context["form"]["choices"].value()

    browser.post(url("field", shop, size.id), {"label": "Pointure", "choices": "Très grande\nMoyenne\nNaine"})

    size.refresh_from_db()
    assert shown == "\n".join(SIZES)
    assert (size.label, size.choices) == ("Pointure", ["Très grande", "Moyenne", "Naine"])
    assert AuditEntry.objects.filter(action="field.choices_changed").exists()


def test_a_value_that_contacts_have_stays(shop: Client, size: Attribute, browse: Browse) -> None:
    browser = browse(language="en")
    browser.post(url("contact-new", shop), {"phones": PHONE, "own_taille": "Petite"})

    page = browser.post(url("field", shop, size.id), {"label": "Pointure", "choices": "Moyenne"})

    size.refresh_from_db()
    assert "Contacts have this value: Petite" in page.content.decode()
    assert (size.label, size.choices) == ("Taille", SIZES)


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_file_says_which_rows_have_another_value(
    dry_run: bool, shop: Client, size: Attribute, tmp_path: Path
) -> None:
    rows = [("0639980001", "petite"), ("0639980002", "TRES GRANDE"), ("0639980003", "Énorme"), ("0639980004", "")]

    result = import_rows(
        shop, make_book(shop), tmp_path / "a.csv", *rows, header=("Portable", "Taille"), dry_run=dry_run
    )

    assert (result.imported, result.rejected, result.warnings) == (4, 0, {"value_not_listed": 1})
    set_client(shop.pk)
    if not dry_run:
        assert set(ContactAttribute.objects.values_list("text", flat=True)) == {"Petite", "Très grande"}
        assert ImportRow.objects.get(problems="value_not_listed").row == 4
        assert Import.objects.get().mapping["choices"] == {"taille": SIZES}


def test_a_second_file_changes_the_value_and_its_undo_brings_it_back(
    shop: Client, size: Attribute, tmp_path: Path
) -> None:
    from sofy.audience.imports.undo import undo_import

    book, header = make_book(shop), ("Portable", "Taille")
    import_rows(shop, book, tmp_path / "a.csv", ("0639980001", "Petite"), header=header)
    rows = [("0639980001", "Moyenne"), ("0639980001", "Très grande")]
    second = import_rows(shop, book, tmp_path / "b.csv", *rows, header=header)
    set_client(shop.pk)
    changed = ContactAttribute.objects.get().text

    assert second.import_id
    undo_import(client_id=shop.pk, import_id=second.import_id, actor="test")

    set_client(shop.pk)
    assert (changed, ContactAttribute.objects.get().text) == ("Très grande", "Petite")


def ask(**fields: Any) -> dict[str, Any]:
    shown = {f"r_0-{name}": value for name, value in fields.items()}
    return {"r-is": "all", "r_0-is": "attribute", "r_0-was": "attribute", **shown}


def test_the_builder_offers_the_values(shop: Client, size: Attribute, browse: Browse) -> None:
    browser = browse()
    for number, value in enumerate(("Petite", "Moyenne", "Très grande")):
        given = {"phones": f"06 39 98 00 {number:02d}", "own_taille": value}
        browser.post(url("contact-new", shop), given)
    asked = ask(name="taille", test="one_of", values=["Petite", "Très grande"])

    page = browser.post(url("segment-new", shop), {**asked, "do": "count"})
    others = browser.post(url("segment-new", shop), {**asked, "r_0-not": "on", "do": "count"})
    browser.post(url("segment-new", shop), {**asked, "name": "Tailles", "do": "save"})
    edit = browser.get(url("segment-edit", shop, Segment.objects.get().id)).context["root"]

    row = page.context["root"].parts[0]
    assert [name for name, _words in row.form.fields["values"].choices] == SIZES
    assert "value" not in row.form.fields
    assert (page.context["shown"].total, others.context["shown"].total) == (2, 1)
    assert Segment.objects.get().tree["of"][0]["values"] == ["Petite", "Très grande"]
    assert edit.parts[0].form["values"].value() == ["Petite", "Très grande"]


def test_a_row_goes_from_a_text_to_a_list_and_back(shop: Client, size: Attribute, browse: Browse) -> None:
    attributes.create(client_id=shop.pk, label="Ville préférée", kind="text", private=False, actor="test")
    browser = browse()

    to_list = browser.post(url("segment-new", shop), ask(name="taille", test="equals", value="Lyon"))
    kept = browser.post(url("segment-new", shop), ask(name="taille", test="equals", value="Petite"))
    to_text = browser.post(url("segment-new", shop), ask(name="ville_preferee", test="one_of", value="Lyon, Bron"))

    row = to_list.context["root"].parts[0]
    assert (row.form["test"].value(), row.problems) == ("one_of", ["choose_one"])
    assert kept.context["root"].parts[0].form["values"].value() == ["Petite"]
    assert to_text.context["shown"].sentence == "Contacts dont «\u00a0Ville préférée\u00a0» est Lyon ou Bron."


def test_texts_of_the_api_are_shown_with_commas(shop: Client, browse: Browse) -> None:
    attributes.create(client_id=shop.pk, label="Ville préférée", kind="text", private=False, actor="test")
    node = {"is": "attribute", "name": "ville_preferee", "test": "one_of", "values": ["Lyon", "Bron"]}
    made = segments.save(client_id=shop.pk, name="Villes", root=tree.from_builtins(node), actor="test")

    root = browse().get(url("segment-edit", shop, made.id)).context["root"]

    assert root.parts[0].form["value"].value() == "Lyon, Bron"
