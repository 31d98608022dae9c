"""Panels that rooms hang on pages of rooms below them (the home page of a client, for one).

A room registers a loader from `AppConfig.ready`; the page that owns the slot never knows who fills it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from sofy.ui.nav import allowed

Loader = Callable[[HttpRequest], Mapping[str, Any] | None]


@dataclass(frozen=True)
class Panel:
    """`load` answers the context of `template`, or None when there is nothing to show now."""

    slot: str
    template: str
    load: Loader
    order: int
    permission: str | None = None


_PANELS: dict[tuple[str, str], Panel] = {}


def register(panel: Panel) -> None:
    """Hang a panel; the same slot and template registered twice stays one panel."""
    _PANELS[panel.slot, panel.template] = panel


def render(request: HttpRequest, slot: str) -> list[SafeString]:
    """The panels of a slot that have something to show this person, in order."""
    shown: list[SafeString] = []
    for panel in sorted((p for p in _PANELS.values() if p.slot == slot), key=lambda p: p.order):
        if not allowed(request, panel.permission):
            continue
        context = panel.load(request)
        if context is not None:
            shown.append(render_to_string(panel.template, dict(context), request=request))
    return shown
