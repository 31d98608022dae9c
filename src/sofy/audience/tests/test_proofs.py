"""Proofs of consent go five years after nobody has the address any more; a refusal is kept for ever."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import ProgrammingError, connections

from sofy.audience import ledger
from sofy.audience.arrays import cursor
from sofy.audience.models import ConsentEvent, Identity
from sofy.audience.services import consent, contacts, people, proofs, retention, suppression
from sofy.audience.tasks import forget_proofs
from sofy.audience.tests.factories import make_book
from sofy.clients.models import Client
from sofy.clients.tests.factories import make_client
from sofy.kernel import clock
from sofy.kit import jobs
from sofy.kit.keys import keys_for
from sofy.kit.models import AuditEntry
from sofy.kit.rls import client_scope, staff_scope

pytestmark = [pytest.mark.clause("DPA 12"), pytest.mark.clause("DPA 5")]
PHONE = "+33639980001"
YEARS = 5 * 365 + 3  # two of them may be leap years


@pytest.fixture
def client(engine_db: Any) -> Client:
    clock.install(lambda: clock.DEMO_START)
    made = make_client("Librairie du Port")
    make_book(made)
    return made


def somebody(client: Client, phone: str = PHONE, *said: str) -> UUID:
    """A contact, and what they said about marketing, in order."""
    with client_scope(client.pk):
        contact = contacts.save(
            client_id=client.pk, fields={"last_name": "Port"}, phones=[phone], emails=[], actor="test"
        )
        identity = Identity.objects.get(client_id=client.pk, contact_id=contact.id)
        for state in said:
            consent.record(
                client_id=client.pk, identity_id=identity.id, purpose="marketing", state=state, source="paper",
                actor="test", evidence="Carte 12",
            )  # fmt: skip
    return contact.id


def on_day(day: float) -> int:
    """The daily jobs of that day; answers how many proofs went."""
    at = clock.DEMO_START + timedelta(days=day)
    clock.install(lambda: at)
    retention.expire_all()
    return int(str(forget_proofs()))


def removed(client: Client, contact_id: UUID, day: float) -> None:
    at = clock.DEMO_START + timedelta(days=day)
    clock.install(lambda: at)
    with client_scope(client.pk):
        contacts.remove(client_id=client.pk, ids=[contact_id], actor="test")


def counts(engine_db: Any) -> dict[str, list[Any]]:
    with engine_db.connect("admin") as admin:
        return {
            "events": [row[0] for row in admin.execute("SELECT state FROM audience_consent_event ORDER BY id")],
            "states": [row[0] for row in admin.execute("SELECT state FROM audience_consent_state ORDER BY purpose")],
            "gate": [row[0] for row in admin.execute("SELECT state FROM gate_permission ORDER BY purpose, state")],
        }


def state_of(client: Client, phone: str) -> str:
    index = keys_for(client.pk).index("phone", phone)
    with client_scope(client.pk):
        return ledger.known(cursor(), client.pk, [index]).state((index, "sms", "marketing"))


def test_the_proof_of_a_contact_is_kept_however_old(client, engine_db):
    somebody(client, PHONE, "granted")

    assert [on_day(day) for day in (1, YEARS, 3 * YEARS)] == [0, 0, 0]

    assert counts(engine_db) == {"events": ["granted"], "states": ["granted"], "gate": ["granted"]}


def test_a_consent_goes_five_years_after_the_contact_and_counts_no_longer(client, engine_db):
    contact = somebody(client, PHONE, "granted")
    removed(client, contact, 100)
    assert [on_day(day) for day in (131, 131 + YEARS - 5)] == [0, 0]
    assert counts(engine_db)["events"] == ["granted"]

    assert [on_day(131 + YEARS), on_day(131 + YEARS)] == [1, 0]

    assert counts(engine_db) == {"events": [], "states": [], "gate": []}
    with client_scope(client.pk):
        noted = AuditEntry.objects.filter(client_id=client.pk, action="consent.forgotten")
        assert list(noted.values_list("actor", "facts")) == [("worker", {"size": 1, "proofs": 1})]


@pytest.mark.parametrize("said", ["withdrawn", "opposed"])
def test_who_said_no_stays_stopped_when_the_proof_is_gone(client, engine_db, said):
    contact = somebody(client, PHONE, "granted", said)
    removed(client, contact, 0)
    on_day(31)

    assert [on_day(31 + YEARS), on_day(31 + YEARS + 1)] == [2, 0]

    assert counts(engine_db) == {"events": [], "states": [said], "gate": [said]}
    assert state_of(client, PHONE) == said
    somebody(client, PHONE)
    assert state_of(client, PHONE) == said


def test_who_asked_to_be_forgotten_stays_on_the_list(client, engine_db):
    contact = somebody(client, PHONE, "granted")
    people.erase(client_id=client.pk, contact_id=contact, actor="test")
    on_day(1)

    assert on_day(1 + YEARS) == 3

    assert counts(engine_db) == {"events": [], "states": ["opposed"] * 2, "gate": ["opposed"] * 2}
    with engine_db.connect("admin") as admin:
        assert admin.execute("SELECT count(*) FROM audience_suppression").fetchone() == (1,)


def test_the_list_of_a_client_keeps_numbers_it_never_had(client, engine_db):
    with client_scope(client.pk):
        suppression.add(client_id=client.pk, phones=[PHONE], emails=[], reason="complaint", source="", actor="test")
    before = counts(engine_db)
    on_day(0)

    on_day(YEARS)

    assert counts(engine_db) == before | {"events": []}
    assert state_of(client, PHONE) == "opposed"


def test_a_consent_that_was_taken_back_leaves_no_refusal_behind(client, engine_db):
    contact = somebody(client, PHONE, "granted")
    with engine_db.connect("admin") as admin:
        admin.execute("UPDATE audience_consent_state SET state = 'cleared', cleared_at = granted_at")
        admin.execute("UPDATE gate_permission SET state = 'withdrawn'")
    removed(client, contact, 0)
    on_day(31)

    on_day(31 + YEARS)

    assert counts(engine_db) == {"events": [], "states": [], "gate": []}
    assert state_of(client, PHONE) == "cleared"


def test_a_stop_the_ledger_never_heard_of_stays_at_the_gate(client, engine_db):
    contact = somebody(client, PHONE, "granted")
    with engine_db.connect("admin") as admin:
        admin.execute("UPDATE gate_permission SET state = 'withdrawn', since = since + interval '1 day'")
    removed(client, contact, 0)
    on_day(31)

    on_day(31 + YEARS)

    assert counts(engine_db)["gate"] == ["withdrawn"]
    assert state_of(client, PHONE) == "withdrawn"


def test_an_address_that_came_back_begins_anew(client, engine_db):
    contact = somebody(client, PHONE, "granted")
    removed(client, contact, 0)
    on_day(31)
    again = somebody(client, PHONE)
    on_day(32)
    removed(client, again, 1000)

    assert [on_day(day) for day in (1031, 31 + YEARS, 1031 + YEARS)] == [0, 0, 1]


def test_each_client_is_looked_at_alone_and_many_go_in_small_batches(client, engine_db, monkeypatch):
    monkeypatch.setattr(proofs, "NOTED", 2)
    monkeypatch.setattr(proofs, "FORGOTTEN", 2)
    other = make_client("Fleurs")
    for number in range(5):
        removed(client, somebody(client, f"+3363998000{number}", "granted"), 0)
    somebody(other, "+33639980000", "granted")
    on_day(31)

    assert on_day(31 + YEARS) == 5

    assert counts(engine_db) == {"events": ["granted"], "states": ["granted"], "gate": ["granted"]}
    assert forget_proofs in jobs.chores()


def test_whoever_writes_the_ledger_takes_nothing_from_it(client):
    somebody(client, PHONE, "granted")
    forget = "SELECT * FROM audience_forget_consent(%s, now() + interval '50 years', 10)"

    with pytest.raises(ProgrammingError, match="permission denied"), client_scope(client.pk):
        connections["default"].cursor().execute(forget, [client.pk])
    with pytest.raises(ProgrammingError, match="permission denied"), staff_scope():
        ConsentEvent.objects.using("staff").all().delete()
    with staff_scope(), connections["staff"].cursor() as staff:
        staff.execute(forget, [client.pk])
        assert staff.fetchall() == [(0, 0)]  # somebody has the address
