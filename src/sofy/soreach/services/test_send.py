"""Try a content on a few chosen phones before it goes to everybody."""

from collections.abc import Sequence
from datetime import datetime, time
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from sofy.audience import ledger
from sofy.audience.arrays import cursor
from sofy.clients.models import Client, State
from sofy.engine import intake
from sofy.engine.intake import MessageIn
from sofy.kernel import clock, ids, phone
from sofy.kernel.clauses import clause
from sofy.kernel.crypto import ClientKeys
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.keys import keys_for
from sofy.soreach import links, rules
from sofy.soreach.content import MissingValue
from sofy.soreach.models import Campaign, TestSend, Variant
from sofy.soreach.services import drafts, estimate, plan

MOST_NUMBERS = 5
#: Of one campaign: a few phones for each variant, and again after changes. More would be sending without a launch.
MOST_A_DAY = 20


@clause("CGVU 11", "CGVU 14.1", "CGVU 17")
def send_test(
    client: Client,
    campaign: Campaign,
    *,
    variant: str,
    numbers: Sequence[str],
    as_contact: int,
    actor: str,
    asked: bool = False,
) -> list[UUID]:
    """Send one variant, as one of the recipients of the preview would read it, to numbers whose owners asked for it.

    Its short links lead where those of the recipients will; they are nobody's, so that their visits count nowhere.

    A test is marketing: it needs consent like any other. A number that has given none receives one only when the author
    declares that its owner asked (`asked`), which the consent ledger records; a number that said no receives nothing.
    Whoever works for some establishments only declares nothing for others: they try on numbers that agreed before.
    Answers the ids of the messages.
    Raises: Refused client_suspended, test_numbers, test_most_a_day, test_not_asked, test_not_agreed, number_invalid,
    number_opposed, stop_mention_missing, route_missing, test_value_missing, or what compile_content refuses.
    """
    if client.state == State.SUSPENDED:
        raise Refused("client_suspended", 409)
    keys = keys_for(client.id)
    text, link_rows = _text(campaign, variant, as_contact, keys)
    wanted = [_number(raw) for raw in numbers if raw.strip()]
    if not 1 <= len(wanted) <= MOST_NUMBERS:
        raise Refused("test_numbers", most=MOST_NUMBERS)
    indexes = {number: keys.index("phone", number) for number in wanted}
    _within_a_day(campaign, len(indexes))
    limited = client.viewer_establishments is not None
    _permit(client.id, list(indexes.values()), actor=actor, asked=asked, limited=limited)
    links.store(client.id, campaign.id, link_rows)
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


LinkRows = list[tuple[str, UUID, UUID | None]]


def _text(campaign: Campaign, label: str, as_contact: int, keys: ClientKeys) -> tuple[str, LinkRows]:
    """What the phone will show, and the short links in it."""
    if not campaign.short_code:
        raise Refused("route_missing")
    variant = Variant.objects.filter(campaign=campaign, client_id=campaign.client_id, label=label).first()
    made = estimate.compiled(campaign).get(label) if variant else None
    if made is None:
        raise Refused("not_found", 404)
    if rules.lacks_stop_mention(made.fixed, campaign.short_code):
        raise Refused("stop_mention_missing", variants=label, short_code=campaign.short_code)
    rows: LinkRows = [
        (links.code_of(keys, link, ids.uuid7()), link, None)
        for link in plan.tracked(campaign, label, "sms", made.links)
    ]
    members = estimate.shown(campaign, made.variables)
    values = members[min(as_contact, len(members) - 1)].values if members else {}
    try:
        return made.render(values, [plan.link_base() + code for code, _link, _nobody in rows]), rows
    except MissingValue as hole:
        raise Refused("test_value_missing", field=hole.field) from hole


def _number(raw: str) -> str:
    parsed = phone.parse(raw, fictional=settings.SOFY.fictional_numbers)
    if not isinstance(parsed, phone.Number) or parsed.kind != "mobile":
        raise Refused("number_invalid", number=raw.strip()[:4] + "…")
    return parsed.e164


def _within_a_day(campaign: Campaign, wanted: int) -> None:
    """Refuse what is beyond the tests of one day in Paris; those of a campaign are counted one after the other."""
    drafts.lock(campaign.id, campaign.client_id)
    today = datetime.combine(clock.now().astimezone(clock.PARIS), time(), clock.PARIS)
    sent = TestSend.objects.filter(client_id=campaign.client_id, campaign=campaign, at__gte=today).count()
    if sent + wanted > MOST_A_DAY:
        raise Refused("test_most_a_day", 409, most=MOST_A_DAY, sent=sent)


def _permit(client_id: UUID, indexes: list[bytes], *, actor: str, asked: bool, limited: bool) -> None:
    """Record that the owners of these numbers asked for this message, unless they agreed or refused before."""
    with transaction.atomic():
        cur = cursor()
        ledger.lock(cur, client_id)
        known = ledger.known(cur, client_id, indexes)
        states = {index: known.state((index, "sms", "marketing")) for index in indexes}
        if "withdrawn" in states.values() or "opposed" in states.values():
            raise Refused("number_opposed", 409)
        fresh = [index for index, state in states.items() if state != "granted"]
        if fresh and limited:
            raise Refused("test_not_agreed", 403)
        if fresh and not asked:
            raise Refused("test_not_asked")
        now = clock.now()
        events = [
            ledger.Event(index, "sms", "marketing", "granted", now, "screen", detail="test send", actor=actor)
            for index in fresh
        ]
        ledger.append(cur, client_id, events, now=now)
