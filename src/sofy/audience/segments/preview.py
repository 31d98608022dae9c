"""What the builder and the page of a segment show: counts, how members can be reached, some of them by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sofy.audience.models import Contact
from sofy.audience.segments import counts, draft, tree
from sofy.audience.segments.draft import Draft
from sofy.audience.segments.names import Names
from sofy.audience.segments.sentence import sentence
from sofy.kernel.errors import Refused

#: From the best to the worst; the words and colours are those of the reach bar.
ORDER = ("reachable", "no_consent", "opted_out", "invalid", "no_address")


@dataclass(frozen=True)
class Bar:
    """One channel of the reach bar: (state, contacts, start and width in percent)."""

    channel: str
    reachable: int
    total: int
    pieces: list[tuple[str, int, float, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Shown:
    """A counted segment, ready for a template."""

    sentence: str
    total: int
    bars: list[Bar]
    sample: list[Contact]


def shown(client_id: UUID, root: tree.AnyNode, names: Names, limit: frozenset[UUID] | None = None) -> Shown:
    """Count a tree and read some members. Raises: Refused, as `Compiler.expression`."""
    preview = counts.preview(client_id, within(root, limit))
    contacts = Contact.objects.filter(client_id=client_id, id__in=preview.sample)
    bars = [bar(channel, states) for channel, states in preview.reach.items()]
    return Shown(sentence(root, names), preview.total, bars, list(contacts))


def bar(channel: str, states: Mapping[str, int]) -> Bar:
    """The pieces of a bar of 100 units."""
    total = sum(states.values())
    pieces, start = [], 0.0
    for state in ORDER:
        wide = 100 * states[state] / total if total else 0.0
        if states[state]:
            pieces.append((state, states[state], round(start, 3), round(wide, 3)))
        start += wide
    return Bar(channel, states["reachable"], total, pieces)


def within(root: tree.AnyNode, establishments: frozenset[UUID] | None) -> tree.AnyNode:
    """The part of a segment that a person limited to some establishments may see."""
    if establishments is None:
        return root
    return tree.All(of=(root, tree.OfEstablishment(establishments=tuple(sorted(establishments)))))


def count_rows(client_id: UUID, root: Draft, node: tree.All, whole: int | None) -> None:
    """Write the count of each row on the draft; one that cannot be counted gets its problem instead."""
    try:
        found = counts.row_counts(client_id, node, whole=whole)
    except Refused as refused:
        draft.note(root, refused)
        return
    for each in root.walk():
        each.count = found.get(each.path)
