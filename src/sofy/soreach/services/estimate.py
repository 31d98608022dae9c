"""What a campaign would look like and cost, from some of its real recipients."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection

from sofy.kernel import sms_text
from sofy.kernel.money import line_amount
from sofy.kit.keys import keys_for
from sofy.messaging import queries as messaging
from sofy.soreach import content, people
from sofy.soreach.content import Content
from sofy.soreach.models import Campaign
from sofy.soreach.people import Audience, Member
from sofy.soreach.services import caps

SAMPLE = 200


@dataclass(frozen=True)
class TextCount:
    """One text as the editor counts it: with the signs in `forcing` an SMS holds `alone` units, not `instead`."""

    encoding: str
    units: int
    parts: int
    per_part: int
    forcing: Sequence[str]
    alone: int = 0
    instead: int = 0
    transliterated: str = ""
    parts_saved: int = 0


@dataclass(frozen=True)
class Estimate:
    """Parts and cost of a whole campaign, judged by a sample of its recipients."""

    reachable: int
    reach: dict[str, int]
    sampled: int
    missing: dict[str, int] = field(default_factory=dict)
    too_long: int = 0
    fewest_parts: int = 0
    most_parts: int = 0
    parts: int = 0
    cost_eur: Decimal = Decimal(0)


def alphabets(campaign: Campaign) -> Collection[str]:
    """In which alphabets the routes of a campaign take its texts."""
    return messaging.alphabets("marketing", campaign.short_code or None)


def count_text(text: str, takes: Collection[str] = sms_text.USUAL) -> TextCount:
    """Count a text as routes that take these alphabets send it, and what plainer characters would save."""
    counted = sms_text.analyse(text, takes)
    forcing = list(dict.fromkeys(char for _, char in counted.forcing))
    _, without = sms_text.measure("".join(char for char in text if char not in forcing), takes)
    plainer = sms_text.transliterate(text) if forcing else text
    saved = counted.parts - sms_text.parts(plainer, takes) if plainer != text else 0
    return TextCount(
        counted.encoding,
        counted.units,
        counted.parts,
        counted.per_part,
        forcing,
        sms_text.LIMITS[counted.encoding][0],
        sms_text.LIMITS[without][0],
        plainer if saved > 0 else "",
        max(0, saved),
    )


def reach(campaign: Campaign) -> dict[str, int]:
    """State -> people of the audience that whoever looks may see, "capped" for those who have had their share.

    Nobody, when no segment is chosen.
    """
    if not campaign.segment_ids:
        return {}
    return people.reach(campaign, caps.capped_numbers(campaign))


def sample(campaign: Campaign, variables: frozenset[str], *, limit: int = SAMPLE) -> list[Member]:
    """Some reachable recipients that whoever looks may see, always the same, with the values that a content reads."""
    if not campaign.segment_ids:
        return []
    segments, excluded = campaign.segment_ids, campaign.excluded_segment_ids
    audience = Audience(campaign.client_id, segments, excluded, variables, seen_by=campaign.seen_by)
    statement = audience.statement(limit=limit, state="reachable")
    keys = keys_for(campaign.client_id)
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, statement.params)
        return list(map(audience.reader(keys), cursor.fetchall()))


def compiled(campaign: Campaign) -> dict[str, Content]:
    """Label -> compiled content.

    Raises: Refused, as compile_content.
    """
    known = people.field_names(campaign.client_id)
    return {variant.label: content.compile_content(variant.source, fields=known) for variant in campaign.variants.all()}


def render(made: Content, member: Member) -> str:
    """One person's text with addresses of the right length."""
    return made.render(member.values, content.sample_links(settings.BASE_URL, len(made.links)))


def estimate(campaign: Campaign, contents: dict[str, Content]) -> Estimate:
    """Judge missing values, parts and cost. Unit: EUR before VAT."""
    counts = reach(campaign)
    reachable = counts.get("reachable", 0)
    variables = frozenset().union(*(made.variables for made in contents.values()))
    members = sample(campaign, variables) if contents else []
    takes = alphabets(campaign)
    missing: Counter[str] = Counter()
    too_long, parts = 0, []
    for member in members:
        for made in contents.values():
            try:
                parts.append(sms_text.parts(render(made, member), takes))
            except content.MissingValue as hole:
                missing[hole.field] += 1
            except content.TextTooLong:
                too_long += 1
    tried = len(members) * max(1, len(contents))
    total = round(reachable * sum(parts) / tried) if tried else 0
    return Estimate(
        reachable=reachable,
        reach=counts,
        sampled=len(members),
        missing=dict(missing),
        too_long=too_long,
        fewest_parts=min(parts, default=0),
        most_parts=max(parts, default=0),
        parts=total,
        cost_eur=line_amount(total, campaign.unit_price_eur),
    )


def bubble(campaign: Campaign, made: Content, member: Member) -> dict[str, Any]:
    """What the phone of one person would show, for the preview."""
    try:
        text = render(made, member)
    except content.MissingValue as hole:
        return {"missing": hole.field}
    except content.TextTooLong:
        return {"too_long": True}
    return {"text": text, "count": count_text(text, alphabets(campaign))}
