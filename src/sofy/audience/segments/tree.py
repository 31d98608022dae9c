"""The JSON form of a segment: groups and conditions as typed values, read and checked before any SQL exists.

A tree is groups (`all`, `any`, `none`) of conditions and groups. Every node may carry `"not": true`, and a negated
node keeps *everybody else*, people with an unknown value included: "not aged 18 to 25" holds for unknown ages.

    {"is": "all", "of": [
        {"is": "near", "km": 10, "establishment": "0193..."},
        {"is": "any", "of": [{"is": "language", "values": ["fr"]}, {"is": "age", "at_least": 18, "at_most": 35}]},
        {"is": "behaviour", "what": "clicked", "days": 30, "not": true}]}
"""

from collections.abc import Iterator
from datetime import date
from typing import Any, Literal
from uuid import UUID

import msgspec

from sofy.kernel.errors import Refused

MAX_DEPTH = 5
MAX_NODES = 60
MAX_VALUES = 200
MAX_DAYS = 3650

Title = Literal["mr", "mrs", "unknown"]
Channel = Literal["sms", "email"]
Agreed = Literal["sms", "whatsapp", "email"]
Purpose = Literal["marketing", "alert"]
ConsentWanted = Literal["granted", "refused", "unknown"]
What = Literal["sent", "delivered", "clicked", "replied", "silent"]
AttributeTest = Literal["equals", "differs", "starts_with", "above", "below", "between", "one_of", "filled"]


class Node(
    msgspec.Struct,
    frozen=True,
    tag_field="is",
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """What groups and conditions share."""

    negated: bool = msgspec.field(default=False, name="not")


class All(Node, frozen=True, tag="all"):
    """Everybody for whom every part holds; with no part, every contact."""

    of: "tuple[AnyNode, ...]" = ()


class Some(Node, frozen=True, tag="any"):
    """Everybody for whom at least one part holds; with no part, nobody."""

    of: "tuple[AnyNode, ...]" = ()


class Without(Node, frozen=True, tag="none"):
    """Everybody for whom no part holds; with no part, every contact."""

    of: "tuple[AnyNode, ...]" = ()


class IsTitle(Node, frozen=True, tag="title"):
    """How the person is addressed."""

    values: tuple[Title, ...]


class IsLanguage(Node, frozen=True, tag="language"):
    """Preferred language, as a two-letter code."""

    values: tuple[str, ...]


class IsAged(Node, frozen=True, tag="age"):
    """Age in completed years, both bounds included; people without a birth date are outside."""

    at_least: int | None = None
    at_most: int | None = None


class InPostcode(Node, frozen=True, tag="postcode"):
    """Postcode begins with one of the given beginnings ("75", "974", "2A")."""

    prefixes: tuple[str, ...]


class InTown(Node, frozen=True, tag="town"):
    """Town begins with one of the given words, accents and case ignored."""

    prefixes: tuple[str, ...]


class HasAttribute(Node, frozen=True, tag="attribute"):
    """A typed attribute of the client's own (loyalty points, size, last purchase...).

    `values` go with the test "one_of", on fields of text or of one of a list.
    """

    name: str
    test: AttributeTest = "equals"
    value: str | float | bool | None = None
    to: str | float | None = None
    values: tuple[str, ...] = ()


class InBook(Node, frozen=True, tag="book"):
    """In at least one of the given contact books."""

    books: tuple[UUID, ...]


class OfEstablishment(Node, frozen=True, tag="establishment"):
    """Preferred point of sale is one of these."""

    establishments: tuple[UUID, ...]


class Near(Node, frozen=True, tag="near"):
    """Within some kilometres of a point of sale or of a point.

    Unit: km, great-circle distance.
    """

    km: float
    establishment: UUID | None = None
    latitude: float | None = None
    longitude: float | None = None


class HasConsent(Node, frozen=True, tag="consent"):
    """Consent for a channel and a purpose: granted, refused (withdrawn or opposed) or unknown."""

    channel: Agreed = "sms"
    purpose: Purpose = "marketing"
    state: ConsentWanted = "granted"


class HasChannel(Node, frozen=True, tag="channel"):
    """Has a valid address for the channel (a mobile number, an e-mail address)."""

    channel: Channel


class CreatedSince(Node, frozen=True, tag="created"):
    """Entered the base within the last days, or since a date."""

    days: int | None = None
    since: date | None = None


class UpdatedSince(Node, frozen=True, tag="updated"):
    """Changed within the last days, or since a date."""

    days: int | None = None
    since: date | None = None


class ImportedBy(Node, frozen=True, tag="import"):
    """Created by one of these imports."""

    imports: tuple[UUID, ...]


class Behaved(Node, frozen=True, tag="behaviour"):
    """What happened with campaigns within the last days or since a date, of one campaign or of any.

    `silent`: at least one message was delivered in that time, and no click and no reply came.
    """

    what: What
    days: int | None = None
    since: date | None = None
    campaign: UUID | None = None


class InSegment(Node, frozen=True, tag="segment"):
    """In another segment, as its rules say today."""

    segment: UUID


class InSnapshot(Node, frozen=True, tag="snapshot"):
    """In the frozen list of another segment."""

    segment: UUID


Group = All | Some | Without
Condition = (
    IsTitle | IsLanguage | IsAged | InPostcode | InTown | HasAttribute | InBook | OfEstablishment | Near | HasConsent
    | HasChannel | CreatedSince | UpdatedSince | ImportedBy | Behaved | InSegment | InSnapshot
)  # fmt: skip
AnyNode = (
    All | Some | Without
    | IsTitle | IsLanguage | IsAged | InPostcode | InTown | HasAttribute | InBook | OfEstablishment | Near | HasConsent
    | HasChannel | CreatedSince | UpdatedSince | ImportedBy | Behaved | InSegment | InSnapshot
)  # fmt: skip
GROUPS = (All, Some, Without)
Path = tuple[int, ...]


class Problem(msgspec.Struct, frozen=True):
    """One thing to correct: which condition (its path from the root, counted from 0) and what (a stable code)."""

    path: Path
    code: str
    detail: str = ""

    @property
    def row(self) -> str:
        """The place as people read it: "2" or "2.1"; empty for the whole segment."""
        return ".".join(str(step + 1) for step in self.path)


def loads(data: bytes | str) -> All:
    """Read a tree from JSON.

    Raises: Refused("segment_unreadable") with what is wrong and where; Refused("segment_invalid") with its problems.
    """
    try:
        node = msgspec.json.decode(data, type=AnyNode)
    except (
        msgspec.ValidationError,
        msgspec.DecodeError,
        UnicodeDecodeError,
        RecursionError,
    ) as error:
        raise Refused("segment_unreadable", reason=str(error)[:300]) from None
    return _checked(node)


def from_builtins(data: Any) -> All:
    """Read a tree from parsed JSON (a jsonb column, a request body). Raises: as `loads`."""
    try:
        node = msgspec.convert(data, type=AnyNode)
    except (msgspec.ValidationError, RecursionError) as error:
        raise Refused("segment_unreadable", reason=str(error)[:300]) from None
    return _checked(node)


def to_builtins(node: AnyNode) -> Any:
    """The JSON form as plain values, for a jsonb column; `from_builtins` reads it back unchanged."""
    return msgspec.json.decode(dumps(node))


def dumps(node: AnyNode) -> bytes:
    """The JSON form; `loads` reads it back unchanged."""
    return msgspec.json.encode(node)


def walk(node: AnyNode, path: Path = ()) -> Iterator[tuple[Path, AnyNode]]:
    """Every node with its path, parents first."""
    yield path, node
    if isinstance(node, GROUPS):
        for position, child in enumerate(node.of):
            yield from walk(child, (*path, position))


def conditions(node: AnyNode) -> list[tuple[Path, Condition]]:
    """The conditions with their paths, in reading order."""
    return [(path, each) for path, each in walk(node) if not isinstance(each, GROUPS)]


def references(node: AnyNode) -> set[UUID]:
    """The segments that this tree reads."""
    return {each.segment for _, each in conditions(node) if isinstance(each, (InSegment, InSnapshot))}


def validate(node: AnyNode) -> list[Problem]:
    """What is wrong with a tree, each with its place; empty when it can be compiled."""
    nodes = list(walk(node))
    if len(nodes) > MAX_NODES:
        return [Problem((), "too_many_conditions", str(MAX_NODES))]
    if max(len(path) for path, _ in nodes) > MAX_DEPTH:
        return [Problem((), "too_deep", str(MAX_DEPTH))]
    return [Problem(path, code) for path, each in nodes if not isinstance(each, GROUPS) and (code := _problem(each))]


def _checked(node: AnyNode) -> All:
    problems = validate(node)
    if problems:
        raise Refused("segment_invalid", problems=problems)
    return node if isinstance(node, All) and not node.negated else All(of=(node,))


def _problem(node: Condition) -> str:
    match node:
        case IsTitle(values=values) | IsLanguage(values=values):
            return _list_problem(values, longest=8)
        case InPostcode(prefixes=values):
            return _list_problem(values, longest=10) or ("" if all(v.isalnum() for v in values) else "postcode_letters")
        case InTown(prefixes=values):
            return _list_problem(values, longest=80) or ("" if all(map(_has_letter, values)) else "bad_value")
        case InBook(books=ids) | OfEstablishment(establishments=ids) | ImportedBy(imports=ids):
            return _list_problem(ids)
        case IsAged():
            return _age_problem(node)
        case Near():
            return _place_problem(node)
        case HasAttribute():
            return _attribute_problem(node)
        case Behaved() | CreatedSince() | UpdatedSince():
            return _since_problem(node.days, node.since)
    return ""


def _list_problem(values: tuple[Any, ...], longest: int = 0) -> str:
    if not values:
        return "choose_one"
    if len(values) > MAX_VALUES:
        return "too_many_values"
    if longest and any(not value.strip() or len(value) > longest or "\0" in value for value in values):
        return "bad_value"
    return ""


def _age_problem(node: IsAged) -> str:
    bounds = [bound for bound in (node.at_least, node.at_most) if bound is not None]
    if not bounds:
        return "age_missing"
    if any(not 0 <= bound <= 130 for bound in bounds):
        return "age_range"
    return "age_order" if len(bounds) == 2 and bounds[0] > bounds[1] else ""


def _place_problem(node: Near) -> str:
    if not 0 < node.km <= 1000:
        return "km_range"
    point = node.latitude is not None and node.longitude is not None
    if point == (node.establishment is not None):
        return "place_missing"
    if point and not (-90 <= (node.latitude or 0) <= 90 and -180 <= (node.longitude or 0) <= 180):
        return "place_range"
    return ""


def _since_problem(days: int | None, since: date | None) -> str:
    if (days is None) == (since is None):
        return "since_missing"
    return "days_range" if days is not None and not 1 <= days <= MAX_DAYS else ""


def _attribute_problem(node: HasAttribute) -> str:
    if not node.name.strip() or len(node.name) > 60:
        return "attribute_missing"
    if node.test == "filled":
        return ""
    if node.test == "one_of":
        return _list_problem(node.values, longest=250)
    if node.value is None or node.value == "":
        return "value_missing"
    if any(isinstance(value, str) and ("\0" in value or len(value) > 200) for value in (node.value, node.to)):
        return "bad_value"
    if node.test == "between" and (node.to is None or node.to == ""):
        return "value_missing"
    return ""


def _has_letter(value: str) -> bool:
    return any(map(str.isalnum, value))
