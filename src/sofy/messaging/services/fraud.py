"""What people do about suspected fraud and about alerts that read like marketing: staff on the staff login only."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, connections, transaction

from sofy.engine import permissions as gate
from sofy.engine.fraud.watch import RANGE_KIND
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.below import engine_connection
from sofy.kit.keys import keystore
from sofy.kit.rls import client_scope, staff_scope
from sofy.messaging import queries
from sofy.messaging.services import service_level

EVERYBODY = UUID(int=0)
#: The reason of a safe range that was declared at a suspicion.
_DECIDED = "fraud desk"
_COLUMNS = (
    "client_id, id, purpose, country, open_digits, verdict, score, reasons, series, messages, samples, state, until,"
    " first_at, last_at, alert_due_at, alerted_at, alerted, closed_at, digits, note"
)


_KEEP_CLOSED = (
    "UPDATE gate_fraud SET verdict = 'block', until = greatest(until, %s)"
    " WHERE client_id = %s AND purpose = %s AND range_hash = %s"
)
_OPEN_AGAIN = "DELETE FROM gate_fraud WHERE client_id = %s AND purpose = %s AND range_hash = %s"


@dataclass(frozen=True)
class Suspicion:
    """One range of one client in which the detector noticed something."""

    client_id: UUID
    id: UUID
    purpose: str
    country: str
    open_digits: int
    verdict: str
    score: float
    reasons: list[dict[str, Any]]
    series: list[int]
    messages: int
    samples: list[UUID]
    state: str
    until: datetime
    first_at: datetime
    last_at: datetime
    alert_due_at: datetime
    alerted_at: datetime | None
    alerted: int
    closed_at: datetime | None
    digits: int | None = None
    note: str | None = None

    @property
    def digits_given(self) -> int:
        """How many digits somebody gave who closed it by hand."""
        return (self.digits or 1) - 1

    @property
    def size(self) -> int:
        """How many numbers the range has that the detector noticed; 0: a country."""
        return 10**self.open_digits if self.open_digits else 0

    @property
    def most(self) -> int:
        """The most messages of it at one look of the detector."""
        return max(self.series, default=0)

    @property
    def by_hand(self) -> bool:
        """Whether people closed it, not the detector."""
        return self.digits is not None

    @property
    def late(self) -> bool:
        """Whether the client should have heard of it by now."""
        return self.alerted_at is None and clock.now() > self.alert_due_at


@dataclass(frozen=True)
class Safe:
    """A range that is never judged; of its numbers only a keyed hash is kept."""

    client_id: UUID
    key: str
    signs: int
    reason: str
    since: datetime

    @property
    def digits(self) -> int:
        """How many first digits it is of; 0: a country that was declared safe at a suspicion."""
        return max(0, self.signs - 1)

    @property
    def for_everybody(self) -> bool:
        """Whether it holds for every client."""
        return self.client_id == EVERYBODY

    @property
    def by_decision(self) -> bool:
        """Whether it was declared safe at a suspicion."""
        return self.reason == _DECIDED


@dataclass(frozen=True)
class Text:
    """A text of the alert lane that reads like marketing."""

    client_id: UUID
    key: str
    verdict: str
    score: float
    reasons: list[dict[str, Any]]
    messages: int
    samples: list[UUID]
    first_at: datetime
    last_at: datetime
    example: str = field(default="", compare=False)


def _read(columns: str, where: str, values: list[Any], *, using: str) -> list[tuple[Any, ...]]:
    with connections[using].cursor() as cursor:
        cursor.execute(f"SELECT {columns} {where}", values)
        return list(cursor.fetchall())


def _plain(row: tuple[Any, ...], at: int) -> list[Any]:
    found = list(row)
    found[at] = json.loads(found[at]) if isinstance(found[at], str) else found[at]
    return found


def suspicions() -> list[Suspicion]:
    """What is open, the worst first, and what was closed lately."""
    where = "FROM fraud_suspicion ORDER BY state <> 'open', last_at DESC LIMIT 200"
    with staff_scope():
        rows = _read(_COLUMNS, where, [], using="staff")
    return [Suspicion(*_plain(row, 7)) for row in rows]


def of_client(client_id: UUID) -> list[Suspicion]:
    """The same for a client's own page."""
    where = "FROM fraud_suspicion WHERE client_id = %s ORDER BY last_at DESC LIMIT 100"
    return [Suspicion(*_plain(row, 7)) for row in _read(_COLUMNS, where, [client_id], using="default")]


def find(client_id: UUID, suspicion_id: UUID) -> Suspicion:
    """One suspicion. Raises: Refused suspicion_unknown."""
    where = "FROM fraud_suspicion WHERE client_id = %s AND id = %s"
    with staff_scope():
        rows = _read(_COLUMNS, where, [client_id, suspicion_id], using="staff")
    if not rows:
        raise Refused("suspicion_unknown", 404)
    return Suspicion(*_plain(rows[0], 7))


def open_samples(suspicion: Suspicion, *, actor: str) -> list[str]:
    """Numbers of a suspicion, for staff; that they were read is in the client's journal."""
    with client_scope(suspicion.client_id):
        opened = [queries.opened_message(suspicion.client_id, message) for message in suspicion.samples]
        audit.append(suspicion.client_id, "fraud.samples_read", actor, {"suspicion": str(suspicion.id)})
    return [message.to for message in opened if message is not None]


@clause("CGVU 15")
def decide(suspicion: Suspicion, *, decision: str, actor: str) -> None:
    """What somebody of the staff says of it; what waits follows.

    Release: it was in order. Safe: it is in order for good. Confirm: it is fraud, and stays closed for its time. Lift:
    it was fraud, and is over.

    Raises: Refused suspicion_decision, suspicion_closed.
    """
    if decision not in ("release", "confirm", "lift", "safe") or (decision == "safe" and suspicion.by_hand):
        raise Refused("suspicion_decision")
    state, now = ("confirmed" if decision in ("confirm", "lift") else "released"), clock.now()
    key = [suspicion.client_id, suspicion.id]
    with staff_scope(), connections["staff"].cursor() as cursor:
        cursor.execute(
            "UPDATE fraud_suspicion SET state = %s, closed_at = %s, closed_by = %s"
            " WHERE client_id = %s AND id = %s AND state = 'open' RETURNING purpose, range_hash, open_digits",
            [state, now, actor, *key],
        )
        row = cursor.fetchone()
        if row is None:
            raise Refused("suspicion_closed", 409)
        ranged = [suspicion.client_id, row[0], bytes(row[1])]
        if decision == "confirm":
            cursor.execute(_KEEP_CLOSED, [suspicion.until, *ranged])
        else:
            cursor.execute(_OPEN_AGAIN, ranged)
        if decision == "safe":
            _add_safe(cursor, suspicion.client_id, bytes(row[1]), _digits_of(suspicion), _DECIDED, actor)
    with client_scope(suspicion.client_id):
        gate.look_again(engine_connection(), suspicion.client_id, "fraud_suspected")
        service_level.decided_anew(suspicion.client_id, suspicion.first_at)
        audit.append(suspicion.client_id, f"fraud.{decision}", actor, {"suspicion": str(suspicion.id)})


def _digits_of(suspicion: Suspicion) -> int:
    """How many signs of a number the range of a suspicion is of; 0: its country."""
    sample = next(iter(open_numbers(suspicion)), "")
    return len(sample) - suspicion.open_digits if suspicion.open_digits and sample else 0


def open_numbers(suspicion: Suspicion) -> list[str]:
    """Its sample numbers, for the product's own use."""
    with client_scope(suspicion.client_id):
        opened = (queries.opened_message(suspicion.client_id, message) for message in suspicion.samples[:1])
        return [message.to for message in opened if message is not None]


def _add_safe(cursor: Any, client_id: UUID, hashed: bytes, digits: int, reason: str, actor: str) -> None:
    cursor.execute(
        "INSERT INTO fraud_safe (client_id, range_hash, digits, reason, since, since_by)"
        " VALUES (%s, %s, %s, %s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        [client_id, hashed, digits, reason, clock.now(), actor],
    )


def add_safe(client_id: UUID | None, *, digits: str, reason: str, actor: str) -> None:
    """Numbers that begin like this are never judged, for one client or for all. Raises: Refused safe_range."""
    digits = digits.replace(" ", "")
    if not (digits.startswith("+") and digits[1:].isdecimal() and 3 <= len(digits) <= 15):
        raise Refused("safe_range")
    hashed = keystore().platform().index(RANGE_KIND, digits)
    with staff_scope(), connections["staff"].cursor() as cursor:
        _add_safe(cursor, client_id or EVERYBODY, hashed, len(digits), reason, actor)
        audit.append(audit.PLATFORM, "fraud.safe_added", actor, {"client": str(client_id or "")}, using="staff")


def safe_ranges() -> list[Safe]:
    """What is never judged, the newest first."""
    columns = "client_id, encode(range_hash, 'hex'), digits, reason, since"
    with staff_scope():
        rows = _read(columns, "FROM fraud_safe ORDER BY since DESC LIMIT 500", [], using="staff")
    return [Safe(*row) for row in rows]


def remove_safe(client_id: UUID, key: str, *, actor: str) -> None:
    """Judge a range again from the next look on. Raises: Refused not_found."""
    with staff_scope(), connections["staff"].cursor() as cursor:
        cursor.execute(
            "DELETE FROM fraud_safe WHERE client_id = %s AND encode(range_hash, 'hex') = %s", [client_id, key]
        )
        if not cursor.rowcount:
            raise Refused("not_found", 404)
        facts = {"client": "" if client_id == EVERYBODY else str(client_id)}
        audit.append(audit.PLATFORM, "fraud.safe_removed", actor, facts, using="staff")


def enforced() -> bool:
    """Whether verdicts are carried out."""
    with staff_scope():
        rows = _read("enforce", "FROM fraud_setting", [], using="staff")
    return all(row[0] for row in rows)


def set_enforced(*, enforce: bool, actor: str) -> None:
    """Fail open: judge and show, stop nothing. Or carry verdicts out again."""
    with staff_scope(), connections["staff"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO fraud_setting (enforce) VALUES (%s) ON CONFLICT (id) DO UPDATE SET enforce = excluded.enforce",
            [enforce],
        )
        audit.append(audit.PLATFORM, "fraud.enforced" if enforce else "fraud.fail_open", actor, {}, using="staff")


_TEXT = "client_id, encode(text_hash, 'hex'), verdict, score, reasons, messages, samples, first_at, last_at"


def texts() -> list[Text]:
    """Texts that wait for a person first."""
    with staff_scope():
        rows = _read(_TEXT, "FROM gate_misuse ORDER BY verdict <> 'held', last_at DESC LIMIT 100", [], using="staff")
    return [Text(*_plain(row, 4)) for row in rows]


def texts_of(client_id: UUID) -> list[Text]:
    """The same for a client's own page, each with an example."""
    where = "FROM gate_misuse WHERE client_id = %s ORDER BY last_at DESC LIMIT 50"
    rows = [Text(*_plain(row, 4)) for row in _read(_TEXT, where, [client_id], using="default")]
    return [_with_example(row) for row in rows]


def _with_example(row: Text) -> Text:
    opened = queries.opened_message(row.client_id, row.samples[0]) if row.samples else None
    return Text(**{**row.__dict__, "example": opened.text if opened else ""})


def open_text(client_id: UUID, key: str, *, actor: str) -> Text:
    """One text with an example, for staff; that it was read is in the client's journal.

    Raises: Refused text_unknown.
    """
    row = next((row for row in texts() if row.client_id == client_id and row.key == key), None)
    if row is None:
        raise Refused("text_unknown", 404)
    with client_scope(client_id):
        audit.append(client_id, "misuse.read", actor, {"text": key})
        return _with_example(row)


@clause("CGVU 14.2")
def decide_text(client_id: UUID, key: str, *, release: bool, actor: str) -> None:
    """Let a text go as an alert, or not; what waits follows, and what says the same later.

    Raises: Refused text_unknown.
    """
    verdict = "released" if release else "refused"
    with staff_scope(), connections["staff"].cursor() as cursor:
        cursor.execute(
            "UPDATE gate_misuse SET verdict = %s, decided_at = %s, decided_by = %s"
            " WHERE client_id = %s AND encode(text_hash, 'hex') = %s RETURNING first_at",
            [verdict, clock.now(), actor, client_id, key],
        )
        row = cursor.fetchone()
        if row is None:
            raise Refused("text_unknown", 404)
        first_at = row[0]
    with client_scope(client_id):
        gate.look_again(engine_connection(), client_id, "alert_reads_like_marketing")
        service_level.decided_anew(client_id, first_at)
        audit.append(client_id, f"misuse.{verdict}", actor, {"text": key})


def note_alerted(client_id: UUID, suspicion_id: UUID, people: int) -> None:
    """The client heard of a suspicion, inside its scope."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE fraud_suspicion SET alerted_at = %s, alerted = %s"
            " WHERE client_id = %s AND id = %s AND alerted_at IS NULL",
            [clock.now(), people, client_id, suspicion_id],
        )
        audit.append(client_id, "fraud.alerted", "product", {"suspicion": str(suspicion_id), "people": people})


def note_told(client_id: UUID, key: str) -> None:
    """The client heard that alerts of it wait, inside its scope."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE gate_misuse SET told_at = %s WHERE client_id = %s AND encode(text_hash, 'hex') = %s",
            [clock.now(), client_id, key],
        )
