"""The address of somebody who was invited goes a month after the invitation ended."""

from datetime import timedelta
from typing import Any

import pytest

from sofy.clients import invitations, tasks
from sofy.clients.models import Invitation
from sofy.clients.services import invite_member, withdraw_invitation
from sofy.clients.tests.factories import make_client
from sofy.kernel import clock
from sofy.kit import audit, jobs
from sofy.kit.models import AuditEntry
from sofy.kit.rls import client_scope, staff_scope

pytestmark = pytest.mark.clause("DPA 12")


def invited(client: Any, email: str = "paul@example.test") -> Invitation:
    return invite_member(client, email=email, role="marketer", actor="test")[0]


def left() -> set[Any]:
    with staff_scope():
        return set(Invitation.objects.using("staff").values_list("id", flat=True))


def journal(client: Any) -> list[tuple[str, Any]]:
    with client_scope(client.pk):
        rows = AuditEntry.objects.filter(client_id=client.pk, action="invitation.forgotten")
        return list(rows.values_list("actor", "facts"))


def later(days: float) -> int:
    at = clock.DEMO_START + timedelta(days=days)
    clock.install(lambda: at)
    return int(str(tasks.forget_invitations()))


@pytest.fixture(autouse=True)
def beginning(engine_db: Any) -> None:
    clock.install(lambda: clock.DEMO_START)


@pytest.mark.parametrize(
    ("_case", "ends", "days"), [("over", None, 7), ("withdrawn", "withdrawn_at", 2), ("taken", "accepted_at", 2)]
)
def test_an_invitation_goes_a_month_after_its_end(_case, ends, days):
    client = make_client()
    invitation = invited(client)
    if ends:
        with client_scope(client.pk):
            Invitation.objects.update(**{ends: clock.DEMO_START + timedelta(days=days)})

    assert later(days + 29.9) == 0
    assert left() == {invitation.id}
    assert later(days + 30.1) == 1
    assert left() == set()
    assert later(days + 30.2) == 0
    assert journal(client) == [("worker", {"count": 1})]
    with client_scope(client.pk):
        assert audit.verify(client.pk).intact


def test_it_is_done_for_every_client_in_small_batches(monkeypatch):
    monkeypatch.setattr(invitations, "BATCH", 2)
    one, two = make_client(), make_client()
    for number in range(3):
        invited(one, f"p{number}@example.test")
    invited(two)
    withdraw_invitation(two, invitation_id=invited(two, "late@example.test").id, actor="test")

    assert later(38) == 5

    assert sum(facts["count"] for _, facts in journal(one)) == 3
    assert sum(facts["count"] for _, facts in journal(two)) == 2
    assert left() == set()
    assert tasks.forget_invitations in jobs.chores()
