"""An order form as PDF, of both sides; whom to write to at a client."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from sofy.clients.access import ClientRequest, requires
from sofy.contracts import forms, queries
from sofy.contracts.access import staff_only
from sofy.contracts.models import Acceptance, Contact, OrderForm, OrderFormVersion
from sofy.contracts.paper.order_form import Accepted, Version, order_form_pdf
from sofy.contracts.rules import signed
from sofy.contracts.rules.values import PARIS
from sofy.contracts.services import contacts
from sofy.contracts.views.wizard import find
from sofy.kernel.clauses import clause
from sofy.kit.rls import staff_scope
from sofy.ui import notify


def _pdf(row: OrderForm, version: OrderFormVersion, proofs: list[Acceptance], using: str) -> HttpResponse:
    """The version that was sent last, with who accepted it; inside a scope."""
    document = signed.read_paper(version.content, signed_at=row.signed_at or version.sent_at)
    proof = next((one for one in proofs if one.order_form_id == row.pk and one.sha256 == version.sha256), None)
    accepted = None
    if proof is not None:
        how = str(Acceptance.How(proof.how).label)
        accepted = Accepted(str(proof.signer), proof.at.astimezone(PARIS), how, proof.sha256)
    around = queries.published_on((row.signed_at or version.sent_at).astimezone(PARIS).date(), using=using)
    content = order_form_pdf(
        entity=document.entity,
        client=document.client,
        order_form=document.order_form,
        language="en" if (get_language() or "fr").startswith("en") else "fr",
        accepted=accepted,
        versions=tuple(Version("dpa" if one.kind == "dpa" else "cgvu", one.version, one.sha256) for one in around),
    )
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{row.number}.pdf"'
    return answer


@requires("contract.view")
@clause("CGVU 2")
def of_client(request: ClientRequest, order_form_id: UUID) -> HttpResponse:
    """The client's own order form, on paper."""
    row = queries.order_form(request.client.pk, order_form_id, drafts=False)
    if row is None:
        raise Http404
    version = queries.versions(request.client.pk, row.pk)[0]
    return _pdf(row, version, queries.acceptances(request.client.pk), "default")


@staff_only
def of_staff(request: Any, client_id: UUID, form_id: UUID) -> HttpResponse:
    """The same, for staff."""
    row = find(client_id, form_id)
    with staff_scope():
        versions = queries.versions(client_id, form_id, using="staff")
        if not versions:
            raise Http404
        return _pdf(row, versions[0], queries.acceptances(client_id, using="staff"), "staff")


@requires("contract.view")
def all_contacts(request: ClientRequest) -> HttpResponse:
    """Whom the operator writes to about invoices, and about incidents; owners may change it."""
    known = queries.contacts(request.client.pk)
    may = request.client.can("contract.sign")
    wanted = request.POST.get("kind", "")
    shown, wrong = [], False
    for kind, label in Contact.Kind.choices:
        form = forms.ContactForm(request.POST if may and wanted == kind else None, initial=_of(known.get(kind)))
        if form.is_valid():
            contacts.keep(request.client.pk, kind, actor=request.user.actor, **form.cleaned_data)
            notify.done(request, _("We write to this person from now on."))
            return redirect("contracts:contacts", request.client.slug)
        wrong = wrong or bool(form.errors)
        shown.append((kind, label, known.get(kind), form))
    return render(request, "contracts/contacts.html", {"shown": shown, "may": may}, status=422 if wrong else 200)


def _of(row: Contact | None) -> dict[str, str]:
    return {"name": str(row.name), "email": str(row.email), "phone": str(row.phone or "")} if row else {}
