"""Jobs of this room."""

from typing import Final
from uuid import UUID

from sofy.kit.jobs import app, client_job, every

#: The day of a month on which receipts of the last one are in.
SETTLED_ON: Final = 4


@client_job(name="billing.render_invoice", retries=10)
def render_invoice(client_id: UUID, invoice_id: str) -> None:
    """Write the Factur-X of a frozen document; a second run changes nothing."""
    from sofy.billing.services import rendering  # PDF and XML libraries: only the process that runs it loads them

    rendering.render(client_id, UUID(invoice_id))


@client_job(name="billing.take_notice", retries=10)
def take_notice(client_id: UUID, notice_id: str) -> None:
    """A notice becomes an event of the contracts it is about. A job: the log is never written inside the outbox."""
    from sofy.billing.services import facts

    facts.notice_recorded(client_id, UUID(notice_id))


@client_job(name="billing.take_delivery", retries=10)
def take_delivery(client_id: UUID, notice_id: str) -> None:
    """So does the proof that it arrived."""
    from sofy.billing.services import facts

    facts.notice_delivered(client_id, UUID(notice_id))


@client_job(name="billing.take_opening", retries=10)
def take_opening(client_id: UUID, establishment_id: str) -> None:
    """And a point of sale beyond the order."""
    from sofy.billing.services import facts

    facts.opened(client_id, UUID(establishment_id))


@app.task(name="billing.run_month", queue="exports")
def run_month(*, entity_id: str, month: str, actor: str) -> None:
    """Issue the invoices of a month; one that was cut off is continued by the next."""
    from sofy.billing.services import runs

    runs.run(UUID(entity_id), runs.month_of(month), actor=actor)


@every(24 * 3600)
def licences_today() -> int:
    """Every day: what a contract licenses, where points of sale that were given up go away with a period."""
    from sofy.billing.services import licences

    return licences.carry_out_all()


@every(24 * 3600)
def routing_of_last_month() -> int:
    """From the fourth day of a month, when the last one is counted: how it was routed becomes part of each contract."""
    from sofy.billing.services import freezing, service_level
    from sofy.contracts.rules.term import add_months

    today = freezing.today()
    return service_level.routed(add_months(today.replace(day=1), -1)) if today.day >= SETTLED_ON else 0


@every(3600)
def invoices_of_today() -> int:
    """Every day, from six in the morning in Paris: what follows from every contract is issued; answers how much."""
    from sofy.billing.services import runs

    return runs.catch_up_today()


@every(3600)
def vat_numbers() -> int:
    """Every hour: numbers that invoices wait for are asked about again."""
    from django.conf import settings

    from sofy.billing.services import vat_checks

    register = vat_checks.register_of(settings.SOFY)
    return vat_checks.ask_all(register) if register is not None else 0


@every(600)
def count_usage() -> int:
    """What clients used this month, as their page shows it."""
    from sofy.billing.services import counting

    return counting.count_all()
