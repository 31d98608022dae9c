"""What people send back: STOP is obeyed at once and for good, CONTACT is answered, the rest is kept for the client."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import structlog

from sofy.connectors.base import Inbound, TemplateNews
from sofy.engine.aliases import Aliases
from sofy.engine.db import sql
from sofy.engine.intake import MessageIn, submit_async
from sofy.engine.kept_parts import KeptParts
from sofy.engine.keystore import PLATFORM, KeyStore
from sofy.engine.link import Hot, HotLink
from sofy.engine.permissions import STOP_CHANNEL
from sofy.engine.routes import Route
from sofy.kernel import channels, clock, ids, sms_text
from sofy.kernel.clauses import clause
from sofy.kernel.crypto import ClientKeys, Unreadable
from sofy.kernel.errors import Refused

log = structlog.get_logger(__name__)

#: The answer to CONTACT of a client that has not written its own.
DEFAULT_ANSWER = "Vous recevez nos SMS avec votre accord. Pour ne plus en recevoir, repondez STOP a ce numero."


#: Operators repeat a message that was not acknowledged within hours, if at all.
_SENT_AGAIN_WITHIN = timedelta(hours=4)
#: Nobody gets a message, reads it and answers sooner after the operator took it.
_CROSSING = timedelta(seconds=5)


class Writer(NamedTuple):
    """Who wrote to a person last, or owns what the person wrote to; then without a message."""

    client: bytes
    message: bytes | None
    contact: bytes | None
    campaign: bytes | None
    recipient: bytes


class Arrival(NamedTuple):
    """An inbound message that found its client. `names`: the person's, where there may be several."""

    route: UUID
    channel: str
    inbound: Inbound
    writer: Writer
    keyword: str
    names: frozenset[bytes]


class InboundDesk:
    """Records inbound messages; `on_stop` is told of a refusal before anything is written."""

    def __init__(self, link: HotLink, keystore: KeyStore, on_stop: Callable[[bytes, bytes], None]) -> None:
        self.orphans = 0
        self.parts = KeptParts(link, keystore)
        self.aliases = Aliases(link, keystore)
        self._link = link
        self._keystore = keystore
        self._on_stop = on_stop

    async def take(self, route: bytes, way: Route | None, messages: list[Inbound]) -> None:
        """Record messages of one route; returns when they are committed. `way`: the route, when it is still there."""
        both = [(address_of(one.sender), one.identity) for one in messages if one.identity and one.sender]
        await self.aliases.note(way, [pair for pair in both if channels.identity(pair[0]) == "phone"])
        for message in messages:
            keyword = "stop" if message.opts_out else keyword_of(message.text)
            writers = await self._writers(route, way, message, keyword)
            if not writers:
                self.orphans += 1
                log.warning("engine.inbound_orphan", route=str(UUID(bytes=route)))
            for writer in writers:
                names = await self._names(writer, message, keyword)
                arrival = Arrival(UUID(bytes=route), way.channel if way else "sms", message, writer, keyword, names)
                for name in names if keyword == "stop" else ():
                    self._on_stop(writer.client, name)
                try:
                    await self._link.call(partial(self._record, arrival=arrival))
                except Refused:
                    log.warning("engine.inbound_without_key", client=str(UUID(bytes=writer.client)))
            await self.parts.forget(route, message)

    async def templates(self, way: Route | None, news: list[TemplateNews]) -> None:
        """Tell the rooms above what a supplier says of templates; returns when that is committed.

        Of an account that several clients share, they know by its name whose template it is.
        """
        if way is None:
            log.warning("engine.template_of_nobody", templates=len(news))
            return
        client = PLATFORM if way.client is None else UUID(bytes=way.client)
        for one in news:
            payload = msgspec.structs.asdict(one) | {"route_id": str(UUID(bytes=way.id))}
            values = {"client": client, "id": ids.uuid7(), "topic": "template.updated", "now": clock.now()}
            await self._link.run("publish", values | {"payload": msgspec.json.encode(payload).decode()})

    async def _writers(self, route: bytes, way: Route | None, message: Inbound, keyword: str) -> list[Writer]:
        """Whose answer it is: of whoever wrote last. A STOP that may have crossed their message counts for both.

        What comes to an agent or a number of one client is that client's, whoever wrote. A mail that comes
        back names the message it is about: it is of that message's recipient, whatever the report calls them.
        """
        if not message.sender or (way is not None and way.channel == "email"):
            named = await self._link.rows("writer_of", {"route": UUID(bytes=route), "supplier_id": message.answers})
            return [Writer(*row) for row in named]
        address = address_of(message.sender)
        kind = channels.identity(address)
        index = self._keystore.platform().index(kind, address)
        short_code, owner = (way.short_code, way.client) if way is not None else (None, None)
        indexes = [index] if kind == "phone" else [index, *await self.aliases.numbers_of(index)]
        for code in filter(None, dict.fromkeys((message.recipient.lstrip("+"), short_code))):
            asked = [{"short_code": code, "number": each} for each in indexes]
            found = [row for values in asked for row in await self._link.rows("who_wrote", values)]
            if found := [row for row in found if owner in (None, row[0])]:
                latest = max(found, key=itemgetter(-1))
                last, displacing, before = Writer(*latest[:5]), latest[5], Writer(*latest[6:-1])
                stops = keyword == "stop" and displacing is not None
                return [last, before] if stops and await self._may_have_crossed(last.client, displacing) else [last]
        if kind == "channel" and (answered := await self._answered(route, way, message)):
            return answered
        if owner is None:
            return []
        try:
            recipient = self._keystore.client(UUID(bytes=owner)).index(kind, address)
        except Refused:  # its key was destroyed
            return []
        return [Writer(owner, None, None, None, recipient)]

    async def _answered(self, route: bytes, way: Route | None, message: Inbound) -> list[Writer]:
        """Whose message it answers, of somebody whose number nobody told yet."""
        if not message.answers:
            return []
        named = await self._link.rows("writer_of", {"route": UUID(bytes=route), "supplier_id": message.answers})
        owner = way.client if way is not None else None
        writers = [writer for row in named if owner in (None, (writer := Writer(*row)).client)]
        for writer in writers:
            await self.aliases.note_answer(way, writer.client, message.sender, writer.recipient)
        return writers

    async def _names(self, writer: Writer, message: Inbound, keyword: str) -> frozenset[bytes]:
        """Under which names a client may write to the person who says no."""
        if keyword != "stop":
            return frozenset()
        names = {writer.recipient}
        known = (address_of(message.sender), message.identity)
        identities = [one for one in known if one and channels.identity(one) == "channel"]
        try:
            keys = self._keystore.client(UUID(bytes=writer.client))
        except Refused:  # its key was destroyed
            return frozenset(names)
        names.update(keys.index("channel", identity) for identity in identities)
        return frozenset(await self.aliases.names_of(writer.client, names))

    async def _may_have_crossed(self, client: bytes, message: bytes) -> bool:
        """Whether a message was on its way to the phone at most when the phone answered."""
        values = {"client": UUID(bytes=client), "message": UUID(bytes=message)}
        rows = await self._link.rows("left_at", values)
        return any(left is None or left > clock.now() - _CROSSING for (left,) in rows)

    async def _record(self, conn: Hot, arrival: Arrival) -> None:
        writer, message = arrival.writer, arrival.inbound
        keys = self._keystore.client(UUID(bytes=writer.client))
        inbound_id, now = ids.uuid7(), clock.now()
        plain = _plain(message)
        permission = channels.TRAITS[arrival.channel].permission
        values: dict[str, Any] = {
            "client": UUID(bytes=writer.client),
            "id": inbound_id,
            "route": arrival.route,
            "recipient": writer.recipient,
            "contact": _uuid(writer.contact),
            "message": _uuid(writer.message),
            "supplier_id": message.supplier_id or None,
            "campaign": _uuid(writer.campaign),
            "payload": keys.seal("engine_inbound", "payload", inbound_id, plain),
            "keyword": arrival.keyword,
            "kind": "stop" if arrival.keyword == "stop" else "replied",
            "channel": permission,
            "came_by": arrival.channel,
            "lanes": [
                channels.lane("marketing", each)
                for each, traits in channels.TRAITS.items()
                if traits.permission == permission
            ],
            "detail": None if message.complete else '{"incomplete": true}',
            "now": now,
            "since": now - _SENT_AGAIN_WITHIN,
            "written_at": min(message.at or now, now) if message.wrote else None,
            "turn": f"{writer.client.hex()}{writer.recipient.hex()}",
        }
        async with conn.transaction():
            await conn.execute(sql("take_turns"), values)
            if not message.anew and await _heard_before(conn, values, keys, plain):
                log.info("engine.inbound_repeated", client=str(values["client"]))
                return
            await conn.execute(sql("write_inbound"), values)
            await conn.execute(sql("write_event"), values)
            if arrival.keyword == "stop":
                for name in arrival.names:
                    await _stop(conn, values | {"recipient": name})
            elif arrival.keyword == "contact" and arrival.channel == "sms":
                await self._answer(conn, values, address_of(message.sender))
            await _publish(conn, "sms.stop" if arrival.keyword == "stop" else "sms.inbound", values)

    async def _answer(self, conn: Hot, values: dict[str, Any], to: str) -> None:
        """CONTACT: an alert from the sender of the message the person received."""
        row = await (await conn.execute(sql("answer_to_contact"), values)).fetchone()
        if row is None:
            return
        sender, text = row
        answer = MessageIn(
            purpose="alert",
            to=to,
            text=text or DEFAULT_ANSWER,
            sender=sender,
            contact_id=values["contact"],
            recipient_index=values["recipient"],
            reference="contact-answer",
        )
        await submit_async(conn, values["client"], [answer], keys=self._keystore.client(values["client"]))


@clause("CGVU 14.1", "CGVU 17")
async def _stop(conn: Hot, values: dict[str, Any]) -> None:
    """In one transaction: the opposition, the end of what waits for this number, and the news to every engine."""
    await conn.execute(sql("oppose"), values)
    await conn.execute(sql("cancel_waiting"), values)
    payload = f"{values['client'].hex}:{values['recipient'].hex()}"
    await conn.execute("SELECT pg_notify(%s, %s)", (STOP_CHANNEL, payload))


async def _heard_before(conn: Hot, values: dict[str, Any], keys: ClientKeys, plain: str) -> bool:
    """Whether something comes again whose acknowledgement was lost. SMPP gives these messages no id; others do.

    The same words in answer to another message are not a repetition, nor is a STOP that is not in force any more.
    """
    if values["supplier_id"] is not None:
        return await (await conn.execute(sql("heard_named"), values)).fetchone() is not None
    rows = await (await conn.execute(sql("heard_before"), values, binary=True)).fetchall()
    if not any(_opened(keys, UUID(bytes=row), payload) == plain for row, payload in rows):
        return False
    if values["keyword"] != "stop":
        return True
    return await (await conn.execute(sql("stands_opposed"), values)).fetchone() is not None


def _opened(keys: ClientKeys, row: UUID, payload: bytes) -> str | None:
    try:
        return keys.unseal("engine_inbound", "payload", row, payload)
    except Unreadable:
        return None


async def _publish(conn: Hot, topic: str, values: dict[str, Any]) -> None:
    payload = {
        "inbound_id": str(values["id"]),
        "message_id": None if values["message"] is None else str(values["message"]),
        "channel": values["channel"],
        "contact_id": None if values["contact"] is None else str(values["contact"]),
        "campaign_id": None if values["campaign"] is None else str(values["campaign"]),
        "recipient_index": values["recipient"].hex(),
        "keyword": values["keyword"],
        "at": values["now"].isoformat(),
    }
    outbox = {
        "client": values["client"],
        "id": ids.uuid7(),
        "topic": topic,
        "payload": msgspec.json.encode(payload).decode(),
        "now": values["now"],
    }
    await conn.execute(sql("publish"), outbox)


def address_of(sender: str) -> str:
    """A number with its plus, whichever way the supplier writes it; every other address as it is."""
    digits = sender.lstrip("+")
    return f"+{digits}" if digits.isascii() and digits.isdecimal() else sender


def _plain(message: Inbound) -> str:
    """What is sealed of a message."""
    said: dict[str, Any] = {"from": address_of(message.sender), "text": message.text}
    if message.kind != "text" or message.detail is not None:
        said |= {"kind": message.kind, "detail": message.detail}
    return msgspec.json.encode(said).decode()


def keyword_of(text: str) -> str:
    """What a short code does by itself: "stop", "contact", or "" for everything else."""
    if sms_text.is_stop(text):
        return "stop"
    return "contact" if sms_text.is_contact(text) else ""


def _uuid(raw: bytes | None) -> UUID | None:
    return None if raw is None else UUID(bytes=raw)
