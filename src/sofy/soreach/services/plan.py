"""A campaign ready to be written to people: contents compiled once, everything a recipient needs at hand."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.conf import settings

from sofy.clients.models import Client
from sofy.clients.services import hours_policy
from sofy.kernel import clock, phone, sms_text
from sofy.kernel.crypto import ClientKeys
from sofy.kernel.hours import HoursPolicy
from sofy.kit.keys import keys_for
from sofy.soreach import links, people, rules
from sofy.soreach.content import Content, compile_content
from sofy.soreach.models import Campaign, TrackedLink
from sofy.soreach.people import Member


@dataclass(frozen=True)
class Arm:
    """One variant, compiled, with the ids of its tracked links in the order of its addresses."""

    label: str
    share: int
    content: Content
    link_ids: Sequence[UUID]


@dataclass(frozen=True)
class Plan:
    """What every recipient of a campaign has in common.

    `most_parts`: what its budget pays for; None: no budget. `takes`: the alphabets its texts are counted in.
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
    takes: Collection[str] = sms_text.USUAL
    salt: int = 0

    @property
    def variables(self) -> frozenset[str]:
        """Everything any variant reads."""
        return frozenset().union(*(arm.content.variables for arm in self.arms))

    def arm_for(self, member: Member) -> Arm:
        """The variant of one person, the same after a restart."""
        if len(self.arms) == 1:
            return self.arms[0]
        return self.arms[rules.pick_variant([arm.share for arm in self.arms], self._draw(member))]

    def links_for(self, arm: Arm, member: Member) -> list[tuple[str, UUID, UUID]]:
        """(code, link, contact) rows of one person."""
        contact = member.contact_id
        return [(links.code_of(self.keys, link, contact, self.salt), link, contact) for link in arm.link_ids]

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

    def _draw(self, member: Member) -> bytes:
        """Bytes that look random, differ between campaigns and never change: the drawing of lots of this person."""
        mask = int.from_bytes(self.campaign_id.bytes, "big")
        return (int.from_bytes(member.recipient_index.ljust(16, b"\0")[:16], "big") ^ mask).to_bytes(16, "big")


def _zones(member: Member) -> tuple[str, ...]:
    return (member.zone,) if member.zone else phone.zones(member.number)


def load(campaign: Campaign) -> Plan:
    """Compile a campaign's contents and write down its links, once.

    Raises: Refused, as compile_content.
    """
    known = people.field_kinds(campaign.client_id)
    arms = []
    variants = list(campaign.variants.all())
    campaign.links.exclude(variant__in=[variant.label for variant in variants]).delete()
    for variant in variants:
        content = compile_content(variant.source, fields=known, plain=campaign.plain_fields)
        arms.append(Arm(variant.label, variant.share, content, tracked(campaign, variant.label, content)))
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
        most_parts=rules.parts_within(campaign.budget_eur, campaign.unit_price_eur),
        keys=keys_for(campaign.client_id),
        link_base=link_base(),
    )


def link_base() -> str:
    """What stands before the code of a short link."""
    return f"{settings.BASE_URL.rstrip('/')}/l/"


def tracked(campaign: Campaign, label: str, content: Content) -> list[UUID]:
    """The ids of a variant's links. A test may have written down some whose address changed in the draft since."""
    links = campaign.links.filter(variant=label)
    links.filter(position__gte=len(content.links)).delete()
    found = {link.position: link for link in links.all()}
    for position, target in enumerate(content.links):
        link = found.setdefault(
            position,
            TrackedLink(client_id=campaign.client_id, campaign=campaign, variant=label, position=position),
        )
        if link.target != target:
            link.target = target
            link.save()
    return [found[position].id for position in range(len(content.links))]
