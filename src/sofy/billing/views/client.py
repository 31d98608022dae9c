"""What a client sees of its invoices: what is open, why each line is there, and the files."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render

from sofy.billing import queries
from sofy.billing.views import papers
from sofy.clients.access import ClientRequest, requires
from sofy.kernel.clauses import clause
from sofy.kit import audit
from sofy.ui import panels


@requires("contract.view")
@clause("CGVU 10.2")
def invoices(request: ClientRequest) -> HttpResponse:
    """Everything that was issued, newest first, with what is still to be paid."""
    return render(request, "billing/invoices.html", papers.listed(request, queries.invoices(request.client.pk)))


@requires("contract.view")
@clause("CGVU 5.1", "CGVU 7.1", "CGVU 9.1", "CGVU 9.2", "CGVU 9.3", "CGVU 10.2")
def invoice(request: ClientRequest, invoice_id: UUID) -> HttpResponse:
    """One document, with the sentence of the contract behind each line."""
    line = papers.find(queries.invoices(request.client.pk), invoice_id)
    request.invoice_line = line  # type: ignore[attr-defined]  # panels of higher rooms are about it
    shown = {"line": line, "transfer": papers.transfer(line), "panels": panels.render(request, "client.invoice")}
    return render(request, "billing/invoice.html", shown)


@requires("contract.view")
def download(request: ClientRequest, invoice_id: UUID, kind: str) -> HttpResponse:
    """The Factur-X, or its XML: the same bytes whenever it is asked for; or the same document as UBL."""
    row = queries.by_id(request.client.pk, invoice_id)
    if row is None:
        raise Http404
    made = papers.file(row, kind)
    facts = {"number": row.number, "format": kind}
    audit.append(request.client.pk, "invoice.downloaded", request.user.actor, facts)
    return made


@requires("contract.view")
def lines(request: ClientRequest) -> HttpResponse:
    """Every line of what the list shows, as CSV."""
    shown = papers.listed(request, queries.invoices(request.client.pk))["lines"]
    audit.append(
        request.client.pk, "invoice.downloaded", request.user.actor, {"format": "csv", "documents": len(shown)}
    )
    return papers.csv_of(shown, request.client.slug)
