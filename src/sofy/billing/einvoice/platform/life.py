"""The life of an invoice between seller, platforms and buyer: what each status means and what is to be done.

Source: XP Z12-012 annex A, external specifications of the reform, chapter on life cycles.
"""

from datetime import datetime
from typing import Literal

import msgspec

#: Who may say it: the platforms, the buyer, or the seller.
By = Literal["platform", "buyer", "seller"]


class Status(msgspec.Struct, frozen=True):
    """One status. `mandatory`: the tax administration hears it; `reason`: it is not said without one.

    `step`: how far along the invoice is, so that a late message does not move it back. `closed`: it ends there.
    """

    code: int
    french: str
    english: str
    by: By
    step: int
    mandatory: bool = False
    reason: bool = False
    closed: bool = False


STATUSES: dict[int, Status] = {
    row.code: row
    for row in (
        Status(200, "Déposée", "Deposited", "platform", 1, mandatory=True),
        Status(201, "Émise par la plateforme", "Sent by the platform", "platform", 2),
        Status(202, "Reçue par la plateforme", "Received by the buyer's platform", "platform", 3),
        Status(203, "Mise à disposition", "Available to the buyer", "platform", 4),
        Status(204, "Prise en charge", "Taken in hand", "buyer", 5),
        Status(208, "Suspendue", "Suspended: something is missing", "buyer", 6, reason=True),
        Status(209, "Complétée", "Completed", "seller", 7),
        Status(207, "En litige", "Disputed", "buyer", 8, reason=True),
        Status(206, "Approuvée partiellement", "Approved in part", "buyer", 8, reason=True),
        Status(205, "Approuvée", "Approved", "buyer", 9),
        Status(211, "Paiement transmis", "Payment sent", "buyer", 10),
        Status(212, "Encaissée", "Collected", "seller", 11, mandatory=True),
        Status(210, "Refusée", "Refused by the buyer", "buyer", 20, mandatory=True, reason=True, closed=True),
        Status(213, "Rejetée", "Rejected by a platform", "platform", 20, mandatory=True, reason=True, closed=True),
    )
}


class Event(msgspec.Struct, frozen=True):
    """A status that somebody said of an invoice. `message_id`: of the message it came in, to hear it once."""

    message_id: str
    number: str
    code: int
    at: datetime
    reason_code: str = ""
    reason: str = ""


def current(events: list[Event]) -> Event | None:
    """Where an invoice stands. Messages come twice and out of order: the one furthest along counts, then the latest.

    A dispute or a suspension that came after the approval counts again: the buyer took its word back.
    """
    best: Event | None = None
    for event in sorted(events, key=lambda one: (one.at, STATUSES[one.code].step)):
        if best is None or _moves(best, event):
            best = event
    return best


def _moves(best: Event, event: Event) -> bool:
    before, after = STATUSES[best.code], STATUSES[event.code]
    if before.closed:
        return False
    if before.code == 212:
        return after.closed
    return after.step >= before.step or (after.by == "buyer" and event.at > best.at)
