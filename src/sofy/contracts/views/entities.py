"""The legal entities of the operator."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sofy.contracts import queries
from sofy.contracts.access import staff_only
from sofy.contracts.forms import EntityForm
from sofy.contracts.rules import signed
from sofy.contracts.services import entities
from sofy.kernel.errors import Refused
from sofy.ui import notify, problems


@staff_only
def all_entities(request: Any) -> HttpResponse:
    """The companies that sign, invoice and are paid."""
    return render(request, "contracts/entities.html", {"rows": queries.entities()})


@staff_only
def entity(request: Any, entity_id: UUID | None = None) -> HttpResponse:
    """Add or change a company; what it signed stays as it was."""
    row = next((each for each in queries.entities() if each.id == entity_id), None)
    if entity_id is not None and row is None:
        raise Http404
    form = EntityForm(request.POST or None, initial=_initial(row) if row else None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            entities.keep(
                entity_id=entity_id, data=form.entity(), code=given["code"], series=given["series"],
                actor=request.user.actor,
            )  # fmt: skip
        except Refused as refused:
            form.add_error("code", problems.sentence(refused))
        else:
            notify.done(request, _("“%(name)s” is saved.") % {"name": given["name"]})
            return redirect("contracts:entities")
    return render(request, "contracts/entity.html", {"form": form, "row": row}, status=422 if form.errors else 200)


def _initial(row: queries.EntityLine) -> dict[str, Any]:
    data = signed.plainly(row.data)
    return {"code": row.code, "series": row.series, **data.pop("address"), **data}


@require_POST
@staff_only
def retire(request: Any, entity_id: UUID) -> HttpResponse:
    """Sign nothing new with a company."""
    try:
        entities.retire(entity_id, actor=request.user.actor)
    except Refused:
        raise Http404 from None
    notify.done(request, _("It signs nothing new; what it signed goes on."))
    return redirect("contracts:entities")
