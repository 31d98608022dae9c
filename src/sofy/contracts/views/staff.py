"""What staff see of contracts: the list, one order form with its versions, and the records of a client."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from sofy.clients.models import Client
from sofy.clients.queries import find_client
from sofy.contracts import deadlines, forms, papers, queries
from sofy.contracts.access import staff_only
from sofy.contracts.models import OrderForm
from sofy.contracts.rules.values import PARIS
from sofy.contracts.services import acceptances, order_forms, records
from sofy.contracts.services import changes as announcing
from sofy.contracts.views.wizard import find
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.rls import staff_scope
from sofy.ui import notify, problems


@staff_only
def all_contracts(request: Any) -> HttpResponse:
    """Order forms of every client, and what is to be done about some."""
    state = request.GET.get("state", "")
    state = state if state in OrderForm.State.values else ""
    rows = queries.all_order_forms(state=state)
    with staff_scope():
        facts = {"query": "order_forms", "rows": len(rows)}
        audit.append(audit.PLATFORM, "staff.read", request.user.actor, facts, using="staff")
    context = {"rows": rows, "state": state, "states": OrderForm.State.choices, "drifts": queries.open_drifts()}
    return render(request, "contracts/contracts.html", context)


@staff_only
def order_form(request: Any, client_id: UUID, form_id: UUID) -> HttpResponse:
    """One order form: its versions and what changed between them, who signed it, what can be done now."""
    row = find(client_id, form_id)
    if row.version == 0:
        return redirect("contracts:step-parties", client_id, form_id)
    return _order_form(request, row, forms.SignatureForm(), forms.ReasonForm())


def _order_form(request: Any, row: OrderForm, signature: Any, reason: Any) -> HttpResponse:
    client = _client_of(row.client_id)
    with staff_scope():
        versions = queries.versions(row.client_id, row.pk, using="staff")
        proofs = [each for each in queries.acceptances(row.client_id, using="staff") if each.order_form_id == row.pk]
        for proof in proofs:
            proof.signer  # noqa: B018 - opened inside the scope
    context = {
        "row": row,
        "client": client,
        "paper": papers.read(versions[0], row.number),
        "versions": [
            (after, queries.changes(before, after) if before else None)
            for after, before in zip(versions, [*versions[1:], None], strict=True)
        ],
        "proofs": proofs,
        "signature": signature,
        "reason": reason,
        "guides": acceptances.guides(),
    }
    status = 422 if signature.errors or reason.errors else 200
    return render(request, "contracts/order_form.html", context, status=status)


def _client_of(client_id: UUID) -> Client:
    with staff_scope():
        row = Client.objects.using("staff").filter(pk=client_id).first()
    if row is None:
        raise Http404
    return row


@staff_only
def print_view(request: Any, client_id: UUID, form_id: UUID) -> HttpResponse:
    """The last version, made for paper."""
    row = find(client_id, form_id)
    with staff_scope():
        versions = queries.versions(client_id, form_id, using="staff")
    if not versions:
        raise Http404
    return render(request, "contracts/print.html", {"paper": papers.read(versions[0], row.number), "row": row})


@require_POST
@staff_only
@clause("CGVU 1")
def sign(request: Any, client_id: UUID, form_id: UUID) -> HttpResponse:
    """Record a signature on paper."""
    row = find(client_id, form_id)
    form = forms.SignatureForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            acceptances.record_signature(client_id, form_id, actor=request.user.actor, **form.cleaned_data)
        except Refused as refused:
            form.add_error("signed_on", problems.sentence(refused))
        else:
            notify.done(request, _("The signature is recorded: the contract is in force."))
            return redirect("contracts:order-form", client_id, form_id)
    return _order_form(request, row, form, forms.ReasonForm())


@require_POST
@staff_only
def cancel(request: Any, client_id: UUID, form_id: UUID) -> HttpResponse:
    """Give an order form up."""
    row = find(client_id, form_id)
    form = forms.ReasonForm(request.POST)
    if form.is_valid():
        try:
            order_forms.cancel(client_id, form_id, actor=request.user.actor, **form.cleaned_data)
        except Refused as refused:
            notify.refuse(request, problems.sentence(refused))
        else:
            notify.done(request, _("The order form is cancelled."))
        return redirect("contracts:contracts")
    return _order_form(request, row, forms.SignatureForm(), form)


@staff_only
@clause("CGVU 5.1", "CGVU 20", "CGVU 24")
def of_client(request: Any, slug: str) -> HttpResponse:
    """The contract of a client: what binds it, who accepted it when, insurance, onboarding, notices."""
    client = find_client(slug)
    if client is None:
        raise Http404
    return _of_client(request, client)


def _of_client(request: Any, client: Client, **bound: Any) -> HttpResponse:
    fresh = {
        "notice": forms.NoticeForm(), "delivery": forms.DeliveryForm(), "certificate": forms.CertificateForm(),
        "transfer": forms.TransferForm(),
    }  # fmt: skip
    used = {**fresh, **bound}
    with staff_scope():
        context = {**papers_of(client, using="staff"), "client": client, "staff": True, **used}
        wrong = any(form.errors for form in used.values())
        return render(request, "contracts/of_client.html", context, status=422 if wrong else 200)


def papers_of(client: Client, *, using: str) -> dict[str, Any]:
    """What both sides see of a contract; inside a scope."""
    steps = queries.onboarding(client.pk, using=using)
    return {
        "forms": queries.order_forms(client.pk, drafts=using == "staff", using=using),
        "proofs": queries.acceptances(client.pk, using=using),
        "binding": queries.in_force(client.pk, using=using),
        "quota": queries.quota(client.pk, using=using),
        "steps": steps,
        "steps_done": sum(step.done_on is not None for step in steps),
        "notices": queries.notices(client.pk, using=using),
        "insurance": queries.insurance(client.pk, using=using),
        "transfers": queries.transfers(client.pk, using=using),
        "deadlines": deadlines.of_client(client.pk, clock.now().astimezone(PARIS).date(), using=using),
    }


@require_POST
@staff_only
def act(request: Any, slug: str, what: str) -> HttpResponse:
    """Record something about a client's contract: a notice, its delivery, a certificate, a step, a transfer."""
    client = find_client(slug)
    if client is None or what not in ACTS:
        raise Http404
    kind, carry_out, done = ACTS[what]
    form = kind(request.POST) if kind else None
    if form is None or form.is_valid():
        try:
            carry_out(client, request, form.cleaned_data if form else {})
        except Refused as refused:
            if form is None:
                raise
            form.add_error(None, problems.sentence(refused))
        else:
            notify.done(request, str(done))
            return redirect("contracts:of-client", slug)
    return _of_client(request, client, **{what: form})


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


def _notice(client: Client, request: Any, given: dict[str, Any]) -> None:
    records.record_notice(client.pk, actor=request.user.actor, **given)


def _delivery(client: Client, request: Any, given: dict[str, Any]) -> None:
    notice_id = _uuid(request.POST.get("notice", ""))
    records.record_delivery(client.pk, notice_id, actor=request.user.actor, **given)


def _certificate(client: Client, request: Any, given: dict[str, Any]) -> None:
    with staff_scope():
        signed = queries.signed_forms(client.pk, using="staff")
    if not signed:
        raise Refused("no_contract", 409)
    owner = client.pk if given.pop("side") == "client" else None
    records.add_certificate(entity_id=signed[-1].entity_id, client_id=owner, actor=request.user.actor, **given)


def _tick(client: Client, request: Any, _given: dict[str, Any]) -> None:
    step_id = _uuid(request.POST.get("step", ""))
    records.tick(client.pk, step_id, done=request.POST.get("done") == "on", actor=request.user.actor)


def _transfer(client: Client, request: Any, given: dict[str, Any]) -> None:
    with staff_scope():
        signed = queries.signed_forms(client.pk, using="staff")
    if not signed:
        raise Refused("no_contract", 409)
    records.consent_to_transfer(client.pk, signed[-1].id, actor=request.user.actor, **given)


#: The field that a refused change is about.
CHANGE_FIELDS = {"price_of_update": "price_eur", "price_missing": "price_eur", "equivalence_missing": "equivalence"}
ACTS: dict[str, tuple[Any, Any, Any]] = {
    "notice": (forms.NoticeForm, _notice, gettext_lazy("The notice is recorded, with the hash of its words.")),
    "delivery": (forms.DeliveryForm, _delivery, gettext_lazy("The delivery is proved.")),
    "certificate": (forms.CertificateForm, _certificate, gettext_lazy("The certificate is recorded.")),
    "step": (None, _tick, gettext_lazy("The checklist is up to date.")),
    "transfer": (forms.TransferForm, _transfer, gettext_lazy("The consent is recorded.")),
}


@staff_only
@clause("CGVU 27")
def documents(request: Any) -> HttpResponse:
    """The terms and the DPA, version by version, and the form that publishes another."""
    form = forms.DocumentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            records.publish(actor=request.user.actor, **form.cleaned_data)
        except Refused as refused:
            form.add_error("version", problems.sentence(refused))
        else:
            notify.done(
                request, _("The version is published. “Tell every client” beside it does so, by e-mail and notice.")
            )
            return redirect("contracts:documents")
    context = {"form": form, "rows": queries.all_documents()}
    return render(request, "contracts/documents.html", context, status=422 if form.errors else 200)


@staff_only
@clause("CGVU 6")
def changes(request: Any) -> HttpResponse:
    """Changes of the product, and the form that announces another."""
    form = forms.ChangeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            announcing.announce(actor=request.user.actor, **form.cleaned_data)
        except Refused as refused:
            form.add_error(CHANGE_FIELDS.get(refused.code, "title"), problems.sentence(refused))
        else:
            notify.done(request, _("The change is announced: every client reads it under Contract."))
            return redirect("contracts:changes-staff")
    context = {"form": form, "rows": queries.product_changes(), "staff": True}
    return render(request, "contracts/changes.html", context, status=422 if form.errors else 200)


@staff_only
def document(request: Any, kind: str, version: str) -> HttpResponse:
    """One version, to read."""
    row = queries.document(kind, version)
    if row is None:
        raise Http404
    return render(request, "contracts/document.html", {"row": row})


def panel(request: Any) -> dict[str, Any] | None:
    """What the page of a client says of its contract."""
    client = find_client(request.resolver_match.kwargs.get("slug", ""))
    if client is None:
        return None
    with staff_scope():
        quota = queries.quota(client.pk, using="staff")
        rows = queries.order_forms(client.pk, drafts=True, using="staff")
    return {"slug": client.slug, "quota": quota, "forms": rows}
