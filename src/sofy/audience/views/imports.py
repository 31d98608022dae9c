"""Pages of imports: drop a file, say what its columns are, see what will happen, follow it, undo it."""

from functools import partial
from typing import Any, BinaryIO, cast
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sofy.audience.forms import MappingForm
from sofy.audience.imports import undo
from sofy.audience.imports.columns import Column
from sofy.audience.imports.errors import error_file
from sofy.audience.models import Book, Import, ImportRow
from sofy.audience.services import contacts, import_start, imports
from sofy.audience.services.import_start import Choices
from sofy.audience.services.imports import Preview
from sofy.audience.templatetags.audience import warning_word
from sofy.audience.wording import say
from sofy.clients.access import ClientRequest, requires
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit import live
from sofy.kit.rls import client_scope
from sofy.ui import notify

SHOWN_REMARKS = 20
MIME = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
}


@require_GET
@requires("contact.import")
def import_list(request: ClientRequest) -> HttpResponse:
    """All imports, the latest first."""
    rows = Import.objects.filter(client_id=request.client.pk).order_by("-started_at")[:200]
    books = dict(Book.objects.filter(client_id=request.client.pk).values_list("id", "name"))
    return render(request, "audience/imports.html", {"rows": rows, "books": books})


@require_http_methods(["GET", "POST"])
@requires("contact.import")
def import_new(request: ClientRequest) -> HttpResponse:
    """Drop a file; it is kept encrypted and read at once."""
    problem, file = "", request.FILES.get("file")
    if request.method == "POST":
        try:
            if file is None:
                raise Refused("file_missing")
            content, name = cast(BinaryIO, file.file), str(file.name or "")
            upload = imports.store_upload(client_id=request.client.pk, content=content, name=name)
            return redirect(_next_page(request, upload), request.client.slug, upload)
        except Refused as refused:
            problem = say(refused)
    return render(request, "audience/import_new.html", {"problem": problem}, status=422 if problem else 200)


def _next_page(request: ClientRequest, upload_id: UUID) -> str:
    """Where a file that was just read goes: to its columns, or to its password. Raises: Refused, as `preview`."""
    try:
        imports.preview(client_id=request.client.pk, upload_id=upload_id)
    except Refused as refused:
        if refused.code != "file_password_needed":
            raise
        return "audience:import-unlock"
    return "audience:import-map"


@require_http_methods(["GET", "POST"])
@requires("contact.import")
def import_unlock(request: ClientRequest, upload_id: UUID) -> HttpResponse:
    """Ask for the password of a protected file; it is used once and kept nowhere."""
    client, problem, name = request.client.pk, "", ""
    try:
        name = imports.upload_name(client_id=client, upload_id=upload_id)
        password = request.POST.get("password", "")[:255]
        opened = imports.unlock_upload(client_id=client, upload_id=upload_id, password=password)
        imports.preview(client_id=client, upload_id=opened)
        return redirect("audience:import-map", request.client.slug, opened)
    except Refused as refused:
        if refused.status == 410:
            raise Http404 from None
        problem = say(refused) if request.method == "POST" else ""
    context = {"problem": problem, "file_name": name}
    return render(request, "audience/import_password.html", context, status=422 if problem else 200)


@require_http_methods(["GET", "POST"])
@requires("contact.import")
def import_map(request: ClientRequest, upload_id: UUID) -> HttpResponse:
    """What the columns are, which book, which legal basis; then what would happen; then go."""
    try:
        shown = imports.preview(client_id=request.client.pk, upload_id=upload_id)
    except Refused as refused:
        if refused.status == 410:
            raise Http404 from None
        raise
    form = MappingForm(request.POST or None, preview=shown, books=_books(request))
    context = _mapping_context(shown, form)
    context["file_name"] = imports.upload_name(client_id=request.client.pk, upload_id=upload_id)
    if request.method == "POST" and request.POST.get("do") != "change" and form.is_valid():
        try:
            return _checked_or_started(request, upload_id, form, context)
        except Refused as refused:
            form.add_error(None, say(refused))
    return render(request, "audience/import_map.html", context, status=422 if form.errors else 200)


def _checked_or_started(
    request: ClientRequest, upload_id: UUID, form: MappingForm, context: dict[str, Any]
) -> HttpResponse:
    words = {name: form.cleaned_data[name] for name in ("legal_basis", "source", "consent_text", "also")}
    choices = Choices(_book(request, form), form.mapping(), **words)
    if request.POST.get("do") == "start":
        return _started(request, upload_id, choices)
    context |= _checked(request, upload_id, choices)
    return render(request, "audience/import_check.html", context)


def _started(request: ClientRequest, upload_id: UUID, choices: Choices) -> HttpResponse:
    row = import_start.start(
        client_id=request.client.pk, upload_id=upload_id, choices=choices, actor=request.user.actor
    )
    return redirect("audience:import", request.client.slug, row.id)


def _checked(request: ClientRequest, upload_id: UUID, choices: Choices) -> dict[str, Any]:
    """What would happen, with the rows behind one of the figures when they were asked for."""
    action = request.POST.get("do", "")
    code = action.removeprefix("rows_") if action.startswith("rows_") else ""
    result, rows = import_start.check(client_id=request.client.pk, upload_id=upload_id, choices=choices, code=code)
    warnings = sorted(result.warnings.items(), key=lambda item: -item[1])
    counts = [
        ("imported", result.imported),
        ("in_base", result.duplicates_in_base),
        ("in_file", result.duplicates_in_file),
        ("rejected", result.rejected),
    ]
    told = {"result": result, "warnings": warnings, "counts": [pair for pair in counts if pair[1]]}
    return told | ({"code": code, "rows": rows} if code else {})


def _mapping_context(shown: Preview, form: MappingForm) -> dict[str, Any]:
    columns: list[tuple[Column, Any]] = [(column, form[f"column_{i}"]) for i, column in enumerate(shown.columns)]
    return {"preview": shown, "form": form, "columns": columns}


def _books(request: ClientRequest) -> list[tuple[str, str]]:
    rows = Book.objects.filter(client_id=request.client.pk, deleted_at=None).order_by("name")
    return [(str(book.id), book.name) for book in rows]


def _book(request: ClientRequest, form: MappingForm) -> UUID:
    """The book chosen, or a new one; one that a check already made is found by its name."""
    if book := form.cleaned_data.get("book"):
        return UUID(book)
    name = form.cleaned_data["new_book"]
    found = Book.objects.filter(client_id=request.client.pk, name=name, deleted_at=None).first()
    if found is None:
        found = contacts.create_book(client_id=request.client.pk, name=name, actor=request.user.actor)
    return found.id


@require_GET
@requires("contact.import")
def import_page(request: ClientRequest, import_id: UUID) -> HttpResponseBase:
    """One import: how far it is, what it did, its errors, its Undo."""
    row = _import(request, import_id)
    if live.wanted(request):
        return live.stream(request, ("import", row.id), partial(_moved, request.client.pk, row.id))
    book = Book.objects.filter(client_id=request.client.pk, id=row.book_id).first() if row.book_id else None
    context: dict[str, Any] = {
        "row": row,
        "book": book,
        "warnings": sorted(row.warnings.items(), key=lambda item: -item[1]),
        "may_undo": row.kind == "contacts"
        and row.state == Import.State.DONE
        and clock.now() - (row.finished_at or row.started_at) <= undo.WITHIN,
        "remarks": _remarks(row),
        "has_errors": row.state == Import.State.DONE and (row.rejected or row.warnings),
    }
    return render(request, "audience/import.html" + ("#progress" if request.htmx else ""), context)


def _remarks(row: Import) -> list[tuple[int, list[str]]]:
    """The first rows with remarks: their number in the file and what is said, nothing of what they hold."""
    found = ImportRow.objects.filter(client_id=row.client_id, import_id=row.id).exclude(problems="").order_by("row")
    return [(each.row, list(dict.fromkeys(each.problems.split(",")))) for each in found[:SHOWN_REMARKS]]


def _moved(client_id: UUID, import_id: UUID) -> object:
    """What the stream of a page compares: the rows that are done, until the import ends."""
    with client_scope(client_id):
        rows = Import.objects.filter(client_id=client_id, id=import_id, state=Import.State.RUNNING)
        return rows.values_list("done", "total").first()


@require_POST
@requires("contact.import")
def import_undo(request: ClientRequest, import_id: UUID) -> HttpResponse:
    """Take an import back: what it created and changed, never an opt-out. A big one is taken back by the worker."""
    row = _import(request, import_id)
    try:
        queued = import_start.undo(client_id=request.client.pk, import_id=row.id, actor=request.user.actor)
    except Refused as refused:
        notify.refuse(request, say(refused))
    else:
        if queued:
            notify.done(request, _("The import is being taken back. Look at this page again in a minute."))
        else:
            notify.done(
                request, _("The import was taken back. Opt-outs stay, and contacts changed since were left alone.")
            )
    return redirect("audience:import", request.client.slug, row.id)


@require_GET
@requires("contact.import")
def import_errors(request: ClientRequest, import_id: UUID) -> HttpResponse:
    """The rows with problems, in the format of the file that came."""
    row = _import(request, import_id)
    heads = (_("Row"), _("Remark"))
    try:
        form, body = error_file(
            client_id=request.client.pk, import_id=row.id, label=lambda code: str(warning_word(code)), heads=heads
        )
    except Refused as refused:
        notify.refuse(request, say(refused))
        return redirect("audience:import", request.client.slug, row.id)
    response = HttpResponse(body, content_type=MIME[form])
    response["Content-Disposition"] = f'attachment; filename="remarks.{form}"'
    return response


def _import(request: ClientRequest, import_id: UUID) -> Import:
    row = Import.objects.filter(client_id=request.client.pk, id=import_id).first()
    if row is None:
        raise Http404
    return row
