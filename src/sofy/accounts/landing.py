"""What somebody sees right after a log-in, before the home page: higher rooms register what must come first."""

from collections.abc import Callable
from typing import Any

#: Given the person and the slug of their only client, an address to go to first, or None.
Hook = Callable[[Any, str], str | None]
_hooks: list[Hook] = []


def register(hook: Hook) -> None:
    """Ask this function after each log-in; called from `AppConfig.ready`."""
    if hook not in _hooks:
        _hooks.append(hook)


def first(user: Any, slug: str) -> str | None:
    """Where to go before the home page; None when nothing comes first."""
    return next((address for hook in _hooks if (address := hook(user, slug))), None)
