"""The rail: each room registers its own entries, so an entry exists exactly when its pages do."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise

Area = Literal["client", "op"]


@dataclass(frozen=True)
class Entry:
    """One line of the rail. `phone` puts it in the bottom bar of small screens; `key` is its `g` shortcut; `words` are
    others by which people look for it.
    """

    area: Area
    group: "str | Promise"
    label: "str | Promise"
    url_name: str
    icon: str
    order: int
    permission: str | None = None
    phone: bool = False
    key: str = ""
    words: "str | Promise" = ""


@dataclass(frozen=True)
class Link:
    """An entry as one person sees it on one page."""

    label: str
    url: str
    icon: str
    current: bool
    phone: bool
    key: str
    words: str = ""


@dataclass(frozen=True)
class Group:
    """A heading of the rail and its links."""

    label: str
    links: list[Link] = field(default_factory=list)


_ENTRIES: dict[tuple[str, str], Entry] = {}


def register(*entries: Entry) -> None:
    """Add entries; called from `AppConfig.ready` of the room that owns the pages."""
    for entry in entries:
        _ENTRIES[entry.area, entry.url_name] = entry


def entries(area: Area) -> list[Entry]:
    """All entries of an area in the order of the rail."""
    return sorted((e for e in _ENTRIES.values() if e.area == area), key=lambda e: e.order)


def allowed(request: HttpRequest, permission: str | None) -> bool:
    """Whether the page behind an entry would open for the person of this request."""
    client = getattr(request, "client", None)
    return permission is None or client is None or bool(client.can(permission))


def groups(request: HttpRequest, area: Area) -> list[Group]:
    """The rail for this request: only what this person may open."""
    client = getattr(request, "client", None)
    arguments = [client.slug] if area == "client" and client is not None else []
    result: dict[str, Group] = {}
    shown = [e for e in entries(area) if allowed(request, e.permission)]
    urls = {e.url_name: reverse(e.url_name, args=arguments) for e in shown}
    current = longest_prefix(request.path, urls.values())
    for entry in shown:
        url = urls[entry.url_name]
        label = str(entry.group)
        link = Link(str(entry.label), url, entry.icon, url == current, entry.phone, entry.key, str(entry.words))
        result.setdefault(label, Group(label)).links.append(link)
    return list(result.values())


def longest_prefix(path: str, urls: Iterable[str]) -> str:
    """The entry a page belongs to: the longest address that the path starts with."""
    return max((url for url in urls if path.startswith(url)), key=len, default="")
