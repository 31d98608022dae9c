"""A message as the Cloud API wants it, and why some cannot be asked for.

What WhatsApp shows of a content: a text; a file with a caption; up to three replies to tap, or a list of up to ten; one
link to tap; a template. What it cannot show (several cards, calls, a second link) is said in words.
"""

import re
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import UNSET

from sofy.connectors.base import Action, Outgoing, Refused
from sofy.connectors.whatsapp_cloud import wire
from sofy.connectors.whatsapp_cloud.config import Config
from sofy.kernel.content import OPT_OUT_URL, Button, Card, Content, Media, flat
from sofy.kernel.content import Template as Wanted

TEXT, CAPTION, BODY, LIST_BODY = 4096, 1024, 1024, 4096
LABEL, ROW, ROW_ID, REPLY_ID = 20, 24, 200, 256
REPLIES, ROWS = 3, 10
#: How long Meta tries, in seconds: the bounds it takes.
CODE_TTL, UTILITY_TTL, MARKETING_TTL = (30, 900), (30, 43_200), (43_200, 2_592_000)

_NUMBER = re.compile(r"\+?([1-9][0-9]{5,14})")
_USER = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}")
_LINK: Final = re.compile(r"https?://")


class NotSendable(Exception):
    """This message can never be asked for; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def is_user_id(to: str) -> bool:
    """Whether this is the identity of somebody who has no number here. Source: Meta, "Business-scoped user IDs"."""
    return _USER.fullmatch(to) is not None


def refusal(message: Outgoing, config: Config) -> Refused | None:
    """Why a message is not even asked for."""
    try:
        request(message, config, message.validity_until)
    except NotSendable as error:
        return Refused(error.code, Action.PERMANENT)
    return None


def is_marketing_template(message: Outgoing) -> bool:
    """Whether it goes the way of marketing messages."""
    return message.purpose == "marketing" and message.content is not None and message.content.template is not None


def request(message: Outgoing, config: Config, at: datetime | None) -> wire.Request:
    """The body to post at this instant. Raises: NotSendable."""
    body = _of_content(_personal(message), config)
    if is_user_id(message.to):
        body.recipient = message.to
    elif (number := _NUMBER.fullmatch(message.to)) is not None:
        body.to = number[1]
    else:
        raise NotSendable("recipient_unreadable")
    if body.template is not UNSET and is_user_id(message.to) and body.template.name in config.authentication_templates:
        raise NotSendable("131062")
    if message.answers:
        body.context = wire.Context(message.answers)
    if body.template is not UNSET and config.send_ttl and at is not None:
        body.message_send_ttl_seconds = ttl_s(message, body.template.name, config, at) or UNSET
    body.biz_opaque_callback_data = str(message.message_id)
    return body


def ttl_s(message: Outgoing, template: str, config: Config, at: datetime) -> int | None:
    """How long Meta may try to deliver a template; None: as long as the template itself says. Unit: seconds.

    Marketing is tried for 12 hours at least, whatever is asked for.
    """
    if message.purpose == "marketing":
        least, most = MARKETING_TTL
    else:
        least, most = CODE_TTL if template in config.authentication_templates else UTILITY_TTL
    if message.validity_until is None:
        return None
    left_s = int((message.validity_until - at) / timedelta(seconds=1))
    return min(max(left_s, least), most)


def opaque_id(text: str | None) -> UUID | None:
    """Our message, as a status names it."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _personal(message: Outgoing) -> Content:
    """The content with the address where this person says no."""
    content = message.content or Content(text=message.text)
    if not content.text and not _shows_something(content):
        content = msgspec.structs.replace(content, text=message.text)
    written = msgspec.json.encode(content).decode()
    if OPT_OUT_URL not in written:
        return content
    if not message.opt_out_url:
        raise NotSendable("opt_out_url_missing")
    address = msgspec.json.encode(message.opt_out_url).decode()[1:-1]
    return msgspec.json.decode(written.replace(OPT_OUT_URL, address), type=Content)


def _shows_something(content: Content) -> bool:
    return bool(content.template or content.media or content.cards or content.buttons)


def _of_content(content: Content, config: Config) -> wire.Request:
    if content.template is not None:
        return _request("template", template=_template(content.template, content))
    if len(content.cards) == 1 and content.media is None and not content.buttons:
        content = _card_alone(content.text, content.cards[0])
    elif content.cards:
        return _text(flat(content))
    replies = [button for button in content.buttons if button.kind == "reply"]
    links = [button for button in content.buttons if button.kind == "url"]
    if not replies and len(links) != 1:
        return _file(content) if content.media is not None else _text(flat(content))
    shown = replies or links
    said = Content(text=content.text, buttons=[button for button in content.buttons if button not in shown])
    return _interactive(flat(said), shown, content.media, config)


def _card_alone(text: str, card: Card) -> Content:
    words = "\n".join(line for line in (text, card.title, card.text) if line)
    return Content(text=words, media=card.media, buttons=card.buttons)


def _request(kind: str, **parts: Any) -> wire.Request:
    return wire.Request(messaging_product="whatsapp", recipient_type="individual", type=kind, **parts)


def _text(text: str) -> wire.Request:
    if not text.strip():
        raise NotSendable("text_empty")
    if len(text) > TEXT:
        raise NotSendable("text_too_long")
    return _request("text", text=wire.Text(text, preview_url=_LINK.search(text) is not None))


def _file(content: Content) -> wire.Request:
    """A file with all its words as the caption; a sound shows none, so that they become a text with its address."""
    media = content.media
    assert media is not None
    buttons = Content(buttons=content.buttons)
    caption = "\n".join(line for line in (content.text, media.caption, flat(buttons)) if line)
    if media.kind == "audio" and caption:
        return _text(flat(content))
    if len(caption) > CAPTION:
        raise NotSendable("caption_too_long")
    link = wire.Link(media.url)
    if caption:
        link.caption = caption
    if media.kind == "document" and media.filename:
        link.filename = media.filename
    return _request(media.kind, **{media.kind: link})


def _interactive(text: str, buttons: list[Button], media: Media | None, config: Config) -> wire.Request:
    is_list = len(buttons) > REPLIES
    if media is not None and media.caption:
        text = f"{text}\n{media.caption}" if text else media.caption
    if not text.strip():
        raise NotSendable("text_empty")
    if len(text) > (LIST_BODY if is_list else BODY):
        raise NotSendable("text_too_long")
    if len(buttons) > ROWS:
        raise NotSendable("too_many_buttons")
    if len({button.label for button in buttons}) < len(buttons):
        raise NotSendable("button_label_twice")
    if any(len(button.label) > (ROW if is_list else LABEL) for button in buttons):
        raise NotSendable("button_label_too_long")
    if buttons[0].kind == "reply" and len({button.value for button in buttons}) < len(buttons):
        raise NotSendable("button_value_twice")
    if buttons[0].kind == "reply" and any(len(button.value) > (ROW_ID if is_list else REPLY_ID) for button in buttons):
        raise NotSendable("button_value_too_long")
    shown: dict[str, Any] = {"type": _kind(buttons), "body": {"text": text}, "action": _action(buttons, config)}
    if media is not None:
        if is_list or media.kind == "audio":
            raise NotSendable("media_not_shown")
        shown["header"] = {"type": media.kind, media.kind: _named(media)}
    return _request("interactive", interactive=shown)


def _kind(buttons: list[Button]) -> str:
    if buttons[0].kind == "url":
        return "cta_url"
    return "list" if len(buttons) > REPLIES else "button"


def _action(buttons: list[Button], config: Config) -> dict[str, Any]:
    if buttons[0].kind == "url":
        parameters = {"display_text": buttons[0].label, "url": buttons[0].value}
        return {"name": "cta_url", "parameters": parameters}
    if len(buttons) > REPLIES:
        rows = [{"id": button.value, "title": button.label} for button in buttons]
        return {"button": config.list_label, "sections": [{"title": config.list_label, "rows": rows}]}
    return {"buttons": [{"type": "reply", "reply": {"id": one.value, "title": one.label}} for one in buttons]}


def _named(media: Media) -> wire.Link:
    link = wire.Link(media.url)
    if media.kind == "document" and media.filename:
        link.filename = media.filename
    return link


def _template(template: Wanted, content: Content) -> wire.Template:
    """Its values; a file goes into its header. Buttons are links unless the content says that one is a reply."""
    components = []
    if (media := content.media) is not None:
        if media.kind == "audio":
            raise NotSendable("media_not_shown")
        header = wire.Parameter(media.kind)
        setattr(header, media.kind, _named(media))
        components.append(wire.Component("header", [header]))
    elif template.header:
        components.append(wire.Component("header", _values(template.header)))
    if template.body:
        components.append(wire.Component("body", _values(template.body)))
    for index, value in enumerate(template.buttons):
        if not value:
            continue  # a button without a place
        if index < len(content.buttons) and content.buttons[index].kind == "reply":
            payload = wire.Parameter("payload", payload=value)
            components.append(wire.Component("button", [payload], "quick_reply", str(index)))
        else:
            components.append(wire.Component("button", _values([value]), "url", str(index)))
    made = wire.Template(template.name, wire.Language(template.language))
    if components:
        made.components = components
    return made


def _values(values: list[str]) -> list[wire.Parameter]:
    """Meta refuses an empty value, and one with line ends, tabs or more than four spaces in a row."""
    if any(not value.strip() for value in values):
        raise NotSendable("template_value_empty")
    if any(re.search(r"[\n\r\t]| {5}", value) for value in values):
        raise NotSendable("template_value_spaces")
    return [wire.Parameter("text", text=value) for value in values]
