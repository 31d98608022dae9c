"""New versions of the terms: told thirty days before, and refused for a reason."""

from datetime import datetime, timedelta
from typing import Final

from sofy.contracts.rules.values import PARIS, begin
from sofy.kernel.clauses import clause

#: Unit: days.
NOTICE_DAYS: Final = 30


@clause("CGVU 1", "CGVU 27")
def effective_on(notified_at: datetime) -> datetime:
    """When a version that was notified then can come into force at the earliest, to the day in Paris."""
    return begin(notified_at.astimezone(PARIS).date() + timedelta(days=NOTICE_DAYS))


@clause("CGVU 27")
def refusal_fault(*, substantial: bool, reason: str, refused_at: datetime, effective: datetime) -> str:
    """Why a refusal does not end the contract, or nothing when it does."""
    if not substantial:
        return "not_substantial"
    if not reason.strip():
        return "no_reason"
    if refused_at >= effective:
        return "too_late"
    return ""
