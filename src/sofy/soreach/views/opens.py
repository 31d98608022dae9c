"""The image at the end of an e-mail."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from sofy.soreach import opens
from sofy.soreach.services import opens as counting


@require_safe
def image(request: HttpRequest, code: str) -> HttpResponse:
    """Show one transparent point and count it, without a cookie, an address or a browser.

    Whatever the code, the answer is the same: nobody learns from it which campaigns there are.
    """
    if request.method == "GET":
        counting.fetched(code, agent=request.headers.get("User-Agent", "")[:300])
    response = HttpResponse(opens.IMAGE, content_type="image/gif")
    response["Cache-Control"] = "no-store, private"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"  # mail readers in a browser show it on their own pages
    return response
