"""Say what was done, with an Undo where there is one."""

from django.contrib import messages
from django.http import HttpRequest


def done(request: HttpRequest, text: str, *, undo_url: str = "") -> None:
    """Tell that an action succeeded; `undo_url` is posted to by the Undo button."""
    messages.success(request, text, extra_tags=undo_url)


def warn(request: HttpRequest, text: str) -> None:
    """Tell something that needs attention."""
    messages.warning(request, text)


def refuse(request: HttpRequest, text: str) -> None:
    """Tell why an action was not done."""
    messages.error(request, text)
