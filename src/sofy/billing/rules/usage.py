"""Which messages are invoiced."""

from typing import Final

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
