"""For a client's developers: what their programs asked of the API lately, and what the API says and takes."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from sofy.accounts import queries as accounts
from sofy.clients.access import ClientRequest, requires
from sofy.messaging import api_reference, queries, search

PER_PAGE = 100


@require_GET
@requires("key.view")
def requests(request: ClientRequest) -> HttpResponse:
    """The latest requests, live; the page looks again every two seconds."""
    before = _uuid(request.GET.get("after", ""))
    rows = queries.requests(request.client.pk, before=before, limit=PER_PAGE + 1)
    context = {
        "rows": rows[:PER_PAGE],
        "names": {line["key"].pk: line["key"].name for line in accounts.keys(request.client.pk)},
        "after": str(rows[PER_PAGE - 1].id) if len(rows) > PER_PAGE else "",
        "first": before == search.LAST,
    }
    page = "messaging/requests.html#requests" if "HX-Request" in request.headers else "messaging/requests.html"
    return render(request, page, context)


@require_GET
@requires("key.view")
def reference(request: ClientRequest) -> HttpResponse:
    """The description of the API as a page: nothing comes from elsewhere."""
    api_url: str = settings.SOFY.api_url
    context: dict[str, Any] = {"api_url": api_url, **api_reference.page(api_url)}
    return render(request, "messaging/api_reference.html", context)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return search.LAST
