"""Two contacts made one and back, and contacts erased for good."""

from typing import Any
from uuid import UUID

import msgspec

from sofy.audience import ledger, rules
from sofy.audience.arrays import cursor
from sofy.audience.imports.prepare import Preparer
from sofy.audience.models import (
    Contact,
    ContactAttribute,
    ContactMerge,
    Identity,
    ImportRow,
    Membership,
    NameToken,
    Suppression,
)
from sofy.audience.services.unreachable import take_off
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.keys import keys_for
from sofy.kit.rls import client_scope

FILLED = ("title", "first_name", "last_name", "birth_date", "language", "establishment_id", "zone")
#: Goes together: half of one address and half of another is where nobody lives.
ADDRESS = ("street", "postcode", "town", "town_key", "latitude", "longitude")
ERASED = "erased"


class Moved(msgspec.Struct):
    """What a merge did, to take it back: rows that moved and fields of the winner that were empty."""

    identities: list[UUID]
    books: list[UUID]
    attributes: list[str]
    filled: list[str]


def merge(*, client_id: UUID, winner_id: UUID, loser_id: UUID, actor: str) -> UUID:
    """Make one person of two contacts: the winner keeps its fields and takes what it lacks; answers the merge's id.

    Consent stays with each identity: a refusal of one number is not a refusal of another, and none is lifted.
    Raises: Refused contact_unknown, merge_with_itself.
    """
    if winner_id == loser_id:
        raise Refused("merge_with_itself")
    now = clock.now()
    with client_scope(client_id):
        cur = cursor()
        ledger.lock(cur, client_id)
        winner, loser = _find(client_id, winner_id), _find(client_id, loser_id)
        filled = lacking(winner, loser)
        for name in filled:
            setattr(winner, name, getattr(loser, name))
        winner.updated_at = now
        winner.save()
        mine = Identity.objects.filter(client_id=client_id, contact_id=loser_id, deleted_at=None)
        identities = list(mine.order_by("position", "id"))
        taken = Identity.objects.filter(client_id=client_id, contact_id=winner_id, deleted_at=None).count()
        for position, identity in enumerate(identities, start=taken):
            rows = Identity.objects.filter(client_id=client_id, id=identity.id)
            rows.update(contact_id=winner_id, position=position)
        books = _join_books(client_id, winner_id, loser_id)
        attributes = _copy_attributes(client_id, winner_id, loser_id)
        Contact.objects.filter(client_id=client_id, id=loser_id).update(merged_into=winner_id, deleted_at=now)
        _write_tokens(client_id, winner)
        moved = Moved([identity.id for identity in identities], books, attributes, filled)
        merged = ContactMerge(client_id=client_id, winner_id=winner_id, loser_id=loser_id, at=now, actor=actor)
        merged.image = keys_for(client_id).seal(
            "audience_contact_merge", "image", merged.id, msgspec.json.encode(moved).decode()
        )
        merged.save(force_insert=True)
        ledger.refresh_reach(cur, client_id, [winner_id], now=now)
        audit.append(client_id, "contacts.merged", actor, {"winner": str(winner_id), "loser": str(loser_id)})
    return merged.id


def unmerge(*, client_id: UUID, merge_id: UUID, actor: str) -> None:
    """Take a merge apart: identities that are still the winner's go back, and so does what it had filled in.

    Raises: Refused merge_unknown, merge_undone.
    """
    now = clock.now()
    with client_scope(client_id):
        cur = cursor()
        ledger.lock(cur, client_id)
        merged = ContactMerge.objects.filter(client_id=client_id, id=merge_id).first()
        if merged is None:
            raise Refused("merge_unknown", 404)
        if merged.undone_at:
            raise Refused("merge_undone", 409)
        winner = _find(client_id, merged.winner_id)
        loser = Contact.objects.get(client_id=client_id, id=merged.loser_id)
        text = keys_for(client_id).unseal("audience_contact_merge", "image", merged.id, bytes(merged.image))
        moved, blank = msgspec.json.decode(text, type=Moved), Contact(client_id=client_id)
        for name in moved.filled:
            if getattr(winner, name) == getattr(loser, name):
                setattr(winner, name, getattr(blank, name))
        winner.updated_at = now
        winner.save()
        theirs = Identity.objects.filter(client_id=client_id, contact_id=winner.id, id__in=moved.identities)
        theirs.update(contact_id=loser.id)
        Membership.objects.filter(client_id=client_id, contact_id=winner.id, book_id__in=moved.books).delete()
        ContactAttribute.objects.filter(client_id=client_id, contact_id=winner.id, name__in=moved.attributes).delete()
        Contact.objects.filter(client_id=client_id, id=loser.id).update(
            merged_into=None, deleted_at=None, updated_at=now
        )
        _write_tokens(client_id, winner)
        ContactMerge.objects.filter(client_id=client_id, id=merge_id).update(undone_at=now)
        ledger.refresh_reach(cur, client_id, [winner.id, loser.id], now=now)
        audit.append(client_id, "contacts.unmerged", actor, {"winner": str(winner.id), "loser": str(loser.id)})


def lacking(winner: Contact, loser: Contact) -> list[str]:
    """The fields that a merge would take from the loser."""
    names = [name for name in FILLED if not getattr(winner, name) and getattr(loser, name)]
    if not any(getattr(winner, name) for name in ADDRESS):
        names += [name for name in ADDRESS if getattr(loser, name)]
    return names


@clause("DPA 10", "CGVU 17")
def erase(*, client_id: UUID, contact_id: UUID, actor: str) -> None:
    """Forget a person: every row that says who they are goes, a keyed hash of each identity stays on the client's list.

    Those who were merged into them are the same person and go with them. The hash is what keeps a later file from
    writing to them again; an address that is somebody else's by now is not theirs to suppress.
    Source: DPA 10 (erasure). Raises: Refused contact_unknown.
    """
    now = clock.now()
    with client_scope(client_id):
        cur = cursor()
        ledger.lock(cur, client_id)
        if not Contact.objects.filter(client_id=client_id, id=contact_id).exists():
            raise Refused("contact_unknown", 404)
        people = _with_merged(client_id, contact_id)
        mine = {"client_id": client_id, "contact_id__in": people}
        identities = _not_of_others(client_id, people, list(Identity.objects.filter(**mine)))
        events = [
            ledger.Event(
                bytes(each.index), rules.CHANNEL_OF_KIND[each.kind], purpose, "opposed", now, "suppression",
                detail=ERASED, actor=actor,
            )
            for each in identities
            for purpose in ("marketing", "alert")
        ]  # fmt: skip
        ledger.append(cur, client_id, events, now=now)
        for kind, channel in rules.CHANNEL_OF_KIND.items():
            take_off(client_id, channel, [bytes(each.index) for each in identities if each.kind == kind])
        Suppression.objects.bulk_create(
            [
                Suppression(
                    client_id=client_id, channel=rules.CHANNEL_OF_KIND[each.kind],
                    identity_index=bytes(each.index), reason=ERASED, created_at=now, actor=actor,
                )
                for each in identities
            ],
            ignore_conflicts=True,
        )  # fmt: skip
        for model in (Identity, NameToken, Membership, ContactAttribute):
            _rows(model).filter(**mine).delete()
        ImportRow.objects.filter(**mine).update(before=None, contact_id=None)
        ContactMerge.objects.filter(client_id=client_id, loser_id__in=people).delete()
        ContactMerge.objects.filter(client_id=client_id, winner_id__in=people).delete()
        Contact.objects.filter(client_id=client_id, id__in=people).delete()
        audit.append(client_id, "contact.erased", actor, {"contact": str(contact_id)})


def _with_merged(client_id: UUID, contact_id: UUID) -> list[UUID]:
    """A contact and everybody who became part of them, however many merges ago."""
    people, found = [contact_id], [contact_id]
    while found:
        rows = Contact.objects.filter(client_id=client_id, merged_into__in=found).exclude(id__in=people)
        found = list(rows.values_list("id", flat=True))
        people += found
    return people


def _not_of_others(client_id: UUID, people: list[UUID], identities: list[Identity]) -> list[Identity]:
    """One row per address, without those they lost and somebody else has now."""
    kept = {(each.kind, bytes(each.index)): each for each in identities}
    others = Identity.objects.filter(client_id=client_id, index__in=[index for _, index in kept], deleted_at=None)
    for other in others.exclude(contact_id__in=people):
        kept.pop((other.kind, bytes(other.index)), None)
    return list(kept.values())


def _rows(model: Any) -> Any:
    return model.objects


def _find(client_id: UUID, contact_id: UUID) -> Contact:
    rows = Contact.objects.select_for_update(no_key=True)
    found = rows.filter(client_id=client_id, id=contact_id, deleted_at=None).first()
    if found is None:
        raise Refused("contact_unknown", 404)
    return found


def _join_books(client_id: UUID, winner_id: UUID, loser_id: UUID) -> list[UUID]:
    rows = Membership.objects.filter(client_id=client_id)
    theirs = set(rows.filter(contact_id=loser_id).values_list("book_id", flat=True))
    new = theirs - set(rows.filter(contact_id=winner_id).values_list("book_id", flat=True))
    now = clock.now()
    Membership.objects.bulk_create(
        [Membership(client_id=client_id, book_id=book, contact_id=winner_id, added_at=now) for book in new]
    )
    return sorted(new)


def _copy_attributes(client_id: UUID, winner_id: UUID, loser_id: UUID) -> list[str]:
    """Attributes the winner lacks; a sealed value is bound to its contact, so it is sealed again."""
    from sofy.audience.imports.attributes import TABLE, sealed_column

    rows = ContactAttribute.objects.filter(client_id=client_id)
    mine = set(rows.filter(contact_id=winner_id).values_list("name", flat=True))
    new = [row for row in rows.filter(contact_id=loser_id) if row.name not in mine]
    keys = keys_for(client_id)
    for row in new:
        if row.sealed:
            place = sealed_column(row.name)
            row.sealed = keys.seal(TABLE, place, winner_id, keys.unseal(TABLE, place, loser_id, bytes(row.sealed)))
        row.contact_id = winner_id
    ContactAttribute.objects.bulk_create(new)
    return [row.name for row in new]


def _write_tokens(client_id: UUID, contact: Contact) -> None:
    tokens = Preparer(keys_for(client_id)).tokens(contact.first_name, contact.last_name)
    NameToken.objects.filter(client_id=client_id, contact_id=contact.id).delete()
    NameToken.objects.bulk_create(
        [NameToken(client_id=client_id, token=token, contact_id=contact.id) for token in sorted(tokens)]
    )
