"""What the worker does again and again for this room."""

from sofy.clients import support
from sofy.kit.jobs import every


@every(60)
def end_expired_visits() -> int:
    """Every minute: visits of the operator's staff whose time is over get their last entry."""
    return support.end_expired()
