"""Reads for the pages: finding people, and pages of the list that stay fast at a million contacts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Count, QuerySet

from sofy.audience.imports import values
from sofy.audience.imports.prepare import TOKEN_BYTES
from sofy.audience.models import Contact, Identity, Suppression
from sofy.audience.segments import context, preview, tree
from sofy.audience.segments.compile import Compiler, after_prefix, from_contacts
from sofy.audience.segments.models import Segment
from sofy.audience.segments.services import root_of
from sofy.clients.models import Client
from sofy.kernel import phone
from sofy.kernel.errors import Refused
from sofy.kernel.text import fold, search_token, words
from sofy.kit.keys import keys_for

PAGE = 50
READ_AHEAD = 400
SCANS = 10
COUNTED = 10_000


@dataclass(frozen=True)
class Filter:
    """What the address of the list asks for; empty fields ask nothing."""

    name: str = ""
    place: str = ""
    book: UUID | None = None
    segment: UUID | None = None
    sms: int | None = None
    email: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether the whole base is shown."""
        return self == Filter()


@dataclass(frozen=True)
class Page:
    """One page of the list; `after` is where the next one begins, None at the end."""

    contacts: list[Contact]
    after: UUID | None = None
    phones: dict[UUID, str] = field(default_factory=dict)
    emails: dict[UUID, str] = field(default_factory=dict)


def canonical(text: str) -> tuple[str, str] | None:
    """Kind and canonical value of a typed phone number or e-mail address; None when it is neither."""
    text = text.strip()
    if "@" in text:
        address = values.email(text)
        return ("email", address) if address else None
    number = phone.parse(text, fictional=settings.SOFY.fictional_numbers)
    return ("phone", number.e164) if isinstance(number, phone.Number) else None


def find_by_identity(client: Client, text: str) -> Contact | None:
    """The contact with this phone number or e-mail address, if the person of the request may see them."""
    found = canonical(text)
    if found is None:
        return None
    index = keys_for(client.pk).index(*found)
    identity = Identity.objects.filter(client_id=client.pk, kind=found[0], index=index, deleted_at=None).first()
    return contact(client, identity.contact_id) if identity else None


def contact(client: Client, contact_id: UUID) -> Contact | None:
    """A contact that is there and that the person of the request may see."""
    row = Contact.objects.filter(client_id=client.pk, id=contact_id, deleted_at=None).first()
    return row if row is not None and client.sees_establishment(row.establishment_id) else None


def page(client: Client, wanted: Filter, *, after: UUID | None = None, size: int = PAGE) -> Page:
    """One page, newest contacts first.

    Names are found by keyed tokens and compared after opening, so a page may take several reads; it is short rather
    than slow when a name is common to many.
    """
    if wanted.name:
        ids, following = _named(client, wanted, after, size)
    else:
        ids = _ids(client, wanted, after, size + 1)
        following = ids[size - 1] if len(ids) > size else None
    shown = list(Contact.objects.filter(client_id=client.pk, id__in=ids[:size]).order_by("-id"))
    return Page(shown, following, *addresses(client.pk, [row.id for row in shown]))


def _named(client: Client, wanted: Filter, after: UUID | None, size: int) -> tuple[list[UUID], UUID | None]:
    """Who bears a name, up to one more than a page, and where the next page begins.

    Nearly all who share the first letters of a long word bear it, so the first read is short and each one is twice as
    long as the one before; of those who may be called otherwise, the names alone are read. Past all reads, those whose
    name is the very word are still found by its own token.
    """
    needle, kept, ahead = words(wanted.name), list[UUID](), 2 * max(size, PAGE)
    if not any(map(search_token, needle)):
        return [], None
    for _ in range(SCANS):
        ahead = min(ahead, READ_AHEAD)
        names = _names(client, wanted, after, ahead)
        kept += [who for who, name in names if _is_named(name, needle)]
        after = names[-1][0] if len(names) == ahead else None
        if len(kept) > size:
            return kept, kept[size - 1]
        if after is None:
            return kept, None
        ahead *= 2
    exact = [
        who for who, name in _names(client, wanted, after, size + 1 - len(kept), whole=True) if _is_named(name, needle)
    ]
    kept += exact
    return kept, kept[size - 1] if len(kept) > size else None if exact else after


def addresses(client_id: UUID, ids: Sequence[UUID]) -> tuple[dict[UUID, str], dict[UUID, str]]:
    """First phone and first e-mail address of some contacts, opened."""
    rows = _identities(client_id, ids).order_by("-position", "-id")
    phones, emails = {}, {}
    for row in rows:
        if row.kind == Identity.Kind.PHONE:
            phones[row.contact_id] = phone.display(row.value)
        elif row.kind == Identity.Kind.EMAIL:
            emails[row.contact_id] = row.value
    return phones, emails


def addresses_of(client_id: UUID, ids: Sequence[UUID]) -> dict[UUID, dict[str, list[str]]]:
    """Every phone and e-mail address of some contacts by kind, the preferred one first, opened."""
    found: dict[UUID, dict[str, list[str]]] = {}
    for row in _identities(client_id, ids).order_by("position", "id"):
        shown = phone.display(row.value) if row.kind == Identity.Kind.PHONE else row.value
        found.setdefault(row.contact_id, {}).setdefault(row.kind, []).append(shown)
    return found


def _identities(client_id: UUID, ids: Sequence[UUID]) -> QuerySet[Identity]:
    return Identity.objects.filter(client_id=client_id, contact_id__in=ids, deleted_at=None)


def total(client: Client, wanted: Filter) -> int | None:
    """How many contacts a filter holds for, counted up to COUNTED; None for names, which are only known once opened.

    A list is opened all day long: counting a million rows each time would cost more than showing them.
    """
    if wanted.name:
        return None
    compiler = Compiler(_context(client, wanted))
    rows = from_contacts("1", _where(client, wanted, compiler), f" LIMIT {COUNTED + 1}")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({rows}) counted", compiler.params)  # noqa: S608  see from_contacts
        return int(cursor.fetchone()[0])


def chosen(client: Client, ids: Iterable[UUID]) -> list[Contact]:
    """Those of the given contacts that are there and that the person of the request may see."""
    rows = Contact.objects.filter(client_id=client.pk, id__in=list(ids), deleted_at=None)
    return [row for row in rows if client.sees_establishment(row.establishment_id)]


def _context(client: Client, wanted: Filter) -> context.Context:
    return context.load(client.pk, _root(client, wanted))


def _root(client: Client, wanted: Filter) -> tree.AnyNode:
    parts: list[tree.AnyNode] = []
    if wanted.book:
        parts.append(tree.InBook(books=(wanted.book,)))
    if wanted.segment:
        segment = Segment.objects.filter(client_id=client.pk, id=wanted.segment, deleted_at=None).first()
        if segment is None:
            raise Refused("not_found", 404)
        parts.append(root_of(segment))
    return preview.within(tree.All(of=tuple(parts)), client.viewer_establishments)


def _where(client: Client, wanted: Filter, compiler: Compiler, *, whole: bool = False) -> str:
    parts = [compiler.expression(_root(client, wanted))]
    if wanted.place:
        parts.append(_place(wanted.place, compiler))
    parts += [f"c.{name} = {compiler.param(value)}" for name, value in _reach(wanted)]
    for token in words(wanted.name) if whole else filter(None, map(search_token, words(wanted.name))):
        index = keys_for(client.pk).index("name", token)[:TOKEN_BYTES]
        rows = "SELECT FROM audience_name_token t WHERE t.client_id = %(client)s AND t.contact_id = c.id"
        parts.append(f"EXISTS ({rows} AND t.token = {compiler.param(index)})")
    return " AND ".join(parts)


def _reach(wanted: Filter) -> list[tuple[str, int]]:
    return [(name, value) for name, value in (("sms", wanted.sms), ("email", wanted.email)) if value is not None]


def _place(place: str, compiler: Compiler) -> str:
    column = "c.postcode" if place[:1].isdigit() or place[:2].upper() in ("2A", "2B") else "c.town_key"
    prefix = place.strip().upper() if column == "c.postcode" else fold(place).strip()
    if not prefix:
        return "TRUE"
    return f"({column} >= {compiler.param(prefix)} AND {column} < {compiler.param(after_prefix(prefix))})"


def _ids(client: Client, wanted: Filter, after: UUID | None, limit: int) -> list[UUID]:
    return [row[0] for row in _rows("c.id", client, wanted, after, limit)]


def _names(
    client: Client, wanted: Filter, after: UUID | None, limit: int, *, whole: bool = False
) -> list[tuple[UUID, str]]:
    """Contacts with their names opened, without the rest of them. `whole`: who bears the words as they are."""
    keys = keys_for(client.pk)
    first, last = (keys.opener("audience_contact", column) for column in ("first_name", "last_name"))
    return [
        (who, f"{first(who, bytes(one)) if one else ''} {last(who, bytes(two)) if two else ''}")
        for who, one, two in _rows("c.id, c.first_name, c.last_name", client, wanted, after, limit, whole=whole)
    ]


def _rows(
    columns: str, client: Client, wanted: Filter, after: UUID | None, limit: int, *, whole: bool = False
) -> list[tuple[Any, ...]]:
    compiler = Compiler(_context(client, wanted))
    where = _where(client, wanted, compiler, whole=whole)
    if after is not None:
        where += f" AND c.id < {compiler.param(after)}"
    with connection.cursor() as cursor:
        cursor.execute(from_contacts(columns, where, f" ORDER BY c.id DESC LIMIT {int(limit)}"), compiler.params)
        return list(cursor.fetchall())


def _is_named(name: str, needle: list[str]) -> bool:
    """Whether each searched word begins one of the words of a name."""
    borne = words(name)
    return all(any(each.startswith(word) for each in borne) for word in needle)


def timeline(client_id: UUID, contact_id: UUID, limit: int = 100) -> list[dict[str, Any]]:
    """What happened with messages to a contact, newest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT step.kind, step.at, e.campaign_id, e.message_id, coalesce(m.channel, '') FROM engine_event e"
            " LEFT JOIN engine_message m ON m.client_id = e.client_id AND m.id = e.message_id,"
            " LATERAL (VALUES (e.kind, e.at), ('submitted', e.submitted_at)) AS step (kind, at)"
            " WHERE e.client_id = %s AND e.contact_id = %s AND step.at IS NOT NULL ORDER BY step.at DESC LIMIT %s",
            [client_id, contact_id, limit],
        )
        return [
            dict(zip(("kind", "at", "campaign", "message", "channel"), row, strict=True)) for row in cursor.fetchall()
        ]


def suppression_counts(client_id: UUID) -> list[tuple[str, str, int]]:
    """Channel, reason and number of addresses of the suppression list."""
    rows = Suppression.objects.filter(client_id=client_id).values_list("channel", "reason")
    return list(rows.annotate(number=Count("identity_index")).order_by("channel", "reason"))
