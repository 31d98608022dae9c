"""The report: one sentence, charts with their tables, and the people behind each figure."""

from typing import Any
from uuid import UUID

from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import get_language

from sofy.clients.access import ClientRequest
from sofy.kernel.errors import Refused
from sofy.soreach import channel_tables, export, figures, files, words
from sofy.soreach import report as reports
from sofy.soreach.channel_tables import Table
from sofy.soreach.models import Campaign, ReportFile
from sofy.soreach.report import Person
from sofy.soreach.services import exports
from sofy.soreach.views.common import campaign_view
from sofy.soreach.views.who import name_of, read_id, visible_contacts
from sofy.ui import notify, problems

PER_PAGE = 50
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


@campaign_view("report.view")
def report(request: ClientRequest, campaign: Campaign) -> HttpResponse:
    """What came of the campaign."""
    if not campaign.has_report:
        return redirect("soreach:progress", request.client.slug, campaign.id)
    built = reports.build(campaign)
    people = _people_url(request, campaign)
    context = {
        "campaign": campaign,
        "report": built,
        "sentence": words.sentence(built),
        "key_figures": [(label, value, _behind(people, code)) for label, value, code in figures.key_figures(built)],
        "figures": [_clickable(figure, people) for figure in figures.figures(campaign, built)],
        "tables": [_linked(made, people) for made in channel_tables.tables(built)],
        "variants": [(_behind(people, f"variant:{row[0]}"), row) for row in figures.variant_rows(built)],
        "variant_columns": figures.variant_columns(built),
        "verdict": words.verdict_text(built.verdict, by_replies=campaign.winner_by == "replies"),
        "opens_text": words.opens_text(built.opens) if built.opens else "",
        "contents": channel_tables.contents(campaign),
    }
    return render(request, "soreach/report.html", context)


def _people_url(request: ClientRequest, campaign: Campaign) -> str:
    """Where the people behind a figure are; nowhere for somebody who may see figures but no contacts."""
    allowed = request.client.can("contact.view")
    return reverse("soreach:people", args=[request.client.slug, campaign.id]) if allowed else ""


def _behind(people: str, code: str) -> str:
    return f"{people}?figure={code}" if people and code else ""


def _linked(made: Table, people: str) -> dict[str, Any]:
    """A table of channels: each figure with where its people are."""
    rows = [
        (
            name,
            [
                (column, cell.text, _behind(people, cell.figure))
                for column, cell in zip(made.columns[1:], cells, strict=True)
            ],
        )
        for name, cells in made.rows
    ]
    return {"table": made, "rows": rows}


def _clickable(figure: figures.Figure, people: str) -> dict[str, Any]:
    links = [_behind(people, code) for code in figure.links]
    spec = dict(figure.spec) | ({"links": links} if any(links) else {})
    return {"figure": figure, "spec": spec, "rows": [(row, _behind(people, code)) for row, code in figure.linked_rows]}


@campaign_view("contact.view")
def people(request: ClientRequest, campaign: Campaign) -> HttpResponse:
    """The contacts behind a figure."""
    figure = request.GET.get("figure", "recipients")[:80]
    after = read_id(request.GET.get("after", ""))
    found = reports.people(campaign, figure, after=after, limit=PER_PAGE + 1)
    if found is None:
        raise Http404
    context = {
        "campaign": campaign,
        "title": words.figure_text(figure, figures.shop_names(campaign)),
        "rows": _named(request, found[:PER_PAGE]),
        "after": str(found[PER_PAGE - 1].contact_id) if len(found) > PER_PAGE else "",
        "first": after == reports.START,
    }
    return render(request, "soreach/people.html", context)


def _named(request: ClientRequest, found: list[Person]) -> list[dict[str, Any]]:
    """People with their names; somebody of another shop is counted but not shown to a store manager."""
    contacts = visible_contacts(request, [person.contact_id for person in found])
    rows = []
    for person in found:
        contact = contacts.get(person.contact_id)
        why = words.why_text(person.reason, person.channel) if person.status in words.STATUSES else ""
        rows.append({"person": person, "name": name_of(contact), "visible": contact is not None, "why": why})
    return rows


@campaign_view("report.export")
def download(request: ClientRequest, campaign: Campaign, kind: str) -> HttpResponse:
    """The report as CSV, XLSX or PDF, at once or from a page that waits for it; the journal notes who took it."""
    if not campaign.has_report:
        raise Http404
    actor = request.user.actor
    if kind != "pdf" and exports.size(campaign) > exports.DIRECT:
        return _ask_for_file(request, campaign, kind)
    if kind == "csv":
        content = export.to_csv(request.client, campaign)
    elif kind == "xlsx":
        content = export.to_xlsx(request.client, campaign)
    else:
        content = files.to_pdf(campaign, reports.build(campaign))
    exports.note(campaign, kind=kind, actor=actor)
    named = f'attachment; filename="{_file_name(campaign, kind)}"'
    return HttpResponse(content, content_type=TYPES[kind], headers={"Content-Disposition": named})


def _ask_for_file(request: ClientRequest, campaign: Campaign, kind: str) -> HttpResponse:
    language = get_language() or "fr"
    try:
        row = exports.by_job(request.client, campaign, kind=kind, language=language, actor=request.user.actor)
    except Refused as refused:
        notify.refuse(request, problems.sentence(refused))
        return redirect("soreach:report", request.client.slug, campaign.id)
    return redirect("soreach:report-file", request.client.slug, campaign.id, row.pk)


@campaign_view("report.export")
def report_file(request: ClientRequest, campaign: Campaign, report_file_id: UUID) -> HttpResponse:
    """Whether the file somebody asked for is there yet."""
    row = _file(request, campaign, report_file_id)
    template = "soreach/report_wait.html" + ("#wait" if "HX-Request" in request.headers else "")
    return render(request, template, {"campaign": campaign, "row": row})


@campaign_view("report.export")
def report_file_content(request: ClientRequest, campaign: Campaign, report_file_id: UUID) -> HttpResponseBase:
    """The file itself."""
    row = _file(request, campaign, report_file_id)
    if row.ready_at is None:
        raise Http404
    try:
        content = exports.open_file(row)
    except Refused:
        raise Http404 from None
    name = _file_name(campaign, row.kind)
    return FileResponse(content, as_attachment=True, filename=name, content_type=TYPES[row.kind])


def _file(request: ClientRequest, campaign: Campaign, report_file_id: UUID) -> ReportFile:
    row = exports.find(request.client.pk, report_file_id, actor=request.user.actor)
    if row is None or row.campaign_id != campaign.id:
        raise Http404
    return row


def _file_name(campaign: Campaign, kind: str) -> str:
    return f"{slugify(campaign.name) or 'campaign'}.{kind}"
