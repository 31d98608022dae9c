"""Counts of a tree: the whole, how the members can be reached, each row, a sample, and why one contact is in or out."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection

from sofy.audience.segments import context, tree, whatsapp
from sofy.audience.segments.compile import Compiler, from_contacts
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
    channels = {"sms": "c.sms", "email": "c.email"} | (
        {"whatsapp": whatsapp.REACH} if whatsapp.in_use(client_id) else {}
    )
    told = f"LEFT JOIN ({whatsapp.STANDING}) w ON w.contact_id = c.id" if "whatsapp" in channels else ""
    groups = ", ".join(str(number + 1) for number in range(len(channels)))
    counted = from_contacts(f"{', '.join(channels.values())}, count(*)", where, f" GROUP BY {groups}", beside=told)
    reach: dict[str, dict[str, int]] = {name: dict.fromkeys(REACHES.values(), 0) for name in channels}
    total = 0
    with _hashing_memory(), connection.cursor() as cursor:
        cursor.execute(counted, compiler.params)
        for *states, number in cursor.fetchall():
            for channel, state in zip(channels, states, strict=True):
                reach[channel][REACHES[state]] += number
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
    """For each node, how many contacts it holds for on its own, in one scan of the contacts.

    `whole` is the count of the root when it is known already.
    """
    nodes = dict(tree.walk(root))
    if whole is not None:
        del nodes[()]
        if not nodes:
            return {(): whole}
    compiler = Compiler(context.load(client_id, root), looked_up=True)
    counted = ", ".join(f"count(*) FILTER (WHERE {compiler.expression(node)})" for node in nodes.values())
    with _hashing_memory(), connection.cursor() as cursor:
        # A hash keeps each contact once, yet the planner reckons with each row and would search a list instead.
        cursor.execute("SELECT set_config('hash_mem_multiplier', '16', true)")
        cursor.execute(from_contacts(counted, "TRUE"), compiler.params)
        found = dict(zip(nodes, cursor.fetchone(), strict=True))
    return found if whole is None else {(): whole, **found}


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


@contextmanager
def _hashing_memory() -> Iterator[None]:
    """Room for the hash tables of semi joins over a million contacts: without it they go to disk in batches."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('work_mem', '64MB', true)")
    yield
