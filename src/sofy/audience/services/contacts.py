"""Create, change, remove and shelve contacts by hand; imports have their own way in, set-based."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from sofy.audience import ledger
from sofy.audience.arrays import UuidArray, cursor
from sofy.audience.imports import values
from sofy.audience.imports.prepare import Preparer
from sofy.audience.models import Book, Contact, Identity, Membership, NameToken
from sofy.audience.services import attributes
from sofy.audience.sqlfiles import sql
from sofy.kernel import clock, phone
from sofy.kernel.errors import Refused
from sofy.kernel.text import fold
from sofy.kit import audit
from sofy.kit.keys import keys_for

FIELDS = (
    "title", "first_name", "last_name", "birth_date", "language", "street", "postcode", "town", "latitude", "longitude",
    "establishment_id", "zone",
)  # fmt: skip


@dataclass(frozen=True)
class Address:
    """A typed phone number or e-mail address in its canonical form."""

    kind: str
    value: str
    mobile: bool


def addresses(phones: Sequence[str], emails: Sequence[str]) -> list[Address]:
    """Canonical forms, without repeats. Raises: Refused phone_invalid, email_invalid (with the typed text)."""
    found: dict[tuple[str, str], Address] = {}
    for text in phones:
        number = phone.parse(text, fictional=settings.SOFY.fictional_numbers)
        if isinstance(number, phone.Problem):
            raise Refused("phone_invalid", typed=text)
        found["phone", number.e164] = Address("phone", number.e164, number.kind == "mobile")
    for text in emails:
        address = values.email(text)
        if address is None:
            raise Refused("email_invalid", typed=text)
        found["email", address] = Address("email", address, False)
    return list(found.values())


def save(
    *,
    client_id: UUID,
    fields: dict[str, Any],
    phones: Sequence[str],
    emails: Sequence[str],
    actor: str,
    contact_id: UUID | None = None,
    own: Mapping[str, attributes.Value | None] | None = None,
    seen_by: frozenset[UUID] | None = None,
) -> Contact:
    """Create a contact, or change one: its columns and the whole list of its identities, in the order given.

    `own`: values of the client's own fields by name; None takes one away, a field that is not named stays.
    `seen_by`: the establishments of somebody who sees no others; they cannot write a contact they would not see.
    Raises: Refused identity_missing, phone_invalid, email_invalid, identity_taken (held by another contact),
    establishment_not_yours, not_found.
    """
    wanted = addresses(phones, emails)
    if not wanted:
        raise Refused("identity_missing")
    if seen_by is not None and fields.get("establishment_id") not in seen_by:
        raise Refused("establishment_not_yours")
    now = clock.now()
    with transaction.atomic():
        cur = cursor()
        ledger.lock(cur, client_id)
        contact = _locked(client_id, contact_id) if contact_id else Contact(client_id=client_id, created_at=now)
        for name in FIELDS:
            if name in fields:
                setattr(contact, name, fields[name])
        contact.town_key, contact.updated_at = fold(contact.town)[:80], now
        contact.save(force_insert=contact_id is None)
        _write_identities(client_id, contact.id, wanted)
        _write_tokens(client_id, contact)
        attributes.write(client_id, contact.id, own or {})
        ledger.refresh_reach(cur, client_id, [contact.id], now=now)
        audit.append(client_id, "contact.changed" if contact_id else "contact.created", actor, {"contact": contact.id})
    return contact


def remove(*, client_id: UUID, ids: Sequence[UUID], actor: str, audited: bool = True) -> list[UUID]:
    """Take contacts out of the base, recoverably; what they said about consent stays in the ledger.

    `audited`: one entry of the journal; a bulk edit writes its own for all its batches.
    """
    now = clock.now()
    with transaction.atomic():
        ledger.lock(cursor(), client_id)
        rows = Contact.objects.filter(client_id=client_id, id__in=ids, deleted_at=None)
        done = list(rows.values_list("id", flat=True))
        rows.update(deleted_at=now)
        Identity.objects.filter(client_id=client_id, contact_id__in=done, deleted_at=None).update(deleted_at=now)
        if done and audited:
            audit.append(client_id, "contacts.removed", actor, {"contacts": done[:50], "count": len(done)})
    return done


def restore(*, client_id: UUID, ids: Sequence[UUID], actor: str, audited: bool = True) -> list[UUID]:
    """Bring removed contacts back with the identities they lost then, unless somebody else holds them now."""
    with transaction.atomic():
        cur = cursor()
        ledger.lock(cur, client_id)
        rows = Contact.objects.filter(client_id=client_id, id__in=ids, merged_into=None).exclude(deleted_at=None)
        done = list(rows.values_list("id", flat=True))
        values = {"client": client_id, "ids": UuidArray.of([each.bytes for each in done])}
        cur.execute(sql("restore_identities"), values)
        Contact.objects.filter(client_id=client_id, id__in=done).update(deleted_at=None)
        ledger.refresh_reach(cur, client_id, done, now=clock.now())
        if done and audited:
            audit.append(client_id, "contacts.restored", actor, {"contacts": done[:50], "count": len(done)})
    return done


def create_book(*, client_id: UUID, name: str, actor: str) -> Book:
    """A new contact book. Raises: Refused("name_missing")."""
    name = name.strip()
    if not name or len(name) > 120:
        raise Refused("name_missing")
    book = Book.objects.create(client_id=client_id, name=name)
    audit.append(client_id, "book.created", actor, {"book": book.id})
    return book


def existing_book(client_id: UUID, book_id: UUID) -> Book:
    """A book that was not deleted. Raises: Refused("book_unknown")."""
    book = Book.objects.filter(client_id=client_id, id=book_id, deleted_at=None).first()
    if book is None:
        raise Refused("book_unknown", 404, book=str(book_id))
    return book


def add_to_book(*, client_id: UUID, ids: Sequence[UUID], book_id: UUID, actor: str, audited: bool = True) -> list[UUID]:
    """Put contacts into a book; answers those who were not in it. Raises: Refused("book_unknown")."""
    existing_book(client_id, book_id)
    with transaction.atomic():
        ledger.lock(cursor(), client_id)
        known = Membership.objects.filter(client_id=client_id, book_id=book_id, contact_id__in=ids)
        already = set(known.values_list("contact_id", flat=True))
        there = Contact.objects.filter(client_id=client_id, id__in=ids, deleted_at=None).values_list("id", flat=True)
        new = [each for each in there if each not in already]
        Membership.objects.bulk_create(
            Membership(client_id=client_id, book_id=book_id, contact_id=each, added_at=clock.now()) for each in new
        )
        if new and audited:
            audit.append(client_id, "book.contacts_added", actor, {"book": book_id, "count": len(new)})
    return new


def take_from_book(
    *, client_id: UUID, ids: Sequence[UUID], book_id: UUID, actor: str, audited: bool = True
) -> list[UUID]:
    """Take contacts out of a book; answers those who were in it."""
    with transaction.atomic():
        ledger.lock(cursor(), client_id)
        rows = Membership.objects.filter(client_id=client_id, book_id=book_id, contact_id__in=ids)
        gone = list(rows.values_list("contact_id", flat=True))
        rows.delete()
        if gone and audited:
            audit.append(client_id, "book.contacts_taken", actor, {"book": book_id, "count": len(gone)})
    return gone


def _locked(client_id: UUID, contact_id: UUID) -> Contact:
    rows = Contact.objects.select_for_update(no_key=True).filter(client_id=client_id, deleted_at=None)
    contact = rows.filter(id=contact_id).first()
    if contact is None:
        raise Refused("not_found", 404)
    return contact


def _write_identities(client_id: UUID, contact_id: UUID, wanted: Sequence[Address]) -> None:
    keys = keys_for(client_id)
    now, positions = clock.now(), {"phone": 0, "email": 0}
    mine = Identity.objects.filter(client_id=client_id, contact_id=contact_id, kind__in=positions, deleted_at=None)
    before = {(row.kind, bytes(row.index)): row for row in mine}
    for each in wanted:
        index = keys.index(each.kind, each.value)
        position = positions[each.kind]
        positions[each.kind] += 1
        row = before.pop((each.kind, index), None)
        if row is not None:
            Identity.objects.filter(client_id=client_id, id=row.id).update(position=position)
            continue
        if Identity.objects.filter(client_id=client_id, kind=each.kind, index=index, deleted_at=None).exists():
            raise Refused("identity_taken", 409, typed=each.value)
        row = Identity(client_id=client_id, contact_id=contact_id, kind=each.kind, index=index, created_at=now)
        row.value, row.mobile, row.position = each.value, each.mobile, position
        row.save(force_insert=True)
    for row in before.values():
        Identity.objects.filter(client_id=client_id, id=row.id).update(deleted_at=now)


def _write_tokens(client_id: UUID, contact: Contact) -> None:
    tokens = Preparer(keys_for(client_id)).tokens(contact.first_name, contact.last_name)
    NameToken.objects.filter(client_id=client_id, contact_id=contact.id).delete()
    NameToken.objects.bulk_create(
        NameToken(client_id=client_id, token=token, contact_id=contact.id) for token in sorted(tokens)
    )
