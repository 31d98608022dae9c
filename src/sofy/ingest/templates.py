"""Templates that messages name: looked up for a moment, filled with their values, channel by channel."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec

from sofy.ingest.problems import Fault
from sofy.ingest.reading import Reader
from sofy.ingest.words import TEMPLATE_STATES
from sofy.kernel.content import Content
from sofy.kernel.crypto import ClientKeys, Unreadable
from sofy.kernel.templates import Prepared, Problem, Unfilled, prepare

#: A template is looked at again after this long. Unit: seconds.
FRESH_S: Final = 1.0
_MOST_KNOWN: Final = 2_000
_read = msgspec.json.Decoder(Content).decode


class Known(NamedTuple):
    """One template: its purpose, and for each channel where it stands and what it says."""

    purpose: str
    channels: Mapping[str, tuple[str, Prepared]]


class Templates:
    """The templates that messages of this process named lately; None: there is none of that name."""

    def __init__(self, link: Reader) -> None:
        self._link = link
        self._known: dict[tuple[UUID, str], tuple[float, Known | None]] = {}

    async def of(self, client: UUID, keys: ClientKeys, codes: Iterable[str], moment: float) -> Mapping[str, Known]:
        """The templates of a client among these codes."""
        found = {}
        for code in codes:
            kept = self._known.get((client, code))
            if kept is None or moment - kept[0] > FRESH_S:
                rows = await self._link.rows("template_named", {"client": client, "code": code})
                if len(self._known) >= _MOST_KNOWN:
                    self._known.clear()
                kept = self._known[client, code] = (moment, _opened(keys, rows))
            if kept[1] is not None:
                found[code] = kept[1]
        return found


def _opened(keys: ClientKeys, rows: Sequence[tuple[Any, ...]]) -> Known | None:
    channels = {}
    for channel, row_id, _purpose, _version, state, blob in rows:
        try:
            text = keys.unseal("gate_template", "content", UUID(bytes=row_id), blob)
            channels[channel] = (state, prepare(_read(text)))
        except (Unreadable, msgspec.MsgspecError):
            continue
    return Known(rows[0][2], channels) if rows else None


def named(known: Mapping[str, Known], code: str, purpose: str) -> Known:
    """The template of a message. Raises: Fault template_unknown, template_purpose."""
    found = known.get(code)
    if found is None:
        raise Fault("template_unknown", pointer="/template", template=code)
    if found.purpose != purpose:
        raise Fault("template_purpose", article="CGVU 14.2", pointer="/template", template=code)
    return found


def said(template: Known, code: str, channel: str, variables: Mapping[str, str], pointer: str) -> Content:
    """What a template says on a channel, to one person.

    Raises: Fault template_channel, template_not_ready, and what is wrong with the values.
    """
    here = template.channels.get(channel)
    if here is None:
        where = f"{pointer}/channel" if pointer else "/template"
        raise Fault("template_channel", pointer=where, template=code, channel=channel)
    state, prepared = here
    if state != "ready":
        raise Fault(
            "template_not_ready",
            pointer="/template",
            template=code,
            state=state,
            said=TEMPLATE_STATES.get(state, state),
        )
    try:
        return prepared.fill(variables)
    except Unfilled as unfilled:
        raise _fault(unfilled.problems) from None


def _fault(problems: Sequence[Problem]) -> Fault:
    """Every place that has no value at once; else the first thing that is wrong."""
    missing = [each.name for each in problems if each.code == "variable_missing"]
    first = problems[0]
    names = ", ".join(missing) or first.name
    place = missing[0] if missing else first.name.partition(",")[0]
    code = "variable_missing" if missing else first.code
    return Fault(code, pointer=f"/variables/{place}", place=names, limit=first.limit)
