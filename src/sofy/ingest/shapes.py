"""What programs send and are answered: the types of the API, from which its description is made."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from sofy.engine.statuses import LATTICE
from sofy.kernel.clock import Instant
from sofy.kernel.content import Content

Purpose = Literal["marketing", "alert", "service"]
Channel = Literal["auto", "sms", "rcs", "whatsapp", "email"]
RealChannel = Literal["sms", "rcs", "whatsapp", "email"]
Language = Literal["fr", "en"]
#: One line of a client's own words: no control characters, which no store or log could show. In Python, $ alone would
#: let a line feed stand at the end.
LINE = r"^[^\u0000-\u001f\u007f]+$(?!\n)"
#: The same with something in it: a proof that is blank shows nothing.
WORDS = r"^[^\u0000-\u001f\u007f]*[^\s\u0000-\u001f\u007f][^\u0000-\u001f\u007f]*$(?!\n)"
Id = Annotated[str, Meta(extra_json_schema={"format": "uuid"})]
Status = Annotated[str, Meta(extra_json_schema={"enum": [*LATTICE]})]
LONGEST_TEXT = 1600
MOST_MESSAGES = 10_000


class Shape(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, gc=False):
    """A body of a request: a field it does not know is refused, never overlooked."""


class Consent(Shape):
    """That this person agreed to marketing, and how that can be shown. Source: DPA 5, CGVU 17."""

    source: Annotated[str, Meta(min_length=1, max_length=40, pattern=WORDS, description="Where it was given.")]
    at: Annotated[Instant, Meta(description="When it was given.")]
    text_version: Annotated[
        str, Meta(min_length=1, max_length=60, pattern=WORDS, description="Which text the person agreed to.")
    ]


Text = Annotated[str, Meta(min_length=1, max_length=LONGEST_TEXT)]
VariableName = Annotated[str, Meta(max_length=40, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$(?!\n)")]
Variable = Annotated[str, Meta(max_length=1_000)]
To = Annotated[str, Meta(min_length=1, max_length=254)]
SenderName = Annotated[str, Meta(max_length=254)]


class Fallback(Shape):
    """What is tried when the channel before led nowhere. Without words of its own it says the same."""

    channel: Annotated[RealChannel, Meta(description="A channel that was not tried before.")]
    after_s: Annotated[
        Annotated[int, Meta(ge=5, le=172_800)] | None,
        Meta(description="For how long the channel before is tried: 60 s for alerts, 4 h for marketing."),
    ] = None
    even_if_unsure: Annotated[
        bool, Meta(description="Also when the channel before took the message and says nothing: it may come twice.")
    ] = False
    to: Annotated[To | None, Meta(description="Where the person is reached by this channel, if elsewhere.")] = None
    sender: SenderName | None = None
    text: Text | None = None
    content: Content | None = None


class Message(Shape):
    """One message to be sent."""

    to: Annotated[To, Meta(description="Mobile number, best as +33639980001, or an e-mail address.")]
    purpose: Annotated[
        Purpose,
        Meta(description="marketing needs a consent and says how to stop; service answers a message of the last 24 h."),
    ]
    text: Annotated[Text | None, Meta(description="What the phone shows. This, content or template.")] = None
    content: Annotated[
        Content | None, Meta(description="Pictures, cards, buttons, a page: for channels that show them.")
    ] = None
    template: Annotated[
        Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[a-z0-9_]+$(?!\n)")] | None,
        Meta(description="The code of one of your templates, instead of text and content."),
    ] = None
    variables: Annotated[
        Annotated[dict[VariableName, Variable], Meta(max_length=50)] | None,
        Meta(description="The values of the template's places, by their names."),
    ] = None
    channel: Annotated[
        Channel | None,
        Meta(description="auto: your ladder, RCS then SMS at first. Without it: SMS, or e-mail to an address."),
    ] = None
    fallback: Annotated[
        Annotated[list[Fallback], Meta(max_length=3)] | None, Meta(description="Tried next, in this order.")
    ] = None
    sender: Annotated[
        SenderName | None, Meta(description="A registered name or address; without it, the first one in the alphabet.")
    ] = None
    consent: Annotated[Consent | None, Meta(description="Kept as proof; it never lifts an opposition.")] = None
    reference: Annotated[
        Annotated[str, Meta(min_length=1, max_length=100, pattern=LINE)] | None,
        Meta(description="Your own word for it. Nothing about a person."),
    ] = None
    send_at: Annotated[Instant | None, Meta(description="Not before this moment.")] = None
    valid_for_s: Annotated[
        Annotated[int, Meta(ge=30, le=604_800)] | None,
        Meta(description="Worth nothing so many seconds after it may leave."),
    ] = None
    reply_to: Annotated[
        UUID | None, Meta(description="The message of this person that it answers: the id of a message.inbound event.")
    ] = None
    establishment: Annotated[
        Annotated[str, Meta(min_length=1, max_length=60, pattern=LINE)] | None,
        Meta(description="The point of sale it is about: its id or its code."),
    ] = None


class Batch(Shape):
    """Up to 10,000 messages; each is accepted or refused by itself."""

    messages: Annotated[list[Message], Meta(min_length=1, max_length=MOST_MESSAGES)]


class RawBatch(Shape):
    """A batch whose messages are read one by one, so that a bad one refuses itself only."""

    messages: list[msgspec.Raw]


class Accepted(msgspec.Struct, gc=False):
    """A message that is stored and will be handed over as soon as the rules allow. Unit: EUR before VAT."""

    id: Id
    status: Status
    parts: Annotated[int, Meta(description="As how many SMS it is counted.")]
    cost_estimate: Annotated[str, Meta(description="Its sale price on the first channel.", examples=["0.045"])]


class AcceptedOf(msgspec.Struct, gc=False):
    """Which of the messages of a batch has which id."""

    index: int
    id: UUID


class RefusedOf(msgspec.Struct, gc=False, omit_defaults=True):
    """Why a message of a batch was not taken."""

    index: int
    code: str
    detail: str
    article: str = ""
    pointer: str = ""


class BatchAnswer(msgspec.Struct, gc=False):
    """What became of each message of a batch."""

    accepted: list[AcceptedOf]
    refused: list[RefusedOf]


class Step(msgspec.Struct, gc=False, omit_defaults=True):
    """Something that happened to a message. `article`: on what a verdict rests; `channel`: where several are tried."""

    type: str
    at: Instant
    reason: str = ""
    code: str = ""
    article: str = ""
    channel: str = ""


class Tried(msgspec.Struct, gc=False, omit_defaults=True):
    """A channel of a message that may take several. Without a status it was not begun."""

    channel: str
    status: str = ""
    reason: str = ""


class Destination(msgspec.Struct, gc=False):
    """One of the messages that a submit_multi made."""

    id: Id
    to: str
    status: Status


class Standing(msgspec.Struct, gc=False):
    """A message with all that happened to it. `to` and `text` are empty once they were forgotten.

    `content`: what was sent when that is more than a text (cards, buttons, a file, a template), without the page of an
    e-mail; `text` then says it in words.

    `smpp_ids`: the ids that SMPP told of its parts, or of all that a submit_multi made; `destinations`: for the latter,
    each of them, while the rest is about the one that is least far.
    """

    id: Id
    status: Status
    channel: str
    purpose: str
    sender: str
    to: str
    text: str
    reference: str | None
    establishment: Id | None
    campaign: Id | None
    parts: int
    encoding: str
    cost_estimate: str
    reason: str | None
    article: str | None
    supplier_code: str | None
    created_at: Instant
    not_before: Instant | None
    expires_at: Instant | None
    submitted_at: Instant | None
    final_at: Instant | None
    events: list[Step]
    ladder: list[Tried] = []
    smpp_ids: list[str] = []
    destinations: list[Destination] = []
    content: Content | None = None


class Found(msgspec.Struct, gc=False):
    """Messages that carry a reference, the newest first."""

    messages: list[Standing]


class Candidate(msgspec.Struct, gc=False, omit_defaults=True):
    """A route that may carry a message. Unit: EUR before VAT, as the client pays.

    `share`: of messages like this one; `quality`: of parts, those that arrive, within a minute for an alert. `sender`:
    what it shows instead of the sender.
    """

    route: str
    channel: str
    cost: str
    share: float
    quality: float
    sender: str = ""


class RouteOut(msgspec.Struct, gc=False):
    """A route that may not carry it, since it does not send there (country, prefix) or does not show its sender."""

    route: str
    reason: str


class Verdict(msgspec.Struct, gc=False, omit_defaults=True):
    """What the compliance gate would say at this moment."""

    action: Literal["send", "defer", "withhold", "hold"]
    article: str
    reason: str = ""
    until: Instant | None = None


class Reach(msgspec.Struct, gc=False):
    """Whether the phone has RCS as Google said at `known_at`, what it can show; none: nobody was told lately."""

    reachable: bool | None = None
    known_at: Instant | None = None
    features: list[str] = []


class Rung(msgspec.Struct, gc=False, omit_defaults=True):
    """A channel that is tried, in its order. `deadline_s`: for how long before the next one is; none: no next one.

    `reach`: for RCS, what is known of the phone. Unit: EUR before VAT.
    """

    channel: str
    sender: str
    parts: int
    cost_estimate: str
    deadline_s: int | None
    verdict: Verdict
    candidates: list[Candidate]
    out: list[RouteOut]
    reach: Reach | None = None


class Plan(msgspec.Struct, gc=False):
    """What would happen to a message if it were sent now; nothing was."""

    to: str
    purpose: str
    sender: str
    parts: int
    encoding: str
    cost_estimate: str
    verdict: Verdict
    ladder: list[Rung]


class Problem(msgspec.Struct, gc=False, omit_defaults=True):
    """Why a request was refused. Source: RFC 9457."""

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
    article: str = ""
    pointer: str = ""
    facts: dict[str, Any] = {}


class Order(msgspec.Struct, gc=False):
    """Of what shares a key, a greater sequence happened later."""

    key: str
    sequence: int


class Event(msgspec.Struct, gc=False):
    """One thing that happened, as webhooks are told."""

    type: str
    timestamp: Instant
    order: Order
    data: Any


class MessageEvent(msgspec.Struct, gc=False):
    """A step of a message. `data`: what GET /v1/messages/{id} said when it had just happened."""

    type: Annotated[str, Meta(examples=["message.delivered"])]
    timestamp: Instant
    order: Order
    data: Standing


class Said(msgspec.Struct, gc=False, rename={"sender": "from"}):
    """What somebody sent back. `message`: the one it answers; `keyword`: stop, contact or nothing."""

    id: Id
    message: Id | None
    channel: str
    sender: str
    text: str
    keyword: str
    at: Instant


class SaidEvent(msgspec.Struct, gc=False):
    """An answer of a person."""

    type: Annotated[str, Meta(examples=["message.inbound"])]
    timestamp: Instant
    order: Order
    data: Said


class OtherEvent(msgspec.Struct, gc=False):
    """What is no message: template.updated, fraud.suspected, webhook.test."""

    type: str
    timestamp: Instant
    order: Order
    data: dict[str, Any]


class Events(msgspec.Struct, gc=False):
    """Events of a webhook that asked for several in one request."""

    events: Annotated[list[Event], Meta(min_length=1, max_length=500)]
