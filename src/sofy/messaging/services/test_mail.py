"""An e-mail that whoever writes it sends to themselves: it leaves as a campaign would, signed and made alike."""

from datetime import datetime, time
from typing import Final
from uuid import UUID

from django.db import connection

from sofy.audience.services import trying
from sofy.clients.models import Client, State
from sofy.clients.services import hours_policy
from sofy.engine import intake
from sofy.engine.intake import MessageIn
from sofy.kernel import channels, clock, hours
from sofy.kernel.clauses import clause
from sofy.kernel.content import Content
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.keys import keys_for
from sofy.messaging import queries

#: Of one person: more would be sending without a launch.
MOST_A_DAY: Final = 20


@clause("CGVU 14.1", "CGVU 17")
def send(client: Client, content: Content, *, purpose: str, to: str, actor: str) -> bool:
    """Hand an e-mail to the engine for its own author; answers whether it may leave now or waits for the hours.

    Asking for it is the author's consent, which the ledger records; one who said no gets nothing.
    Raises: Refused test_mail_suspended, test_mail_route, test_mail_sender, test_mail_opposed, test_mail_most.
    """
    if client.state == State.SUSPENDED:
        raise Refused("test_mail_suspended", 409)
    offer = queries.channel_offers(client.pk, purpose).get("email")
    if offer is None:
        raise Refused("test_mail_route")
    if not offer.sender:
        raise Refused("test_mail_sender")
    keys, to = keys_for(client.pk), to.strip().lower()
    index = keys.index(channels.identity(to), to)
    _within_a_day(client.pk, actor)
    if purpose == "marketing":
        _agreed(client.pk, index, actor)
    message = MessageIn(
        purpose=purpose, channel="email", to=to, text=content.text, content=content, sender=offer.sender,
        recipient_index=index, unit_price_eur=offer.price_eur, reference=_reference(actor),
    )  # fmt: skip
    intake.submit(connection.connection, client.pk, [message], keys=keys)
    audit.append(client.pk, "template.tested", actor, {"channel": "email"})
    return purpose != "marketing" or hours.decide(clock.now(), channels.zones(to), hours_policy(client)).open


def _agreed(client_id: UUID, index: bytes, actor: str) -> None:
    try:
        trying.permit(client_id, "email", [index], actor=actor, asked=True)
    except Refused:
        raise Refused("test_mail_opposed", 409) from None


def _reference(actor: str) -> str:
    return f"test {actor}"


def _within_a_day(client_id: UUID, actor: str) -> None:
    today = datetime.combine(clock.now().astimezone(clock.PARIS), time(), clock.PARIS)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM engine_message WHERE client_id = %s AND reference = %s AND created_at >= %s",
            [client_id, _reference(actor), today],
        )
        if cursor.fetchone()[0] >= MOST_A_DAY:
            raise Refused("test_mail_most", 409, most=MOST_A_DAY)
