"""What a campaign says by RCS and by e-mail, and how it becomes what one person receives; by WhatsApp, see
`template_message`.

Each text is written in the language of `content`. An RCS message has a text, a picture and buttons; an e-mail a subject
and a page, out of a few things typed here or of a template of the client. Addresses become short links, one per person.
"""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from sofy.kernel import channels, templates
from sofy.kernel.clauses import clause
from sofy.kernel.content import Button, Content, Media
from sofy.kernel.errors import Refused
from sofy.messaging import email_blocks
from sofy.messaging.services import templates as client_templates
from sofy.soreach import content
from sofy.soreach.content import TextTooLong, compile_content

Rendered = Callable[[Mapping[str, Any], Sequence[str]], Content]
MOST_BUTTONS: Final = 4
MOST_LINKS: Final = 90
#: Where the links of a channel are among those of its variant.
PER_CHANNEL: Final = 100
FIRST_LINK: Final = {"sms": 0, "rcs": PER_CHANNEL, "email": 2 * PER_CHANNEL, "whatsapp": 3 * PER_CHANNEL}
_MARKUP: Final = re.compile(r"\{[{%#]")
_HREF: Final = re.compile(r'href="(https://[^"{}]+)"')


class Tap(msgspec.Struct, frozen=True, omit_defaults=True):
    """A button of an RCS message. `value`: an address, a number, or nothing for an answer."""

    kind: Literal["url", "call", "reply"] = "url"
    label: str = ""
    value: str = ""


class Rcs(msgspec.Struct, frozen=True, omit_defaults=True):
    """An RCS message as its author writes it. `image` is the address of a picture."""

    text: str = ""
    image: str = ""
    buttons: Annotated[list[Tap], Meta(max_length=MOST_BUTTONS)] = []


class Mail(msgspec.Struct, frozen=True, omit_defaults=True):
    """An e-mail as its author writes it; with `template`, its page is that of the client's template."""

    subject: str = ""
    preheader: str = ""
    heading: str = ""
    text: str = ""
    image: str = ""
    label: str = ""
    link: str = ""
    template: str = ""


@dataclass(frozen=True)
class Rich:
    """One compiled content of another channel than SMS; its fields are those of `content.Content`.

    `fixed`: what everybody receives.
    """

    channel: str
    variables: frozenset[str]
    needed: frozenset[str]
    always: frozenset[str]
    links: tuple[str, ...]
    fixed: Content
    _render: Rendered

    def render(self, values: Mapping[str, Any], short_links: Sequence[str] = ()) -> Content:
        """Make what one person receives. Raises: MissingValue, TextTooLong."""
        return self._render(values, short_links)

    @property
    def says_how_to_stop(self) -> bool:
        """Whether everybody reads how to receive no more."""
        return channels.says_how_to_stop(self.channel, self.fixed.text, self.fixed, None)


def compile_rich(
    client_id: UUID, channel: str, written: Mapping[str, Any], *, fields: Mapping[str, str], plain: bool = False
) -> Rich:
    """Check what an author wrote for a channel and prepare it; `fields` and `plain` as for `compile_content`.

    Raises: Refused, with what is wrong on which channel.
    """
    from sofy.soreach.template_message import compile_template

    if channel == "whatsapp":
        return compile_template(client_id, written, fields=fields, plain=plain)
    if channel == "rcs":
        return _rcs(msgspec.convert(written, Rcs), fields, plain)
    return _mail(client_id, msgspec.convert(written, Mail), fields, plain)


# ---- RCS
# ---------------------------------------------------------------------------------------------------------------


@clause("CGVU 14.1")
def _rcs(written: Rcs, fields: Mapping[str, str], plain: bool) -> Rich:
    """A message whose author said nothing of STOP gets a button that sends it."""
    text = _compiled(written.text, fields, plain, "rcs")
    media = Media(kind="image", url=_address(written.image, "rcs_image")) if written.image else None
    buttons = [_button(tap) for tap in written.buttons if tap.label.strip() or tap.value.strip()]
    fixed = Content(text=text.fixed, media=media, buttons=buttons)
    if not channels.says_how_to_stop("rcs", fixed.text, fixed, None):
        buttons = [*buttons, Button(kind="reply", label="STOP", value="STOP")]
        fixed = Content(text=text.fixed, media=media, buttons=buttons)
    targets = [button.value for button in buttons if button.kind == "url"]

    def made(values: Mapping[str, Any], short: Sequence[str]) -> Content:
        leads = iter(short[: len(targets)] or targets)
        shown = [
            msgspec.structs.replace(button, value=next(leads)) if button.kind == "url" else button for button in buttons
        ]
        return Content(text=text.render(values, short[len(targets) :]), media=media, buttons=shown)

    links = (*targets, *text.links)
    return Rich("rcs", text.variables, text.needed, text.always, links, fixed, made)


def _button(tap: Tap) -> Button:
    label, value = tap.label.strip(), tap.value.strip()
    if not label or len(label) > 25:
        raise Refused("rcs_button_label", most=25)
    if tap.kind == "url":
        return Button(kind="url", label=label, value=_address(value, "rcs_button_address"))
    if tap.kind == "call":
        number = re.sub(r"[\s.\-]", "", value)
        number = f"+33{number[1:]}" if re.fullmatch(r"0[1-9]\d{8}", number) else number
        if not re.fullmatch(r"\+\d{6,15}", number):
            raise Refused("rcs_button_number")
        return Button(kind="call", label=label, value=number)
    return Button(kind="reply", label=label, value=value or label)


def _address(text: str, code: str) -> str:
    if not re.fullmatch(r"https://[^\s<>\"{}]+\.[^\s<>\"{}]+", text.strip()) or len(text) > 2048:
        raise Refused(code)
    return text.strip()


def _compiled(source: str, fields: Mapping[str, str], plain: bool, channel: str) -> content.Content:
    if not source.strip():
        raise Refused(f"content_empty_{channel}")
    return compile_content(source, fields=fields, plain=plain)


# ---- e-mail
# ---------------------------------------------------------------------------------------------------------------


class _Holes:
    """The places of a page, each with the text that fills it."""

    def __init__(self, fields: Mapping[str, str], plain: bool) -> None:
        self.fields, self.plain = fields, plain
        self.made: dict[str, content.Content] = {}

    def of(self, source: str) -> str:
        """A source that reads of the person becomes a place; any other stays what it is."""
        if not _MARKUP.search(source):
            return source
        name = f"sofy_text_{len(self.made)}"
        self.made[name] = compile_content(source, fields=self.fields, plain=self.plain)
        return f"{{{{{name}}}}}"

    def filling(self, name: str) -> content.Content:
        """What fills a place; one that was not made here stands in a template of the client and is a field."""
        if name in self.made:
            return self.made[name]
        return compile_content(f"{{{{ {name} }}}}", fields=self.fields, plain=self.plain)


def _mail(client_id: UUID, written: Mail, fields: Mapping[str, str], plain: bool) -> Rich:
    holes = _Holes(fields, plain)
    if written.template:
        page = _of_template(client_id, written, holes)
    else:
        if not written.subject.strip():
            raise Refused("email_subject_missing")
        page = email_blocks.render(_design(written, holes), subject=holes.of(written.subject.strip()))
    page, targets = _linked(page)
    prepared = templates.prepare(page)
    if prepared.problems:
        raise Refused("email_place", place=prepared.problems[0].name)
    own = [name for name in prepared.places if not name.startswith("sofy_link_")]
    pieces = {name: holes.filling(name) for name in own}
    links = tuple(targets) + tuple(link for made in pieces.values() for link in made.links)

    def made(values: Mapping[str, Any], short: Sequence[str]) -> Content:
        given = short or links
        filled = {f"sofy_link_{n}": given[n] for n in range(len(targets))}
        position = len(targets)
        for name, piece in pieces.items():
            filled[name] = piece.render(values, given[position : position + len(piece.links)])
            position += len(piece.links)
        try:
            return prepared.fill(filled)
        except templates.Unfilled:
            raise TextTooLong from None

    return Rich(
        "email",
        frozenset().union(*(piece.variables for piece in pieces.values())),
        frozenset().union(*(piece.needed for piece in pieces.values())),
        frozenset().union(*(piece.always for piece in pieces.values())),
        links,
        prepared.content,
        made,
    )


def _of_template(client_id: UUID, written: Mail, holes: _Holes) -> Content:
    """The page of the client's template, with the subject of the campaign if it has one."""
    found = client_templates.by_code(client_id, written.template)
    said = client_templates.contents_of(client_templates.version(found)).get("email")
    if said is None or found.purpose != "marketing" or found.archived_at is not None:
        raise Refused("email_template_gone", template=written.template)
    if not written.subject.strip():
        return said
    return msgspec.structs.replace(said, subject=holes.of(written.subject.strip()))


def _design(written: Mail, holes: _Holes) -> email_blocks.Design:
    """A picture, a heading, paragraphs and a button, in this order; the way out is below whatever is written."""
    blocks: list[email_blocks.Block] = []
    if written.image.strip():
        blocks.append(email_blocks.Image(_address(written.image, "email_image"), written.heading[:300]))
    if written.heading.strip():
        blocks.append(email_blocks.Heading(holes.of(written.heading.strip())))
    paragraphs = [each.strip() for each in re.split(r"\n\s*\n", written.text) if each.strip()]
    blocks += [email_blocks.Text(_paragraph(each, holes)) for each in paragraphs]
    if written.label.strip() or written.link.strip():
        if not written.label.strip():
            raise Refused("email_button_label")
        blocks.append(email_blocks.Button(holes.of(written.label.strip()), _address(written.link, "email_link")))
    if not blocks:
        raise Refused("content_empty_email")
    return email_blocks.Design(blocks=blocks, preheader=holes.of(written.preheader.strip()))


def _paragraph(text: str, holes: _Holes) -> str:
    lines = [html.escape(holes.of(line), quote=False) for line in text.split("\n")]
    return f"<p>{'<br>'.join(lines)}</p>"


def _linked(page: Content) -> tuple[Content, list[str]]:
    """The page with a place where each of its links leads, and their targets."""
    targets: dict[str, str] = {}

    def place(found: re.Match[str]) -> str:
        target = html.unescape(found[1])
        if target not in targets and len(targets) == MOST_LINKS:
            return found[0]
        name = targets.setdefault(target, f"{{{{sofy_link_{len(targets)}}}}}")
        return f'href="{name}"'

    text, linked = page.text, _HREF.sub(place, page.html)
    for target in sorted(targets, key=len, reverse=True):
        text = text.replace(target, targets[target])
    return msgspec.structs.replace(page, html=linked, text=text), list(targets)
