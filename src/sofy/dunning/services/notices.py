"""Formal notices: sent by e-mail with a one-time link, by another channel when nothing proves that they arrived."""

import base64
import hashlib
import secrets
from datetime import timedelta
from typing import Final, Literal
from uuid import UUID

import msgspec
from django.conf import settings
from django.urls import reverse

from sofy.billing.case import events as case_events
from sofy.billing.case import late_payer
from sofy.billing.drafting import party, seller
from sofy.billing.paper import formal_notice
from sofy.billing.paper.claims import LateInvoice
from sofy.billing.services import events
from sofy.contracts.models import Notice, OrderForm
from sofy.contracts.rules import days
from sofy.contracts.rules.values import as_moment
from sofy.contracts.services import answers, records
from sofy.dunning.models import Act, Link
from sofy.dunning.services import acts, mails, standings
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kernel.text import one_line
from sofy.kit.rls import client_scope, staff_scope
from sofy.press.words import Language

Kind = Literal["formal", "second"]
_KINDS: Final[dict[Kind, str]] = {"formal": Notice.Kind.FORMAL, "second": Notice.Kind.SECOND}
#: Signs of delivery that prove nothing. Source: reading of CGVU 7.2, C40.
WEAK: Final = ("smtp", "dsn", "read_receipt")
LINK_DAYS: Final = 90
#: A second click of the same person is no second notice.
_TWICE: Final = timedelta(minutes=10)
#: Unit: characters of the numbers a notice names (`contracts.models.Notice.about`).
_MOST_ABOUT: Final = 400


def due_link(slug: str) -> str:
    """Where a client sees what is to be paid."""
    return str(settings.BASE_URL) + reverse("dunning:due", args=[slug])


@clause("CGVU 7.2")
def send(
    client_id: UUID, order_form_id: UUID, *, actor: str, kind: Kind = "formal", channel: str = "email",
    sent_proof: str = "", signed_by: str = "",
) -> Notice:  # fmt: skip
    """Give formal notice of everything that is overdue, not contested and not frozen.

    By e-mail it leaves now, with the letter and a one-time link; by another channel (`registered`, `e_registered`) it
    was handed over by staff, who give the number of the deposit. A second notice, before an end of the contract, is
    only ever sent by a person, while access is suspended. The event of the contract follows from the notice itself.
    Raises: Refused (nothing_to_claim, second_not_yet, second_by_a_person, notice_just_sent, deposit_missing,
    nobody_to_write_to, mail_not_taken, contract_unknown, contract_unreadable).
    """
    by_mail = channel == Notice.Channel.EMAIL
    if not by_mail and not one_line(sent_proof):
        raise Refused("deposit_missing")
    with staff_scope():
        form = events.locked(client_id, order_form_id)
        worked = standings.work_out(client_id, order_form_id)
        _check(worked, form, kind, channel, actor)
        token = secrets.token_urlsafe(32)
        to = mails.contacts(client_id, worked.contract.case.client) if by_mail else None
        language: Language = "en" if to is not None and to.language == "en" else "fr"
        made = _written(worked, form, kind, signed_by)
        pdf = formal_notice.formal_notice_pdf(made, language=language)
        mail = formal_notice.formal_notice_mail(
            msgspec.structs.replace(made, acknowledge_url=_address(client_id, token) if by_mail else ""),
            language=language,
        )
        kept = mail.text.replace(token, "…")  # whoever reads what is kept must not be able to acknowledge it
        proof = mails.send(to, mail.subject, mail.text, (f"{made.number}.pdf", pdf)) if to else one_line(sent_proof)
        numbers = [one.number for one in made.invoices]
        row = records.record_notice(
            client_id, kind=_KINDS[kind], channel=channel, text=kept, sent_at=clock.now(), actor=actor,
            order_form_id=form.pk, about=",".join(numbers), sent_proof=proof,
        )  # fmt: skip
        acts.keep(
            form, what=kind, key=f"notice/{made.number}", text=kept, actor=actor, notice=row, proof=proof,
            invoices=numbers, sha256=hashlib.sha256(pdf).hexdigest(), paper=base64.b64encode(pdf).decode(),
        )  # fmt: skip
        if by_mail:
            Link(
                client_id=client_id, entity_id=form.entity_id, notice=row, token_sha256=_digest(token),
                expires_at=clock.now() + timedelta(days=LINK_DAYS),
            ).save(using="staff", force_insert=True)  # fmt: skip
    return row


def draft(client_id: UUID, order_form_id: UUID, kind: Kind, language: Language) -> bytes:
    """The letter as it would be written today, to be handed over; recorded the same day, it is kept with these bytes.

    Raises: Refused (nothing_to_claim, contract_unknown, contract_unreadable).
    """
    with staff_scope():
        worked = standings.work_out(client_id, order_form_id)
        if not worked.position.demandable:
            raise Refused("nothing_to_claim", 409)
        made = _written(worked, worked.order_form, kind, "")
    return formal_notice.formal_notice_pdf(made, language=language)


def _check(worked: standings.Worked, form: OrderForm, kind: Kind, channel: str, actor: str) -> None:
    """Raises: Refused (nothing_to_claim, second_not_yet, second_by_a_person, notice_just_sent)."""
    if not worked.position.demandable:
        raise Refused("nothing_to_claim", 409)
    if kind == "second":
        if not actor.startswith("user:"):
            raise Refused("second_by_a_person", 409)
        if worked.position.in_default is None:
            raise Refused("second_not_yet", 409)
    lately = Act.objects.using("staff").filter(order_form=form, what=kind, at__gt=clock.now() - _TWICE)
    if lately.filter(notice__channel=channel).exists():
        raise Refused("notice_just_sent", 409)


def _written(
    worked: standings.Worked, form: OrderForm, kind: Kind, signed_by: str
) -> formal_notice.FormalNotice:  # fmt: skip
    file = late_payer.case_file(worked.replay)
    asked = {one.number for one in worked.position.demandable}
    late = _that_fit([one for one in file.invoices if one.number in asked] if file else [])
    before = Act.objects.using("staff").filter(order_form=form, what__in=list(_KINDS)).count()
    today = worked.position.as_of
    return formal_notice.FormalNotice(
        number=f"MD-{form.number}-{before + 1}",
        written_on=today,
        creditor=seller(worked.contract.case.entity),
        debtor=party(worked.contract.case.client),
        contract=form.number,
        invoices=tuple(late),
        last_day=days.last_day(today),
        kind=kind,
        reference=worked.position.demandable[0].reference if len(late) == 1 else "",
        signed_by=signed_by,
    )


def _that_fit(late: list[LateInvoice]) -> list[LateInvoice]:
    """The oldest, as many as a notice can name."""
    kept, length = list[LateInvoice](), 0
    for one in sorted(late, key=lambda each: (each.due_on, each.number)):
        length += len(one.number) + 1
        if length > _MOST_ABOUT:
            break
        kept.append(one)
    return kept


# --- proofs -----------------------------------------------------------------------------------------------------------


def _address(client_id: UUID, token: str) -> str:
    return str(settings.BASE_URL) + reverse("dunning:receipt", args=[client_id, token])


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def find(client_id: UUID, token: str) -> Link:
    """The link somebody opened; inside the scope of its client.

    Raises: Refused (link_unknown): forged or too old, without saying which.
    """
    rows = Link.objects.filter(client_id=client_id, token_sha256=_digest(token)).select_related("notice")
    row = rows.first()
    if row is None or (row.expires_at <= clock.now() and row.used_at is None):
        raise Refused("link_unknown", 404)
    return row


@clause("CGVU 7.2")
def acknowledge(client_id: UUID, token: str, *, name: str) -> Link:
    """Somebody who has the link says that the notice was received: its five days begin. Once.

    Raises: Refused (link_unknown, person_name_missing).
    """
    if not one_line(name):
        raise Refused("person_name_missing")
    with client_scope(client_id):
        found = find(client_id, token)
        row = Link.objects.select_for_update(no_key=True, of=("self",)).get(client_id=client_id, pk=found.pk)
        if row.used_at is not None:
            return row
        try:
            answers.acknowledge(client_id, row.notice_id, actor=f"link:{row.pk}")
        except Refused as refused:
            if refused.code != "notice_delivered":  # on screen, or by a letter, before
                raise
        row.used_at, row.acknowledged_by = clock.now(), one_line(name)[:80]
        row.save(update_fields=["used_at", "acknowledged_by"])
    return row


@clause("CGVU 7.2")
def weak_proof(client_id: UUID, notice_id: UUID, *, proof_kind: str, proof: str, actor: str) -> None:
    """Keep a sign of delivery that proves nothing: the days do not begin, another channel is asked for.

    Raises: Refused (proof_kind, proof_missing, notice_unknown, notice_delivered).
    """
    if proof_kind not in WEAK:
        raise Refused("proof_kind")
    if not one_line(proof):
        raise Refused("proof_missing")
    with staff_scope():
        row, form = _sent(client_id, notice_id)
        acts.keep(
            form, what=Act.What.WEAK_PROOF, key=f"weak/{notice_id}/{clock.now().isoformat()}",
            text=one_line(proof), proof=proof_kind, actor=actor, notice=row,
        )  # fmt: skip
        kind: Kind = "second" if row.kind == Notice.Kind.SECOND else "formal"
        event = case_events.NoticeDelivered(at=as_moment(clock.now()), kind=kind, proof=proof_kind)  # type: ignore[arg-type]
        events.record(
            client_id, form.pk, event, source="dunning", source_key=f"{notice_id}:{proof_kind}", actor=actor
        )  # fmt: skip


def _sent(client_id: UUID, notice_id: UUID) -> tuple[Notice, OrderForm]:
    """A formal notice that nothing proves yet, and its contract. Raises: Refused (notice_unknown, notice_delivered)."""
    rows = Notice.objects.using("staff").filter(client_id=client_id, pk=notice_id, kind__in=list(_KINDS.values()))
    row = rows.select_related("order_form").first()
    if row is None or row.order_form is None:
        raise Refused("notice_unknown", 404)
    if row.delivered_at is not None:
        raise Refused("notice_delivered", 409)
    return row, row.order_form
