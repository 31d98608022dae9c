"""How clients stand: those that need somebody first; one client; its contract as a line of time, on any day."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from sofy.accounting import queries, timeline
from sofy.accounting.services import health
from sofy.billing import queries as billing
from sofy.billing.services import cases, freezing
from sofy.clients.models import Client
from sofy.clients.queries import find_client
from sofy.contracts import deadlines
from sofy.contracts import queries as contracts
from sofy.contracts.access import staff_only
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.rls import staff_scope
from sofy.ui import notify, problems

#: Unit: clients of a page.
PAGE = 50
#: How far from today a contract may be looked at. Unit: days.
_FARTHEST = 3_660


@staff_only
def clients(request: HttpRequest) -> HttpResponse:
    """Every client with how it stands, those that need somebody first."""
    search, only = request.GET.get("q", "")[:120], request.GET.get("only", "")
    only = only if only in queries.WANTED else ""
    with staff_scope():
        page = Paginator(queries.healths(search, only), PAGE).get_page(request.GET.get("page"))
        rows = queries.named(page.object_list)
        facts = {"query": "health", "rows": len(rows)}
        audit.append(audit.PLATFORM, "staff.read", request.user.actor, facts, using="staff")  # type: ignore[union-attr]
        oldest = queries.oldest_health()
    context = {
        "rows": rows, "page": page, "search": search, "only": only, "wanted": queries.WANTED_WORDS, "oldest": oldest,
        "today": freezing.today(), "soon": freezing.today() + timedelta(days=30),
    }  # fmt: skip
    return render(request, "accounting/health.html", context)


def _client(slug: str) -> Client:
    client = find_client(slug)
    if client is None:
        raise Http404
    return client


@staff_only
def client(request: Any, slug: str) -> HttpResponse:
    """One client: what is open, its contracts, deadlines and notices, and the way to everything else."""
    row, today = _client(slug), freezing.today()
    health.date_of(row.pk)
    with staff_scope():
        try:
            lines = billing.invoices(row.pk, using="staff")
        except Refused as refused:
            notify.refuse(request, problems.sentence(refused))
            lines = []
        context = {
            "client": row, "health": queries.health_of(row.pk), "lines": lines[:12], "invoices": len(lines),
            "open_eur": sum(line.open_eur for line in lines),
            "late_eur": sum(line.open_eur for line in lines if line.late),
            "forms": contracts.order_forms(row.pk, drafts=True, using="staff"),
            "quota": contracts.quota(row.pk, using="staff"),
            "deadlines": deadlines.of_client(row.pk, today, using="staff"),
            "contacts": contracts.contacts(row.pk, using="staff").values(),
            "notices": contracts.notices(row.pk, using="staff")[:10], "staff": True,
        }  # fmt: skip
        return render(request, "accounting/client.html", context)


@staff_only
@clause("CGVU 7.2", "CGVU 8.2", "CGVU 10.2")
def line(request: Any, slug: str, form_id: UUID) -> HttpResponse:
    """A contract as a line of time: what happened, what follows, and why; as of today, or of any day."""
    row = _client(slug)
    day = _day(request.GET.get("on", ""))
    with staff_scope():
        form = queries.contract_of(row.pk, form_id)
        if form is None:
            raise Http404
        try:
            found = timeline.of(cases.load(row.pk, form.pk), day)
        except Refused as refused:
            notify.refuse(request, problems.sentence(refused))
            found = None
    context = {"client": row, "form": form, "line": found, "day": day, "today": freezing.today()}
    return render(request, "accounting/line.html", context, status=200 if found else 422)


def _day(text: str) -> date:
    """The day somebody looks at; today when it is none, or too far away."""
    today = freezing.today()
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return today
    return day if abs((day - today).days) <= _FARTHEST else today


def panel(request: Any) -> dict[str, Any] | None:
    """What the page of a client says of how it stands."""
    row = find_client(request.resolver_match.kwargs.get("slug", ""))
    if row is None:
        return None
    with staff_scope():
        return {"client": row, "health": queries.health_of(row.pk)}
