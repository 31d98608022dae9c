"""What staff see of the invoices of one client: the same as the client does, on the staff login."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render

from sofy.billing import queries
from sofy.billing.views import papers
from sofy.clients.models import Client
from sofy.clients.queries import find_client
from sofy.contracts.access import staff_only
from sofy.kit import audit
from sofy.kit.rls import staff_scope
from sofy.ui import panels


def _client(slug: str) -> Client:
    client = find_client(slug)
    if client is None:
        raise Http404
    return client


@staff_only
def invoices(request: Any, slug: str) -> HttpResponse:
    """Everything that was issued to a client."""
    client = _client(slug)
    with staff_scope():
        lines = queries.invoices(client.pk, using="staff")
    return render(request, "billing/of_client.html", {"client": client, **papers.listed(request, lines)})


@staff_only
def invoice(request: Any, slug: str, invoice_id: UUID) -> HttpResponse:
    """One document of a client."""
    client = _client(slug)
    with staff_scope():
        line = papers.find(queries.invoices(client.pk, using="staff"), invoice_id)
    request.invoice_line, request.of_client = line, client
    shown = {"client": client, "line": line, "panels": panels.render(request, "op.invoice")}
    return render(request, "billing/invoice_staff.html", shown)


@staff_only
def download(request: Any, slug: str, invoice_id: UUID, kind: str) -> HttpResponse:
    """A file of a document; the client's journal says who took it."""
    client = _client(slug)
    with staff_scope():
        row = queries.by_id(client.pk, invoice_id, using="staff")
        if row is None:
            raise Http404
        row.document  # noqa: B018 - opened inside the scope
    made = papers.file(row, kind)
    with staff_scope():
        facts = {"number": row.number, "format": kind}
        audit.append(client.pk, "invoice.downloaded", request.user.actor, facts, using="staff")
    return made
