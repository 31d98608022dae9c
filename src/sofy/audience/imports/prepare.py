"""From a record to what the tables hold: row ids, sealed values, blind indexes, name tokens.

This is where an import spends its processor time, and it runs while PostgreSQL stores the batch before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from sofy.audience.imports.rows import Record
from sofy.kernel.crypto import ClientKeys
from sofy.kernel.ids import uuid7s
from sofy.kernel.text import name_tokens

CONTACT, IDENTITY = "audience_contact", "audience_identity"
TOKEN_BYTES = 8  # a collision only shows one name too many among candidates, which are compared after opening


@dataclass(slots=True)
class Handle:
    """One identity ready to be stored."""

    id: UUID
    kind: str
    value: str
    index: bytes
    sealed: bytes
    mobile: bool
    position: int


@dataclass(slots=True)
class Prepared:
    """One row ready to become a contact, if nobody holds its identities yet."""

    record: Record
    id: UUID
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

    def tokens(self, first_name: str | None, last_name: str | None) -> list[bytes]:
        """Search tokens of a person's names, without repeats."""
        first = self._tokens(first_name) if first_name else ()
        last = self._tokens(last_name) if last_name else ()
        return list({*first, *last}) if first and last else list(first or last)

    def handles(self, record: Record) -> list[Handle]:
        """The identities of a record, indexed and sealed."""
        values = [("phone", number.e164, number.kind == "mobile", n) for n, number in enumerate(record.phones)]
        values += [("email", address, False, n) for n, address in enumerate(record.emails)]
        ids = uuid7s(len(values))
        seal, index = self.keys.seal, self.keys.index
        return [
            Handle(made, kind, value, index(kind, value), seal(IDENTITY, "value", made, value), mobile, position)
            for made, (kind, value, mobile, position) in zip(ids, values, strict=True)
        ]

    def prepare(self, records: Sequence[Record]) -> list[Prepared]:
        """Everything a batch needs that does not depend on what is stored already."""
        seal = self.keys.seal
        prepared = []
        for record, made in zip(records, uuid7s(len(records)), strict=True):
            first, last, street = record.first_name, record.last_name, record.street
            prepared.append(
                Prepared(
                    record,
                    made,
                    seal(CONTACT, "first_name", made, first) if first else None,
                    seal(CONTACT, "last_name", made, last) if last else None,
                    seal(CONTACT, "street", made, street) if street else None,
                    self.tokens(first, last) if first or last else (),
                    self.handles(record),
                )
            )
        return prepared
