"""`sofy sender|campaign`: who a campaign comes from, launch one, and see how it goes."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sofy.kernel.errors import Refused
from sofy.kernel.senders import CHANNELS, check_sender
from sofy.project import runtime
from sofy.project.answers import Answer
from sofy.project.commands import Commands, group, leaf, read_text
from sofy.project.commands.clients import ACTOR, find_client

if TYPE_CHECKING:
    from sofy.clients.models import Client
    from sofy.soreach.models import Campaign


def add(commands: Commands) -> None:
    senders = group(commands, "sender", "Names that messages of a client may show.")
    sender = leaf(senders, "add", "Add a sender; the same name twice is the same sender.", add_sender)
    name = sender.add_mutually_exclusive_group(required=True)
    name.add_argument(
        "name", nargs="?", default=argparse.SUPPRESS, help="up to eleven letters without accents and digits"
    )
    name.add_argument("--name", default=argparse.SUPPRESS, help="the same, by name")
    sender.add_argument("--channel", default="sms", choices=CHANNELS, help="sms when not given")
    sender.add_argument("--client", required=True)

    actions = group(commands, "campaign", "Campaigns.")
    launch = leaf(
        actions,
        "launch",
        "Launch a draft, or make a campaign for a segment and launch it; never the same one twice.",
        launch_campaign,
    )
    launch.add_argument("--client", required=True)
    launch.add_argument("--campaign", type=UUID, help="a draft that exists")
    launch.add_argument("--name", default="Campaign", help="what tells it from the client's other campaigns")
    launch.add_argument("--segment", action="append", default=[], help="name or id; may be given several times")
    launch.add_argument(
        "--sender",
        default="",
        help="what its SMS show, one of the client's names; the first one when not given",
    )
    launch.add_argument("--text", help="the message, with its mention STOP SMS")
    launch.add_argument("--text-file", type=Path)
    launch.add_argument("--channel", default="sms", choices=CHANNELS, help="sms when not given")
    launch.add_argument("--subject", default="", help="of an e-mail")
    launch.add_argument("--template", default="", help="of WhatsApp: the code of a template that it approved")
    launch.add_argument(
        "--value", action="append", default=[], metavar="PLACE=TEXT",
        help="what stands in a place of that template; the contact's field of the same name when not given",
    )  # fmt: skip
    launch.add_argument(
        "--fallback", action="append", default=[], choices=CHANNELS,
        help="the channel for whom the one before does not reach; may be given several times",
    )  # fmt: skip
    launch.add_argument("--after-hours", type=int, default=4, help="how long a channel is tried before the next one")
    launch.add_argument("--count", type=int, help="the number of people, which you know and confirm")
    status = leaf(actions, "status", "Where a campaign stands.", show_status)
    status.add_argument("--client", required=True)
    status.add_argument("campaign", type=UUID)


def add_sender(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.kit.rls import client_scope
    from sofy.messaging.models import Sender
    from sofy.messaging.services import senders

    client, channel = find_client(arguments.client), arguments.channel
    with client_scope(client.pk):
        approved = Sender.objects.filter(client_id=client.pk, channel=channel, state=Sender.State.APPROVED)
        known = approved.filter(name=arguments.name).exists()
        sender = senders.add_sender(client.pk, name=arguments.name, channel=channel, actor=ACTOR)
    text = f"{sender.name} exists already." if known else f"{sender.name} may be shown as sender."
    return Answer(text, {"id": sender.pk, "name": sender.name, "channel": channel, "new": not known})


def launch_campaign(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.clients.models import Client
    from sofy.kit.rls import client_scope
    from sofy.soreach.services import lifecycle

    client = find_client(arguments.client)
    with client_scope(client.pk):
        # Two runs at once are one after the other: the second finds the campaign of the first.
        Client.objects.select_for_update(no_key=True, of=("self",)).get(pk=client.pk)
        campaign = _campaign(client.pk, arguments.campaign) if arguments.campaign else _named(client, arguments)
        new = campaign.is_draft
        if new:
            campaign = lifecycle.launch(client, campaign, actor=ACTOR, typed_count=arguments.count)
    before = "" if new else " was launched already, nothing was sent again"
    data = {"id": campaign.id, "name": campaign.name, "status": campaign.status, "new": new}
    return Answer(f"{campaign.name}{before}: {campaign.status} ({campaign.id})", data)


def _named(client: "Client", arguments: argparse.Namespace) -> "Campaign":
    """The campaign that was asked for: the one that exists under its name, else a new draft.

    Raises: Refused text_missing, segment_unknown, campaign_name_taken (its text, people or sender are others), or what
    is wrong with the sender.
    """
    from sofy.soreach.models import Campaign
    from sofy.soreach.services import drafts

    channels = [arguments.channel, *arguments.fallback]
    text = (read_text(arguments.text_file) if arguments.text_file else arguments.text) or ""
    if not text.strip() and channels != ["whatsapp"]:
        raise Refused("text_missing", expected="--text or --text-file")
    others = _others(client.pk, channels, text, arguments)
    segments = _segments(client.pk, arguments.segment)
    name = arguments.name.strip()[:120]
    known = list(Campaign.objects.filter(client_id=client.pk, name=name).order_by("created_at"))
    for campaign in known:
        contents = list(campaign.variants.values_list("source", flat=True))
        if (
            contents == [text]
            and campaign.channels == channels
            and all(said.get("whatsapp") == others.get("whatsapp") for said in _said(campaign))
            and set(campaign.segment_ids) == set(segments)
            and arguments.sender in ("", campaign.sender)
        ):
            return campaign
    if known:
        raise Refused("campaign_name_taken", 409, campaign=name, state=known[-1].status)
    campaign = drafts.create_draft(client, name=name, actor=ACTOR)
    changes: dict[str, Any] = {"segment_ids": segments, "contents": [(text, 1)], "editorial": {}}
    if channels != ["sms"]:
        changes |= {"channels": channels, "after_s": arguments.after_hours * 3600, "others": {"A": others}}
    if arguments.sender:
        if problem := check_sender(arguments.sender, "marketing"):
            raise Refused(problem, sender=arguments.sender)
        changes["sender"] = arguments.sender
    return drafts.save_draft(campaign, changes)


def _said(campaign: "Campaign") -> list[dict[str, Any]]:
    """What the variants of a campaign say on other channels than SMS."""
    return list(campaign.variants.values_list("others", flat=True))


def _others(
    client_id: UUID, channels: Sequence[str], text: str, arguments: argparse.Namespace
) -> dict[str, dict[str, Any]]:
    """What the other channels say: the same text, without the mention of SMS, which has no place there.

    WhatsApp says what it approved, with values in its places. Raises: Refused whatsapp_template_none,
    whatsapp_template_gone, place_unknown.
    """
    said = text.rsplit(" STOP SMS ", 1)[0]
    others: dict[str, dict[str, Any]] = {
        "rcs": {"text": said},
        "email": {"subject": arguments.subject, "text": said},
    }
    if "whatsapp" in channels:
        values = _values(client_id, arguments.template, arguments.value)
        others["whatsapp"] = {"template": arguments.template, "values": values}
    return others


def _values(client_id: UUID, code: str, given: Sequence[str]) -> dict[str, str]:
    from sofy.messaging import queries as messaging
    from sofy.soreach import people, template_message

    if not code:
        raise Refused("whatsapp_template_none")
    approved = messaging.approved_template(client_id, code)
    if approved is None:
        raise Refused("whatsapp_template_gone", template=code)
    values = template_message.first_values(approved, people.field_kinds(client_id))
    for pair in given:
        place, _equals, words = pair.partition("=")
        if place not in values:
            raise Refused("place_unknown", template=code, place=place, known=", ".join(values) or "-")
        values[place] = words.strip()
    return values


def _segments(client_id: UUID, references: Sequence[str]) -> list[UUID]:
    """Segments by id or name. Raises: Refused segment_unknown."""
    from sofy.audience.segments.models import Segment

    found = []
    for reference in references:
        rows = Segment.objects.filter(client_id=client_id, deleted_at=None).order_by("created_at")
        try:
            segment = rows.filter(id=UUID(reference)).first()
        except ValueError:
            segment = rows.filter(name=reference).first()
        if segment is None:
            raise Refused("segment_unknown", 404, segment=reference)
        found.append(segment.id)
    return list(dict.fromkeys(found))


def show_status(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.kit.rls import client_scope
    from sofy.soreach import report

    client = find_client(arguments.client)
    with client_scope(client.pk):
        campaign = _campaign(client.pk, arguments.campaign)
        progress = report.progress(campaign)
    data = {
        "id": campaign.id,
        "status": campaign.status,
        "recipients": progress.recipients,
        "by_status": dict(progress.by_status),
        "clicked": progress.clicked,
        "stops": progress.stops,
    }
    counts = ", ".join(f"{count} {status}" for status, count in sorted(progress.by_status.items()))
    return Answer(f"{campaign.name}: {campaign.status}; {counts or 'nothing yet'}; {progress.stops} STOP", data)


def _campaign(client_id: UUID, campaign_id: UUID) -> "Campaign":
    from sofy.soreach.services import lifecycle

    found = lifecycle.find(client_id, campaign_id)
    if found is None:
        raise Refused("campaign_unknown", 404, campaign=str(campaign_id))
    return found
