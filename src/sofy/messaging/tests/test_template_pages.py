"""The template manager: written, shown as people receive it, brought back; nothing for strangers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.accounts.tests.factories import make_user
from sofy.clients.tests.factories import make_client
from sofy.kernel.content import Card, Content
from sofy.kernel.errors import Refused
from sofy.kit.rls import client_scope
from sofy.messaging.models import Template
from sofy.messaging.services import templates
from sofy.messaging.template_forms import read_buttons, written_buttons
from sofy.messaging.tests.test_pages import browser

FORM = {
    "code": "order_ready", "name": "Commande prête", "purpose": "alert",
    "sms_text": "Bonjour {{prenom}}, votre commande est prête.", "sample-prenom": "Zoé",
}  # fmt: skip


@pytest.fixture
def client(db):
    return make_client()


pytestmark = pytest.mark.django_db(databases=["default", "staff"])


def made(client, contents=None, code="order_ready"):
    with client_scope(client.pk):
        contents = contents or {"sms": Content(text="Bonjour {{prenom}}")}
        return templates.write(client.pk, code=code, contents=contents, purpose="alert", actor="user:x").template


def said(client, number=None):
    with client_scope(client.pk):
        return templates.contents_of(templates.version(Template.objects.get(), number))


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_template_is_written_on_the_page_and_opens_again(client, language):
    person = browser(make_user(client=client, role="marketer"), language)
    url = f"/c/{client.slug}/templates/"

    empty, blank = person.get(url), person.get(f"{url}new")
    answer = person.post(f"{url}new", FORM)
    page, listed = person.get(answer["location"]), person.get(url)
    history = person.get(f"{answer['location']}/history")

    assert (empty.status_code, blank.status_code, answer.status_code, history.status_code) == (200, 200, 302, 200)
    assert "Bonjour Zoé, votre commande est prête." in page.text
    assert "order_ready" in listed.text
    assert f'lang="{language}"' in page.text
    assert said(client)["sms"].text == FORM["sms_text"]


def test_the_preview_follows_what_is_typed_and_keeps_nothing(client):
    template = made(client)
    person = browser(make_user(client=client))
    typed = FORM | {
        "sms_text": "{{ville}} : " + "é" * 70 + "ê", "sample-ville": "Lyon", "email_subject": "Objet",
        "email_text": "x", "rcs_text": "Salut", "rcs_buttons": "Voir = https://example.com/{{ville}}\nSTOP",
    }  # fmt: skip

    answer = person.post(f"/c/{client.slug}/templates/{template.pk}", typed, headers={"hx-request": "true"})

    assert answer.status_code == 200
    assert "Lyon : " in answer.text
    assert "UCS2" in answer.text
    assert "<mark>ê</mark>" in answer.text
    assert "Objet" in answer.text
    assert "<html" not in answer.text
    assert said(client) == {"sms": Content(text="Bonjour {{prenom}}")}


def test_what_was_typed_is_text_wherever_it_is_shown(client):
    template = made(client)
    person = browser(make_user(client=client))
    typed = FORM | {"sms_text": "<script>{{a}}</script>", "sample-a": '"><img src=x>'}

    answer = person.post(f"/c/{client.slug}/templates/{template.pk}", typed, headers={"hx-request": "true"})

    assert "<script>" not in answer.text
    assert "<img" not in answer.text


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "Déjà"},
        {"sms_text": "{{prénom}}"},
        {"purpose": "marketing"},
        {"sms_text": ""},
        {"rcs_text": "x", "rcs_buttons": "= https://example.com"},
        {"rcs_text": "x", "rcs_image": "http://example.com/a.png"},
        {"email_html": "<a href={{a}}>x</a>", "email_subject": "x", "email_text": "x"},
        {"name": ""},
    ],
)
def test_what_cannot_be_kept_is_said_on_the_page(client, changes):
    answer = browser(make_user(client=client)).post(f"/c/{client.slug}/templates/new", FORM | changes)

    assert answer.status_code == 422
    assert "This was refused (" not in answer.text
    with client_scope(client.pk):
        assert not Template.objects.exists()


def test_a_code_that_is_taken_is_not_written_over(client):
    made(client)

    answer = browser(make_user(client=client)).post(f"/c/{client.slug}/templates/new", FORM)

    assert answer.status_code == 422
    assert said(client)["sms"].text == "Bonjour {{prenom}}"


def test_what_the_form_cannot_show_stays(client):
    template = made(client, {"rcs": Content(text="Salut", cards=[Card(title="Une carte")])})
    person = browser(make_user(client=client))

    person.post(f"/c/{client.slug}/templates/{template.pk}", FORM | {"sms_text": "", "rcs_text": "Bonsoir"})

    assert said(client)["rcs"] == Content(text="Bonsoir", cards=[Card(title="Une carte")])


def test_a_version_comes_back_a_copy_is_made_and_the_archive_keeps_it(client):
    template = made(client)
    made(client, {"sms": Content(text="Autre")})
    person = browser(make_user(client=client))
    url = f"/c/{client.slug}/templates/{template.pk}"

    answers = [person.post(f"{url}/{act}").status_code for act in ("restore/1", "duplicate", "archive")]
    listed = person.get(f"/c/{client.slug}/templates/").text
    archived = person.get(f"/c/{client.slug}/templates/?archived=yes").text
    closed = person.get(url)
    refused = person.post(url, FORM)

    assert answers == [302, 302, 302]
    assert "order_ready_2" in listed
    assert ">order_ready<" in archived
    assert "Keep as a new version" not in closed.text
    assert refused.status_code == 422
    assert person.post(f"{url}/restore/99").status_code == 404
    assert person.post(f"{url}/archive").status_code == 302


def test_who_may_write_and_who_may_only_read(client):
    template = made(client)
    url = f"/c/{client.slug}/templates/"

    for role, reads, writes in (("auditor", 200, 403), ("developer", 200, 302), ("marketer", 200, 302)):
        person = browser(make_user(client=client, role=role))
        assert person.get(url).status_code == reads, role
        assert person.post(f"{url}{template.pk}", FORM).status_code == writes, role


def test_strangers_find_nothing(client):
    template, other = made(client), make_client()
    hostile = browser(make_user(client=other))

    for slug in (client.slug, other.slug):
        for path in ("", "/history"):
            assert hostile.get(f"/c/{slug}/templates/{template.pk}{path}").status_code == 404
        for act in ("restore/1", "duplicate", "archive"):
            assert hostile.post(f"/c/{slug}/templates/{template.pk}/{act}").status_code == 404
        assert hostile.post(f"/c/{slug}/templates/{template.pk}", FORM).status_code == 404
    with client_scope(client.pk):
        assert Template.objects.get().archived_at is None


@given(st.text(max_size=80))
def test_buttons_that_are_read_are_written_as_they_were(text):
    try:
        buttons = read_buttons(text, "rcs")
    except Refused:
        return

    assert read_buttons(written_buttons(buttons), "rcs") == buttons
