"""What the command bar (Ctrl+K) finds beyond the pages of the rail: each room registers its own search."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.http import HttpRequest

from sofy.ui import nav


@dataclass(frozen=True)
class Hit:
    """One line of the answer."""

    label: str
    url: str
    icon: str
    hint: str = ""


Search = Callable[[HttpRequest, str], Iterable[Hit]]
_SEARCHES: list[tuple[str | None, Search]] = []
LIMIT = 12


def register(search: Search, permission: str | None = None) -> None:
    """Add a search; it is asked only for people who hold the permission."""
    if (permission, search) not in _SEARCHES:
        _SEARCHES.append((permission, search))


def find(request: HttpRequest, area: nav.Area, text: str) -> list[Hit]:
    """Pages whose name or other words contain the text, then what the rooms find."""
    wanted = text.strip().casefold()
    links = [link for group in nav.groups(request, area) for link in group.links]
    hits = [Hit(link.label, link.url, link.icon) for link in links if wanted in f"{link.label} {link.words}".casefold()]
    if len(wanted) >= 3:
        for permission, search in _SEARCHES:
            if nav.allowed(request, permission):
                hits.extend(search(request, text.strip()))
    return hits[:LIMIT]
