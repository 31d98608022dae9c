"""The address of an e-mail where its reader says no."""

from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from sofy.audience.services import saying_no
from sofy.clients.models import Client
from sofy.engine.db import sql
from sofy.kernel import channels, clock, opt_out
from sofy.kernel.clauses import clause
from sofy.kit import outbox
from sofy.kit.keys import keystore
from sofy.kit.rls import client_scope

CHANNEL = "email"


class Offer(NamedTuple):
    """Whose mails somebody may refuse."""

    client_id: UUID
    client_name: str
    recipient_index: bytes
    message_id: UUID


def find(token: str) -> Offer | None:
    """What the address of a mail is about; None when nobody here made it, or its message is long gone."""
    origin = opt_out.read(keystore().entity(opt_out.KEY), token)
    if origin is None:
        return None
    with client_scope(origin.client_id), connection.cursor() as cursor:
        client = Client.objects.filter(pk=origin.client_id).first()
        cursor.execute(
            "SELECT recipient_index FROM engine_state WHERE client_id = %s AND message_id = %s",
            [origin.client_id, origin.message_id],
        )
        row = cursor.fetchone()
    return (
        Offer(client.pk, client.name, bytes(row[0]), origin.message_id)
        if client is not None and row is not None
        else None
    )


@clause("CGVU 17")
def say_no(offer: Offer) -> bool:
    """In one transaction: the ledger, the gate, and the end of what waits for this person; says whether it is news.

    The rooms above hear which mail it was ("email.unsubscribed").
    """
    with client_scope(offer.client_id):
        news = saying_no.oppose(
            client_id=offer.client_id, identity_index=offer.recipient_index, channel=CHANNEL, source="unsubscribe"
        )
        values: dict[str, Any] = {
            "client": offer.client_id, "recipient": offer.recipient_index, "now": clock.now(),
            "lanes": [channels.lane("marketing", CHANNEL)],
        }  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(sql("cancel_waiting"), values)
        if news:
            outbox.publish("email.unsubscribed", offer.client_id, message_id=offer.message_id)
    return news
