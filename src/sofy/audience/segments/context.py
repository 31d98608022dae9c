"""What a tree refers to, read once before it is compiled: places, attributes, other segments, today."""

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sofy.audience.models import Attribute
from sofy.audience.segments import tree
from sofy.audience.segments.models import Segment
from sofy.clients.models import Establishment
from sofy.kernel import clock
from sofy.kernel.errors import Refused


@dataclass(frozen=True)
class Context:
    """The facts a compilation needs. `segments` holds a tree, or None where the segment is a frozen list."""

    client_id: UUID
    now: datetime
    places: dict[UUID, tuple[float, float] | None] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    segments: dict[UUID, "tree.All | None"] = field(default_factory=dict)

    @property
    def today(self) -> date:
        """The business day: a birthday begins at midnight in Paris."""
        return self.now.astimezone(clock.PARIS).date()


def load(client_id: UUID, *roots: tree.AnyNode) -> Context:
    """Read what the trees refer to, other segments included, however deep.

    Raises: Refused("segment_missing") when a segment that is referred to does not exist any more.
    """
    segments = _load_segments(client_id, roots)
    nodes = [node for root in [*roots, *filter(None, segments.values())] for _, node in tree.conditions(root)]
    names = {node.name for node in nodes if isinstance(node, tree.HasAttribute)}
    places = {node.establishment for node in nodes if isinstance(node, tree.Near) and node.establishment}
    return Context(
        client_id=client_id,
        now=clock.now(),
        places=_load_places(client_id, places),
        attributes=dict(
            Attribute.objects.filter(client_id=client_id, name__in=names, private=False).values_list("name", "kind")
        ),
        segments=segments,
    )


def _load_places(client_id: UUID, ids: set[UUID]) -> dict[UUID, tuple[float, float] | None]:
    rows = Establishment.objects.filter(client_id=client_id, id__in=ids).values_list("id", "latitude", "longitude")
    return {
        place: (float(latitude), float(longitude)) if latitude is not None and longitude is not None else None
        for place, latitude, longitude in rows
    }


def _load_segments(client_id: UUID, roots: tuple[tree.AnyNode, ...]) -> dict[UUID, tree.All | None]:
    found: dict[UUID, tree.All | None] = {}
    wanted = {segment for root in roots for segment in tree.references(root)}
    while missing := wanted - found.keys():
        rows = Segment.objects.filter(client_id=client_id, id__in=missing, deleted_at=None)
        for segment in rows:
            found[segment.id] = None if segment.is_snapshot else tree.from_builtins(segment.tree)
            wanted |= tree.references(found[segment.id] or tree.All())
        if missing - found.keys():
            raise Refused("segment_missing")
    return found
