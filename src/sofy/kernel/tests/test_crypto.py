import hashlib
import hmac
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.kernel import crypto
from sofy.kernel.crypto import ClientKeys, Unreadable

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
CLIENT, OTHER_CLIENT = UUID(int=1), UUID(int=2)
ROW, OTHER_ROW = UUID(int=3), UUID(int=4)


@pytest.mark.clause("DPA 7")
@given(st.binary(max_size=300), st.binary(max_size=60))
def test_what_is_sealed_opens_in_its_place(plaintext, aad):
    blob = crypto.seal(KEY, plaintext, aad)

    assert crypto.unseal(KEY, blob, aad) == plaintext
    assert len(blob) == 1 + 12 + len(plaintext) + 16
    assert len(plaintext) < 4 or plaintext not in blob


@pytest.mark.clause("DPA 7")
def test_the_same_value_is_never_sealed_twice_alike():
    assert crypto.seal(KEY, b"0639980001", b"") != crypto.seal(KEY, b"0639980001", b"")


SEALED = crypto.seal(KEY, b"secret", b"place")


@pytest.mark.clause("DPA 7")
@pytest.mark.parametrize(
    ("_case", "key", "blob", "aad"),
    [
        ("other key", OTHER_KEY, SEALED, b"place"),
        ("other place", KEY, SEALED, b"elsewhere"),
        ("one bit changed", KEY, SEALED[:-1] + bytes([SEALED[-1] ^ 1]), b"place"),
        ("nonce changed", KEY, SEALED[:1] + bytes(12) + SEALED[13:], b"place"),
        ("cut short", KEY, SEALED[:20], b"place"),
        ("header only", KEY, SEALED[:5], b"place"),
        ("empty", KEY, b"", b"place"),
        ("unknown version", KEY, b"\x02" + SEALED[1:], b"place"),
    ],
)
def test_anything_else_does_not_open(_case, key, blob, aad):
    with pytest.raises(Unreadable) as failure:
        crypto.unseal(key, blob, aad)

    assert "secret" not in str(failure.value)


@pytest.mark.clause("DPA 7")
@pytest.mark.parametrize("key", [b"", b"k" * 16, b"k" * 31])
def test_only_256_bit_keys_are_taken(key):
    with pytest.raises(ValueError, match="32 bytes"):
        crypto.seal(key, b"", b"")
    with pytest.raises(ValueError, match="32 bytes"):
        crypto.blind_index(key, "phone", "")


@pytest.mark.clause("DPA 7")
@given(st.binary(min_size=32, max_size=32), st.text(alphabet="abcdef", max_size=10), st.text(max_size=100))
def test_the_blind_index_is_hmac_sha256(key, kind, value):
    expected = hmac.new(key, kind.encode() + b"\0" + value.encode(), hashlib.sha256).digest()[:16]

    assert crypto.blind_index(key, kind, value) == expected


@pytest.mark.clause("DPA 7")
def test_the_index_keeps_kinds_and_clients_apart():
    index = crypto.blind_index

    assert index(KEY, "phone", "x") != index(KEY, "name", "x")
    assert index(KEY, "phone", "x") != index(OTHER_KEY, "phone", "x")


@pytest.mark.clause("DPA 7")
def test_a_clients_value_opens_only_where_it_was_put():
    keys = ClientKeys(CLIENT, KEY, KEY)
    blob = keys.seal("contact", "first_name", ROW, "Zoé")

    assert keys.unseal("contact", "first_name", ROW, blob) == "Zoé"
    assert keys.unseal("contact", "first_name", ROW, memoryview(blob)) == "Zoé"
    for table, column, row in [
        ("message", "first_name", ROW),
        ("contact", "last_name", ROW),
        ("contact", "first_name", OTHER_ROW),
    ]:
        with pytest.raises(Unreadable):
            keys.unseal(table, column, row, blob)
    with pytest.raises(Unreadable):
        ClientKeys(OTHER_CLIENT, KEY, KEY).unseal("contact", "first_name", ROW, blob)


@pytest.mark.clause("DPA 7")
def test_rows_may_have_integer_ids():
    keys = ClientKeys.generate(CLIENT)

    assert keys.unseal("t", "c", 7, keys.seal("t", "c", 7, "x")) == "x"
    with pytest.raises(Unreadable):
        keys.unseal("t", "c", 8, keys.seal("t", "c", 7, "x"))


@pytest.mark.clause("DPA 7")
def test_client_keys_survive_the_key_store():
    keys = ClientKeys.generate(CLIENT)
    blob = keys.wrapped(KEY)

    back = ClientKeys.unwrap(KEY, CLIENT, blob)

    assert back.unseal("t", "c", ROW, keys.seal("t", "c", ROW, "x")) == "x"
    assert back.index("phone", "x") == keys.index("phone", "x")


@pytest.mark.clause("DPA 7")
def test_wrapped_keys_open_for_nobody_else():
    blob = ClientKeys.generate(CLIENT).wrapped(KEY)

    with pytest.raises(Unreadable):
        ClientKeys.unwrap(OTHER_KEY, CLIENT, blob)
    with pytest.raises(Unreadable):
        ClientKeys.unwrap(KEY, OTHER_CLIENT, blob)


@pytest.mark.clause("DPA 7")
def test_keys_are_fresh_and_never_shown():
    one, two = ClientKeys.generate(CLIENT), ClientKeys.generate(CLIENT)

    assert one.index("phone", "x") != two.index("phone", "x")
    assert repr(one) == f"ClientKeys({CLIENT})"
    assert not hasattr(one, "__dict__")


def test_rows_sealed_together_open_one_by_one_and_the_other_way_round():
    keys = ClientKeys.generate(CLIENT)
    rows = [(UUID(int=number), f"Été {number}".encode()) for number in range(1, 4)]

    together = keys.seal_rows("contact", "name", [row_id.bytes for row_id, _ in rows], [text for _, text in rows])
    alone = [keys.seal("contact", "name", row_id, text.decode()) for row_id, text in rows]

    opened = keys.opener("contact", "name")
    assert [keys.unseal("contact", "name", row_id, blob) for (row_id, _), blob in zip(rows, together, strict=True)] == [
        text.decode() for _, text in rows
    ]
    assert [opened(row_id, blob) for (row_id, _), blob in zip(rows, alone, strict=True)] == [
        text.decode() for _, text in rows
    ]
    assert len({blob[1:13] for blob in together}) == len(rows)


@pytest.mark.parametrize("damage", [lambda blob: b"\x07" + blob[1:], lambda blob: blob[:-1] + b"\0", lambda _: b""])
def test_an_opener_refuses_what_does_not_open(damage):
    keys = ClientKeys.generate(CLIENT)
    (blob,) = keys.seal_rows("contact", "name", [UUID(int=1).bytes], [b"Camille"])

    with pytest.raises(Unreadable):
        keys.opener("contact", "name")(UUID(int=1), damage(blob))
    with pytest.raises(Unreadable):
        keys.opener("contact", "name")(UUID(int=2), blob)


def test_an_indexer_finds_what_was_indexed_one_by_one():
    keys = ClientKeys.generate(CLIENT)
    phone_index = keys.indexer("phone")

    for value in ("+33639980001", "+33639980002", ""):
        assert phone_index(value) == keys.index("phone", value) != keys.index("name", value)
