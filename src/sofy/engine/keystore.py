"""Where keys live: one master key, one wrapped file per client, outside PostgreSQL and in no dump of it.

Source: DPA 7 (encryption at rest), DPA 13 (end of the contract: destroying the file erases what it opened).
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

from sofy.kernel import crypto
from sofy.kernel.clauses import clause
from sofy.kernel.crypto import ClientKeys
from sofy.kernel.errors import ConfigError, Refused

#: Of what is nobody's in particular.
PLATFORM: Final = UUID(int=0)


class KeyStoreConfig(Protocol):
    """What is needed of `kernel.config.Config`."""

    @property
    def secrets_dir(self) -> Path: ...
    @property
    def master_key_file(self) -> Path: ...


class KeyStore:
    """The keys of every client, and two of the platform: its index key (engine only) and its entity keys."""

    def __init__(self, config: KeyStoreConfig) -> None:
        self._master_path = Path(config.master_key_file)
        self._folder = Path(config.secrets_dir) / "keys"
        self._master: bytes | None = None
        self._clients: dict[UUID, tuple[ClientKeys, tuple[int, int]]] = {}

    def client(self, client_id: UUID) -> ClientKeys:
        """The keys of one client; a file another process destroyed or replaced is noticed.

        Raises: Refused("key_destroyed") when the client has no key (any more).
        """
        path = self._path(client_id)
        try:
            status = path.stat()
        except FileNotFoundError:
            self._clients.pop(client_id, None)
            raise Refused("key_destroyed", 410, client_id=str(client_id)) from None
        stamp = (status.st_ino, status.st_mtime_ns)
        known = self._clients.get(client_id)
        if known and known[1] == stamp:
            return known[0]
        keys = ClientKeys.unwrap(self._master_key(), client_id, path.read_bytes())
        self._clients[client_id] = (keys, stamp)
        return keys

    def create(self, client_id: UUID) -> ClientKeys:
        """Make the keys of a client, or answer those it has: creating twice never loses data."""
        with suppress(Refused):
            return self.client(client_id)
        keys = ClientKeys.generate(client_id)
        _write_once(self._path(client_id), keys.wrapped(self._master_key()))
        return self.client(client_id)

    @clause("DPA 13")
    def destroy(self, client_id: UUID) -> bool:
        """Erase the keys of a client, and with them everything sealed for it; says whether there were any."""
        self._clients.pop(client_id, None)
        path = self._path(client_id)
        try:
            with path.open("r+b") as stream:
                stream.write(os.urandom(path.stat().st_size))
                stream.flush()
                os.fsync(stream.fileno())
            path.unlink()
        except FileNotFoundError:
            return False
        return True

    def platform(self) -> ClientKeys:
        """The keys of the platform's own look-ups (numbers nobody may write to, who wrote last).

        Only the engine may use them, and the service by which staff fill the list the engine reads.
        """
        return self.create(PLATFORM)

    def entity(self, name: str) -> bytes:
        """The key of what the operator holds as controller (invoices, mandates, route secrets): never a client's."""
        if not name.isidentifier():
            raise ValueError(f"an entity name is a plain word, not {name!r}")
        path = self._folder / f"entity-{name}.key"
        aad = b"entity key\0" + name.encode()
        if not path.exists():
            _write_once(path, crypto.seal(self._master_key(), crypto.new_key(), aad))
        return crypto.unseal(self._master_key(), path.read_bytes(), aad)

    def _path(self, client_id: UUID) -> Path:
        return self._folder / f"{client_id}.key"

    def _master_key(self) -> bytes:
        if self._master is None:
            if not self._master_path.exists():
                if self._folder.exists() and any(self._folder.iterdir()):
                    raise ConfigError(
                        "SOFY_MASTER_KEY_FILE",
                        f"{self._master_path} is missing while client keys exist: restore it from its backup",
                    )
                _write_once(self._master_path, crypto.new_key())
            key = self._master_path.read_bytes()
            if len(key) != crypto.KEY_BYTES:
                raise ConfigError("SOFY_MASTER_KEY_FILE", f"{self._master_path} must hold {crypto.KEY_BYTES} bytes")
            self._master = key
        return self._master


def _write_once(path: Path, content: bytes) -> None:
    """Create a private file with its content or not at all; when another process was first, its file stands."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
