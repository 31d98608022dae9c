from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from sofy.audience.models import ConsentState, Suppression
from sofy.audience.segments import counts, reach, tree, whatsapp
from sofy.audience.segments.models import Segment
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kernel.ids import uuid7

Make = Callable[..., UUID]


@pytest.fixture
def phone(client_id: UUID) -> Callable[..., bytes]:
    """Give a contact a number with what was said about it, and answer its index."""

    def make(
        contact_id: UUID, *, said: str = "", suppressed: bool = False, purpose: str = "marketing",
        channel: str = "sms", **columns: Any,
    ) -> bytes:  # fmt: skip
        index = uuid4().bytes
        fields = {"kind": "phone", "mobile": True, **columns}
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO audience_identity (client_id, id, contact_id, kind, value, index, valid, mobile, position,"
                " created_at, deleted_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    client_id,
                    uuid7(),
                    contact_id,
                    fields["kind"],
                    b"sealed",
                    index,
                    fields.get("valid", True),
                    fields["mobile"],
                    fields.get("position", 0),
                    clock.now(),
                    fields.get("deleted_at"),
                ],
            )
        if said:
            about = {"client_id": client_id, "identity_index": index, "channel": channel, "since": clock.now()}
            ConsentState.objects.create(**about, purpose=purpose, state=said)
        if suppressed:
            Suppression.objects.create(client_id=client_id, channel=channel, identity_index=index, reason="manual")
        return index

    return make


def everybody(client_id: UUID) -> UUID:
    return Segment.objects.create(client_id=client_id, name="all", tree={"is": "all", "of": []}).id


def rows(client_id: UUID, *args: Any, **options: Any) -> dict[UUID, dict[str, Any]]:
    statement = reach.members_sql(client_id, *args, **options)
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, statement.params)
        names = [column.name for column in cursor.description]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    assert [row["contact_id"] for row in found] == sorted({row["contact_id"] for row in found})
    return {row["contact_id"]: row for row in found}


@pytest.mark.parametrize(
    ("_case", "numbers", "state"),
    [
        ("consent", [{"said": "granted"}], "reachable"),
        ("nothing said", [{}], "no_consent"),
        ("consent taken back by an undo", [{"said": "cleared"}], "no_consent"),
        ("refused", [{"said": "withdrawn"}], "opposed"),
        ("opposed", [{"said": "opposed"}], "opposed"),
        ("suppressed", [{"said": "granted", "suppressed": True}], "suppressed"),
        ("invalid", [{"said": "granted", "valid": False}], "invalid"),
        ("a fixed line", [{"said": "granted", "mobile": False}], "invalid"),
        ("no number", [], "invalid"),
        ("a number taken away", [{"said": "granted", "deleted_at": clock.DEMO_START}], "invalid"),
        ("only an e-mail address", [{"said": "granted", "kind": "email"}], "invalid"),
        ("consent to alerts only", [{"said": "granted", "purpose": "alert"}], "no_consent"),
        ("the second number agrees", [{"said": "opposed"}, {"said": "granted", "position": 1}], "reachable"),
        ("the nearest miss is told", [{"valid": False}, {"position": 1}], "no_consent"),
    ],
)
def test_state_of_a_member(
    _case: str, numbers: list[dict[str, Any]], state: str, client_id: UUID, contact: Make, phone: Callable[..., bytes]
) -> None:
    person = contact()
    for number in numbers:
        phone(person, **number)

    found = rows(client_id, [everybody(client_id)])

    assert found[person]["state"] == state


def test_first_reachable_number_in_the_contacts_order(
    client_id: UUID, contact: Make, phone: Callable[..., bytes]
) -> None:
    person = contact(zone="Indian/Reunion", language="fr", establishment_id=UUID(int=9))
    phone(person, said="granted", position=2)
    first = phone(person, said="granted", position=1)
    phone(person, said="opposed", position=0)

    row = rows(client_id, [everybody(client_id)])[person]

    assert (bytes(row["recipient_index"]), bytes(row["sealed_number"])) == (first, b"sealed")
    assert (row["zone"], row["language"], row["establishment_id"]) == ("Indian/Reunion", "fr", UUID(int=9))


def test_alerts_have_their_own_consent(client_id: UUID, contact: Make, phone: Callable[..., bytes]) -> None:
    person = contact()
    phone(person, said="granted", purpose="alert")

    assert rows(client_id, [everybody(client_id)], purpose="alert")[person]["state"] == "reachable"


def test_segments_add_up_and_exclusions_take_away(client_id: UUID, contact: Make) -> None:
    french, english, german = contact(language="fr"), contact(language="en"), contact(language="de", title="mr")

    def segment(**condition: Any) -> UUID:
        return Segment.objects.create(client_id=client_id, name="x", tree=condition).id

    wanted = [segment(**{"is": "language", "values": [code]}) for code in ("fr", "de")]
    excluded = segment(**{"is": "title", "values": ["mr"]})

    assert set(rows(client_id, wanted)) == {french, german}
    assert set(rows(client_id, wanted, [excluded])) == {french}
    assert english not in rows(client_id, wanted)
    assert rows(client_id, []) == {}


def test_counts_agree_with_the_members(client_id: UUID, contact: Make, phone: Callable[..., bytes]) -> None:
    for sms, number in (
        (3, {"said": "granted"}),
        (2, {}),
        (4, {"said": "opposed"}),
        (4, {"suppressed": True}),
        (1, {"valid": False}),
    ):
        phone(contact(sms=sms), **number)
    contact()
    segments = [everybody(client_id)]

    counted = reach.reach_counts(client_id, segments)

    assert counted == {"reachable": 1, "no_consent": 1, "opposed": 1, "suppressed": 1, "invalid": 2}
    states = [row["state"] for row in rows(client_id, segments).values()]
    assert counted == {state: states.count(state) for state in reach.STATES}


@pytest.mark.clause("CGVU 17")
def test_counts_by_whatsapp_agree_with_the_members_and_need_a_consent_of_their_own(
    client_id: UUID, contact: Make, phone: Callable[..., bytes]
) -> None:
    by_whatsapp = contact(sms=2)
    phone(by_whatsapp, said="granted", channel="whatsapp")
    phone(contact(sms=3), said="granted")  # by SMS, which is no word about WhatsApp
    phone(contact(sms=2), said="opposed", channel="whatsapp")
    phone(contact(sms=2), suppressed=True, channel="whatsapp")
    phone(contact(sms=1), valid=False)
    two = contact(sms=2)
    phone(two, said="opposed", channel="whatsapp")
    phone(two, said="granted", channel="whatsapp", position=1)
    contact()
    segments = [everybody(client_id)]

    counted = reach.reach_counts(client_id, segments, channels=("whatsapp",))
    either = reach.reach_counts(client_id, segments, channels=("sms", "whatsapp"))

    states = {key: row["state"] for key, row in rows(client_id, segments, channel="whatsapp").items()}
    assert counted == {"reachable": 2, "no_consent": 1, "opposed": 1, "suppressed": 1, "invalid": 2}
    assert counted == {state: list(states.values()).count(state) for state in reach.STATES}
    assert {key for key, state in states.items() if state == "reachable"} == {by_whatsapp, two}
    assert either["reachable"] == 3


@pytest.mark.clause("CGVU 17")
def test_a_segment_asks_for_consent_to_whatsapp_and_shows_who_is_reached_by_it(
    client_id: UUID, contact: Make, phone: Callable[..., bytes]
) -> None:
    before = counts.preview(client_id, tree.All())
    agreed, refused, listed, unasked = (contact(sms=2) for _ in range(4))
    none = contact()
    phone(agreed, said="granted", channel="whatsapp")
    phone(refused, said="withdrawn", channel="whatsapp")
    phone(listed, said="granted", channel="whatsapp", suppressed=True)
    phone(unasked, said="granted")

    def found(**asked: Any) -> set[UUID]:
        root = tree.from_builtins({"is": "consent", "channel": "whatsapp", **asked})
        return set(counts.preview(client_id, root).sample)

    assert found() == {agreed}
    assert found(**{"not": True}) == {refused, listed, unasked, none}
    assert found(state="refused") == {refused, listed}
    assert found(state="unknown") == {unasked, none}
    assert found(purpose="alert") == set()
    assert [whatsapp.reach_of(client_id, each) for each in (agreed, refused, listed)] == [3, 4, 4]
    assert [whatsapp.reach_of(client_id, each) for each in (unasked, none)] == [None, None]
    assert "whatsapp" not in before.reach
    assert counts.preview(client_id, tree.All()).reach["whatsapp"] == {
        "reachable": 1, "no_consent": 1, "opted_out": 2, "invalid": 0, "no_address": 1,
    }  # fmt: skip


def test_a_segment_that_is_gone_is_refused(client_id: UUID) -> None:
    with pytest.raises(Refused) as refused:
        reach.members_sql(client_id, [uuid4()])

    assert refused.value.code == "segment_missing"
