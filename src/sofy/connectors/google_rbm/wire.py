"""What goes over the wire, as types of our own.

Source: RCS for Business REST reference v1 (phones.agentMessages, users.batchGet, UserMessage, UserEvent, ServerEvent),
as of 2026; the webhook guide for the envelope. Only what is used here; what Google adds is overlooked.
"""

from typing import Literal

import msgspec

TrafficType = Literal["AUTHENTICATION", "TRANSACTION", "PROMOTION", "SERVICEREQUEST", "ACKNOWLEDGEMENT"]


class Payload(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Names as Google writes them; what is not said is left out."""


class SuggestedReply(Payload, frozen=True):
    text: str
    postback_data: str


class OpenUrl(Payload, frozen=True):
    url: str


class Dial(Payload, frozen=True):
    phone_number: str


class SuggestedAction(Payload, frozen=True):
    text: str
    postback_data: str
    open_url_action: OpenUrl | None = None
    dial_action: Dial | None = None


class Suggestion(Payload, frozen=True):
    reply: SuggestedReply | None = None
    action: SuggestedAction | None = None


class ContentInfo(Payload, frozen=True):
    file_url: str


class Media(Payload, frozen=True):
    height: Literal["SHORT", "MEDIUM", "TALL"]
    content_info: ContentInfo


class CardContent(Payload, frozen=True):
    title: str = ""
    description: str = ""
    media: Media | None = None
    suggestions: list[Suggestion] = []


class StandaloneCard(Payload, frozen=True):
    card_orientation: Literal["VERTICAL", "HORIZONTAL"]
    card_content: CardContent


class CarouselCard(Payload, frozen=True):
    card_width: Literal["SMALL", "MEDIUM"]
    card_contents: list[CardContent]


class RichCard(Payload, frozen=True):
    standalone_card: StandaloneCard | None = None
    carousel_card: CarouselCard | None = None


class ContentMessage(Payload, frozen=True):
    text: str = ""
    rich_card: RichCard | None = None
    content_info: ContentInfo | None = None
    suggestions: list[Suggestion] = []


class AgentMessage(Payload, frozen=True):
    content_message: ContentMessage
    message_traffic_type: TrafficType
    ttl: str


class BatchGet(Payload, frozen=True):
    users: list[str]
    agent_id: str


class Reachable(Payload, frozen=True):
    reachable_users: list[str] = []
    total_random_sample_user_count: int = 0
    reachable_random_sample_user_count: int = 0


class Features(Payload, frozen=True):
    features: list[str] = []


class Token(msgspec.Struct, frozen=True):
    """RFC 6749 5.1."""

    access_token: str
    expires_in: float = 3600.0


class Error(msgspec.Struct, frozen=True):
    status: str = ""


class Problem(msgspec.Struct, frozen=True):
    """The body of an error, of which only the name of its status is read: the words may hold a number."""

    error: Error = Error()


# callbacks


class Setup(Payload, frozen=True):
    """The request that sets a callback address up."""

    client_token: str
    secret: str


class Pushed(msgspec.Struct, frozen=True):
    data: str


class Envelope(msgspec.Struct, frozen=True):
    message: Pushed


class SuggestionResponse(Payload, frozen=True):
    text: str = ""
    postback_data: str = ""


class Location(Payload, frozen=True):
    latitude: float = 0.0
    longitude: float = 0.0


class UserFilePayload(Payload, frozen=True):
    mime_type: str = ""
    file_size_bytes: int | str = 0
    file_uri: str = ""
    file_name: str = ""


class UserFile(Payload, frozen=True):
    payload: UserFilePayload = UserFilePayload()


class Event(Payload, frozen=True):
    """What a callback holds: an event has an `event_type`, a message of a person has none.

    A server event names the person in `phone_number`, the others in `sender_phone_number`.
    """

    agent_id: str = ""
    sender_phone_number: str = ""
    phone_number: str = ""
    event_type: str = ""
    event_id: str = ""
    message_id: str = ""
    send_time: str = ""
    text: str | None = None
    suggestion_response: SuggestionResponse | None = None
    location: Location | None = None
    user_file: UserFile | None = None
