"""A message that takes several channels, as its sender sees it: one message, with what happened on each."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Final

import msgspec

from sofy.engine.statuses import RANK
from sofy.ingest.shapes import Standing, Step, Tried
from sofy.kernel import ids

#: What leads to the next channel.
_NOWHERE: Final = frozenset({"failed", "expired", "withheld"})
_ARRIVED: Final = frozenset({"delivered", "read"})


def climbed(head: bytes, rungs: Sequence[tuple[str, bytes | None]], flat: Mapping[bytes, Standing]) -> Standing:
    """The ladder of a message as one. `rungs`: channel and message of each, in order.

    It stands where a channel that reached the person does, else where the last one does that was begun. While one that
    led nowhere is followed by another, the message is queued.
    """
    begun = [(channel, flat[message]) for channel, message in rungs if message is not None and message in flat]
    reached = [standing for _, standing in begun if standing.status in _ARRIVED]
    best = max(reached, key=lambda each: RANK[each.status]) if reached else begun[-1][1]
    events = _merged(begun)
    tried = [Tried(channel, standing.status, standing.reason or "") for channel, standing in begun]
    tried += [Tried(channel) for channel, _ in rungs[len(begun) :]]
    first = begun[0][1]
    goes_on = best.status in _NOWHERE and len(begun) < len(rungs)
    status = "queued" if goes_on else best.status
    return msgspec.structs.replace(
        best,
        id=str(ids.from_bytes(head)),
        status=status,
        final_at=None if goes_on else best.final_at,
        created_at=first.created_at,
        submitted_at=next((step.at for step in events if step.type == "submitted"), None),
        events=events,
        ladder=tried,
    )


def _merged(begun: Sequence[tuple[str, Standing]]) -> list[Step]:
    """What happened on every channel, the steps of each in the order they have there."""
    found: list[tuple[datetime, Step]] = []
    for n, (channel, standing) in enumerate(begun):
        latest = standing.created_at
        for step in standing.events:
            latest = max(latest, step.at)
            if not (n and step.type == "accepted"):  # it was accepted once
                found.append((latest, msgspec.structs.replace(step, channel=channel)))
    found.sort(key=itemgetter(0))
    return [step for _, step in found]


def goes_on(whole: Standing, step: Step) -> bool:
    """Whether a step that led nowhere was followed by another channel, or will be: then nothing has ended."""
    return bool(whole.ladder) and step.type in _NOWHERE and step.channel != whole.ladder[-1].channel
