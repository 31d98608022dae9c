"""What a message says, once for every channel: each connector writes of it what its channel can show.

A text is enough everywhere. Pictures, cards and buttons are shown where the channel has them; where it has not, `flat`
says them in words. An e-mail has a subject, and may have a page of its own; WhatsApp takes a template outside of a
conversation.
"""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

#: What is replaced, as a message leaves, by the address where the person says no.
OPT_OUT_URL: Final = "{{unsubscribe_url}}"

_LINE = r"^[^\x00-\x1f\x7f]*$"
_HTTPS = r"^https://[^\s\x00-\x1f\x7f]+$"
# A field that these do not know is refused, never overlooked.
Address = Annotated[str, Meta(pattern=_HTTPS, max_length=2048)]
Line = Annotated[str, Meta(min_length=1, max_length=200, pattern=_LINE)]


class Button(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Something to tap. `value`: what comes back for a reply, an address for url, a number for call."""

    kind: Literal["reply", "url", "call"] = "reply"
    label: Annotated[str, Meta(min_length=1, max_length=25, pattern=_LINE)]
    value: Annotated[str, Meta(min_length=1, max_length=2048, pattern=_LINE)]


class Media(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A file that the channel fetches from `url`."""

    kind: Literal["image", "video", "audio", "document"]
    url: Address
    caption: Annotated[str, Meta(max_length=1024)] = ""
    filename: Annotated[str, Meta(max_length=240, pattern=_LINE)] = ""


class Card(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A picture with words and buttons; several make a carousel."""

    title: Annotated[str, Meta(max_length=200)] = ""
    text: Annotated[str, Meta(max_length=2000)] = ""
    media: Media | None = None
    buttons: Annotated[list[Button], Meta(max_length=4)] = []


class Template(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A template that WhatsApp approved, with the values of its places in order."""

    name: Annotated[str, Meta(min_length=1, max_length=512, pattern=r"^[a-z0-9_]+$")]
    language: Annotated[str, Meta(min_length=2, max_length=10, pattern=r"^[a-z]{2}(_[A-Z]{2})?$")] = "fr"
    header: list[str] = []
    body: list[str] = []
    buttons: list[str] = []


class Content(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a message says. `html` is the page of an e-mail, complete; `text` stands beside it."""

    text: Annotated[str, Meta(max_length=10_000)] = ""
    subject: Annotated[str, Meta(max_length=200, pattern=_LINE)] = ""
    html: Annotated[str, Meta(max_length=500_000)] = ""
    media: Media | None = None
    cards: Annotated[list[Card], Meta(max_length=10)] = []
    buttons: Annotated[list[Button], Meta(max_length=11)] = []
    template: Template | None = None


def flat(content: Content) -> str:
    """The content in words alone, for a channel that has nothing else."""
    lines = [content.text]
    if content.media is not None:
        lines += [content.media.caption, content.media.url]
    for card in content.cards:
        lines += [card.title, card.text, card.media.url if card.media is not None else ""]
        lines += [_said(button) for button in card.buttons]
    lines += [_said(button) for button in content.buttons]
    return "\n".join(line for line in lines if line)


def _said(button: Button) -> str:
    return "" if button.kind == "reply" else f"{button.label} {button.value}"
