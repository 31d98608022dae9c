"""What becomes of the access of a client, given what its contracts say."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple, cast

from sofy.contracts.rules.access import CONSEQUENCES, Cause
from sofy.kernel.clauses import clause

#: Causes that people give; an unpaid invoice is none of them: it is only ever what a replay says (CGVU 7.2, 11).
BY_HAND: Final[tuple[Cause, ...]] = tuple(cause for cause in CONSEQUENCES if cause != "default")


class Said(NamedTuple):
    """What one contract says now: causes for which access is closed, and when people lifted which."""

    causes: tuple[Cause, ...]
    lifted: tuple[tuple[Cause, datetime], ...] = ()


class Stands(NamedTuple):
    """How a client stands now. `cause`: empty when nobody named one."""

    suspended: bool
    cause: str = ""
    since: datetime | None = None


@clause("CGVU 7.2", "CGVU 11", "CGVU 22")
def follows(stands: Stands, contracts: Iterable[Said]) -> Stands | None:
    """How it has to stand instead; None when nothing changes.

    A suspension for an unpaid invoice ends as soon as no contract says it (CGVU 22). Any other one was decided by
    people, and ends only when they said so after it began: that a contract has not heard of it yet lifts nothing.
    """
    said = list(contracts)
    wanted = [cause for cause in CONSEQUENCES if any(cause in one.causes for one in said)]
    if not stands.suspended:
        return Stands(True, wanted[0]) if wanted else None
    if stands.cause in wanted or (stands.cause != "default" and not _lifted(stands, said)):
        return None
    return Stands(True, wanted[0]) if wanted else Stands(False)


def _lifted(stands: Stands, said: Iterable[Said]) -> bool:
    since = stands.since
    return since is not None and any(
        cause == cast(Cause, stands.cause) and at >= since for one in said for cause, at in one.lifted
    )
