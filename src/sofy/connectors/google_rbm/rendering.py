"""From the content of a message to what RBM shows, within its limits.

Source: RCS for Business REST reference v1, phones.agentMessages (limits of each field). A message holds one of a text,
a card, a carousel or a file: what has no place beside it is refused, never dropped, since it may be the opt-out.
Unit: characters; octets for the whole.
"""

import re
from typing import Final

import msgspec

from sofy.connectors.base import Outgoing
from sofy.connectors.google_rbm import wire
from sofy.connectors.google_rbm.config import UseCase
from sofy.kernel.content import Button, Card, Content, Media

TEXT: Final = 3072
CHIPS: Final = 11
CARD_BUTTONS: Final = 4
LABEL: Final = 25
POSTBACK: Final = 2048
TITLE: Final = 200
DESCRIPTION: Final = 2000
CARDS: Final = range(2, 11)
OCTETS: Final = 250_000
_DIALLED = re.compile(r"\+[1-9]\d{5,14}")
_WEB = re.compile(r"https?://[^\s\x00-\x1f\x7f]+")
_IN_CARDS = ("image", "video")
_TRAFFIC: Final[dict[str, wire.TrafficType]] = {
    "marketing": "PROMOTION",
    "alert": "TRANSACTION",
    "service": "SERVICEREQUEST",
}


class Unsendable(ValueError):
    """RBM would refuse this; `code` says why, and is what the ledger keeps."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def content_of(message: Outgoing) -> wire.ContentMessage:
    """What the phone is to show. Raises: Unsendable."""
    content = message.content or Content(text=message.text)
    shown = _shown(content)
    if len(msgspec.json.encode(shown)) > OCTETS:
        raise Unsendable("rcs_too_large")
    return shown


def traffic_type(purpose: str, use_case: UseCase) -> wire.TrafficType:
    """What Google wants to know of a message: a code that logs somebody in is said by the agent's use case."""
    if purpose == "alert" and use_case == "otp":
        return "AUTHENTICATION"
    return _TRAFFIC.get(purpose, "TRANSACTION")


def _shown(content: Content) -> wire.ContentMessage:
    chips = _suggestions(content.buttons, CHIPS)
    if len(content.cards) > 1:
        if content.text or content.media is not None:
            raise Unsendable("rcs_text_beside_carousel")
        return wire.ContentMessage(rich_card=_carousel(content.cards), suggestions=chips)
    if content.cards:
        (card,) = content.cards
        if content.media is not None:
            raise Unsendable("rcs_file_beside_card")
        return wire.ContentMessage(rich_card=_standalone(card, content.text), suggestions=chips)
    if content.media is not None:
        return _file(content.media, content.text, chips)
    if not content.text.strip():
        raise Unsendable("rcs_empty")
    if len(content.text) > TEXT:
        raise Unsendable("rcs_text_too_long")
    return wire.ContentMessage(text=content.text, suggestions=chips)


def _file(media: Media, text: str, chips: list[wire.Suggestion]) -> wire.ContentMessage:
    """A file alone, or in a card when there are words with it."""
    words = "\n\n".join(filter(None, (media.caption, text)))
    if not words:
        return wire.ContentMessage(content_info=wire.ContentInfo(file_url=media.url), suggestions=chips)
    if media.kind not in _IN_CARDS:
        raise Unsendable("rcs_text_beside_file")
    return wire.ContentMessage(rich_card=_standalone(Card(media=media), words), suggestions=chips)


def _standalone(card: Card, text: str) -> wire.RichCard:
    content = _card(card, text)
    return wire.RichCard(standalone_card=wire.StandaloneCard(card_orientation="VERTICAL", card_content=content))


def _carousel(cards: list[Card]) -> wire.RichCard:
    if len(cards) not in CARDS:
        raise Unsendable("rcs_too_many_cards")
    contents = [_card(card, "") for card in cards]
    return wire.RichCard(carousel_card=wire.CarouselCard(card_width="MEDIUM", card_contents=contents))


def _card(card: Card, text: str) -> wire.CardContent:
    caption = card.media.caption if card.media is not None and not text else ""
    description = "\n\n".join(filter(None, (text, caption, card.text)))
    if not (card.title or description or card.media):
        raise Unsendable("rcs_empty_card")
    if len(card.title) > TITLE:
        raise Unsendable("rcs_title_too_long")
    if len(description) > DESCRIPTION:
        raise Unsendable("rcs_card_text_too_long")
    return wire.CardContent(
        title=card.title,
        description=description,
        media=_media(card.media),
        suggestions=_suggestions(card.buttons, CARD_BUTTONS),
    )


def _media(media: Media | None) -> wire.Media | None:
    if media is None:
        return None
    if media.kind not in _IN_CARDS:
        raise Unsendable("rcs_file_in_card")
    return wire.Media(height="MEDIUM", content_info=wire.ContentInfo(file_url=media.url))


def _suggestions(buttons: list[Button], most: int) -> list[wire.Suggestion]:
    if len(buttons) > most:
        raise Unsendable("rcs_too_many_buttons")
    return [_suggestion(button) for button in buttons]


def _suggestion(button: Button) -> wire.Suggestion:
    text, value = button.label, button.value
    if not text or len(text) > LABEL:
        raise Unsendable("rcs_label_too_long")
    if not value or len(value) > POSTBACK:
        raise Unsendable("rcs_button_too_long")
    if button.kind == "reply":
        return wire.Suggestion(reply=wire.SuggestedReply(text=text, postback_data=value))
    if button.kind == "url":
        if not _WEB.fullmatch(value):
            raise Unsendable("rcs_button_address")
        action = wire.SuggestedAction(text=text, postback_data=value, open_url_action=wire.OpenUrl(url=value))
    else:
        number = re.sub(r"[\s().-]", "", value)
        if not _DIALLED.fullmatch(number):
            raise Unsendable("rcs_button_number")
        action = wire.SuggestedAction(text=text, postback_data=value, dial_action=wire.Dial(phone_number=number))
    return wire.Suggestion(action=action)
