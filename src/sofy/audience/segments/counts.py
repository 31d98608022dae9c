"""Counts of a tree: the whole, how the members can be reached, each row, a sample, and why one contact is in or out."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

import msgspec
from django.db import connection

from sofy.audience.segments import context, tree
from sofy.audience.segments.compile import ROWS, Compiler, from_contacts
from sofy.audience.segments.tree import Path

SAMPLE = 20
#: Reach of a contact on a channel (audience.models.Reach) in the words of screens, in the order they are drawn.
REACHES = {3: "reachable", 2: "no_consent", 4: "opted_out", 1: "invalid", 0: "no_address"}


@dataclass(frozen=True)
class Preview:
    """What a segment comes to at this moment. `reach`: channel -> state -> contacts; states sum to `total`."""

    total: int
    reach: Mapping[str, Mapping[str, int]]
    sample: list[UUID] = field(default_factory=list)


@dataclass(frozen=True)
class Reason:
    """One row of the explanation: whether it holds for the contact (groups too)."""

    path: Path
    node: tree.AnyNode
    holds: bool


def preview(client_id: UUID, root: tree.AnyNode, *, sample: int = SAMPLE) -> Preview:
    """Whole count, reachability per channel and some members. Raises: Refused, as `Compiler.expression`."""
    compiler = Compiler(context.load(client_id, root))
    where = compiler.expression(root)
    reach: dict[str, dict[str, int]] = {name: dict.fromkeys(REACHES.values(), 0) for name in ("sms", "email")}
    total = 0
    with _hashing_memory(), connection.cursor() as cursor:
        cursor.execute(from_contacts("c.sms, c.email, count(*)", where, " GROUP BY 1, 2"), compiler.params)
        for sms, email, number in cursor.fetchall():
            reach["sms"][REACHES[sms]] += number
            reach["email"][REACHES[email]] += number
            total += number
        some: list[UUID] = []
        if sample and total:
            cursor.execute(from_contacts("c.id", where, f" LIMIT {int(sample)}"), compiler.params)
            some = [row[0] for row in cursor.fetchall()]
    return Preview(total, reach, some)


def count(client_id: UUID, root: tree.AnyNode) -> int:
    """How many contacts a tree holds for. Raises: Refused, as `Compiler.expression`."""
    return preview(client_id, root, sample=0).total


def row_counts(client_id: UUID, root: tree.AnyNode, *, whole: int | None = None) -> dict[Path, int]:
    """For each node, how many contacts it holds for on its own: one statement for all rows.

    Whatever the contact itself answers is counted in one scan; conditions on rows beside it, and groups that hold one,
    each by the plan that suits them. A negated condition is everybody less those it holds for, which an index finds.
    `whole` is the count of the root when it is known already.
    """
    nodes = dict(tree.walk(root))
    if whole is not None:
        del nodes[()]
    scanned = _scanned(nodes)
    compiler = Compiler(context.load(client_id, root))
    columns = {path: f"count(*) FILTER (WHERE {compiler.expression(nodes[path])})" for path in scanned}
    alone = {path: compiler.expression(_positive(node)) for path, node in nodes.items() if path not in columns}
    everybody = any(_is_counted_off(nodes[path]) for path in alone)
    scan = ", ".join([*columns.values(), *(["count(*)"] if everybody else [])])
    parts = [f"({from_contacts('count(*)', each)})" for each in alone.values()]
    with _hashing_memory(), connection.cursor() as cursor:
        found: list[int] = []
        for statement in filter(
            None, (from_contacts(scan, "TRUE") if scan else "", f"SELECT {', '.join(parts)}" if parts else "")
        ):
            cursor.execute(statement, compiler.params)
            found += cursor.fetchone()
    total = found.pop(len(columns)) if everybody else 0
    counted = dict(zip([*columns, *alone], found, strict=True))
    counted |= {path: total - counted[path] for path in alone if _is_counted_off(nodes[path])}
    return counted if whole is None else {(): whole, **counted}


def _scanned(nodes: dict[Path, tree.AnyNode]) -> list[Path]:
    """The nodes to count in one scan; a distance alone is better answered by its index."""
    plain = [path for path, node in nodes.items() if _reads_contact_only(node)]
    return plain if any(not isinstance(nodes[path], tree.Near) for path in plain) else []


def _is_counted_off(node: tree.AnyNode) -> bool:
    """Whether the node is counted as everybody less its opposite."""
    return node.negated and not isinstance(node, tree.GROUPS)


def _positive(node: tree.AnyNode) -> tree.AnyNode:
    return msgspec.structs.replace(node, negated=False) if _is_counted_off(node) else node


def explain(client_id: UUID, root: tree.AnyNode, contact_id: UUID) -> list[Reason]:
    """Why a contact is in or out: each group and condition with whether it holds. Empty: no such contact."""
    compiler = Compiler(context.load(client_id, root))
    nodes = list(tree.walk(root))
    columns = ", ".join(f"({compiler.expression(node)}) IS TRUE" for _, node in nodes)
    contact = compiler.param(contact_id)
    with connection.cursor() as cursor:
        cursor.execute(from_contacts(columns, f"c.id = {contact}"), compiler.params)
        row = cursor.fetchone()
    return [Reason(path, node, holds) for (path, node), holds in zip(nodes, row or (), strict=False)]


def _reads_contact_only(node: tree.AnyNode) -> bool:
    """Whether a scan of contacts answers the node: no row beside the contact."""
    if isinstance(node, tree.GROUPS):
        return all(_reads_contact_only(part) for part in node.of)
    if isinstance(node, (tree.Behaved, tree.InSegment, *ROWS)):
        return False
    return not (isinstance(node, tree.HasConsent) and node.purpose != "marketing")


@contextmanager
def _hashing_memory() -> Iterator[None]:
    """Room for the hash tables of semi joins over a million contacts: without it they go to disk in batches."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('work_mem', '64MB', true)")
    yield
