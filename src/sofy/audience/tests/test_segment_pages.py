from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Browser
from django.urls import reverse

from sofy.audience.models import Contact
from sofy.audience.segments import services, tree
from sofy.audience.segments.models import Segment
from sofy.clients.models import Client
from sofy.clients.tests.factories import make_client

pytestmark = pytest.mark.django_db(databases=["default", "staff"])
Browse = Callable[..., Browser]
Person = Callable[..., Contact]
FRENCH = tree.All(of=(tree.IsLanguage(values=("fr",)),))


@pytest.fixture
def segment(shop: Client) -> Segment:
    return services.save(client_id=shop.pk, name="Francophones", root=FRENCH, actor="test")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fr", ["Segments", "Aucun segment", "Écrire le premier"]),
        ("en", ["Segments", "No segment yet", "Write the first one"]),
    ],
)
def test_empty_list_teaches(language: str, words: list[str], shop: Client, browse: Browse) -> None:
    page = browse(language=language).get(reverse("audience:segments", args=[shop.slug]))

    assert page.status_code == 200
    for word in words:
        assert word in page.content.decode()


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("fr", "Contacts qui parlent français."), ("en", "Contacts whose language is French.")],
)
def test_page_says_the_sentence_and_counts(
    language: str, sentence: str, shop: Client, segment: Segment, person: Person, browse: Browse
) -> None:
    person(language="fr")
    browser = browse(language=language)

    page = browser.get(reverse("audience:segment", args=[shop.slug, segment.id])).content.decode()
    listing = browser.get(reverse("audience:segments", args=[shop.slug])).content.decode()

    assert sentence in page
    assert "Élodie Sœur" in page
    assert sentence in listing


def fields(**rows: str) -> dict[str, str]:
    return {key.replace("__", "-"): value for key, value in rows.items()}


START = fields(r__is="all", r_0__is="language", r_0__was="language", r_0__values="fr")


def test_builder_counts_each_row_and_the_whole(shop: Client, person: Person, browse: Browse) -> None:
    person(language="fr")
    person(language="fr")
    person(language="en")
    data = {**START, **fields(r_1__is="channel", r_1__was="channel", r_1__channel="sms"), "do": "count"}

    page = browse().post(reverse("audience:segment-new", args=[shop.slug]), data)

    assert page.status_code == 200
    assert [node.count for node in page.context["root"].walk()] == [2, 2, 3]
    assert page.context["shown"].total == 2


def test_builder_adds_and_removes_rows_and_groups_without_a_script(shop: Client, browse: Browse) -> None:
    browser, url = browse(), reverse("audience:segment-new", args=[shop.slug])

    added = browser.post(url, {**START, "do": "row"}).context["root"]
    grouped = browser.post(url, {**START, "do": "group"}).context["root"]
    removed = browser.post(
        url, {**START, **fields(r_1__is="age", r_1__was="age", r_1__at_least="18"), "do": "remove_0"}
    ).context["root"]

    assert [part.kind for part in added.parts] == ["language", "consent"]
    assert [part.kind for part in grouped.parts] == ["language", "any"]
    assert [part.kind for part in removed.parts] == ["age"]
    assert removed.parts[0].form["at_least"].value() == "18"


def test_changing_the_kind_of_a_row_starts_it_anew(shop: Client, browse: Browse) -> None:
    data = {**START, "r_0-is": "age"}

    root = browse().post(reverse("audience:segment-new", args=[shop.slug]), data).context["root"]

    assert root.parts[0].kind == "age"
    assert not root.parts[0].form.errors


def test_nobody_is_told_off_about_a_row_that_was_just_added(shop: Client, browse: Browse) -> None:
    data = {**START, "r_0-is": "near"}

    root = browse().post(reverse("audience:segment-new", args=[shop.slug]), data).context["root"]

    assert (root.parts[0].problems, root.problems) == ([], [])


def test_builder_answers_a_fragment_to_htmx(shop: Client, browse: Browse) -> None:
    url = reverse("audience:segment-new", args=[shop.slug])

    page = browse().post(url, START, headers={"hx-request": "true"}).content.decode()

    assert page.lstrip().startswith("<form")
    assert "<html" not in page


def test_save_and_change(shop: Client, person: Person, browse: Browse) -> None:
    person(language="fr")
    browser = browse()

    made = browser.post(reverse("audience:segment-new", args=[shop.slug]), {**START, "name": "Ici", "do": "save"})
    saved = Segment.objects.get()
    edit = browser.get(reverse("audience:segment-edit", args=[shop.slug, saved.id])).context["root"]

    assert made.status_code == 302
    assert (saved.name, saved.size, saved.tree) == ("Ici", 1, tree.to_builtins(FRENCH))
    assert edit.parts[0].form["values"].value() == ["fr"]


@pytest.mark.parametrize(
    ("_case", "data", "french", "english"),
    [
        ("no name", START, "Donnez un nom", "Give a name"),
        (
            "no value",
            {**START, "name": "x", "r_0-is": "postcode", "r_0-was": "postcode", "r_0-prefixes": ""},
            "incomplètes",
            "incomplete",
        ),
        (
            "no period",
            {"name": "x", **fields(r__is="all", r_0__is="created", r_0__was="created", r_0__days="")},
            "une date",
            "or a date",
        ),
        (
            "crossed ages",
            {"name": "x", **fields(r__is="all", r_0__is="age", r_0__was="age", r_0__at_least="40", r_0__at_most="20")},
            "au-dessus",
            "above the second",
        ),
        (
            "letters",
            {"name": "x", **fields(r__is="all", r_0__is="near", r_0__was="near", r_0__km="abc")},
            "nombre",
            "number",
        ),
    ],
)
def test_what_is_wrong_is_said_at_its_place(
    _case: str, data: dict[str, Any], french: str, english: str, shop: Client, browse: Browse
) -> None:
    url = reverse("audience:segment-new", args=[shop.slug])

    for language, words in (("fr", french), ("en", english)):
        page = browse(language=language).post(url, {**data, "do": "save"})
        assert page.status_code == 422
        assert words in page.content.decode()
    assert not Segment.objects.exists()


def test_hostile_form_is_only_an_empty_segment(shop: Client, browse: Browse) -> None:
    data = {f"r{'_9' * depth}-is": "any" for depth in range(40)} | {
        "r_x-is": "any",
        "do": "remove_7_7_7",
        "r_0-is": "'",
    }

    page = browse().post(reverse("audience:segment-new", args=[shop.slug]), data)

    assert page.status_code == 200


def test_why_is_somebody_in_or_out(shop: Client, segment: Segment, person: Person, browse: Browse) -> None:
    person(language="en", phone="+33639980077")
    browser, url = browse(language="en"), reverse("audience:segment", args=[shop.slug, segment.id])

    told = browser.post(url, {"who": "06 39 98 00 77"})
    unknown = browser.post(url, {"who": "06 39 98 00 78"})

    assert [reason.holds for reason in told.context["reasons"]] == [False, False]
    assert "No contact has this" in unknown.content.decode()


def test_freeze_keeps_todays_members(shop: Client, segment: Segment, person: Person, browse: Browse) -> None:
    person(language="fr")
    browse().post(reverse("audience:segment-freeze", args=[shop.slug, segment.id]))
    person(language="fr")

    frozen = Segment.objects.get(kind="snapshot")
    page = browse().get(reverse("audience:segment", args=[shop.slug, frozen.id]))

    assert page.context["shown"].total == 1


def test_remove_and_undo(shop: Client, segment: Segment, browse: Browse) -> None:
    browser = browse()
    removed = browser.post(reverse("audience:segment-remove", args=[shop.slug, segment.id]), follow=True)
    gone = browser.get(reverse("audience:segment", args=[shop.slug, segment.id]))
    browser.post(reverse("audience:segment-restore", args=[shop.slug, segment.id]))

    assert "Annuler" in removed.content.decode()
    assert gone.status_code == 404
    assert browser.get(reverse("audience:segment", args=[shop.slug, segment.id])).status_code == 200


def test_a_segment_in_use_stays(shop: Client, segment: Segment, browse: Browse) -> None:
    services.save(
        client_id=shop.pk, name="Autre", root=tree.All(of=(tree.InSegment(segment=segment.id),)), actor="test"
    )

    page = browse().post(reverse("audience:segment-remove", args=[shop.slug, segment.id]), follow=True)

    assert "Autre" in page.content.decode()
    assert Segment.objects.filter(deleted_at=None).count() == 2


@pytest.mark.parametrize("name", ["segment", "segment-edit", "segment-freeze", "segment-remove", "segment-restore"])
def test_a_foreign_or_unknown_segment_is_404(name: str, shop: Client, segment: Segment, browse: Browse) -> None:
    other = make_client()
    hostile = browse(client=other)
    method = "get" if name in ("segment", "segment-edit") else "post"

    for slug, segment_id in ((other.slug, segment.id), (shop.slug, segment.id), (other.slug, uuid4())):
        assert getattr(hostile, method)(reverse(f"audience:{name}", args=[slug, segment_id])).status_code == 404


@pytest.mark.parametrize(
    ("role", "status"), [("auditor", 403), ("store_manager", 403), ("developer", 403), ("marketer", 200)]
)
def test_only_people_who_may_edit_reach_the_builder(role: str, status: int, shop: Client, browse: Browse) -> None:
    from sofy.clients.services import create_establishment

    places = [create_establishment(shop, name="Rivoli").pk] if role == "store_manager" else []

    page = browse(role, establishments=places).get(reverse("audience:segment-new", args=[shop.slug]))

    assert page.status_code == status
