"""What this room does when a lower room says that something happened."""

from datetime import datetime
from uuid import UUID

from sofy.audience import ledger
from sofy.audience.arrays import ByteaArray, TextArray, cursor
from sofy.audience.sqlfiles import sql
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kit import outbox


@outbox.handler("sms.stop")
@clause("CGVU 14.1", "CGVU 17")
def sms_stopped(
    *,
    client_id: UUID,
    recipient_index: str,
    at: str,
    contact_id: str | None = None,
    keyword: str = "stop",
    **_ids: object,
) -> None:
    """A person answered STOP: the gate knows already, now the ledger keeps the proof. Harmless when it runs twice."""
    cur, now = cursor(), clock.now()
    ledger.lock(cur, client_id)
    index, decided = bytes.fromhex(recipient_index), datetime.fromisoformat(at)
    owner = UUID(contact_id) if contact_id else None
    if cur.execute(sql("stop_known"), {"client": client_id, "index": index, "at": decided}).fetchone():
        return
    event = ledger.Event(index, "sms", "marketing", "opposed", decided, "stop", owner, detail=keyword, actor="engine")
    ledger.append(cur, client_id, [event], now=now)
    values = {"client": client_id, "kinds": TextArray.of(["phone"]), "indexes": ByteaArray.of([index])}
    owners = [row[1] for row in cur.execute(sql("owners_of"), values)]
    ledger.refresh_reach(cur, client_id, owners, now=now)
