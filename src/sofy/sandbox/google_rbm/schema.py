"""What RBM takes, written down strictly and apart from the connector's types: neither repeats the other's slip.

Source: RCS for Business REST reference v1, phones.agentMessages and users.batchGet.
"""

import re
from typing import Annotated, Any, Final, Literal, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta

OCTETS: Final = 250_000
LONGEST_TTL_S: Final = 30 * 86_400
E164 = re.compile(r"\+[1-9]\d{5,14}")
_DURATION = re.compile(r"(\d{1,9})(\.\d{1,9})?s")
Address = Annotated[str, Meta(pattern=r"^https?://\S+$", max_length=2048)]
Label = Annotated[str, Meta(min_length=1, max_length=25)]
Postback = Annotated[str, Meta(min_length=1, max_length=2048)]


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    pass


class _OpenUrl(_Strict, frozen=True):
    url: Address


class _Dial(_Strict, frozen=True):
    phone_number: Annotated[str, Meta(pattern=r"^\+[1-9]\d{5,14}$")]


class _Reply(_Strict, frozen=True):
    text: Label
    postback_data: Postback


class _Action(_Strict, frozen=True):
    text: Label
    postback_data: Postback
    fallback_url: Address | None = None
    open_url_action: _OpenUrl | None = None
    dial_action: _Dial | None = None
    view_location_action: dict[str, Any] | None = None
    create_calendar_event_action: dict[str, Any] | None = None
    share_location_action: dict[str, Any] | None = None


class _Suggestion(_Strict, frozen=True):
    reply: _Reply | None = None
    action: _Action | None = None


class _ContentInfo(_Strict, frozen=True):
    file_url: Address
    thumbnail_url: Address | None = None
    force_refresh: bool = False


class _Media(_Strict, frozen=True):
    height: Literal["SHORT", "MEDIUM", "TALL"]
    content_info: _ContentInfo | None = None
    uploaded_rbm_file: dict[str, Any] | None = None


class _Card(_Strict, frozen=True):
    title: Annotated[str, Meta(max_length=200)] = ""
    description: Annotated[str, Meta(max_length=2000)] = ""
    media: _Media | None = None
    suggestions: Annotated[list[_Suggestion], Meta(max_length=4)] = []


class _Standalone(_Strict, frozen=True):
    card_orientation: Literal["HORIZONTAL", "VERTICAL"]
    card_content: _Card
    thumbnail_image_alignment: Literal["LEFT", "RIGHT"] | None = None


class _Carousel(_Strict, frozen=True):
    card_width: Literal["SMALL", "MEDIUM"]
    card_contents: Annotated[list[_Card], Meta(min_length=2, max_length=10)]


class _RichCard(_Strict, frozen=True):
    standalone_card: _Standalone | None = None
    carousel_card: _Carousel | None = None


class ContentMessage(_Strict, frozen=True):
    """Exactly one of the four contents, and chips."""

    text: Annotated[str, Meta(min_length=1, max_length=3072)] | None = None
    rich_card: _RichCard | None = None
    content_info: _ContentInfo | None = None
    uploaded_rbm_file: dict[str, Any] | None = None
    suggestions: Annotated[list[_Suggestion], Meta(max_length=11)] = []


class AgentMessage(_Strict, frozen=True):
    """The body of a request to send."""

    content_message: ContentMessage
    message_traffic_type: (
        Literal["AUTHENTICATION", "TRANSACTION", "PROMOTION", "SERVICEREQUEST", "ACKNOWLEDGEMENT"] | None
    ) = None
    ttl: str | None = None
    expire_time: str | None = None


class BatchGet(_Strict, frozen=True):
    """The body of a bulk question."""

    users: Annotated[list[str], Meta(min_length=1, max_length=10_000)]
    agent_id: str


_Body = TypeVar("_Body", AgentMessage, BatchGet)


class Invalid(ValueError):
    """INVALID_ARGUMENT, with the words of the answer."""


def read_message(body: bytes) -> AgentMessage:
    """A request to send, or why RBM would refuse it. Raises: Invalid."""
    if len(body) > OCTETS:
        raise Invalid("the message is larger than 250 KB")
    message = _read(body, AgentMessage)
    content = message.content_message
    _exactly_one("content", content.text, content.rich_card, content.content_info, content.uploaded_rbm_file)
    _chips(content.suggestions)
    if content.rich_card is not None:
        _check_card(content.rich_card)
    if message.ttl is not None and message.expire_time is not None:
        raise Invalid("ttl and expireTime are one union")
    if message.ttl is not None:
        seconds = ttl_s(message.ttl)
        if not 0 < seconds <= LONGEST_TTL_S:
            raise Invalid("ttl is out of range")
    return message


def read_batch(body: bytes) -> BatchGet:
    """A bulk question. Raises: Invalid."""
    batch = _read(body, BatchGet)
    if not all(map(E164.fullmatch, batch.users)):
        raise Invalid("users must be in E.164")
    return batch


def message_id(text: str) -> str:
    """The identifier of a message, which must be a UUID. Raises: Invalid."""
    try:
        return str(UUID(text))
    except ValueError:
        raise Invalid("messageId must be a UUID") from None


def ttl_s(text: str) -> float:
    """A Duration of protobuf in seconds. Raises: Invalid."""
    if not _DURATION.fullmatch(text):
        raise Invalid("ttl must be a duration, as in 3.5s")
    return float(text[:-1])


def _check_card(card: _RichCard) -> None:
    _exactly_one("richCard", card.standalone_card, card.carousel_card)
    cards = [card.standalone_card.card_content] if card.standalone_card is not None else []
    if card.carousel_card is not None:
        cards = card.carousel_card.card_contents
        if card.carousel_card.card_width == "SMALL" and any(one.media and one.media.height == "TALL" for one in cards):
            raise Invalid("tall media do not fit small cards")
    elif (
        card.standalone_card is not None
        and card.standalone_card.card_orientation == "HORIZONTAL"
        and card.standalone_card.thumbnail_image_alignment is None
    ):
        raise Invalid("thumbnailImageAlignment is required for horizontal cards")
    for one in cards:
        if not (one.title or one.description or one.media):
            raise Invalid("a card needs a title, a description or media")
        if one.media is not None:
            _exactly_one("media", one.media.content_info, one.media.uploaded_rbm_file)
        _chips(one.suggestions)


def _chips(suggestions: list[_Suggestion]) -> None:
    for one in suggestions:
        _exactly_one("suggestion", one.reply, one.action)
        if (act := one.action) is not None:
            _exactly_one(
                "action", act.open_url_action, act.dial_action, act.view_location_action,
                act.create_calendar_event_action, act.share_location_action,
            )  # fmt: skip


def _exactly_one(name: str, *given: object) -> None:
    if sum(one is not None for one in given) != 1:
        raise Invalid(f"{name}: exactly one of the union must be set")


def _read(body: bytes, kind: type[_Body]) -> _Body:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Invalid(str(error)) from None
