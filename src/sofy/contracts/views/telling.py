"""Telling every client of a new version of the terms, and how far that is."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from sofy.contracts import queries
from sofy.contracts.access import staff_only
from sofy.kernel.clauses import clause
from sofy.kit.rls import staff_scope
from sofy.ui import notify


@staff_only
@clause("CGVU 27", "DPA 15")
def told(request: Any, kind: str, version: str) -> HttpResponse:
    """Who was told of a version, who acknowledged, accepted or refused it, and from when it binds each."""
    with staff_scope():
        document = queries.document(kind, version, using="staff")
    if document is None:
        raise Http404
    if request.method == "POST":
        from sofy.contracts.tasks import tell_terms

        tell_terms.defer(document_id=str(document.pk), actor=request.user.actor)
        notify.done(request, _("Clients are being told. This page says how far it is."))
        return redirect("contracts:told", kind, version)
    lines = queries.telling(document)
    figures = {
        "all": len(lines),
        "told": sum(line.told_at is not None for line in lines),
        "acknowledged": sum(line.acknowledged_at is not None for line in lines),
        "accepted": sum(line.accepted_at is not None for line in lines),
        "refused": sum(line.refused_at is not None for line in lines),
        "waits": sum(line.waits for line in lines),
    }
    return render(request, "contracts/told.html", {"row": document, "lines": lines, "figures": figures})
