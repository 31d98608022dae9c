"""A tree of conditions to one SQL expression over `audience_contact c`, with parameters.

Values only ever travel as parameters; the text is made of the fixed fragments below. Negation is pushed down to the
conditions, so that the expression is made of AND, OR, EXISTS and NOT EXISTS alone, which PostgreSQL plans as semi and
anti joins. Index conditions use equality and order on text, uuid, date, timestamptz and float8 only: other operators
lose their index under row-level security.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sofy.audience.segments import tree, whatsapp
from sofy.audience.segments.context import Context
from sofy.engine.statuses import HANDED_OVER
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kernel.text import fold

EARTH_KM = 6371.0088
KM_PER_DEGREE = 111.0  # a little under the true 111.19, so that the box is never smaller than the circle
MAX_EXPANSION = 200
#: The contacts every segment chooses from.
BASE = "c.client_id = %(client)s AND c.deleted_at IS NULL"
REACHES = {"granted": (3,), "refused": (4,), "unknown": (0, 1, 2)}
KINDS = {"sent": "submitted", "delivered": "delivered", "clicked": "clicked", "replied": "replied"}


@dataclass(frozen=True)
class Compiled:
    """A boolean SQL expression over `audience_contact c` (psycopg's named style) and its parameters."""

    where: str
    params: dict[str, Any]


@dataclass(frozen=True)
class Rows:
    """Rows beside the contacts: the column that names the contact, and what follows FROM."""

    contact: str
    source: str


@dataclass
class Compiler:
    """Collects the parameters while the fragments are put together. Use one per statement.

    `looked_up`: rows beside the contact are read once into a hash and every contact is looked up in it, which suits an
    answer about everybody; otherwise they are joined, which suits a choice of some.
    """

    context: Context
    looked_up: bool = False
    params: dict[str, Any] = field(default_factory=dict)
    nodes: int = 0

    def __post_init__(self) -> None:
        self.params["client"] = self.context.client_id

    def expression(self, node: tree.AnyNode, *, negated: bool = False, inside: tuple[UUID, ...] = ()) -> str:
        """The SQL of a node. Never true and never false for the same contact as its negation.

        Raises: Refused("segment_cycle") when a segment is inside itself, Refused("segment_too_big") when segments
        inside segments add up to more than can be asked at once, Refused with the code of what a condition misses.
        """
        self.nodes += 1
        if self.nodes > MAX_EXPANSION:
            raise Refused("segment_too_big", limit=MAX_EXPANSION)
        negated ^= node.negated
        match node:
            case tree.All(of=parts):
                return self._joined(parts, negated, inside, every=not negated)
            case tree.Some(of=parts):
                return self._joined(parts, negated, inside, every=negated)
            case tree.Without(of=parts):
                return self._joined(parts, not negated, inside, every=not negated)
            case tree.InSegment(segment=segment):
                return self._segment(segment, negated, inside)
        return self._condition(node, negated)

    def param(self, value: Any) -> str:
        """A placeholder for a value."""
        name = f"p{len(self.params)}"
        self.params[name] = value
        return f"%({name})s"

    def _joined(self, parts: tuple[Any, ...], negated: bool, inside: tuple[UUID, ...], *, every: bool) -> str:
        made = [self.expression(part, negated=negated, inside=inside) for part in parts]
        if not made:
            return "TRUE" if every else "FALSE"
        return "(" + (" AND " if every else " OR ").join(made) + ")"

    def _segment(self, segment: UUID, negated: bool, inside: tuple[UUID, ...]) -> str:
        if segment in inside:
            raise Refused("segment_cycle")
        if segment not in self.context.segments:
            raise Refused("segment_missing")
        root = self.context.segments[segment]
        if root is None:
            return self._has(self._members(segment), negated)
        return self.expression(root, negated=negated, inside=(*inside, segment))

    def _has(self, rows: Rows, negated: bool) -> str:
        """Whether the contact has such a row."""
        if self.looked_up:
            found = f"c.id IN (SELECT {rows.contact} FROM {rows.source})"  # noqa: S608  fragments
            return f"({found}) IS NOT TRUE" if negated else f"({found})"
        return f"{'NOT ' if negated else ''}EXISTS (SELECT FROM {rows.source} AND {rows.contact} = c.id)"

    def _members(self, segment: UUID) -> Rows:
        return Rows(
            "s.contact_id",
            f"audience_segment_member s WHERE s.client_id = %(client)s AND s.segment_id = {self.param(segment)}",
        )

    def _condition(self, node: Any, negated: bool) -> str:
        if isinstance(node, tree.Behaved):
            return self._behaved(node, negated)
        in_rows = ROWS.get(type(node))
        if in_rows is not None:
            return self._has(in_rows(self, node), negated)
        if isinstance(node, tree.HasConsent) and node.purpose != "marketing":
            return self._other_consent(node, negated)
        column = COLUMNS[type(node)](self, node)
        return f"({column}) IS NOT TRUE" if negated else f"({column})"

    # ---- conditions on the contact itself

    def _title(self, node: tree.IsTitle) -> str:
        values = ["" if value == "unknown" else value for value in node.values]
        return f"c.title = ANY({self.param(values)}::text[])"

    def _language(self, node: tree.IsLanguage) -> str:
        return f"c.language = ANY({self.param(list(node.values))}::text[])"

    def _age(self, node: tree.IsAged) -> str:
        bounds = ["c.birth_date IS NOT NULL"]
        if node.at_least is not None:
            bounds.append(f"c.birth_date <= {self.param(years_before(self.context.today, node.at_least))}::date")
        if node.at_most is not None:
            bounds.append(f"c.birth_date > {self.param(years_before(self.context.today, node.at_most + 1))}::date")
        return " AND ".join(bounds)

    def _postcode(self, node: tree.InPostcode) -> str:
        return " OR ".join(self._prefix("c.postcode", prefix.strip().upper()) for prefix in node.prefixes)

    def _town(self, node: tree.InTown) -> str:
        return " OR ".join(self._prefix("c.town_key", fold(prefix).strip()) for prefix in node.prefixes)

    def _prefix(self, column: str, prefix: str) -> str:
        if not prefix or prefix[-1] == "\U0010ffff":
            raise Refused("bad_value")
        return f"({column} >= {self.param(prefix)} AND {column} < {self.param(after_prefix(prefix))})"

    def _establishment(self, node: tree.OfEstablishment) -> str:
        return f"c.establishment_id = ANY({self.param(list(node.establishments))}::uuid[])"

    def _import(self, node: tree.ImportedBy) -> str:
        return f"c.import_id = ANY({self.param(list(node.imports))}::uuid[])"

    def _created(self, node: tree.CreatedSince) -> str:
        return f"c.created_at >= {self.param(self._instant(node.days, node.since))}::timestamptz"

    def _updated(self, node: tree.UpdatedSince) -> str:
        return f"c.updated_at >= {self.param(self._instant(node.days, node.since))}::timestamptz"

    def _consent(self, node: tree.HasConsent) -> str:
        if node.channel == "whatsapp":
            if node.state == "unknown":
                return f"NOT ({whatsapp.stands(*whatsapp.ANSWERED)})"
            return whatsapp.stands(*(whatsapp.AGREED if node.state == "granted" else whatsapp.REFUSED))
        column = "c.sms" if node.channel == "sms" else "c.email"
        return f"{column} = ANY({self.param(list(REACHES[node.state]))}::smallint[])"

    def _channel(self, node: tree.HasChannel) -> str:
        return f"{'c.sms' if node.channel == 'sms' else 'c.email'} >= 2"

    def _near(self, node: tree.Near) -> str:
        latitude, longitude = self._point(node)
        lat, lon, km = self.param(latitude), self.param(longitude), self.param(node.km)
        distance = (
            f"{2 * EARTH_KM} * asin(sqrt(least(1, sin(radians(c.latitude - {lat}) / 2) ^ 2"
            f" + cos(radians({lat})) * cos(radians(c.latitude)) * sin(radians(c.longitude - {lon}) / 2) ^ 2)))"
        )
        return f"{self._box(latitude, longitude, node.km)} AND {distance} <= {km}"

    def _point(self, node: tree.Near) -> tuple[float, float]:
        if node.establishment is None:
            return float(node.latitude or 0), float(node.longitude or 0)
        place = self.context.places.get(node.establishment)
        if place is None:
            raise Refused("establishment_without_place" if node.establishment in self.context.places else "not_found")
        return place

    def _box(self, latitude: float, longitude: float, km: float) -> str:
        """The square around the circle: what an index can answer."""
        high = km / KM_PER_DEGREE
        south, north = self.param(latitude - high), self.param(latitude + high)
        box = f"c.latitude BETWEEN {south}::float8 AND {north}::float8"
        shrink = math.cos(math.radians(min(89.0, abs(latitude) + high)))
        wide = high / shrink
        if longitude - wide < -180 or longitude + wide > 180:
            return box  # across the date line a range of longitudes would be two
        west, east = self.param(longitude - wide), self.param(longitude + wide)
        return f"{box} AND c.longitude BETWEEN {west}::float8 AND {east}::float8"

    # ---- conditions on rows beside the contact

    def _book(self, node: tree.InBook) -> Rows:
        return Rows(
            "m.contact_id",
            "audience_membership m WHERE m.client_id = %(client)s"
            f" AND m.book_id = ANY({self.param(list(node.books))}::uuid[])",
        )

    def _snapshot(self, node: tree.InSnapshot) -> Rows:
        return self._members(node.segment)

    def _attribute(self, node: tree.HasAttribute) -> Rows:
        kind = self.context.attributes.get(node.name)
        if kind is None:
            raise Refused("attribute_missing")
        kind = "text" if kind == "choice" else kind
        named = f"audience_contact_attribute a WHERE a.client_id = %(client)s AND a.name = {self.param(node.name)}"
        return Rows("a.contact_id", named + self._attribute_test(f"a.{kind}", kind, node))

    def _attribute_test(self, column: str, kind: str, node: tree.HasAttribute) -> str:
        if node.test == "filled":
            return f" AND {column} IS NOT NULL"
        if node.test == "starts_with" and kind == "text":
            return f" AND {self._prefix(column, str(node.value))}"
        if node.test == "one_of":
            if kind != "text":
                raise Refused("attribute_test")
            return f" AND {column} = ANY({self.param(list(node.values))}::text[])"
        value = self.param(typed(kind, node.value))
        cast = {"text": "text", "number": "float8", "date": "date", "bool": "boolean"}[kind]
        if node.test == "between":
            return f" AND {column} BETWEEN {value}::{cast} AND {self.param(typed(kind, node.to))}::{cast}"
        sign = {"equals": "=", "differs": "<>", "above": ">", "below": "<"}.get(node.test)
        if sign is None or (kind == "bool" and sign in "<>"):
            raise Refused("attribute_test")
        return f" AND {column} {sign} {value}::{cast}"

    def _other_consent(self, node: tree.HasConsent, negated: bool) -> str:
        source = (
            "audience_identity i JOIN audience_consent_state s ON s.client_id = %(client)s"
            f" AND s.identity_index = i.index AND s.channel = {self.param(node.channel)}"
            f" AND s.purpose = {self.param(node.purpose)} WHERE i.client_id = %(client)s"
            f" AND i.kind = {self.param('email' if node.channel == 'email' else 'phone')} AND i.deleted_at IS NULL"
        )
        said = {"granted": ["granted"], "refused": ["withdrawn", "opposed"]}.get(node.state)
        if said is None:
            said, negated = ["granted", "withdrawn", "opposed"], not negated
        rows = Rows("i.contact_id", f"{source} AND s.state = ANY({self.param(said)}::text[])")
        return self._has(rows, negated)

    def _behaved(self, node: tree.Behaved, negated: bool) -> str:
        if node.what != "silent":
            return self._has(self._events(node, KINDS[node.what]), negated)
        written = self._has(self._events(node, "delivered"), negated)
        answers = [self._has(self._events(node, kind), not negated) for kind in ("clicked", "replied")]
        return "(" + (" OR " if negated else " AND ").join([written, *answers]) + ")"

    def _events(self, node: tree.Behaved, kind: str) -> Rows:
        since = self.param(self._instant(node.days, node.since))
        source = f"engine_event e WHERE e.client_id = %(client)s AND e.at >= {since}::timestamptz"
        if kind == "submitted":  # an event of its own, or one that stands for it too
            of = f"e.kind = ANY({self.param(list(HANDED_OVER))}::text[])"
            source += f" AND {of} AND (e.kind = 'submitted' OR e.submitted_at >= {since}::timestamptz)"
        else:
            source += f" AND e.kind = {self.param(kind)}"
        if node.campaign is not None:
            source += f" AND e.campaign_id = {self.param(node.campaign)}"
        return Rows("e.contact_id", source)

    def _instant(self, days: int | None, since: date | None) -> datetime:
        if days is not None:
            return self.context.now - timedelta(days=days)
        return datetime.combine(since or self.context.today, time.min, tzinfo=clock.PARIS)


#: Conditions that read columns of the contact, and those that read rows beside it.
COLUMNS: dict[type, Callable[[Compiler, Any], str]] = {
    tree.IsTitle: Compiler._title,
    tree.IsLanguage: Compiler._language,
    tree.IsAged: Compiler._age,
    tree.InPostcode: Compiler._postcode,
    tree.InTown: Compiler._town,
    tree.OfEstablishment: Compiler._establishment,
    tree.ImportedBy: Compiler._import,
    tree.CreatedSince: Compiler._created,
    tree.UpdatedSince: Compiler._updated,
    tree.HasConsent: Compiler._consent,
    tree.HasChannel: Compiler._channel,
    tree.Near: Compiler._near,
}
ROWS: dict[type, Callable[[Compiler, Any], Rows]] = {
    tree.InBook: Compiler._book,
    tree.InSnapshot: Compiler._snapshot,
    tree.HasAttribute: Compiler._attribute,
}


def compile_tree(context: Context, root: tree.AnyNode) -> Compiled:
    """The expression of a whole tree. Raises: as `Compiler.expression`."""
    compiler = Compiler(context)
    where = compiler.expression(root)
    return Compiled(where, compiler.params)


def from_contacts(columns: str, where: str, tail: str = "", *, beside: str = "") -> str:
    """A SELECT over the contacts of the client; the texts are made of fragments of this room, never of values."""
    return f"SELECT {columns} FROM audience_contact c {beside} WHERE {BASE} AND {where}{tail}"  # noqa: S608


def years_before(day: date, years: int) -> date:
    """The same day some years ago; 29 February becomes 28 February. Far before year 1 stays at the first day."""
    if day.year - years < 1:
        return date.min
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def after_prefix(prefix: str) -> str:
    """The first text, in byte order, that is after every text with this beginning."""
    last = ord(prefix[-1])
    return prefix[:-1] + chr(0xE000 if last == 0xD7FF else last + 1)


def typed(kind: str, value: Any) -> Any:
    """A value of a condition as its attribute is typed. Raises: Refused("attribute_value")."""
    try:
        match kind:
            case "number":
                return float(str(value).replace(",", ".").replace(" ", "")) if not isinstance(value, bool) else None
            case "date":
                return date.fromisoformat(str(value))
            case "bool":
                return {"true": True, "false": False, "1": True, "0": False}[str(value).lower()]
    except (ValueError, KeyError):
        raise Refused("attribute_value") from None
    return str(value)
