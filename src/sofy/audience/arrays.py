"""Columns sent to PostgreSQL as finished binary arrays: the types of the engine's, and those only this room needs."""

from collections.abc import Sequence
from datetime import date
from struct import Struct
from typing import Any, ClassVar, Self

import psycopg
from django.db import connections

from sofy.engine import pgarray
from sofy.engine.pgarray import ByteaArray, Int2Array, PgArray, TimeArray, UuidArray, micros

__all__ = [
    "BoolArray",
    "ByteaArray",
    "DateArray",
    "Float8Array",
    "IndexArray",
    "Int2Array",
    "Int4Array",
    "TextArray",
    "TimeArray",
    "UuidArray",
    "cursor",
    "micros",
]

_NULL = b"\xff\xff\xff\xff"
_LEN = Struct(">i")
_INT4 = Struct(">ii")
_FLOAT8 = Struct(">id")
_EPOCH = date(2000, 1, 1).toordinal()


class TextArray(pgarray.TextArray):
    """text[] of words that come back: titles, towns, states; each is encoded once."""

    @classmethod
    def of(cls, values: Sequence[str | None]) -> Self:
        form: dict[str | None, bytes] = {None: _NULL}
        for word in {*values} - {None}:
            raw = (word or "").encode()
            form[word] = _LEN.pack(len(raw)) + raw
        return cls._wrap(len(values), None in values, b"".join([form[value] for value in values]))


class IndexArray(ByteaArray):
    """bytea[] of values of one length without nulls: blind indexes and tokens."""

    @classmethod
    def of(cls, values: Sequence[bytes | None]) -> Self:
        if not values:
            return cls._wrap(0, False, b"")
        prefix = _LEN.pack(len(values[0] or b""))
        return cls._wrap(len(values), False, prefix + prefix.join(values))  # type: ignore[arg-type]


class BoolArray(PgArray):
    """boolean[]; None is null."""

    element_oid, array_oid = 16, 1000
    _FORM: ClassVar = {None: _NULL, True: b"\0\0\0\1\1", False: b"\0\0\0\1\0"}

    @classmethod
    def of(cls, values: Sequence[bool | None]) -> Self:
        form = cls._FORM
        return cls._wrap(len(values), None in values, b"".join([form[value] for value in values]))


class Int4Array(PgArray):
    """integer[]; None is null."""

    element_oid, array_oid = 23, 1007

    @classmethod
    def of(cls, values: Sequence[int | None]) -> Self:
        pack = _INT4.pack
        return cls._wrap(len(values), None in values, b"".join([_NULL if v is None else pack(4, v) for v in values]))


class DateArray(PgArray):
    """date[]; None is null."""

    element_oid, array_oid = 1082, 1182

    @classmethod
    def of(cls, values: Sequence[date | None]) -> Self:
        pack, epoch = _INT4.pack, _EPOCH
        body = b"".join([_NULL if v is None else pack(4, v.toordinal() - epoch) for v in values])
        return cls._wrap(len(values), None in values, body)


class Float8Array(PgArray):
    """float8[]; None is null."""

    element_oid, array_oid = 701, 1022

    @classmethod
    def of(cls, values: Sequence[float | None]) -> Self:
        pack = _FLOAT8.pack
        return cls._wrap(len(values), None in values, b"".join([_NULL if v is None else pack(8, v) for v in values]))


_DUMPERS = [pgarray._dumper(kind) for kind in (BoolArray, Int4Array, DateArray, Float8Array)]
_KINDS = (BoolArray, Int4Array, DateArray, Float8Array)


def cursor(using: str = "default") -> psycopg.Cursor[tuple[Any, ...]]:
    """A plain psycopg cursor on Django's connection, in the caller's transaction, that knows these arrays.

    Django's own cursors write parameters into the text of the statement: 5,000 people would be parsed as SQL.
    """
    wrapper = connections[using]
    wrapper.ensure_connection()
    made: psycopg.Cursor[tuple[Any, ...]] = psycopg.Cursor(wrapper.connection)
    pgarray.register(made)
    for kind, dumper in zip(_KINDS, _DUMPERS, strict=True):
        made.adapters.register_dumper(kind, dumper)
    return made
