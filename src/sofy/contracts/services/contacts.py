"""Whom the operator writes to at a client: the client says so itself."""

from uuid import UUID

from sofy.contracts.models import Contact
from sofy.kernel import clock
from sofy.kit import audit


def keep(client_id: UUID, kind: str, *, name: str, email: str, phone: str, actor: str) -> Contact:
    """Name somebody for a matter, in place of whoever it was; inside the client's scope."""
    row = Contact.objects.filter(client_id=client_id, kind=kind).first() or Contact(client_id=client_id, kind=kind)
    row.name, row.email, row.phone, row.changed_at, row.actor = name, email, phone, clock.now(), actor
    row.save()
    audit.append(client_id, "contact.named", actor, {"matter": kind})
    return row
