"""What a client sees of its invoices: what is open, why each line is there, and the files."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render

from sofy.billing import queries
from sofy.billing.services import rendering
from sofy.clients.access import ClientRequest, requires
from sofy.kernel.clauses import clause
from sofy.kit import audit
from sofy.ui import panels

TYPES = {"pdf": "application/pdf", "xml": "application/xml"}


@requires("contract.view")
@clause("CGVU 10.2")
def invoices(request: ClientRequest) -> HttpResponse:
    """Everything that was issued, newest first, with what is still to be paid."""
    lines = queries.invoices(request.client.pk)
    context = {"lines": lines, "open_eur": sum(line.open_eur for line in lines)}
    return render(request, "billing/invoices.html", context)


@requires("contract.view")
@clause("CGVU 5.1", "CGVU 7.1", "CGVU 9.2", "CGVU 10.2")
def invoice(request: ClientRequest, invoice_id: UUID) -> HttpResponse:
    """One document, with the sentence of the contract behind each line."""
    line = _find(request, invoice_id)
    request.invoice_line = line  # type: ignore[attr-defined]  # panels of higher rooms are about it
    return render(request, "billing/invoice.html", {"line": line, "panels": panels.render(request, "client.invoice")})


def _find(request: ClientRequest, invoice_id: UUID) -> queries.InvoiceLine:
    found = [line for line in queries.invoices(request.client.pk) if line.id == invoice_id]
    if not found:
        raise Http404
    return found[0]


@requires("contract.view")
def download(request: ClientRequest, invoice_id: UUID, kind: str) -> HttpResponse:
    """The Factur-X, or its XML: the same bytes whenever it is asked for."""
    row = queries.by_id(request.client.pk, invoice_id)
    if row is None:
        raise Http404
    files = rendering.render(request.client.pk, row.pk)
    facts = {"number": row.number, "format": kind}
    audit.append(request.client.pk, "invoice.downloaded", request.user.actor, facts)
    answer = HttpResponse(files.pdf if kind == "pdf" else files.xml, content_type=TYPES[kind])
    answer["Content-Disposition"] = f'attachment; filename="{row.number}.{kind}"'
    return answer
