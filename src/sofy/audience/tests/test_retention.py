"""After 30 days uploads, images and removed people are gone; the ledger stays."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sofy.audience.imports.errors import error_file
from sofy.audience.imports.undo import undo_import
from sofy.audience.models import ConsentEvent, Contact, Identity, ImportRow, NameToken
from sofy.audience.services.retention import expire, expire_all
from sofy.audience.tasks import expire_old
from sofy.audience.tests.factories import import_rows, make_book, person
from sofy.clients.tests.factories import make_client
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit import jobs

pytestmark = [pytest.mark.django_db, pytest.mark.clause("DPA 12")]


def test_what_is_past_its_time_goes(as_client: Any, tmp_path: Path) -> None:
    client = make_client()
    as_client(client)
    book = make_book(client)
    kept = import_rows(client, book, tmp_path / "a.csv", person(1), person(1, last="Autre"))
    undone = import_rows(client, book, tmp_path / "b.csv", person(2))
    assert kept.import_id
    assert undone.import_id
    undo_import(client_id=client.pk, import_id=undone.import_id, actor="test")
    assert expire(client_id=client.pk) == 0
    now = clock.now()
    clock.install(lambda: now + timedelta(days=31))

    gone = expire(client_id=client.pk)

    assert gone == 1
    assert (Contact.objects.count(), Identity.objects.count()) == (1, 2)
    assert NameToken.objects.values("contact_id").distinct().count() == 1
    assert not ImportRow.objects.exclude(before=None).exists()
    assert ConsentEvent.objects.count() == 4  # three consents and the one taken back
    with pytest.raises(Refused, match="file_gone"):
        error_file(client_id=client.pk, import_id=kept.import_id)


def test_the_worker_does_it_for_every_client(as_client: Any, tmp_path: Path) -> None:
    for number in (1, 2):
        client = make_client()
        as_client(client)
        done = import_rows(client, make_book(client), tmp_path / f"{number}.csv", person(number))
        assert done.import_id
        undo_import(client_id=client.pk, import_id=done.import_id, actor="test")
    now = clock.now()
    clock.install(lambda: now + timedelta(days=31))

    gone = expire_all()

    assert gone == 2
    assert expire_old in jobs.chores()
