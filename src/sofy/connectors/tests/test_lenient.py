"""What suppliers write beside what they document."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.connectors.lenient import decoder


class Inner(msgspec.Struct):
    name: str = ""
    size: int = 0


class Outer(msgspec.Struct):
    inner: Inner = msgspec.field(default_factory=Inner)
    pieces: list[msgspec.Raw] = []
    code: int = -1


read = decoder(Outer)


def test_null_says_nothing_and_loses_nothing_beside_it() -> None:
    found = read(b'{"inner": {"name": null, "size": "12"}, "pieces": null, "code": "7", "new": null}')

    assert found == Outer(Inner("", 12), [], 7)


def test_pieces_keep_what_they_say() -> None:
    found = read(b'{"code": null, "pieces": [{"a": "\xc3\xa9", "b": null}, 3]}')

    assert [msgspec.json.decode(piece) for piece in found.pieces] == [{"a": "é"}, 3]


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"code": "x"}', b'{"inner": 3}', b"null"])
def test_what_is_something_else_is_an_error(text: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        read(text)


@given(st.binary())
def test_whatever_comes_is_read_or_refused(text: bytes) -> None:
    try:
        read(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return
