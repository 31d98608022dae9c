"""Exports of contacts, as CSV or XLSX: at once when few, from a page that waits for the job when many."""

from typing import BinaryIO
from uuid import UUID

from django.core.signing import BadSignature, Signer
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from sofy.audience import queries, vault
from sofy.audience.services import export
from sofy.audience.views.reading import back_to_list, read_filter
from sofy.clients.access import ClientRequest, requires
from sofy.kernel.errors import Refused
from sofy.kit.keys import keys_for
from sofy.ui import formats, notify


@require_POST
@requires("contact.export")
def contact_export(request: ClientRequest) -> HttpResponse:
    """The contacts of the list as a file; a big one is written by a job."""
    wanted = read_filter(request.GET)
    kind = "xlsx" if request.POST.get("as") == "xlsx" else "csv"
    how = {"kind": kind, "actor": request.user.actor, "sealed": request.client.can("contact.view")}
    try:
        total = queries.total(request.client, wanted)
    except Refused:
        raise Http404 from None
    if kind == "xlsx" and total is not None and total > export.XLSX_MOST:
        most = formats.number(export.XLSX_MOST, get_language())
        notify.refuse(request, _("More than %(n)s contacts: choose CSV, which every spreadsheet opens.") % {"n": most})
        return redirect(back_to_list(request))
    if total is not None and total > export.DIRECT:
        file_id = export.by_job(client=request.client, wanted=wanted, **how)
        token = _signer(request).sign(f"{file_id.hex}.{kind}")
        return redirect("audience:contact-export-page", request.client.slug, token)
    body = export.direct(client=request.client, wanted=wanted, **how)
    response = HttpResponse(body, content_type=export.FORMATS[kind])
    response["Content-Disposition"] = f'attachment; filename="contacts.{kind}"'
    return response


@require_GET
@requires("contact.export")
def export_page(request: ClientRequest, token: str) -> HttpResponse:
    """Whether the file is there yet."""
    template = "audience/export.html" + ("#wait" if request.htmx else "")
    return render(request, template, {"token": token, "ready": _open(request, token)[0] is not None})


@require_GET
@requires("contact.export")
def export_file(request: ClientRequest, token: str) -> FileResponse:
    """The file."""
    content, kind = _open(request, token)
    if content is None:
        raise Http404
    return FileResponse(content, as_attachment=True, filename=f"contacts.{kind}", content_type=export.FORMATS[kind])


def _signer(request: ClientRequest) -> Signer:
    """Signs for one client: the address of an export of another one is no address here."""
    return Signer(salt=f"sofy.audience.export.{request.client.pk}")


def _open(request: ClientRequest, token: str) -> tuple[BinaryIO | None, str]:
    """The file if it is there, and its format."""
    try:
        name, _dot, kind = _signer(request).unsign(token).partition(".")
        return vault.open_file(keys_for(request.client.pk), UUID(name)), kind or "csv"
    except BadSignature:
        raise Http404 from None
    except Refused:
        return None, ""
