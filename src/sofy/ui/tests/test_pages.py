"""The catalogue, preferences, error pages and what a page may never hold."""

import re
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.db import OperationalError
from django.db.backends.utils import CursorWrapper
from django.test import Client as Browser
from django.urls import reverse

from sofy.kernel.errors import Refused
from sofy.ui import problems

UI = Path(__file__).resolve().parents[1]
SOURCE = UI.parent

pytestmark = pytest.mark.django_db(databases=["default", "staff"])


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("theme", ["light", "dark", "auto"])
def test_the_catalogue_shows_in_each_language_and_theme(language, theme):
    browser = Browser(headers={"accept-language": language})
    browser.post(reverse("ui:preferences"), {"theme": theme})

    answer = browser.get(reverse("ui:catalogue"))

    assert answer.status_code == 200
    assert f'lang="{language}" data-theme="{theme}"' in answer.text
    assert (' data-bs-theme="dark"' in answer.text) is (theme == "dark")


def test_the_policy_of_pages_allows_nothing_inline():
    policy = Browser().get(reverse("ui:catalogue")).headers["Content-Security-Policy"]

    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy


def test_a_language_is_kept():
    browser = Browser(headers={"accept-language": "en"})
    browser.post(reverse("ui:preferences"), {"language": "fr", "next": "/ui/"})

    assert 'lang="fr"' in browser.get(reverse("ui:catalogue")).text


@pytest.mark.parametrize("target", ["https://evil.test/", "//evil.test", "javascript:alert(1)"])
def test_preferences_lead_to_no_other_site(target):
    answer = Browser().post(reverse("ui:preferences"), {"theme": "dark", "next": target})

    assert answer["Location"] == "/"


def test_preferences_that_do_not_exist_are_not_kept():
    answer = Browser().post(reverse("ui:preferences"), {"theme": "pink", "language": "xx"})

    assert not answer.cookies


def test_every_page_without_its_token_says_so_in_words():
    browser = Browser(enforce_csrf_checks=True, headers={"accept-language": "fr"})

    answer = browser.post(reverse("ui:preferences"), {"theme": "dark"})

    assert answer.status_code == 403
    assert "Le formulaire a expiré" in answer.text or "The form has expired" in answer.text


@pytest.mark.parametrize(
    ("_case", "came_from", "leads_to"),
    [
        ("a page of ours", "http://testserver/accounts/login/", "http://testserver/accounts/login/"),
        ("another site", "https://elsewhere.example/", "/"),
        ("nowhere", "", "/"),
    ],
)
def test_a_form_that_expired_leads_back_to_its_page_and_to_no_other_site(_case, came_from, leads_to):
    browser = Browser(enforce_csrf_checks=True, headers={"referer": came_from})

    answer = browser.post(reverse("ui:preferences"), {"theme": "dark"})

    assert f'class="btn btn-primary" href="{leads_to}"' in answer.text


def test_a_refusal_without_a_sentence_names_its_code():
    assert "some_new_code" in problems.sentence(Refused("some_new_code"))


def test_a_refusal_says_its_facts():
    assert "19:00" in problems.sentence(Refused("hours_empty", opens="19:00", closes="09:00"))


def test_no_template_of_the_house_holds_an_inline_script_style_or_handler():
    inline = re.compile(
        r"<style|\sstyle=|\son(click|load|submit|change|input)=|<script(?![^>]*(src=|application/json))"
    )
    found = [
        f"{path.relative_to(SOURCE)}: {match[0]}"
        for path in sorted(SOURCE.glob("*/templates/**/*.html"))
        if not path.stem.endswith("_file")  # a document that leaves the product takes its style along
        for match in [inline.search(path.read_text("utf-8"))]
        if match
    ]

    assert not found


def test_modules_stay_short():
    long = [path.name for path in (UI / "static/ui").glob("*.js") if len(path.read_text().splitlines()) >= 100]

    assert not long


@pytest.mark.parametrize(("language", "title"), [("fr", "Une erreur est survenue"), ("en", "Something went wrong")])
def test_a_database_that_is_away_is_told_in_words(language, title, monkeypatch):
    browser = Browser(headers={"accept-language": language}, raise_request_exception=False)
    somebody = get_user_model().objects.create_user("somebody@example.test")
    browser.force_login(somebody, "allauth.account.auth_backends.AuthenticationBackend")

    def away(*_arguments, **_names):
        raise OperationalError("the server at 10.0.0.1 closed the connection")

    with monkeypatch.context() as broken:
        broken.setattr(CursorWrapper, "execute", away)
        answer = browser.get(reverse("accounts:profile"))

    assert answer.status_code == 500
    assert title in answer.text
    assert f'lang="{language}"' in answer.text
    assert "10.0.0.1" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(("language", "said"), [("fr", "Trop à la fois"), ("en", "Too much at once")])
def test_more_fields_than_a_form_has_are_refused_in_words(language, said, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 5
    browser = Browser(headers={"accept-language": language})

    answer = browser.post("/account/login/", {str(number): "x" for number in range(9)})

    assert answer.status_code == 413
    assert f'lang="{language}"' in answer.text
    assert said in answer.text


@pytest.mark.parametrize(("language", "said"), [("fr", "Cette demande"), ("en", "This request cannot be read")])
def test_another_host_is_refused_in_words(language, said):
    answer = Browser(headers={"accept-language": language}).get("/ui/", headers={"host": "evil.test"})

    assert answer.status_code == 400
    assert said in answer.text
    assert "evil.test" not in answer.text


@pytest.mark.parametrize(("language", "said"), [("fr", "Trop d’essais"), ("en", "Too many attempts")])
def test_too_many_attempts_are_answered_in_words(language, said):
    browser = Browser(headers={"accept-language": language})

    answers = [browser.post("/account/password/reset/", {"email": "a@example.test"}) for _ in range(25)]

    assert answers[-1].status_code == 429
    assert said in answers[-1].text


@pytest.mark.parametrize(
    ("language", "said"), [("fr", "Passez par le bouton de la page"), ("en", "Use the button of the page")]
)
def test_the_address_of_a_button_says_so_and_leads_to_a_page(language, said):
    answer = Browser(headers={"accept-language": language}).get(reverse("ui:preferences"))

    assert answer.status_code == 405
    assert answer["Allow"] == "POST"
    assert said in answer.text
    assert 'href="/ui/"' in answer.text


@pytest.mark.parametrize(
    ("typed", "led_to"),
    [("/healthz/", "/healthz"), ("/ui/preferences/?a=1", "/ui/preferences?a=1"), ("/ui", "/ui/")],
)
def test_a_slash_too_many_or_too_few_leads_to_the_address(typed, led_to):
    answer = Browser().get(typed)

    assert (answer.status_code, answer["Location"]) == (301, led_to)


@pytest.mark.parametrize("typed", ["/nothing/", "/ui//", "/healthz//x/"])
def test_a_slash_leads_to_nothing_that_is_not_there(typed):
    answer = Browser().get(typed)

    assert answer.status_code == 404


def test_a_slash_too_many_posts_nothing():
    assert Browser().post("/ui/preferences/", {"theme": "dark"}).status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "key-revoke", "webhook-remove", "webhook-rotate", "smpp-account-disable", "smpp-account-password",
        "email-domain-remove", "sender-withdraw", "sender-proof-remove",
    ],
)  # fmt: skip
def test_what_nobody_brings_back_is_asked_twice(name):
    leads_there = re.compile(rf"""\{{% url ['"]\w+:{name}['"]([^%]*)%\}}(.*)""")
    uses = [use for page in SOURCE.rglob("*.html") for use in leads_there.findall(page.read_text("utf-8"))]

    assert uses
    for arguments, rest in uses:
        assert arguments.endswith("as action ")
        assert re.match(r"(\{% translate [^%]* %\})+\{% include \"ui/sure.html\"", rest)
