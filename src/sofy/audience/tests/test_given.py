"""Consents that came with messages of a program reach the ledger: once, as proof, and against no opt-out."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connection
from django.test import Client as Browser

from sofy.audience import handlers
from sofy.audience.models import ConsentEvent, ConsentState, Contact, Identity, Reach
from sofy.audience.tests.factories import import_rows, make_book, person
from sofy.clients.models import Client
from sofy.clients.tests.factories import make_client
from sofy.engine.permissions import Permission, write_permissions
from sofy.kernel import clock, ids
from sofy.kit import outbox
from sofy.kit.keys import keys_for

pytestmark = [pytest.mark.django_db(databases=["default", "staff"]), pytest.mark.clause("DPA 5", "CGVU 17")]

NOW = clock.DEMO_START
AGREED = "2026-11-02T10:15:00+01:00"


@pytest.fixture
def client(as_client: Any) -> Client:
    clock.install(lambda: NOW)
    made = make_client()
    as_client(made)
    return made


def index(client: Client, number: int) -> bytes:
    return keys_for(client.pk).index("phone", f"+3363998{number:04d}")


def given(client: Client, *numbers: int, source: str = "caisse", version: str = "carte-2026") -> list[list[str]]:
    """Events as the process that answers the API writes them."""
    return [[str(ids.uuid7()), index(client, number).hex(), AGREED, source, version] for number in numbers]


def states(client: Client) -> dict[bytes, str]:
    return {bytes(row.identity_index): row.state for row in ConsentState.objects.filter(client_id=client.pk)}


def gate(client: Client) -> dict[bytes, tuple[str, datetime]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT recipient_index, state, since FROM gate_permission WHERE client_id = %s", [client.pk])
        return {bytes(row[0]): (row[1], row[2]) for row in cursor.fetchall()}


def test_a_consent_is_kept_as_proof_and_its_person_can_be_reached(client: Client, tmp_path: Path) -> None:
    import_rows(
        client,
        make_book(client),
        tmp_path / "a.csv",
        person(8001, consent="", email=""),
        legal_basis="",
    )
    owner = Identity.objects.get().contact_id
    ((event_id, *_rest),) = events = given(client, 8001)

    handlers.consents_given(client_id=client.pk, at=NOW.isoformat(), events=events)

    event = ConsentEvent.objects.get(source="api")
    assert (event.id, event.contact_id, event.actor, event.lifts) == (UUID(event_id), owner, "api", False)
    assert (event.channel, event.purpose, event.state) == ("sms", "marketing", "granted")
    assert (event.at, event.recorded_at) == (datetime.fromisoformat(AGREED), NOW)
    assert event.detail == "caisse · carte-2026"
    assert states(client) == {index(client, 8001): "granted"}
    assert gate(client)[index(client, 8001)][0] == "granted"
    assert Contact.objects.get().sms == Reach.REACHABLE


def test_somebody_who_is_no_contact_yet_agrees_all_the_same(client: Client) -> None:
    handlers.consents_given(client_id=client.pk, at=NOW.isoformat(), events=given(client, 8002))

    assert ConsentEvent.objects.get().contact_id is None
    assert states(client) == {index(client, 8002): "granted"}


@pytest.mark.parametrize("_case", ["the ledger knows", "the gate alone knows"])
def test_who_said_no_stays_opposed(client: Client, _case: str) -> None:
    against, before = index(client, 8003), NOW - timedelta(days=60)  # before they agreed
    if _case == "the ledger knows":
        handlers.sms_stopped(client_id=client.pk, recipient_index=against.hex(), at=before.isoformat())
    else:
        refusal = Permission(against, "sms", "marketing", "opposed", before)
        write_permissions(connection.connection, client.pk, [refusal])

    handlers.consents_given(client_id=client.pk, at=NOW.isoformat(), events=given(client, 8003))

    assert ConsentEvent.objects.filter(source="api", state="granted").count() == 1
    assert states(client) == {against: "opposed"}
    assert gate(client)[against][0] == "opposed"


def test_a_stop_that_is_written_meanwhile_stays_the_last_word_of_the_gate(client: Client) -> None:
    events = given(client, 8004)
    stopped = NOW + timedelta(seconds=1)
    clock.install(lambda: NOW + timedelta(seconds=5))

    # What the engine commits between the handler's look at the gate and its own words to it.
    def while_reading(*arguments: Any, **more: Any) -> Any:
        known = look(*arguments, **more)
        refusal = Permission(index(client, 8004), "sms", "marketing", "opposed", stopped)
        write_permissions(connection.connection, client.pk, [refusal])
        return known

    look = handlers.ledger.known
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handlers.ledger, "known", while_reading)
        handlers.consents_given(client_id=client.pk, at=NOW.isoformat(), events=events)

    assert gate(client)[index(client, 8004)] == ("opposed", stopped)


def test_what_the_gate_was_told_at_the_door_is_not_written_again(client: Client) -> None:
    told, untold = index(client, 8010), index(client, 8011)
    write_permissions(connection.connection, client.pk, [Permission(told, "sms", "marketing", "granted", NOW)])

    handlers.consents_given(client_id=client.pk, at=NOW.isoformat(), events=given(client, 8010, 8011))

    with connection.cursor() as cursor:
        cursor.execute("SELECT xmax::text FROM gate_permission WHERE recipient_index = %s", [told])
        assert cursor.fetchall() == [("0",)], "the row was taken hold of"
    assert gate(client) == {told: ("granted", NOW), untold: ("granted", NOW)}
    assert states(client) == {told: "granted", untold: "granted"}


def test_what_is_delivered_twice_is_one_event(client: Client) -> None:
    first, second = given(client, 8005, 8006)

    for events in ([first], [first, second], [first, second, second]):
        handlers.consents_given(client_id=client.pk, at=NOW.isoformat(), events=events)

    assert set(ConsentEvent.objects.values_list("id", flat=True)) == {UUID(first[0]), UUID(second[0])}


def test_sources_and_versions_stand_with_their_consents(client: Client) -> None:
    events = [
        *given(client, 8007),
        *given(client, 8008, source="site", version=""),
        *given(client, 8009, source="x" * 200),
    ]

    handlers.consents_given(client_id=client.pk, at=NOW.isoformat(), events=events)

    details = [row.detail for row in ConsentEvent.objects.order_by("id")]
    assert details == ["caisse · carte-2026", "site", "x" * 120]


def test_a_thousand_consents_take_the_statements_of_ten(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    execute = psycopg.Cursor.execute

    def counted(self: Any, *arguments: Any, **options: Any) -> Any:
        asked.append(1)
        return execute(self, *arguments, **options)

    few, many = given(client, *range(10)), given(client, *range(1_000, 2_000))
    monkeypatch.setattr(psycopg.Cursor, "execute", counted)

    handlers.consents_given(client_id=client.pk, at=NOW.isoformat(), events=few)
    for_few = len(asked)
    handlers.consents_given(client_id=client.pk, at=NOW.isoformat(), events=many)

    monkeypatch.undo()
    assert len(asked) - for_few == for_few < 12
    assert ConsentEvent.objects.count() == len(states(client)) == 1_010


def test_the_outbox_brings_them_to_the_ledger_of_their_client_alone(client: Client, as_client: Any) -> None:
    outbox.publish("consent.given", client.pk, at=NOW.isoformat(), events=given(client, 8010))

    done = outbox.dispatch()

    assert done == 1
    as_client(client)
    assert states(client) == {index(client, 8010): "granted"}
    as_client(make_client())
    assert not ConsentEvent.objects.exists()


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_history_of_a_contact_says_that_a_program_brought_it(
    shop: Client, browse: Callable[..., Browser], person: Callable[..., Contact], language: str
) -> None:
    contact = person(phone="+33639988011")
    handlers.consents_given(client_id=shop.pk, at=NOW.isoformat(), events=given(shop, 8011))

    page = browse(language=language).get(f"/c/{shop.slug}/contacts/{contact.id}")

    assert "API (caisse · carte-2026)" in page.content.decode()
