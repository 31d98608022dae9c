"""A year after somebody's last place their account tells nothing about them any more."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.utils import translation

from sofy.accounts import retention, tasks
from sofy.accounts.models import User
from sofy.accounts.services import create_api_key, create_user, ensure_totp
from sofy.clients.models import Client, Membership
from sofy.clients.queries import names_of
from sofy.clients.services import add_member
from sofy.clients.tests.factories import make_client
from sofy.kernel import clock
from sofy.kit import jobs
from sofy.kit.audit import PLATFORM
from sofy.kit.models import AuditEntry
from sofy.kit.rls import client_scope, staff_scope

pytestmark = pytest.mark.clause("DPA 12")
ADDRESS = "lea@example.test"


@pytest.fixture(autouse=True)
def beginning(engine_db: Any) -> None:
    clock.install(lambda: clock.DEMO_START)


@pytest.fixture
def client() -> Client:
    return make_client("Librairie du Port")


@pytest.fixture
def member(client: Client) -> User:
    user = create_user(email=ADDRESS, full_name="Léa Port", password="des mots assez longs", language="fr")
    ensure_totp(user)
    add_member(client, user=user, role="marketer")
    return user


def leaves(client: Client, user: User) -> None:
    with client_scope(client.pk):
        Membership.objects.filter(client_id=client.pk, user=user).delete()


def on_day(day: float) -> int:
    at = clock.DEMO_START + timedelta(days=day)
    clock.install(lambda: at)
    return int(str(tasks.forget_accounts()))


def test_somebody_with_a_place_stays(member):
    staff = create_user(email="noe@example.test", is_operator=True)

    assert [on_day(day) for day in (0, 400, 800)] == [0, 0, 0]

    for user in (member, staff):
        assert User.objects.get(pk=user.pk).left_at is None
    assert User.objects.get(pk=member.pk).email == ADDRESS


def test_a_year_after_the_last_place_nothing_tells_who_it_was(client, member):
    key, _text = create_api_key(client, name="Caisse", scopes=["messages:send"], user=member)
    leaves(client, member)
    assert [on_day(day) for day in (1, 365.9)] == [0, 0]
    assert User.objects.get(pk=member.pk).full_name == "Léa Port"

    assert [on_day(366.1), on_day(366.2)] == [1, 0]

    left = User.objects.get(pk=member.pk)
    assert (left.email, left.full_name, left.language) == (f"{left.pk}@forgotten.invalid", "", "")
    assert (left.is_active, left.has_usable_password(), left.last_login) == (False, False, None)
    assert not EmailAddress.objects.filter(user=left).exists()
    assert not Authenticator.objects.filter(user=left).exists()
    with translation.override("en"):
        assert names_of([left.actor]) == {left.actor: "Somebody who left"}
    with client_scope(client.pk):
        key.refresh_from_db()
    assert key.created_by_id == left.pk
    with staff_scope():
        noted = AuditEntry.objects.using("staff").filter(client_id=PLATFORM, action="account.forgotten")
        assert list(noted.values_list("actor", "facts")) == [("worker", {"count": 1})]


def test_somebody_who_comes_back_in_time_starts_anew(client, member):
    leaves(client, member)
    on_day(1)
    add_member(client, user=member, role="auditor")
    on_day(300)
    leaves(client, member)

    assert [on_day(day) for day in (301, 400, 665.9, 666.1)] == [0, 0, 0, 1]


def test_somebody_who_came_back_at_the_last_moment_is_kept(client, member):
    leaves(client, member)
    on_day(1)
    add_member(client, user=member, role="auditor")

    assert on_day(400) == 0
    assert User.objects.get(pk=member.pk).email == ADDRESS


def test_staff_who_were_shut_out_go_too_and_their_address_is_free_again():
    staff = create_user(email="noe@example.test", full_name="Noé", is_operator=True)
    User.objects.filter(pk=staff.pk).update(is_active=False)

    assert [on_day(day) for day in (0, 366)] == [0, 1]

    assert create_user(email="noe@example.test").pk != staff.pk


def test_many_go_in_small_batches(monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    for number in range(5):
        create_user(email=f"p{number}@example.test")
    on_day(0)

    assert on_day(366) == 5

    assert tasks.forget_accounts in jobs.chores()
