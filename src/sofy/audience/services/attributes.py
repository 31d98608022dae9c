"""The fields a client adds to its contacts: their definitions, and the values of one person."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.db import transaction

from sofy.audience import ledger
from sofy.audience.arrays import cursor
from sofy.audience.imports import attributes as storage
from sofy.audience.imports.columns import attribute_name
from sofy.audience.models import Attribute, ContactAttribute
from sofy.audience.segments import tree
from sofy.audience.segments.models import Segment
from sofy.kernel.errors import Refused
from sofy.kernel.text import fold, one_line
from sofy.kit import audit
from sofy.kit.jobs import defer
from sofy.kit.keys import keys_for
from sofy.kit.rls import client_scope

MAX_FIELDS = 60
MAX_CHOICES = 100
CHOICE_MAX = 80  # characters
COUNTED = 10_000
AT_ONCE = 5_000
BATCH = 5_000
#: What identifies nobody.
NEVER_SEALED = (Attribute.Kind.BOOL, Attribute.Kind.CHOICE)
#: What messages call the fields that every contact has: an own field of that name could not be told from them.
TAKEN_WORDS = frozenset(
    {
        "title", "first_name", "last_name", "birth_date", "language", "street", "postcode", "town", "phone", "email",
        "shop", "zone", "civilite", "prenom", "nom", "ville", "code_postal", "date_naissance", "magasin",
    }
)  # fmt: skip

Value = str | Decimal | date | bool


def definitions(client_id: UUID) -> list[Attribute]:
    """The client's own fields, in the order of their labels."""
    return list(Attribute.objects.filter(client_id=client_id).order_by("label", "name"))


def values_of(client_id: UUID, contacts: Sequence[UUID]) -> dict[UUID, dict[str, Value]]:
    """Values of some contacts by the name of the field, the sealed ones opened."""
    keys, found = keys_for(client_id), dict[UUID, dict[str, Value]]()
    for row in ContactAttribute.objects.filter(client_id=client_id, contact_id__in=list(contacts)):
        value: Any = next((v for v in (row.text, row.number, row.date, row.bool) if v is not None), None)
        if row.sealed is not None:
            place = storage.sealed_column(row.name)
            value = _typed(row.kind, keys.unseal(storage.TABLE, place, row.contact_id, bytes(row.sealed)))
        if value is not None:
            found.setdefault(row.contact_id, {})[row.name] = value
    return found


def _typed(kind: str, text: str) -> Value:
    """A sealed value as what it is; one that does not fit any more stays text."""
    try:
        if kind == Attribute.Kind.NUMBER:
            return Decimal(text)
        return date.fromisoformat(text) if kind == Attribute.Kind.DATE else text
    except (InvalidOperation, ValueError):
        return text


def write(client_id: UUID, contact_id: UUID, values: Mapping[str, Value | None]) -> None:
    """Set fields of one contact; None takes the value away. Inside the transaction that moves its `updated_at`."""
    if not values:
        return
    known = {each.name: (each.kind, each.private) for each in definitions(client_id)}
    given = {name: value for name, value in values.items() if value is not None and name in known}
    gone = [name for name, value in values.items() if value is None]
    ContactAttribute.objects.filter(client_id=client_id, contact_id=contact_id, name__in=gone).delete()
    storage.write(cursor(), client_id, keys_for(client_id), known, [(contact_id.bytes, given)])


def create(
    *, client_id: UUID, label: str, kind: str, private: bool, actor: str, choices: Iterable[str] = ()
) -> Attribute:
    """A new field; `choices` are the values of a field of kind choice.

    Raises: Refused field_label, field_taken, field_limit, choice_unknown, choices_missing, choices_wrong.
    """
    label = _label(label)
    name = attribute_name(label)
    if kind not in Attribute.Kind.values or (private and kind in NEVER_SEALED):
        raise Refused("choice_unknown")
    listed = _choices(choices) if kind == Attribute.Kind.CHOICE else []
    with transaction.atomic():
        ledger.lock(cursor(), client_id)
        rows = Attribute.objects.filter(client_id=client_id)
        if not name or name in TAKEN_WORDS or rows.filter(name=name).exists():
            raise Refused("field_taken" if name else "field_label", 409)
        if rows.count() >= MAX_FIELDS:
            raise Refused("field_limit", limit=MAX_FIELDS)
        if ContactAttribute.objects.filter(client_id=client_id, name=name).exists():
            raise Refused("field_going", 409)  # values of a field of this name that was deleted are still being removed
        field = Attribute.objects.create(
            client_id=client_id, name=name, label=label, kind=kind, private=private, choices=listed
        )
        audit.append(client_id, "field.created", actor, {"field": field.id})
    return field


def rename(*, client_id: UUID, field_id: UUID, label: str, actor: str) -> None:
    """Another label; the name that messages and segments use stays. Raises: Refused field_label, not_found."""
    label = _label(label)
    with transaction.atomic():
        if not Attribute.objects.filter(client_id=client_id, id=field_id).update(label=label):
            raise Refused("not_found", 404)
        audit.append(client_id, "field.renamed", actor, {"field": field_id})


def offer(*, client_id: UUID, field_id: UUID, choices: Iterable[str], actor: str) -> None:
    """Other values of a field of kind choice, in their order; one that contacts have cannot go.

    Raises: Refused not_found, choices_missing, choices_wrong, choices_used (with the values).
    """
    listed = _choices(choices)
    with transaction.atomic():
        ledger.lock(cursor(), client_id)
        field = Attribute.objects.filter(client_id=client_id, id=field_id, kind=Attribute.Kind.CHOICE).first()
        if field is None:
            raise Refused("not_found", 404)
        rows = ContactAttribute.objects.filter(client_id=client_id, name=field.name)
        if used := [gone for gone in field.choices if gone not in listed and rows.filter(text=gone).exists()]:
            raise Refused("choices_used", 409, values=", ".join(used[:5]))
        if listed != field.choices:
            Attribute.objects.filter(client_id=client_id, id=field_id).update(choices=listed)
            audit.append(client_id, "field.choices_changed", actor, {"field": field_id})


def used(client_id: UUID, name: str) -> int:
    """How many contacts have a value, counted up to COUNTED."""
    return ContactAttribute.objects.filter(client_id=client_id, name=name)[: COUNTED + 1].count()


def delete(*, client_id: UUID, field_id: UUID, actor: str) -> None:
    """Remove a field and its values, many by a job. Raises: Refused not_found, field_used (by segments)."""
    from sofy.audience.tasks import purge_field

    with transaction.atomic():
        ledger.lock(cursor(), client_id)
        field = Attribute.objects.filter(client_id=client_id, id=field_id).first()
        if field is None:
            raise Refused("not_found", 404)
        if names := _segments_with(client_id, field.name):
            raise Refused("field_used", 409, names=", ".join(names))
        many = used(client_id, field.name) > AT_ONCE
        field.delete()
        audit.append(client_id, "field.deleted", actor, {"field": field_id})
        if many:
            defer(purge_field, client_id, name=field.name)
        else:
            ContactAttribute.objects.filter(client_id=client_id, name=field.name).delete()


def purge(*, client_id: UUID, name: str) -> None:
    """What the job does: remove the values of a field that is no more, in batches."""
    while True:
        with client_scope(client_id):
            ledger.lock(cursor(), client_id)
            if Attribute.objects.filter(client_id=client_id, name=name).exists():
                return  # an import brought the field back meanwhile
            rows = ContactAttribute.objects.filter(client_id=client_id, name=name)
            ids = list(rows.values_list("contact_id", flat=True)[:BATCH])
            if not ids:
                return
            rows.filter(contact_id__in=ids).delete()


def _label(label: str) -> str:
    label = one_line(label)
    if not label or len(label) > 120 or "\0" in label:
        raise Refused("field_label")
    return label


def _choices(given: Iterable[str]) -> list[str]:
    """Values without repeats, whatever their case and accents: a file is read without them."""
    listed = {fold(text): text for each in given if (text := one_line(each))}
    if not listed:
        raise Refused("choices_missing")
    if len(listed) > MAX_CHOICES or any(len(each) > CHOICE_MAX or "\0" in each for each in listed.values()):
        raise Refused("choices_wrong", limit=MAX_CHOICES, length=CHOICE_MAX)
    return list(listed.values())


def _segments_with(client_id: UUID, name: str) -> list[str]:
    rows = Segment.objects.filter(client_id=client_id, deleted_at=None, kind=Segment.Kind.DYNAMIC)
    return [row.name for row in rows.order_by("name") if _asks(row.tree, name)][:5]


def _asks(node: Any, name: str) -> bool:
    """Whether a stored tree has a condition on a field."""
    if isinstance(node, dict):
        return (node.get("is") == tree.HasAttribute.__struct_config__.tag and node.get("name") == name) or any(
            _asks(each, name) for each in node.values()
        )
    return isinstance(node, list) and any(_asks(each, name) for each in node)
