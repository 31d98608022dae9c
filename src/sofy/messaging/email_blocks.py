"""The page of an e-mail out of blocks: headings, texts, pictures, buttons, columns, and a foot with the way out.

Blocks -> MJML -> a page whose styles are in its elements, and the words beside it. Places ({{prenom}}) stay.
What a person typed is cleaned: nothing that runs, no address but https, mailto and tel.
"""

from collections.abc import Sequence
from html import escape
from typing import Annotated, Final, Literal

import css_inline
import mjml
import msgspec
import nh3
from msgspec import Meta

from sofy.kernel.clauses import clause
from sofy.kernel.content import OPT_OUT_URL, Content
from sofy.kernel.errors import Refused
from sofy.wire.email.plain import text_of

_TAGS: Final = frozenset({"a", "b", "br", "em", "i", "li", "ol", "p", "span", "strong", "u", "ul"})
_PLACE: Final = r"\{\{[a-z0-9_]+(?:\|[^{}|]{0,60})?\}\}"
_ADDRESS: Final = rf"^(?:https://|mailto:|tel:|{_PLACE})[^\s<>\x00-\x1f\"]*$"
Url = Annotated[str, Meta(pattern=_ADDRESS, max_length=2048)]
Words = Annotated[str, Meta(max_length=10_000)]
Align = Literal["left", "center", "right"]
Colour = Annotated[str, Meta(pattern=r"^#[0-9a-fA-F]{6}$")]
_INLINER: Final = css_inline.CSSInliner(load_remote_stylesheets=False)
MOST_BYTES: Final = 102_000  # Gmail cuts longer pages, and the way out with them


class Heading(msgspec.Struct, frozen=True, tag_field="type", tag="heading", forbid_unknown_fields=True):
    """A line in large letters."""

    text: Annotated[str, Meta(min_length=1, max_length=200)]
    align: Align = "left"


class Text(msgspec.Struct, frozen=True, tag_field="type", tag="text", forbid_unknown_fields=True):
    """Words, with bold, italics, lists and links."""

    html: Words
    align: Align = "left"


class Image(msgspec.Struct, frozen=True, tag_field="type", tag="image", forbid_unknown_fields=True):
    """A picture. `alt` is what those read who do not see it."""

    url: Annotated[str, Meta(pattern=r"^https://[^\s<>\x00-\x1f\"]+$", max_length=2048)]
    alt: Annotated[str, Meta(max_length=300)]
    href: Url | None = None


class Button(msgspec.Struct, frozen=True, tag_field="type", tag="button", forbid_unknown_fields=True):
    """Something to press."""

    label: Annotated[str, Meta(min_length=1, max_length=60)]
    href: Url
    align: Align = "center"


class Divider(msgspec.Struct, frozen=True, tag_field="type", tag="divider", forbid_unknown_fields=True):
    """A line between two things."""


class Footer(msgspec.Struct, frozen=True, tag_field="type", tag="footer", forbid_unknown_fields=True):
    """Who writes, and how to get no more of it. The link is there whatever is typed."""

    legal: Annotated[str, Meta(max_length=1_000)] = ""
    unsubscribe: Annotated[str, Meta(min_length=1, max_length=80)] = "Se désinscrire"


Simple = Heading | Text | Image | Button | Divider


class Columns(msgspec.Struct, frozen=True, tag_field="type", tag="columns", forbid_unknown_fields=True):
    """Things beside one another; below one another on a phone."""

    columns: Annotated[list[Annotated[list[Simple], Meta(max_length=10)]], Meta(min_length=2, max_length=3)]


Block = Heading | Text | Image | Button | Divider | Columns | Footer


class Design(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole mail. `preheader` is what mailboxes show after the subject."""

    blocks: Annotated[list[Block], Meta(min_length=1, max_length=60)]
    preheader: Annotated[str, Meta(max_length=150)] = ""
    accent: Colour = "#1f5fbf"
    language: Literal["fr", "en"] = "fr"


def read(raw: bytes | str) -> Design:
    """A design as an editor stores it. Raises: Refused email_blocks, which says where."""
    try:
        return msgspec.json.decode(raw, type=Design)
    except msgspec.DecodeError as error:
        raise Refused("email_blocks", problem=str(error)) from None


@clause("CGVU 17")
def render(design: Design, *, subject: str, marketing: bool = True) -> Content:
    """The mail of a design. One that is marketing gets a foot with the way out when it has none.

    Raises: Refused email_blocks, email_too_long.
    """
    blocks = list(design.blocks)
    if marketing and not any(isinstance(block, Footer) for block in blocks):
        blocks.append(Footer())
    try:
        page = mjml.mjml2html(_document(design, blocks))
    except ValueError as error:
        raise Refused("email_blocks", problem=str(error)) from None
    page = _INLINER.inline(page.replace('lang="und"', f'lang="{design.language}"', 1))
    if len(page.encode()) > MOST_BYTES:
        raise Refused("email_too_long", limit=MOST_BYTES // 1000)
    return Content(subject=subject, html=page, text=text_of(page))


def clean(html: str) -> str:
    """What a person typed, with nothing in it that runs or leads astray."""
    return nh3.clean(
        html, tags=set(_TAGS), attributes={"a": {"href"}}, url_schemes={"https", "mailto", "tel"}, link_rel=None
    )


def _document(design: Design, blocks: Sequence[Block]) -> str:
    accent = design.accent
    return (
        f"<mjml><mj-head><mj-preview>{escape(design.preheader)}</mj-preview><mj-attributes>"
        '<mj-all font-family="Helvetica, Arial, sans-serif" />'
        '<mj-text font-size="16px" line-height="1.5" color="#1d2733" />'
        f'<mj-button background-color="{accent}" color="#ffffff" border-radius="6px" font-size="16px" />'
        '</mj-attributes></mj-head><mj-body background-color="#f4f6f8" width="600px">'
        f"{''.join(map(_section, blocks))}</mj-body></mjml>"
    )


def _section(block: Block) -> str:
    if isinstance(block, Columns):
        inside = "".join(f"<mj-column>{''.join(map(_simple, column))}</mj-column>" for column in block.columns)
    elif isinstance(block, Footer):
        return _footer(block)
    else:
        inside = f"<mj-column>{_simple(block)}</mj-column>"
    return f'<mj-section background-color="#ffffff" padding="8px 16px">{inside}</mj-section>'


def _simple(block: Simple) -> str:
    match block:
        case Heading(text, align):
            title = f'<h1 style="margin:0;font-size:26px;line-height:1.25">{escape(text)}</h1>'
            return f'<mj-text align="{align}" font-weight="700">{title}</mj-text>'
        case Text(html, align):
            return f'<mj-text align="{align}">{clean(html)}</mj-text>'
        case Image(url, alt, href):
            link = f' href="{escape(href)}"' if href else ""
            return f'<mj-image src="{escape(url)}" alt="{escape(alt)}"{link} />'
        case Button(label, href, align):
            return f'<mj-button align="{align}" href="{escape(href)}">{escape(label)}</mj-button>'
        case Divider():
            return '<mj-divider border-width="1px" border-color="#d5dbe3" />'


def _footer(block: Footer) -> str:
    legal = "<br />".join(escape(line) for line in block.legal.splitlines())
    return (
        '<mj-section padding="16px"><mj-column><mj-text align="center" font-size="13px" color="#566375">'
        f'{legal}{"<br />" if legal else ""}<a href="{OPT_OUT_URL}">{escape(block.unsubscribe)}</a>'
        "</mj-text></mj-column></mj-section>"
    )
