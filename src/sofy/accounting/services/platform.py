"""Invoices and the approved platform: each is deposited once, what is said of it is heard, what was collected is told.

Source: CGI 289 bis; statuses 200, 210, 212 and 213 are mandatory. Without a platform in the settings nothing leaves.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db.models import F, Sum

from sofy.accounting.models import Deposit, Due, Mailbox, Said
from sofy.billing.document import Document, decoded
from sofy.billing.einvoice.platform import cdar
from sofy.billing.einvoice.platform.flow_service import Config, FlowService
from sofy.billing.einvoice.platform.port import Flow, Parcel, Platform, PlatformDown, PlatformRefuses
from sofy.billing.models import Invoice
from sofy.billing.services import rendering
from sofy.kernel import clock
from sofy.kit import audit
from sofy.kit.rls import staff_scope

_log = structlog.get_logger("sofy.accounting")
COLLECTED = 212
#: Unit: documents of one turn of the chore.
BATCH = 200


def configured() -> bool:
    """Whether there is a platform to speak to."""
    return bool(settings.SOFY.platform_url)


def port() -> Platform:
    """The account of the settings."""
    known = settings.SOFY
    url = known.platform_url.rstrip("/")
    return FlowService(
        Config(
            base_url=url,
            token_url=known.platform_token_url or f"{url}/oauth/token",
            client_id=known.platform_client_id,
            client_secret=known.platform_client_secret,
        )
    )


def travels(document: Document) -> bool:
    """Whether a document goes through a platform: invoices and credit notes between businesses in France."""
    buyer = document.buyer
    return document.kind != "debit_note" and buyer.address.country == "FR" and bool(buyer.siren)


def deposit(client_id: UUID, invoice_id: UUID, *, platform: Platform | None = None) -> Deposit | None:
    """Hand an invoice over, once, whoever asks how often; none where it does not travel, or there is no platform.

    Raises: PlatformDown, for the job to come again.
    """
    if platform is None and not configured():
        return None
    with staff_scope():
        invoice = Invoice.objects.using("staff").filter(client_id=client_id, pk=invoice_id).first()
        document = decoded(str(invoice.document).encode()) if invoice else None
    if invoice is None or document is None or not travels(document):
        return None
    files = rendering.render(client_id, invoice_id)
    with staff_scope():
        row = _row(invoice, document)
    if row.state != Deposit.State.WAITING:
        return row
    parcel = Parcel(row.tracking_id, f"{row.number}.pdf", "Factur-X", files.pdf)
    try:
        flow = (platform or port()).deposit(parcel)
    except PlatformRefuses as error:
        _answered(row, Deposit.State.REFUSED, str(error))
    except PlatformDown:
        with staff_scope():
            Deposit.objects.using("staff").filter(pk=row.pk).update(tried=F("tried") + 1, at=clock.now())
        raise
    else:
        row.flow_id = flow.flow_id
        refused = flow.acknowledgement == "Error"
        _answered(row, Deposit.State.REFUSED if refused else Deposit.State.DEPOSITED, " ".join(flow.problems))
    return row


def _row(invoice: Invoice, document: Document) -> Deposit:
    """The one row of an invoice, made when it is not there."""
    made = Deposit(
        client_id=invoice.client_id, entity_id=invoice.entity_id, invoice=invoice, number=invoice.number,
        tracking_id=f"{document.seller.party.siren}-{invoice.number}",
    )  # fmt: skip
    Deposit.objects.using("staff").bulk_create([made], ignore_conflicts=True)
    return Deposit.objects.using("staff").get(invoice=invoice)


def _answered(row: Deposit, state: str, problem: str) -> None:
    with staff_scope():
        if row.state == state:
            return
        row.state, row.problem, row.at, row.tried = state, problem[:1000], clock.now(), row.tried + 1
        row.save(using="staff", update_fields=["state", "problem", "at", "tried", "flow_id"])
        facts = {"number": row.number, "state": state}
        audit.append(row.client_id, "invoice.deposited", "worker", facts, using="staff")


def deposit_waiting(*, platform: Platform | None = None) -> int:
    """Hand over again what a platform that was away did not take; answers how many it took."""
    with staff_scope():
        rows = Deposit.objects.using("staff").filter(state=Deposit.State.WAITING).order_by("at")[:BATCH]
        waiting = list(rows.values_list("client_id", "invoice_id"))
    done = 0
    for client_id, invoice_id in waiting:
        try:
            deposit(client_id, invoice_id, platform=platform)
        except PlatformDown:
            return done
        done += 1
    return done


def hear(*, platform: Platform | None = None) -> int:
    """Read what is new at the platform; answers how many statuses were heard. A message that comes twice counts once.

    Raises: PlatformDown, PlatformRefuses.
    """
    found, url, heard = platform or port(), settings.SOFY.platform_url[:300], 0
    with staff_scope():
        box = Mailbox.objects.using("staff").filter(url=url).first()
    since = box.since if box else clock.now() - timedelta(days=365)
    last = since
    for flow in found.changes(since - timedelta(seconds=1)):
        heard += _heard(found, flow)
        last = max(last, flow.updated_at)
    with staff_scope():
        Mailbox.objects.using("staff").update_or_create(url=url, defaults={"since": last})
    return heard


def _heard(platform: Platform, flow: Flow) -> int:
    """A file of ours that was not accepted, or a message about some."""
    if flow.direction == "Out":
        if flow.acknowledgement == "Error" and flow.tracking_id:
            with staff_scope():
                row = Deposit.objects.using("staff").filter(tracking_id=flow.tracking_id).first()
            if row is not None:
                _answered(row, Deposit.State.REFUSED, " ".join(flow.problems))
        return 0
    if flow.form != "CDAR":
        return 0
    try:
        events = cdar.read(platform.content(flow.flow_id))
    except cdar.Unreadable as error:
        _log.warning("platform_message_unreadable", flow=flow.flow_id, error=str(error))
        return 0
    return sum(_keep(event) for event in events)


def _keep(event: Any) -> int:
    with staff_scope():
        row = Deposit.objects.using("staff").filter(number=event.number).order_by("-at").first()
        if row is None:
            return 0
        known = Said.objects.using("staff").filter(deposit=row, message_id=event.message_id[:80], code=event.code)
        if known.exists():
            return 0
        Said(
            client_id=row.client_id, entity_id=row.entity_id, deposit=row, message_id=event.message_id[:80],
            code=event.code, at=event.at, reason_code=event.reason_code[:40], reason=event.reason[:1000],
        ).save(using="staff", force_insert=True)  # fmt: skip
        facts = {"number": row.number, "status": event.code}
        audit.append(row.client_id, "invoice.status_heard", "worker", facts, using="staff")
    return 1


def tell_collected(*, platform: Platform | None = None) -> int:
    """Say of each deposited invoice what was collected since it was last said, by rate; a return is below zero.

    What is to be said is written down first and sent then, so that a message that was cut off is the same one again.
    """
    with staff_scope():
        pieces = Deposit.objects.using("staff").filter(state=Deposit.State.DEPOSITED).values("entity_id", "number")
        sums = _by_piece(
            Due.objects.using("staff").filter(on=Due.On.RECEIPT, piece__in=pieces.values("number"))
            .values_list("entity_id", "piece", "rate").annotate(n=Sum(F("base_eur") + F("vat_eur")))
        )  # fmt: skip
        told: dict[tuple[UUID, str], dict[str, Decimal]] = {}
        numbers = {number for _entity, number in sums}
        for entity_id, number, by_rate in Said.objects.using("staff").filter(
            code=COLLECTED, deposit__number__in=numbers
        ).values_list("entity_id", "deposit__number", "by_rate"):  # fmt: skip
            before = told.setdefault((entity_id, number), {})
            for rate, amount in by_rate.items():
                before[rate] = before.get(rate, Decimal(0)) + Decimal(amount)
        for key, now in sums.items():
            _write(key, now, told.get(key, {}))
        waiting = list(
            Said.objects.using("staff").filter(code=COLLECTED, sent_at=None).select_related("deposit")[:BATCH]
        )
    return sum(_send(platform or port(), row) for row in waiting)


def _by_piece(rows: Any) -> dict[tuple[UUID, str], dict[str, Decimal]]:
    found: dict[tuple[UUID, str], dict[str, Decimal]] = {}
    for entity_id, piece, rate, amount in rows:
        found.setdefault((entity_id, piece), {})[f"{rate:.2f}"] = amount
    return found


def _write(key: tuple[UUID, str], now: dict[str, Decimal], before: dict[str, Decimal]) -> None:
    more = {rate: now.get(rate, Decimal(0)) - before.get(rate, Decimal(0)) for rate in {*now, *before}}
    more = {rate: amount for rate, amount in sorted(more.items()) if amount}
    row = Deposit.objects.using("staff").filter(entity_id=key[0], number=key[1]).first()
    if not more or row is None:
        return
    place = Said.objects.using("staff").filter(deposit=row, code=COLLECTED).count() + 1
    Said(
        client_id=row.client_id, entity_id=row.entity_id, deposit=row, message_id=f"{row.tracking_id}-212-{place}",
        code=COLLECTED, at=clock.now(), by_rate={rate: f"{amount:.2f}" for rate, amount in more.items()},
    ).save(using="staff", force_insert=True)  # fmt: skip


def _send(platform: Platform, row: Said) -> int:
    with staff_scope():
        invoice = Invoice.objects.using("staff").get(client_id=row.client_id, pk=row.deposit.invoice_id)
        document = decoded(str(invoice.document).encode())
    by_rate = {Decimal(rate): Decimal(amount) for rate, amount in row.by_rate.items()}
    content = cdar.collected(document, by_rate, at=row.at, message_id=row.message_id)
    try:
        platform.deposit(Parcel(row.message_id, f"{row.message_id}.xml", "CDAR", content, "NotApplicable"))
    except PlatformRefuses as error:
        _log.error("platform_refuses_status", number=row.deposit.number, error=str(error)[:200])
        return 0
    with staff_scope():
        Said.objects.using("staff").filter(pk=row.pk).update(sent_at=clock.now())
    return 1


def said_of(client_id: UUID, invoice_id: UUID, *, using: str) -> tuple[Deposit | None, Sequence[Said]]:
    """How far an invoice is, and what was said of it, the latest first; inside a scope."""
    row = Deposit.objects.using(using).filter(client_id=client_id, invoice_id=invoice_id).first()
    if row is None:
        return None, []
    return row, list(Said.objects.using(using).filter(client_id=client_id, deposit=row).order_by("-at", "-id"))


def last_read() -> datetime | None:
    """Up to when news were read; inside the staff scope."""
    row = Mailbox.objects.using("staff").filter(url=settings.SOFY.platform_url[:300]).first()
    return row.since if row else None
