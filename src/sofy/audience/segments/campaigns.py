"""Where a higher room says which campaigns a condition may name; this room knows campaigns by their id only."""

from collections.abc import Callable, Iterable
from uuid import UUID

Loader = Callable[[UUID], Iterable[tuple[UUID, str]]]
_loaders: list[Loader] = []


def register(loader: Loader) -> None:
    """Add a loader of (id, name) pairs for a client, newest first; called from `AppConfig.ready`."""
    if loader not in _loaders:
        _loaders.append(loader)


def choices(client_id: UUID) -> list[tuple[UUID, str]]:
    """The campaigns of a client that conditions may name."""
    return [pair for loader in _loaders for pair in loader(client_id)]
