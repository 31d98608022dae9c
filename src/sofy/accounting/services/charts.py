"""Which accounts an entity books on, and when its financial year begins."""

from typing import Any
from uuid import UUID

import msgspec

from sofy.accounting.models import Chart
from sofy.accounting.rules.accounts import Accounts
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.rls import staff_scope


def of(entity_id: UUID) -> Accounts:
    """The accounts of an entity: those of the general chart where nobody said otherwise."""
    with staff_scope():
        row = Chart.objects.using("staff").filter(entity_id=entity_id).first()
    return msgspec.convert(row.accounts if row else {}, Accounts)


def keep(entity_id: UUID, accounts: dict[str, Any], *, actor: str) -> Accounts:
    """Set the accounts of an entity; every later file is written with them.

    Raises: Refused (account_unreadable).
    """
    try:
        read = msgspec.convert(accounts, Accounts)
    except (msgspec.ValidationError, ValueError) as error:
        raise Refused("account_unreadable", problem=str(error)[:200]) from None
    with staff_scope():
        row = Chart.objects.using("staff").filter(entity_id=entity_id).first() or Chart(entity_id=entity_id)
        row.accounts, row.changed_at = msgspec.to_builtins(read), clock.now()
        row.save(using="staff")
        facts = {"accounts": ", ".join(sorted({row.accounts[name] for name in row.accounts if name != "year_begins"}))}
        audit.append(audit.PLATFORM, "chart.changed", actor, facts, using="staff")
    return read
