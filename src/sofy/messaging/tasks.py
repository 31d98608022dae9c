"""Jobs of the worker; each calls the service of the same name."""

from uuid import UUID

from sofy.audience.services import stopped
from sofy.kernel.errors import Refused
from sofy.kit.jobs import client_job, every
from sofy.kit.rls import client_scope
from sofy.messaging.services import log_files, proofs, senders, service_level, stop_list, whatsapp, whatsapp_files


@client_job(name="messaging.check_stop_file", queue="imports")
def check_stop_file(*, client_id: UUID, file_id: str) -> None:
    """Look through a long file of numbers nobody may write to."""
    try:
        stop_list.check(UUID(file_id))
    except Refused as refused:
        stop_list.fail(UUID(file_id), refused.code)


@client_job(name="messaging.add_stop_file", queue="imports")
def add_stop_file(*, client_id: UUID, file_id: str) -> None:
    """Put its numbers on the list, from wherever that stands."""
    stop_list.add(UUID(file_id))


@client_job(name="messaging.take_back_stop_file", queue="imports")
def take_back_stop_file(*, client_id: UUID, file_id: str) -> None:
    """Take its numbers off the list."""
    stop_list.take_back(UUID(file_id))


@client_job(name="messaging.submit_whatsapp_template")
def submit_whatsapp_template(*, client_id: UUID, row_id: str) -> None:
    """Hand a template in at WhatsApp."""
    whatsapp.hand_in(client_id, UUID(row_id))


@every(30)
def hand_in_whatsapp_templates() -> int:
    """Twice a minute: templates that WhatsApp could not take are handed in again when it is their time."""
    return whatsapp.hand_in_waiting()


@client_job(name="messaging.synchronise_whatsapp_templates", retries=3)
def synchronise_whatsapp_templates(*, client_id: UUID) -> None:
    """Look at WhatsApp where the templates of a client stand."""
    whatsapp.synchronise(client_id)


@client_job(name="messaging.keep_whatsapp_file", retries=8)
def keep_whatsapp_file(*, client_id: UUID, inbound_id: str) -> None:
    """Fetch what somebody sent on WhatsApp; when Meta cannot be reached, again later."""
    whatsapp_files.keep(client_id, UUID(inbound_id))


@client_job(name="messaging.write_log_file", queue="exports")
def write_log_file(*, client_id: UUID, file_id: str) -> None:
    """Write messages that somebody searched to a file."""
    log_files.write(client_id, UUID(file_id))


@every(60)
def mark_stopped() -> int:
    """Every minute: numbers that came in, or a list that changed, are compared; counts then say what the gate will."""
    version = stop_list.version()
    return stopped.check_all(version=version, listed=stop_list.listed) if version else 0


@every(6 * 3600)
def expire_stop_files() -> int:
    """Four times a day: files nobody said yes to go."""
    return stop_list.expire()


@every(6 * 3600)
def look_after_proofs() -> int:
    """Four times a day: names whose letter has expired wait for another, documents nobody needs go."""
    lapsed = 0
    for client_id in proofs.clients_with_proofs():
        with client_scope(client_id):
            lapsed += senders.lapse(client_id)
            proofs.forget(client_id)
    return lapsed


@every(6 * 3600)
def forget_log_files() -> int:
    """Four times a day: files of the message log go after a week."""
    return log_files.discard_old()


@every(30)
def count_service_levels() -> int:
    """All the time: what became of the deadlines of messages, client by client and day by day."""
    return service_level.count_all()
