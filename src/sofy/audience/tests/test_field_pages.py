"""The client's own fields: their pages, their values on a contact, their columns in the list."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from sofy.audience.models import Attribute, Contact, ContactAttribute
from sofy.audience.segments import services as segments
from sofy.audience.segments import tree
from sofy.audience.services import attributes
from sofy.audience.views import fields
from sofy.clients.models import Client
from sofy.clients.services import create_establishment
from sofy.clients.tests.factories import make_client
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit.models import AuditEntry
from sofy.kit.rls import set_client

pytestmark = pytest.mark.django_db(databases=["default", "staff"])
Browse = Callable[..., Browser]
Person = Callable[..., Contact]
PHONE = "06 39 98 00 77"


@pytest.fixture
def make(shop: Client) -> Callable[..., Attribute]:
    def made(label: str = "Points de fidélité", kind: str = "number", private: bool = False) -> Attribute:
        return attributes.create(client_id=shop.pk, label=label, kind=kind, private=private, actor="test")

    return made


@pytest.fixture
def four(make: Callable[..., Attribute]) -> None:
    """One field of each kind, and a sealed one."""
    for label, kind in (("Points", "number"), ("Taille", "text"), ("Dernier achat", "date"), ("Abonné", "bool")):
        make(label, kind)
    make("Remarque", "text", private=True)


def url(name: str, shop: Client, *args: object) -> str:
    return reverse(f"audience:{name}", args=[shop.slug, *args])


def test_a_field_is_created(shop: Client, browse: Browse) -> None:
    browser = browse(language="en")

    page = browser.post(url("fields", shop), {"label": "  Points  de fidélité ", "kind": "number"}, follow=True)

    field = Attribute.objects.get()
    assert (field.name, field.label, field.kind) == ("points_de_fidelite", "Points de fidélité", "number")
    assert "{{ points_de_fidelite }}" in page.content.decode()
    assert AuditEntry.objects.filter(action="field.created").exists()


@pytest.mark.parametrize(("language", "words"), [("fr", "Aucun champ personnalisé"), ("en", "No field of your own")])
def test_an_empty_list_teaches(language: str, words: str, shop: Client, browse: Browse) -> None:
    assert words in browse(language=language).get(url("fields", shop)).content.decode()


@pytest.mark.parametrize(
    ("_case", "data", "french", "english"),
    [
        ("no name", {"label": " ", "kind": "text"}, "obligatoire", "required"),
        ("no letter", {"label": "!!", "kind": "text"}, "lettres ou des chiffres", "letters or digits"),
        ("taken", {"label": "POINTS", "kind": "text"}, "déjà", "already"),
        ("of every contact", {"label": "Prénom", "kind": "text"}, "déjà", "already"),
        ("no such kind", {"label": "Taille", "kind": "jsonb"}, "Sélectionnez", "Select a valid choice"),
        ("sealed yes or no", {"label": "Abonné", "kind": "bool", "private": "on"}, "scellé", "cannot be sealed"),
        ("sealed list", {"label": "Taille", "kind": "choice", "choices": "S", "private": "on"}, "scellé", "be sealed"),
        ("list of nothing", {"label": "Taille", "kind": "choice", "choices": " "}, "une par ligne", "one per line"),
        ("long value", {"label": "Taille", "kind": "choice", "choices": "x" * 81}, "80 caractères", "80 characters"),
        ("long list", {"label": "Taille", "kind": "choice", "choices": "\n".join(map(str, range(101)))}, "100 valeurs",
         "100 values"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_explained(
    _case: str, data: dict[str, str], french: str, english: str, shop: Client, make: Any, browse: Browse
) -> None:
    make("Points")

    for language, words in (("fr", french), ("en", english)):
        page = browse(language=language).post(url("fields", shop), data)
        assert page.status_code == 422
        assert words in page.content.decode()
    assert Attribute.objects.count() == 1


def test_values_are_written_by_hand(shop: Client, four: None, browse: Browse) -> None:
    browser = browse()
    given = {
        "phones": PHONE, "own_points": "12.5", "own_taille": "XL", "own_dernier_achat": "2026-10-01",
        "own_abonne": "no", "own_remarque": "préfère être appelée le soir",
    }  # fmt: skip

    browser.post(url("contact-new", shop), given)
    contact = Contact.objects.get()
    stored = attributes.values_of(shop.pk, [contact.id])[contact.id]
    page = browser.get(url("contact", shop, contact.id)).content.decode()
    form = browser.get(url("contact-edit", shop, contact.id)).context["form"]

    assert stored == {
        "points": Decimal("12.5"), "taille": "XL", "dernier_achat": date(2026, 10, 1), "abonne": False,
        "remarque": "préfère être appelée le soir",
    }  # fmt: skip
    assert ContactAttribute.objects.get(name="remarque").text is None
    for word in ("12,5", "XL", "01/10/2026", "non", "préfère être appelée le soir"):
        assert word in page
    assert (form["own_points"].value(), form["own_abonne"].value()) == ("12.5", "no")


def test_values_are_changed_and_taken_away(shop: Client, four: None, browse: Browse) -> None:
    browser = browse()
    browser.post(url("contact-new", shop), {"phones": PHONE, "own_points": "3", "own_taille": "S"})
    contact = Contact.objects.get()
    clock.install(lambda: clock.DEMO_START + timedelta(hours=1))

    browser.post(url("contact-edit", shop, contact.id), {"phones": PHONE, "own_points": "", "own_taille": "M"})

    assert attributes.values_of(shop.pk, [contact.id]) == {contact.id: {"taille": "M"}}
    assert Contact.objects.get().updated_at > contact.updated_at


def test_a_value_that_does_not_fit_is_explained(shop: Client, four: None, browse: Browse) -> None:
    page = browse(language="en").post(url("contact-new", shop), {"phones": PHONE, "own_points": "many"})

    assert page.status_code == 422
    assert "Enter a number" in page.content.decode()
    assert not Contact.objects.exists()


def test_own_fields_are_columns(shop: Client, four: None, browse: Browse) -> None:
    browser = browse()
    browser.post(url("contact-new", shop), {"phones": PHONE, "own_points": "1234", "own_abonne": "yes"})

    page = browser.get(url("contacts", shop) + "?columns=own:points&columns=own:abonne&columns=own:nothing")
    kept = browser.get(url("contacts", shop))

    assert page.context["columns"] == kept.context["columns"] == ["own:abonne", "own:points"]
    text = page.content.decode().replace("\u202f", " ").replace("\u00a0", " ")
    assert "<td>1 234</td>" in text
    assert "<td>oui</td>" in text


def test_a_field_is_renamed_but_keeps_its_name_in_messages(shop: Client, make: Any, browse: Browse) -> None:
    field = make("Points")

    browse().post(url("field", shop, field.id), {"label": "Points cumulés"})

    field.refresh_from_db()
    assert (field.label, field.name) == ("Points cumulés", "points")


def test_a_field_is_deleted_with_its_values(shop: Client, four: None, browse: Browse) -> None:
    browser = browse(language="en")
    browser.post(url("contact-new", shop), {"phones": PHONE, "own_points": "3", "own_taille": "S"})
    field = Attribute.objects.get(name="points")

    asked = browser.get(url("field", shop, field.id)).content.decode()
    browser.post(url("field-delete", shop, field.id))

    assert "1 contact loses the value" in asked
    assert list(ContactAttribute.objects.values_list("name", flat=True)) == ["taille"]
    assert not Attribute.objects.filter(name="points").exists()


def test_many_values_are_deleted_only_after_the_name_was_typed(
    shop: Client, four: None, browse: Browse, monkeypatch: Any
) -> None:
    monkeypatch.setattr(fields, "TYPED_FROM", 1)
    browser = browse(language="en")
    browser.post(url("contact-new", shop), {"phones": PHONE, "own_points": "3"})
    delete = url("field-delete", shop, Attribute.objects.get(name="points").id)

    wrong = browser.post(delete, {"typed": "points"})
    left = ContactAttribute.objects.count()
    browser.post(delete, {"typed": "Points"})

    assert (wrong.status_code, left, ContactAttribute.objects.count()) == (422, 1, 0)
    assert "Type the name exactly" in wrong.content.decode()


def test_very_many_values_go_with_the_worker(shop: Client, four: None, browse: Browse, monkeypatch: Any) -> None:
    monkeypatch.setattr(attributes, "AT_ONCE", 0)
    browser = browse()
    browser.post(url("contact-new", shop), {"phones": PHONE, "own_points": "3", "own_taille": "S"})

    browser.post(url("field-delete", shop, Attribute.objects.get(name="points").id))
    waiting = ContactAttribute.objects.filter(name="points").count()
    with pytest.raises(Refused, match="field_going"):
        attributes.create(client_id=shop.pk, label="Points", kind="text", private=False, actor="test")
    attributes.purge(client_id=shop.pk, name="points")

    assert waiting == 1
    assert list(ContactAttribute.objects.values_list("name", flat=True)) == ["taille"]


def test_a_field_that_a_segment_asks_for_stays(shop: Client, make: Any, browse: Browse) -> None:
    field = make("Points")
    asked = tree.from_builtins(
        {"is": "all", "of": [{"is": "any", "of": [{"is": "attribute", "name": "points", "test": "filled"}]}]}
    )
    segments.save(client_id=shop.pk, name="Fidèles", root=asked, actor="test")

    page = browse(language="en").post(url("field-delete", shop, field.id), follow=True)

    assert "Segments ask for this field: Fidèles" in page.content.decode()
    assert Attribute.objects.exists()


def test_fields_are_not_for_store_managers(shop: Client, make: Any, browse: Browse) -> None:
    place, field = create_establishment(shop, name="Rivoli").pk, make()
    browser = browse("store_manager", establishments=[place])

    assert browser.get(url("fields", shop)).status_code == 403
    assert browser.post(url("field-delete", shop, field.id)).status_code == 403


def test_a_foreign_field_is_404(shop: Client, make: Any, browse: Browse) -> None:
    field, other = make(), make_client()
    hostile = browse(client=other)

    for slug in (shop.slug, other.slug):
        assert hostile.get(reverse("audience:field", args=[slug, field.id])).status_code == 404
        assert hostile.post(reverse("audience:field-delete", args=[slug, field.id])).status_code == 404
    set_client(shop.pk)
    assert Attribute.objects.filter(id=field.id).exists()
