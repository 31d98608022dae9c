"""Reads of mandates and direct debits, as typed rows; on the staff login, unless a client asks for its own."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from sofy.billing.bank_words import REFUSALS
from sofy.billing.rules import mandates as rules
from sofy.billing.rules.matching import return_reason
from sofy.billing.services import freezing
from sofy.clients.models import Client
from sofy.contracts import queries as contracts
from sofy.contracts.queries import EntityLine
from sofy.kit.rls import staff_scope
from sofy.treasury.models import Batch, Debit, Mandate
from sofy.treasury.queries import masked
from sofy.treasury.services import mandates
from sofy.treasury.services.debits import Proposal

_MOST = 200


@dataclass(frozen=True)
class MandateLine:
    """A mandate with its state today and the last day on which it may be used."""

    id: UUID
    client_slug: str
    client: str
    entity: EntityLine
    reference: str
    scheme: str
    once: bool
    signed_on: date
    debtor: str
    iban: str
    state: str
    why: str
    lapses_on: date
    last_debit_on: date | None
    blocked: str
    revoked_on: date | None
    registered_on: date | None


def mandate_lines(words: str = "") -> list[MandateLine]:
    """The register: mandates whose client's name or reference has these words, the last registered first."""
    with staff_scope():
        rows = Mandate.objects.using("staff").order_by("-created_at", "-id")
        if words.strip():
            named = Client.objects.using("staff").filter(name__icontains=words.strip()[:80]).values("pk")
            rows = rows.filter(reference__icontains=words.strip()[:80]) | rows.filter(client_id__in=named)
        return _lines(list(rows[:_MOST]), using="staff")


def mandate_line(mandate_id: UUID) -> MandateLine | None:
    """One mandate."""
    with staff_scope():
        return next(iter(_lines(list(Mandate.objects.using("staff").filter(pk=mandate_id)), using="staff")), None)


def of_client(client_id: UUID) -> list[MandateLine]:
    """A client's own mandates; inside its scope."""
    return _lines(list(Mandate.objects.filter(client_id=client_id).order_by("-created_at")), using="default")


def _lines(rows: list[Mandate], *, using: str) -> list[MandateLine]:
    entities = {one: contracts.entity(one, using=using) for one in {row.entity_id for row in rows}}
    clients = {row.pk: row for row in Client.objects.using(using).filter(pk__in={row.client_id for row in rows})}
    found = []
    for entity_id, entity in entities.items():
        if entity is not None:
            mine = [row for row in rows if row.entity_id == entity_id]
            found += [
                _line(one, entity, clients[one.row.client_id]) for one in mandates.known(mine, entity.data, using=using)
            ]
    order = {row.pk: place for place, row in enumerate(rows)}
    return sorted(found, key=lambda line: order[line.id])


def _line(known: mandates.Known, entity: EntityLine, client: Client) -> MandateLine:
    row, today = known.row, freezing.today()
    obstacle = known.obstacle(today)
    return MandateLine(
        row.pk, client.slug, client.name, entity, row.reference, row.scheme, row.once, row.signed_on, str(row.debtor),
        masked(str(row.iban)), obstacle or "mandate_usable", reason(row.blocked) if row.blocked else "",
        rules.lapses_after(known.now), known.now.presented_on, row.blocked, row.revoked_on, row.registered_on,
    )  # fmt: skip


def reason(code: str) -> str:
    """Why a bank sent a debit back, in the language of the page, with its code."""
    said = return_reason(code)
    return f"{said.fr if _french() else said.en} ({code})"


def next_step(code: str) -> str:
    """What to do about it."""
    said = return_reason(code)
    return said.next_fr if _french() else said.next_en


def _french() -> bool:
    return (get_language() or "fr").startswith("fr")


def obstacle(code: str) -> str:
    """Why an invoice is not debited, in words."""
    own = {
        "mandate_missing": _("There is no mandate of this client."),
        "mandate_blocked": _("The mandate is blocked after a return: amend it, or have a new one signed."),
        "debit_returned": _("A debit of this invoice came back: debit again only when the client agrees."),
        "invoice_contested": _("The client contests this invoice."),
        "insolvency": _("Proceedings are open: earlier debts may not be paid."),
    }
    return own.get(code) or (_(REFUSALS[code]) if code in REFUSALS else code)


@dataclass(frozen=True)
class ProposalLine:
    """An invoice that may be debited, with the names a person knows."""

    proposal: Proposal
    client: str
    slug: str
    why: str


def proposal_lines(found: list[Proposal]) -> list[ProposalLine]:
    """Proposals with the names of their clients."""
    with staff_scope():
        wanted = {one.item.client_id for one in found}
        clients = {row.pk: row for row in Client.objects.using("staff").filter(pk__in=wanted)}
    return [
        ProposalLine(
            one, clients[one.item.client_id].name, clients[one.item.client_id].slug,
            obstacle(one.obstacle) if one.obstacle else "",
        )
        for one in found
    ]  # fmt: skip


@dataclass(frozen=True)
class BatchLine:
    """A batch of debits."""

    id: UUID
    entity: str
    message_id: str
    state: str
    debits: int
    total_eur: Decimal
    made_at: datetime
    answered_at: datetime | None


def batches(batch_id: UUID | None = None) -> list[BatchLine]:
    """Batches that were made, the last first."""
    with staff_scope():
        rows = Batch.objects.using("staff").select_related("entity").defer("content").order_by("-made_at")
        if batch_id is not None:
            rows = rows.filter(pk=batch_id)
        return [
            BatchLine(
                row.pk, row.entity.code, row.message_id, row.state, row.debits_count, row.total_eur, row.made_at,
                row.answered_at,
            )
            for row in rows[:_MOST]
        ]  # fmt: skip


@dataclass(frozen=True)
class DebitLine:
    """A direct debit and what became of it."""

    client: str
    slug: str
    invoice: str
    mandate: str
    amount_eur: Decimal
    collect_on: date
    state: str
    why: str
    todo: str
    changed_on: date | None


def debits_of(batch_id: UUID) -> list[DebitLine]:
    """The debits of a batch, those that need somebody first."""
    with staff_scope():
        rows = list(
            Debit.objects.using("staff").filter(batch_id=batch_id).select_related("invoice", "mandate").order_by("id")
        )  # fmt: skip
        clients = {row.pk: row for row in Client.objects.using("staff").filter(pk__in={row.client_id for row in rows})}
    order = {state: place for place, state in enumerate(("returned", "rejected", "sent", "collected", "cancelled"))}
    return sorted(
        (_debit_line(row, clients[row.client_id]) for row in rows), key=lambda line: order[line.state]
    )  # fmt: skip


def coming(client_id: UUID) -> list[DebitLine]:
    """A client's own debits, the last first; inside its scope."""
    rows = Debit.objects.filter(client_id=client_id).exclude(state=Debit.State.CANCELLED)
    found = rows.select_related("invoice", "mandate").order_by("-collect_on", "-id")[:24]
    client = Client.objects.get(pk=client_id)
    return [_debit_line(row, client) for row in found]


def _debit_line(row: Debit, client: Client) -> DebitLine:
    code = row.reason
    return DebitLine(
        client.name, client.slug, row.invoice.number, row.mandate.reference, row.amount_eur, row.collect_on, row.state,
        reason(code) if code else "", next_step(code) if code else "", row.changed_on,
    )  # fmt: skip
