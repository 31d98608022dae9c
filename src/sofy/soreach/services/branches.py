"""The channels of a campaign before its launch: what each says, whom it reaches, and what it costs."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from sofy.audience.segments.reach import Channel, reach_counts
from sofy.clients.models import Client
from sofy.clients.services import hours_policy
from sofy.kernel import clock
from sofy.kernel.channels import may_follow
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kernel.money import line_amount
from sofy.messaging import queries as messaging
from sofy.soreach import people, rules
from sofy.soreach.content import Content
from sofy.soreach.models import Campaign
from sofy.soreach.rich import Rich, compile_rich
from sofy.soreach.rules import Check
from sofy.soreach.services import ladders

if TYPE_CHECKING:
    from sofy.soreach.services.estimate import Estimate


def compiled(campaign: Campaign, channel: str) -> dict[str, Rich]:
    """Label -> what a variant says on a channel other than SMS. Raises: Refused, as compile_rich."""
    known = people.field_kinds(campaign.client_id)
    return {
        variant.label: compile_rich(
            campaign.client_id, channel, variant.others.get(channel, {}), fields=known, plain=campaign.plain_fields
        )
        for variant in campaign.variants.all()
    }


def estimate(campaign: Campaign, contents: Mapping[str, Content], counts: dict[str, int]) -> "Estimate":
    """People, parts and cost of each channel. Everybody gets one of them: the dearest is the most it costs."""
    from sofy.soreach.services import estimate as estimates

    prices, reachable = ladders.prices_eur(campaign), counts.get("reachable", 0)
    parts, looked = 1.0, []
    if contents and reachable:
        members = estimates.sample(campaign, frozenset().union(*(made.variables for made in contents.values())))
        takes, weights = estimates.alphabets(campaign), estimates.shares(campaign)
        found = {label: estimates.look(made, members, takes) for label, made in contents.items()}
        parts = sum(weights[label] * one.mean for label, one in found.items())
        looked = [count for one in found.values() for count in one.parts.values()]
    made = []
    for channel in campaign.channels:
        reached = _reached(campaign, channel) if len(campaign.consents) > 1 else reachable
        needed = round(reached * parts) if channel == "sms" else reached
        made.append(
            estimates.Branch(
                channel, reached, needed, line_amount(needed, prices[channel]), _capable(campaign, channel)
            )
        )
    per_person = [each.cost_eur / each.people for each in made if each.people]
    dearest, cheapest = max(per_person, default=Decimal(0)), min(per_person, default=Decimal(0))
    return estimates.Estimate(
        reachable=reachable,
        reach=counts,
        sampled=len(looked),
        fewest_parts=min([1, *looked]) if "sms" not in campaign.channels[:1] else min(looked, default=0),
        most_parts=max([1, *looked]),
        parts=max((each.parts for each in made), default=0),
        cost_eur=_cents(dearest * reachable),
        least_eur=_cents(cheapest * reachable),
        branches=made,
    )


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"))


def _reached(campaign: Campaign, channel: str) -> int:
    consent: Channel = "email" if channel == "email" else "whatsapp" if channel == "whatsapp" else "sms"
    found = reach_counts(
        campaign.client_id, campaign.segment_ids, campaign.excluded_segment_ids, channels=(consent,),
        seen_by=campaign.seen_by,
    )  # fmt: skip
    return found["reachable"]


def _capable(campaign: Campaign, channel: str) -> people.Capable | None:
    """What is known of the phones, for the channel that not every phone has."""
    offer = messaging.channel_offers(campaign.client_id).get(channel) if channel == "rcs" else None
    if offer is None or not offer.short_code or not campaign.segment_ids:
        return None
    return people.capable(campaign, offer.short_code)


@clause("CGVU 13", "CGVU 14.1", "DPA 9")
def look(client: Client, campaign: Campaign) -> list[Check]:
    """What stops a launch on the channels beside SMS, and what happens on each."""
    off = messaging.channels_off(campaign.client_id)
    found = [Check(f"channel_off_{name}", "stop", {}, "DPA 9") for name in campaign.channels if name in off]
    if not may_follow("marketing", campaign.channels):
        found.append(Check("whatsapp_last", "stop", {}, "CGVU 14.1"))
    offers = messaging.channel_offers(campaign.client_id)
    for place, step in enumerate(campaign.ladder):
        channel = step["channel"]
        if place < len(campaign.ladder) - 1:
            then = campaign.ladder[place + 1]["channel"]
            found.append(Check(f"then_{then}", "ok", {"hours": step["after_s"] // 3600}))
        if channel == "sms" or channel in off:
            continue
        offer = offers.get(channel)
        if offer is None:
            found.append(Check(f"channel_missing_{channel}", "stop"))
            continue
        if not offer.sender or offer.sender != step["sender"]:
            found.append(Check(f"channel_sender_{channel}", "stop", {"sender": offer.sender}, "CGVU 13"))
        if Decimal(step["price_eur"]) != offer.price_eur:
            found.append(Check(f"channel_price_{channel}", "stop"))
        if offer.state != "active":
            found.append(Check(f"channel_paused_{channel}", "warn"))
        found += _said(campaign, channel)
    return found + _at_night(client, campaign)


@clause("CGVU 14.1")
def _at_night(client: Client, campaign: Campaign) -> list[Check]:
    """Until when WhatsApp may deliver what leaves last: nothing of it can be called back."""
    if "whatsapp" not in campaign.channels:
        return []
    starts_at = clock.now() if campaign.timing == Campaign.Timing.NOW else campaign.starts_at or clock.now()
    before_s = sum(step["after_s"] for step in campaign.ladder)
    last = rules.whatsapp_leaves_last(starts_at, campaign.spread_hours * 3_600 + before_s, hours_policy(client))
    until = rules.whatsapp_at_night(last)
    return [Check("whatsapp_at_night", "warn", {"at": last, "until": until}, "CGVU 14.1")] if until else []


@clause("CGVU 14.1")
def _said(campaign: Campaign, channel: str) -> list[Check]:
    try:
        contents = compiled(campaign, channel)
    except Refused as refused:
        return [Check(refused.code, "stop", refused.facts)]
    lacking = [label for label, made in contents.items() if not made.says_how_to_stop]
    level = "stop" if lacking else "ok"
    code = f"stop_{'missing' if lacking else 'said'}_{channel}"
    return [Check(code, level, {"variants": ", ".join(lacking)}, "CGVU 14.1")]
