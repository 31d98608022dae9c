"""Sentences for what the product declines: services raise `Refused(code, **facts)`, pages say it in words.

Each room registers the sentences of its own codes from `AppConfig.ready`; facts are filled in as `{name}`.
"""

from collections.abc import Callable, Mapping

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sofy.kernel.errors import Refused

_SENTENCES: dict[str, "str | Promise"] = {
    "hours_wider_than_contract": gettext_lazy(
        "The contract allows marketing from {earliest} to {latest} only (art. 14.1): choose hours within these."
    ),
    "hours_empty": gettext_lazy("The hours end before they begin: choose an end after {opens}."),
    "hours_unreadable": gettext_lazy("“{value}” is no time of day: write it as 08:00."),
    "hours_days": gettext_lazy("Choose at least one day of the week."),
    "timezone_unknown": gettext_lazy("The time zone “{name}” does not exist: write it as Europe/Paris."),
    "key_destroyed": gettext_lazy("The data of this client was erased; it cannot be read any more."),
}


def register(sentences: Mapping[str, "str | Promise"]) -> None:
    """Add the sentences of a room."""
    _SENTENCES.update(sentences)


def knows(code: str) -> bool:
    """Whether some room has a sentence for this code."""
    return code in _SENTENCES


def sentence(error: Refused) -> str:
    """What to tell a person; an unknown code is named, so that support can find it."""
    pattern = _SENTENCES.get(error.code)
    if pattern is None:
        return _("This was refused (%(code)s).") % {"code": error.code}
    return str(pattern).format(**error.facts)


class RefusedPages:
    """Middleware: a `Refused` no view dealt with becomes a page that says it, and what was begun is rolled back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The transaction of the view is rolled back already when Django asks here."""
        if not isinstance(exception, Refused):
            return None
        from sofy.ui.views import error

        return error(
            request, exception.status, _("This is not possible"), sentence(exception), _("Nothing was changed.")
        )
