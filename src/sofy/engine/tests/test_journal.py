"""What survives a kill."""

import os
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from sofy.engine import journal
from sofy.engine.journal import Answered, HandedOver, Heard, Journal, Received

ROUTE, KEY = b"r" * 16, b"k" * 32


def kill(log: Journal) -> None:
    """The lock of a process goes with it."""
    os.close(log._lock)


def test_everything_written_is_read_back(tmp_path: Path):
    log = Journal(tmp_path, uuid4())
    log.handing_over(1, ROUTE, [KEY, KEY], [0, 1])
    log.answered(Answered(2, ROUTE, [(KEY, 0, "A", "id1", "")]))
    told = [Heard(("id1", "x"), "delivered", "000", 3), Heard(("id2",), "failed", "034", 3, "other_route")]
    log.received(Received(3, ROUTE, told), b"t")

    records = list(journal.read(log.folder))

    assert records == [
        HandedOver(1, ROUTE, KEY + b"\0" + KEY + b"\1"),
        Answered(2, ROUTE, [(KEY, 0, "A", "id1", "")]),
        Received(3, ROUTE, told),
    ]


def test_receipts_of_a_version_before_call_for_nothing(tmp_path: Path):
    log = Journal(tmp_path, uuid4())
    before: list[Any] = [(("id1",), "failed", "034", 3)]
    log.received(Received(3, ROUTE, before), b"t")

    assert list(journal.read(log.folder)) == [Received(3, ROUTE, [Heard(("id1",), "failed", "034", 3, "")])]


@pytest.mark.parametrize("lost", [1, 5, 20])
def test_a_half_written_end_is_ignored(lost: int, tmp_path: Path):
    log = Journal(tmp_path, uuid4())
    log.handing_over(1, ROUTE, [KEY], [0])
    log.handing_over(2, ROUTE, [KEY], [1])
    (path,) = log.folder.glob("*.journal")
    os.truncate(path, path.stat().st_size - lost)

    assert [record.at for record in journal.read(log.folder)] == [1]


def test_only_files_before_the_oldest_open_record_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(journal, "_SEGMENT_BYTES", 100)
    log = Journal(tmp_path, uuid4())
    keys = [bytes([n]) * 32 for n in range(5)]
    for n, key in enumerate(keys):
        log.handing_over(n, ROUTE, [key], [0])

    log.settle(keys[0])
    log.settle(keys[1])
    log.settle(keys[3])
    log.trim()

    assert [record.at for record in journal.read(log.folder)] == [2, 3, 4]


def test_a_file_is_left_after_a_while_and_forgotten_when_nothing_in_it_matters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    log = Journal(tmp_path, uuid4())
    log.handing_over(1, ROUTE, [KEY], [0])
    monkeypatch.setattr(journal, "_SEGMENT_S", 0.0)

    log.trim()
    log.handing_over(2, ROUTE, [KEY], [1])
    kept = [record.at for record in journal.read(log.folder)]
    log.settle(KEY)
    log.trim()
    log.trim()

    assert kept == [1, 2]
    assert list(journal.read(log.folder)) == []
    assert len(list(log.folder.glob("*.journal"))) == 1


def test_a_full_disk_leaves_the_file_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    log = Journal(tmp_path, uuid4())
    log.handing_over(1, ROUTE, [KEY], [0])
    monkeypatch.setattr(journal, "_SEGMENT_S", 0.0)
    monkeypatch.setattr(journal, "_SEGMENT_BYTES", 1)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", _full)
        log.trim()
        with pytest.raises(OSError, match="full"):
            log.handing_over(2, ROUTE, [KEY], [0])
    log.handing_over(3, ROUTE, [KEY], [0])

    assert [record.at for record in journal.read(log.folder)] == [1, 3]


def _full(*_args: Any) -> int:
    raise OSError(28, "full")


def test_a_living_engine_is_left_alone_and_a_dead_one_found(tmp_path: Path):
    alive, dead = Journal(tmp_path, uuid4()), Journal(tmp_path, uuid4())
    dead.handing_over(1, ROUTE, [KEY], [0])
    kill(dead)

    (left,) = journal.abandoned(tmp_path)
    assert left.folder == dead.folder
    assert left.same_boot
    assert list(journal.abandoned(tmp_path)) == []
    journal.finish(left)

    assert [path.name for path in tmp_path.iterdir()] == [alive.folder.name]


def test_a_machine_that_restarted_is_noticed(tmp_path: Path):
    log = Journal(tmp_path, uuid4())
    kill(log)
    (log.folder / "lock").write_text("another boot")

    (left,) = journal.abandoned(tmp_path)

    assert not left.same_boot


def test_a_full_disk_refuses_the_hand_over_and_keeps_the_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    log = Journal(tmp_path, uuid4())
    log.handing_over(1, ROUTE, [KEY], [0])
    write = os.write

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[: len(data) // 2]))
        with pytest.raises(OSError, match="journal"):
            log.handing_over(2, ROUTE, [KEY], [0])
    log.handing_over(3, ROUTE, [KEY], [0])

    assert [record.at for record in journal.read(log.folder)] == [1, 3]


def test_an_orderly_end_leaves_no_folder(tmp_path: Path):
    log = Journal(tmp_path, uuid4())
    log.handing_over(1, ROUTE, [KEY], [0])
    log.settle(KEY)

    log.close(all_written=True)

    assert list(tmp_path.iterdir()) == []
