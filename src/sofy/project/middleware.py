"""Request-wide behaviour that belongs to no single app."""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_plus

from django.http import HttpRequest, HttpResponseBase, UnreadablePostError
from django.utils import translation

from sofy.ui.views import unreadable

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class NoNul:
    """A request with the character NUL in its address, its cookies or its form is refused with 400.

    No person types it, no database stores it as text, and no view has to think of it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        asked = unquote_plus(request.META.get("QUERY_STRING", ""))
        if _has_nul((request.path_info, asked, *request.COOKIES.values())):
            return unreadable(request)
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        """The form is read here, as its token is right after."""
        if request.method != "POST" or request.content_type not in _FORMS:
            return None
        try:
            sent = request.POST
        except UnreadablePostError:
            return unreadable(request)
        texts = (text for name, values in sent.lists() for text in (name, *values))
        return unreadable(request) if _has_nul(map(str, texts)) else None


def _has_nul(texts: Iterable[str]) -> bool:
    return any("\0" in text for text in texts)


class PreferredLanguage:
    """A person's own choice of language comes before the browser's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        language = getattr(getattr(request, "user", None), "language", "")
        if not language:
            return self.get_response(request)
        request.LANGUAGE_CODE = language
        with translation.override(language):
            return self.get_response(request)
