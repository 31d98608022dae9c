"""Where the reader of an e-mail says no: a page for people, one request for their mail program (RFC 8058)."""

from django.core.cache.backends.locmem import LocMemCache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from sofy.messaging.services import opt_out

#: How often one address of a mail is answered in a minute, and how often somebody may be wrong. Providers send many
#: requests from few places, so right ones are counted by address.
_PER_MINUTE = 20
_counts = LocMemCache("opt-out", {"OPTIONS": {"MAX_ENTRIES": 20_000}})


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows a page and changes nothing, since robots read mails first; POST says no, as often as it comes."""
    offer = opt_out.find(token)
    asked_by = f"token:{token}" if offer else f"from:{request.META.get('REMOTE_ADDR', '')}"
    if _too_often(asked_by):
        response = render(request, "ui/error.html", _slowly(), status=429)
        response["Retry-After"] = "60"
    elif offer is None:
        response = render(request, "messaging/opt_out_unknown.html", status=404)
    else:
        done = request.method == "POST"
        if done:
            opt_out.say_no(offer)
        response = render(request, "messaging/opt_out.html", {"client_name": offer.client_name, "done": done})
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response


def _too_often(asked_by: str) -> bool:
    _counts.add(asked_by, 0, 60)
    try:
        return _counts.incr(asked_by) > _PER_MINUTE
    except ValueError:  # it ran out in between
        return False


def _slowly() -> dict[str, str]:
    return {"title": _("Please wait a minute"), "text": _("This page was asked for too often. Try again in a minute.")}
