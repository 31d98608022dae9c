"""What contracts tells of a contract becomes an event of its log: notices, their proofs, points of sale that open."""

from typing import Final, Literal, cast
from uuid import UUID

from sofy.billing.case import events as case_events
from sofy.billing.services import events, freezing, licences
from sofy.contracts import queries as contracts
from sofy.contracts.models import DocumentVersion, Notice, OrderForm
from sofy.contracts.rules.values import as_moment
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit.rls import staff_scope

#: How a case calls the ways a non-renewal comes. A qualified registered e-mail is worth a letter (CPCE L100).
_CHANNELS: Final[dict[str, Literal["registered_letter", "mailbox", "email"]]] = {
    Notice.Channel.REGISTERED: "registered_letter",
    Notice.Channel.E_REGISTERED: "registered_letter",
    Notice.Channel.MAILBOX: "mailbox",
    Notice.Channel.EMAIL: "email",
}
_FORMAL: Final[dict[str, Literal["formal", "second"]]] = {Notice.Kind.FORMAL: "formal", Notice.Kind.SECOND: "second"}
_ACTOR: Final = "billing"


@clause("CGVU 7.2", "CGVU 8.2", "CGVU 27")
def notice_recorded(client_id: UUID, notice_id: UUID) -> None:
    """A notice that something follows from: formal notices, non-renewals, changed terms and their refusal.

    It counts for the contract it names; the terms are those of every contract of the client.
    """
    with staff_scope():
        notice = _notice(client_id, notice_id)
        event = _of(notice) if notice else None
        if notice is None or event is None:
            return
        whole = notice.kind in (Notice.Kind.TERMS, Notice.Kind.REFUSAL)
        forms = _in_force(client_id) if whole else [form for form in [notice.order_form] if form is not None]
    for form in forms:
        _record(form, event, "notice", f"{notice_id}:sent")


@clause("CGVU 7.2")
def notice_delivered(client_id: UUID, notice_id: UUID) -> None:
    """The proof that a formal notice arrived, from which its five days count."""
    with staff_scope():
        notice = _notice(client_id, notice_id)
    if notice is None or notice.kind not in _FORMAL or notice.delivered_at is None or notice.order_form is None:
        return
    event = case_events.NoticeDelivered(
        at=as_moment(notice.delivered_at),
        kind=_FORMAL[notice.kind],
        proof=cast(Literal["acknowledgement"], notice.proof_kind),
    )
    _record(notice.order_form, event, "notice", f"{notice_id}:delivered")


@clause("CGVU 4")
def opened(client_id: UUID, establishment_id: UUID) -> None:
    """A point of sale beyond the order: an increase of the lines that license the most, in the newest contract.

    One opening is one more, also where others were opened before without being declared: those are a task for staff.
    """
    with staff_scope():
        quota = contracts.quota(client_id, using="staff")
        growing = licences.growing(contracts.signed_forms(client_id, using="staff")) if quota.over else {}
        forms = [form for form in _in_force(client_id) if form.pk in growing]
    for form in forms:
        event = case_events.PoiActivated(at=as_moment(clock.now()), items=growing[form.pk])
        _record(form, event, "establishment", str(establishment_id))
        licences.carry_out(client_id, form.pk)


def _notice(client_id: UUID, notice_id: UUID) -> Notice | None:
    rows = Notice.objects.using("staff").filter(client_id=client_id, pk=notice_id)
    return rows.select_related("order_form").first()


def _of(notice: Notice) -> case_events.Event | None:
    """The event a notice is; none for one that nothing follows from."""
    at = as_moment(notice.sent_at)
    match notice.kind:
        case Notice.Kind.FORMAL | Notice.Kind.SECOND:
            about = tuple(number.strip() for number in notice.about.split(",") if number.strip())
            return case_events.NoticeSent(at=at, kind=_FORMAL[notice.kind], channel=notice.channel, invoices=about)
        case Notice.Kind.NONRENEWAL:
            by: Literal["client", "operator"] = "client" if notice.from_client else "operator"
            return case_events.Nonrenewal(at=at, channel=_CHANNELS.get(notice.channel, "other"), by=by)
        case Notice.Kind.TERMS:
            versions = DocumentVersion.objects.using("staff").filter(kind="cgvu", version=notice.about)
            told = versions.values_list("substantial", flat=True).first()
            return case_events.TermsNotified(at=at, version=notice.about, substantial=told is not False)
        case Notice.Kind.REFUSAL:
            return case_events.TermsRefused(at=at, reason=str(notice.text))
    return None


def _in_force(client_id: UUID) -> list[OrderForm]:
    rows = OrderForm.objects.using("staff").filter(client_id=client_id, state=OrderForm.State.ACCEPTED)
    return list(rows.order_by("signed_at", "id"))


def _record(form: OrderForm, event: case_events.Event, source: str, key: str) -> None:
    """Add it to the log; what the contract cannot take becomes a problem that staff sees."""
    try:
        events.record(form.client_id, form.pk, event, source=source, source_key=key, actor=_ACTOR)
    except Refused as refused:
        if refused.code != "contract_unknown":
            freezing.keep_problem(form, f"{source}:{key}", [f"{type(event).__name__}: {refused.code}"], actor=_ACTOR)
