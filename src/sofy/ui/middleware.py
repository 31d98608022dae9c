"""Addresses as people type them: a slash too many or too few, and addresses that are there for a button."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed, HttpResponsePermanentRedirect
from django.urls import Resolver404, resolve
from django.utils.http import escape_leading_slashes

from sofy.ui import views


class TypedAddresses:
    """Middleware: an address with a slash too many leads to the one without, as Django does the other way round; an
    address that answers no typed request says so in words."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and not response.content:
            page = views.wrong_method(request, _page_above(request.path_info))
            page["Allow"] = response["Allow"]
            return page
        if response.status_code == 404 and request.method in ("GET", "HEAD") and _is_only_without_slash(request):
            return HttpResponsePermanentRedirect(_without_slash(request))
        return response


def _leads_somewhere(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


def _is_only_without_slash(request: HttpRequest) -> bool:
    path = request.path_info
    return path.endswith("/") and not _leads_somewhere(path) and _leads_somewhere(path.rstrip("/"))


def _without_slash(request: HttpRequest) -> str:
    path, _mark, question = request.get_full_path().partition("?")
    return escape_leading_slashes(path.rstrip("/")) + (f"?{question}" if question else "")


def _page_above(path: str) -> str:
    """The nearest address above that leads somewhere: the page the button is on, or one that leads to it."""
    parts = path.strip("/").split("/")
    for end in range(len(parts) - 1, 0, -1):
        above = "/" + "/".join(parts[:end])
        for each in (f"{above}/", above):
            if _leads_somewhere(each):
                return each
    return "/"
