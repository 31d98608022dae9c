"""The address in a message: straight on to where it leads."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sofy.soreach.services import clicks


@require_safe
def follow(request: HttpRequest, code: str) -> HttpResponse:
    """Note the visit, without an address or a browser, and go on. Never cached: each visit counts."""
    target = clicks.follow(
        code,
        method=request.method or "GET",
        agent=request.headers.get("User-Agent", ""),
        language=request.headers.get("Accept-Language", ""),
        purpose=request.headers.get("Sec-Purpose", "")
        or request.headers.get("X-Purpose", "")
        or request.headers.get("Purpose", ""),
    )
    if target is None:
        return render(request, "soreach/gone.html", status=404)
    response = HttpResponseRedirect(target)  # the author's address; only http and https become links
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response
