"""Jobs of this room."""

from uuid import UUID

from sofy.billing.einvoice.platform.port import PlatformDown
from sofy.kit.jobs import client_job, every


@every(300)
def books() -> None:
    """Every five minutes: contracts to which something happened, so that no page has to wait for them."""
    from sofy.accounting.services import books as services

    services.catch_up_all()


@every(300)
def health() -> int:
    """Every five minutes: how every client stands."""
    from sofy.accounting.services import health as services

    return services.refresh()


@client_job(name="accounting.deposit_invoice", retries=8)
def deposit_invoice(client_id: UUID, invoice_id: str) -> None:
    """Hand an invoice over to the approved platform; a second run changes nothing."""
    from sofy.accounting.services import platform  # PDF and XML libraries: only the process that runs it loads them

    platform.deposit(client_id, UUID(invoice_id))


@every(600)
def mail_of_the_platform() -> int:
    """Every ten minutes: what waited is handed over, what is new is read, what was collected is said."""
    from sofy.accounting.services import platform

    if not platform.configured():
        return 0
    try:
        return platform.deposit_waiting() + platform.hear() + platform.tell_collected()
    except PlatformDown:
        return 0  # the next turn comes again
