"""Bodies of the Cloud API, v23.0, as types of our own: what is asked, what is answered, what is called back.

What is called back is read piece by piece (`Raw`), so that one piece nobody knows hides no other.
"""

from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

Optional = UnsetType


class Text(Struct):
    """Words, with a preview of the first link or without."""

    body: str
    preview_url: bool = False


class Link(Struct):
    """A file that Meta fetches."""

    link: str
    caption: str | Optional = UNSET
    filename: str | Optional = UNSET


class Language(Struct):
    """Of a template."""

    code: str


class Parameter(Struct):
    """The value of one place of a template."""

    type: str
    text: str | Optional = UNSET
    payload: str | Optional = UNSET
    image: Link | Optional = UNSET
    video: Link | Optional = UNSET
    document: Link | Optional = UNSET


class Component(Struct):
    """A part of a template with places; `index` is a text, as Meta writes it."""

    type: str
    parameters: list[Parameter]
    sub_type: str | Optional = UNSET
    index: str | Optional = UNSET


class Template(Struct):
    """A template with its values."""

    name: str
    language: Language
    components: list[Component] | Optional = UNSET


class Context(Struct):
    """Which message this one replies to."""

    message_id: str


class Request(Struct, kw_only=True):
    """POST /{phone-number-id}/messages, or /marketing_messages. `to` is digits, `recipient` a user id: one of both."""

    messaging_product: str
    recipient_type: str
    to: str | Optional = UNSET
    recipient: str | Optional = UNSET
    type: str
    text: Text | Optional = UNSET
    template: Template | Optional = UNSET
    image: Link | Optional = UNSET
    video: Link | Optional = UNSET
    audio: Link | Optional = UNSET
    document: Link | Optional = UNSET
    interactive: dict[str, Any] | Optional = UNSET
    context: Context | Optional = UNSET
    message_send_ttl_seconds: int | Optional = UNSET
    biz_opaque_callback_data: str | Optional = UNSET


class Named(Struct):
    """A message that was taken. `message_status`: accepted, held_for_quality_assessment or paused."""

    id: str = ""
    message_status: str = ""


class Taken(Struct):
    """The answer to a message that was taken. Taken is not sent."""

    messages: list[Named] = []


class ErrorData(Struct):
    details: str = ""


class GraphErrorBody(Struct):
    """What went wrong."""

    code: int = -1
    message: str = ""
    error_subcode: int | None = None
    error_data: ErrorData | str | None = None
    fbtrace_id: str = ""


class Failed(Struct):
    """The answer to anything that was not done."""

    error: GraphErrorBody


# What is called back


class Envelope(Struct):
    object: str = ""
    entry: list[Raw] = []


class Entry(Struct):
    id: str = ""
    changes: list[Raw] = []


class Change(Struct):
    field: str = ""
    value: Raw = Raw(b"{}")


class Metadata(Struct):
    phone_number_id: str = ""


class Contact(Struct):
    """Who wrote, or was written to; neither name nor user name is read."""

    wa_id: str | None = None
    user_id: str | None = None
    parent_user_id: str | None = None


class Value(Struct):
    """Of the fields `messages`, `user_preferences` and `user_id_update`."""

    metadata: Metadata = msgspec.field(default_factory=Metadata)
    contacts: list[Contact] = []
    messages: list[Raw] = []
    statuses: list[Raw] = []
    user_preferences: list[Raw] = []
    user_id_update: list[Raw] = []


class StatusError(Struct):
    code: int = -1
    title: str = ""


class Pricing(Struct):
    billable: bool | None = None
    category: str = ""


class Status(Struct):
    """sent, delivered, read, played or failed."""

    id: str = ""
    status: str = ""
    timestamp: str | int | None = None
    recipient_id: str | None = None
    recipient_user_id: str | None = None
    biz_opaque_callback_data: str | None = None
    pricing: Pricing | None = None
    errors: list[StatusError] = []


class Body(Struct):
    body: str = ""


class TemplateButton(Struct):
    """A quick reply of a template that was tapped."""

    text: str = ""
    payload: str = ""


class Choice(Struct):
    """A button or a row that was tapped."""

    id: str = ""
    title: str = ""


class InteractiveReply(Struct):
    type: str = ""
    button_reply: Choice | None = None
    list_reply: Choice | None = None


class File(Struct):
    """A file of a person; `id` is what it is fetched by."""

    id: str = ""
    mime_type: str = ""
    sha256: str = ""
    caption: str = ""
    filename: str = ""


class Location(Struct):
    latitude: float | None = None
    longitude: float | None = None
    name: str = ""
    address: str = ""


class Reaction(Struct):
    """An empty emoji takes a reaction back."""

    message_id: str = ""
    emoji: str = ""


class Replied(Struct):
    id: str | None = None
    forwarded: bool = False


class Referral(Struct):
    """The advertisement or post whose button the person tapped."""

    source_type: str = ""
    source_id: str = ""
    ctwa_clid: str = ""


class System(Struct):
    """Somebody changed their number (`user_changed_number`), or their user id alone (`user_changed_user_id`)."""

    type: str = ""
    wa_id: str | None = None
    user_id: str | None = None
    parent_user_id: str | None = None
    previous_user_id: str | None = None
    previous_parent_user_id: str | None = None


class Swap(Struct):
    """What something was, and what it is."""

    previous: str | None = None
    current: str | None = None


class UserIdChange(Struct):
    """The same as `System`, as the field `user_id_update` tells it."""

    wa_id: str | None = None
    user_id: Swap = msgspec.field(default_factory=Swap)
    parent_user_id: Swap | None = None

    def as_system(self) -> System:
        """In one form, whichever way it was told."""
        own, parent = self.user_id, self.parent_user_id or Swap()
        return System("user_id_update", self.wa_id, own.current, parent.current, own.previous, parent.previous)


class Message(Struct):
    """A message of a person. `from` may be missing: then `from_user_id` is all there is."""

    id: str = ""
    type: str = ""
    timestamp: str | int | None = None
    sender: str | None = msgspec.field(default=None, name="from")
    from_user_id: str | None = None
    from_parent_user_id: str | None = None
    text: Body | None = None
    button: TemplateButton | None = None
    interactive: InteractiveReply | None = None
    image: File | None = None
    video: File | None = None
    audio: File | None = None
    document: File | None = None
    sticker: File | None = None
    location: Location | None = None
    reaction: Reaction | None = None
    context: Replied | None = None
    referral: Referral | None = None
    system: System | None = None


class Preference(Struct):
    """What a person wants of this business: `value` is stop, resume or signup."""

    wa_id: str | None = None
    user_id: str | None = None
    category: str = ""
    value: str = ""
    timestamp: str | int | None = None


class TemplateChange(Struct):
    """Of the three fields that tell of a template."""

    message_template_name: str = ""
    message_template_language: str = ""
    event: str = ""
    reason: str | None = None
    new_quality_score: str = ""
    new_category: str = ""
