"""What the wizard shows while somebody works: counts, phones, the permitted band."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.utils.translation import get_language

from sofy.audience.segments.models import Segment
from sofy.clients.models import Client
from sofy.clients.services import hours_policy
from sofy.kernel import clock, hours, numbers, sms_text
from sofy.kernel.errors import Refused
from sofy.soreach import content, people, rules, words
from sofy.soreach.models import Campaign
from sofy.soreach.services import estimate, signs
from sofy.soreach.services.drafts import LABELS
from sofy.soreach.services.signs import Signs
from sofy.soreach.views import screens
from sofy.ui import formats, problems

EXAMPLES = {
    "default": "{{ prenom|default('vous') }}",
    "condition": "{% if ville %}…{% else %}…{% endif %}",
    "filter": "{{ nom|title }}",
}


def reach_rows(campaign: Campaign) -> dict[str, Any]:
    """The audience in words: total, reachable, and each reason of being left out, even nobody's."""
    try:
        counts = estimate.reach(campaign)
    except Refused as refused:
        return {"problem": problems.sentence(refused), "total": 0, "reachable": 0, "left_out": []}
    left_out = [
        (reason, words.reach_text(reason, by_mail=campaign.by_mail), n)
        for reason, n in counts.items()
        if reason != "reachable"
    ]
    return {"total": sum(counts.values()), "reachable": counts.get("reachable", 0), "left_out": left_out, "problem": ""}


def position(data: Mapping[str, Any], remembered: Any = 0) -> int:
    """Which real contact the phone shows: the one asked for, or else the one shown before."""
    return min(numbers.whole(str(data.get("as", remembered))) or 0, estimate.SHOWN - 1)


@dataclass(frozen=True)
class Phone:
    """One variant on a phone, and what is said below it. `most_parts`: the most that any person looked at gets."""

    label: str
    text: str = ""
    problem: str = ""
    count: estimate.TextCount | None = None
    most_parts: int = 0
    looked_at: int = 0
    signs: Signs | None = None
    lacks_mention: bool = False
    links: Sequence[str] = ()


def phones(campaign: Campaign, number: int) -> dict[str, Any]:
    """Each variant as one real contact would read it."""
    variants = list(campaign.variants.all())
    if "sms" not in campaign.channels:
        variants = []
    compiled, refused = {}, {}
    known = people.field_kinds(campaign.client_id)
    for variant in variants:
        try:
            compiled[variant.label] = content.compile_content(variant.source, fields=known, plain=campaign.plain_fields)
        except Refused as problem:
            refused[variant.label] = problems.sentence(problem)
    seen = _seen(campaign, frozenset().union(*(made.variables for made in compiled.values())), number)
    sending = Sending(estimate.alphabets(campaign), estimate.shares(campaign))
    made = [
        _phone(campaign, variant.label, compiled[variant.label], seen, sending)
        if variant.label in compiled
        else Phone(variant.label, problem=refused[variant.label])
        for variant in variants
    ]
    people_count = len(seen.shown)
    return {
        "phones": made,
        "person": person(seen.one) if seen.one else "",
        "number": number,
        "people_count": people_count,
        "before": (number - 1) % people_count if people_count else 0,
        "after": (number + 1) % people_count if people_count else 0,
        "reachable": seen.reachable,
        "screens": screens.of(campaign, number),
        "travels": campaign.ladder,
    }


def person(member: people.Member) -> str:
    """How somebody of the preview is called."""
    return " ".join(str(member.values[name]) for name in ("prenom", "nom") if name in member.values)


def persons(campaign: Campaign) -> list[str]:
    """The people of the preview, in its order."""
    try:
        return [person(member) or "–" for member in estimate.shown(campaign, frozenset())]
    except Refused:
        return []


@dataclass(frozen=True)
class Seen:
    """The people of an audience behind a preview: some shown, the one on the phone, and those looked at."""

    shown: Sequence[people.Member] = ()
    looked_at: Sequence[people.Member] = ()
    one: people.Member | None = None
    reachable: int = 0


@dataclass(frozen=True)
class Sending:
    """What all variants have in common: the alphabets of their routes, and each one's part of the audience."""

    takes: Collection[str]
    shares: Mapping[str, float]


def _seen(campaign: Campaign, used: frozenset[str], number: int) -> Seen:
    try:
        looked_at = estimate.sample(campaign, used | {"prenom", "nom"})
        reachable = estimate.reach(campaign).get("reachable", 0)
    except Refused:
        return Seen()
    shown = looked_at[: estimate.SHOWN]
    return Seen(shown, looked_at, shown[min(number, len(shown) - 1)] if shown else None, reachable)


def _phone(campaign: Campaign, label: str, made: content.Content, seen: Seen, sending: Sending) -> Phone:
    lacks = bool(campaign.short_code) and rules.lacks_stop_mention(made.fixed, campaign.short_code)
    takes = sending.takes
    if seen.one is None:
        count = estimate.count_text(made.source, takes)
        return Phone(label, made.source, "", count, lacks_mention=lacks, links=made.links)
    bubble = estimate.bubble(made, seen.one, takes)
    looked = estimate.look(made, seen.looked_at, takes)
    recipients = seen.reachable * sending.shares.get(label, 0)
    return Phone(
        label,
        bubble.get("text", ""),
        _hole(bubble),
        bubble.get("count"),
        max(looked.parts.values(), default=0),
        looked.tried,
        signs.of_text(campaign, made, looked, seen.looked_at, recipients, takes),
        lacks,
        made.links,
    )


def _hole(bubble: Mapping[str, Any]) -> str:
    if "missing" in bubble:
        return problems.sentence(Refused("test_value_missing", field=bubble["missing"]))
    return problems.sentence(Refused("content_too_long", limit=content.MAX_TEXT_CHARS)) if "too_long" in bubble else ""


def reworked(contents: Sequence[tuple[str, int]], pressed: Mapping[str, Any], short_code: str) -> list[tuple[str, int]]:
    """The texts after a button: `mention` and `plain` name a variant, `add` a new one, `remove` one to take away."""
    made = list(contents)
    for number, label in enumerate(LABELS[: len(made)]):
        text, share = made[number]
        if (
            pressed.get("mention") == label
            and short_code
            and rules.lacks_stop_mention(content.fixed_text(text), short_code)
        ):
            text = rules.with_stop_mention(text, short_code)
        if pressed.get("plain") == label:
            text = sms_text.transliterate(text)
        if pressed.get("remove") == label:
            text = ""
        made[number] = (text, share)
    if pressed.get("add") and made and len(made) < len(LABELS):
        made[len(made) - 1 :] = [made[-1], made[0]]
    return made


def segment_names(campaign: Campaign) -> list[str]:
    """The names of the chosen segments."""
    rows = Segment.objects.filter(client_id=campaign.client_id, id__in=campaign.segment_ids).order_by("name")
    return list(rows.values_list("name", flat=True))


# ---- the permitted band
# ------------------------------------------------------------------------------------------------

HOURS_ACROSS = 24


def band(client: Client, campaign: Campaign) -> dict[str, Any]:
    """Seven days of permitted hours, with the moment of the campaign on them; positions are hours from the left."""
    now = clock.now().astimezone(clock.PARIS)
    starts_at = (campaign.starts_at or clock.now()).astimezone(clock.PARIS)
    first = min(now, starts_at) if (starts_at - now) < timedelta(days=6) else starts_at
    days = []
    for offset in range(7):
        day = (first + timedelta(days=offset)).date()
        spans = [(a, b - a) for a, b in _open_hours(datetime.combine(day, time(), clock.PARIS), hours_policy(client))]
        mark = starts_at.hour + starts_at.minute / 60 if starts_at.date() == day else None
        label = formats.day(day, get_language(), day).split(",")[0]
        days.append(
            {"day": day, "label": label, "spans": spans, "mark": mark, "y": 4 + offset * 30, "middle": 20 + offset * 30}
        )
    window = hours.decide(max(starts_at, now), ("Europe/Paris",), hours_policy(client))
    return {
        "days": days,
        "window": window,
        "starts_at": starts_at,
        "height": 4 + 7 * 30,
        "ticks": (0, 4, 8, 12, 16, 20, 24),
    }


def _open_hours(midnight: datetime, policy: hours.HoursPolicy) -> list[tuple[float, float]]:
    spans, cursor, end = [], midnight, midnight + timedelta(hours=HOURS_ACROSS)
    while cursor < end:
        window = hours.decide(cursor, ("Europe/Paris",), policy)
        until = min(window.until.astimezone(clock.PARIS), end)
        if window.open:
            spans.append(((cursor - midnight) / timedelta(hours=1), (until - midnight) / timedelta(hours=1)))
        cursor = max(until, cursor + timedelta(minutes=1))
    return spans
