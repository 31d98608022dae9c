"""What a campaign says by WhatsApp: a template that WhatsApp approved, each of its places filled by a small text.

The text of a place is written in the language of `content`, as an SMS is: fields, defaults, conditions. An address in
it becomes a short link; a button whose address is a short link of ours opens what is written for its place.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from sofy.kernel import templates
from sofy.kernel.clauses import clause
from sofy.kernel.content import Content
from sofy.kernel.errors import Refused
from sofy.messaging import queries as messaging
from sofy.messaging.template_rules import LONGEST
from sofy.soreach import content, links
from sofy.soreach.content import ANYTHING, MissingValue, TextTooLong, compile_content
from sofy.soreach.rich import Rich

CHANNEL: Final = "whatsapp"
#: What Meta refuses inside a value: line ends, tabs, five spaces in a row. Source: Meta, "Template components".
_SPACES: Final = re.compile(r"\s+")
_ADDRESS: Final = re.compile(r"https://[^\s<>\"{}]+\.[^\s<>\"{}]+")


class Chosen(msgspec.Struct, frozen=True, omit_defaults=True):
    """The code of a template of the client, and what its author wrote for each place."""

    template: str = ""
    values: dict[str, str] = {}


@clause("CGVU 14.1", "CGVU 3.4")
def compile_template(
    client_id: UUID, written: Mapping[str, Any], *, fields: Mapping[str, str], plain: bool = False
) -> Rich:
    """Check what an author chose and prepare it; `fields` and `plain` as for `compile_content`.

    Raises: Refused whatsapp_template_none, whatsapp_template_gone, whatsapp_value_missing, whatsapp_value_address, or
    what compile_content refuses.
    """
    chosen = msgspec.convert(written, Chosen)
    if not chosen.template:
        raise Refused("whatsapp_template_none")
    approved = messaging.approved_template(client_id, chosen.template)
    if approved is None:
        raise Refused("whatsapp_template_gone", template=chosen.template)
    prepared = templates.prepare(approved)
    opened = short_link_places(approved)
    pieces = {name: _compiled(name, chosen.values.get(name, ""), fields, plain) for name in prepared.places}
    if any(not _ADDRESS.fullmatch(chosen.values[name].strip()) for name in opened):
        raise Refused("whatsapp_value_address", place=", ".join(sorted(opened)))

    def made(values: Mapping[str, Any], short: Sequence[str]) -> Content:
        given, filled, position = short or every, {}, 0
        for name, piece in pieces.items():
            text = piece.render(values, given[position : position + len(piece.links)])
            position += len(piece.links)
            filled[name] = text.removeprefix(links.base()) if name in opened else _SPACES.sub(" ", text).strip()
            if not filled[name]:
                raise MissingValue(min(piece.variables, default=name))
        try:
            whole = prepared.fill(filled)
        except templates.Unfilled:
            raise TextTooLong from None
        if len(whole.text) > LONGEST[CHANNEL]:
            raise TextTooLong
        return whole

    every = tuple(link for piece in pieces.values() for link in piece.links)
    return Rich(
        CHANNEL,
        frozenset().union(*(piece.variables for piece in pieces.values())),
        frozenset().union(*(piece.needed for piece in pieces.values())),
        frozenset().union(*(piece.always for piece in pieces.values())),
        every,
        _fixed(approved),
        made,
    )


def _fixed(approved: Content) -> Content:
    """What everybody reads of it, whatever is in the places: a STOP beside one may be glued to what comes there."""
    text = templates.prepare(Content(text=approved.text))
    return Content(text=text.fill(dict.fromkeys(text.places, ANYTHING)).text, buttons=approved.buttons)


def _compiled(name: str, source: str, fields: Mapping[str, str], plain: bool) -> content.Content:
    if not source.strip():
        raise Refused("whatsapp_value_missing", place=name)
    return compile_content(source, fields=fields, plain=plain)


def short_link_places(approved: Content) -> frozenset[str]:
    """The places of buttons that open a short link of this installation."""
    found = [re.fullmatch(rf"{re.escape(links.base())}\{{\{{\s*(\w+)\s*\}}\}}", b.value) for b in approved.buttons]
    return frozenset(each[1] for each in found if each)


def first_values(approved: Content, fields: Mapping[str, Any]) -> dict[str, str]:
    """What stands in the places before an author wrote anything: the field of the same name, where there is one."""
    names = templates.prepare(approved).places
    return {name: f"{{{{ {name} }}}}" if name in fields else "" for name in names}
