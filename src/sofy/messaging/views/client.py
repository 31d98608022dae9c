"""A client's messages: searched, opened, taken as a file."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sofy.audience.queries import canonical
from sofy.clients.access import ClientRequest, only_reads, requires
from sofy.clients.models import Client
from sofy.kernel import clock, phone
from sofy.kernel.crypto import Unreadable
from sofy.kernel.errors import Refused
from sofy.kit.keys import keys_for
from sofy.messaging import queries, search
from sofy.messaging.forms import LogForm
from sofy.messaging.search import Wanted
from sofy.messaging.services import log_files
from sofy.ui.commands import Hit

PER_PAGE = 50
PLACE = ("message_log", "number")
FIELDS = ("reference", "campaign", "status", "purpose", "channel", "since", "until", "number")


@require_http_methods(["GET", "POST"])
@requires("message.view")
@only_reads
def messages(request: ClientRequest) -> HttpResponse:
    """The log, the newest first; a person is found whole. Never a number in an address: there it is sealed."""
    form = LogForm(request.POST or _asked(request) or None)
    chosen = form.cleaned_data if form.is_valid() else {}
    who = canonical(chosen.get("number", ""))
    unknown = bool(chosen.get("number", "").strip()) and who is None
    wrong = unknown or bool(form.errors)
    if request.method == "POST" and not wrong:
        return redirect(f"{request.path}?{urlencode(_address(request, chosen, who))}")
    before = _uuid(request.GET.get("after", ""))
    found = search.Found() if wrong else search.find(
        request.client.pk, _wanted(chosen, who), before=before, limit=PER_PAGE
    )  # fmt: skip
    context = {
        "form": form if form.is_bound else LogForm(),
        "rows": found.rows,
        "after": str(found.after) if found.after and not found.back_to else "",
        "further": str(found.after) if found.back_to else "",
        "back_to": found.back_to,
        "first": before == search.LAST,
        "unknown_number": unknown,
        "agents": queries.agent_names(),
    }
    return render(request, "messaging/messages.html", context, status=422 if wrong else 200)


def _wanted(chosen: dict[str, Any], who: tuple[str, str] | None) -> Wanted:
    since, until = chosen.get("since"), chosen.get("until")
    return Wanted(
        who=who,
        reference=chosen.get("reference", "").replace("\0", ""),
        campaign=chosen.get("campaign"),
        status=chosen.get("status", ""),
        purpose=chosen.get("purpose", ""),
        channel=chosen.get("channel", ""),
        since=_midnight(since) if since else None,
        until=_midnight(until + timedelta(days=1)) if until and until < date.max else None,
    )


def _midnight(day: date) -> datetime:
    """The beginning of a day in France; before the first of all messages nothing changes."""
    return datetime.combine(max(day, date(2000, 1, 1)), time(), clock.PARIS)


def _asked(request: ClientRequest) -> dict[str, str]:
    """What the address asks for; a person who does not open stays as something that is none."""
    asked = {name: request.GET[name] for name in FIELDS if request.GET.get(name)}
    if "number" in asked:
        try:
            blob = urlsafe_b64decode(asked["number"])
            opened = keys_for(request.client.pk).unseal(*PLACE, request.client.pk, blob)
            asked["number"] = opened if "@" in opened else phone.display(opened)
        except (ValueError, Unreadable):
            asked["number"] = "?"
    return asked


def _address(request: ClientRequest, chosen: dict[str, Any], who: tuple[str, str] | None) -> dict[str, str]:
    """What is searched, as it may stand in an address."""
    asked = {name: str(value) for name in FIELDS if name != "number" and (value := chosen.get(name))}
    if who is not None:
        blob = keys_for(request.client.pk).seal(*PLACE, request.client.pk, who[1])
        asked["number"] = urlsafe_b64encode(blob).decode()
    return asked


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return search.LAST


@requires("message.view")
def message(request: ClientRequest, message_id: UUID) -> HttpResponse:
    """One message with its number, its text and what happened to it."""
    opened = queries.opened_message(request.client.pk, message_id)
    if opened is None:
        raise Http404
    context = {"opened": opened, "line": opened.line, "agents": queries.agent_names()}
    return render(request, "messaging/message.html", context)


@require_POST
@requires("report.export")
def export(request: ClientRequest) -> HttpResponse:
    """Have what is searched written to a file."""
    form = LogForm(_asked(request))
    if not form.is_valid():
        return redirect("messaging:messages", request.client.slug)
    who = canonical(form.cleaned_data["number"])
    if form.cleaned_data["number"].strip() and who is None:
        return redirect("messaging:messages", request.client.slug)
    wanted, language = _wanted(form.cleaned_data, who), get_language() or "fr"
    row = log_files.ask(request.client.pk, wanted, language=language, actor=request.user.actor)
    return redirect("messaging:log-file", request.client.slug, row.pk)


@require_GET
@requires("report.export")
def log_file(request: ClientRequest, log_file_id: UUID) -> HttpResponse:
    """Whether the file somebody asked for is there yet."""
    row = log_files.find(request.client.pk, log_file_id, actor=request.user.actor)
    if row is None:
        raise Http404
    template = "messaging/log_file.html" + ("#wait" if "HX-Request" in request.headers else "")
    return render(request, template, {"row": row})


@require_GET
@requires("report.export")
def log_file_content(request: ClientRequest, log_file_id: UUID) -> HttpResponseBase:
    """The file itself."""
    row = log_files.find(request.client.pk, log_file_id, actor=request.user.actor)
    if row is None or row.ready_at is None:
        raise Http404
    try:
        content = log_files.open_file(row)
    except Refused:
        raise Http404 from None
    return FileResponse(content, as_attachment=True, filename="messages.csv", content_type="text/csv; charset=utf-8")


def in_command_bar(request: HttpRequest, text: str) -> list[Hit]:
    """Messages that carry this reference, for the command bar of a client."""
    client: Client | None = getattr(request, "client", None)
    if client is None or not search.find(client.pk, Wanted(reference=text), limit=1).rows:
        return []
    address = f"{reverse('messaging:messages', args=[client.slug])}?{urlencode({'reference': text})}"
    return [Hit(_("Messages of reference %(reference)s") % {"reference": text}, address, "messages")]
