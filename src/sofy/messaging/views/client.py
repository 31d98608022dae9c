"""A client's messages."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from sofy.clients.access import ClientRequest, only_reads, requires
from sofy.kernel import phone
from sofy.kernel.crypto import Unreadable
from sofy.kit.keys import keys_for
from sofy.messaging import queries
from sofy.messaging.forms import LogForm

PER_PAGE = 50
PLACE = ("message_log", "number")


@require_http_methods(["GET", "POST"])
@requires("message.view")
@only_reads
def messages(request: ClientRequest) -> HttpResponse:
    """The log, the newest first; a number is found whole. Never a number in an address: there it is sealed."""
    form = LogForm(request.POST or _asked(request) or None)
    chosen = form.cleaned_data if form.is_valid() else {}
    number, unknown = _number(chosen.get("number", ""))
    if request.method == "POST" and not unknown:
        asked = {name: value for name, value in (chosen | {"number": _sealed(request, number)}).items() if value}
        return redirect(f"{request.path}?{urlencode(asked)}")
    before = _uuid(request.GET.get("after", ""))
    rows = [] if unknown else queries.message_log(
        request.client.pk, before=before, status=chosen.get("status", ""), purpose=chosen.get("purpose", ""),
        number=number, limit=PER_PAGE + 1,
    )  # fmt: skip
    context = {
        "form": form if form.is_bound else LogForm(),
        "rows": rows[:PER_PAGE],
        "after": str(rows[PER_PAGE - 1].id) if len(rows) > PER_PAGE else "",
        "first": before == queries.LAST,
        "filtered": form.is_bound,
        "unknown_number": unknown,
    }
    return render(request, "messaging/messages.html", context, status=422 if unknown else 200)


def _asked(request: ClientRequest) -> dict[str, str]:
    """What the address asks for; a number that does not open stays as something that is none."""
    asked = {name: request.GET[name] for name in ("status", "purpose", "number") if request.GET.get(name)}
    if "number" in asked:
        try:
            blob = urlsafe_b64decode(asked["number"])
            asked["number"] = phone.display(keys_for(request.client.pk).unseal(*PLACE, request.client.pk, blob))
        except (ValueError, Unreadable):
            asked["number"] = "?"
    return asked


def _sealed(request: ClientRequest, number: str) -> str:
    blob = keys_for(request.client.pk).seal(*PLACE, request.client.pk, number)
    return urlsafe_b64encode(blob).decode() if number else ""


def _number(raw: str) -> tuple[str, bool]:
    """The canonical number, and whether what was typed is none."""
    if not raw.strip():
        return "", False
    parsed = phone.parse(raw, fictional=settings.SOFY.fictional_numbers)
    return (parsed.e164, False) if isinstance(parsed, phone.Number) else ("", True)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return queries.LAST


@requires("message.view")
def message(request: ClientRequest, message_id: UUID) -> HttpResponse:
    """One message with its number, its text and what happened to it."""
    opened = queries.opened_message(request.client.pk, message_id)
    if opened is None:
        raise Http404
    return render(request, "messaging/message.html", {"opened": opened, "line": opened.line})
