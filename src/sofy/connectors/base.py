"""The contract between the engine and any supplier of a channel; it knows none of them.

The engine calls `Connector`, the connector calls `Events`. Both live on one event loop.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final, Literal, Protocol
from uuid import UUID

import msgspec

from sofy.kernel.content import Content

Secret = Annotated[str, msgspec.Meta(extra={"secret": True})]
"""A configuration field that is stored sealed and never shown again."""


class Action(StrEnum):
    """What to do about a failure."""

    RETRY = "retry"  # same route, later
    OTHER_ROUTE = "other_route"  # another route now, or this one later when there is none
    SLOW_LINK = "slow_link"  # the supplier is full: the connector slows down by itself
    SUPPRESS = "suppress"  # the number is dead: do not write to it again
    PERMANENT = "permanent"  # this message will never pass
    CONFIGURATION = "configuration"  # our side is wrong: a person has to look


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a supplier can do. `idempotent`: what comes twice under one message id reaches the person once."""

    channel: str
    encodings: frozenset[str]
    receipts: bool
    inbound: bool
    max_parts: int
    idempotent: bool = False


class Outgoing(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One message the compliance gate has let through.

    `to` is E.164 with its +, an e-mail address, or an identity of the channel. `encoding` and `parts` are what the text
    of an SMS was counted as, and nothing may reach the recipient from `validity_until` on. `content` is what a channel
    with more than text shows; without it, the text. `absent`: the supplier said lately that this address is not on its
    channel, or wants it to get no marketing for a while. `opt_out_url`: where this person says no with a click, for
    the channels that carry such an address. `answers` is the supplier's own name of the message of a person that this
    one replies to, where the channel shows it so.
    """

    message_id: UUID
    client_id: UUID
    to: str
    sender: str
    text: str
    purpose: str = "marketing"
    encoding: str = "gsm7"
    parts: int = 1
    validity_until: datetime | None = None
    content: Content | None = None
    opt_out_url: str = ""
    answers: str = ""
    absent: bool = False


class Accepted(msgspec.Struct, frozen=True, tag=True):
    """The supplier took the part. `supplier_id` is in the form `Receipt.keys` uses: store it as it is.

    Empty when the supplier names none: no receipt will ever find the part.
    """

    supplier_id: str


class Refused(msgspec.Struct, frozen=True, tag=True):
    """The supplier did not take the part, and the connector is done with it.

    `rest_s`: it wants this person to get no marketing by this route for so long. Unit: seconds. `fault`: it answered
    with a fault of its own each time it was asked, and may have the part all the same.
    """

    code: str
    action: Action
    rest_s: float = 0.0
    fault: bool = False


class Throttled(msgspec.Struct, frozen=True, tag=True):
    """The supplier did not take the part now; the connector keeps it and hands it over again. For the journal only."""

    code: str


class Unknown(msgspec.Struct, frozen=True, tag=True):
    """Nobody knows whether the supplier took the part; a late `Accepted` may still follow."""

    reason: str


class NotSent(msgspec.Struct, frozen=True, tag=True):
    """The part was never written: the engine may queue it again."""

    reason: Literal["stopping", "too_late"]


Outcome = Accepted | Refused | Throttled | Unknown | NotSent


class HandOver(msgspec.Struct, frozen=True, gc=False):
    """A part about to be written to a socket."""

    message_id: UUID
    part: int
    of: int
    bind: int
    sequence: int


class Reported(msgspec.Struct, frozen=True, gc=False):
    """What became of part `part` (from 0) of the `of` that this message makes on this route."""

    message_id: UUID
    part: int
    of: int
    outcome: Outcome


class Receipt(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What the supplier says became of a part after it was accepted.

    `keys` are the `Accepted.supplier_id` it may mean, likeliest first: suppliers write one identifier in several ways.
    `phones` are the numbers it names, in E.164 digits as far as the supplier writes them so: one should be the
    recipient's. They are never written anywhere. `message_id`: the message itself, when the supplier gives back what it
    was told with it: it stands even when the answer to the hand-over was lost. `identity` is the recipient's own name
    on the channel beside the number: what they write later may come under that name alone.
    """

    keys: tuple[str, ...]
    status: Literal["submitted", "delivered", "read", "failed", "expired"]
    code: str = ""
    action: Action | None = None
    at: datetime | None = None
    phones: tuple[str, ...] = ()
    message_id: UUID | None = None
    identity: str = ""


class Inbound(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A message from a person. `complete` is false when parts of a long one never came.

    `reference` and `of` are those of its parts, when it came in several. `supplier_id` is the channel's own name for
    it, by which a second delivery is known; `answers` is that of the message it replies to. `kind` is what it is, with
    what the channel says of it in `detail`: text, reply (a button that was tapped), media, location, reaction.
    `opts_out`: this person said no by a means of the channel, whatever the text says. `wrote`: they wrote something;
    a wish told by a means of the channel is no message. `identity` is their own name on the channel, where `sender` is
    their number. `anew`: the same words came before, and the supplier knows that they arrived: no second delivery.
    """

    sender: str
    recipient: str
    text: str
    complete: bool = True
    reference: int = 0
    of: int = 1
    supplier_id: str = ""
    answers: str = ""
    kind: Literal["text", "reply", "media", "location", "reaction"] = "text"
    detail: dict[str, Any] | None = None
    opts_out: bool = False
    at: datetime | None = None
    wrote: bool = True
    identity: str = ""
    anew: bool = False


class InboundPart(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Part `part` (from 1) of a long message from a phone; `octets` are in the supplier's `coding`."""

    sender: str
    recipient: str
    reference: int
    part: int
    of: int
    coding: int
    octets: bytes


class TemplateNews(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What the supplier says of a template: its state, its quality or its category, and why; empty: nothing said."""

    name: str
    language: str
    state: str = ""
    quality: str = ""
    reason: str = ""
    category: str = ""


class Rest(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Somebody whom the supplier wants left alone: no marketing by this route for so long. Unit: seconds.

    `names`: the number in E.164, the identity on the channel, or both.
    """

    names: tuple[str, ...]
    rest_s: float


class Renamed(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Somebody who is called otherwise on the channel from now on; names as in `Rest`, the present one first."""

    names: tuple[str, ...]


class Callback(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A request of the supplier to /hooks/<connector>/<route>. Names of headers are in lower case."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


class CallbackAnswer(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a supplier is answered at once."""

    status: int
    body: str = ""


class Heard(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a callback said. Nothing of it is lost when it comes twice or out of order: the engine sees to that."""

    receipts: list[Receipt] = []
    inbound: list[Inbound] = []
    templates: list[TemplateNews] = []
    rests: list[Rest] = []
    renamed: list[Renamed] = []


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How a connector is doing now."""

    binds_up: int
    binds: int
    in_flight: int
    queued: int
    rate_per_s: float
    paused: bool
    last_error: str = ""


class NotOurs(Exception):
    """The engine does not know these messages (any more): whatever waits of them must never be written."""

    def __init__(self, message_ids: Collection[UUID]) -> None:
        super().__init__(f"{len(message_ids)} messages are not in the engine's hands")
        self.message_ids = frozenset(message_ids)


class Events(Protocol):
    """What the engine does about what happens. Synchronous calls must not block longer than a write to a file."""

    def on_before_write(self, records: list[HandOver]) -> None:
        """Journal these hand-overs; if it raises, nothing is written and the connector tries again later.

        Raises: NotOurs: the connector drops those messages and comes back with the others.
        """

    def on_outcomes(self, outcomes: list[Reported]) -> None:
        """Take what became of parts handed over."""

    async def on_receipts(self, receipts: list[Receipt]) -> None:
        """Return when they are committed; if it raises, the supplier is told to send them again."""

    async def on_inbound(self, messages: list[Inbound]) -> None:
        """Return when they are committed; if it raises, the supplier is told to send them again."""

    async def on_parts(self, parts: list[InboundPart]) -> list[list[InboundPart]]:
        """Keep parts whose siblings are late; return, once committed, all that is kept of the message of each.

        What is kept goes when `on_inbound` takes that message. Raises like `on_inbound`.
        """

    async def overdue_parts(self, older_than_s: float) -> list[list[InboundPart]]:
        """Everything kept of messages that have waited for so long."""

    def on_capacity(self) -> None:
        """Room came free after `capacity` had been 0, or a link came up."""


def own_key(message_id: UUID) -> str:
    """Under which a receipt names a message of ours, when the supplier gives back what it was told of it.

    A last resort among `Receipt.keys`: the answer that named the message in the supplier's way was lost.
    """
    return f"- {message_id.hex}"


Revoked = Literal["revoked", "delivered", "unknown"]
"""What a request to call a message back was answered. `delivered`: there is nothing left to call back."""

#: Codes of receipts of a channel whose messages end by themselves: called back at its time; not called back, so that it
#: may still arrive (the receipt's status is then "submitted", and it names the message and where it went).
TTL_REVOKED: Final = "ttl_revoked"
REVOKE_FAILED: Final = "revoke_failed"


#: Code of a refusal that says of the phone that RCS is not there.
NOT_RCS: Final = "not_rcs"


class Reach(msgspec.Struct, frozen=True):
    """Whether an address is on the channel, and what can be shown there; `features` is empty where nobody asked."""

    there: bool
    features: frozenset[str] = frozenset()


class Connector(ABC):
    """One route to one supplier."""

    code: ClassVar[str]
    capabilities: ClassVar[Capabilities]
    Config: ClassVar[type[Any]]
    #: For how long what `look_up` says is believed, in seconds; 0: nobody can be asked about.
    capability_age_s: float = 0.0

    @abstractmethod
    def __init__(self, config: Any, events: Events) -> None: ...

    @abstractmethod
    async def start(self) -> None:
        """Begin connecting; returns at once, links come up in their own time."""

    @abstractmethod
    async def stop(self, grace_s: float = 5.0) -> None:
        """Give back what was never written, wait for the answers still due, log out."""

    @abstractmethod
    def capacity(self) -> int:
        """How many parts may be submitted now without waiting here."""

    def capacity_for(self, purpose: str) -> int:
        """The same for one purpose: where alerts leave first, there is room for them while marketing waits."""
        return self.capacity()

    @abstractmethod
    def submit(self, messages: list[Outgoing]) -> None:
        """Take messages, in order. More than `capacity` wait here, in memory."""

    @abstractmethod
    def withdraw(self, message_ids: Collection[UUID]) -> list[UUID]:
        """Take back messages that wait here and of which no part was ever taken or is on the wire.

        Answers those really withdrawn: nothing of theirs is written any more, and no outcome of theirs is reported.
        """

    @abstractmethod
    def health(self) -> Health:
        """For screens and metrics."""

    async def revoke(self, messages: Mapping[UUID, str]) -> dict[UUID, Revoked]:
        """Call messages back that nobody has received yet; each with the address it went to.

        Even "revoked" is not quite sure: a receipt may be under way, and then the person has it.
        """
        return dict.fromkeys(messages, "unknown")

    async def look_up(self, addresses: Collection[str]) -> dict[str, Reach]:
        """Which of these are on the channel; those of which the supplier says nothing are missing. Never raises."""
        return {}

    @classmethod
    def answers_at(cls, config: Any) -> str | None:
        """Where people answer what leaves by such a route: an agent, a number of the channel; None: nowhere."""
        return None

    # Suppliers that call back: `sofy ingest` asks the first two, stores the body, answers 200; an engine reads it then.

    @classmethod
    def answer_at_once(cls, config: Any, callback: Callback) -> CallbackAnswer | None:
        """The answer to a request that only sets the callback up; None for one that says something."""
        return None

    @classmethod
    def authentic(cls, config: Any, callback: Callback) -> bool:
        """Whether the supplier signed this callback. Those that never call back believe nobody."""
        return False

    @classmethod
    def read_callback(cls, config: Any, body: bytes) -> Heard:
        """What a stored callback says; what it does not know is left out, never an error."""
        return Heard()
