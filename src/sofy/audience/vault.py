"""Files of a client, encrypted on disk: uploads, error files, undo images.

Each file has its own random key, sealed under the client's data key in the file's first bytes: destroy the client's
keys and the file is noise. The content is cut into chunks sealed one by one, so that a million rows are read without
holding them in memory and a reader can go back to the start.

Layout: magic | 2-byte length | sealed head | chunks. The head is the file key in hexadecimal, then the name the file
came under: what a consent read in it names as its proof. Every chunk but the last has CHUNK bytes of content; its
place and whether it is the last are part of what is authenticated, so that a shortened or shuffled file does not
open.
"""

import io
import os
from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from uuid import UUID

from django.conf import settings

from sofy.kernel import clock
from sofy.kernel.crypto import ClientKeys, new_key, seal, unseal
from sofy.kernel.errors import Refused

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAGIC = b"SOFYFILE1"
CHUNK = 256 * 1024
KEY_DIGITS = 64
NAME_LENGTH = 200
OVERHEAD = 29  # version, nonce and tag of a sealed value


def folder(client_id: UUID) -> Path:
    """Where the files of one client are kept; created for the owner of the process only."""
    path = Path(settings.SOFY.var_dir) / "files" / str(client_id)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def store(keys: ClientKeys, file_id: UUID, content: BinaryIO, *, name: str = "") -> Path:
    """Write a stream encrypted, with the name it came under; the file appears only when it is whole."""
    path = folder(keys.client_id) / str(file_id)
    key = new_key()
    wrapped = keys.seal("file", "key", file_id, key.hex() + name[-NAME_LENGTH:])
    draft = path.with_suffix(".part")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
        target.write(MAGIC + len(wrapped).to_bytes(2) + wrapped)
        number, chunk = 0, content.read(CHUNK)
        while True:
            following = content.read(CHUNK) if len(chunk) == CHUNK else b""
            target.write(seal(key, chunk, _place(file_id, number, last=not following)))
            if not following:
                break
            number, chunk = number + 1, following
        target.flush()
        os.fsync(target.fileno())
    moment = clock.now().timestamp()
    os.utime(draft, (moment, moment))  # its age is told by the clock of the house
    draft.replace(path)
    return path


def discard(client_id: UUID, file_id: UUID) -> None:
    """Remove a file if it is there."""
    (folder(client_id) / str(file_id)).unlink(missing_ok=True)


def discard_older(client_id: UUID, before: datetime, *, keep: Collection[str] = ()) -> int:
    """Remove files nobody came back for, but for those of these names; answers how many."""
    old = [
        path
        for path in folder(client_id).iterdir()
        if path.name not in keep and path.stat().st_mtime < before.timestamp()
    ]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def clients() -> set[UUID]:
    """Everybody who has files, the platform (UUID 0) too."""
    every = Path(settings.SOFY.var_dir) / "files"
    return {UUID(path.name) for path in every.iterdir()} if every.exists() else set()


def open_file(keys: ClientKeys, file_id: UUID) -> BinaryIO:
    """Read a stored file as a seekable binary stream.

    Raises: Refused file_gone when it has expired.
    """
    return io.BufferedReader(_opened(keys, file_id), CHUNK)


def name_of(keys: ClientKeys, file_id: UUID) -> str:
    """The name a stored file came under, if it had one.

    Raises: Refused file_gone when it has expired.
    """
    with _opened(keys, file_id) as stored:
        return stored.file_name


def _opened(keys: ClientKeys, file_id: UUID) -> "_Reader":
    try:
        handle = open(folder(keys.client_id) / str(file_id), "rb")  # noqa: SIM115  closed by the reader
    except FileNotFoundError:
        raise Refused("file_gone", 410) from None
    return _Reader(handle, keys, file_id)


def _place(file_id: UUID, number: int, *, last: bool) -> bytes:
    return file_id.bytes + number.to_bytes(8) + (b"\1" if last else b"\0")


class Pieces:
    """Pieces of bytes, read as a file: for `store`."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, b""

    def read(self, size: int) -> bytes:
        """So many bytes, fewer at the end."""
        while len(self._rest) < size and (piece := next(self._pieces, b"")):
            self._rest += piece
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken


class _Reader(io.RawIOBase):
    """Decrypts one chunk at a time, the current one kept."""

    def __init__(self, handle: BinaryIO, keys: ClientKeys, file_id: UUID) -> None:
        self.handle, self.file_id = handle, file_id
        if handle.read(len(MAGIC)) != MAGIC:
            raise Refused("file_gone", 410)
        wrapped = handle.read(int.from_bytes(handle.read(2)))
        head = keys.unseal("file", "key", file_id, wrapped)
        self.key, self.file_name = bytes.fromhex(head[:KEY_DIGITS]), head[KEY_DIGITS:]
        self.start = handle.tell()
        sealed = handle.seek(0, io.SEEK_END) - self.start
        self.chunks = max(1, -(-sealed // (CHUNK + OVERHEAD)))
        self.size = sealed - self.chunks * OVERHEAD
        self.position = 0
        self.current, self.content = -1, b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.position, io.SEEK_END: self.size}[whence]
        self.position = max(0, base + offset)
        return self.position

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer)
        number, inside = divmod(self.position, CHUNK)
        if self.position >= self.size:
            return 0
        if number != self.current:
            self.handle.seek(self.start + number * (CHUNK + OVERHEAD))
            blob = self.handle.read(CHUNK + OVERHEAD)
            self.content = unseal(self.key, blob, _place(self.file_id, number, last=number == self.chunks - 1))
            self.current = number
        piece = self.content[inside : inside + len(view)]
        view[: len(piece)] = piece
        self.position += len(piece)
        return len(piece)

    def close(self) -> None:
        self.handle.close()
        super().close()
