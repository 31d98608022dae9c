"""What a killed engine must still know: which parts were handed over, what was answered, which receipts came.

Each engine appends to numbered files in a folder of its own, one write(2) per batch: hand-overs before the bytes go to
the socket, answers and receipts before anything else is done about them. After a kill, the files are read back by
`recovery`. Only ids and the supplier's codes are in them, no personal data.

A write(2) survives the death of the process but not of the machine. The folder therefore notes the boot it was written
in: after another boot, silence in the journal proves nothing, and `recovery` takes the careful reading.
"""

import contextlib
import fcntl
import os
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from struct import Struct
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec

_FRAME = Struct("<III")
_MAGIC = 0x31594F53
_SEGMENT_BYTES = 8 << 20
#: A file is not written to for longer: what is read back after a kill is the last minute, and what was open then.
_SEGMENT_S = 30.0
_SUFFIX = ".journal"
_BYTE = [bytes((number,)) for number in range(256)]
_encode = msgspec.msgpack.Encoder().encode


class HandedOver(NamedTuple):
    """Parts about to be written: `keys` are client and message id (32 bytes) plus one byte of part number each."""

    at: int
    route: bytes
    keys: bytes


class Answered(NamedTuple):
    """What suppliers answered: (client and message id, part, kind, supplier id or code, action).

    Kinds: A accepted, R refused, F refused by a fault, T not taken now (the connector keeps it), N never written.
    Silence is no record.
    """

    at: int
    route: bytes
    answers: list[tuple[bytes, int, str, str, str]]


class Heard(NamedTuple):
    """A receipt: what it says, and what its connector says that calls for. Journals of before know no action."""

    keys: tuple[str, ...]
    status: str
    code: str
    at: int
    action: str = ""


class Received(NamedTuple):
    """Receipts taken off a link."""

    at: int
    route: bytes
    receipts: Sequence[Heard]


Record = HandedOver | Answered | Received
_KINDS: dict[str, type[Record]] = {"H": HandedOver, "A": Answered, "R": Received}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_DECODERS = {name: msgspec.msgpack.Decoder(kind) for name, kind in _KINDS.items()}


def boot_id() -> str:
    """Names this run of the machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


class Journal:
    """The files of one engine instance. `root` holds one folder per instance; the folder is locked while it lives."""

    def __init__(self, root: Path, instance: UUID) -> None:
        self.folder = root / str(instance)
        self.folder.mkdir(parents=True, mode=0o700)
        self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.write(self._lock, boot_id().encode())
        self._number = 0
        self._size = 0
        self._opened = 0.0
        self._descriptor = -1
        self._unsettled: dict[bytes, int] = {}
        self._open_next()

    def handing_over(self, at: int, route: bytes, keys: Sequence[bytes], parts: Sequence[int]) -> None:
        """Note parts about to be written.

        Raises: OSError when the disk refuses; nothing may be written to the socket then.
        """
        self._append(
            HandedOver(at, route, b"".join([key + _BYTE[part] for key, part in zip(keys, parts, strict=True)]))
        )
        number, unsettled = self._number, self._unsettled
        for key in keys:
            unsettled.setdefault(key, number)

    def answered(self, record: Answered) -> None:
        """Note what suppliers answered."""
        self._append(record)

    def received(self, record: Received, token: bytes) -> None:
        """Note receipts; `token` is settled when they are committed."""
        self._append(record)
        self._unsettled[token] = self._number

    def settle(self, token: bytes) -> None:
        """What `token` stands for is committed."""
        self._unsettled.pop(token, None)

    def trim(self) -> None:
        """Forget the files before the first record that still matters."""
        if self._size and time.monotonic() - self._opened > _SEGMENT_S:
            with contextlib.suppress(OSError):  # the file there is serves as long as the disk takes no other
                self._open_next()
        oldest = next(iter(self._unsettled.values()), self._number)
        for path in _segments(self.folder):
            if int(path.stem) < oldest:
                path.unlink()

    @property
    def unsettled(self) -> int:
        return len(self._unsettled)

    def close(self, *, all_written: bool) -> None:
        """End a life: with everything settled and written, the folder goes too."""
        os.close(self._descriptor)
        if all_written and not self._unsettled:
            remove(self.folder)
        os.close(self._lock)

    def _append(self, record: Record) -> None:
        body = _NAMES[type(record)].encode() + _encode(record)
        frame = _FRAME.pack(_MAGIC, len(body), zlib.crc32(body)) + body
        if self._size + len(frame) > _SEGMENT_BYTES and self._size:
            self._open_next()
        written = os.write(self._descriptor, frame)
        if written != len(frame):  # disk full in the middle: take the half frame back, so that the next one is found
            os.ftruncate(self._descriptor, self._size)
            raise OSError(28, "no space left for the journal of hand-overs", str(self.folder))
        self._size += written

    def _open_next(self) -> None:
        path = self.folder / f"{self._number + 1:08d}{_SUFFIX}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._number, self._descriptor, self._size, self._opened = self._number + 1, descriptor, 0, time.monotonic()


class Left(NamedTuple):
    """The folder of an engine that is gone. `same_boot`: every record it wrote can be trusted to be there."""

    instance: UUID
    folder: Path
    same_boot: bool
    lock: int


def abandoned(root: Path) -> Iterator[Left]:
    """Folders whose engine is dead, each locked for the caller, who calls `finish` when it is dealt with."""
    for folder in sorted(root.glob("*")) if root.exists() else ():
        try:
            instance = UUID(folder.name)
            descriptor = os.open(folder / "lock", os.O_RDWR)
        except (ValueError, OSError):
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        yield Left(instance, folder, os.read(descriptor, 64).decode() == boot_id(), descriptor)


def finish(left: Left) -> None:
    """An abandoned folder is dealt with."""
    remove(left.folder)
    os.close(left.lock)


def remove(folder: Path) -> None:
    """Delete a journal folder; the lock goes last, so that a half deleted folder is still found as abandoned."""
    for path in _segments(folder):
        path.unlink()
    (folder / "lock").unlink(missing_ok=True)
    folder.rmdir()


def read(folder: Path) -> Iterator[Record]:
    """Every whole record, oldest first. A half frame at the end of a file was never acted upon."""
    for path in _segments(folder):
        raw = path.read_bytes()
        position = 0
        while position + _FRAME.size <= len(raw):
            magic, length, checksum = _FRAME.unpack_from(raw, position)
            body = raw[position + _FRAME.size : position + _FRAME.size + length]
            if magic != _MAGIC or len(body) < length or zlib.crc32(body) != checksum:
                break
            kind: Literal["H", "A", "R"] = body[:1].decode()  # type: ignore[assignment]
            yield _DECODERS[kind].decode(body[1:])
            position += _FRAME.size + length


def _segments(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{_SUFFIX}"))
