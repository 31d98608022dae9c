"""What a person sees of a campaign by RCS and by e-mail, for the preview."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from sofy.kernel.content import OPT_OUT_URL, Content
from sofy.kernel.errors import Refused
from sofy.soreach import content
from sofy.soreach.models import Campaign
from sofy.soreach.rich import Rich
from sofy.soreach.services import branches, estimate
from sofy.soreach.words import CHANNELS
from sofy.ui import problems


@dataclass(frozen=True)
class Screen:
    """One channel of one variant as one real contact would see it."""

    channel: str
    word: Any
    label: str
    said: Content | None = None
    problem: str = ""
    links: Sequence[str] = ()


def of(campaign: Campaign, number: int) -> list[Screen]:
    """Each variant on each channel beside SMS."""
    found = []
    for channel in campaign.channels:
        if channel == "sms":
            continue
        word = CHANNELS[channel]
        try:
            for label, made in branches.compiled(campaign, channel).items():
                found.append(_screen(campaign, channel, label, made, number))
        except Refused as refused:
            found.append(Screen(channel, word, "", problem=problems.sentence(refused)))
    return found


def mail(campaign: Campaign, label: str, number: int) -> str:
    """The page of an e-mail, where no link leads anywhere; nothing while it cannot be shown."""
    try:
        made = branches.compiled(campaign, "email").get(label)
    except Refused:
        return ""
    said = _screen(campaign, "email", label, made, number).said if made else None
    return said.html.replace(OPT_OUT_URL, "#") if said else ""


def _screen(campaign: Campaign, channel: str, label: str, made: Rich, number: int) -> Screen:
    word = CHANNELS[channel]
    try:
        members = estimate.shown(campaign, made.variables)
    except Refused:
        members = []
    nobody = {name: name for name in made.variables}  # a field stands for its value while no audience is chosen
    values = members[min(number, len(members) - 1)].values if members else nobody
    try:
        said = made.render(values, content.sample_links(settings.BASE_URL, len(made.links)))
    except content.MissingValue as hole:
        return Screen(channel, word, label, problem=problems.sentence(Refused("test_value_missing", field=hole.field)))
    except content.TextTooLong:
        return Screen(channel, word, label, problem=problems.sentence(Refused("content_too_long", limit=1_000)))
    return Screen(channel, word, label, said, links=made.links)
