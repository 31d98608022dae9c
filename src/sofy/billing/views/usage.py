"""What a client used, month by month: for itself, and the same for staff."""

from datetime import date
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from sofy.billing import usage_figures, usage_queries
from sofy.billing.services import runs
from sofy.clients.access import ClientRequest, requires
from sofy.clients.models import Client
from sofy.clients.queries import find_client
from sofy.contracts.access import staff_only
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.rls import staff_scope


@requires("contract.view")
@clause("CGVU 3.4", "CGVU 15")
def of_client(request: ClientRequest) -> HttpResponse:
    """A month: day by day, by channel and point of sale, what it costs, and what costs nothing and why."""
    return render(request, "billing/usage.html", _shown(request, request.client.pk))


@requires("contract.view")
def export(request: ClientRequest) -> HttpResponse:
    """A month as a file."""
    return _file(request, request.client.pk)


@staff_only
def of_one(request: Any, slug: str) -> HttpResponse:
    """The same for staff."""
    client = _client(slug)
    with staff_scope():
        shown = _shown(request, client.pk, using="staff")
        _noted(request, client, shown["chosen"])
    return render(request, "billing/usage_staff.html", {"client": client, **shown})


@staff_only
def export_one(request: Any, slug: str) -> HttpResponse:
    """A month of one client as a file, for staff."""
    client = _client(slug)
    with staff_scope():
        _noted(request, client, f"{_month(request):%Y-%m}")
        return _file(request, client.pk, using="staff")


def _noted(request: Any, client: Client, month: str) -> None:
    """That staff looked is an entry of the client's journal."""
    audit.append(client.pk, "staff.read", request.user.actor, {"query": "usage", "month": month}, using="staff")


def _shown(request: HttpRequest, client_id: UUID, *, using: str = "default") -> dict[str, Any]:
    month = _month(request)
    told = usage_queries.used(client_id, month, using=using)
    sites = usage_queries.by_site(client_id, month, using=using)
    return usage_figures.shown(told, sites, usage_queries.months(client_id, using=using))


def _file(request: HttpRequest, client_id: UUID, *, using: str = "default") -> HttpResponse:
    month = _month(request)
    content = usage_figures.to_csv(usage_queries.used(client_id, month, by_site=True, using=using))
    answer = HttpResponse(content, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="usage-{month:%Y-%m}.csv"'
    return answer


def _month(request: HttpRequest) -> date:
    """Raises: Http404."""
    try:
        return runs.month_of(request.GET.get("month") or f"{clock.today():%Y-%m}")
    except Refused:
        raise Http404 from None


def _client(slug: str) -> Client:
    client = find_client(slug)
    if client is None:
        raise Http404
    return client
