"""Save segments, freeze them, throw them away."""

from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from sofy.audience.segments import context, counts, tree
from sofy.audience.segments.compile import Compiler, from_contacts
from sofy.audience.segments.models import Segment
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit import audit


def save(*, client_id: UUID, name: str, root: tree.AnyNode, actor: str, segment_id: UUID | None = None) -> Segment:
    """Create a segment or change its name and rules, counted as it is saved.

    Raises: Refused("name_missing"), Refused("not_found"), Refused("segment_frozen") for a frozen list,
    Refused("segment_cycle") when it would be inside itself.
    """
    name = name.strip()
    if not name or len(name) > 120 or "\0" in name:
        raise Refused("name_missing")
    with transaction.atomic():
        segment = _locked(client_id, segment_id) if segment_id else Segment(client_id=client_id)
        if segment.is_snapshot:
            raise Refused("segment_frozen")
        _refuse_cycle(client_id, segment.id, root)
        segment.name, segment.tree, segment.updated_at = name, tree.to_builtins(root), clock.now()
        segment.size, segment.counted_at = counts.count(client_id, root), clock.now()
        segment.save()
        action = "segment.changed" if segment_id else "segment.created"
        audit.append(client_id, action, actor, {"segment": str(segment.id), "size": segment.size})
    return segment


def freeze(*, client_id: UUID, segment_id: UUID, name: str, actor: str) -> Segment:
    """Keep today's members of a segment as a list that no longer moves. Raises: as `save`."""
    name = name.strip()
    if not name or len(name) > 120:
        raise Refused("name_missing")
    with transaction.atomic():
        source = get(client_id, segment_id)
        snapshot = Segment.objects.create(
            client_id=client_id, name=name, kind=Segment.Kind.SNAPSHOT, source_id=source.id, tree=source.tree
        )
        snapshot.size = _copy_members(client_id, snapshot.id, tree.InSegment(segment=source.id))
        snapshot.counted_at = clock.now()
        snapshot.save(update_fields=["size", "counted_at"])
        facts = {"segment": str(snapshot.id), "source": str(source.id), "size": snapshot.size}
        audit.append(client_id, "segment.frozen", actor, facts)
    return snapshot


def recount(*, client_id: UUID, segment_id: UUID) -> Segment:
    """Count a segment now and keep the figure for lists. Raises: Refused("not_found")."""
    segment = get(client_id, segment_id)
    segment.size = counts.count(client_id, root_of(segment))
    segment.counted_at = clock.now()
    segment.save(update_fields=["size", "counted_at"])
    return segment


def remove(*, client_id: UUID, segment_id: UUID, actor: str) -> None:
    """Throw a segment away; `restore` brings it back.

    Raises: Refused("segment_used", names=...) while other segments read it.
    """
    with transaction.atomic():
        segment = _locked(client_id, segment_id)
        users = [each.name for each in _others(client_id, segment.id) if segment.id in _references(each)]
        if users:
            raise Refused("segment_used", names=", ".join(users))
        _set_deleted(segment, clock.now())
        audit.append(client_id, "segment.removed", actor, {"segment": str(segment.id)})


def restore(*, client_id: UUID, segment_id: UUID, actor: str) -> None:
    """Bring a removed segment back. Raises: Refused("not_found")."""
    with transaction.atomic():
        segment = Segment.objects.select_for_update(no_key=True).filter(client_id=client_id, id=segment_id).first()
        if segment is None:
            raise Refused("not_found", 404)
        _set_deleted(segment, None)
        audit.append(client_id, "segment.restored", actor, {"segment": str(segment.id)})


def get(client_id: UUID, segment_id: UUID) -> Segment:
    """A segment of this client. Raises: Refused("not_found")."""
    segment = Segment.objects.filter(client_id=client_id, id=segment_id, deleted_at=None).first()
    if segment is None:
        raise Refused("not_found", 404)
    return segment


def root_of(segment: Segment) -> tree.All:
    """What to count for a segment: its rules, or being on its frozen list."""
    if segment.is_snapshot:
        return tree.All(of=(tree.InSnapshot(segment=segment.id),))
    return tree.from_builtins(segment.tree)


def _locked(client_id: UUID, segment_id: UUID) -> Segment:
    segments = Segment.objects.select_for_update(no_key=True).filter(client_id=client_id, deleted_at=None)
    segment = segments.filter(id=segment_id).first()
    if segment is None:
        raise Refused("not_found", 404)
    return segment


def _others(client_id: UUID, segment_id: UUID) -> list[Segment]:
    rows = Segment.objects.filter(client_id=client_id, kind=Segment.Kind.DYNAMIC, deleted_at=None)
    return list(rows.exclude(id=segment_id))


def _references(segment: Segment) -> set[UUID]:
    return tree.references(tree.from_builtins(segment.tree))


def _refuse_cycle(client_id: UUID, segment_id: UUID, root: tree.AnyNode) -> None:
    inside = context.load(client_id, root).segments
    if segment_id in tree.references(root) or segment_id in inside:
        raise Refused("segment_cycle")


def _set_deleted(segment: Segment, at: datetime | None) -> None:
    segment.deleted_at = at
    segment.save(update_fields=["deleted_at"])


def _copy_members(client_id: UUID, snapshot_id: UUID, source: tree.AnyNode) -> int:
    compiler = Compiler(context.load(client_id, source))
    snapshot = compiler.param(snapshot_id)
    members = from_contacts(f"%(client)s, {snapshot}, c.id", compiler.expression(source))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO audience_segment_member (client_id, segment_id, contact_id) {members}",
            compiler.params,
        )
        return int(cursor.rowcount)
