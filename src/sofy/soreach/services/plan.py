"""A campaign ready to be written to people: contents compiled once, everything a recipient needs at hand."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sofy.clients.models import Client
from sofy.clients.services import hours_policy
from sofy.kernel import channels, clock, hours, sms_text
from sofy.kernel.crypto import ClientKeys
from sofy.kernel.hours import HoursPolicy
from sofy.kit.keys import keys_for
from sofy.soreach import links, people, rules
from sofy.soreach.content import Content, compile_content
from sofy.soreach.models import Campaign, TrackedLink, Variant
from sofy.soreach.people import Member
from sofy.soreach.rich import FIRST_LINK, PER_CHANNEL, Rich, compile_rich
from sofy.soreach.services import ladders


@dataclass(frozen=True)
class Way:
    """One channel of a variant, for how long it is tried, and the ids of its tracked links."""

    channel: str
    content: Content | Rich
    link_ids: Sequence[UUID]
    sender: str
    short_code: str | None
    unit_price_eur: Decimal
    after_s: int = 0


@dataclass(frozen=True)
class Arm:
    """One variant, compiled, with the ids of its tracked links in the order of its addresses.

    `ways`: its channels in their order; none when SMS is the only one, which `content` is the text of.
    """

    label: str
    share: int
    content: Content | None
    link_ids: Sequence[UUID]
    ways: Sequence[Way] = ()

    @property
    def variables(self) -> frozenset[str]:
        """Everything it reads of a person."""
        if self.content is not None and not self.ways:
            return self.content.variables
        return frozenset().union(*(way.content.variables for way in self.ways))


@dataclass(frozen=True)
class Plan:
    """What every recipient of a campaign has in common.

    `most_parts`: what its budget pays for; None: no budget. `takes`: the alphabets its texts are counted in.
    `measured`: the addresses of this batch whose owners agreed that their openings are told apart.
    """

    client_id: UUID
    campaign_id: UUID
    arms: Sequence[Arm]
    schedule: rules.Schedule
    at_once: bool
    drops_late: bool
    hours: HoursPolicy
    sender: str
    short_code: str
    unit_price_eur: Decimal
    most_parts: int | None
    keys: ClientKeys
    link_base: str
    opens: str = Campaign.Opens.OFF
    image_base: str = ""
    measured: Collection[bytes] = ()
    takes: Collection[str] = sms_text.USUAL
    salt: int = 0

    @property
    def variables(self) -> frozenset[str]:
        """Everything any variant reads."""
        return frozenset().union(*(arm.variables for arm in self.arms))

    @property
    def climbs(self) -> bool:
        """Whether a message may take several channels: then it is paid for as if it took the dearest."""
        return any(len(arm.ways) > 1 for arm in self.arms)

    def arm_for(self, member: Member) -> Arm:
        """The variant of one person, the same after a restart."""
        if len(self.arms) == 1:
            return self.arms[0]
        return self.arms[rules.pick_variant([arm.share for arm in self.arms], self._draw(member))]

    def links_for(self, link_ids: Sequence[UUID], member: Member) -> list[tuple[str, UUID, UUID]]:
        """(code, link, contact) rows of one person."""
        contact = member.contact_id
        return [(links.code_of(self.keys, link, contact, self.salt), link, contact) for link in link_ids]

    def due_at(self, member: Member) -> datetime | None:
        """When one person's message is due; None: at once."""
        if self.at_once:
            return None
        return self.schedule.due_at(_zones(member), self._draw(member))

    def expires_at(self, member: Member, due_at: datetime | None) -> datetime | None:
        """When one person's message is worth nothing any more; None: it waits for as long as it must."""
        if not self.drops_late:
            return None
        return rules.day_ends(_zones(member), due_at or self.schedule.starts_at, self.hours)

    def begins_at(self, member: Member) -> datetime:
        """When the first channel is tried for one person: not before it may be, since its time runs from then."""
        due_at = self.due_at(member) or clock.now()
        window = hours.decide(due_at, _zones(member), self.hours)
        return due_at if window.open or window.until == hours.NEVER else window.until

    def _draw(self, member: Member) -> bytes:
        """Bytes that look random, differ between campaigns and never change: the drawing of lots of this person."""
        mask = int.from_bytes(self.campaign_id.bytes, "big")
        return (int.from_bytes(member.recipient_index.ljust(16, b"\0")[:16], "big") ^ mask).to_bytes(16, "big")


def _zones(member: Member) -> tuple[str, ...]:
    return (member.zone,) if member.zone else channels.zones(member.number or member.whatsapp or member.email)


def load(campaign: Campaign) -> Plan:
    """Compile a campaign's contents and write down its links, once.

    Raises: Refused, as compile_content.
    """
    variants = list(campaign.variants.all())
    campaign.links.exclude(variant__in=[variant.label for variant in variants]).delete()
    arms = [_arm(campaign, variant, people.field_kinds(campaign.client_id)) for variant in variants]
    schedule = campaign.schedule
    return Plan(
        client_id=campaign.client_id,
        campaign_id=campaign.id,
        arms=arms,
        schedule=schedule,
        at_once=not campaign.spread_hours and not campaign.local_time and schedule.starts_at <= clock.now(),
        drops_late=campaign.late == Campaign.Late.DROP,
        hours=hours_policy(Client.objects.get(pk=campaign.client_id)),
        sender=campaign.sender,
        short_code=campaign.short_code,
        unit_price_eur=campaign.unit_price_eur,
        most_parts=rules.parts_within(campaign.budget_eur, ladders.dearest_eur(campaign)),
        keys=keys_for(campaign.client_id),
        link_base=links.base(),
        opens=campaign.opens,
        image_base=links.image_base(),
    )


def compiled(campaign: Campaign, variant: Variant, channel: str, fields: Mapping[str, str]) -> Content | Rich:
    """What a variant says on a channel. Raises: Refused, as compile_content and compile_rich."""
    plain = campaign.plain_fields
    if channel == "sms":
        return compile_content(variant.source, fields=fields, plain=plain)
    return compile_rich(campaign.client_id, channel, variant.others.get(channel, {}), fields=fields, plain=plain)


def _arm(campaign: Campaign, variant: Variant, fields: Mapping[str, str]) -> Arm:
    """A variant with the links of its channels written down, those of channels it no longer takes gone."""
    said = {channel: compiled(campaign, variant, channel, fields) for channel in campaign.channels}
    ids = {channel: tracked(campaign, variant.label, channel, made.links) for channel, made in said.items()}
    text = said.get("sms")
    only_text = text if isinstance(text, Content) else None
    ways = [
        Way(
            channel=step["channel"],
            content=said[step["channel"]],
            link_ids=ids[step["channel"]],
            sender=step["sender"],
            short_code=step["short_code"] or None,
            unit_price_eur=Decimal(step["price_eur"]),
            after_s=step["after_s"],
        )
        for step in ladders.steps(campaign)
    ]
    return Arm(variant.label, variant.share, only_text, ids.get("sms", ()), ways)


def tracked(campaign: Campaign, label: str, channel: str, targets: Sequence[str]) -> list[UUID]:
    """The ids of a variant's links. A test may have written down some whose address changed in the draft since."""
    first = FIRST_LINK[channel]
    links = campaign.links.filter(variant=label, position__gte=first, position__lt=first + PER_CHANNEL)
    links.filter(position__gte=first + len(targets)).delete()
    found = {link.position: link for link in links.all()}
    for position, target in enumerate(targets, first):
        link = found.setdefault(
            position,
            TrackedLink(client_id=campaign.client_id, campaign=campaign, variant=label, position=position),
        )
        if link.target != target:
            link.target = target
            link.save()
    return [found[first + number].id for number in range(len(targets))]
