"""The operator's pages of the numbers nobody may write to: bring a file in, see what it does, ask, take back."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sofy.clients.queries import names_of
from sofy.clients.words import actor as actor_word
from sofy.kernel.errors import Refused
from sofy.messaging.access import staff_only
from sofy.messaging.forms import StopFileForm, WithdrawForm
from sofy.messaging.models import StopFile
from sofy.messaging.services import stop_list
from sofy.ui import notify, problems

WAITING = (StopFile.State.CHECKING, StopFile.State.ADDING, StopFile.State.WITHDRAWING)


@staff_only
@require_http_methods(["GET", "POST"])
def overview(request: Any) -> HttpResponse:
    """The files and how to add one; whether a number is stopped, by POST: it goes into no address and no log."""
    context = _context()
    if typed := request.POST.get("who", "").strip()[:120]:
        context["who"] = typed
        try:
            context["found"] = stop_list.find(typed, actor=request.user.actor)
        except Refused as refused:
            context["problem"] = problems.sentence(refused)
    return render(request, "messaging/stop_list.html", context)


def _context(form: StopFileForm | None = None) -> dict[str, Any]:
    rows = stop_list.files()
    return {"rows": rows, "who_added": _people(rows), "total": stop_list.total(), "form": form or StopFileForm()}


def _people(rows: list[StopFile]) -> dict[str, str]:
    codes = {code for row in rows for code in (row.created_by, row.changed_by) if code}
    names = names_of(codes)
    return {code: actor_word(code, names) for code in codes}


@staff_only
@require_POST
def upload(request: Any) -> HttpResponse:
    """Look through a file; nothing is on the list before somebody says yes to what is found."""
    form = StopFileForm(request.POST, request.FILES)
    if form.is_valid():
        data = dict(form.cleaned_data)
        try:
            row = stop_list.upload(content=data.pop("file").file, actor=request.user.actor, **data)
        except Refused as refused:
            if refused.code == "stop_file_known":
                notify.warn(request, problems.sentence(refused))
                return redirect("messaging:stop-file", refused.facts["file"])
            form.add_error("password" if "password" in refused.code else "file", problems.sentence(refused))
        else:
            return redirect("messaging:stop-file", row.id)
    return render(request, "messaging/stop_list.html", _context(form), status=422)


@staff_only
@require_GET
def one_file(request: Any, file_id: UUID) -> HttpResponse:
    """What a file would do, or did."""
    return _page(request, _get(file_id), WithdrawForm())


def _page(request: Any, row: StopFile, form: WithdrawForm) -> HttpResponse:
    context = {"row": row, "form": form, "waiting": row.state in WAITING, "people": _people([row])}
    template = "messaging/stop_file.html#state" if "HX-Request" in request.headers else "messaging/stop_file.html"
    return render(request, template, context, status=422 if form.errors else 200)


def _get(file_id: UUID) -> StopFile:
    try:
        return stop_list.get(file_id)
    except Refused:
        raise Http404 from None


@staff_only
@require_POST
def confirm(request: Any, file_id: UUID) -> HttpResponse:
    """Add its numbers to the list."""
    _get(file_id)
    stop_list.confirm(file_id, actor=request.user.actor)
    notify.done(
        request, _("Nobody writes to these numbers and addresses any more, from now on and whoever the client is.")
    )
    return redirect("messaging:stop-file", file_id)


@staff_only
@require_POST
def resume(request: Any, file_id: UUID) -> HttpResponse:
    """Go on with a file whose work stopped half way."""
    _get(file_id)
    stop_list.resume(file_id, actor=request.user.actor)
    notify.done(request, _("The work goes on from where it stood. Nothing is added twice."))
    return redirect("messaging:stop-file", file_id)


@staff_only
@require_POST
def discard(request: Any, file_id: UUID) -> HttpResponse:
    """Forget a file that was only looked through."""
    _get(file_id)
    stop_list.discard(file_id, actor=request.user.actor)
    notify.done(request, _("The file was thrown away. Nothing was added to the list."))
    return redirect("messaging:stop-list")


@staff_only
@require_POST
def withdraw(request: Any, file_id: UUID) -> HttpResponse:
    """Take a file back that should not have come in."""
    row, form = _get(file_id), WithdrawForm(request.POST)
    if not form.is_valid():
        return _page(request, row, form)
    stop_list.withdraw(file_id, actor=request.user.actor, **form.cleaned_data)
    notify.done(request, _("The file is taken back. Lists of clients, and what people told them, stay as they are."))
    return redirect("messaging:stop-file", file_id)
