"""Encryption at rest: sealed values, blind indexes and the keys of one client.

Source: DPA 7 (AES-256 at rest), DPA 13 (destroying a client's keys erases its data).
A sealed value is: version byte | 12-byte nonce | ciphertext and 16-byte tag (AES-256-GCM, NIST SP 800-38D).
Nonces are random, which is safe up to 2**32 values under one key.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from hashlib import sha256
from secrets import token_bytes
from struct import Struct
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sofy.kernel.clauses import clause

if TYPE_CHECKING:
    from hashlib import _Hash

KEY_BYTES = 32
INDEX_BYTES = 16
_VERSION = b"\x01"
_NONCE_BYTES = 12
_HEADER_BYTES = 1 + _NONCE_BYTES
_nonces = Struct(f"{_NONCE_BYTES}s").iter_unpack
_SHA256_BLOCK = 64

RowId: TypeAlias = UUID | int


class Unreadable(Exception):
    """A sealed value that does not open: another key, another place than it was sealed for, or damaged bytes."""


@lru_cache(maxsize=8192)
def _cipher(key: bytes) -> AESGCM:
    if len(key) != KEY_BYTES:
        raise ValueError(f"an AES-256 key has {KEY_BYTES} bytes, not {len(key)}")
    return AESGCM(key)


def new_key() -> bytes:
    """32 random bytes."""
    return token_bytes(KEY_BYTES)


@clause("DPA 7")
def seal(key: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """Encrypt a value so that it opens only with this key and in the place `aad` names."""
    nonce = token_bytes(_NONCE_BYTES)
    return _VERSION + nonce + _cipher(key).encrypt(nonce, plaintext, aad)


@clause("DPA 7")
def unseal(key: bytes, blob: bytes, aad: bytes) -> bytes:
    """Open a sealed value.

    Raises: Unreadable.
    """
    if blob[:1] != _VERSION:
        raise Unreadable(f"sealed value of unknown version {blob[:1].hex() or 'none'}")
    try:
        return _cipher(key).decrypt(blob[1:_HEADER_BYTES], blob[_HEADER_BYTES:], aad)
    except (InvalidTag, ValueError) as error:
        raise Unreadable("sealed value does not open: other key, other place or damaged") from error


@lru_cache(maxsize=8192)
def _hmac_states(index_key: bytes, kind: str) -> "tuple[_Hash, _Hash]":
    """The two halves of HMAC with key and kind already absorbed: copying them takes half the time of hmac.digest."""
    if len(index_key) != KEY_BYTES:
        raise ValueError(f"an index key has {KEY_BYTES} bytes, not {len(index_key)}")
    padded = index_key.ljust(_SHA256_BLOCK, b"\0")
    inner = sha256(bytes(byte ^ 0x36 for byte in padded) + kind.encode() + b"\0")
    outer = sha256(bytes(byte ^ 0x5C for byte in padded))
    return inner, outer


@clause("DPA 7")
def blind_index(index_key: bytes, kind: str, value: str) -> bytes:
    """16 bytes by which a value is found again without being readable.

    Source: RFC 2104 (HMAC-SHA256 of kind, NUL, value), truncated to 128 bits. The kind keeps the same string as a
    phone and as a name apart. Give the canonical form of the value (E.164, folded e-mail, folded name token).
    """
    return _digest(*_hmac_states(index_key, kind), value)


def _digest(inner: "_Hash", outer: "_Hash", value: str) -> bytes:
    first = inner.copy()
    first.update(value.encode())
    second = outer.copy()
    second.update(first.digest())
    return second.digest()[:INDEX_BYTES]


class ClientKeys:
    """The two keys of one client: one that encrypts its data, one that indexes it."""

    __slots__ = ("_data_key", "_index_key", "_places", "client_id")

    def __init__(self, client_id: UUID, data_key: bytes, index_key: bytes) -> None:
        self.client_id = client_id
        self._data_key = data_key
        self._index_key = index_key
        self._places: dict[tuple[str, str], bytes] = {}

    def __repr__(self) -> str:
        return f"ClientKeys({self.client_id})"  # the keys never reach a log

    @classmethod
    def generate(cls, client_id: UUID) -> "ClientKeys":
        """Fresh random keys for a new client."""
        return cls(client_id, new_key(), new_key())

    def seal(self, table: str, column: str, row_id: RowId, text: str) -> bytes:
        """Encrypt a text for one place of the database: copied to another row, column or client it does not open."""
        return seal(self._data_key, text.encode(), self._place(table, column, row_id))

    def unseal(self, table: str, column: str, row_id: RowId, blob: bytes | memoryview) -> str:
        """The text sealed for this place.

        Raises: Unreadable.
        """
        return unseal(self._data_key, bytes(blob), self._place(table, column, row_id)).decode()

    def seal_rows(self, table: str, column: str, row_ids: Sequence[bytes], texts: Sequence[bytes]) -> list[bytes]:
        """`seal` for many rows of one column, at half the price: one call for all nonces, one look for the key.

        `row_ids`: the bytes of their UUIDs.
        """
        place, encrypt = self._prefix(table, column), _cipher(self._data_key).encrypt
        nonces = _nonces(token_bytes(_NONCE_BYTES * len(row_ids)))
        return [
            _VERSION + nonce + encrypt(nonce, text, place + row_id)
            for (nonce,), row_id, text in zip(nonces, row_ids, texts, strict=True)
        ]

    def opener(self, table: str, column: str) -> Callable[[UUID, bytes], str]:
        """`unseal` for many rows of one column: a function of row id and blob that has looked everything else up."""
        place, decrypt = self._prefix(table, column), _cipher(self._data_key).decrypt

        def opened(row_id: UUID, blob: bytes) -> str:
            if blob[:1] != _VERSION:
                raise Unreadable(f"sealed value of unknown version {blob[:1].hex() or 'none'}")
            try:
                return decrypt(blob[1:_HEADER_BYTES], blob[_HEADER_BYTES:], place + row_id.bytes).decode()
            except (InvalidTag, ValueError) as error:
                raise Unreadable("sealed value does not open: other key, other place or damaged") from error

        return opened

    def index(self, kind: str, value: str) -> bytes:
        """The client's own blind index of a value: two clients index the same phone differently."""
        return blind_index(self._index_key, kind, value)

    def indexer(self, kind: str) -> Callable[[str], bytes]:
        """`index` for many values of one kind."""
        return partial(_digest, *_hmac_states(self._index_key, kind))

    def wrapped(self, master_key: bytes) -> bytes:
        """Both keys sealed under the master key, for the key store."""
        return seal(master_key, self._data_key + self._index_key, _wrap_aad(self.client_id))

    @classmethod
    def unwrap(cls, master_key: bytes, client_id: UUID, blob: bytes) -> "ClientKeys":
        """The keys of a client from the key store's blob.

        Raises: Unreadable when the master key is another one or the blob belongs to another client.
        """
        both = unseal(master_key, blob, _wrap_aad(client_id))
        return cls(client_id, both[:KEY_BYTES], both[KEY_BYTES:])

    def _place(self, table: str, column: str, row_id: RowId) -> bytes:
        return self._prefix(table, column) + (row_id.bytes if isinstance(row_id, UUID) else str(row_id).encode())

    def _prefix(self, table: str, column: str) -> bytes:
        prefix = self._places.get((table, column))
        if prefix is None:
            prefix = self.client_id.bytes + table.encode() + b"\0" + column.encode() + b"\0"
            self._places[table, column] = prefix
        return prefix


def _wrap_aad(client_id: UUID) -> bytes:
    return b"client keys\0" + client_id.bytes
