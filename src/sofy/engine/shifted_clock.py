"""A clock that several processes share through a file, so that the demo, training and tests can jump in time."""

import mmap
import os
import struct
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sofy.kernel.errors import ConfigError

_FORMAT = struct.Struct("<q")  # microseconds to add to the system's clock


class FileClock:
    """The system's clock plus an offset kept in a small mapped file; every process that opened it jumps at once."""

    def __init__(self, path: Path, *, environment: str) -> None:
        """Raises: ConfigError in production, where time is never moved."""
        if environment == "production":
            raise ConfigError("SOFY_CLOCK_FILE", "a shifted clock is refused in production: remove this setting")
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if os.fstat(descriptor).st_size < _FORMAT.size:
                os.ftruncate(descriptor, _FORMAT.size)
            self._map = mmap.mmap(descriptor, _FORMAT.size)
        finally:
            os.close(descriptor)

    def __call__(self) -> datetime:
        (offset_us,) = _FORMAT.unpack(self._map[: _FORMAT.size])
        return datetime.fromtimestamp(time.time(), UTC) + timedelta(microseconds=offset_us)

    def advance_to(self, instant: datetime) -> None:
        """Make `instant` the present, here and in every process that shares the file."""
        offset = instant - datetime.fromtimestamp(time.time(), UTC)
        self._map[: _FORMAT.size] = _FORMAT.pack(round(offset.total_seconds() * 1_000_000))

    def close(self) -> None:
        self._map.close()
