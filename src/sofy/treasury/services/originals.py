"""The files of banks as they came, kept beside the database under the key of the legal entity, piece by piece."""

import os
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.conf import settings

from sofy.kit.keys import keys_for

_PIECE = 1 << 20
_LENGTH = 4


def store(entity_id: UUID, file_id: UUID, source: BinaryIO) -> None:
    """Whole or not at all; pieces are sealed with their place, so that none can be left out or moved."""
    path, keys = _path(entity_id, file_id), keys_for(entity_id)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
        for place, piece in enumerate(iter(lambda: source.read(_PIECE), b"")):
            sealed = keys.seal("treasury_file", f"piece{place}", file_id, b64encode(piece).decode())
            target.write(len(sealed).to_bytes(_LENGTH, "big") + sealed)
        target.flush()
        os.fsync(target.fileno())
    part.replace(path)


def discard(entity_id: UUID, file_id: UUID) -> None:
    """Forget a file that was not taken over."""
    _path(entity_id, file_id).unlink(missing_ok=True)


def read(entity_id: UUID, file_id: UUID) -> Iterator[bytes]:
    """The bytes as they came. Raises: FileNotFoundError; Unreadable when they were changed."""
    keys = keys_for(entity_id)
    with _path(entity_id, file_id).open("rb") as kept:
        place = 0
        while length := kept.read(_LENGTH):
            sealed = kept.read(int.from_bytes(length, "big"))
            yield b64decode(keys.unseal("treasury_file", f"piece{place}", file_id, sealed))
            place += 1


def _path(entity_id: UUID, file_id: UUID) -> Path:
    return Path(settings.SOFY.var_dir) / "bank" / str(entity_id) / str(file_id)
