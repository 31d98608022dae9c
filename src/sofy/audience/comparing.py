"""Two contacts side by side before they become one, and the merges a contact came through."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from sofy.audience import queries
from sofy.audience.models import Contact, ContactMerge, Identity, Membership
from sofy.audience.queries import Filter
from sofy.audience.segments.sentence import language_name
from sofy.audience.services import attributes, people
from sofy.clients.models import Client, Establishment
from sofy.kernel import phone
from sofy.kernel.errors import Refused

FOUND = 10


@dataclass(frozen=True)
class Line:
    """One field of both, and what the merged contact will have: `taken` says that it comes from the other one."""

    label: "str | Promise"
    kept: Any
    other: Any
    result: Any
    taken: bool


TITLES = {"mrs": pgettext_lazy("title", "Mrs"), "mr": pgettext_lazy("title", "Mr")}
LABELS: dict[str, "str | Promise"] = {
    "title": _("Title"),
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "birth_date": _("Birth date"),
    "language": _("Language"),
    "address": _("Address"),
    "establishment_id": _("Point of sale"),
    "zone": _("Time zone"),
}


def candidates(client: Client, contact: Contact, text: str) -> list[Contact]:
    """Who may be the same person: with this phone or e-mail, else with this name. Only people the reader may see."""
    found = queries.find_by_identity(client, text)
    rows = [found] if found else []
    if not rows and text.strip() and "@" not in text and not any(map(str.isdigit, text)):
        rows = queries.page(client, Filter(name=text), size=FOUND + 1).contacts
    return [row for row in rows if row.id != contact.id][:FOUND]


def side_by_side(client: Client, kept: Contact, other: Contact) -> list[Line]:
    """Every field one of them has, with what a merge makes of it. Raises: Refused merge_with_itself."""
    if kept.id == other.id:
        raise Refused("merge_with_itself")
    taken = set(people.lacking(kept, other))
    if taken & set(people.ADDRESS):
        taken.add("address")
    shown = _shower(client, kept, other)
    lines = []
    for name, label in LABELS.items():
        mine, theirs = shown(kept, name), shown(other, name)
        if mine or theirs:
            lines.append(Line(label, mine, theirs, theirs if name in taken else mine, name in taken))
    return lines + _own_fields(client.pk, kept, other)


def _shower(client: Client, *contacts: Contact) -> Callable[[Contact, str], Any]:
    shops = Establishment.objects.filter(client_id=client.pk, id__in=[each.establishment_id for each in contacts])
    names = dict(shops.values_list("id", "name"))

    def shown(contact: Contact, name: str) -> Any:
        if name == "establishment_id":
            return names.get(contact.establishment_id, "") if contact.establishment_id else ""
        if name == "address":
            return " ".join(filter(None, (contact.street, contact.postcode, contact.town)))
        if name == "language":
            return language_name(contact.language) if contact.language else ""
        return TITLES.get(contact.title, "") if name == "title" else getattr(contact, name)

    return shown


def _own_fields(client_id: UUID, kept: Contact, other: Contact) -> list[Line]:
    mine, theirs = (attributes.values_of(client_id, [each.id]).get(each.id, {}) for each in (kept, other))
    return [
        Line(field.label, mine.get(field.name), theirs.get(field.name), mine.get(field.name, theirs.get(field.name)),
             field.name not in mine)
        for field in attributes.definitions(client_id)
        if field.name in mine or field.name in theirs
    ]  # fmt: skip


def addresses_of(client_id: UUID, contact_id: UUID) -> list[str]:
    """Phones and e-mail addresses of one contact, as people write them."""
    rows = Identity.objects.filter(client_id=client_id, contact_id=contact_id, deleted_at=None)
    ordered = rows.order_by("-kind", "position", "id")
    return [phone.display(row.value) if row.kind == Identity.Kind.PHONE else row.value for row in ordered]


def books_of(client_id: UUID, *contacts: Contact) -> int:
    """In how many books the merged contact will be."""
    rows = Membership.objects.filter(client_id=client_id, contact_id__in=[each.id for each in contacts])
    return rows.values("book_id").distinct().count()


def merges_of(client: Client, contact_id: UUID) -> list[dict[str, Any]]:
    """The merges a contact came through, newest first, with the other person as far as the reader may see them."""
    rows = list(ContactMerge.objects.filter(client_id=client.pk, winner_id=contact_id).order_by("-at", "-id"))
    losers = {row.id: row for row in Contact.objects.filter(client_id=client.pk, id__in=[row.loser_id for row in rows])}
    return [
        {"merge": row, "other": losers[row.loser_id]}
        for row in rows
        if row.loser_id in losers and client.sees_establishment(losers[row.loser_id].establishment_id)
    ]


def merged_into(client: Client, contact_id: UUID) -> Contact | None:
    """Where somebody who was merged is now, however many merges later; None when that is not for the reader."""
    seen: set[UUID] = set()
    row = Contact.objects.filter(client_id=client.pk, id=contact_id).first()
    while row is not None and row.merged_into and row.id not in seen:
        seen.add(row.id)
        row = Contact.objects.filter(client_id=client.pk, id=row.merged_into).first()
    return queries.contact(client, row.id) if row is not None and seen else None


def timeline(client_id: UUID, contact_id: UUID) -> list[dict[str, Any]]:
    """What happened with messages to a person, also when they were still two contacts; newest first."""
    people, found = {contact_id}, [contact_id]
    while found:
        rows = ContactMerge.objects.filter(client_id=client_id, winner_id__in=found, undone_at=None)
        found = [each for each in rows.values_list("loser_id", flat=True) if each not in people]
        people.update(found)
    events = [event for each in sorted(people) for event in queries.timeline(client_id, each)]
    return sorted(events, key=lambda event: event["at"], reverse=True)[:100]
