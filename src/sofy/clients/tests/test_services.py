"""Clients, teams and establishments: what services keep, refuse and tell the gate."""

import json
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from sofy.clients import queries, rules, services
from sofy.clients.models import Client, Establishment, Membership, State
from sofy.clients.tests.factories import make_client, make_member
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kernel.hours import HoursPolicy
from sofy.kit import audit
from sofy.kit.keys import keys_for
from sofy.kit.models import AuditEntry
from sofy.kit.rls import client_scope, user_scope

pytestmark = pytest.mark.django_db


def actions(client):
    with client_scope(client.pk):
        return list(AuditEntry.objects.filter(client_id=client.pk).order_by("seq").values_list("action", flat=True))


def gate_line(client):
    with client_scope(client.pk), connection.cursor() as cursor:
        cursor.execute("SELECT state, hours, budget_eur FROM gate_client WHERE client_id = %s", [client.pk])
        return cursor.fetchone()


def test_a_new_client_has_keys_a_line_at_the_gate_and_a_chain():
    client = make_client("Boulangerie Ménard")

    assert keys_for(client.pk) is not None
    assert gate_line(client) == ("active", None, None)
    assert actions(client) == ["client.created"]
    assert client.slug.startswith("boulangerie-menard-")


@pytest.mark.parametrize(
    ("_case", "fields", "code"),
    [
        ("no name", {"name": "  "}, "client_name_missing"),
        ("no such zone", {"name": "A", "timezone": "Mars/Phobos"}, "timezone_unknown"),
    ],
)
def test_a_client_is_refused(_case, fields, code):
    with pytest.raises(Refused) as refusal:
        services.create_client(**fields)

    assert refusal.value.code == code


@pytest.mark.parametrize("slug", ["Bad Slug!/..", "é", "a/b", "x" * 61, " "])
def test_an_address_that_no_route_reads_is_refused(slug):
    with pytest.raises(Refused, match="slug_invalid"):
        make_client(slug=slug)


def test_a_budget_below_nothing_is_refused():
    client = make_client()
    kept: dict[str, Any] = {"name": "A", "timezone": "Europe/Paris", "approval_required": False}
    kept |= {"cap_messages": None, "cap_days": 7, "hours": HoursPolicy()}

    with pytest.raises(Refused, match="budget_negative"):
        services.update_settings(client, actor="test", budget_eur=Decimal(-5), **kept)

    assert gate_line(client) == ("active", None, None)


def test_two_clients_never_share_an_address():
    make_client(slug="menard")

    with pytest.raises(Refused) as refusal:
        make_client(slug="menard")

    assert refusal.value.code == "slug_taken"


def test_the_street_of_an_establishment_is_unreadable_at_rest():
    client = make_client()

    shop = services.create_establishment(client, name="Lyon Part-Dieu", street="17 rue du Docteur Bouchut")

    with client_scope(client.pk), connection.cursor() as cursor:
        cursor.execute("SELECT street FROM clients_establishment WHERE id = %s", [shop.pk])
        assert b"Bouchut" not in bytes(cursor.fetchone()[0])
        assert Establishment.objects.get(pk=shop.pk).street == "17 rue du Docteur Bouchut"


def test_settings_reach_the_gate_in_the_same_transaction():
    client = make_client()

    services.update_settings(
        client,
        actor="system",
        name=client.name,
        timezone="Indian/Reunion",
        approval_required=True,
        cap_messages=3,
        cap_days=7,
        budget_eur=Decimal("150.00"),
        hours=HoursPolicy(opens="09:00", closes="18:00"),
    )

    state, text, budget = gate_line(client)
    hours = json.loads(text)
    assert (state, budget) == ("active", Decimal("150.00"))
    assert (hours["opens"], hours["closes"]) == ("09:00", "18:00")
    assert actions(client)[-1] == "settings.changed"


@pytest.mark.clause("CGVU 14.1")
@pytest.mark.parametrize(
    ("_case", "stored", "expected"),
    [
        ("nothing chosen: the contract's", None, HoursPolicy()),
        ("narrower", {"opens": "09:30", "days": [1, 2, 3, 4, 5]}, HoursPolicy(opens="09:30", days=(1, 2, 3, 4, 5))),
    ],
)
def test_hours_of_a_client(_case, stored, expected):
    assert services.hours_policy(Client(hours=stored)) == expected


@pytest.mark.clause("CGVU 14.1")
def test_hours_wider_than_the_contract_cannot_be_read():
    with pytest.raises(Refused, match="hours_wider_than_contract"):
        services.hours_policy(Client(hours={"opens": "07:00", "closes": "22:00"}))


def test_a_suspended_client_is_suspended_at_the_gate():
    client = make_client()

    services.set_state(client.pk, State.SUSPENDED, actor="system", reason="CGVU 17")

    assert gate_line(client)[0] == "suspended"
    assert actions(client)[-1] == "client.suspended"


def test_somebody_sees_only_their_own_clients_before_one_is_chosen():
    mine, other = make_client("Mine"), make_client("Other")
    user = make_member(mine)

    with user_scope(user.pk):
        assert services.resolve_client(user, mine.slug) is not None
        assert services.resolve_client(user, other.slug) is None
        assert set(Client.objects.values_list("slug", flat=True)) == {mine.slug}
        assert Membership.objects.count() == 1
    assert [row.slug for row in queries.clients_of(user)] == [mine.slug]


def test_nobody_sees_a_client_without_saying_who_they_are():
    make_client()

    assert Client.objects.count() == 0
    assert Membership.objects.count() == 0


def test_a_person_cannot_write_into_the_client_of_a_membership_they_only_read():
    client = make_client()
    user = make_member(client, rules.AUDITOR)

    with user_scope(user.pk):
        changed = Membership.objects.filter(user_id=user.pk).update(role=rules.OWNER)

    assert changed == 0


def test_a_store_manager_sees_the_establishments_chosen_for_them():
    client = make_client()
    lyon = services.create_establishment(client, name="Lyon")
    services.create_establishment(client, name="Nice")
    user = make_member(client, rules.STORE_MANAGER, establishments=[lyon.pk])

    with user_scope(user.pk):
        seen = services.resolve_client(user, client.slug)

    assert seen is not None
    with client_scope(client.pk):
        assert [row.name for row in queries.visible_establishments(seen)] == ["Lyon"]
    assert seen.sees_establishment(lyon.pk)
    assert not seen.sees_establishment(uuid4())


def test_a_store_manager_cannot_be_given_the_establishment_of_another_client():
    client, other = make_client(), make_client()
    foreign = services.create_establishment(other, name="Elsewhere")

    with pytest.raises(Refused) as refusal:
        make_member(client, rules.STORE_MANAGER, establishments=[foreign.pk])

    assert refusal.value.code == "establishment_unknown"


@pytest.mark.parametrize("_case", ["leaves", "steps down"])
def test_the_last_owner_stays(_case):
    client = make_client()
    owner = make_member(client, rules.OWNER)
    with client_scope(client.pk):
        membership = Membership.objects.get(user_id=owner.pk)

    with pytest.raises(Refused) as refusal:
        if _case == "leaves":
            services.remove_member(client, membership_id=membership.pk, actor="system")
        else:
            services.change_role(client, membership_id=membership.pk, role=rules.MARKETER, actor="system")

    assert refusal.value.code == "last_owner"


def test_an_owner_leaves_when_another_stays():
    client = make_client()
    owner = make_member(client, rules.OWNER)
    make_member(client, rules.OWNER)
    with client_scope(client.pk):
        membership = Membership.objects.get(user_id=owner.pk)

    services.remove_member(client, membership_id=membership.pk, actor="system")

    assert not queries.clients_of(owner)
    assert actions(client)[-1] == "member.removed"


def test_an_invitation_is_taken_once_and_by_its_addressee():
    client = make_client()
    _invitation, token = services.invite_member(client, email="Claire@Example.test", role="marketer", actor="system")
    other = make_member(make_client())
    claire = make_member(make_client(), email="claire@example.test")

    with pytest.raises(Refused) as by_other:
        services.accept_invitation(token, user=other)
    membership = services.accept_invitation(token, user=claire)
    with pytest.raises(Refused) as again:
        services.accept_invitation(token, user=claire)

    assert membership.role == "marketer"
    assert (by_other.value.code, again.value.code) == ("invitation_for_other", "invitation_invalid")


@pytest.mark.parametrize("_case", ["forged", "withdrawn", "too old"])
def test_an_invitation_that_opens_nothing(_case):
    client = make_client()
    invitation, token = services.invite_member(client, email="a@example.test", role="marketer", actor="system")
    if _case == "forged":
        token = token[:-2] + "xx"
    if _case == "withdrawn":
        services.withdraw_invitation(client, invitation_id=invitation.pk, actor="system")
    if _case == "too old":
        clock.install(lambda: invitation.expires_at)

    with pytest.raises(Refused) as refusal:
        services.find_invitation(token)

    assert refusal.value.code == "invitation_invalid"


def test_every_change_of_a_team_keeps_the_chain_whole():
    client = make_client()
    user = make_member(client)
    with client_scope(client.pk):
        membership = Membership.objects.get(user_id=user.pk)
    services.change_role(client, membership_id=membership.pk, role=rules.DEVELOPER, actor="system")

    with client_scope(client.pk):
        verdict = audit.verify(client.pk)

    assert verdict.intact
    assert actions(client) == ["client.created", "member.added", "member.role_changed"]
