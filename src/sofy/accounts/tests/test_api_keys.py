"""API keys: what is kept and refused, what the process that answers the API reads of them, and their pages."""

import hashlib
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse
from django.utils import translation

from sofy.accounts import services
from sofy.accounts.models import ApiKey
from sofy.accounts.tests.factories import make_user
from sofy.clients.tests.factories import make_client
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit.rls import client_scope
from sofy.ui import problems

pytestmark = pytest.mark.django_db(databases=["default", "staff"])

SEND = ["messages:send"]


def seen_by_the_api(client, scope=None):
    """Rows of the gate that are visible in a client's scope."""
    with client_scope((scope or client).pk), connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, digest, scopes, networks::text[], per_10s, revoked_at FROM gate_api_key WHERE client_id = %s",
            [client.pk],
        )
        return [(row[0], bytes(row[1]), *row[2:]) for row in cursor.fetchall()]


def browser_of(client, role="owner", language="en"):
    browser = Browser(headers={"accept-language": language})
    browser.force_login(make_user(client=client, role=role), "allauth.account.auth_backends.AuthenticationBackend")
    return browser


def test_a_key_is_known_to_the_api_in_the_transaction_that_makes_it():
    client = make_client()

    key, text = services.create_api_key(
        client, name="till", scopes=["messages:send", "events:read"], networks=["203.0.113.0/24"], per_10s=50
    )

    digest = hashlib.sha256(text.encode()).digest()
    assert seen_by_the_api(client) == [(key.pk, digest, ["events:read", "messages:send"], ["203.0.113.0/24"], 50, None)]
    assert len(text.partition(".")[2]) == 43  # 256 random bits


def test_a_key_that_could_not_be_written_is_not_known_to_the_api_either(monkeypatch):
    client = make_client()

    def fail(*_given):
        raise OSError("disk full")

    monkeypatch.setattr(services.audit, "append", fail)

    with pytest.raises(OSError, match="disk full"):
        services.create_api_key(client, name="till", scopes=SEND)

    assert seen_by_the_api(client) == []


def test_a_key_without_limits_may_be_used_from_anywhere():
    client = make_client()

    services.create_api_key(client, name="till", scopes=SEND)

    ((_id, _digest, _scopes, networks, per_10s, _revoked),) = seen_by_the_api(client)
    assert (networks, per_10s) == ([], 100_000)


def test_a_revoked_key_is_ended_for_the_api_once():
    client, start = make_client(), clock.DEMO_START
    clock.install(lambda: start)
    key, _text = services.create_api_key(client, name="till", scopes=SEND)

    services.revoke_api_key(client, key_id=key.pk, actor="system")
    clock.install(lambda: start + timedelta(hours=1))
    services.revoke_api_key(client, key_id=key.pk, actor="system")

    assert seen_by_the_api(client)[0][-1] == start


def test_another_client_neither_sees_nor_ends_a_key():
    client, other = make_client(), make_client()
    key, _text = services.create_api_key(client, name="till", scopes=SEND)

    with pytest.raises(ApiKey.DoesNotExist):
        services.revoke_api_key(other, key_id=key.pk, actor="system")

    assert seen_by_the_api(client, scope=other) == []
    assert seen_by_the_api(client)[0][-1] is None


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (["203.0.113.7"], ["203.0.113.7"]),
        ([" 203.0.113.7/32 ", "203.0.113.7", ""], ["203.0.113.7"]),
        (["203.0.113.9/24"], ["203.0.113.0/24"]),
        (["2001:DB8:0::/32", "2001:db8::1"], ["2001:db8::/32", "2001:db8::1"]),
        ([], []),
    ],
)
def test_networks_are_kept_written_one_way(written, kept):
    client = make_client()

    key, _text = services.create_api_key(client, name="till", scopes=SEND, networks=written)

    assert key.networks == kept
    with connection.cursor() as cursor, client_scope(client.pk):
        cursor.execute("SELECT networks = %s::cidr[] FROM gate_api_key", [kept])
        assert cursor.fetchone() == (True,)


@pytest.mark.parametrize(
    ("_case", "fields", "code"),
    [
        ("no name", {"name": " "}, "key_name_missing"),
        ("no right", {"scopes": []}, "scopes_missing"),
        ("no such right", {"scopes": ["all"]}, "scope_unknown"),
        ("a name of a machine", {"networks": ["shop.example.fr"]}, "network_unreadable"),
        ("an address that is none", {"networks": ["203.0.113.300"]}, "network_unreadable"),
        ("a block that is none", {"networks": ["203.0.113.0/33"]}, "network_unreadable"),
        ("an interface of one machine", {"networks": ["fe80::1%eth0"]}, "network_unreadable"),
        ("no request at all", {"per_10s": 0}, "per_10s_range"),
        ("more than there is room for", {"per_10s": 2**40}, "per_10s_range"),
    ],
)
def test_a_key_is_refused(_case, fields, code):
    client = make_client()

    with pytest.raises(Refused) as refusal:
        services.create_api_key(client, **({"name": "till", "scopes": SEND} | fields))

    assert refusal.value.code == code
    assert seen_by_the_api(client) == []


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fr", "« shop.example.fr » n’est pas une adresse réseau"),
        ("en", "“shop.example.fr” is no network address"),
    ],
)
def test_a_network_that_cannot_be_read_is_named_in_both_languages(language, said):
    client = make_client()
    sent = {"name": "till", "scopes": SEND, "networks": "203.0.113.7\nshop.example.fr"}

    answer = browser_of(client, language=language).post(reverse("accounts:key-new", args=[client.slug]), sent)

    assert answer.status_code == 422
    assert said in answer.text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")
    with client_scope(client.pk):
        assert not ApiKey.objects.exists()


@pytest.mark.parametrize("code", ["network_unreadable", "per_10s_range", "key_other_limits"])
def test_refusals_of_keys_have_french_words(code):
    refusal = Refused(code, network="x", least=1, most=9, key="x")
    said = []
    for language in ("fr", "en"):
        with translation.override(language):
            said.append(problems.sentence(refusal))

    assert said[0] != said[1]


def test_a_key_is_shown_once_and_kept_as_a_hash():
    client = make_client()
    browser = browser_of(client)
    sent = {"name": "till", "scopes": SEND, "networks": "203.0.113.7\r\n2001:db8::/32"}

    made = browser.post(reverse("accounts:key-new", args=[client.slug]), sent)

    found = re.search(r'value="(sofy_[^"]+)"', made.text)
    assert found
    listed = browser.get(reverse("accounts:keys", args=[client.slug])).text
    assert made["Cache-Control"] == "no-store"
    assert found[1] not in listed
    assert "203.0.113.7<" in listed
    assert "2001:db8::/32<" in listed
    ((_id, digest, *_rest),) = seen_by_the_api(client)
    assert digest == hashlib.sha256(found[1].encode()).digest()


def test_the_page_says_when_the_api_saw_each_key_last():
    clock.install(lambda: clock.DEMO_START)
    client = make_client()
    used, _text = services.create_api_key(client, name="till", scopes=SEND)
    services.create_api_key(client, name="site", scopes=SEND)
    with client_scope(client.pk), connection.cursor() as cursor:
        cursor.execute("UPDATE gate_api_key SET last_used_at = %s WHERE id = %s", [clock.DEMO_START, used.pk])

    page = browser_of(client).get(reverse("accounts:keys", args=[client.slug]))

    seen = {line["key"].name: line["last_used"] for line in page.context["lines"]}
    assert seen == {"till": clock.DEMO_START, "site": None}
    assert page.text.count("Never") == 1
    assert "Anywhere" in page.text
