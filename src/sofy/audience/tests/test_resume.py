"""An import whose process is killed goes on where it was, and ends with the same counts."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from sofy.audience.imports import run
from sofy.audience.models import ConsentEvent, Contact, Identity, Import, ImportRow
from sofy.audience.services.imports import import_file, resume_import
from sofy.audience.tests.factories import make_book, person, write_csv
from sofy.clients.tests.factories import make_client
from sofy.kit.rls import client_scope

ROWS = 3000


@pytest.mark.parametrize("kill_after", [1, 400, 1500])
def test_killed_in_the_middle(kill_after: int, engine_db: Any, tmp_path: Path) -> None:
    client = make_client()
    book = make_book(client)
    rows = [person(n, consent=("oui", "non", "")[n % 3]) for n in range(ROWS - 2)]
    path = write_csv(tmp_path / "a.csv", *rows, person(1, town="Évry"), person(0, phone="x", email=""))
    child = subprocess.Popen(
        [sys.executable, "-m", "sofy.audience.tests.import_worker", str(client.pk), str(book.id), str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert child.stdout
    for line in child.stdout:
        if int(line) >= kill_after:
            os.kill(child.pid, signal.SIGKILL)
            break
    child.wait(30)
    child.stdout.close()
    with client_scope(client.pk):
        killed = Import.objects.get()
        assert killed.state == "running"
        assert kill_after <= killed.done < ROWS
        assert ImportRow.objects.count() == killed.done

    result = resume_import(client_id=client.pk, import_id=killed.id)

    assert (result.imported, result.updated, result.rejected) == (ROWS - 2, 1, 1)
    with client_scope(client.pk):
        assert (Contact.objects.count(), Identity.objects.count()) == (ROWS - 2, 2 * (ROWS - 2))
        assert ConsentEvent.objects.count() == len({(e.identity_index, e.line) for e in ConsentEvent.objects.all()})
        assert ImportRow.objects.count() == ROWS
    assert resume_import(client_id=client.pk, import_id=killed.id) == result  # a second time is harmless


def test_batches_are_stored_by_another_hand(engine_db: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "BATCH_ROWS", 100)
    client = make_client()
    book = make_book(client)
    path = write_csv(tmp_path / "a.csv", *(person(n) for n in range(1050)))
    seen: list[int] = []

    result = import_file(
        client_id=client.pk,
        book_id=book.id,
        path=path,
        legal_basis="consent",
        source="till",
        progress=lambda done, total: seen.append(done) if total == 1050 else None,
    )

    assert (result.imported, result.reachable_sms) == (1050, 1050)
    assert seen[-1] == 1050
    assert seen == sorted(seen)


def test_a_failure_of_the_storing_hand_is_told(engine_db: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = make_client()
    book = make_book(client)
    path = write_csv(tmp_path / "a.csv", *(person(n) for n in range(10)))

    def fail(*_: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(run, "write_batch", fail)
        with pytest.raises(OSError, match="disk full"):
            import_file(client_id=client.pk, book_id=book.id, path=path, legal_basis="consent", source="till")
    with client_scope(client.pk):
        (row,) = Import.objects.all()

    assert row.state == "running"
    assert resume_import(client_id=client.pk, import_id=row.id).imported == 10


def test_nothing_is_stored_after_a_batch_that_failed(
    engine_db: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "BATCH_ROWS", 10)
    client = make_client()
    book = make_book(client)
    path = write_csv(tmp_path / "a.csv", *(person(n) for n in range(100)))
    store, stored = run.write_batch, iter(range(100))

    def fail_at_the_third(*batch: Any) -> None:
        if next(stored) == 2:
            raise OSError("disk full")  # before it says that PostgreSQL has the batch
        store(*batch)

    with monkeypatch.context() as patch:
        patch.setattr(run, "write_batch", fail_at_the_third)
        with pytest.raises(OSError, match="disk full"):
            import_file(client_id=client.pk, book_id=book.id, path=path, legal_basis="consent", source="till")
    with client_scope(client.pk):
        row = Import.objects.get()

    assert (row.state, row.done) == ("running", 20)
    result = resume_import(client_id=client.pk, import_id=row.id)
    assert (result.imported, result.updated) == (100, 0)


def test_two_imports_at_once_make_each_person_once(
    engine_db: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "BATCH_ROWS", 50)
    client = make_client()
    book = make_book(client)
    paths = [write_csv(tmp_path / name, *(person(n) for n in range(600))) for name in ("a.csv", "b.csv")]

    def bring_in(path: Path) -> tuple[int, int]:
        try:
            done = import_file(client_id=client.pk, book_id=book.id, path=path, legal_basis="consent", source="till")
            return done.imported, done.updated
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(bring_in, paths))

    assert [sum(column) for column in zip(*counts, strict=True)] == [600, 600]
    with client_scope(client.pk):
        assert (Contact.objects.count(), Identity.objects.count()) == (600, 1200)
