"""What every page knows: its area, its rail, its theme."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from sofy.ui import nav

THEMES = ("auto", "light", "dark")


def area_of(request: HttpRequest) -> str:
    """Where the page is: `op` (operator's staff), `client` (a workspace), `account` (one's own) or `public`."""
    if request.path.startswith("/op/"):
        return "op"
    if getattr(request, "client", None) is not None:
        return "client"
    user = getattr(request, "user", None)
    return "account" if user is not None and user.is_authenticated else "public"


def theme_of(request: HttpRequest) -> str:
    """The theme somebody chose on this device, or `auto`."""
    chosen = request.COOKIES.get("theme", "auto")
    return chosen if chosen in THEMES else "auto"


def page(request: HttpRequest) -> dict[str, Any]:
    """The context of all layouts."""
    area = area_of(request)
    groups: list[nav.Group] = []
    # A page of a workspace reached before its client is known (an error page) shows no rail.
    if area == "op":
        visitor = getattr(request, "user", None)  # nobody yet where a request is refused at the door
        groups = nav.groups(request, "op") if getattr(visitor, "is_operator", False) else []
    elif area == "client":
        groups = nav.groups(request, "client")
    links = [link for group in groups for link in group.links]
    return {
        "ui_area": area,
        "ui_theme": theme_of(request),
        "ui_groups": groups,
        "ui_phone_links": [link for link in links if link.phone][:4],
        "ui_languages": settings.LANGUAGES,
    }
