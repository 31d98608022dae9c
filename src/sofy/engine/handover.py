"""What becomes of a message after the gate let it through: answers per part become one outcome per message."""

from collections.abc import Callable
from typing import Final

from sofy.connectors.base import Accepted, Action, Refused, Reported, Unknown
from sofy.engine.item import FAULTY, IN_DOUBT, Item, Part

#: Seconds before another try, by attempt; after the last one a refusal is final.
RETRY_AFTER_S: Final = (30, 120, 600, 1800, 7200)
_SECOND: Final = 1_000_000


def note(item: Item, report: Reported) -> bool:
    """Enter the answer about one part; says whether it was the last one due. A late answer after silence is not."""
    if item.pieces is None:
        begin(item, report.of)
    assert item.pieces is not None
    outcome = report.outcome
    if isinstance(outcome, Accepted):
        piece = item.pieces[report.part]
        piece.taken, piece.supplier_id = True, outcome.supplier_id
    elif isinstance(outcome, Refused):
        item.refusal, item.fault = (outcome.code, outcome.action), outcome.fault
    elif isinstance(outcome, Unknown):
        item.lost = True
    else:
        item.unsent = True
    if item.unanswered <= 0:
        return False
    item.unanswered -= 1
    return item.unanswered == 0


def begin(item: Item, parts: int) -> None:
    """The first part is about to be written; this many answers are due."""
    item.pieces = [Part() for _ in range(parts)]
    item.unanswered = parts


def conclude(item: Item, at: int, other_route: Callable[[Item], bool], *, idempotent: bool = False) -> None:
    """All parts are answered: what is the message now?

    Marketing is never sent again when nobody knows whether it left (a person must not get it twice), but to a supplier
    that takes a message id once (`idempotent`). A code or an alert is, since it is worth more than the risk of a
    double. `other_route`: whether another route could carry it.
    """
    if item.refusal is None and not item.lost and not item.unsent:
        _submitted(item, at)
    elif item.lost:
        _lost(item, at, idempotent=idempotent)
    elif any(piece.taken for piece in item.pieces or ()):
        _submitted(item, at)
        item.raise_to("failed", at)
        item.reason, item.code = "partly_refused", item.refusal[0] if item.refusal else None
    elif item.refusal is not None:
        _refused(item, at, *item.refusal, other_route=other_route(item))
    else:
        item.status, item.reason, item.due = "queued", None, at


def _submitted(item: Item, at: int) -> None:
    item.submitted_at = at
    item.raise_to("submitted", at)
    item.judge_parts(at)


def _lost(item: Item, at: int, *, idempotent: bool) -> None:
    tries = item.tries
    # Of marketing, only the agent it names can carry it, and that one knows its id.
    if tries < len(RETRY_AFTER_S) and (item.purpose == "alert" or (idempotent and item.short_code is not None)):
        item.attempt = IN_DOUBT + tries
        if not idempotent:  # who said nothing once may say nothing again; elsewhere it is no more of a risk
            item.avoid = item.route
        due = at if item.purpose == "alert" else at + RETRY_AFTER_S[tries] * _SECOND
        _again(item, due, "no_answer", None, at)
        return
    item.submitted_at = at
    item.reason = "no_answer"
    item.raise_to("unknown", at)


def _refused(item: Item, at: int, code: str, action: Action, *, other_route: bool) -> None:
    elsewhere = action in (Action.OTHER_ROUTE, Action.CONFIGURATION)
    may_pass = action in (Action.RETRY, Action.SLOW_LINK, Action.OTHER_ROUTE) or (elsewhere and other_route)
    tries = item.tries
    if may_pass and tries < len(RETRY_AFTER_S):
        if elsewhere:
            item.avoid = item.route
        if item.fault and not item.in_doubt:
            item.attempt = FAULTY + tries
        soon = at if elsewhere and other_route else at + RETRY_AFTER_S[tries] * _SECOND
        _again(item, soon, "retry", code, at)
        return
    if item.in_doubt and may_pass:  # it was never said that the first try did not arrive
        item.submitted_at, item.reason = at, "no_answer"
        item.raise_to("unknown", at)
        return
    item.dead_number = action is Action.SUPPRESS
    item.reason, item.code = f"refused_{action}", code
    item.raise_to("failed", at)


def _again(item: Item, due: int, reason: str, code: str | None, at: int) -> None:
    item.status, item.reason, item.code, item.at = "queued", reason, code, at
    item.due, item.attempt = due, item.attempt + 1
