"""The French of pages and mails that Django and allauth write in part: our typography, one word for an address."""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import allauth
import pytest
from babel.messages.pofile import read_po
from django.core import mail
from django.test import Client as Browser
from django.urls import get_resolver, reverse
from django.utils import translation
from django.utils.translation import gettext

from sofy.accounts.tests.factories import PASSWORD, make_user
from sofy.clients.tests.factories import make_client

pytestmark = pytest.mark.django_db(databases=["default", "staff"])

#: An apostrophe of a typewriter, a plain space where French wants one that does not break, another word for e-mail.
UNTIDY = re.compile(r"\w'\w|[\w»)] [?!;:»](?=\s|$)|« |[Cc]ourriel|\b[Ee]mail\b|[Mm]erci d")
#: Nobody signs up here, and nobody has a user name or a telephone.
ABSENT = re.compile(r"user ?name|phone|sign ?up|sign in with|passkey login|social|third-party|browser", re.IGNORECASE)
#: Pages and mails of allauth that open nowhere here.
NEVER = re.compile(r"email|signup|login_code|confirm|verif|models|apps|admin")
TEMPLATES = Path(__file__).resolve().parents[1] / "templates"


def said(page: str) -> str:
    """What a page says to people, attributes included."""
    page = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", page, flags=re.DOTALL)
    attributes = re.findall(r'(?:placeholder|title|alt|aria-label)="([^"]*)"', page)
    return html.unescape(" | ".join([re.sub(r"<[^>]+>", " | ", page), *attributes]))


def untidy(text: str) -> list[str]:
    """What is badly set, with a little around it."""
    return [text[max(0, found.start() - 30) : found.end() + 30] for found in UNTIDY.finditer(text)]


def account_addresses() -> Iterator[str]:
    """Every address of one's own account that takes no argument."""
    known: Any = get_resolver().reverse_dict
    for name in filter(lambda each: isinstance(each, str), known):
        ((path, arguments), *_others) = known[name][0]
        if path.startswith("account/") and not arguments:
            yield f"/{path}"


@pytest.fixture
def french() -> Browser:
    return Browser(headers={"accept-language": "fr"})


def browser_of(user: Any) -> Browser:
    browser = Browser(headers={"accept-language": "fr"})
    browser.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    return browser


def test_every_page_of_an_account_is_set_as_french_is() -> None:
    user = make_user(client=make_client("Librairie"), role="marketer", secured=False)
    inside, outside = browser_of(user), Browser(headers={"accept-language": "fr"})
    addresses = sorted(account_addresses())

    for address in addresses:
        for browser in (outside, inside):
            if "logout" in address and browser is inside:
                continue
            for answer in (browser.get(address), browser.post(address, {"email": "x", "code": "1", "password": "x"})):
                assert 'lang="fr"' in answer.text or answer.status_code in (302, 301, 405) or not answer.content
                assert untidy(said(answer.text)) == [], address

    assert len(addresses) > 10


def test_what_is_said_after_a_link_of_a_mail_is_set_as_french_is(french: Browser) -> None:
    for key in ("x-set-password", "nothing"):
        answer = french.get(reverse("account_reset_password_from_key", args=["abc", key]), follow=True)

        assert answer.status_code == 200
        assert untidy(said(answer.text)) == []


def test_what_allauth_says_is_in_our_french() -> None:
    with open(Path(allauth.__file__).parent / "locale/fr/LC_MESSAGES/django.po", "rb") as file:
        known = read_po(file, ignore_obsolete=True)
    bad = []
    with translation.override("fr"):
        for text in known:
            if isinstance(text.id, str) and text.id and is_shown(text) and untidy(shown := gettext(text.id)):
                bad.append((text.id, shown))

    assert not bad, "\n".join(map(str, bad))


def is_shown(text: Any) -> bool:
    """Whether people can meet a text of allauth: in its forms and adapters, or in a template we did not replace."""
    places = [place.removeprefix("templates/") for place, _line in text.locations]
    ours = [place for place in places if place.startswith(("account/", "mfa/")) and not NEVER.search(place)]
    return not ABSENT.search(text.id) and not all((TEMPLATES / place).exists() for place in ours)


@pytest.mark.parametrize(
    ("language", "subject", "asked"),
    [
        ("fr", "Sofy – choisissez un nouveau mot de passe", "a demandé un nouveau mot de passe"),
        ("en", "Sofy – choose a new password", "asked for a new password"),
    ],
)
def test_the_mail_for_a_new_password_is_ours(language: str, subject: str, asked: str) -> None:
    user = make_user(email="chloe@example.test", language=language)

    Browser(headers={"accept-language": "en"}).post(reverse("account_reset_password"), {"email": user.email})

    (sent,) = mail.outbox
    assert sent.subject == subject
    body = str(sent.body)
    assert asked in body
    assert re.search(r"^http://\S+/account/password/reset/key/\S+$", body, re.MULTILINE)
    assert len(body.splitlines()) < 16
    assert not re.search("Merci d|Thank you for using|Hello from", body)
    assert language == "en" or untidy(re.sub(r"http\S+|testserver", "", body)) == []


def test_nobody_confirms_an_address_nobody_signed_up_with(french: Browser) -> None:
    for address in ("/account/confirm-email/", "/account/confirm-email/abc/"):
        assert french.get(address)["Location"] == "/"


def test_the_same_words_have_one_french_whatever_the_room():
    said: dict[tuple[Any, Any], set[str]] = {}
    for path in Path(__file__).resolve().parents[2].glob("*/locale/fr/LC_MESSAGES/django.po"):
        if path.parts[-5] == "project":  # the command line has a catalogue of its own
            continue
        with path.open("rb") as file:
            for message in filter(lambda each: each.id, read_po(file)):
                said.setdefault((message.context, message.id), set()).add(str(message.string))

    assert {words: french for words, french in said.items() if len(french) > 1} == {}
