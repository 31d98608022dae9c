"""What this room does when a lower room says that something happened."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sofy.audience import ledger
from sofy.audience.arrays import ByteaArray, TextArray, UuidArray, cursor
from sofy.audience.ledger import Circumstances, Word
from sofy.audience.services import unreachable
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
    channel: str = "sms",
    **_ids: object,
) -> None:
    """A person answered STOP: the gate knows already, now the ledger keeps the proof. Harmless when it runs twice."""
    cur, now = cursor(), clock.now()
    ledger.lock(cur, client_id)
    index, decided = bytes.fromhex(recipient_index), datetime.fromisoformat(at)
    owner = UUID(contact_id) if contact_id else None
    if cur.execute(sql("stop_known"), {"client": client_id, "index": index, "at": decided}).fetchone():
        return
    event = ledger.Event(index, channel, "marketing", "opposed", decided, "stop", owner, detail=keyword, actor="engine")
    ledger.append(cur, client_id, [event], now=now)
    kind = "email" if channel == "email" else "phone"
    values = {"client": client_id, "kinds": TextArray.of([kind]), "indexes": ByteaArray.of([index])}
    owners = [row[1] for row in cur.execute(sql("owners_of"), values)]
    ledger.refresh_reach(cur, client_id, owners, now=now)


@outbox.handler("recipient.unreachable")
@clause("CGVU 14.3")
def recipient_unreachable(*, client_id: UUID, message_id: str, **_ids: object) -> None:
    """A supplier says that this message has no recipient: the address goes on the list. Harmless when it runs twice."""
    unreachable.came_back(client_id=client_id, message_id=UUID(message_id), for_good=True)


@outbox.handler("recipient.bounced")
@clause("CGVU 14.3")
def recipient_bounced(*, client_id: UUID, message_id: str, **_ids: object) -> None:
    """A mail came back that may arrive another day: a streak of them counts. Harmless when it runs twice."""
    unreachable.came_back(client_id=client_id, message_id=UUID(message_id), for_good=False)


@outbox.handler("consent.given")
@clause("DPA 5", "CGVU 17")
def consents_given(*, client_id: UUID, at: str, events: Sequence[Sequence[str]], **_ids: object) -> None:
    """Consents came with messages of a program: the gate knows already, now the ledger keeps the proof.

    `at`: when they came. `events`: id, recipient index in hex, when the person agreed, source, version of the text, and
    the channel. A consent that meets an opt-out is recorded as what the program said, and lifts nothing. Harmless when
    it runs twice.
    """
    cur, now = cursor(), clock.now()
    ledger.lock(cur, client_id)
    fresh = {UUID(row[0]): row for row in events}
    known_ids = {"client": client_id, "ids": UuidArray.of([event_id.bytes for event_id in fresh])}
    for (event_id,) in cur.execute(sql("events_known"), known_ids).fetchall():
        del fresh[event_id]
    if not fresh:
        return
    indexes = list({bytes.fromhex(row[1]) for row in fresh.values()})
    kinds = TextArray.of(["phone", "email"])
    values = {"client": client_id, "kinds": kinds, "indexes": ByteaArray.of(indexes)}
    owners: dict[bytes, UUID] = dict(cur.execute(sql("owners_of"), values).fetchall())
    groups: dict[tuple[str, str, str], list[Word]] = {}
    agreed = {each: datetime.fromisoformat(each) for each in {row[2] for row in fresh.values()}}
    for event_id, (_id, recipient, agreed_at, source, text_version, *channel) in fresh.items():
        index = bytes.fromhex(recipient)
        owner = owners[index].bytes if index in owners else None
        word = Word(index, "granted", agreed[agreed_at], owner, id=event_id.bytes)
        groups.setdefault((channel[0] if channel else "sms", source, text_version), []).append(word)
    # A STOP that came after them stays the gate's last word, also when it is being written at this moment.
    since = min(now, datetime.fromisoformat(at))
    known = ledger.known(cur, client_id, indexes, since=since)
    for (name, *said), words in groups.items():
        detail = " · ".join(filter(None, said))[:120]
        shared = Circumstances(name, "marketing", "api", detail, actor="api")
        ledger.append_words(cur, client_id, shared, words, now=now, since=since, before=known)
    ledger.refresh_reach(cur, client_id, owners.values(), now=now)
