"""The address where a person says no."""

import re
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from sofy.kernel import opt_out

KEY, OTHER = b"k" * 32, b"o" * 32
CLIENT, MESSAGE = UUID(int=7), UUID(int=1 << 90)


def test_an_address_tells_client_and_message():
    token = opt_out.make(KEY, CLIENT, MESSAGE)

    assert opt_out.read(KEY, token) == (CLIENT, MESSAGE)
    assert opt_out.url("https://x.example", KEY, CLIENT, MESSAGE) == f"https://x.example/u/{token}"
    assert re.fullmatch(r"[A-Za-z0-9_-]{64}", token), "nothing that a mail program breaks or encodes"


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_every_pair_comes_back(client, message):
    pair = UUID(bytes=client), UUID(bytes=message)

    assert opt_out.read(KEY, opt_out.make(KEY, *pair)) == pair


def test_a_token_of_another_key_is_none_of_ours():
    assert opt_out.read(OTHER, opt_out.make(KEY, CLIENT, MESSAGE)) is None


@given(st.integers(0, 63), st.sampled_from("ABab01-_ é="))
def test_one_changed_letter_is_refused(place, letter):
    token = opt_out.make(KEY, CLIENT, MESSAGE)
    changed = token[:place] + letter + token[place + 1 :]

    assert changed == token or opt_out.read(KEY, changed) is None


@given(st.text(max_size=80))
def test_whatever_is_typed_is_no_error(text):
    assert opt_out.read(KEY, text) is None
