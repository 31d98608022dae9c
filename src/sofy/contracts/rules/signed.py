"""The paper of an order form: the two parties and what was ordered, as one document with one hash.

It begins like a case (`sofy case run` reads its `entity`, `client` and `order_form`). Every value is written out, so
that a default which changes later changes nothing that was signed.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from sofy.contracts.rules.shapes import Entity, OrderForm, Party
from sofy.contracts.rules.values import Given, as_moment, converted

FORMAT: Final = 1


class Signed(Given, frozen=True, kw_only=True):
    """Who signed what: an order form with its parties as they were on that day."""

    entity: Entity
    client: Party
    order_form: OrderForm


class Change(msgspec.Struct, frozen=True):
    """A value that differs between two versions; None where there was, or is, none."""

    path: str
    before: str | None
    after: str | None


def paper(
    *, entity: Entity, client: Mapping[str, Any], order_form: Mapping[str, Any], number: str, at: datetime
) -> bytes:
    """The canonical bytes of an order form that is about to be sent: sorted keys, every value written out.

    The moment of signature is no part of it: the acceptance names it. `at` only stands in for it in the checks.
    Raises: msgspec.ValidationError, which says where.
    """
    form = {**order_form, "number": number, "signed_at": as_moment(at).isoformat()}
    read = Signed(entity=entity, client=converted(dict(client), Party), order_form=converted(form, OrderForm))
    plain = plainly(read)
    del plain["order_form"]["signed_at"]
    return canonical({"format": FORMAT, **plain})


def read_paper(text: str | bytes, *, signed_at: datetime) -> Signed:
    """An order form as rules take it, with the moment it was signed.

    Raises: msgspec.ValidationError, ValueError.
    """
    document = json.loads(text)
    if document.pop("format") != FORMAT:
        raise ValueError("an order form of another format")
    document["order_form"]["signed_at"] = as_moment(signed_at).isoformat()
    return converted(document, Signed)


def plainly(value: Given) -> dict[str, Any]:
    """A shape as JSON has it: amounts, days and moments as strings."""
    plain: dict[str, Any] = json.loads(json.dumps(msgspec.to_builtins(value, enc_hook=str)))
    return plain


def canonical(document: Mapping[str, Any]) -> bytes:
    """The same bytes for the same content, on any machine."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256(content: bytes) -> str:
    """What an acceptance names."""
    return hashlib.sha256(content).hexdigest()


def diff(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """What differs between two papers, in the order of their keys; items of lists by their code or place."""
    old, new = dict(_leaves(before)), dict(_leaves(after))
    paths = [*old, *(path for path in new if path not in old)]
    return [Change(path, old.get(path), new.get(path)) for path in paths if old.get(path) != new.get(path)]


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key in value:
            yield from _leaves(value[key], f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for place, item in enumerate(value):
            name = item.get("code", place) if isinstance(item, Mapping) else place
            yield from _leaves(item, f"{path}[{name}]")
    else:
        yield path, "" if value is None else str(value)
