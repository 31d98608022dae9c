"""Reads of this room, as typed rows. `using`: "staff" inside a staff scope, else inside the client's own."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import msgspec
from django.db.models import Q

from sofy.clients.models import Client, Establishment
from sofy.contracts.models import (
    Acceptance,
    Contact,
    DocumentVersion,
    InsuranceCertificate,
    LegalEntity,
    Notice,
    OnboardingStep,
    OrderForm,
    OrderFormVersion,
    ProductChange,
    QuotaDrift,
    TransferConsent,
)
from sofy.contracts.rules import documents, signed, terms_change, totals
from sofy.contracts.rules.shapes import Entity, Product
from sofy.contracts.rules.shapes import OrderForm as Paper
from sofy.contracts.rules.signed import Change, Signed
from sofy.contracts.rules.values import PARIS, begin, converted
from sofy.kernel import clock
from sofy.kit.rls import staff_scope

__all__ = ["Change"]


@dataclass(frozen=True)
class EntityLine:
    """A legal entity with its data opened."""

    id: UUID
    code: str
    series: str
    retired_at: datetime | None
    data: Entity


def entities(*, retired: bool = True) -> list[EntityLine]:
    """The companies of the operator, oldest first; on the staff login."""
    with staff_scope():
        rows = LegalEntity.objects.using("staff").order_by("created_at", "id")
        if not retired:
            rows = rows.filter(retired_at=None)
        return [_entity_line(row) for row in rows]


def entity(entity_id: UUID, *, using: str = "default") -> EntityLine | None:
    """One company of the operator, as it is now; papers keep it as it was."""
    row = LegalEntity.objects.using(using).filter(pk=entity_id).first()
    return _entity_line(row) if row else None


def _entity_line(row: LegalEntity) -> EntityLine:
    return EntityLine(row.pk, row.code, row.series, row.retired_at, converted(json.loads(row.data), Entity))


@dataclass(frozen=True)
class SignedForm:
    """An order form in force, with its parties, as rules take it."""

    id: UUID
    number: str
    entity_id: UUID
    version: int
    sha256: str
    signed_at: datetime
    paper: Signed
    licences: dict[str, int]

    @property
    def licensing(self) -> Paper:
        """The order form with as many points of sale as it licenses today."""
        form = self.paper.order_form
        items = tuple(
            msgspec.structs.replace(item, quantity=self.licences.get(item.code, item.quantity)) for item in form.items
        )
        return msgspec.structs.replace(form, items=items)


def signed_forms(client_id: UUID, *, using: str = "default") -> list[SignedForm]:
    """What a client signed, oldest first."""
    rows = OrderForm.objects.using(using).filter(client_id=client_id, state=OrderForm.State.ACCEPTED)
    found = []
    for row in rows.order_by("signed_at", "id"):
        version = OrderFormVersion.objects.using(using).get(
            client_id=client_id, order_form_id=row.pk, version=row.version
        )
        if row.signed_at is None:  # pragma: no cover - an accepted order form has it
            continue
        paper = signed.read_paper(version.content, signed_at=row.signed_at)
        found.append(
            SignedForm(
                row.pk, row.number, row.entity_id, row.version, version.sha256, row.signed_at, paper, row.licences
            )
        )  # fmt: skip
    return found


def order_forms(client_id: UUID, *, drafts: bool, using: str = "default") -> list[OrderForm]:
    """The order forms of a client, newest first; a client never sees drafts."""
    rows = OrderForm.objects.using(using).filter(client_id=client_id).select_related("entity")
    if not drafts:
        rows = rows.filter(state__in=[OrderForm.State.SENT, OrderForm.State.ACCEPTED])
    return list(rows.order_by("-created_at", "-id"))


def order_form(client_id: UUID, form_id: UUID, *, drafts: bool, using: str = "default") -> OrderForm | None:
    """One order form of a client."""
    return next((row for row in order_forms(client_id, drafts=drafts, using=using) if row.pk == form_id), None)


def versions(client_id: UUID, form_id: UUID, *, using: str = "default") -> list[OrderFormVersion]:
    """What was sent of an order form, newest first."""
    rows = OrderFormVersion.objects.using(using).filter(client_id=client_id, order_form_id=form_id)
    return list(rows.order_by("-version"))


def changes(before: OrderFormVersion, after: OrderFormVersion) -> list[Change]:
    """What differs between two versions of an order form."""
    return signed.diff(json.loads(before.content), json.loads(after.content))


def published_on(day: date, *, using: str = "default") -> list[DocumentVersion]:
    """The version in force of each document, for a client that signs on that day."""
    newest: dict[str, DocumentVersion] = {}
    for row in DocumentVersion.objects.using(using).filter(effective_on__lte=day).order_by("effective_on", "version"):
        newest[row.kind] = row
    return [newest[kind] for kind in ("dpa", "cgvu") if kind in newest]


def document(kind: str, version: str, *, using: str = "default") -> DocumentVersion | None:
    """One version of a document."""
    return DocumentVersion.objects.using(using).filter(kind=kind, version=version).first()


def all_documents(*, using: str = "default") -> list[DocumentVersion]:
    """Every version of every document, newest first."""
    return list(DocumentVersion.objects.using(using).order_by("-effective_on", "kind"))


def product_changes(*, using: str = "default") -> list[ProductChange]:
    """What changed in the product or will, newest first."""
    return list(ProductChange.objects.using(using).order_by("-effective_on", "-announced_at"))


def acceptances(client_id: UUID, *, using: str = "default") -> list[Acceptance]:
    """What was accepted for a client, newest first."""
    rows = Acceptance.objects.using(using).filter(client_id=client_id)
    return list(rows.order_by("-at", "-recorded_at", "-id"))


def first_acceptance(client_id: UUID, *, using: str = "default") -> Acceptance | None:
    """When a client first accepted the terms: at the signature or the first access, whichever came first."""
    rows = Acceptance.objects.using(using).filter(client_id=client_id, document=Acceptance.Document.CGVU)
    return rows.order_by("at").first()


def refusal_fault(document: DocumentVersion, refusal: Notice, notified_at: datetime | None) -> str:
    """Why a refusal of changed terms does not count, or nothing when it does."""
    version = documents.Version(kind="cgvu", version=document.version, effective_on=document.effective_on)
    effective = documents.in_force_from(version, notified_at or refusal.sent_at)
    return terms_change.refusal_fault(
        substantial=document.substantial, reason=refusal.text, refused_at=refusal.sent_at, effective=begin(effective)
    )


def announced(notice: Notice) -> date | None:
    """The day on which the terms a notice tells of come into force for its client."""
    row = document(DocumentVersion.Kind.CGVU, notice.about, using=notice._state.db or "default")
    if row is None:
        return None
    version = documents.Version(kind="cgvu", version=row.version, effective_on=row.effective_on)
    return documents.in_force_from(version, notice.sent_at)


def binding(client_id: UUID, kind: str, day: date, *, using: str = "default") -> DocumentVersion | None:
    """The version of the terms or of the DPA that binds a client on a day."""
    rows = {row.version: row for row in DocumentVersion.objects.using(using).filter(kind=kind)}
    accepted = {
        row.version: row.at.astimezone(PARIS).date()
        for row in Acceptance.objects.using(using).filter(client_id=client_id, document=kind)
    }
    told = Notice.objects.using(using).filter(client_id=client_id, kind__in=["terms", "terms_refused"])
    notified: dict[str, datetime] = {}
    refused = set()
    for notice in told.order_by("sent_at"):
        if notice.kind == Notice.Kind.TERMS:
            notified.setdefault(notice.about, notice.sent_at)
        elif notice.about in rows and not refusal_fault(rows[notice.about], notice, notified.get(notice.about)):
            refused.add(notice.about)
    known = [
        documents.Version(
            kind="dpa" if row.kind == DocumentVersion.Kind.DPA else "cgvu",
            version=row.version,
            effective_on=row.effective_on,
            substantial=row.substantial,
        )
        for row in rows.values()
    ]
    found = documents.version_for(day, known, accepted=accepted, notified=notified, refused=refused)
    return rows.get(found) if found else None


def in_force(client_id: UUID, *, using: str = "default") -> list[DocumentVersion]:
    """The version of each document that binds a client today, the strongest first; none that it never accepted."""
    today = clock.now().astimezone(PARIS).date()
    found = (binding(client_id, kind, today, using=using) for kind in ("dpa", "cgvu"))
    return [row for row in found if row is not None]


def awaiting(client_id: UUID, *, using: str = "default") -> list[DocumentVersion]:
    """Versions that a client has not accepted: those in force for new clients, and for others those to come, too."""
    bound = {row.kind: row for row in in_force(client_id, using=using)}
    today = clock.now().astimezone(PARIS).date()
    offered = published_on(today, using=using)
    if bound:
        offered += DocumentVersion.objects.using(using).filter(effective_on__gt=today).order_by("effective_on", "kind")
    return [row for row in offered if row.kind not in bound or row.effective_on > bound[row.kind].effective_on]


@dataclass(frozen=True)
class Quota:
    """How many points of sale a client uses, and how many it may."""

    active: int
    licensed: int
    by_product: dict[Product, int]

    @property
    def over(self) -> int:
        """How many are active beyond what was ordered."""
        return max(self.active - self.licensed, 0)


def quota(client_id: UUID, *, using: str = "default") -> Quota:
    """Points of sale used and licensed."""
    forms = [each.licensing for each in signed_forms(client_id, using=using)]
    active = Establishment.objects.using(using).filter(client_id=client_id).count()
    return Quota(active, totals.points_of_sale(forms), totals.licensed(forms))


def onboarding(client_id: UUID, *, using: str = "default") -> list[OnboardingStep]:
    """The steps of the onboarding, in their order."""
    rows = OnboardingStep.objects.using(using).filter(client_id=client_id)
    return list(rows.order_by("order_form__signed_at", "place"))


def notices(client_id: UUID, *, using: str = "default") -> list[Notice]:
    """What was told to or by a client, newest first."""
    return list(Notice.objects.using(using).filter(client_id=client_id).order_by("-sent_at", "-id"))


def insurance(client_id: UUID, *, using: str = "default") -> list[InsuranceCertificate]:
    """Certificates of a client and of the entities it signed with, the last to expire first."""
    with_us = OrderForm.objects.using(using).filter(client_id=client_id).values("entity_id")
    rows = InsuranceCertificate.objects.using(using).filter(
        Q(client_id=client_id) | Q(client_id=None, entity_id__in=with_us)
    )
    return list(rows.order_by("-expires_on"))


def transfers(client_id: UUID, *, using: str = "default") -> list[TransferConsent]:
    """Consents to hand a contract on."""
    return list(TransferConsent.objects.using(using).filter(client_id=client_id).order_by("-consented_on"))


@dataclass(frozen=True)
class ContractLine:
    """An order form as staff see it in the list of all."""

    id: UUID
    client_id: UUID
    client_slug: str
    client_name: str
    number: str
    state: str
    entity: str
    poi: int
    starts_on: date | None
    term_months: int | None
    changed_at: datetime


def all_order_forms(*, state: str = "") -> list[ContractLine]:
    """The order forms of every client, the last changed first; on the staff login."""
    with staff_scope():
        rows = OrderForm.objects.using("staff").select_related("entity").order_by("-changed_at")
        if state:
            rows = rows.filter(state=state)
        found = list(rows)
        names = _clients(row.client_id for row in found)
    return [
        ContractLine(
            row.pk, row.client_id,
            names[row.client_id].slug, names[row.client_id].name, row.number, row.state, row.entity.code,
            row.poi, row.starts_on, row.term_months, row.changed_at,
        )
        for row in found
    ]  # fmt: skip


@dataclass(frozen=True)
class DriftLine:
    """A client with more points of sale than it ordered."""

    client_slug: str
    client_name: str
    active: int
    licensed: int
    since: datetime


def open_drifts() -> list[DriftLine]:
    """Clients with more points of sale than they ordered, the oldest first; on the staff login."""
    with staff_scope():
        rows = list(QuotaDrift.objects.using("staff").filter(ended_at=None).order_by("since"))
        names = _clients(row.client_id for row in rows)
    return [
        DriftLine(names[row.client_id].slug, names[row.client_id].name, row.active, row.licensed, row.since)
        for row in rows
    ]


def _clients(found: Iterable[UUID]) -> dict[UUID, Client]:
    return {row.pk: row for row in Client.objects.using("staff").filter(pk__in=set(found))}


def contacts(client_id: UUID, *, using: str = "default") -> dict[str, Contact]:
    """Whom to write to at a client, by matter; none where the client named nobody."""
    return {row.kind: row for row in Contact.objects.using(using).filter(client_id=client_id)}


@dataclass(frozen=True)
class TellingLine:
    """How far a client is with a version of the terms or of the DPA. `binds_from`: of terms it was told of."""

    client_id: UUID
    client_slug: str
    client_name: str
    told_at: datetime | None
    acknowledged_at: datetime | None
    accepted_at: datetime | None
    refused_at: datetime | None
    binds_from: date | None

    @property
    def waits(self) -> bool:
        """Whether it is still to be told: who accepted the version knows it."""
        return self.told_at is None and self.accepted_at is None


def notice_of(document: DocumentVersion) -> tuple[str, str]:
    """Kind and subject of the notice that tells of a version. A DPA changes nothing by being told of (DPA 15)."""
    if document.kind == DocumentVersion.Kind.CGVU:
        return Notice.Kind.TERMS, document.version
    return Notice.Kind.OTHER, f"DPA {document.version}"


def binds_from(document: DocumentVersion, told_at: datetime) -> date:
    """The first day on which terms bind a client that was told of them then."""
    version = documents.Version(kind="cgvu", version=document.version, effective_on=document.effective_on)
    return documents.in_force_from(version, told_at)


def telling(document: DocumentVersion) -> list[TellingLine]:
    """Every client with a contract and how far it is with a version; on the staff login."""
    kind, about = notice_of(document)
    with staff_scope():
        signed_by = set(
            OrderForm.objects.using("staff").filter(state=OrderForm.State.ACCEPTED).values_list("client_id", flat=True)
        )
        told: dict[UUID, Notice] = {}
        refused: dict[UUID, datetime] = {}
        rows = Notice.objects.using("staff").filter(kind__in=[kind, Notice.Kind.REFUSAL], about=about)
        for row in rows.only("client_id", "kind", "sent_at", "delivered_at", "entity_id").order_by("sent_at"):
            if row.kind == Notice.Kind.REFUSAL:
                refused.setdefault(row.client_id, row.sent_at)
            else:
                told.setdefault(row.client_id, row)
        proofs = Acceptance.objects.using("staff").filter(document=document.kind, version=document.version)
        accepted = {row.client_id: row.at for row in proofs.only("client_id", "at", "entity_id")}
        clients = _clients(signed_by)
    lines = []
    for client in sorted(clients.values(), key=lambda row: row.name):
        notice = told.get(client.pk)
        by_notice = notice is not None and document.kind == DocumentVersion.Kind.CGVU and client.pk not in refused
        lines.append(
            TellingLine(
                client.pk, client.slug, client.name, notice.sent_at if notice else None,
                notice.delivered_at if notice else None, accepted.get(client.pk), refused.get(client.pk),
                binds_from(document, notice.sent_at) if notice and by_notice else None,
            )
        )  # fmt: skip
    return lines
