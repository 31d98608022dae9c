"""Asking whether VAT numbers of clients in the EU are valid, for invoices that wait for it; the answers are events."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sofy.billing.case.events import VatCheck
from sofy.billing.case.issuing import VIES_PATIENCE_DAYS
from sofy.billing.case.replay import Replay
from sofy.billing.einvoice.validator import Validator
from sofy.billing.models import Problem
from sofy.billing.services import cases, events, freezing
from sofy.billing.vies import ADDRESS, HttpRegister, Proof, Register, checked
from sofy.contracts import queries as contracts
from sofy.contracts.models import OrderForm
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.config import Config
from sofy.kernel.errors import Refused
from sofy.kit.rls import staff_scope

ACTOR: Final = "vies"
#: The key of the problem that a number waits too long for its answer.
PENDING: Final = "vat_check"


def register_of(config: Config) -> Register | None:
    """Whom an installation asks: what its settings say, else VIES in production, and nobody elsewhere."""
    address = config.vies_url or (ADDRESS if config.environment == "production" else "")
    return HttpRegister(address) if address else None


@clause("CGVU 9.2")
def ask_all(register: Register, *, validator: Validator | None = None) -> int:
    """Ask for every contract whose invoices wait, and for the others once a month. Answers how many got an answer.

    With it, what waited is issued. A register that is away says nothing: the invoices wait, it is asked again next
    time, and after ten days a person is told. Each number is asked about once, whatever the number of its contracts.
    """
    answers: dict[tuple[str, str], Proof] = {}
    answered = 0
    for client_id, form_id in _in_other_member_states():
        try:
            answered += _ask(client_id, form_id, register, answers, validator)
        except Refused:
            continue  # a contract that cannot be worked out is a problem of the run, which says so
    return answered


def _in_other_member_states() -> list[tuple[UUID, UUID]]:
    """Contracts with clients that have a VAT number and are established outside of France."""
    with staff_scope():
        rows = OrderForm.objects.using("staff").filter(state=OrderForm.State.ACCEPTED)
        clients = list(rows.order_by("client_id").values_list("client_id", flat=True).distinct())
    found: list[tuple[UUID, UUID]] = []
    for client_id in clients:
        with staff_scope():
            forms = contracts.signed_forms(client_id, using="staff")
        found += [(client_id, form.id) for form in forms if form.paper.client.address.country != "FR"]
    return found


def _ask(
    client_id: UUID,
    form_id: UUID,
    register: Register,
    answers: dict[tuple[str, str], Proof],
    validator: Validator | None,
) -> bool:
    with staff_scope():
        contract = cases.load(client_id, form_id)
        replay = contract.played(freezing.today())
    vat_id = replay.issuing.client.vat_id
    if not vat_id or not (replay.issuing.waiting or _last_month(contract, replay)):
        _solved(contract.order_form)
        return False
    requester = contract.case.entity.vat_id
    if (vat_id, requester) not in answers:
        answers[vat_id, requester] = checked(vat_id, requester, register, clock.now())
    proof = answers[vat_id, requester]
    _record(contract.order_form, proof)
    if proof.result == "unavailable":
        _tell_somebody(contract.order_form, replay, proof)
        return False
    _solved(contract.order_form)
    _issue(client_id, form_id, validator)
    return True


def _last_month(contract: cases.Contract, replay: Replay) -> bool:
    """Whether a contract that goes on rests on an answer of an earlier month: its invoices want one of their own."""
    today = freezing.today()
    said = [one.at.date() for one in contract.case.events if isinstance(one, VatCheck) and one.result != "unavailable"]
    return bool(said) and max(said) < today.replace(day=1) and replay.licence.lasts(today)


def _record(form: OrderForm, proof: Proof) -> None:
    """The answer with its proof; that there was none is noted once a day."""
    said = {
        "type": "vat_check", "at": proof.asked_at.isoformat(), "result": proof.result, "vat_id": proof.vat_id,
        "consultation": proof.consultation,
    }  # fmt: skip
    away = proof.result == "unavailable"
    when = proof.asked_at.date().isoformat() if away else proof.asked_at.isoformat()
    key = f"{proof.vat_id}/{proof.result}/{when}"
    events.record(form.client_id, form.pk, said, source="vies", source_key=key, actor=ACTOR)


def _issue(client_id: UUID, form_id: UUID, validator: Validator | None) -> None:
    """What waited is issued on the day of the answer."""
    if validator is not None:
        freezing.catch_up(client_id, form_id, as_of=freezing.today(), validator=validator, actor=ACTOR)
        return
    with Validator() as own:
        freezing.catch_up(client_id, form_id, as_of=freezing.today(), validator=own, actor=ACTOR)


def _tell_somebody(form: OrderForm, replay: Replay, proof: Proof) -> None:
    if not replay.issuing.waiting:
        return
    since: datetime = min(at for _draft, at in replay.issuing.waiting)
    if clock.now() - since >= timedelta(days=VIES_PATIENCE_DAYS):
        told = f"VIES: {proof.code or 'no answer'} ({since:%Y-%m-%d})"
        freezing.keep_problem(form, PENDING, [told], actor=ACTOR)


def _solved(form: OrderForm) -> None:
    with staff_scope():
        rows = Problem.objects.using("staff").filter(client_id=form.client_id, order_form=form, key=PENDING)
        rows.filter(solved_at=None).update(solved_at=clock.now())
