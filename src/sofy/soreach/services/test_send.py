"""Try a content on a few chosen phones before it goes to everybody."""

from collections.abc import Sequence
from datetime import datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from sofy.audience.imports import values as read
from sofy.audience.services import trying
from sofy.clients.models import Client, State
from sofy.engine import intake
from sofy.engine.intake import MessageIn
from sofy.engine.rungs import Rung
from sofy.kernel import channels, clock, ids, phone
from sofy.kernel.clauses import clause
from sofy.kernel.crypto import ClientKeys
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.keys import keys_for
from sofy.soreach import links, rules
from sofy.soreach.content import MissingValue
from sofy.soreach.models import Campaign, TestSend, Variant
from sofy.soreach.services import branches, drafts, estimate, ladders, plan

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
    channel: str = "",
) -> list[UUID]:
    """Send one variant on one of its channels, the first one unless said otherwise, as one of the recipients of the
    preview would read it, to numbers (by e-mail, to addresses) whose owners asked for it.

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
    way, link_rows = _way(campaign, channel or campaign.channels[0], variant, as_contact, keys)
    wanted = [_address(raw) if way.channel == "email" else _number(raw) for raw in numbers if raw.strip()]
    if not 1 <= len(wanted) <= MOST_NUMBERS:
        raise Refused("test_numbers", most=MOST_NUMBERS)
    indexes = {number: keys.index(channels.identity(number), number) for number in wanted}
    _within_a_day(campaign, len(indexes))
    limited = client.viewer_establishments is not None
    permission = channels.TRAITS[way.channel].permission
    trying.permit(client.id, permission, list(indexes.values()), actor=actor, asked=asked, limited=limited)
    links.store(client.id, campaign.id, link_rows)
    messages = [
        MessageIn(
            purpose="marketing",
            channel=way.channel,
            to=number,
            text=way.text,
            content=way.content,
            sender=way.sender,
            recipient_index=index,
            short_code=way.short_code,
            unit_price_eur=way.unit_price_eur,
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


def _way(campaign: Campaign, channel: str, label: str, as_contact: int, keys: ClientKeys) -> tuple[Rung, LinkRows]:
    """What is sent on a channel, and the short links in it."""
    step = next((each for each in ladders.steps(campaign) if each["channel"] == channel), None)
    if channel == "sms" and channel in campaign.channels:
        text, rows = _text(campaign, label, as_contact, keys)
        return Rung(
            channel="sms", to="", sender=campaign.sender, text=text, short_code=campaign.short_code,
            unit_price_eur=campaign.unit_price_eur,
        ), rows  # fmt: skip
    made = branches.compiled(campaign, channel).get(label) if step else None
    if made is None or step is None:
        raise Refused("not_found", 404)
    if not made.says_how_to_stop:
        raise Refused(f"stop_missing_{channel}", variants=label)
    if not step["sender"]:
        raise Refused(f"channel_sender_{channel}", sender="")
    said, rows = _rendered(campaign, channel, label, made, as_contact, keys)
    return Rung(
        channel=channel, to="", sender=step["sender"], text=said.text, content=said,
        short_code=step["short_code"] or None, unit_price_eur=Decimal(step["price_eur"]),
    ), rows  # fmt: skip


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
    return _rendered(campaign, "sms", label, made, as_contact, keys)


def _rendered(
    campaign: Campaign, channel: str, label: str, made: Any, as_contact: int, keys: ClientKeys
) -> tuple[Any, LinkRows]:
    """A content as one of the people of the preview would get it, with links that are nobody's."""
    tracked = plan.tracked(campaign, label, channel, made.links)
    rows: LinkRows = [(links.code_of(keys, link, ids.uuid7()), link, None) for link in tracked]
    members = estimate.shown(campaign, made.variables)
    values = members[min(as_contact, len(members) - 1)].values if members else {}
    try:
        return made.render(values, [links.base() + code for code, _link, _nobody in rows]), rows
    except MissingValue as hole:
        raise Refused("test_value_missing", field=hole.field) from hole


def _address(raw: str) -> str:
    found = read.email(raw.strip())
    if found is None:
        raise Refused("address_invalid")
    return found


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
