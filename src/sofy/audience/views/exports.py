"""Exports of contacts: at once when few, from a page that waits for the job when many."""

from typing import BinaryIO
from uuid import UUID

from django.core.signing import BadSignature, Signer
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from sofy.audience import queries, vault
from sofy.audience.services import export
from sofy.audience.views.reading import read_filter
from sofy.clients.access import ClientRequest, requires
from sofy.kernel.errors import Refused
from sofy.kit.keys import keys_for


@require_POST
@requires("contact.export")
def contact_export(request: ClientRequest) -> HttpResponse:
    """The contacts of the list as a file; a big one is written by a job."""
    wanted = read_filter(request.GET)
    try:
        total = queries.total(request.client, wanted)
    except Refused:
        raise Http404 from None
    if total is not None and total > export.DIRECT:
        file_id = export.by_job(client=request.client, wanted=wanted, actor=request.user.actor)
        token = _signer(request).sign(file_id.hex)
        return redirect("audience:contact-export-page", request.client.slug, token)
    body = export.direct(client=request.client, wanted=wanted, actor=request.user.actor)
    response = HttpResponse(body, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="contacts.csv"'
    return response


@require_GET
@requires("contact.export")
def export_page(request: ClientRequest, token: str) -> HttpResponse:
    """Whether the file is there yet."""
    template = "audience/export.html" + ("#wait" if request.htmx else "")
    return render(request, template, {"token": token, "ready": _open(request, token) is not None})


@require_GET
@requires("contact.export")
def export_file(request: ClientRequest, token: str) -> FileResponse:
    """The file."""
    content = _open(request, token)
    if content is None:
        raise Http404
    return FileResponse(content, as_attachment=True, filename="contacts.csv", content_type="text/csv; charset=utf-8")


def _signer(request: ClientRequest) -> Signer:
    """Signs for one client: the address of an export of another one is no address here."""
    return Signer(salt=f"sofy.audience.export.{request.client.pk}")


def _open(request: ClientRequest, token: str) -> BinaryIO | None:
    try:
        return vault.open_file(keys_for(request.client.pk), UUID(_signer(request).unsign(token)))
    except BadSignature:
        raise Http404 from None
    except Refused:
        return None
