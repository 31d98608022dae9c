"""SMPP accounts: staff make them, the client sees them, and nobody ever sees again what opens them."""

import re

import argon2
import msgspec
import pytest
from django.db import ProgrammingError, connection
from django.test import Client as Browser
from django.urls import reverse

from sofy.accounts.tests.factories import make_user
from sofy.clients.services import create_client
from sofy.clients.tests.factories import make_client
from sofy.kernel import clock, ids
from sofy.kernel.errors import Refused
from sofy.kit.models import AuditEntry
from sofy.kit.rls import client_scope
from sofy.messaging.services import smpp_accounts
from sofy.messaging.services.senders import add_sender

#: What a page says of where a program binds.
ADDRESS = re.compile(r'<dt>(?:Host|Hôte|Port|Without|Sans)[^<]*</dt><dd class="code">([^<]*)</dd>')


@pytest.fixture(autouse=True)
def committed(engine_db):
    """Two log-ins see what the other one wrote."""
    clock.install(lambda: clock.DEMO_START)


def add(client, **more):
    given = {"name": "Caisse", "purpose": "alert", "actor": "user:x"} | more
    return smpp_accounts.add(client.pk, **given)


def seen(client):
    with client_scope(client.pk):
        return smpp_accounts.of_client(client.pk)


@pytest.mark.clause("CGVU 14.1", "CGVU 14.2", "DPA 7")
def test_what_opens_an_account_is_shown_once_and_kept_as_hashes(engine_db):
    client = make_client()

    made = add(client, networks=["192.0.2.7", "198.51.100.0/24"])

    assert (len(made.system_id), len(made.password)) == (12, 8)
    (account,) = seen(client)
    assert (account.purpose, account.networks, account.hint) == (
        "alert", ["192.0.2.7/32", "198.51.100.0/24"], made.system_id[-4:],
    )  # fmt: skip
    assert (account.system_id, account.password) == ("", "")
    with engine_db.connect("admin") as admin:
        (kept,) = admin.execute("SELECT password FROM gate_smpp_account WHERE id = %s", [made.id]).fetchone()
        everything = admin.execute("SELECT gate_smpp_account::text FROM gate_smpp_account").fetchall()
    assert argon2.PasswordHasher().verify(kept, made.password)
    assert made.password not in str(everything)
    assert made.system_id not in str(everything)


def test_a_client_can_neither_make_nor_open_an_account(engine_db):
    client = make_client()
    add(client)

    with client_scope(client.pk), connection.cursor() as cursor, pytest.raises(ProgrammingError):
        cursor.execute("SELECT password FROM gate_smpp_account")
    with client_scope(client.pk), connection.cursor() as cursor, pytest.raises(ProgrammingError):
        cursor.execute("UPDATE gate_smpp_account SET purpose = 'marketing'")
    with client_scope(client.pk), connection.cursor() as cursor, pytest.raises(ProgrammingError):
        cursor.execute("SELECT digest FROM gate_smpp_login")


def test_other_clients_do_not_see_an_account():
    client, other = make_client(), make_client()
    made = add(client)

    assert seen(other) == []
    for attempt in (
        lambda: smpp_accounts.disable(other.pk, made.id, actor="user:x"),
        lambda: smpp_accounts.new_password(other.pk, made.id, actor="user:x"),
        lambda: smpp_accounts.find(other.pk, made.id),
    ):
        with pytest.raises(Refused):
            attempt()
    assert seen(client)[0].disabled_at is None


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"name": " "}, "account_name_missing"),
        ({"purpose": "both"}, "account_purpose"),
        ({"networks": ["here"]}, "network_unreadable"),
        ({"senders": ["Unregistered"]}, "account_senders"),
        ({"max_binds": 0}, "max_binds_range"),
        ({"max_binds": 101}, "max_binds_range"),
        ({"per_s": 0}, "per_s_range"),
    ],
)
def test_what_no_account_can_be_is_refused(given, code):
    client = make_client()

    with pytest.raises(Refused) as caught:
        add(client, **given)

    assert caught.value.code == code
    assert seen(client) == []


def test_a_change_is_told_to_the_processes_and_kept_in_the_journal(engine_db):
    client = make_client()
    with client_scope(client.pk):
        add_sender(client.pk, name="FLEURS", actor="user:x")
    made = add(client)
    with engine_db.connect(autocommit=True) as listening:
        listening.execute("LISTEN sofy_smpp")

        smpp_accounts.change(
            client.pk, made.id, name="Till", networks=[], senders=["FLEURS"], max_binds=2, per_s=7, actor="user:x"
        )
        second = smpp_accounts.new_password(client.pk, made.id, actor="user:x")
        smpp_accounts.disable(client.pk, made.id, actor="user:x")
        told = [notice.payload for notice in listening.notifies(timeout=1, stop_after=3)]

    assert told == [made.id.hex] * 3
    assert second != made.password
    (account,) = seen(client)
    assert (account.name, account.senders, account.max_binds, account.per_s) == ("Till", ["FLEURS"], 2, 7)
    assert account.disabled_at == clock.now()
    with client_scope(client.pk):
        actions = list(
            AuditEntry.objects.filter(action__startswith="smpp_account")
            .order_by("seq")
            .values_list("action", flat=True)
        )
    assert actions == [f"smpp_account.{what}" for what in ("created", "changed", "password", "disabled")]
    with pytest.raises(Refused):
        smpp_accounts.new_password(client.pk, made.id, actor="user:x")


def browser(user, language="en"):
    made = Browser(headers={"accept-language": language})
    made.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return made


@pytest.mark.parametrize("language", ["en", "fr"])
def test_staff_makes_an_account_and_the_client_sees_who_is_bound(language, engine_db, settings):
    ports = {"smpp_port": 2776, "smpps_port": 3550}
    settings.SOFY = msgspec.structs.replace(settings.SOFY, smpp_name="sms.example.net", **ports)
    client = create_client(name="Fleurs du Port", slug=f"c{ids.base58(8).lower()}")
    staff = browser(make_user(is_operator=True), language)
    terms = {"name": "Caisse 3", "purpose": "alert", "networks": "192.0.2.7", "max_binds": "2", "per_s": "50"}

    made = staff.post(reverse("messaging:smpp-account-new", args=[client.slug]), terms | {"language": "fr"})

    assert made.status_code == 200
    shown = re.findall(r'id="(system-id|smpp-password)" value="(\w+)"', made.content.decode())
    assert [name for name, _ in shown] == ["system-id", "smpp-password"]
    assert ADDRESS.findall(made.content.decode()) == ["sms.example.net", "3550", "127.0.0.1:2776"]
    (account,) = seen(client)
    with engine_db.connect("admin", autocommit=True) as admin:
        admin.execute(
            "INSERT INTO smpp_bind VALUES"
            " (%s, %s, %s, %s, 'transceiver', '192.0.2.7', %s, now() + interval '1 minute')",
            [client.pk, account.id, ids.uuid7(), ids.uuid7(), clock.now()],
        )
    for page in (
        reverse("messaging:smpp-accounts", args=[client.slug]),
        reverse("backoffice:client", args=[client.slug]),
    ):
        assert staff.get(page).status_code == 200
    owner = browser(make_user(client=client, role="owner"), language)
    how_to_bind = owner.get(reverse("messaging:smpp", args=[client.slug])).content.decode()
    assert ADDRESS.findall(how_to_bind) == ["sms.example.net", "3550", "127.0.0.1:2776"]
    settings.SOFY = msgspec.structs.replace(settings.SOFY, smpp_name="", api_url="https://api.example.net:8443")
    assert ">api.example.net<" in owner.get(reverse("messaging:smpp", args=[client.slug])).content.decode()
    for page in (reverse("messaging:smpp", args=[client.slug]), reverse("accounts:developers", args=[client.slug])):
        text = owner.get(page).content.decode()
        assert "Caisse 3" in text
        assert "transceiver" in text
        assert dict(shown)["smpp-password"] not in text


def test_staff_changes_and_ends_an_account():
    client = create_client(name="Fleurs du Port", slug=f"c{ids.base58(8).lower()}")
    account = add(client)
    staff = browser(make_user(is_operator=True))
    where = [client.slug, account.id]

    page = staff.get(reverse("messaging:smpp-account", args=where))
    wrong = staff.post(
        reverse("messaging:smpp-account", args=where),
        {"name": "x", "senders": "Nobody", "max_binds": "1", "per_s": "1"},
    )
    right = staff.post(reverse("messaging:smpp-account", args=where), {"name": "x", "max_binds": "1", "per_s": "1"})
    password = staff.post(reverse("messaging:smpp-account-password", args=where))
    gone = staff.post(reverse("messaging:smpp-account-disable", args=where))

    assert (page.status_code, wrong.status_code, right.status_code) == (200, 422, 302)
    assert (password.status_code, gone.status_code) == (200, 302)
    (seen_now,) = seen(client)
    assert (seen_now.name, seen_now.max_binds) == ("x", 1)
    assert seen_now.disabled_at is not None


def test_pages_of_staff_exist_for_nobody_else():
    client = create_client(name="Fleurs du Port", slug=f"c{ids.base58(8).lower()}")
    account = add(client)
    owner = browser(make_user(client=client, role="owner"))

    for name in ("smpp-accounts", "smpp-account-new"):
        assert owner.get(reverse(f"messaging:{name}", args=[client.slug])).status_code == 404
    for name in ("smpp-account", "smpp-account-disable", "smpp-account-password"):
        assert owner.post(reverse(f"messaging:{name}", args=[client.slug, account.id])).status_code == 404
