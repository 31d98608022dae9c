"""Jobs and chores of this room. What others wrote is worked out in a job: never inside the transaction that told it."""

from uuid import UUID

from sofy.kit.jobs import client_job, every


@client_job(name="dunning.carry_out", retries=10)
def carry_out(client_id: UUID) -> None:
    """Close or open the access of a client as its contracts say."""
    from sofy.dunning.services import access

    access.carry_out(client_id)


@client_job(name="dunning.tell_contracts", retries=10)
def tell_contracts(client_id: UUID, entry: int) -> None:
    """What was decided about the access of a client becomes an event of its contracts."""
    from sofy.dunning.services import access

    access.tell_contracts(client_id, entry)


@every(900)
def remind() -> int:
    """In office hours: invoices that fall due soon or are late are brought to mind, each contract once a day."""
    from sofy.dunning.services import reminders

    return reminders.remind_all()


@every(300)
def work_out_the_day() -> int:
    """A day that begins may end the five days of a notice: each contract is worked out once a day."""
    from sofy.dunning.services import access

    return access.carry_out_waiting()
