"""`sofy campaign`: launch one, and see how it goes."""

import argparse
from pathlib import Path
from typing import Any
from uuid import UUID

from sofy.kernel.errors import Refused
from sofy.project import runtime
from sofy.project.answers import Answer
from sofy.project.commands import Commands, group, leaf, read_text
from sofy.project.commands.clients import ACTOR, find_client


def add(commands: Commands) -> None:
    actions = group(commands, "campaign", "Campaigns.")
    launch = leaf(actions, "launch", "Launch a draft, or make a campaign for a segment and launch it.", launch_campaign)
    launch.add_argument("--client", required=True)
    launch.add_argument("--campaign", type=UUID, help="a draft that exists")
    launch.add_argument("--name", default="Campaign")
    launch.add_argument("--segment", type=UUID, action="append", default=[])
    launch.add_argument("--text", help="the message, with its mention STOP SMS")
    launch.add_argument("--text-file", type=Path)
    launch.add_argument("--count", type=int, help="the number of people, which you know and confirm")
    status = leaf(actions, "status", "Where a campaign stands.", show_status)
    status.add_argument("--client", required=True)
    status.add_argument("campaign", type=UUID)


def launch_campaign(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.kit.rls import client_scope
    from sofy.soreach.services import drafts, lifecycle

    client = find_client(arguments.client)
    with client_scope(client.pk):
        if arguments.campaign:
            campaign = _campaign(client.pk, arguments.campaign)
        else:
            text = read_text(arguments.text_file) if arguments.text_file else arguments.text
            if not (text or "").strip():
                raise Refused("text_missing", expected="--text or --text-file")
            campaign = drafts.create_draft(client, name=arguments.name, actor=ACTOR)
            changes = {"segment_ids": arguments.segment, "contents": [(text, 1)], "editorial": {}}
            campaign = drafts.save_draft(campaign, changes)
        campaign = lifecycle.launch(client, campaign, actor=ACTOR, typed_count=arguments.count)
    return Answer(f"{campaign.name}: {campaign.status} ({campaign.id})", {"id": campaign.id, "status": campaign.status})


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


def _campaign(client_id: UUID, campaign_id: UUID) -> Any:
    from sofy.soreach.services import lifecycle

    found = lifecycle.find(client_id, campaign_id)
    if found is None:
        raise Refused("campaign_unknown", 404, campaign=str(campaign_id))
    return found
