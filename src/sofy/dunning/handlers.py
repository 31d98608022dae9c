"""What this room does when rooms below say that something happened: jobs, because a replay has a login of its own."""

from uuid import UUID

from sofy.kit import outbox
from sofy.kit.jobs import defer

#: Events of contracts from which nothing follows for a late payer.
_ELSEWHERE = frozenset({"usage", "incident", "maintenance", "routing", "poi_activated", "poi_decrease"})


@outbox.handler("contract_event.recorded")
def happened(*, client_id: UUID, order_form_id: str, what: str = "") -> None:
    """Money came in, a notice arrived, somebody decided: access may follow."""
    from sofy.dunning.tasks import carry_out

    if what not in _ELSEWHERE:
        defer(carry_out, client_id)


@outbox.handler("invoice.frozen")
def invoiced(*, client_id: UUID, invoice_id: str) -> None:
    """There is more to be paid, or less."""
    from sofy.dunning.tasks import carry_out

    defer(carry_out, client_id)


@outbox.handler("client.access")
def decided(*, client_id: UUID, entry: int) -> None:
    """Somebody closed or opened the access of a client."""
    from sofy.dunning.tasks import tell_contracts

    defer(tell_contracts, client_id, entry=entry)
