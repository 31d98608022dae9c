"""Routing success (CGVU 28): a client's month with its evidence, every client's for staff, and dated records."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sofy.clients import queries as client_queries
from sofy.clients.access import ClientRequest, requires
from sofy.clients.models import Client
from sofy.engine.service_level.month import LostPoint
from sofy.engine.service_level.rules import KINDS
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit.rls import staff_scope
from sofy.messaging import routes, service_figures
from sofy.messaging.access import staff_only
from sofy.messaging.service_forms import RecordForm
from sofy.messaging.services import service_level, service_records
from sofy.ui import notify, problems

PER_PAGE = 50
#: Rows of a file, at most: what is older is in the figures, and each message is found by its id.
IN_FILE, AT_ONCE = 50_000, 5_000
#: On which field of the form a refusal is said.
_FIELDS = {
    "record_dates": "ends_at", "record_proof": "proof", "record_ours": "party", "record_channel": "channel",
    "record_notice": "announced_at",
}  # fmt: skip


@require_GET
@requires("message.view")
def of_client(request: ClientRequest) -> HttpResponse:
    """A month of this client: the figure, what it means, and each lost message."""
    return render(request, "messaging/service_level.html", _month(request, request.client.pk))


@require_GET
@requires("message.view")
def export(request: ClientRequest) -> HttpResponse:
    """The evidence of a month as a file."""
    return _file(request, request.client.pk)


@require_GET
@staff_only
def of_one(request: Any, slug: str) -> HttpResponse:
    """The same for staff, on the staff login: no number and no text is shown; an entry of the client's journal."""
    client = _client(slug)
    with staff_scope():
        context = _month(request, client.pk, using="staff")
    service_level.note_read(client.pk, context["told"].month, actor=request.user.actor)
    return render(request, "messaging/service_level_staff.html", context | {"client": client})


@require_GET
@staff_only
def export_one(request: Any, slug: str) -> HttpResponse:
    """The evidence of one client as a file, for staff; an entry of the client's journal."""
    client = _client(slug)
    with staff_scope():
        answer = _file(request, client.pk, using="staff")
    service_level.note_read(client.pk, _asked(request), actor=request.user.actor)
    return answer


def _asked(request: HttpRequest) -> str:
    return request.GET.get("month") or clock.today().strftime("%Y-%m")


def _month(request: HttpRequest, client_id: UUID, *, using: str = "default") -> dict[str, Any]:
    """What the page of a month shows, inside the client's scope or that of staff."""
    name, why = _asked(request), request.GET.get("why", "")[:40]
    before = _uuid(request.GET.get("after", ""))
    try:
        told = service_level.of_month(client_id, name, most=0, using=using)
        points = service_level.evidence(client_id, name, why=why, before=before, most=PER_PAGE + 1, using=using)
    except Refused:
        raise Http404 from None
    context = service_figures.of_month(told, service_level.months(client_id, using=using))
    return context | {
        "counted_last": service_level.last_counted(client_id, told.month, using=using),
        "kinds": KINDS,
        "why": why,
        "points": [(point, service_figures.timing(point)) for point in points[:PER_PAGE]],
        "after": str(points[PER_PAGE - 1].message) if len(points) > PER_PAGE else "",
        "first": before is None,
    }


def _file(request: HttpRequest, client_id: UUID, *, using: str = "default") -> HttpResponse:
    name = _asked(request)
    try:
        told = service_level.of_month(client_id, name, most=0, using=using)
        content = service_figures.to_csv(_points(client_id, name, using), told.records)
    except Refused:
        raise Http404 from None
    answer = HttpResponse(content, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="service-level-{name}.csv"'
    return answer


def _points(client_id: UUID, name: str, using: str) -> Iterator[LostPoint]:
    """Lost points, then those that a record excuses, the newest first."""
    for why in ("", *KINDS):
        before, left = None, IN_FILE
        while left > 0:
            found = service_level.evidence(client_id, name, why=why, before=before, most=AT_ONCE, using=using)
            yield from found
            if len(found) < AT_ONCE:
                break
            before, left = found[-1].message, left - AT_ONCE


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _client(slug: str) -> Client:
    client = client_queries.find_client(slug)
    if client is None:
        raise Http404
    return client


# ---- every client, and dated records, for staff


@require_GET
@staff_only
def every_client(request: Any) -> HttpResponse:
    """Every client of a month, the worst first, and the records that excuse something."""
    name = _asked(request)
    try:
        rows = service_level.every_client(name, actor=request.user.actor)
    except Refused:
        raise Http404 from None
    records = service_records.records()
    context = {
        "month": name,
        "month_name": service_figures.month_name(name),
        "months": service_figures.last_months(name),
        "rows": [(line, told, service_figures.percent(told.success_percent)) for line, told in rows],
        "broken": sum(told.kept is False for _line, told in rows),
        "accepted": sum(told.accepted for _line, told in rows),
        "lost": sum(told.lost for _line, told in rows),
        "records": records,
        "people": client_queries.names_of(row.noted_by for row in records),
    }
    return render(request, "messaging/service_levels.html", context)


@require_http_methods(["GET", "POST"])
@staff_only
def record(request: Any) -> HttpResponse:
    """Note an outage of others or an announced maintenance."""
    return _record(request, None)


@require_http_methods(["GET", "POST"])
@staff_only
def correct(request: Any, record_id: UUID) -> HttpResponse:
    """Put another record in the place of one: the old one is withdrawn, and stays to be read."""
    return _record(request, _found(record_id))


def _record(request: Any, old: service_records.RecordLine | None) -> HttpResponse:
    known = [(str(route.id), route.name) for route in routes.console()]
    form = RecordForm(
        known, request.POST or None, initial=old.__dict__ if old is not None else {"kind": "outage", "channel": "sms"}
    )
    if request.method == "POST" and form.is_valid():
        try:
            service_records.note_record(
                form.as_record(), actor=request.user.actor, instead_of=old.id if old is not None else None
            )
        except Refused as refused:
            form.add_error(_FIELDS.get(refused.code), problems.sentence(refused))
        else:
            notify.done(request, _("The record is noted: the days it touches are counted again within minutes."))
            return redirect("messaging:service-levels")
    context = {"form": form, "old": old, "parties": service_records.PARTIES}
    return render(request, "messaging/service_record.html", context, status=422 if form.errors else 200)


@require_POST
@staff_only
def withdraw(request: Any, record_id: UUID) -> HttpResponse:
    """Take a record back: it excuses nothing any more."""
    _found(record_id)
    try:
        service_records.withdraw_record(record_id, actor=request.user.actor)
    except Refused as refused:
        notify.refuse(request, problems.sentence(refused))
    else:
        notify.done(request, _("The record is withdrawn: the days it touched are counted again within minutes."))
    return redirect("messaging:service-levels")


def _found(record_id: UUID) -> service_records.RecordLine:
    try:
        return service_records.find(record_id)
    except Refused:
        raise Http404 from None
