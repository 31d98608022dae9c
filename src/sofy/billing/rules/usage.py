"""Which messages are invoiced, and by which contract."""

from collections.abc import Iterable
from datetime import date
from typing import Final, NamedTuple
from uuid import UUID

from sofy.kernel.clauses import clause

#: Never invoiced, whatever the channel: the message did not leave, or nobody took it.
_NEVER: Final = frozenset(
    {"accepted", "deferred", "held", "queued", "withheld", "cancelled", "refused", "blocked"}
)  # fmt: skip
_ARRIVED: Final = frozenset({"delivered", "read"})


@clause("CGVU 3.4", "CGVU 15")
def billable(channel: str, status: str, *, template: bool = True) -> bool:
    """Whether a message is invoiced: an SMS and an e-mail once the operator took it, RCS and WhatsApp once it arrived.

    WhatsApp is priced by template: an answer within the client's own conversation costs nothing.
    """
    if status in _NEVER:
        return False
    if channel == "rcs":
        return status in _ARRIVED
    if channel == "whatsapp":
        return template and status in _ARRIVED
    return True


class Contract(NamedTuple):
    """A contract that messages may be of. `last_day`: none while it goes on; `messaging`: whether it orders any."""

    id: UUID
    signed_on: date
    last_day: date | None
    messaging: bool


def contract_of(day: date, contracts: Iterable[Contract]) -> Contract | None:
    """The contract that messages of a day belong to: one that orders messaging before others, then the oldest.

    Of those in force that day; where all of them are over, the one that ended last. None before the first signature.
    """
    signed = [one for one in contracts if one.signed_on <= day]
    in_force = [one for one in signed if one.last_day is None or day <= one.last_day]
    if in_force:
        return min(in_force, key=lambda one: (not one.messaging, one.signed_on, one.id))
    return max(signed, key=lambda one: (one.last_day or day, one.id), default=None)
