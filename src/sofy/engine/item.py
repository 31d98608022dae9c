"""One claimed message while it is in the engine's hands: what it says, where it stands, what is still to be written."""

from collections import deque
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from sofy.connectors.base import Action
from sofy.engine.statuses import RANK
from sofy.kernel.content import Content
from sofy.kernel.hours import CONTRACT_HOURS, HoursPolicy

#: `due` of a message that waits for a person (microseconds as PostgreSQL counts them: timestamptz 'infinity').
FOREVER: Final = (1 << 63) - 1
#: Receipts that say a part is on the phone.
_ARRIVED: Final = frozenset({"delivered", "read"})
#: Receipts that say what became of a part.
_TELLING: Final = _ARRIVED | {"failed", "expired"}

#: `attempt` of an alert that leaves once more, by another route, since its first one says that it did not deliver it.
SENT_AGAIN: Final = 100
#: `attempt` of what a supplier answered with faults of its own only: it should not have it; on top, how often.
FAULTY: Final = 25
#: `attempt` of what may have left and is handed over again: an alert, marketing where its id makes that safe; on top,
#: how often.
IN_DOUBT: Final = 50


class Part(msgspec.Struct, gc=False, eq=False):
    """One SMS of a long message, or the whole of a short one. `receipt` is what the supplier said of it.

    `taken`: the supplier has it; without a `supplier_id`, when it names none, no receipt will find it.
    """

    taken: bool = False
    supplier_id: str = ""
    receipt: str = ""


class Claim(msgspec.Struct, gc=False, eq=False):
    """What was taken from the queue together; it ends when nothing of it is `open` any more."""

    client: bytes
    id: bytes
    open: int


class Item(msgspec.Struct, gc=False, eq=False):
    """A message between its claim and the commit of what became of it. Ids are 16 bytes, instants microseconds.

    `key` is client and message id. `first`: nothing is written of it yet. `due`: when to look again, if it goes back
    to the queue. `claim`: by which it is held; None: it is not. `dirty`: its turn among the changes not
    committed yet, 0 when there is none. `exposed`: money it may cost, counted against the budget until it is committed.
    `displaced`: an answer to it would have been another client's before. `ending`: the last digits of `to`, which
    receipts are held against. `place`: where its number is, as prices and routes are chosen by. `resend`:
    its route did not deliver it, and another one may. `due_s`: since when it was to leave, in seconds of the epoch.
    `given_at`: since when it is in the connector of its `route` (monotonic seconds).
    `wrote_at`: when the person last wrote by its channel, where that matters. `answers`: by which route a message of
    the person came that it answers, and its name there. `reach`: at which agents the person's phone is known to have
    the channel, or not to have it.
    """

    key: bytes
    client: bytes
    id: bytes
    uid: UUID
    uid_client: UUID
    lane: str
    channel: str
    purpose: str
    campaign: bytes | None
    contact: bytes | None
    recipient: bytes
    sender: str
    short_code: str | None
    zone: str | None
    to: str
    text: str
    parts: int
    encoding: str
    price_micro: int
    attempt: int
    avoid: bytes | None
    expires_at: datetime | None = None
    ending: str = ""
    place: str = ""
    number_index: bytes = b""
    permission: str | None = None
    suppressed: bool = False
    platform_suppressed: bool = False
    content: Content | None = None
    wrote_at: datetime | None = None
    answers: tuple[bytes, str] | None = None
    reach: dict[str, bool] | None = None

    route: bytes | None = None
    given_at: float = 0.0
    status: str = "queued"
    submitted_at: int | None = None
    at: int = 0
    reason: str | None = None
    article: str | None = None
    code: str | None = None
    pieces: list[Part] | None = None
    unanswered: int = 0
    lost: bool = False
    refusal: tuple[str, Action] | None = None
    unsent: bool = False
    fault: bool = False
    dead_number: bool = False
    resend: bool = False

    first: bool = True
    dirty: int = 0
    exposed: int = 0
    displaced: bool = False
    due: int | None = None
    claim: Claim | None = None
    due_s: float = 0.0
    keys_written: bool = False

    @property
    def in_doubt(self) -> bool:
        """Whether the supplier may have it already."""
        return IN_DOUBT <= self.attempt < SENT_AGAIN

    @property
    def faulty(self) -> bool:
        """Whether the supplier failed at it and may say all the same that it arrived."""
        return FAULTY <= self.attempt < IN_DOUBT

    @property
    def tries(self) -> int:
        """How often it was handed over, whatever came of that."""
        return self.attempt % FAULTY if self.attempt < SENT_AGAIN else self.attempt

    def raise_to(self, status: str, at: int) -> bool:
        """Move up the lattice; says whether it did."""
        if RANK[status] <= RANK[self.status]:
            return False
        self.status, self.at = status, at
        return True

    def judge_parts(self, at: int) -> bool:
        """Aggregate the receipts of all parts into one status of the message; says whether it changed.

        Delivered when every part was; failed or expired as soon as one part was, until that part turns out delivered.
        """
        pieces = self.pieces or ()
        if len(pieces) == 1:  # nearly every message, and nothing to aggregate
            return pieces[0].receipt in _TELLING and self.raise_to(pieces[0].receipt, at)
        told = {piece.receipt for piece in pieces}
        if "failed" in told:
            return self.raise_to("failed", at)
        if "expired" in told:
            return self.raise_to("expired", at)
        if told == {"read"}:
            return self.raise_to("read", at)
        return bool(told) and told <= _ARRIVED and self.raise_to("delivered", at)

    @property
    def parts_done(self) -> int:
        pieces = self.pieces or ()
        if len(pieces) == 1:  # nearly every message
            return pieces[0].receipt in _ARRIVED
        return sum([piece.receipt in _ARRIVED for piece in pieces])


class ClientFacts(msgspec.Struct, gc=False):
    """What the gate knows of the client of a batch. `policy` None: what the client wrote cannot be read."""

    suspended: bool = False
    policy: HoursPolicy | None = CONTRACT_HOURS
    left_micro: int | None = None
    channels_off: frozenset[str] = frozenset()


class Batch(msgspec.Struct, gc=False, eq=False):
    """Messages of one client claimed together, and what the gate knew when `read_at` (monotonic seconds)."""

    client: bytes
    lane: str
    items: deque[Item]
    facts: ClientFacts
    campaigns: dict[bytes, str]
    claimed_at: float
    read_at: float
    refreshing: bool = False
