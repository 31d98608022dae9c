"""Merging people and back, erasing them, lists of opt-outs, the STOP of a phone."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from sofy.audience import handlers
from sofy.audience.models import (
    Book,
    ConsentEvent,
    ConsentState,
    Contact,
    Identity,
    Import,
    ImportRow,
    Membership,
    NameToken,
    Reach,
    Suppression,
)
from sofy.audience.services import consent, contacts, optouts
from sofy.audience.services.people import erase, merge, unmerge
from sofy.audience.tests.factories import import_rows, make_book, person, write_csv
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


def owner(client: Client, number: int) -> UUID:
    index = keys_for(client.pk).index("phone", f"+33639980{number:03d}")
    return Identity.objects.get(client_id=client.pk, kind="phone", index=index, deleted_at=None).contact_id


def get(client: Client, contact_id: UUID) -> Contact:
    return Contact.objects.get(client_id=client.pk, id=contact_id)


def test_merge_and_unmerge(client: Client, book: Book, tmp_path: Path) -> None:
    other = make_book(client, "Others")
    import_rows(client, book, tmp_path / "a.csv", person(1, consent="stop", email="", town="", postcode="", first=""))
    import_rows(client, other, tmp_path / "b.csv", person(2, email="", town="Évry", first="Zoé"))
    winner, loser = owner(client, 1), owner(client, 2)

    merged = merge(client_id=client.pk, winner_id=winner, loser_id=loser, actor="test")

    one = get(client, winner)
    assert (one.first_name, one.last_name, one.town, one.sms) == ("Zoé", "Sœur", "Évry", Reach.REACHABLE)
    assert Identity.objects.filter(client_id=client.pk, contact_id=winner).count() == 2
    assert Membership.objects.filter(client_id=client.pk, contact_id=winner).count() == 2
    assert get(client, loser).merged_into == winner
    assert sorted(ConsentState.objects.values_list("state", flat=True)) == ["granted", "opposed"]

    unmerge(client_id=client.pk, merge_id=merged, actor="test")

    one, two = get(client, winner), get(client, loser)
    assert (one.first_name, one.town, one.sms, one.deleted_at) == (None, "", Reach.OPTED_OUT, None)
    assert (two.first_name, two.town, two.sms, two.deleted_at) == ("Zoé", "Évry", Reach.REACHABLE, None)
    assert owner(client, 2) == loser
    assert Membership.objects.filter(client_id=client.pk, contact_id=winner).count() == 1
    with pytest.raises(Refused, match="merge_undone"):
        unmerge(client_id=client.pk, merge_id=merged, actor="test")


def test_merge_takes_an_address_whole_or_not_at_all(client: Client, book: Book, tmp_path: Path) -> None:
    import_rows(client, book, tmp_path / "a.csv", person(1, town="", postcode="75011"), person(2, town="Lyon"))

    merge(client_id=client.pk, winner_id=owner(client, 1), loser_id=owner(client, 2), actor="test")

    one = get(client, owner(client, 1))
    assert (one.postcode, one.town) == ("75011", "")


def test_merge_needs_two_people(client: Client, book: Book, tmp_path: Path) -> None:
    import_rows(client, book, tmp_path / "a.csv", person(1))

    for other, code in ((owner(client, 1), "merge_with_itself"), (UUID(int=1), "contact_unknown")):
        with pytest.raises(Refused, match=code):
            merge(client_id=client.pk, winner_id=owner(client, 1), loser_id=other, actor="test")


@pytest.mark.clause("DPA 10", "CGVU 17")
def test_erased_means_gone_but_for_a_hash(client: Client, book: Book, tmp_path: Path) -> None:
    import_rows(client, book, tmp_path / "a.csv", person(1))
    import_rows(client, book, tmp_path / "b.csv", person(1, last="Autre"))
    contact = owner(client, 1)

    erase(client_id=client.pk, contact_id=contact, actor="test")

    for model in (Contact, Identity, NameToken, Membership):
        assert not model.objects.exists()
    assert not ImportRow.objects.exclude(before=None).exists()
    assert set(Suppression.objects.values_list("reason", flat=True)) == {"erased"}
    again = import_rows(client, book, tmp_path / "c.csv", person(1))
    assert (again.imported, again.reachable_sms, again.opted_out_kept) == (1, 0, 1)


@pytest.mark.clause("DPA 10")
def test_who_was_merged_is_erased_too(client: Client, book: Book, tmp_path: Path) -> None:
    import_rows(client, book, tmp_path / "a.csv", person(1), person(2), person(3), person(4))
    one, two, three, four = (owner(client, number) for number in (1, 2, 3, 4))
    merge(client_id=client.pk, winner_id=two, loser_id=three, actor="test")
    merge(client_id=client.pk, winner_id=one, loser_id=two, actor="test")

    erase(client_id=client.pk, contact_id=one, actor="test")

    assert [contact.id for contact in Contact.objects.all()] == [four]
    assert Suppression.objects.filter(channel="sms").count() == 3


@pytest.mark.clause("DPA 10")
def test_an_address_that_somebody_else_has_now_stays_theirs(client: Client, book: Book, tmp_path: Path) -> None:
    import_rows(client, book, tmp_path / "a.csv", person(1, email=""), person(2, email=""))
    one, two = owner(client, 1), owner(client, 2)
    contacts.save(client_id=client.pk, fields={}, phones=["0639980009"], emails=[], actor="test", contact_id=one)
    both = ["0639980001", "0639980002"]
    contacts.save(client_id=client.pk, fields={}, phones=both, emails=[], actor="test", contact_id=two)

    erase(client_id=client.pk, contact_id=one, actor="test")

    assert Suppression.objects.count() == 1
    assert get(client, two).sms == Reach.REACHABLE


@pytest.mark.clause("CGVU 17")
def test_list_of_opt_outs(client: Client, book: Book, tmp_path: Path) -> None:
    import_rows(client, book, tmp_path / "a.csv", person(1), person(2))
    path = write_csv(tmp_path / "out.csv", ("+33 6 39 98 00 01",), ("0639980009",), ("x",), header=("Téléphone",))

    def listed() -> Import:
        with path.open("rb") as content:
            return optouts.start(client_id=client.pk, content=content, source="old tool", actor="test")

    result, again = listed(), listed()

    assert (result.total, result.imported, result.updated, result.rejected) == (3, 2, 0, 1)
    assert (again.imported, again.updated) == (0, 2)
    assert ImportRow.objects.filter(import_id=result.id).get().row == 4
    assert get(client, owner(client, 1)).sms == Reach.OPTED_OUT
    assert get(client, owner(client, 2)).sms == Reach.REACHABLE
    later = import_rows(client, book, tmp_path / "b.csv", person(9))
    assert later.opted_out_kept == 1


@pytest.mark.clause("DPA 5", "CGVU 17")
def test_only_a_consent_with_proof_takes_a_number_off_the_suppression_list(
    client: Client, book: Book, tmp_path: Path
) -> None:
    import_rows(client, book, tmp_path / "a.csv", person(1, consent=""), person(2, consent=""))
    with write_csv(tmp_path / "out.csv", ("0639980001",), ("0639980002",), header=("Téléphone",)).open("rb") as content:
        optouts.start(client_id=client.pk, content=content, source="old tool", actor="test")
    number = Identity.objects.get(contact_id=owner(client, 1), kind="phone")
    Suppression.objects.create(client_id=client.pk, channel="email", identity_index=number.index, reason="complaint")

    def says_yes(evidence: str) -> list[str]:
        """Where the number is still listed afterwards."""
        consent.record(
            client_id=client.pk, identity_id=number.id, purpose="marketing", state="granted", source="paper",
            actor="test", evidence=evidence,
        )  # fmt: skip
        listed = Suppression.objects.filter(identity_index=number.index)
        return sorted(listed.values_list("channel", flat=True))

    with pytest.raises(Refused, match="evidence_missing"):
        says_yes(" ")
    assert Suppression.objects.filter(identity_index=number.index, channel="sms").exists()

    assert says_yes("Form 12, signed in the shop") == ["email"]
    assert Suppression.objects.filter(channel="sms").count() == 1  # the other number's
    assert get(client, owner(client, 1)).sms == Reach.REACHABLE
    assert get(client, owner(client, 2)).sms == Reach.OPTED_OUT
    again = import_rows(client, book, tmp_path / "b.csv", person(1), person(2))
    assert (again.reachable_sms, again.opted_out_kept) == (1, 1)


@pytest.mark.clause("CGVU 14.1")
def test_stop_is_kept_once_as_proof(client: Client, book: Book, tmp_path: Path) -> None:
    import_rows(client, book, tmp_path / "a.csv", person(1))
    index, at = keys_for(client.pk).index("phone", "+33639980001"), clock.now().isoformat()

    for _ in range(2):
        handlers.sms_stopped(client_id=client.pk, recipient_index=index.hex(), at=at, keyword="stop", inbound_id="x")

    assert ConsentEvent.objects.filter(client_id=client.pk, source="stop").count() == 1
    assert get(client, owner(client, 1)).sms == Reach.OPTED_OUT
    assert import_rows(client, book, tmp_path / "b.csv", person(1)).reachable_sms == 0
