"""From a record to what the tables hold: row ids, sealed values, blind indexes, name tokens.

This is where an import spends its processor time, and it runs while PostgreSQL stores the batch before. Ids are bytes
here: a million rows make four million of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sofy.audience.bulk import row_ids, sealer
from sofy.audience.imports.rows import Record
from sofy.kernel.crypto import ClientKeys
from sofy.kernel.text import name_tokens

CONTACT, IDENTITY = "audience_contact", "audience_identity"
TOKEN_BYTES = 8  # a collision only shows one name too many among candidates, which are compared after opening


@dataclass(slots=True)
class Handle:
    """One identity ready to be stored."""

    kind: str
    value: str
    index: bytes  # its kind is part of what is hashed, so it says which identity alone
    mobile: bool
    position: int
    id: bytes = b""
    sealed: bytes = b""


def in_storing_order(handle: Handle) -> tuple[str, bytes]:
    """By kind, then as the unique index has them: neighbours are stored on the same pages."""
    return handle.kind, handle.index


@dataclass(slots=True)
class Prepared:
    """One row ready to become a contact, if nobody holds its identities yet."""

    record: Record
    id: bytes
    first_name: bytes | None
    last_name: bytes | None
    street: bytes | None
    tokens: Sequence[bytes]
    handles: list[Handle]


class Preparer:
    """Seals and indexes records under the keys of one client."""

    def __init__(self, keys: ClientKeys) -> None:
        self.keys = keys
        index = keys.index

        @lru_cache(maxsize=65536)
        def tokens(name: str) -> tuple[bytes, ...]:
            return tuple(index("name", token)[:TOKEN_BYTES] for token in name_tokens(name))

        self._tokens = tokens
        self._seal_value = sealer(keys, IDENTITY, "value")
        self._seal_first = sealer(keys, CONTACT, "first_name")
        self._seal_last = sealer(keys, CONTACT, "last_name")
        self._seal_street = sealer(keys, CONTACT, "street")

    def tokens(self, first_name: str | None, last_name: str | None) -> Sequence[bytes]:
        """Search tokens of a person's names, without repeats."""
        first = self._tokens(first_name) if first_name else ()
        last = self._tokens(last_name) if last_name else ()
        return list({*first, *last}) if first and last else first or last

    def index(self, kind: str, value: str) -> bytes:
        """Blind index of an identity: the engine's recipient index."""
        return self.keys.index(kind, value)

    def prepare(self, records: Sequence[Record]) -> list[Prepared]:
        """Everything a batch needs that does not depend on what is stored already."""
        prepared = []
        for record, made in zip(records, row_ids(len(records)), strict=True):
            first, last, street = record.first_name, record.last_name, record.street
            prepared.append(
                Prepared(
                    record,
                    made,
                    self._seal_first(made, first) if first else None,
                    self._seal_last(made, last) if last else None,
                    self._seal_street(made, street) if street else None,
                    self.tokens(first, last) if first or last else (),
                    self._handles(record),
                )
            )
        self._seal_handles([handle for each in prepared for handle in each.handles])
        return prepared

    def _handles(self, record: Record) -> list[Handle]:
        index = self.keys.index
        handles = []
        for position, number in enumerate(record.phones):
            value = number.e164
            handles.append(Handle("phone", value, index("phone", value), number.kind == "mobile", position))
        for position, value in enumerate(record.emails):
            handles.append(Handle("email", value, index("email", value), False, position))
        return handles

    def _seal_handles(self, handles: list[Handle]) -> None:
        """Ids follow the order in which identities are stored, so that two of their indexes grow in one place."""
        seal = self._seal_value
        handles.sort(key=in_storing_order)
        for handle, made in zip(handles, row_ids(len(handles)), strict=True):
            handle.id, handle.sealed = made, seal(made, handle.value)
