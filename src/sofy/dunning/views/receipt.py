"""The page behind the one-time link of a formal notice: reading it proves nothing, the button does."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from sofy.dunning.services import notices
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit.rls import client_scope
from sofy.ui import problems


@clause("CGVU 7.2")
@require_http_methods(["GET", "HEAD", "POST"])
def receipt(request: HttpRequest, client_id: UUID, token: str) -> HttpResponse:
    """GET shows the notice and changes nothing, since robots open mails first; POST with a name acknowledges it."""
    refusal, name = "", request.POST.get("name", "")[:80]
    try:
        if request.method == "POST":
            try:
                notices.acknowledge(client_id, token, name=name)
            except Refused as refused:
                if refused.code != "person_name_missing":
                    raise
                refusal = problems.sentence(refused)
        with client_scope(client_id):
            link = notices.find(client_id, token)
            context = {"link": link, "notice": link.notice, "text": str(link.notice.text), "refusal": refusal}
            response = render(request, "dunning/receipt.html", context, status=422 if refusal else 200)
    except Refused:
        response = render(request, "dunning/receipt_unknown.html", status=404)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex"
    return response
