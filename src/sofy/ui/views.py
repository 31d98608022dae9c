"""The catalogue of components, and the two preferences anybody has: language and theme."""

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sofy.ui import catalogue as samples
from sofy.ui import layout

YEAR_S = 365 * 24 * 3600


def error(request: HttpRequest, status: int, title: str, text: str, kept: str = "", back: str = "/") -> HttpResponse:
    """A page that says what happened, what was kept and what to do; its button leads to `back`."""
    context = {"title": title, "text": text, "kept": kept, "back": back}
    return render(request, "ui/error.html", context, status=status)


def wrong_method(request: HttpRequest, back: str) -> HttpResponse:
    """405: an address that only answers a button, typed or come back to after a log-in."""
    text = _("This address only answers a button of a page. Go back to that page and press it again.")
    return error(request, 405, _("Use the button of the page"), text, _("Nothing was changed."), back)


def too_many(request: HttpRequest) -> HttpResponse:
    """429: too many attempts in a short time."""
    text = _("Somebody tried this too often, from your address or with your name. Wait a few minutes and try again.")
    return error(request, 429, _("Too many attempts"), text)


def unreadable(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Handler of 400, and 413 of too much: it may come before anybody asked for the visitor's language."""
    with translation.override(translation.get_language_from_request(request)):
        if isinstance(exception, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent):
            text = _("More was sent at once than a page takes. Send less, in several times or as a file.")
            return error(request, 413, _("Too much at once"), text, _("Nothing was changed."))
        text = _("A sign in the address or in the form cannot be read. Check the address, or write the form again.")
        return error(request, 400, _("This request cannot be read"), text, _("Nothing was changed."))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Handler of 404: never says whether the address exists for somebody else."""
    text = _("This address leads nowhere, or to something you may not see. Check it, or start from your home page.")
    return error(request, 404, _("Page not found"), text)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Handler of 403."""
    return error(
        request, 403, _("Not allowed"), _("Your role does not allow this. An owner of the client can change it.")
    )


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that came without its token: an old tab, or another site."""
    text = _("This page had been open for too long. Go back, reload it and send the form again.")
    return error(
        request,
        403,
        _("The form has expired"),
        text,
        _("Nothing was changed."),
        _ours(request, request.headers.get("Referer")),
    )


def failed(request: HttpRequest) -> HttpResponse:
    """Handler of 500: no detail ever reaches the page."""
    text = _("The failure is ours. Try again in a moment; if it comes back, tell us when.")
    said = {"title": _("Something went wrong"), "text": text, "kept": _("Nothing was changed.")}
    try:
        return render(request, "ui/error.html", said, status=500)
    except DatabaseError:  # then even who asks is unknown: the page comes without
        return HttpResponse(render_to_string("ui/error.html", said), status=500)


def back_of(request: HttpRequest) -> str:
    """The page to return to, never on another site."""
    return _ours(request, request.POST.get("next"))


def _ours(request: HttpRequest, page: str | None) -> str:
    """A page when it is one of this site, else the start."""
    ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, request.is_secure())
    return page if page and ours else "/"


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Keep a language (with the account, when there is one) or a theme (on this device)."""
    response = redirect(back_of(request))
    theme, language = request.POST.get("theme"), request.POST.get("language")
    if theme in layout.THEMES:
        response.set_cookie("theme", theme, max_age=YEAR_S, samesite="Lax", secure=request.is_secure(), httponly=True)
    if language in dict(settings.LANGUAGES):
        name = settings.LANGUAGE_COOKIE_NAME
        response.set_cookie(name, language, max_age=YEAR_S, samesite="Lax", secure=request.is_secure(), httponly=True)
        if request.user.is_authenticated:
            get_user_model().objects.filter(pk=request.user.pk).update(language=language)
    return response


def catalogue(request: HttpRequest) -> HttpResponse:
    """Every component in each of its states; the language and the theme are those of the visitor."""
    return render(request, "ui/catalogue.html", samples.context(request))
