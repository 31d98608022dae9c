"""Ranges of numbers that staff closes by hand (CGVU 15), and what the detector is told to look at."""

import json
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db import connections

from sofy.engine import permissions as gate
from sofy.engine.db import sql
from sofy.engine.fraud.detector import BLOCK, CLOSED_S
from sofy.engine.fraud.ranges import country
from sofy.engine.fraud.watch import RANGE_KIND
from sofy.kernel import business_hours, clock, ids
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit import audit, outbox
from sofy.kit.below import engine_connection
from sofy.kit.keys import keystore
from sofy.kit.rls import client_scope, staff_scope

PURPOSES: Final = ("alert", "marketing")
#: Digits of a prefix: fewer are no country, more would be nearly a person's number.
_FEWEST, _MOST = 2, 8
_CLOSE = """
INSERT INTO fraud_suspicion AS s (client_id, id, purpose, range_hash, open_digits, country, verdict, score, reasons,
                                  until, first_at, last_at, alert_due_at, digits, note)
VALUES (%(client)s, %(id)s, %(purpose)s, %(hash)s, 0, %(country)s, 'block', %(score)s, %(reasons)s::jsonb,
        %(until)s, %(now)s, %(now)s, %(due)s, %(digits)s, %(note)s)
ON CONFLICT (client_id, purpose, range_hash) WHERE state = 'open' DO UPDATE
   SET verdict = 'block', until = greatest(s.until, excluded.until), last_at = excluded.last_at,
       digits = excluded.digits, note = excluded.note
RETURNING id
"""
_GATE = """
INSERT INTO gate_fraud AS g (client_id, purpose, range_hash, verdict, suspicion_id, until, digits)
VALUES (%(client)s, %(purpose)s, %(hash)s, 'block', %(id)s, %(until)s, %(digits)s)
ON CONFLICT (client_id, purpose, range_hash) DO UPDATE
   SET verdict = 'block', suspicion_id = excluded.suspicion_id, until = greatest(g.until, excluded.until),
       digits = excluded.digits
"""


@clause("CGVU 15")
def close(client_id: UUID, *, purpose: str, prefix: str, reason: str, actor: str) -> list[UUID]:
    """Close a range of numbers of one client at once, for as long as the detector would; answers the suspicions.

    `prefix` empty: every number. `purpose` empty: alerts and marketing. What waits is decided anew, the client is told.

    Raises: Refused block_prefix, block_reason, block_purpose.
    """
    digits = "".join(prefix.split()).removeprefix("+")
    if digits and not (digits.isascii() and digits.isdecimal() and _FEWEST <= len(digits) <= _MOST):
        raise Refused("block_prefix", fewest=_FEWEST, most=_MOST)
    if purpose and purpose not in PURPOSES:
        raise Refused("block_purpose")
    if not reason.strip():
        raise Refused("block_reason")
    purposes = (purpose,) if purpose else PURPOSES
    with staff_scope(), connections["staff"].cursor() as cursor:
        closed = [_close(cursor, client_id, each, f"+{digits}", reason.strip()) for each in purposes]
    with client_scope(client_id):
        for name, each in zip(closed, purposes, strict=True):
            gate.look_again(engine_connection(), client_id, "fraud_suspected")
            outbox.publish("fraud.suspected", client_id, suspicion_id=str(name))
            _tell(client_id, name, each, digits)
            facts = {"suspicion": str(name), "purpose": each, "digits": len(digits)}
            audit.append(client_id, "fraud.closed_by_hand", actor, facts)
    return closed


def _close(cursor: Any, client_id: UUID, purpose: str, digits: str, note: str) -> UUID:
    now = clock.now()
    values = {
        "client": client_id, "id": ids.uuid7(), "purpose": purpose, "digits": len(digits), "note": note,
        "hash": keystore().platform().index(RANGE_KIND, digits), "country": country(digits[:5]), "score": BLOCK,
        "reasons": json.dumps([{"code": "by_hand", "points": BLOCK, "seen": 0.0, "usual": 0.0}]), "now": now,
        "until": now + timedelta(seconds=CLOSED_S), "due": business_hours.deadline(now),
    }  # fmt: skip
    cursor.execute(_CLOSE, values)
    values["id"] = cursor.fetchone()[0]
    cursor.execute(_GATE, values)
    return UUID(str(values["id"]))


def _tell(client_id: UUID, suspicion: UUID, purpose: str, digits: str) -> None:
    """The client's programs hear of it as of what the detector closes."""
    data = {"id": str(suspicion), "purpose": purpose, "country": country(f"+{digits}"[:5]), "verdict": "block"}
    told = msgspec.json.encode(data | {"reasons": [{"code": "by_hand"}]}).decode()
    values = {"client": client_id, "kind": "fraud.suspected", "now": clock.now(), "data": told}
    engine_connection().execute(sql("tell"), values)


def judges_fiction() -> bool:
    """Whether numbers that nobody has are judged too."""
    with staff_scope(), connections["staff"].cursor() as cursor:
        cursor.execute("SELECT fiction FROM fraud_setting")
        return any(row[0] for row in cursor.fetchall())


def set_fiction(*, judged: bool, actor: str) -> None:
    """For training and demos: judge numbers that nobody has, or leave them alone again."""
    with staff_scope(), connections["staff"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO fraud_setting (fiction) VALUES (%s) ON CONFLICT (id) DO UPDATE SET fiction = excluded.fiction",
            [judged],
        )
        audit.append(audit.PLATFORM, "fraud.fiction_on" if judged else "fraud.fiction_off", actor, {}, using="staff")
