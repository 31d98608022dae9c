"""What the worker does again and again for this room."""

from sofy.contracts.services import drift
from sofy.kit.jobs import every


@every(24 * 3600)
def check_quotas() -> int:
    """Every day: clients with more points of sale than they ordered become a task for staff."""
    return drift.check_all()
