"""What a campaign would look like and cost, from real recipients spread over its audience."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from sofy.kernel import sms_text
from sofy.kernel.money import line_amount
from sofy.kit.keys import keys_for
from sofy.messaging import queries as messaging
from sofy.soreach import content, people, sampling
from sofy.soreach.content import Content
from sofy.soreach.models import Campaign
from sofy.soreach.people import Audience, Capable, Member
from sofy.soreach.services import branches, caps

SAMPLE = 200
SHOWN = 8  # people an author may look at, of those whom the author may see
WITHOUT = 50  # people looked at of those without a field that only some texts need


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


@dataclass(frozen=True)
class Missing:
    """People who will be left out because they have no value for a field; not `exact`: judged by some of them."""

    field: str
    people: int
    exact: bool


@dataclass(frozen=True)
class Branch:
    """What a campaign comes to on one of its channels, if everybody it reaches gets it there. Unit: EUR before VAT.

    `capable`: for RCS, how many of them have it, as far as that is known.
    """

    channel: str
    people: int
    parts: int
    cost_eur: Decimal
    capable: Capable | None = None


@dataclass(frozen=True)
class Estimate:
    """Parts and cost of a whole campaign, judged by a sample of its recipients; the counts of people are whole.

    `branches`: each channel, where it takes others than SMS; the cost is between `least_eur` and `cost_eur`.
    """

    reachable: int
    reach: dict[str, int]
    sampled: int
    missing: Sequence[Missing] = ()
    too_long: int = 0
    fewest_parts: int = 0
    most_parts: int = 0
    parts: int = 0
    cost_eur: Decimal = Decimal(0)
    least_eur: Decimal = Decimal(0)
    branches: Sequence[Branch] = ()


@dataclass
class Looked:
    """What one text came to for some people: `parts` of each who gets it, and why the others do not."""

    parts: dict[UUID, int] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)
    too_long: int = 0
    tried: int = 0

    @property
    def mean(self) -> float:
        """Parts per person of the audience; who is left out takes none."""
        return sum(self.parts.values()) / self.tried if self.tried else 0.0


def alphabets(campaign: Campaign) -> Collection[str]:
    """In which alphabets the routes of a campaign take its texts."""
    return messaging.alphabets("marketing", campaign.short_code or None)


def count_text(text: str, takes: Collection[str] = sms_text.USUAL) -> TextCount:
    """Count a text as routes that take these alphabets send it."""
    counted = sms_text.analyse(text, takes)
    forcing = list(dict.fromkeys(char for _, char in counted.forcing))
    _, without = sms_text.measure("".join(char for char in text if char not in forcing), takes)
    alone, instead = sms_text.LIMITS[counted.encoding][0], sms_text.LIMITS[without][0]
    return TextCount(counted.encoding, counted.units, counted.parts, counted.per_part, forcing, alone, instead)


def reach(campaign: Campaign) -> dict[str, int]:
    """State -> people of the audience that whoever looks may see, "capped" for those who have had their share.

    Nobody, when no segment is chosen.
    """
    if not campaign.segment_ids:
        return {}
    return people.reach(campaign, caps.capped_numbers(campaign))


def sample(campaign: Campaign, variables: frozenset[str], *, limit: int = SAMPLE, lacking: str = "") -> list[Member]:
    """Some reachable recipients from all over the audience, always the same, with the values that a content reads.

    Only people that whoever looks may see. `lacking`: of those without that field.
    """
    if not campaign.segment_ids:
        return []
    chosen = sampling.spread(campaign, limit=limit, lacking=lacking)
    segments, excluded = campaign.segment_ids, campaign.excluded_segment_ids
    audience = Audience(
        campaign.client_id, segments, excluded, variables, consents=campaign.consents, seen_by=campaign.seen_by
    )
    statement = audience.statement(only=chosen, state="reachable")
    keys = keys_for(campaign.client_id)
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, statement.params)
        found = {member.contact_id: member for member in map(audience.reader(keys), cursor.fetchall())}
    return [found[contact] for contact in chosen if contact in found]


def shown(campaign: Campaign, variables: frozenset[str]) -> list[Member]:
    """The people whose texts the author looks at; a test is sent as one of them."""
    return sample(campaign, variables | {"prenom", "nom"}, limit=SHOWN)


def compiled(campaign: Campaign) -> dict[str, Content]:
    """Label -> compiled text; none without SMS.

    Raises: Refused, as compile_content.
    """
    if "sms" not in campaign.channels:
        return {}
    known = people.field_kinds(campaign.client_id)
    return {
        variant.label: content.compile_content(variant.source, fields=known, plain=campaign.plain_fields)
        for variant in campaign.variants.all()
    }


def render(made: Content, member: Member) -> str:
    """One person's text with addresses of the right length."""
    return made.render(member.values, content.sample_links(settings.BASE_URL, len(made.links)))


def look(made: Content, members: Sequence[Member], takes: Collection[str] = sms_text.USUAL) -> Looked:
    """Write one text to some people and count."""
    looked = Looked(tried=len(members))
    for member in members:
        try:
            looked.parts[member.contact_id] = sms_text.parts(render(made, member), takes)
        except content.MissingValue as hole:
            looked.missing[hole.field] = looked.missing.get(hole.field, 0) + 1
        except content.TextTooLong:
            looked.too_long += 1
    return looked


def shares(campaign: Campaign) -> dict[str, float]:
    """Label -> the part of the audience that gets this variant."""
    given = {variant.label: max(1, variant.share) for variant in campaign.variants.all()}
    return {label: share / sum(given.values()) for label, share in given.items()}


def estimate(campaign: Campaign, contents: Mapping[str, Content]) -> Estimate:
    """Judge missing values, parts and cost. Unit: EUR before VAT."""
    counts = reach(campaign)
    reachable = counts.get("reachable", 0)
    if campaign.ladder:
        return branches.estimate(campaign, contents, counts)
    if not contents or not reachable:
        return Estimate(reachable, counts, 0)
    members = sample(campaign, frozenset().union(*(made.variables for made in contents.values())))
    weights = shares(campaign)
    takes = alphabets(campaign)
    looked = {label: look(made, members, takes) for label, made in contents.items()}
    total = round(sum(reachable * weights[label] * one.mean for label, one in looked.items()))
    too_long = sum(weights[label] * one.too_long / max(1, one.tried) for label, one in looked.items())
    seen = [parts for one in looked.values() for parts in one.parts.values()]
    return Estimate(
        reachable=reachable,
        reach=counts,
        sampled=len(members),
        missing=missing(campaign, contents, weights),
        too_long=-int(-too_long * reachable // 1),
        fewest_parts=min(seen, default=0),
        most_parts=max(seen, default=0),
        parts=total,
        cost_eur=line_amount(total, campaign.unit_price_eur),
    )


def missing(campaign: Campaign, contents: Mapping[str, Content], weights: Mapping[str, float]) -> list[Missing]:
    """Who will be left out for want of a value, over the whole audience.

    A field that every text prints is counted; of one that only some texts need, as inside a condition, some of the
    people without it are written to.
    """
    needed = frozenset().union(*(made.needed for made in contents.values()))
    variables = frozenset().union(*(made.variables for made in contents.values()))
    found = []
    for name, lacking in sampling.lacking(campaign, needed).items():
        if not lacking:
            continue
        sure = all(name in made.always for made in contents.values())
        without = [] if sure else sample(campaign, variables, limit=WITHOUT, lacking=name)
        looked = {label: look(made, without) for label, made in contents.items()} if without else {}
        part = sum(weights[label] * one.missing.get(name, 0) / one.tried for label, one in looked.items())
        count = lacking if sure else round(lacking * part) or int(part > 0)
        if count:
            found.append(Missing(name, count, exact=sure or (len(contents) == 1 and lacking <= len(without))))
    return found


def bubble(made: Content, member: Member, takes: Collection[str]) -> dict[str, Any]:
    """What the phone of one person would show, for the preview."""
    try:
        text = render(made, member)
    except content.MissingValue as hole:
        return {"missing": hole.field}
    except content.TextTooLong:
        return {"too_long": True}
    return {"text": text, "count": count_text(text, takes)}
