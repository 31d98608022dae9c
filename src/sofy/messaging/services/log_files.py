"""Messages that somebody searched, as a file for a spreadsheet: written by the worker, sealed, kept a week."""

from datetime import timedelta
from typing import Final

from sofy.audience import vault
from sofy.kernel import clock
from sofy.kit.rls import client_scope, staff_scope
from sofy.messaging.models import LogFile

KEPT: Final = timedelta(days=7)


def discard_old() -> int:
    """Remove files nobody needs any more, of every client; answers how many."""
    with staff_scope():
        old = list(
            LogFile.objects.using("staff").filter(asked_at__lte=clock.now() - KEPT).values_list("client_id", "id")
        )
    for client_id, file_id in old:
        with client_scope(client_id):
            vault.discard(client_id, file_id)
            LogFile.objects.filter(client_id=client_id, id=file_id).delete()
    return len(old)
