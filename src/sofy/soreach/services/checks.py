"""Everything that is looked at before a launch, each line with its article and what to do."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
from django.db import connection

from sofy.clients.models import Client
from sofy.kernel import clock, hours
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kernel.senders import check_sender
from sofy.messaging import queries as messaging
from sofy.soreach import rules, sampling
from sofy.soreach.content import Content
from sofy.soreach.models import Campaign
from sofy.soreach.rules import Check
from sofy.soreach.services import branches, caps
from sofy.soreach.services import estimate as estimates
from sofy.soreach.services.estimate import Estimate

RECENT = timedelta(days=3)
MOST_RECENT = 5


def run_checks(client: Client, campaign: Campaign) -> tuple[list[Check], Estimate]:
    """Look at a campaign as it is now; `rules.may_launch` says whether the checks let it go."""
    contents, problems = _contents(campaign)
    try:
        estimate = estimates.estimate(campaign, contents)
    except Refused as gone:  # a segment that no longer exists, or no longer means anything
        return [Check("segments_unusable", "stop", {"code": gone.code}), *problems], Estimate(0, {}, 0)
    checks = [
        *_audience(campaign, estimate),
        *problems,
        *(_by_sms(campaign, contents) if "sms" in campaign.channels else ()),
        *branches.look(client, campaign),
        *_values(estimate),
        *_money(client, campaign, estimate),
        *_time(client, campaign),
        *_recent(campaign, contents),
        *_caps(campaign),
        *_client(client),
        _editorial(campaign),
    ]
    return checks, estimate


def _by_sms(campaign: Campaign, contents: dict[str, Content]) -> list[Check]:
    return [*_mention(campaign, contents), *_sender(campaign), *_route(campaign)]


def _contents(campaign: Campaign) -> tuple[dict[str, Content], list[Check]]:
    try:
        return estimates.compiled(campaign), []
    except Refused as refused:
        return {}, [Check(refused.code, "stop", refused.facts)]


@clause("CGVU 17")
def _audience(campaign: Campaign, estimate: Estimate) -> list[Check]:
    if not campaign.segment_ids:
        return [Check("no_segment", "stop")]
    if not estimate.reachable:
        code = "nobody_reachable" if campaign.channels == ["sms"] else "nobody_reachable_there"
        return [Check(code, "stop", estimate.reach, "CGVU 17")]
    left_out = sum(estimate.reach.values()) - estimate.reachable
    return [Check("consent", "ok", {"reachable": estimate.reachable, "left_out": left_out}, "CGVU 17")]


@clause("CGVU 14.1")
def _mention(campaign: Campaign, contents: dict[str, Content]) -> list[Check]:
    """The mention STOP SMS, in what everybody receives of every variant: without it there is no launch."""
    if not campaign.short_code:
        return []  # said by the check of the route
    lacking = [label for label, made in contents.items() if rules.lacks_stop_mention(made.fixed, campaign.short_code)]
    facts = {"variants": ", ".join(lacking), "short_code": campaign.short_code}
    if lacking:
        return [Check("stop_mention_missing", "stop", facts, "CGVU 14.1")]
    return [Check("stop_mention", "ok", facts, "CGVU 14.1")] if contents else []


@clause("CGVU 13")
def _sender(campaign: Campaign) -> list[Check]:
    names = {sender.name for sender in messaging.active_senders(campaign.client_id)}
    problem = check_sender(campaign.sender, "marketing")
    if problem is None and campaign.sender not in names | {campaign.short_code}:
        problem = "sender_unknown"
    if problem:
        return [Check(problem, "stop", {"sender": campaign.sender}, "CGVU 13")]
    return [Check("sender", "ok", {"sender": campaign.sender}, "CGVU 13")]


def _route(campaign: Campaign) -> list[Check]:
    offer = messaging.route_offer(campaign.route_id)
    if offer is None:
        return [Check("route_missing", "stop")]
    if not offer.short_code:
        return [Check("route_without_short_code", "stop", {"route": offer.name}, "CGVU 14.1")]
    if offer.short_code != campaign.short_code:
        return [Check("route_changed", "stop", {"route": offer.name, "short_code": offer.short_code})]
    if offer.state != "active":
        return [Check("route_paused", "warn", {"route": offer.name})]
    return []


def _values(estimate: Estimate) -> list[Check]:
    """Who will be left out because of what is written about them, and why: nobody is left out unsaid."""
    found = [
        Check(
            "missing_value" if one.exact else "missing_value_about", "warn", {"field": one.field, "count": one.people}
        )
        for one in estimate.missing
    ]
    if estimate.too_long:
        found.append(Check("text_too_long", "warn", {"count": estimate.too_long}))
    return found


def _money(client: Client, campaign: Campaign, estimate: Estimate) -> list[Check]:
    facts: dict[str, Any] = {"parts": estimate.parts, "cost_eur": estimate.cost_eur, "most_parts": estimate.most_parts}
    if campaign.budget_eur is not None and estimate.cost_eur > campaign.budget_eur:
        return [Check("over_campaign_budget", "stop", facts | {"budget_eur": campaign.budget_eur})]
    left = _budget_left(client)
    if left is not None and estimate.cost_eur > left:
        return [Check("over_client_budget", "stop", facts | {"budget_eur": max(Decimal(0), left)})]
    if estimate.branches and estimate.parts and estimate.least_eur == estimate.cost_eur:
        return [Check("cost_about", "ok", facts)]
    if estimate.branches and estimate.parts:
        return [Check("cost_between", "ok", facts | {"least_eur": estimate.least_eur})]
    return [Check("cost", "ok", facts)] if estimate.parts else []


def _budget_left(client: Client) -> Decimal | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT budget_eur - spent_eur FROM gate_client WHERE client_id = %s", [client.id])
        row = cursor.fetchone()
    left = row[0] if row else client.budget_eur
    return None if left is None else Decimal(left).quantize(Decimal("0.01"))


def policy_of(client: Client) -> hours.HoursPolicy:
    """The hours of a client; those of the contract when it tightened nothing."""
    return msgspec.convert(client.hours, hours.HoursPolicy) if client.hours else hours.CONTRACT_HOURS


@clause("CGVU 14.1")
def _time(client: Client, campaign: Campaign) -> list[Check]:
    """When the first messages may leave, and the earliest moment when it is not now."""
    if campaign.timing != Campaign.Timing.NOW and campaign.starts_at is None:
        return [Check("no_date", "stop")]
    now = clock.now()
    starts_at = now if campaign.timing == Campaign.Timing.NOW else campaign.starts_at or now
    if starts_at < now - timedelta(minutes=5):
        return [Check("date_in_the_past", "stop", {"at": starts_at})]
    window = hours.decide(max(starts_at, now), ("Europe/Paris",), policy_of(client))
    if not window.open:
        return [Check("outside_hours", "warn", {"at": starts_at, "opens_at": window.until}, "CGVU 14.1")]
    return [Check("hours", "ok", {"at": starts_at, "closes_at": window.until}, "CGVU 14.1")]


def _recent(campaign: Campaign, contents: dict[str, Content]) -> list[Check]:
    """The same text, or the same people by the ledger, a few days ago."""
    since = clock.now() - RECENT
    sources = {made.source for made in contents.values()}
    others = Campaign.objects.filter(client_id=campaign.client_id).exclude(id=campaign.id)
    found = [
        _same_text(other)
        for other in others.filter(launched_at__gte=since).order_by("-launched_at").prefetch_related("variants")
        if sources & {variant.source for variant in other.variants.all()}
    ]
    written_to = sampling.written_to(campaign, since)
    for other in others.filter(id__in=written_to).order_by("-launched_at"):
        facts = {"name": other.name, "at": other.launched_at, "count": written_to[other.id], "days": RECENT.days}
        found.append(Check("same_people_recently", "warn", facts))
    return found[:MOST_RECENT]


def _same_text(other: Campaign) -> Check:
    """A campaign has its date from the moment its messages may leave, not from the click."""
    at = other.schedule.starts_at
    return Check(
        "same_text_planned" if at > clock.now() else "same_text_recently", "warn", {"name": other.name, "at": at}
    )


def _caps(campaign: Campaign) -> list[Check]:
    found = caps.of_campaign(campaign)
    return [Check("cap", "ok", {"messages": cap.messages, "days": cap.days}) for cap in found] or [
        Check("no_cap", "ok")
    ]


@clause("CGVU 11")
def _client(client: Client) -> list[Check]:
    return [Check("client_suspended", "stop", {}, "CGVU 11")] if client.state == "suspended" else []


@clause("CGVU 12")
def _editorial(campaign: Campaign) -> Check:
    """The author answers for the content; the answer is kept and decides nothing."""
    if not campaign.editorial:
        return Check("editorial_not_answered", "warn", {}, "CGVU 12")
    told = [topic for topic in rules.EDITORIAL_TOPICS if campaign.editorial.get(topic)]
    return Check("editorial_yes" if told else "editorial", "warn" if told else "ok", {}, "CGVU 12")


def stopping(checks: Sequence[Check]) -> list[dict[str, Any]]:
    """The checks that stop a launch, as they are kept and told."""
    return [
        {
            "code": check.code,
            "article": check.article,
            "facts": {name: str(value) for name, value in check.facts.items()},
        }
        for check in checks
        if check.level == "stop"
    ]
