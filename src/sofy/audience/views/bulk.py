"""Pages that change every contact of a filtered list, not only those of one page."""

from functools import partial
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from sofy.audience.models import Book, BulkEdit
from sofy.audience.services import bulk_edits
from sofy.audience.services.retention import AFTER
from sofy.audience.views.reading import back_to_list, read_filter, read_id
from sofy.audience.wording import say
from sofy.clients.access import ClientRequest, requires
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit import live
from sofy.kit.rls import client_scope
from sofy.ui import notify

TYPED_FROM = 1_000  # contacts: from here on their number is typed before they are removed


def for_all(request: ClientRequest) -> HttpResponse:
    """What was asked for all contacts of the list: said with their number first, then done."""
    verb, book_id = request.POST.get("do", ""), read_id(request.POST.get("book", ""))
    wanted = read_filter(QueryDict(request.POST.get("query", "")))
    try:
        if request.POST.get("confirmed"):
            if (problem := _unconfirmed(request)) is None:
                return _started(request, wanted, verb, book_id)
        else:
            problem = ""
        context = _asked(request, verb, book_id, bulk_edits.count(request.client, wanted))
    except Refused as refused:
        notify.refuse(request, say(refused))
        return redirect(back_to_list(request))
    return render(request, "audience/bulk_confirm.html", context | {"problem": problem}, status=422 if problem else 200)


def _asked(request: ClientRequest, verb: str, book_id: UUID | None, total: int) -> dict[str, Any]:
    book = Book.objects.filter(client_id=request.client.pk, id=book_id, deleted_at=None).first() if book_id else None
    if verb in ("add", "take") and book is None:
        raise Refused("book_unknown" if book_id else "book_missing", 404)
    if verb not in BulkEdit.Verb.values:
        raise Refused("choice_unknown")
    typed = str(total) if verb == "remove" and total >= TYPED_FROM else ""
    query = request.POST.get("query", "")
    return {"verb": verb, "book": book, "total": total, "typed": typed, "query": query, "back": back_to_list(request)}


def _unconfirmed(request: ClientRequest) -> str | None:
    """What is missing in the number somebody typed, or None."""
    asked = request.POST.get("expected", "")
    typed = "".join(filter(str.isdigit, request.POST.get("typed", "")))
    return _("Type the number exactly as it is shown.") if asked and typed != asked else None


def _started(request: ClientRequest, wanted: Any, verb: str, book_id: UUID | None) -> HttpResponse:
    edit = bulk_edits.start(client=request.client, wanted=wanted, verb=verb, book_id=book_id, actor=request.user.actor)
    if edit.state != BulkEdit.State.DONE:
        return redirect("audience:bulk-edit", request.client.slug, edit.id)
    undo = reverse("audience:bulk-undo", args=[request.client.slug, edit.id])
    text = ngettext("%(n)s contact changed.", "%(n)s contacts changed.", edit.changed) % {"n": edit.changed}
    notify.done(request, text if edit.changed else _("Nothing to change."), undo_url=undo if edit.changed else "")
    return redirect(back_to_list(request))


@require_GET
@requires("contact.edit")
def bulk_page(request: ClientRequest, bulk_id: UUID) -> HttpResponseBase:
    """How far a bulk edit is, what it changed, its Undo."""
    edit = _edit(request, bulk_id)
    if live.wanted(request):
        return live.stream(request, ("bulk", edit.id), partial(_moved, request.client.pk, edit.id))
    ended = edit.state in (BulkEdit.State.DONE, BulkEdit.State.UNDONE)
    late = edit.finished_at is not None and clock.now() - edit.finished_at > AFTER
    may_undo = edit.state == BulkEdit.State.DONE and edit.changed > 0 and not late
    book = Book.objects.filter(client_id=request.client.pk, id=edit.book_id).first() if edit.book_id else None
    context = {"edit": edit, "book": book, "ended": ended, "may_undo": may_undo}
    return render(request, "audience/bulk_edit.html" + ("#progress" if request.htmx else ""), context)


@require_POST
@requires("contact.edit")
def bulk_undo(request: ClientRequest, bulk_id: UUID) -> HttpResponse:
    """Take a bulk edit back."""
    edit = _edit(request, bulk_id)
    try:
        edit = bulk_edits.undo(client_id=request.client.pk, bulk_id=edit.id, actor=request.user.actor)
    except Refused as refused:
        notify.refuse(request, say(refused))
    else:
        if edit.state == BulkEdit.State.UNDONE:
            notify.done(request, _("Taken back."))
    return redirect("audience:bulk-edit", request.client.slug, edit.id)


def _moved(client_id: UUID, bulk_id: UUID) -> object:
    """What the stream of a page compares: how many are done, until it ends."""
    with client_scope(client_id):
        rows = BulkEdit.objects.filter(client_id=client_id, id=bulk_id, state__in=("listing", "running", "undoing"))
        return rows.values_list("state", "done").first()


def _edit(request: ClientRequest, bulk_id: UUID) -> BulkEdit:
    """A bulk edit; somebody limited to some establishments sees only what they asked for themselves."""
    edit = BulkEdit.objects.filter(client_id=request.client.pk, id=bulk_id).first()
    limited = request.client.viewer_establishments is not None
    if edit is None or (limited and edit.actor != request.user.actor[:64]):
        raise Http404
    return edit
