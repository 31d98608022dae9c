"""Try a content on a few chosen phones before it goes to everybody."""

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.db import connection

from sofy.clients.models import Client
from sofy.engine import intake, permissions
from sofy.engine.intake import MessageIn
from sofy.engine.permissions import Permission
from sofy.kernel import clock, phone
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.keys import keys_for
from sofy.soreach import content, rules
from sofy.soreach.content import Content, MissingValue
from sofy.soreach.models import Campaign, TestSend, Variant
from sofy.soreach.people import Member
from sofy.soreach.services import estimate

MOST_NUMBERS = 5


@clause("CGVU 14.1", "CGVU 17")
def send_test(
    client: Client, campaign: Campaign, *, variant: str, numbers: Sequence[str], as_contact: int, actor: str
) -> list[UUID]:
    """Send one variant, as one of the real recipients would read it, to numbers whose owners asked for it.

    A number that said STOP to the client receives nothing, tests included. Answers the ids of the messages.
    Raises: Refused test_numbers, number_invalid, number_opposed, stop_mention_missing, route_missing,
    test_value_missing, or what compile_content refuses.
    """
    text = _text(campaign, variant, as_contact)
    keys = keys_for(client.id)
    wanted = [_number(raw) for raw in numbers if raw.strip()]
    if not 1 <= len(wanted) <= MOST_NUMBERS:
        raise Refused("test_numbers", most=MOST_NUMBERS)
    indexes = {number: keys.index("phone", number) for number in wanted}
    _permit(client.id, list(indexes.values()))
    messages = [
        MessageIn(
            purpose="marketing",
            to=number,
            text=text,
            sender=campaign.sender,
            recipient_index=index,
            short_code=campaign.short_code,
            unit_price_eur=campaign.unit_price_eur,
            reference=f"test {campaign.id}",
        )
        for number, index in indexes.items()
    ]
    sent = intake.submit(connection.connection, client.id, messages, keys=keys)
    TestSend.objects.bulk_create(
        TestSend(client_id=client.id, campaign=campaign, variant=variant, message_id=message_id, author=actor)
        for message_id in sent
    )
    audit.append(client.id, "campaign.tested", actor, {"campaign": str(campaign.id), "messages": len(sent)})
    return sent


def _text(campaign: Campaign, label: str, as_contact: int) -> str:
    if not campaign.short_code:
        raise Refused("route_missing")
    variant = Variant.objects.filter(campaign=campaign, client_id=campaign.client_id, label=label).first()
    made = estimate.compiled(campaign).get(label) if variant else None
    if made is None:
        raise Refused("not_found", 404)
    if rules.lacks_stop_mention(made.fixed, campaign.short_code):
        raise Refused("stop_mention_missing", variants=label, short_code=campaign.short_code)
    return _as_somebody(campaign, made, as_contact)


def _as_somebody(campaign: Campaign, made: Content, as_contact: int) -> str:
    members = estimate.sample(campaign, made.variables, limit=max(1, as_contact + 1))
    nobody = Member(UUID(int=0), "reachable", b"", "", None, None, {})
    member = members[min(as_contact, len(members) - 1)] if members else nobody
    links = made.links or content.sample_links(settings.BASE_URL, 0)
    try:
        return made.render(member.values, links)  # the real addresses: a test has nobody's clicks to count
    except MissingValue as hole:
        raise Refused("test_value_missing", field=hole.field) from hole


def _number(raw: str) -> str:
    parsed = phone.parse(raw, fictional=settings.SOFY.fictional_numbers)
    if not isinstance(parsed, phone.Number) or parsed.kind != "mobile":
        raise Refused("number_invalid", number=raw.strip()[:4] + "…")
    return parsed.e164


def _permit(client_id: UUID, indexes: list[bytes]) -> None:
    """Note that these people asked for this message, unless they said no before."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT recipient_index, state FROM gate_permission WHERE client_id = %s AND recipient_index = ANY(%s)"
            " AND channel IN ('sms', 'all') AND purpose IN ('marketing', 'all')",
            [client_id, indexes],
        )
        known = {bytes(index): state for index, state in cursor.fetchall()}
    if any(state != "granted" for state in known.values()):
        raise Refused("number_opposed", 409)
    fresh = [Permission(index, "sms", "marketing", "granted", clock.now()) for index in indexes if index not in known]
    permissions.write_permissions(connection.connection, client_id, fresh)
