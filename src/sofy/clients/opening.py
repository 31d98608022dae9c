"""What higher rooms say when a point of sale opens: they refuse it or take note, in the transaction that opens it."""

from collections.abc import Callable
from uuid import UUID

#: Given the client, the new point of sale and who opens it; a `Refused` takes it back.
Hook = Callable[[UUID, UUID, str], None]
_hooks: list[Hook] = []


def register(hook: Hook) -> None:
    """Ask this function whenever a point of sale opens; called from `AppConfig.ready`."""
    if hook not in _hooks:
        _hooks.append(hook)


def tell(client_id: UUID, establishment_id: UUID, actor: str) -> None:
    """Ask everybody who registered. Raises: Refused."""
    for hook in _hooks:
        hook(client_id, establishment_id, actor)
