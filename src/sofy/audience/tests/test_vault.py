"""Files on disk: unreadable without the client's keys, whole or refused."""

import io
from uuid import uuid4

import pytest

from sofy.audience import vault
from sofy.kernel.crypto import ClientKeys, Unreadable
from sofy.kernel.errors import Refused

CONTENT = bytes(range(256)) * 4


@pytest.fixture
def keys() -> ClientKeys:
    return ClientKeys.generate(uuid4())


@pytest.mark.parametrize("size", [0, 1, vault.CHUNK - 1, vault.CHUNK, vault.CHUNK + 1, 3 * vault.CHUNK])
def test_round_trip(size: int, keys: ClientKeys) -> None:
    content = (CONTENT * (size // len(CONTENT) + 1))[:size]
    name = uuid4()

    path = vault.store(keys, name, io.BytesIO(content))

    with vault.open_file(keys, name) as stored:
        assert stored.read() == content
        stored.seek(size // 2)
        assert stored.read(10) == content[size // 2 : size // 2 + 10]
    assert CONTENT[:64] not in path.read_bytes()


def test_a_file_keeps_the_name_it_came_under_and_shows_it_to_its_client_alone(keys: ClientKeys) -> None:
    name = uuid4()

    path = vault.store(keys, name, io.BytesIO(CONTENT), name="fidèles 2024.csv")

    assert vault.name_of(keys, name) == "fidèles 2024.csv"
    assert b"2024" not in path.read_bytes()
    with vault.open_file(keys, name) as stored:
        assert stored.read() == CONTENT


def test_another_client_reads_nothing(keys: ClientKeys) -> None:
    name = uuid4()
    vault.store(keys, name, io.BytesIO(CONTENT))

    with pytest.raises(Unreadable):
        vault.open_file(ClientKeys.generate(keys.client_id), name)


def test_a_shortened_file_does_not_open(keys: ClientKeys) -> None:
    name = uuid4()
    path = vault.store(keys, name, io.BytesIO(bytes(2 * vault.CHUNK)))
    path.write_bytes(path.read_bytes()[: -(vault.CHUNK + vault.OVERHEAD)])

    with pytest.raises(Unreadable), vault.open_file(keys, name) as stored:
        stored.read()


def test_a_file_that_expired_is_told(keys: ClientKeys) -> None:
    name = uuid4()
    vault.store(keys, name, io.BytesIO(CONTENT))

    vault.discard(keys.client_id, name)

    with pytest.raises(Refused, match="file_gone"):
        vault.open_file(keys, name)
