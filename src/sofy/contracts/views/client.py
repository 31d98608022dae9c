"""What a client sees of its contract: what it signed, the terms in force, points of sale used and licensed."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sofy.clients.access import ClientRequest, requires
from sofy.clients.rules import OWNER
from sofy.clients.services import resolve_client
from sofy.contracts import papers, queries
from sofy.contracts.models import OrderForm
from sofy.contracts.services import acceptances, answers
from sofy.contracts.views.staff import papers_of
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit.rls import client_scope, user_scope
from sofy.ui import notify, problems


@requires("contract.view")
@clause("CGVU 2", "CGVU 4", "CGVU 5.1", "CGVU 8.2", "CGVU 20")
def contract(request: ClientRequest) -> HttpResponse:
    """The contract: order forms, terms in force with their history, points of sale."""
    context = {**papers_of(request.client, using="default"), "awaiting": queries.awaiting(request.client.pk)}
    return render(request, "contracts/contract.html", context)


@requires("contract.view")
@clause("CGVU 1", "CGVU 8.1")
def order_form(request: ClientRequest, order_form_id: UUID) -> HttpResponse:
    """One order form, with the documents around it in their order, and the button that signs it."""
    row, version = _find(request, order_form_id)
    paper = papers.read(version, row.number)
    context = {
        "row": row,
        "paper": paper,
        "documents": queries.published_on(version.sent_at.date()),
        "guides": acceptances.guides(),
        "proofs": [each for each in queries.acceptances(request.client.pk) if each.order_form_id == row.pk],
        "may_sign": row.state == OrderForm.State.SENT and request.client.can("contract.sign"),
    }
    return render(request, "contracts/mine.html", context)


def _find(request: ClientRequest, order_form_id: UUID) -> tuple[OrderForm, Any]:
    row = queries.order_form(request.client.pk, order_form_id, drafts=False)
    if row is None:
        raise Http404
    return row, queries.versions(request.client.pk, row.pk)[0]


@require_POST
@requires("contract.sign")
@clause("CGVU 1", "CGVU 13")
def sign(request: ClientRequest, order_form_id: UUID) -> HttpResponse:
    """Sign the version that was read."""
    _find(request, order_form_id)
    try:
        acceptances.accept(
            request.client.pk, order_form_id, sha256=request.POST.get("sha256", ""),
            guides_read=request.POST.get("guides") == "on", actor=request.user.actor,
            signer=request.user.full_name or request.user.email,
        )  # fmt: skip
    except Refused as refused:
        notify.refuse(request, problems.sentence(refused))
    else:
        notify.done(request, _("The order form is signed. Your contract is here whenever you need it."))
    return redirect("contracts:mine", request.client.slug, order_form_id)


@requires("contract.view")
def print_view(request: ClientRequest, order_form_id: UUID) -> HttpResponse:
    """The order form, made for paper."""
    row, version = _find(request, order_form_id)
    return render(request, "contracts/print.html", {"paper": papers.read(version, row.number), "row": row})


@requires("contract.view")
@clause("CGVU 1", "CGVU 27")
def document(request: ClientRequest, kind: str) -> HttpResponse:
    """The terms or the DPA: the version that binds this client, or the one that is asked for."""
    wanted = request.GET.get("version", "")
    awaiting = queries.awaiting(request.client.pk)
    bound_now = {row.kind: row for row in queries.in_force(request.client.pk)}
    bound = {row.kind: row for row in awaiting} | bound_now
    row = queries.document(kind, wanted) if wanted else bound.get(kind)
    if row is None:
        raise Http404
    waits = any(each.pk == row.pk for each in awaiting)
    may = waits and request.client.can("contract.sign")
    context = {
        "row": row,
        "waits": may,
        "refusable": may and row.kind == "cgvu" and row.substantial and kind in bound_now,
    }
    return render(request, "contracts/document.html", context)


@require_POST
@requires("contract.sign")
@clause("DPA 15")
def accept_document(request: ClientRequest, kind: str) -> HttpResponse:
    """Accept a new version of the terms, or validate one of the DPA."""
    try:
        acceptances.accept_document(
            request.client.pk, kind=kind, version=request.POST.get("version", "")[:20],
            sha256=request.POST.get("sha256", ""), actor=request.user.actor,
        )  # fmt: skip
    except Refused as refused:
        notify.refuse(request, problems.sentence(refused))
    else:
        notify.done(request, _("The document is accepted."))
    return redirect("contracts:contract", request.client.slug)


@require_POST
@requires("contract.sign")
@clause("CGVU 27")
def refuse_terms(request: ClientRequest) -> HttpResponse:
    """Refuse changed terms, for a reason."""
    try:
        answers.refuse_terms(
            request.client.pk, version=request.POST.get("version", "")[:20],
            reason=request.POST.get("reason", "")[:4000], actor=request.user.actor,
        )  # fmt: skip
    except Refused as refused:
        notify.refuse(request, problems.sentence(refused))
    else:
        notify.done(request, _("Your refusal is recorded; we write to you about the end of the contract."))
    return redirect("contracts:contract", request.client.slug)


@require_POST
@requires("contract.sign")
@clause("CGVU 7.2")
def acknowledge(request: ClientRequest, notice_id: UUID) -> HttpResponse:
    """Acknowledge that a notice was received."""
    try:
        answers.acknowledge(request.client.pk, notice_id, actor=request.user.actor)
    except Refused as refused:
        if refused.status == 404:
            raise Http404 from None
        notify.refuse(request, problems.sentence(refused))
    else:
        notify.done(request, _("You acknowledged this notice."))
    return redirect("contracts:contract", request.client.slug)


@requires("contract.view")
@clause("CGVU 6")
def changes(request: ClientRequest) -> HttpResponse:
    """What changes in the product: what is included, what goes away and what takes over, what may be ordered."""
    return render(request, "contracts/changes.html", {"rows": queries.product_changes()})


@requires("contract.view")
@clause("CGVU 1")
def welcome(request: ClientRequest) -> HttpResponse:
    """The first access without a signed order form: the terms, and one click that goes on."""
    if request.method == "POST":
        if not request.client.can("contract.sign"):
            raise Http404
        acceptances.first_access(request.client.pk, actor=request.user.actor)
        return redirect("clients:home", request.client.slug)
    documents = queries.awaiting(request.client.pk)
    if not documents:
        return redirect("contracts:contract", request.client.slug)
    return render(request, "contracts/welcome.html", {"documents": documents})


def after_log_in(user: Any, slug: str) -> str | None:
    """An owner whose company accepted no terms yet reads them first: in the order form to sign, or by themselves."""
    with user_scope(user.pk):
        client = resolve_client(user, slug)
    if client is None or client.viewer_role != OWNER:
        return None
    with client_scope(client.pk):
        if queries.first_acceptance(client.pk) is not None:
            return None
        forms = queries.order_forms(client.pk, drafts=False)
    if forms:
        return reverse("contracts:mine", args=[slug, forms[0].pk])
    return reverse("contracts:welcome", args=[slug])


def waiting_panel(request: Any) -> dict[str, Any] | None:
    """What the home page tells an owner of an order form that waits for a signature."""
    if request.client.viewer_role != OWNER:
        return None
    rows = queries.order_forms(request.client.pk, drafts=False)
    waiting = [row for row in rows if row.state == OrderForm.State.SENT]
    return {"waiting": waiting} if waiting else None


def first_access_panel(request: Any) -> dict[str, Any] | None:
    """What the home page tells an owner whose company accepted no terms yet and has none to sign."""
    client = request.client
    if client.viewer_role != OWNER or queries.order_forms(client.pk, drafts=False):
        return None
    return {} if queries.first_acceptance(client.pk) is None else None
