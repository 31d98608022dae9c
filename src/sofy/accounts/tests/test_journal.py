"""What changes how somebody gets in is read by each client they work for."""

import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.test import Client as Browser
from django.urls import reverse

from sofy.accounts import services
from sofy.accounts.tests.factories import PASSWORD, make_user
from sofy.clients.services import add_member
from sofy.clients.tests.factories import make_client
from sofy.kit import audit
from sofy.kit.models import AuditEntry
from sofy.kit.rls import client_scope, staff_scope

pytestmark = [pytest.mark.django_db(databases=["default", "staff"]), pytest.mark.clause("DPA 7")]
NEW = "another horse, another battery 9"


def actions(client: Any, user: Any) -> list[tuple[str, Any]]:
    with client_scope(client.pk):
        rows = AuditEntry.objects.filter(client_id=client.pk, action__startswith="account.", actor=user.actor)
        return [(row.action, row.facts) for row in rows.order_by("seq")]


def logged_in(user: Any) -> Browser:
    """With a password and a code just given: changes of factors ask for nothing more."""
    browser = Browser(headers={"accept-language": "en"})
    browser.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    if services.factors(user).exists():
        browser.post(reverse("mfa_authenticate"), {"code": services.current_totp_code(user.email)})
    return browser


def test_a_new_password_is_in_the_chain_of_each_client():
    first, second = make_client(), make_client()
    user = make_user(client=first, role="marketer", secured=False)
    add_member(second, user=user, role="auditor")

    answer = logged_in(user).post(
        reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    )

    assert answer.status_code == 302
    assert actions(first, user) == actions(second, user) == [("account.password_changed", {})]


def test_a_wrong_old_password_leaves_no_entry():
    client = make_client()
    user = make_user(client=client, role="marketer", secured=False)

    logged_in(user).post(
        reverse("account_change_password"), {"oldpassword": "guess", "password1": NEW, "password2": NEW}
    )

    assert actions(client, user) == []


def test_a_password_reset_by_mail_is_in_the_chain(mailoutbox):
    client = make_client()
    user = make_user(client=client, role="marketer", secured=False)
    browser = Browser(headers={"accept-language": "en"})
    browser.post(reverse("account_reset_password"), {"email": user.email})
    link = re.search(r"/account/password/reset/key/\S+", mailoutbox[0].body)
    assert link
    form = browser.get(link[0], follow=True)

    browser.post(form.redirect_chain[-1][0], {"password1": NEW, "password2": NEW})

    user.refresh_from_db()
    assert user.check_password(NEW)
    assert [action for action, _facts in actions(client, user)] == ["account.password_reset"]


def test_a_factor_that_comes_and_one_that_goes_are_in_the_chain(django_capture_on_commit_callbacks):
    client = make_client()
    user = make_user(client=client, role="marketer", secured=False)
    browser = logged_in(user)
    page = browser.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    code = totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30))

    with django_capture_on_commit_callbacks(execute=True):
        added = browser.post(reverse("mfa_activate_totp"), {"code": code})
    removed = browser.post(reverse("mfa_deactivate_totp"))

    assert (added.status_code, removed.status_code) == (302, 302)
    found = [(action, facts["factor"]) for action, facts in actions(client, user)]
    assert ("account.factor_added", "totp") in found
    assert found[-1] == ("account.factor_removed", "totp")


@pytest.mark.parametrize("kind", ["totp", "webauthn"])
@pytest.mark.parametrize(
    ("_case", "role", "is_operator", "left"),
    [("owner", "owner", False, 1), ("staff", "", True, 1), ("marketer", "marketer", False, 0)],
)
def test_owners_and_staff_keep_their_last_factor(_case, role, is_operator, left, kind):
    client = make_client()
    user = make_user(client=client if role else None, role=role, is_operator=is_operator)
    browser = logged_in(user)
    address = reverse("mfa_deactivate_totp")
    if kind == "webauthn":
        key = services.factors(user).get()
        services.factors(user).update(type=Authenticator.Type.WEBAUTHN, data={"name": "Key"})
        address = reverse("mfa_remove_webauthn", args=[key.pk])

    answer = browser.post(address, follow=True)

    assert services.factors(user).count() == left
    assert "reauthenticate" not in str(answer.redirect_chain)
    if left and kind == "webauthn":
        assert "This key is your only second factor" in answer.text


@pytest.mark.parametrize("gone", ["totp", "webauthn"])
def test_an_owner_may_remove_one_factor_of_two(gone):
    client = make_client()
    user = make_user(client=client)
    browser = logged_in(user)
    key = Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data={"name": "Key"})
    address = reverse("mfa_deactivate_totp") if gone == "totp" else reverse("mfa_remove_webauthn", args=[key.pk])

    browser.post(address)

    assert [factor.type for factor in services.factors(user)] == ["webauthn" if gone == "totp" else "totp"]
    assert ("account.factor_removed", {"factor": gone}) in actions(client, user)


def test_sessions_that_are_ended_are_in_the_chain():
    client = make_client()
    user = make_user(client=client, role="marketer", secured=False)
    for browser in (logged_in(user), here := logged_in(user)):
        browser.get(reverse("accounts:profile"))

    here.post(reverse("accounts:end-session", args=[0]))
    here.post(reverse("accounts:end-session", args=[0]))

    assert actions(client, user) == [("account.sessions_ended", {"count": 1})]


def test_staff_have_it_in_the_platforms_chain():
    user = make_user(is_operator=True)

    services.record(user, "account.password_changed")

    with staff_scope():
        entries = AuditEntry.objects.using("staff").filter(client_id=audit.PLATFORM, actor=user.actor)
        assert [entry.action for entry in entries] == ["account.password_changed"]
