"""Reports as files: at once when they are about few people, written by a job when they are about many."""

import io
from datetime import timedelta
from typing import BinaryIO
from uuid import UUID

from django.utils import translation

from sofy.audience import vault
from sofy.clients.models import Client
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.jobs import defer
from sofy.kit.keys import keys_for
from sofy.kit.rls import client_scope
from sofy.soreach import export, report
from sofy.soreach.models import Campaign, ReportFile

#: People a page may wait for; more are written by the worker.
DIRECT = 5_000
#: A sheet is put together in memory, never in clear on a disk: more people than this are a table (CSV).
MOST_IN_SHEET = 100_000
KEPT = timedelta(days=7)


def note(campaign: Campaign, *, kind: str, actor: str) -> None:
    """The journal tells who took the report."""
    audit.append(campaign.client_id, "report.exported", actor, {"campaign": str(campaign.id), "format": kind})


def size(campaign: Campaign) -> int:
    """How many rows the table of people has."""
    return report.progress(campaign).recipients + sum(report.exclusions(campaign).values())


def by_job(client: Client, campaign: Campaign, *, kind: str, language: str, actor: str) -> ReportFile:
    """Have the file written. Raises: Refused (sheet_too_long)."""
    from sofy.soreach.tasks import write_report_file

    if kind == "xlsx" and size(campaign) > MOST_IN_SHEET:
        raise Refused("sheet_too_long", most=MOST_IN_SHEET)
    seen = client.viewer_establishments
    row = ReportFile.objects.create(
        client_id=client.pk,
        campaign=campaign,
        kind=kind,
        language=language,
        actor=actor,
        establishments=None if seen is None else sorted(str(place) for place in seen),
    )
    defer(write_report_file, client.pk, file_id=row.pk)
    note(campaign, kind=kind, actor=actor)
    return row


def write(client_id: UUID, file_id: UUID) -> None:
    """What the job does: the file, a piece at a time, encrypted on its way to the disk; a second run is harmless."""
    with client_scope(client_id):
        row = ReportFile.objects.select_related("campaign").filter(client_id=client_id, pk=file_id).first()
        if row is None or row.ready_at is not None:
            return
        client = Client.objects.get(pk=client_id)
        if row.establishments is not None:
            client.viewer_establishments = frozenset(UUID(place) for place in row.establishments)
        with translation.override(row.language):
            if row.kind == "xlsx":
                content: BinaryIO = io.BytesIO(export.to_xlsx(client, row.campaign))
            else:
                content = vault.Pieces(export.csv_pieces(client, row.campaign))  # type: ignore[assignment]
            vault.store(keys_for(client_id), row.pk, content)
        row.ready_at = clock.now()
        row.save(update_fields=["ready_at"])


def find(client_id: UUID, file_id: UUID, *, actor: str) -> ReportFile | None:
    """A file for whoever asked for it; to anybody else there is none."""
    rows = ReportFile.objects.select_related("campaign").filter(client_id=client_id, pk=file_id, actor=actor)
    return rows.filter(asked_at__gt=clock.now() - KEPT).first()


def open_file(row: ReportFile) -> BinaryIO:
    """The content. Raises: Refused file_gone."""
    return vault.open_file(keys_for(row.client_id), row.pk)


def discard_old(client_id: UUID) -> int:
    """Remove files nobody needs any more; inside the client's scope."""
    old = list(ReportFile.objects.filter(client_id=client_id, asked_at__lte=clock.now() - KEPT))
    for row in old:
        vault.discard(client_id, row.pk)
        row.delete()
    return len(old)
