"""Contacts as a campaign needs them: the fields an author may use, and the audience row by row.

This is the only place of the room that reads the tables of `audience`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from django.db import connection
from django.utils.translation import gettext_lazy as _

from sofy.audience.models import Attribute
from sofy.audience.segments.reach import (
    FROM_COLUMN,
    STATES,
    Channel,
    Statement,
    contacts_where,
    members_sql,
    reach_counts,
)
from sofy.clients.models import Establishment
from sofy.kernel import clock
from sofy.kernel.crypto import ClientKeys
from sofy.soreach.expressions import KINDS
from sofy.soreach.models import Campaign

Reader = Callable[[Any], Any]
SEALED = ("first_name", "last_name")
FIRST_STRETCH = 4_000  # contacts
#: How audience keeps on a contact that an SMS, and so RCS, may be sent.
REACHABLE = next(kept for kept, state in FROM_COLUMN.items() if state == "reachable")
LAST_ID = UUID(int=(1 << 128) - 1)


def _plain(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Field:
    """One thing an author may write between braces: where it is read, what people call it, how its value is written."""

    column: str
    label: Any
    read: Reader = _plain
    kind: str = "text"


CONTACT_FIELDS: dict[str, Field] = {
    "civilite": Field("title", _("Title (Mme, M.)"), {"mrs": "Mme", "mr": "M."}.get),
    "prenom": Field("first_name", _("First name")),
    "nom": Field("last_name", _("Last name")),
    "ville": Field("town", _("Town")),
    "code_postal": Field("postcode", _("Postcode")),
    "date_naissance": Field("birth_date", _("Birth date"), date.isoformat, "date"),
    "magasin": Field("establishment_id", _("Name of the shop")),
}
ALIASES = {
    "title": "civilite",
    "first_name": "prenom",
    "last_name": "nom",
    "town": "ville",
    "postcode": "code_postal",
    "birth_date": "date_naissance",
    "shop": "magasin",
}


def fields(client_id: UUID) -> dict[str, Any]:
    """Names an author of this client may use, with their labels: those of every contact, then the client's own."""
    own = Attribute.objects.filter(client_id=client_id, private=False).order_by("name").values_list("name", "label")
    known = {name: field.label for name, field in CONTACT_FIELDS.items()}
    return known | {name: label for name, label in own if name.isidentifier() and name not in known}


def field_kinds(client_id: UUID) -> dict[str, str]:
    """Every name that compiles, aliases included, with the kind of its values: text, number, date or bool."""
    own = Attribute.objects.filter(client_id=client_id, private=False).values_list("name", "kind")
    known = {name: field.kind for name, field in CONTACT_FIELDS.items()}
    known |= {alias: known[name] for alias, name in ALIASES.items()}
    return {name: kind if kind in KINDS else "text" for name, kind in own if name.isidentifier()} | known


class Member(msgspec.Struct, gc=False, frozen=True):
    """One person of an audience. `number`, `whatsapp` and `email` are empty unless that one can be written to.

    `number` is for SMS and RCS. `recipient_index`: of the first of them that is there, by which limits per person are
    counted.
    """

    contact_id: UUID
    state: str
    recipient_index: bytes
    number: str
    zone: str | None
    establishment_id: UUID | None
    values: Mapping[str, Any]
    email: str = ""
    email_index: bytes = b""
    whatsapp: str = ""
    whatsapp_index: bytes = b""

    def at(self, channel: str) -> tuple[str, bytes]:
        """Where this person is written to on a channel, and its index; empty where they may not be."""
        if channel == "email":
            return self.email, self.email_index
        return (self.whatsapp, self.whatsapp_index) if channel == "whatsapp" else (self.number, self.recipient_index)


#: What everybody of an audience is, before a text is written: one of these.
REACH = (*STATES, "capped")


def reach(campaign: Campaign, capped: Statement | None) -> dict[str, int]:
    """State of REACH -> people of a campaign's audience; `capped` selects the numbers that have had their share.

    Raises: Refused, as members_sql.
    """
    counts = reach_counts(
        campaign.client_id, campaign.segment_ids, campaign.excluded_segment_ids, channels=campaign.consents,
        seen_by=campaign.seen_by,
    )  # fmt: skip
    full = 0
    if capped is not None:
        found = _of_state(campaign, "capped", capped)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM ({found.sql}) f", found.params)  # noqa: S608  fragments of this room
            full = int(cursor.fetchone()[0])
    return counts | {"reachable": counts["reachable"] - full, "capped": full}


@dataclass(frozen=True)
class Capable:
    """What suppliers said of the phones of an audience, and between when and when. `people`: those it is known of."""

    people: int
    capable: int
    first_at: datetime | None
    last_at: datetime | None


def capable(campaign: Campaign, agent: str) -> Capable:
    """Of how many people that may be written to it is known whether their phone shows what an agent sends.

    Nobody is asked: engines ask before a campaign leaves, and what they were told is counted while it is young.
    """
    where = contacts_where(
        campaign.client_id, campaign.segment_ids, campaign.excluded_segment_ids, seen_by=campaign.seen_by
    )
    sql = f"""
SELECT count(*), count(*) FILTER (WHERE capable), min(known_at), max(known_at)
  FROM (SELECT bool_or(k.capable) AS capable, max(k.known_at) AS known_at
          FROM audience_contact c
          JOIN audience_identity i ON i.client_id = %(client)s AND i.contact_id = c.id AND i.kind = 'phone'
               AND i.deleted_at IS NULL
          JOIN engine_capability k ON k.client_id = %(client)s AND k.recipient_index = i.index AND k.agent = %(agent)s
               AND k.until > %(moment)s
         WHERE {where.sql} AND c.sms = {REACHABLE}
         GROUP BY c.id) AS known"""  # noqa: S608  fragments of this product; values are parameters
    with connection.cursor() as cursor:
        cursor.execute(sql, where.params | {"agent": agent, "moment": clock.now()})
        return Capable(*cursor.fetchone())


def of_state(campaign: Campaign, state: str, capped: Statement | None, *, after: UUID, limit: int) -> list[UUID]:
    """The contacts of a campaign's audience in a state of REACH, in the order of their ids, from behind `after` on.

    Raises: Refused, as members_sql.
    """
    found = _of_state(campaign, state, capped)
    sql = f"{found.sql} AND m.contact_id > %(after)s ORDER BY m.contact_id LIMIT %(limit)s"
    with connection.cursor() as cursor:
        cursor.execute(sql, found.params | {"after": after, "limit": limit})
        return [row[0] for row in cursor.fetchall()]


def _of_state(campaign: Campaign, state: str, capped: Statement | None) -> Statement:
    """A SELECT of contact_id. Who has had their share would be reachable without it."""
    numbers = "SELECT recipient_index FROM capped"
    split = capped is not None and state in ("reachable", "capped")
    members = _members(
        campaign.client_id,
        campaign.segment_ids,
        campaign.excluded_segment_ids,
        campaign.consents,
        numbers=numbers if split and state == "capped" else "",
        seen_by=campaign.seen_by,
    )
    sql = f"SELECT m.contact_id FROM ({members.sql}) m WHERE m.state = %(state)s"  # noqa: S608  see members_sql
    if capped is None or not split:
        return Statement(sql, members.params | {"state": state})
    side = "IN" if state == "capped" else "NOT IN"
    sql = f"WITH capped AS MATERIALIZED ({capped.sql}) {sql} AND m.recipient_index {side} ({numbers})"
    return Statement(sql, members.params | capped.params | {"state": "reachable"})


def _members(
    client_id: UUID,
    segments: Sequence[UUID],
    exclusions: Sequence[UUID],
    consents: Sequence[Channel],
    *,
    seen_by: frozenset[UUID] | None,
    numbers: str = "",
) -> Statement:
    """The people of an audience on the channels of a campaign, as members_sql has them.

    With several consents each person stands where they come nearest, and the columns of every consent but the first
    follow, as `email_contact_id`, `email_id`, `email_index`, `email_value`, each but the first empty where there is no
    consent; those of the first are empty there too.
    """
    if len(consents) == 1:
        return members_sql(client_id, segments, exclusions, channel=consents[0], numbers=numbers, seen_by=seen_by)
    each = {name: members_sql(client_id, segments, exclusions, channel=name, seen_by=seen_by) for name in consents}
    first, *others = consents
    columns = [f"{first}.{name}" for name in ("contact_id", "zone", "language", "establishment_id")]
    columns += [_if_reachable(first, "identity_id"), _if_reachable(first, "sealed_number")]
    for name in others:
        columns.append(f"{name}.contact_id AS {name}_contact_id")
        columns += [
            _if_reachable(name, column, f"{name}_{called}")
            for column, called in (("identity_id", "id"), ("recipient_index", "index"), ("sealed_number", "value"))
        ]
    nearest = ", ".join(f"array_position(%(states)s::text[], {name}.state)" for name in consents)
    whens = " ".join(f"WHEN {name}.state = 'reachable' THEN {name}.recipient_index" for name in consents)
    columns += [f"CASE {whens} END AS recipient_index", f"(%(states)s::text[])[least({nearest})] AS state"]
    joined = " ".join(f"JOIN ({each[name].sql}) {name} ON {name}.contact_id = {first}.contact_id" for name in others)
    sql = f"SELECT {', '.join(columns)} FROM ({each[first].sql}) {first} {joined}"  # noqa: S608  see members_sql
    return Statement(sql, {key: value for one in each.values() for key, value in one.params.items()})


def _if_reachable(of: str, column: str, called: str = "") -> str:
    return f"CASE WHEN {of}.state = 'reachable' THEN {of}.{column} END AS {called or column}"


def reachable_numbers(rows: Sequence[Any]) -> list[bytes]:
    """The indexes of the numbers in rows of an audience, of who can be written to."""
    return [row[2] for row in rows if row[1] == "reachable"]


def mail_indexes(rows: Sequence[Any], campaign: Campaign) -> list[bytes]:
    """The indexes of the e-mail addresses in rows of an audience that e-mail reaches."""
    place = 2 if len(campaign.consents) == 1 else -2
    return [bytes(row[place]) for row in rows if row[1] == "reachable" and row[place]]


def agreed_to_opens(client_id: UUID, indexes: Sequence[bytes]) -> frozenset[bytes]:
    """Of these e-mail addresses, those whose owners agree that their openings are told apart, and to e-mails at all."""
    if not indexes:
        return frozenset()
    with connection.cursor() as cursor:
        cursor.execute(_AGREED, {"client": client_id, "indexes": list(indexes)})
        return frozenset(bytes(row[0]) for row in cursor.fetchall())


_AGREED = """
SELECT identity_index FROM audience_consent_state
 WHERE client_id = %(client)s AND identity_index = ANY(%(indexes)s::bytea[]) AND channel = 'email'
 GROUP BY identity_index
HAVING bool_or(purpose = 'opens' AND state = 'granted')
   AND NOT bool_or(purpose = 'marketing' AND state IN ('withdrawn', 'opposed'))
"""


class Audience:
    """The audience of a campaign, with the fields its contents use; `seen_by` as for `members_sql`."""

    def __init__(
        self,
        client_id: UUID,
        segments: Sequence[UUID],
        exclusions: Sequence[UUID],
        variables: frozenset[str],
        *,
        consents: Sequence[Channel] = ("sms",),
        seen_by: frozenset[UUID] | None = None,
    ) -> None:
        self.client_id = client_id
        self.variables = sorted(variables)
        self._consents = tuple(consents)
        self._members = _members(client_id, segments, exclusions, self._consents, seen_by=seen_by)
        own = Attribute.objects.filter(client_id=client_id, name__in=self.variables).values_list("name", "kind")
        self._kinds = dict(own)
        self._shops = dict(Establishment.objects.filter(client_id=client_id).values_list("id", "name"))

    @property
    def _others(self) -> Sequence[Channel]:
        """The consents whose columns follow those of the first."""
        return self._consents[1:]

    def stretches(self, conn: psycopg.Connection[Any]) -> Iterator[tuple[UUID, UUID]]:
        """The ids of the client's contacts, cut into ranges (after, until]: a short one first, then ever longer ones.

        Who asks for everybody at once gets nobody before everybody is sorted. `conn` is under the client's own policy.
        """
        after, length = UUID(int=0), FIRST_STRETCH
        while after < LAST_ID:
            end = conn.execute(
                "SELECT id FROM audience_contact WHERE client_id = %s AND id > %s ORDER BY id OFFSET %s LIMIT 1",
                [self.client_id, after, length - 1],
            ).fetchone()
            until = end[0] if end else LAST_ID
            yield after, until
            after, length = until, length * 4

    def statement(
        self, *, only: Sequence[UUID] | None = None, state: str = "", between: tuple[UUID, UUID] | None = None
    ) -> Statement:
        """One row per person in the order of contact ids.

        `state` keeps one state only, `only` some people, `between` those after its first id up to its second.
        """
        params = dict(self._members.params)
        columns, joins = [], []
        for number, name in enumerate(self.variables):
            known = CONTACT_FIELDS.get(ALIASES.get(name, name))
            if known is not None:
                columns.append(f"c.{known.column}")
                continue
            params[f"attribute_{number}"] = name
            columns.append(f"a{number}.{ATTRIBUTE_COLUMNS.get(self._kinds.get(name, ''), 'text')}")
            joins.append(
                f"LEFT JOIN {CONTACT_ATTRIBUTE} a{number} ON a{number}.client_id = %(client)s"
                f" AND a{number}.contact_id = m.contact_id AND a{number}.name = %(attribute_{number})s"
            )
        after, until = between or (None, None)
        params |= {"state": state, "only": list(only or ()), "after": after, "until": until}
        wanted = [
            *(["m.state = %(state)s"] if state else []),
            *(["m.contact_id = ANY(%(only)s)"] if only is not None else []),
            # Said of both: the planner passes an equality on from one to the other, but no inequality.
            *(
                [
                    f"{column} > %(after)s AND {column} <= %(until)s"
                    for column in ("m.contact_id", "c.id", *(f"m.{name}_contact_id" for name in self._others))
                ]
                if between
                else []
            ),
        ]
        pieces = [
            "SELECT m.contact_id, m.state, m.recipient_index, m.identity_id, m.sealed_number, m.zone,",
            "m.establishment_id",
            *(f", {column}" for column in columns),
            *(f", m.{name}_id, m.{name}_index, m.{name}_value" for name in self._others),
            f"FROM ({self._members.sql}) m",
            "JOIN audience_contact c ON c.client_id = %(client)s AND c.id = m.contact_id",
            *joins,
            f"WHERE {' AND '.join(wanted)}" if wanted else "",
            "ORDER BY m.contact_id",
        ]
        return Statement(" ".join(pieces), params)

    def reader(self, keys: ClientKeys) -> Callable[[Sequence[Any]], Member]:
        """A function that opens one row; somebody who cannot be written to is not opened at all."""
        open_number = keys.opener("audience_identity", "value")
        columns = [(place, *self._opener(keys, name)) for place, name in enumerate(self.variables, 7)]
        if self._consents != ("sms",):
            return self._reader_of_others(open_number, columns)

        def member(row: Sequence[Any]) -> Member:
            contact_id, state, index, identity_id, number, zone, shop = row[:7]
            if state != "reachable":
                return Member(contact_id, state, b"", "", None, shop, {})
            values = {}
            for place, name, read in columns:
                if (value := row[place]) is not None and (opened := read(contact_id, value)) not in (None, ""):
                    values[name] = opened
            return Member(contact_id, state, index, open_number(identity_id, number), zone, shop, values)

        return member

    def _reader_of_others(self, opened: Callable[[UUID, Any], str], columns: Any) -> Callable[[Sequence[Any]], Member]:
        """The same where people are written to by other ways than SMS and RCS, or by others as well."""
        kept = _KEPT[self._consents[0]]
        others = [(_KEPT[name], 7 + len(columns) + 3 * place) for place, name in enumerate(self._others)]

        def member(row: Sequence[Any]) -> Member:
            contact_id, state, index, identity_id, value, zone, shop = row[:7]
            if state != "reachable":
                return Member(contact_id, state, b"", "", None, shop, {})
            values = {}
            for place, name, read in columns:
                if (found := row[place]) is not None and (plain := read(contact_id, found)) not in (None, ""):
                    values[name] = plain
            ways: dict[str, Any] = {"number": ""}
            if identity_id:
                ways |= kept(opened(identity_id, value), index)
            for keep, start in others:
                other_id, other_index, other_value = row[start : start + 3]
                if other_id:
                    ways |= keep(opened(other_id, other_value), other_index)
            return Member(
                contact_id=contact_id, state=state, recipient_index=index, zone=zone, establishment_id=shop,
                values=values, **ways,
            )  # fmt: skip

        return member

    def _opener(self, keys: ClientKeys, name: str) -> tuple[str, Callable[[UUID, Any], Any]]:
        """How the value of one variable is read from its column."""
        field = CONTACT_FIELDS.get(ALIASES.get(name, name))
        if field is not None and field.column in SEALED:
            return name, keys.opener("audience_contact", field.column)
        read = _value if field is None else self._shops.get if field.column == "establishment_id" else field.read
        return name, lambda _contact, value: read(value)


CONTACT_ATTRIBUTE = "audience_contact_attribute"
#: Consent -> what it makes known of a person: where they are written to.
_KEPT: dict[Channel, Callable[[str, bytes], dict[str, Any]]] = {
    "sms": lambda number, _index: {"number": number},
    "whatsapp": lambda number, index: {"whatsapp": number, "whatsapp_index": index},
    "email": lambda address, index: {"email": address, "email_index": index},
}
#: Kind of an attribute -> the column its values are in.
ATTRIBUTE_COLUMNS = {"text": "text", "choice": "text", "number": "number", "date": "date", "bool": "bool"}


def _value(value: Any) -> Any:
    """An attribute as contents compare it: numbers as numbers, dates as the text that sorts like them."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.isoformat() if isinstance(value, date) else value
