"""Messages in the ledger, as engines leave them: for tests of what is counted there."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sofy.engine.statuses import RANK
from sofy.kernel import ids

_SECOND = timedelta(seconds=1)
_MESSAGE = """
INSERT INTO engine_message (client_id, id, channel, purpose, establishment_id, recipient_index, sender, payload, parts,
                            encoding, destination, answers, created_at)
VALUES (%(client)s, %(id)s, %(channel)s, %(purpose)s, %(establishment)s, %(recipient)s, 'SHOP', 'x', %(parts)s, 'gsm7',
        %(destination)s, %(answers)s, %(accepted)s)"""
_STATE = """
INSERT INTO engine_state (client_id, message_id, recipient_index, establishment_id, status, rank, reason, parts,
                          accepted_at, submitted_at, final_at, updated_at)
VALUES (%(client)s, %(id)s, %(recipient)s, %(establishment)s, %(status)s, %(rank)s, %(reason)s, %(parts)s, %(accepted)s,
        %(submitted)s, %(final)s, %(updated)s)"""


def wrote(engine_db: Any, client_id: UUID, at: datetime, status: str = "delivered", **changes: Any) -> UUID:
    """One message that was handed over at a moment, or came to its end then; `taken=False`: nobody took it."""
    accepted = changes.pop("accepted", at - _SECOND)
    taken = changes.pop("taken", RANK[status] in range(20, 61))
    waiting = RANK[status] == RANK["accepted"]
    values = {
        "client": client_id, "id": _id(accepted), "channel": "sms", "purpose": "marketing", "establishment": None,
        "parts": 1, "destination": "FR", "answers": None, "reason": None, "status": status, "rank": RANK[status],
        "accepted": accepted, "submitted": at if taken else None, "updated": at,
        "final": at + _SECOND if RANK[status] >= RANK["failed"] and not waiting else None,
    } | changes  # fmt: skip
    values["recipient"] = values["id"].bytes
    with engine_db.connect("admin") as admin:
        admin.execute(_MESSAGE, values)
        admin.execute(_STATE, values)
    return values["id"]  # type: ignore[no-any-return]


def heard(engine_db: Any, client_id: UUID, message: UUID, status: str) -> None:
    """News of a message that was handed over."""
    with engine_db.connect("admin") as admin:
        admin.execute(
            "UPDATE engine_state SET status = %s, rank = %s WHERE client_id = %s AND message_id = %s",
            [status, RANK[status], client_id, message],
        )


def _id(at: datetime) -> UUID:
    return UUID(int=ids.before(at).int | ids.uuid7().int & (1 << 76) - 1)
