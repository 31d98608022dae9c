"""Taking an import back: what it did goes, what people said since stays."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from sofy.audience import handlers
from sofy.audience.imports.undo import undo_import
from sofy.audience.models import (
    Book,
    ConsentEvent,
    ConsentState,
    Contact,
    ContactAttribute,
    Identity,
    Import,
    Membership,
    NameToken,
    Reach,
)
from sofy.audience.tests.factories import HEADER, import_rows, make_book, person
from sofy.clients.models import Client
from sofy.clients.tests.factories import make_client
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit.keys import keys_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(as_client: Any) -> Client:
    made = make_client()
    as_client(made)
    return made


@pytest.fixture
def book(client: Client) -> Book:
    return make_book(client)


def undo(client: Client, import_id: UUID | None) -> Any:
    assert import_id
    return undo_import(client_id=client.pk, import_id=import_id, actor="test")


def alive(client: Client) -> Any:
    return Contact.objects.filter(client_id=client.pk, deleted_at=None)


def state(client: Client, number: int) -> str | None:
    index = keys_for(client.pk).index("phone", f"+33639980{number:03d}")
    return (
        ConsentState.objects.filter(client_id=client.pk, identity_index=index).values_list("state", flat=True).first()
    )


def test_created_contacts_go_and_their_consent_with_them(client: Client, book: Book, tmp_path: Path) -> None:
    done = import_rows(client, book, tmp_path / "a.csv", person(1), person(2))

    result = undo(client, done.import_id)

    assert (result.removed, result.restored, result.kept) == (2, 0, 0)
    assert not alive(client).exists()
    assert not Identity.objects.filter(client_id=client.pk, deleted_at=None).exists()
    assert (state(client, 1), state(client, 2)) == ("cleared", "cleared")
    assert ConsentEvent.objects.filter(client_id=client.pk, source="undo").count() == 2
    assert Import.objects.get(client_id=client.pk).state == "undone"


@pytest.mark.clause("CGVU 17")
@pytest.mark.parametrize("word", ["non", "stop"])
def test_an_undo_lifts_no_opt_out(word: str, client: Client, book: Book, tmp_path: Path) -> None:
    done = import_rows(client, book, tmp_path / "a.csv", person(1, consent=word))

    undo(client, done.import_id)

    assert state(client, 1) == ("withdrawn" if word == "non" else "opposed")
    again = import_rows(client, book, tmp_path / "b.csv", person(1))
    assert again.reachable_sms == 0


def test_the_corrected_file_can_be_imported_after_the_undo(client: Client, book: Book, tmp_path: Path) -> None:
    done = import_rows(client, book, tmp_path / "a.csv", person(1))
    undo(client, done.import_id)

    again = import_rows(client, book, tmp_path / "b.csv", person(1))

    assert (again.imported, again.reachable_sms) == (1, 1)
    assert alive(client).get().sms == Reach.REACHABLE


def test_updates_go_back_step_by_step(client: Client, book: Book, tmp_path: Path) -> None:
    header = (*HEADER, "Points")
    import_rows(client, book, tmp_path / "a.csv", (*person(1, email=""), "5"), header=header)
    before = Contact.objects.values().get(client_id=client.pk)
    other = make_book(client, "Others")
    rows = [
        (*person(1, last="Un", town="Évry", postcode="91000"), "6"),
        (*person(1, last="Deux", first="Zoé", title=""), "7"),
    ]
    done = import_rows(client, other, tmp_path / "b.csv", *rows, header=header)
    assert Contact.objects.get(client_id=client.pk).last_name == "Deux"

    result = undo(client, done.import_id)

    assert (result.removed, result.restored, result.kept) == (0, 2, 0)
    contact = alive(client).get()
    assert (contact.first_name, contact.last_name, contact.town, contact.postcode) == (
        "Élodie",
        "Sœur",
        "Paris",
        "75011",
    )
    assert contact.updated_at == before["updated_at"]
    assert ContactAttribute.objects.get(client_id=client.pk).number == 5
    assert Identity.objects.filter(client_id=client.pk, deleted_at=None).count() == 1
    assert Membership.objects.get(client_id=client.pk).book_id == book.id
    tokens = {bytes(token) for token in NameToken.objects.filter(client_id=client.pk).values_list("token", flat=True)}
    assert tokens == {
        keys_for(client.pk).index("name", word)[:8] for word in ("elo", "elodi", "elodie", "soe", "soeur")
    }
    assert state(client, 1) == "granted"  # the first file said so too


def test_a_contact_created_and_updated_by_the_same_file_goes(client: Client, book: Book, tmp_path: Path) -> None:
    done = import_rows(client, book, tmp_path / "a.csv", person(1), person(2), person(1, town="Évry"))

    result = undo(client, done.import_id)

    assert (result.removed, result.restored, result.kept) == (2, 1, 0)
    assert not alive(client).exists()
    assert state(client, 1) == "cleared"


@pytest.mark.clause("CGVU 17")
def test_a_contact_changed_since_is_left_alone(client: Client, book: Book, tmp_path: Path) -> None:
    done = import_rows(client, book, tmp_path / "a.csv", person(1), person(2), person(3))
    now = clock.now() + timedelta(minutes=1)
    Contact.objects.filter(client_id=client.pk, id=_owner(client, 1)).update(updated_at=now)
    index = keys_for(client.pk).index("phone", "+33639980002")
    handlers.sms_stopped(client_id=client.pk, recipient_index=index.hex(), at=clock.now().isoformat())

    result = undo(client, done.import_id)

    assert (result.removed, result.kept) == (1, 2)
    assert {contact.id for contact in alive(client)} == {_owner(client, 1), _owner(client, 2)}
    assert (state(client, 1), state(client, 2), state(client, 3)) == ("granted", "opposed", "cleared")


def _owner(client: Client, number: int) -> UUID:
    index = keys_for(client.pk).index("phone", f"+33639980{number:03d}")
    return Identity.objects.get(client_id=client.pk, kind="phone", index=index, deleted_at=None).contact_id


@pytest.mark.parametrize(
    ("_case", "changes", "code"),
    [
        ("unknown", None, "import_unknown"),
        ("undone", {"state": "undone"}, "undo_already"),
        ("running", {"state": "running"}, "undo_not_done"),
        ("31 days ago", {"days": 31}, "undo_too_late"),
    ],
)
def test_when_it_cannot_be_undone(
    _case: str, changes: dict[str, Any] | None, code: str, client: Client, book: Book, tmp_path: Path
) -> None:
    done = import_rows(client, book, tmp_path / "a.csv", person(1))
    rows = Import.objects.filter(client_id=client.pk)
    import_id = UUID(int=1) if changes is None else done.import_id
    if changes and "days" in changes:
        rows.update(finished_at=clock.now() - timedelta(days=changes["days"]))
    elif changes:
        rows.update(**changes)

    with pytest.raises(Refused, match=code):
        undo(client, import_id)


def test_undo_goes_on_where_it_stopped(
    client: Client, book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sofy.audience.imports.undo.BATCH_ROWS", 2)
    done = import_rows(client, book, tmp_path / "a.csv", *(person(n) for n in range(5)), person(0, town="Évry"))
    seen = []

    def stop(number: int, _total: int) -> None:
        seen.append(number)
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        undo_import(client_id=client.pk, import_id=done.import_id, actor="test", progress=stop)  # type: ignore[arg-type]

    undo(client, done.import_id)

    assert not alive(client).exists()
    assert {state(client, n) for n in range(5)} == {"cleared"}
