"""After 30 days uploads, images and removed people are gone; the ledger stays."""

import io
import shutil
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from sofy.audience import vault
from sofy.audience.imports.errors import error_file
from sofy.audience.imports.undo import undo_import
from sofy.audience.models import ConsentEvent, Contact, Identity, Import, ImportRow, NameToken
from sofy.audience.services import export, imports, optouts
from sofy.audience.services.contacts import remove
from sofy.audience.services.retention import expire, expire_all
from sofy.audience.tasks import expire_old
from sofy.audience.tests.factories import import_rows, make_book, person
from sofy.clients.tests.factories import make_client
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit import jobs
from sofy.kit.keys import keys_for

pytestmark = [pytest.mark.django_db, pytest.mark.clause("DPA 12")]


@pytest.fixture(autouse=True)
def _no_files_of_others(settings: Any) -> None:
    """Uploads of earlier tests, whose clients are gone, would be gone through as well."""
    shutil.rmtree(Path(settings.SOFY.var_dir) / "files", ignore_errors=True)


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


def test_a_contact_that_was_in_no_book_goes_too(as_client: Any) -> None:
    client = make_client()
    as_client(client)
    contact = Contact.objects.create(client_id=client.pk, first_name="Zoé")
    remove(client_id=client.pk, ids=[contact.id], actor="test")
    now = clock.now()
    clock.install(lambda: now + timedelta(days=31))

    gone = expire_all()

    assert gone == 1


def after(days: int) -> None:
    """So many days later, the job comes round."""
    now = clock.now()
    clock.install(lambda: now + timedelta(days=days))
    expire_old()
    clock.install(lambda: now)


def is_there(client: Any, file_id: UUID) -> bool:
    with suppress(Refused):
        vault.open_file(keys_for(client.pk), file_id).close()
        return True
    return False


@pytest.fixture
def client(as_client: Any) -> Any:
    made = make_client()
    as_client(made)
    return made


def test_an_export_of_contacts_goes_after_a_week(client: Any) -> None:
    file_id = uuid4()
    export.write(client_id=client.pk, file_id=file_id, wanted={}, limit=None)
    after(6)
    assert is_there(client, file_id)

    after(8)

    assert not is_there(client, file_id)


def test_an_upload_whose_import_was_never_begun_goes_after_a_week(client: Any, tmp_path: Path) -> None:
    upload = imports.store_upload(client_id=client.pk, content=io.BytesIO(b"Portable\n0639980001\n"))
    done = import_rows(client, make_book(client), tmp_path / "a.csv", person(1))
    used = UUID(Import.objects.get(id=str(done.import_id)).upload)
    after(6)
    assert is_there(client, upload)

    after(8)

    assert not is_there(client, upload)
    assert is_there(client, used)
    after(31)
    assert not is_there(client, used)


def test_a_list_of_opt_outs_goes_after_a_month_from_a_client_without_a_book(client: Any) -> None:
    content = io.BytesIO(b"Portable\n0639980001\n")
    row = optouts.start(client_id=client.pk, content=content, source="", actor="test", file_name="stop.csv")
    upload = UUID(row.upload)
    after(29)
    assert is_there(client, upload)

    after(31)

    assert not is_there(client, upload)
    row.refresh_from_db()
    assert (row.upload, row.file_name) == ("", None)


def test_the_file_of_an_import_that_never_ended_goes_too(client: Any, tmp_path: Path) -> None:
    done = import_rows(client, make_book(client), tmp_path / "a.csv", person(1))
    rows = Import.objects.filter(id=str(done.import_id))
    rows.update(state=Import.State.RUNNING, finished_at=None)
    upload = UUID(rows.get().upload)

    after(31)

    assert not is_there(client, upload)
    assert rows.get().upload == ""


def test_what_a_crash_left_half_written_goes(client: Any) -> None:
    left = vault.folder(client.pk) / f"{uuid4()}.part"
    left.write_bytes(b"half")

    after(8)

    assert not left.exists()
