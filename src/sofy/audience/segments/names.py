"""Names of what conditions refer to by id: what the builder offers and what sentences say."""

from dataclasses import dataclass, field
from uuid import UUID

from sofy.audience.models import Attribute, Book, Import
from sofy.audience.segments import campaigns
from sofy.audience.segments.models import Segment
from sofy.clients.models import Establishment


@dataclass(frozen=True)
class Names:
    """What is offered by id, in its order. `attributes`: name -> (label, kind)."""

    books: dict[UUID, str] = field(default_factory=dict)
    establishments: dict[UUID, str] = field(default_factory=dict)
    segments: dict[UUID, str] = field(default_factory=dict)
    snapshots: dict[UUID, str] = field(default_factory=dict)
    imports: dict[UUID, str] = field(default_factory=dict)
    campaigns: dict[UUID, str] = field(default_factory=dict)
    attributes: dict[str, tuple[str, str]] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)  # of the attributes that are one of a list


def load(client_id: UUID) -> Names:
    """Everything a condition of this client may name."""
    segments = list(Segment.objects.filter(client_id=client_id, deleted_at=None).order_by("name"))
    attributes = list(Attribute.objects.filter(client_id=client_id, private=False).order_by("label"))
    imports = Import.objects.filter(client_id=client_id, kind="contacts").order_by("-started_at")[:200]
    return Names(
        books=dict(
            Book.objects.filter(client_id=client_id, deleted_at=None).order_by("name").values_list("id", "name")
        ),
        establishments=dict(
            Establishment.objects.filter(client_id=client_id).order_by("name").values_list("id", "name")
        ),
        segments={segment.id: segment.name for segment in segments if not segment.is_snapshot},
        snapshots={segment.id: segment.name for segment in segments if segment.is_snapshot},
        imports={each.id: each.file_name or str(each.id) for each in imports},
        campaigns=dict(campaigns.choices(client_id)),
        attributes={each.name: (each.label, each.kind) for each in attributes},
        choices={each.name: each.choices for each in attributes if each.kind == Attribute.Kind.CHOICE},
    )
