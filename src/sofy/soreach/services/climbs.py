"""One person's message where a campaign takes other channels than SMS, or several: each channel rendered for them."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sofy.engine.intake import MessageIn
from sofy.engine.rungs import Rung
from sofy.kernel import channels, sms_text
from sofy.soreach import opens
from sofy.soreach.content import MissingValue, TextTooLong
from sofy.soreach.people import Member
from sofy.soreach.services.opens import Image
from sofy.soreach.services.plan import Arm, Plan, Way

LinkRow = tuple[str, UUID, UUID]


@dataclass
class Batch:
    """One step: what is written for a few thousand people."""

    messages: list[MessageIn] = field(default_factory=list)
    excluded: dict[UUID, tuple[str, str]] = field(default_factory=dict)
    links: list[tuple[str, UUID, UUID]] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)

    def leave_out(self, contacts: frozenset[UUID | None], reason: str) -> None:
        """Take some people's messages back."""
        self.messages = [message for message in self.messages if message.contact_id not in contacts]
        self.links = [row for row in self.links if row[2] not in contacts]
        self.images = [image for image in self.images if image.contact_id not in contacts - {None}]
        self.excluded |= {contact: (reason, "") for contact in contacts if contact}


def compose(plan: Plan, arm: Arm, member: Member, made: Batch) -> None:
    """Write to one person on the channels that reach them, the first one first; or note why on none.

    A channel that lacks a value, or an address, is passed over: the next one may do.
    """
    rungs: list[Rung] = []
    why = ("missing_value", "")
    for way in arm.ways:
        to, _index = member.at(way.channel)
        if not to:
            continue
        rows = plan.links_for(way.link_ids, member)
        try:
            rung = _rung(plan, way, member, to, [plan.link_base + row[0] for row in rows])
        except MissingValue as missing:
            why = ("missing_value", missing.field)
        except TextTooLong:
            why = ("too_long", "")
        else:
            made.links += rows
            rungs.append(rung)
            if way.channel == "email" and plan.opens != "off":
                made.images.append(_measure(plan, arm, member, rung))
    if not rungs:
        made.excluded[member.contact_id] = why
        return
    made.messages.append(_message(plan, arm, member, rungs))


def _rung(plan: Plan, way: Way, member: Member, to: str, short: list[str]) -> Rung:
    said = way.content.render(member.values, short)
    rung = Rung(
        channel=way.channel, to=to, sender=way.sender, short_code=way.short_code, unit_price_eur=way.unit_price_eur,
        after_s=way.after_s, parts=1, encoding=channels.UTF8,
    )  # fmt: skip
    if isinstance(said, str):
        rung.text = said
        rung.parts, rung.encoding = sms_text.measure(said, plan.takes)
    else:
        rung.text, rung.content = said.text, said
    return rung


def _measure(plan: Plan, arm: Arm, member: Member, rung: Rung) -> Image:
    """Put the image into an e-mail: their own for who agreed to it, everybody's for the others."""
    of = opens.belongs_to(plan.opens, member.contact_id, agreed=member.email_index in plan.measured)
    code = opens.code_for(plan.keys, plan.campaign_id, arm.label, of, plan.salt)
    if rung.content is not None:
        rung.content = opens.with_image(rung.content, f"{plan.image_base}{code}.gif")
    return Image(code, arm.label, of, member.email_index if of else None)


def _message(plan: Plan, arm: Arm, member: Member, rungs: list[Rung]) -> MessageIn:
    begins_at = plan.begins_at(member)
    day_ends = plan.expires_at(member, begins_at)
    first = rungs[0]
    rungs[-1].after_s = 0
    if day_ends is not None:
        tried_s = sum(rung.after_s for rung in rungs)
        rungs[-1].after_s = max(60, int((day_ends - begins_at).total_seconds()) - tried_s)
    return MessageIn(
        channel=first.channel, purpose="marketing", to=first.to, text=first.text, content=first.content,
        sender=first.sender, short_code=first.short_code, parts=first.parts, encoding=first.encoding,
        unit_price_eur=first.unit_price_eur, campaign_id=plan.campaign_id, contact_id=member.contact_id,
        recipient_index=member.at(first.channel)[1],
        establishment_id=member.establishment_id, variant=arm.label, zone=member.zone,
        due_at=begins_at,
        expires_at=begins_at + timedelta(seconds=first.after_s) if first.after_s else day_ends,
        ladder=rungs if len(rungs) > 1 else (),
    )  # fmt: skip
