"""What the worker does again and again for this room."""

from sofy.clients import invitations, support
from sofy.kit.jobs import every


@every(60)
def end_expired_visits() -> int:
    """Every minute: visits of the operator's staff whose time is over get their last entry."""
    return support.end_expired()


@every(24 * 3600)
def forget_invitations() -> int:
    """Every day: whom somebody invited, a month after the invitation ended."""
    return invitations.forget_old()
