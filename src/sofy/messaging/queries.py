"""Reads of the engine's tables for people: routes as a client sees them, senders, the message log."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection
from django.db.models import Count, Exists, OuterRef, Prefetch

from sofy.engine.alphabets import Alphabets
from sofy.engine.db import sql
from sofy.engine.statuses import in_order
from sofy.kernel import clock
from sofy.kernel.content import Content, flat
from sofy.kernel.content import Template as Approved
from sofy.kernel.crypto import Unreadable
from sofy.kernel.prices import Book, Price, day
from sofy.kit.keys import keys_for
from sofy.kit.rls import staff_scope
from sofy.messaging.models import Sender, SenderProof, Template, TemplateVersion, WhatsappTemplate
from sofy.messaging.search import COLUMNS, JOINED, LogLine
from sofy.messaging.template_rules import CHANNELS
from sofy.wire.email.plain import text_of


@dataclass(frozen=True)
class RouteOffer:
    """A route as a client may know it: what it is called, costs and answers to."""

    id: UUID
    code: str
    name: str
    short_code: str
    price_eur: Decimal
    state: str


def route_offers(purpose: str = "marketing") -> list[RouteOffer]:
    """Routes that take messages of a purpose, the cheapest first.

    Where the client's order form or the list says what an SMS in France costs, each is offered at that price.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, code, name, coalesce(short_code, ''), price_eur, state FROM engine_route"
            " WHERE channel = 'sms' AND %s = ANY(purposes) AND state <> 'draining' ORDER BY price_eur, code",
            [purpose],
        )
        offers = [RouteOffer(*row) for row in cursor.fetchall()]
        cursor.execute(sql("sale_prices"))  # the login sees the client's own rows and the list
        rows = cursor.fetchall()
    sales = Book(Price(None if owner is None else "own", *rest) for owner, *rest in rows)
    price = sales.sale("own", "sms", purpose, "FR", day(clock.now()))
    return offers if price is None else [replace(offer, price_eur=price) for offer in offers]


def route_offer(route_id: UUID | None) -> RouteOffer | None:
    """One route of the catalogue, None when it is gone."""
    return next((offer for offer in route_offers() if offer.id == route_id), None)


@dataclass(frozen=True)
class ChannelOffer:
    """A channel beside SMS as a campaign of a client takes it: from whom, where people answer, and what one costs.

    Unit: EUR before VAT for `price_eur`.
    """

    channel: str
    sender: str
    short_code: str
    price_eur: Decimal
    state: str


def channel_offers(client_id: UUID, purpose: str = "marketing") -> dict[str, ChannelOffer]:
    """The channels beside SMS on which a client may send messages of a purpose, those it does without left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (channel) channel, coalesce(short_code, ''), price_eur, state FROM engine_route"
            " WHERE channel IN ('rcs', 'whatsapp', 'email') AND %s = ANY(purposes) AND state <> 'draining'"
            " AND channel <> ALL (coalesce((SELECT channels_off FROM gate_client WHERE client_id = %s), '{}'))"
            " ORDER BY channel, client_id IS NULL, price_eur, code",
            [purpose, client_id],
        )
        rows = cursor.fetchall()
        cursor.execute(sql("sale_prices"))
        sales = Book(Price(None if owner is None else "own", *rest) for owner, *rest in cursor.fetchall())
    addresses = Sender.objects.filter(
        client_id=client_id, channel="email", state=Sender.State.APPROVED, withdrawn_at=None
    )
    names = {"email": addresses.values_list("name", flat=True).first() or ""}
    offers = {}
    for channel, code, price, state in rows:
        sale = sales.sale("own", channel, purpose, "" if channel == "email" else "FR", day(clock.now()))
        answers_at = "" if channel == "email" else code
        offers[channel] = ChannelOffer(
            channel, names.get(channel, code), answers_at, price if sale is None else sale, state
        )
    return offers


def channels_off(client_id: UUID) -> frozenset[str]:
    """The channels a client does without (DPA 9)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT channels_off FROM gate_client WHERE client_id = %s", [client_id])
        row = cursor.fetchone()
    return frozenset(row[0]) if row else frozenset()


def email_templates(client_id: UUID) -> dict[str, str]:
    """Code -> name of the client's marketing templates that have an e-mail."""
    return {
        line.template.code: line.template.name
        for line in templates(client_id)
        if "email" in line.states and line.template.purpose == "marketing"
    }


def approved_templates(client_id: UUID) -> dict[str, str]:
    """Code -> name of the client's marketing templates that WhatsApp approved and has not paused."""
    rows = Template.objects.filter(client_id=client_id, archived_at=None, purpose="marketing")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT code FROM gate_template WHERE client_id = %s AND channel = 'whatsapp' AND state = 'ready'"
            " AND purpose = 'marketing'",
            [client_id],
        )
        ready = [row[0] for row in cursor.fetchall()]
    return dict(rows.filter(code__in=ready).order_by("name").values_list("code", "name"))


def approved_template(client_id: UUID, code: str) -> Content | None:
    """What one of `approved_templates` says, as it leaves, with its places; None when it is none of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, content FROM gate_template WHERE client_id = %s AND code = %s AND channel = 'whatsapp'"
            " AND state = 'ready' AND purpose = 'marketing'",
            [client_id, code],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    try:
        plain = keys_for(client_id).unseal("gate_template", "content", row[0], bytes(row[1]))
    except Unreadable:
        return None
    return msgspec.json.decode(plain, type=Content)


def alphabets(purpose: str, short_code: str | None) -> frozenset[str]:
    """In which alphabets a message for its routes is counted and sent."""
    with connection.cursor() as cursor:
        cursor.execute(sql("alphabets"))
        return Alphabets(cursor.fetchall()).of(purpose, short_code)


def active_senders(client_id: UUID) -> list[Sender]:
    """Names that SMS of a client may show."""
    return list(
        Sender.objects.filter(client_id=client_id, channel="sms", state=Sender.State.APPROVED, withdrawn_at=None)
    )


def registry(client_id: UUID) -> list[Sender]:
    """Every sender a client asked for and did not withdraw, with its documents."""
    rows = Sender.objects.filter(client_id=client_id, withdrawn_at=None)
    return list(rows.prefetch_related(Prefetch("proofs", SenderProof.objects.defer("content"))))


def senders_waiting() -> list[Sender]:
    """Names that clients asked for, the oldest first; for staff."""
    with staff_scope():
        rows = Sender.objects.using("staff").filter(state=Sender.State.REQUESTED, withdrawn_at=None)
        return list(rows.order_by("created_at").annotate(documents=Count("proofs")))


def sender_for_staff(client_id: UUID, sender_id: UUID) -> Sender | None:
    """One sender with its documents; for staff."""
    with staff_scope():
        rows = Sender.objects.using("staff").filter(client_id=client_id, id=sender_id, withdrawn_at=None)
        return rows.prefetch_related(Prefetch("proofs", SenderProof.objects.using("staff").defer("content"))).first()


@dataclass(frozen=True)
class RungLine:
    """A channel of a message that may take several. Without a message it was not begun."""

    channel: str
    message_id: UUID | None
    status: str
    reason: str
    supplier_code: str


Step = tuple[str, datetime, Any]
"""What happened, when, and why."""


@dataclass(frozen=True)
class Opened:
    """One message with its number and words, what happened to it, and the channels it may take when several.

    `text`: all it says, in words. `leaves_at`: when it is due, as long as that lies ahead.
    """

    line: LogLine
    to: str
    text: str
    subject: str
    events: Sequence[Step]
    rungs: Sequence[RungLine]
    leaves_at: datetime | None
    content: Content = field(default_factory=Content)

    @property
    def template(self) -> Approved | None:
        """The template of WhatsApp it was sent with."""
        return self.content.template


def opened_message(client_id: UUID, message_id: UUID) -> Opened | None:
    """Open one message; None when the client has no such message."""
    from sofy.engine.intake import decode_payload

    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {COLUMNS}, m.payload {JOINED} WHERE m.client_id = %s AND m.id = %s", [client_id, message_id]
        )
        row = cursor.fetchone()
        if row is None:
            return None
        line = LogLine(*row[:-1])
        cursor.execute(
            "SELECT step.kind, step.at, step.detail FROM engine_event e, LATERAL"
            " (VALUES ('submitted', e.submitted_at, NULL), (e.kind, e.at, e.detail)) AS step (kind, at, detail)"
            " WHERE e.client_id = %s AND e.message_id = %s AND (e.contact_id = %s OR e.contact_id IS NULL)"
            " AND step.at IS NOT NULL ORDER BY step.at",
            [client_id, message_id, line.contact_id],
        )
        steps = [(kind, at, msgspec.json.decode(detail) if detail else None) for kind, at, detail in cursor.fetchall()]
        events = [("accepted", line.created_at, None), *in_order(steps, lambda step: step[:2])]
        cursor.execute(
            "SELECT l.channel, l.message_id, coalesce(s.status, ''), coalesce(s.reason, ''),"
            " coalesce(s.supplier_code, '') FROM engine_ladder mine"
            " JOIN engine_ladder l ON l.client_id = mine.client_id AND l.head_id = mine.head_id"
            " LEFT JOIN engine_state s ON s.client_id = l.client_id AND s.message_id = l.message_id"
            " WHERE mine.client_id = %s AND mine.message_id = %s ORDER BY l.rung",
            [client_id, message_id],
        )
        rungs = [RungLine(*each) for each in cursor.fetchall()]
        cursor.execute(
            "SELECT due_at FROM engine_queue WHERE client_id = %s AND message_id = %s AND due_at > %s"
            " AND due_at < 'infinity'",
            [client_id, message_id, clock.now()],
        )
        due = cursor.fetchone()
    leaves_at = due[0] if due else None
    try:
        payload = decode_payload(keys_for(client_id).unseal("engine_message", "payload", message_id, bytes(row[-1])))
    except Unreadable:
        return Opened(line, "", "", "", events, rungs, leaves_at)
    content = payload.content or Content()
    words = flat(content) or payload.text or (text_of(content.html) if content.html else "")
    return Opened(line, payload.to, words, content.subject, events, rungs, leaves_at, content)


def agent_names() -> dict[str, str]:
    """What the numbers and agents that RCS and WhatsApp know by an id of their own are called here."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT short_code, name FROM engine_route WHERE channel IN ('rcs', 'whatsapp') AND short_code IS NOT NULL"
        )
        return dict(cursor.fetchall())


@dataclass(frozen=True)
class TemplateLine:
    """A template of the list, with where it stands on each channel it has: channel -> state."""

    template: Template
    states: dict[str, str]


def templates(client_id: UUID, *, archived: bool = False) -> list[TemplateLine]:
    """Templates of a client, those in use or those that were archived."""
    rows = list(
        Template.objects.filter(client_id=client_id, archived_at__isnull=not archived).select_related("whatsapp")
    )
    latest = TemplateVersion.objects.filter(
        client_id=client_id, template_id=OuterRef("template_id"), number__gt=OuterRef("number")
    )
    versions = TemplateVersion.objects.filter(client_id=client_id, template__in=rows).filter(~Exists(latest))
    channels = {row.template_id: list(msgspec.json.decode(str(row.contents), type=dict[str, Any])) for row in versions}
    return [TemplateLine(row, _states(row, channels.get(row.pk, []))) for row in rows]


def _states(template: Template, channels: list[str]) -> dict[str, str]:
    if template.archived_at is not None:
        return dict.fromkeys(channels, "archived")
    approval = whatsapp_state(template)
    waiting = approval.state if approval else "draft"
    ordered = sorted(channels, key=CHANNELS.index)
    return {channel: waiting if channel == "whatsapp" else "ready" for channel in ordered}


def whatsapp_state(template: Template) -> WhatsappTemplate | None:
    """Where a template stands at WhatsApp, None before it was submitted."""
    try:
        return template.whatsapp
    except WhatsappTemplate.DoesNotExist:
        return None


@dataclass(frozen=True)
class Request:
    """Something a program of a client asked of the API. Unit: microseconds for `latency_us`."""

    id: UUID
    at: datetime
    key_id: UUID
    method: str
    path: str
    status: int
    code: str
    latency_us: int

    @property
    def latency_ms(self) -> float:
        """Unit: milliseconds."""
        return self.latency_us / 1000

    @property
    def refused(self) -> bool:
        """Whether the program was told no."""
        return self.status >= 400


def requests(client_id: UUID, *, before: UUID, limit: int) -> list[Request]:
    """The latest requests of a client's programs, the newest first."""
    with connection.cursor() as cursor:
        cursor.execute(sql("requests_of"), {"client": client_id, "before": before, "n": limit})
        return [Request(*row) for row in cursor.fetchall()]
