"""Sender names of a client."""

from uuid import UUID

from django.db import transaction

from sofy.engine import permissions as gate
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kernel.senders import check_sender
from sofy.kit import audit
from sofy.kit.below import engine_connection
from sofy.messaging.models import Sender


@clause("CGVU 13")
def add_sender(client_id: UUID, *, name: str, actor: str) -> Sender:
    """Let campaigns and programs of a client show a name; the same name twice is the same sender.

    Raises: Refused, with the code of what is wrong with the name.
    """
    problem = check_sender(name, "marketing")
    if problem:
        raise Refused(problem, sender=name)
    with transaction.atomic():
        sender, created = Sender.objects.get_or_create(
            client_id=client_id, name=name, withdrawn_at=None, defaults={"created_by": actor}
        )
        if created:
            gate.write_sender(engine_connection(), client_id, name)
            audit.append(client_id, "sender.added", actor, {"sender": name})
    return sender


def withdraw_sender(client_id: UUID, sender_id: UUID, *, actor: str) -> None:
    """Take a name away; campaigns that use it are refused at their next check, programs at their next message.

    Raises: Refused not_found.
    """
    with transaction.atomic():
        sender = (
            Sender.objects.select_for_update(no_key=True)
            .filter(client_id=client_id, id=sender_id, withdrawn_at=None)
            .first()
        )
        if sender is None:
            raise Refused("not_found", 404)
        sender.withdrawn_at = clock.now()
        sender.save(update_fields=["withdrawn_at"])
        gate.drop_sender(engine_connection(), client_id, sender.name)
        audit.append(client_id, "sender.withdrawn", actor, {"sender": sender.name})
