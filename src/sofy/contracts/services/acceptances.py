"""Who accepted what: on screen by the client's owner, at its first access, or on paper recorded by staff."""

import hashlib
from base64 import b64encode
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sofy.contracts import queries
from sofy.contracts.models import Acceptance, DocumentVersion, OnboardingStep, OrderForm, OrderFormVersion
from sofy.contracts.rules import signed
from sofy.contracts.rules.values import PARIS, begin
from sofy.kernel import clock
from sofy.kernel.clauses import ARTICLES, clause
from sofy.kernel.errors import Refused
from sofy.kit import audit, outbox
from sofy.kit.rls import client_scope, staff_scope

#: A scan of a few pages.
LARGEST_PROOF: Final = 5_000_000


@clause("CGVU 13")
def guides() -> str:
    """What a client acknowledges of the AF2M guides at signature, in the words of the article."""
    return "\n".join(ARTICLES["CGVU 13"].sentences)


@clause("CGVU 1", "CGVU 2", "CGVU 13")
def accept(client_id: UUID, form_id: UUID, *, sha256: str, guides_read: bool, actor: str, signer: str) -> OrderForm:
    """Sign an order form on screen: the version with this hash, the terms and the DPA with it, and the AF2M guides.

    Raises: Refused (order_form_unknown, order_form_closed, order_form_changed, guides_not_read).
    """
    if not guides_read:
        raise Refused("guides_not_read")
    with client_scope(client_id):
        form, version = _sent(client_id, form_id, using="default")
        if version.sha256 != sha256:
            raise Refused("order_form_changed", 409)
        _sign(form, version, at=clock.now(), how=Acceptance.How.SCREEN, actor=actor, signer=signer, using="default")
    return form


@clause("CGVU 1", "CGVU 2", "CGVU 13")
def record_signature(
    client_id: UUID, form_id: UUID, *, signed_on: date, signer: str, proof: bytes, actor: str
) -> OrderForm:
    """Keep that an order form was signed on paper, with the scan that shows it; the AF2M guides are part of the paper.

    Raises: Refused (order_form_unknown, order_form_closed, proof_missing, proof_too_large, signer_missing,
    signed_in_future).
    """
    if not signer.strip():
        raise Refused("signer_missing")
    if not proof:
        raise Refused("proof_missing")
    if len(proof) > LARGEST_PROOF:
        raise Refused("proof_too_large", megabytes=LARGEST_PROOF // 1_000_000)
    if signed_on > clock.now().astimezone(PARIS).date():
        raise Refused("signed_in_future")
    with staff_scope():
        form, version = _sent(client_id, form_id, using="staff")
        _sign(
            form, version, at=begin(signed_on), how=Acceptance.How.PAPER, actor=actor, signer=signer.strip(),
            using="staff", proof=proof,
        )  # fmt: skip
    return form


@clause("CGVU 1")
def first_access(client_id: UUID, *, actor: str) -> list[Acceptance]:
    """Keep that a client without a signed order form came in: the terms and the DPA in force are accepted by that.

    A client that accepted before stays with its first acceptance.
    """
    with client_scope(client_id):
        if queries.first_acceptance(client_id) is not None:
            return []
        at = clock.now()
        made = [
            _accepted(client_id, document, at=at, how=Acceptance.How.FIRST_ACCESS, actor=actor, using="default")
            for document in queries.published_on(at.astimezone(PARIS).date())
        ]
    return [each for each in made if each is not None]


@clause("CGVU 27", "DPA 15")
def accept_document(client_id: UUID, *, kind: str, version: str, sha256: str, actor: str) -> Acceptance | None:
    """Accept a new version of the terms, or validate one of the DPA, which never changes without it.

    Raises: Refused (document_unknown, document_changed).
    """
    with client_scope(client_id):
        document = DocumentVersion.objects.filter(kind=kind, version=version).first()
        if document is None:
            raise Refused("document_unknown", 404)
        if document.sha256 != sha256:
            raise Refused("document_changed", 409)
        return _accepted(client_id, document, at=clock.now(), how=Acceptance.How.SCREEN, actor=actor, using="default")


def _sent(client_id: UUID, form_id: UUID, *, using: str) -> tuple[OrderForm, OrderFormVersion]:
    rows = OrderForm.objects.using(using).filter(client_id=client_id, pk=form_id)
    # Of the columns a client may change, only these are: the whole row cannot be locked without the right to change it.
    form = rows.select_for_update(no_key=True, of=("self",)).first()
    if form is None or form.state == OrderForm.State.DRAFT:
        raise Refused("order_form_unknown", 404)
    if form.state != OrderForm.State.SENT:
        raise Refused("order_form_closed", 409, number=form.number)
    return form, OrderFormVersion.objects.using(using).get(
        client_id=client_id, order_form_id=form.pk, version=form.version
    )


def _sign(
    form: OrderForm, version: OrderFormVersion, *, at: datetime, how: str, actor: str, signer: str, using: str,
    proof: bytes = b"",
) -> None:  # fmt: skip
    client_id = form.client_id
    form.state, form.signed_at = OrderForm.State.ACCEPTED, at
    form.save(using=using, update_fields=["state", "signed_at"])
    common: dict[str, Any] = {
        "client_id": client_id, "order_form": form, "entity_id": form.entity_id, "how": how, "at": at, "actor": actor,
        "signer": signer,
    }  # fmt: skip
    Acceptance(
        document=Acceptance.Document.ORDER_FORM, version=f"{form.number} v{version.version}", sha256=version.sha256,
        proof=b64encode(proof).decode(), proof_sha256=hashlib.sha256(proof).hexdigest() if proof else "", **common,
    ).save(using=using, force_insert=True)  # fmt: skip
    text = guides()
    documents = queries.published_on(at.astimezone(PARIS).date(), using=using)
    for document in documents:
        _accepted(client_id, document, at=at, how=how, actor=actor, using=using, form=form, signer=signer)
    newest = next((each.version for each in documents if each.kind == DocumentVersion.Kind.CGVU), "")
    rows = Acceptance.objects.using(using)
    named = {"document": Acceptance.Document.AF2M, "version": newest, "sha256": signed.sha256(text.encode())}
    if not rows.filter(client_id=client_id, **named).exists():
        Acceptance(**named, **common).save(using=using, force_insert=True)
    _begin_onboarding(form, version, at=at, using=using)
    facts = {"order_form": form.number, "version": version.version, "sha256": version.sha256, "how": how}
    audit.append(client_id, "order_form.accepted", actor, facts, using=using)
    outbox.publish("order_form.accepted", client_id, using=using, order_form_id=form.pk)


def _accepted(
    client_id: UUID, document: DocumentVersion, *, at: datetime, how: str, actor: str, using: str,
    form: OrderForm | None = None, signer: str = "",
) -> Acceptance | None:  # fmt: skip
    """Write an acceptance, or None when this version was accepted before."""
    named = {"document": document.kind, "version": document.version, "sha256": document.sha256}
    if Acceptance.objects.using(using).filter(client_id=client_id, **named).exists():
        return None
    row = Acceptance(client_id=client_id, at=at, how=how, actor=actor, order_form=form, **named)
    if form is not None:
        row.entity_id, row.signer = form.entity_id, signer
    row.save(using=using, force_insert=True)
    facts = {"document": document.kind, "version": document.version, "sha256": document.sha256, "how": how}
    audit.append(client_id, "document.accepted", actor, facts, using=using)
    return row


@clause("CGVU 5.1")
def _begin_onboarding(form: OrderForm, version: OrderFormVersion, *, at: datetime, using: str) -> None:
    """The steps the onboarding fee pays for are to be done from signature on, when the order form has one."""
    items = signed.read_paper(version.content, signed_at=at).order_form.items
    if any(item.product == "onboarding" for item in items):
        OnboardingStep.objects.using(using).bulk_create(
            OnboardingStep(client_id=form.client_id, order_form=form, step=step, place=place)
            for place, step in enumerate(OnboardingStep.Step.values)
        )
