"""What is kept for a time and then goes.

After 30 days uploads of imports, undo images and people taken out of the base; after 7 days files nobody is bound to:
exports, and uploads whose import was never begun.
"""

from datetime import timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Q

from sofy.audience import ledger, vault
from sofy.audience.arrays import cursor
from sofy.audience.imports.undo import WITHIN
from sofy.audience.models import (
    BulkEdit,
    BulkItem,
    Contact,
    ContactAttribute,
    Identity,
    Import,
    ImportRow,
    Membership,
    NameToken,
)
from sofy.audience.services import stopped
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kit.audit import PLATFORM
from sofy.kit.rls import client_scope

BATCH = 2000
AFTER: timedelta = WITHIN
#: Files without an import: exports, abandoned uploads, what a crash left half written.
LOOSE_FILES_KEPT = timedelta(days=7)


def expire_all() -> int:
    """Do it for every client; answers how many contacts went for good."""
    with connection.cursor() as cur:
        cur.execute("SELECT audience_clients()")
        clients = {row[0] for row in cur.fetchall()} | vault.clients() - {PLATFORM}
    return sum(expire(client_id=client_id) for client_id in clients)


@clause("DPA 12")
def expire(*, client_id: UUID) -> int:
    """Remove what is past its time; answers how many contacts went for good. The ledger keeps its keyed hashes.

    Run once a day per client; a merged contact stays as long as it can be taken apart.
    """
    before = clock.now() - AFTER
    with client_scope(client_id):
        mine = Import.objects.filter(client_id=client_id).exclude(upload="")
        old = mine.filter(Q(finished_at__lt=before) | Q(finished_at=None, started_at__lt=before))
        for row in old:
            vault.discard(client_id, UUID(row.upload))
            ImportRow.objects.filter(client_id=client_id, import_id=row.id).update(before=None)
        old.update(upload="", file_name=None)
        bound = set(mine.values_list("upload", flat=True))
        vault.discard_older(client_id, clock.now() - LOOSE_FILES_KEPT, keep=bound)
        finished = BulkEdit.objects.filter(client_id=client_id, finished_at__lt=before)
        BulkItem.objects.filter(client_id=client_id, bulk_id__in=finished.values("id")).delete()
    gone = 0
    while removed := _purge(client_id):
        gone += removed
    with client_scope(client_id):
        stopped.forget(client_id=client_id)
    return gone


def _purge(client_id: UUID) -> int:
    before = clock.now() - AFTER
    with client_scope(client_id):
        ledger.lock(cursor(), client_id)
        rows = Contact.objects.filter(client_id=client_id, deleted_at__lt=before, merged_into=None)
        ids = list(rows.values_list("id", flat=True)[:BATCH])
        mine = {"client_id": client_id, "contact_id__in": ids}
        Identity.objects.filter(**mine).delete()
        NameToken.objects.filter(**mine).delete()
        Membership.objects.filter(**mine).delete()
        ContactAttribute.objects.filter(**mine).delete()
        Contact.objects.filter(client_id=client_id, id__in=ids).delete()
    return len(ids)
