"""What to do about each answer of RBM, as data.

Sources: [S] the guide "Send messages" (404, 400); [A] google.rpc.Code and its HTTP mapping, of all Google APIs.
"""

from typing import NamedTuple

from sofy.connectors.base import Action
from sofy.kernel.clauses import clause


class Failure(NamedTuple):
    """One row: this HTTP status calls for this action, and is kept under this code."""

    status: int
    code: str
    action: Action
    meaning: str
    source: str


TABLE: tuple[Failure, ...] = (
    Failure(400, "invalid_argument", Action.PERMANENT, "the phone, or RBM, does not take such a message", "S"),
    Failure(401, "unauthenticated", Action.CONFIGURATION, "the service account is not believed", "A"),
    Failure(403, "permission_denied", Action.CONFIGURATION, "the service account may not send for this agent", "A"),
    Failure(404, "not_rcs", Action.PERMANENT, "no RCS on this phone, or the agent is not launched on its network", "S"),
    Failure(413, "rcs_too_large", Action.PERMANENT, "the message is too large", "A"),
    Failure(429, "resource_exhausted", Action.SLOW_LINK, "too many requests for now", "A"),
)

#: The message identifier was used before: this very message was taken, and its answer was lost.
ALREADY_TAKEN = 409
_BY_STATUS = {row.status: row for row in TABLE}


@clause("CGVU 14.3")
def failure_of(status: int) -> Failure:
    """The row of a status. An answer nobody knows may be a good one elsewhere; it says nothing about the number."""
    row = _BY_STATUS.get(status)
    return row or Failure(status, f"http_{status}", Action.OTHER_ROUTE, "an answer that is not documented", "A")
