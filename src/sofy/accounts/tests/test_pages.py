"""Pages of clients, accounts and staff: who gets in, what a hostile client learns, both languages."""

import re
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.core.cache.backends import db as cache_of_all_processes
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from sofy.accounts import services
from sofy.accounts.tests.factories import PASSWORD, make_user
from sofy.clients import services as client_services
from sofy.clients.models import Membership
from sofy.clients.tests.factories import make_client
from sofy.kernel import clock
from sofy.kit.models import AuditEntry
from sofy.kit.rls import client_scope

pytestmark = pytest.mark.django_db(databases=["default", "staff"])


def found(pattern, text):
    match = re.search(pattern, text)
    assert match, pattern
    return match


def browser_of(user, language="en"):
    browser = Browser(headers={"accept-language": language})
    browser.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return browser


def workspace_addresses(client):
    """Every address of a workspace these rooms own, with rows of that client in it."""
    shop = client_services.create_establishment(client, name="Lyon Part-Dieu")
    invitation, _token = client_services.invite_member(
        client, email="new@example.test", role="marketer", actor="system"
    )
    key, _text = services.create_api_key(client, name="till", scopes=["messages:send"])
    with client_scope(client.pk):
        membership = Membership.objects.filter(client_id=client.pk).first()
    slug = client.slug
    reads = [
        reverse(f"clients:{name}", args=[slug])
        for name in ("home", "find", "establishments", "establishment-new", "team", "invite", "settings", "journal")
    ]
    reads += [reverse("accounts:keys", args=[slug]), reverse("accounts:key-new", args=[slug])]
    reads += [
        reverse("clients:establishment", args=[slug, shop.pk]),
        reverse("clients:member", args=[slug, membership.pk]),
    ]
    posts = [
        reverse("clients:withdraw", args=[slug, invitation.pk]),
        reverse("clients:remove", args=[slug, membership.pk]),
        reverse("accounts:key-revoke", args=[slug, key.pk]),
    ]
    return reads, posts


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_page_of_a_workspace_opens_for_its_owner_in_both_languages(language):
    client = make_client("Librairie du Port")
    owner = make_user(client=client)
    reads, _posts = workspace_addresses(client)
    browser = browser_of(owner, language)

    for address in reads:
        answer = browser.get(address)

        assert answer.status_code == 200, address
        assert f'lang="{language}"' in answer.text
        assert "style=" not in re.sub(r"<svg.*?</svg>", "", answer.text, flags=re.DOTALL), address
        assert "<script>" not in answer.text


def test_pages_of_somebody_who_is_logged_in_are_kept_in_no_cache():
    client = make_client()
    browser = browser_of(make_user(client=client))
    home = reverse("clients:home", args=[client.slug])

    inside, missing = browser.get(home), browser.get(f"{home}nothing")

    assert [answer.headers.get("Cache-Control") for answer in (inside, missing)] == ["no-store"] * 2


def test_a_hostile_client_learns_nothing():
    victim, attacker = make_client("Victim"), make_client("Attacker")
    make_user(client=victim)
    reads, posts = workspace_addresses(victim)
    hostile = browser_of(make_user(client=attacker))

    answers = [hostile.get(address) for address in reads] + [hostile.post(address) for address in reads + posts]

    assert {answer.status_code for answer in answers} == {404}
    assert not any("Victim" in answer.text for answer in answers)


def test_rows_of_another_client_do_not_open_under_ones_own_address():
    victim, attacker = make_client("Victim"), make_client("Attacker")
    make_user(client=victim)
    reads, posts = workspace_addresses(victim)
    hostile = browser_of(make_user(client=attacker))
    smuggled = [address.replace(victim.slug, attacker.slug) for address in reads + posts]
    with_ids = [address for address in smuggled if re.search(r"[0-9a-f]{8}-", address)]

    answers = [hostile.post(address) for address in with_ids]

    assert len(with_ids) == 5
    assert {answer.status_code for answer in answers} == {404}


@pytest.mark.parametrize(
    ("_case", "role", "name", "status"),
    [
        ("marketer reads the team", "marketer", "clients:team", 200),
        ("marketer invites nobody", "marketer", "clients:invite", 403),
        ("marketer has no journal", "marketer", "clients:journal", 403),
        ("developer makes keys", "developer", "accounts:key-new", 200),
        ("developer has no team", "developer", "clients:team", 403),
        ("auditor reads the journal", "auditor", "clients:journal", 200),
        ("auditor reads the settings", "auditor", "clients:settings", 200),
        ("auditor makes no key", "auditor", "accounts:key-new", 403),
    ],
)
def test_a_role_opens_its_own_pages_only(_case, role, name, status):
    client = make_client()
    browser = browser_of(make_user(client=client, role=role))

    answer = browser.get(reverse(name, args=[client.slug]))

    assert answer.status_code == status


def test_an_auditor_cannot_save_settings():
    client = make_client("Before")
    browser = browser_of(make_user(client=client, role="auditor"))

    browser.post(reverse("clients:settings", args=[client.slug]), {"name": "After"})

    with client_scope(client.pk):
        client.refresh_from_db()
        assert client.name == "Before"


@pytest.mark.clause("DPA 7")
@pytest.mark.parametrize(
    ("_case", "role", "is_operator", "closed"),
    [("owner", "owner", False, True), ("staff", None, True, True), ("marketer", "marketer", False, False)],
)
def test_owners_and_staff_reach_nothing_without_a_second_factor(_case, role, is_operator, closed):
    client = make_client()
    user = make_user(client=client if role else None, role=role or "", secured=False, is_operator=is_operator)
    browser = browser_of(user)
    address = reverse("clients:home", args=[client.slug]) if role else reverse("backoffice:clients")

    answer = browser.get(address)
    profile = browser.get(reverse("accounts:profile"))

    expected = reverse("accounts:secure")
    assert (answer.status_code == 302 and answer["Location"] == expected) is closed
    assert (profile.status_code == 302 and profile["Location"] == expected) is closed
    assert browser.get(expected).status_code == (200 if closed else 302)


def test_a_marketer_who_becomes_owner_is_led_to_a_second_factor_at_once():
    client = make_client()
    make_user(client=client)
    user = make_user(client=client, role="marketer", secured=False)
    browser = browser_of(user)
    home = reverse("clients:home", args=[client.slug])
    before = browser.get(home).status_code
    with client_scope(client.pk):
        membership = Membership.objects.get(user_id=user.pk)
    client_services.change_role(client, membership_id=membership.pk, role="owner", actor="system")

    assert (before, browser.get(home).status_code) == (200, 302)


def test_log_in_takes_a_password_and_a_code_and_is_in_the_chain():
    client = make_client()
    user = make_user(client=client)
    browser = Browser()

    first = browser.post(reverse("account_login"), {"login": user.email.upper(), "password": PASSWORD})
    home = browser.get(reverse("clients:home", args=[client.slug]))
    second = browser.post(reverse("mfa_authenticate"), {"code": services.current_totp_code(user.email)})

    assert first["Location"].startswith(reverse("mfa_authenticate"))
    assert home.status_code == 302
    assert second.status_code == 302
    assert browser.get(reverse("clients:home", args=[client.slug])).status_code == 200
    with client_scope(client.pk):
        assert AuditEntry.objects.filter(client_id=client.pk, action="login.succeeded").count() == 1


def test_a_code_opens_once(monkeypatch):
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)  # the half minute of a code does not end in between
    user = make_user()
    code = services.current_totp_code(user.email)
    answers = []
    for _attempt in range(2):
        browser = Browser()
        browser.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
        answers.append(browser.post(reverse("mfa_authenticate"), {"code": code}).status_code)

    assert answers[0] == 302
    assert answers[1] == 200


@pytest.mark.parametrize(
    ("_case", "late_s", "status"),
    [("typed slowly", 30, 302), ("a phone that is fast", -30, 302), ("too late", 60, 200), ("too soon", -60, 200)],
)
def test_a_code_is_good_for_the_half_minutes_beside_its_own(_case, late_s, status, monkeypatch):
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    user = make_user()
    browser = Browser()
    browser.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    code = services.current_totp_code(user.email)

    monkeypatch.setattr(time, "time", lambda: now + late_s)

    assert browser.post(reverse("mfa_authenticate"), {"code": code}).status_code == status


def test_a_code_that_was_used_opens_nothing_while_it_is_still_good(monkeypatch):
    began, wall = time.time() // 30 * 30, timezone.now()
    monkeypatch.setattr(time, "time", lambda: began)
    user = make_user()
    code = services.current_totp_code(user.email)
    answers = []
    for late_s in (-29, 0, 29):
        monkeypatch.setattr(time, "time", lambda late_s=late_s: began + late_s)
        monkeypatch.setattr(cache_of_all_processes, "tz_now", lambda late_s=late_s: wall + timedelta(seconds=late_s))
        browser = Browser()
        browser.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
        typed = f"{code[:3]} {code[3:]}" if late_s > 0 else code
        answers.append(browser.post(reverse("mfa_authenticate"), {"code": typed}).status_code)

    assert answers == [302, 200, 200]


def test_guessing_a_password_locks_the_log_in_for_all_processes():
    user = make_user()
    address = reverse("account_login")
    for _attempt in range(5):
        Browser().post(address, {"login": user.email, "password": "guess"})

    answer = Browser(headers={"accept-language": "fr"}).post(address, {"login": user.email, "password": PASSWORD})

    assert answer.status_code == 200
    assert "mfa" not in answer.headers.get("Location", "")
    assert "Attendez cinq minutes" in answer.text


def test_a_wrong_password_is_told_in_our_words():
    said = {"fr": "ne vont pas ensemble", "en": "do not go together"}
    user = make_user()

    for language, words in said.items():
        browser = Browser(headers={"accept-language": language})
        assert words in browser.post(reverse("account_login"), {"login": user.email, "password": "guess"}).text


def test_an_address_is_called_the_same_wherever_it_is_asked_for():
    browser = Browser(headers={"accept-language": "en"})

    for name in ("account_login", "account_reset_password"):
        page = browser.get(reverse(name)).text
        assert "E-mail address" in page
        assert "placeholder" not in page


def test_a_closed_account_has_a_way_on():
    assert f'href="{reverse("account_login")}"' in Browser().get(reverse("account_inactive")).text


def test_nobody_signs_up():
    answer = Browser().post(reverse("account_signup"), {"email": "x@example.test"})

    assert "By invitation" in answer.text or "Sur invitation" in answer.text


def test_an_invited_person_joins_with_a_new_account(mailoutbox):
    client = make_client("Librairie du Port")
    owner = browser_of(make_user(client=client))
    owner.post(reverse("clients:invite", args=[client.slug]), {"email": "claire@example.test", "role": "marketer"})
    link = found(r"/invitation/\S+", mailoutbox[0].body)[0]
    browser = Browser()
    page = browser.get(link)

    joined = browser.post(link, {"full_name": "Claire M.", "password": PASSWORD, "again": PASSWORD})

    assert "claire@example.test" in page.text
    assert joined.status_code == 302
    assert browser.get(reverse("clients:home", args=[client.slug])).status_code == 200


def test_a_line_break_in_the_name_of_a_client_breaks_no_invitation(mailoutbox):
    client = make_client()
    browser = browser_of(make_user(client=client))
    shown = browser.get(reverse("clients:settings", args=[client.slug])).context["form"]
    data = {bound.name: bound.value() for bound in shown if bound.value() is not None}

    browser.post(reverse("clients:settings", args=[client.slug]), {**data, "name": "Boul\r\nBcc: x@y.test"})
    answer = browser.post(
        reverse("clients:invite", args=[client.slug]), {"email": "claire@example.test", "role": "marketer"}
    )

    assert answer.status_code == 302
    assert mailoutbox[0].subject.startswith("Boul Bcc: x@y.test ")
    assert mailoutbox[0].recipients() == ["claire@example.test"]


def test_names_of_people_and_shops_are_kept_on_one_line():
    client = make_client()
    user = make_user(client=client, full_name="Zoé\nMartin")

    shop = client_services.create_establishment(client, name="Lyon\r\nPart-Dieu")
    services.update_profile(user, full_name="Zoé\r\nDupont", language="fr")

    assert (user.full_name, shop.name) == ("Zoé Dupont", "Lyon Part-Dieu")


def test_a_weak_password_does_not_join(mailoutbox):
    client = make_client()
    browser_of(make_user(client=client)).post(
        reverse("clients:invite", args=[client.slug]), {"email": "claire@example.test", "role": "marketer"}
    )
    link = found(r"/invitation/\S+", mailoutbox[0].body)[0]

    answer = Browser().post(link, {"full_name": "C", "password": "motdepasse", "again": "motdepasse"})

    assert answer.status_code == 422


@pytest.mark.parametrize(("language", "told"), [("fr", "plus valable"), ("en", "no longer valid")])
def test_an_invitation_that_is_none_says_so(language, told):
    answer = Browser(headers={"accept-language": language}).get(reverse("accounts:invitation", args=["forged"]))

    assert answer.status_code == 404
    assert told in answer.text


def test_a_session_is_seen_and_ended():
    user = make_user()
    other, here = browser_of(user), browser_of(user)
    for browser in (other, here):
        browser.get(reverse("accounts:profile"))

    page = here.get(reverse("accounts:sessions"))
    ended = here.post(found(r"/account/sessions/[1-9]\d*/end", page.text)[0])

    assert ended.status_code == 302
    assert other.get(reverse("accounts:profile")).status_code == 302
    assert here.get(reverse("accounts:profile")).status_code == 200


def test_staff_pages_do_not_exist_for_others():
    client = make_client()
    browser = browser_of(make_user(client=client))
    addresses = [reverse("backoffice:clients"), reverse("backoffice:client-new"), reverse("backoffice:find")]
    addresses.append(reverse("backoffice:client", args=[client.slug]))

    assert {browser.get(address).status_code for address in addresses} == {404}


def test_a_wrong_address_is_a_page_in_the_readers_language():
    answer = Browser(headers={"accept-language": "fr"}).get("/nowhere")

    assert answer.status_code == 404
    assert "Sofy" in answer.text


def test_ids_that_do_not_exist_are_404():
    client = make_client()
    browser = browser_of(make_user(client=client))

    answer = browser.get(reverse("clients:establishment", args=[client.slug, UUID(int=5)]))

    assert answer.status_code == 404


def test_times_are_told_in_the_clients_zone_and_nowhere_else():
    client = make_client(timezone="Indian/Reunion")
    browser = browser_of(make_user(client=client))
    clock.install(lambda: datetime(2026, 11, 24, 13, 30, tzinfo=UTC))

    home = browser.get(reverse("clients:home", args=[client.slug]))
    profile = browser.get(reverse("accounts:profile"))

    assert "17:30" in home.text
    assert profile.status_code == 200
    assert timezone.get_current_timezone_name() == "Europe/Paris"


def test_a_page_of_a_workspace_asks_the_database_little(django_assert_max_num_queries):
    client = make_client()
    for number in range(5):
        client_services.create_establishment(client, name=f"Shop {number}")
        make_user(client=client, role="marketer", secured=False)
    browser = browser_of(make_user(client=client))
    address = reverse("clients:team", args=[client.slug])
    browser.get(address)

    with django_assert_max_num_queries(30):
        browser.get(address)


def test_reading_pages_writes_no_session_each_time():
    browser = browser_of(make_user(secured=False))
    address = reverse("accounts:profile")
    browser.get(address)

    with CaptureQueriesContext(connection) as queries:
        browser.get(address)

    assert not [query["sql"] for query in queries if query["sql"].startswith(("UPDATE", "INSERT"))]


def test_a_language_chosen_in_the_menu_stays_with_the_account(db):
    user = make_user(language="fr")

    answer = browser_of(user).post(reverse("ui:preferences"), {"language": "en", "next": "/clients/"})

    assert (answer.status_code, answer["location"]) == (302, "/clients/")
    user.refresh_from_db()
    assert user.language == "en"


def test_a_budget_below_nothing_is_refused_on_the_page():
    client = make_client()
    browser = browser_of(make_user(client=client))
    address = reverse("clients:settings", args=[client.slug])
    shown = browser.get(address).context["form"]
    data = {bound.name: bound.value() for bound in shown if bound.value() is not None}

    answer = browser.post(address, {**data, "budget_eur": "-5"})

    assert answer.status_code == 422
    assert "Write a number between 0" in answer.text


def test_home_says_what_today_holds_also_when_it_is_nothing():
    client = make_client()

    owner = browser_of(make_user(client=client)).get(reverse("clients:home", args=[client.slug])).text
    developer = browser_of(make_user(client=client, role="developer"))
    theirs = developer.get(reverse("clients:home", args=[client.slug])).text

    for words in (
        "Needs your attention",
        "Nothing waits",
        "Running now",
        "No campaign is running",
        "Today",
        "No campaign has left today",
    ):
        assert words in owner
    assert "Running now" not in theirs


def test_every_part_of_a_page_is_in_a_landmark():
    client = make_client()

    page = browser_of(make_user(client=client)).get(reverse("clients:home", args=[client.slug])).text

    assert '<header class="topbar">' in page


def test_a_button_pressed_after_the_session_ended_leads_back_to_its_page_in_words():
    client = make_client()
    address = reverse("audience:contact-find", args=[client.slug])
    user = make_user(client=client, role="marketer", secured=False)
    browser = Browser(headers={"accept-language": "en"})

    stopped = browser.post(address, {"q": "x"})
    back = browser.post(stopped["Location"], {"login": user.email, "password": PASSWORD}, follow=True)

    assert back.status_code == 405
    assert "Use the button of the page" in back.text
    assert f'href="/c/{client.slug}/contacts"' in back.text


@pytest.mark.parametrize("headers", [{}, {"hx-request": "true"}])
def test_what_is_looked_for_in_the_command_bar_is_in_no_address(headers):
    client = make_client()
    browser = Browser(headers={"accept-language": "en"}, enforce_csrf_checks=True)
    browser.force_login(make_user(client=client), "allauth.account.auth_backends.AuthenticationBackend")
    address = reverse("clients:find", args=[client.slug])
    page = browser.get(reverse("clients:home", args=[client.slug])).text
    bar = found(r'(?s)<dialog class="command" id="command".*?</dialog>', page)[0]
    token = found(r'name="csrfmiddlewaretoken" value="(\w+)"', bar)[1]

    hits = browser.post(address, {"q": "Team", "csrfmiddlewaretoken": token}, headers=headers)
    asked = browser.get(address, {"q": "0639980001"}, headers=headers)

    assert f'method="post" action="{address}"' in bar
    assert f'hx-post="{address}"' in bar
    assert reverse("clients:team", args=[client.slug]) in hits.text
    assert 'value="0639980001"' not in asked.text
    assert headers or '<form class="search-row" method="post"' in asked.text


@pytest.mark.parametrize(
    "page", ["contacts", "segments", "campaigns", "team", "keys", "contacts/new", "contacts/imports"]
)
def test_an_address_of_a_workspace_works_with_and_without_a_slash(page):
    client = make_client()
    browser = browser_of(make_user(client=client))

    for typed in (f"/c/{client.slug}/{page}", f"/c/{client.slug}/{page}/"):
        assert browser.get(typed, follow=True).status_code == 200
