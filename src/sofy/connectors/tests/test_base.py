"""Discovery and the kit every connector passes."""

import msgspec
import pytest

from sofy.connectors.base import Connector, Secret
from sofy.connectors.kinds import discover, secret_fields
from sofy.connectors.testkit import _missing_declarations, missing_parts


def test_connectors_are_found_by_their_folder() -> None:
    assert "smpp" in discover()
    assert all(issubclass(connector, Connector) for connector in discover().values())


@pytest.mark.parametrize("code", sorted(discover()))
def test_every_connector_is_complete(code: str) -> None:
    assert missing_parts(code) == []


def test_an_unknown_connector_is_said_to_be_missing() -> None:
    assert len(missing_parts("pigeon")) == 1


def test_secrets_are_known_by_their_type() -> None:
    assert secret_fields(discover()["smpp"].Config) == {"password"}


def test_a_secret_in_clear_is_noticed() -> None:
    class Config(msgspec.Struct, frozen=True):
        """Where to send."""

        password: str
        token: Secret

    pigeon = type("Pigeon", (Connector,), {"Config": Config, "__doc__": "Birds."})

    assert _missing_declarations(pigeon) == ["Pigeon.Config.password looks like a secret and is not of type Secret"]


def test_a_stored_configuration_is_read_and_refused_in_words() -> None:
    config = discover()["smpp"].Config
    stored = {
        "host": "127.0.0.1",
        "port": 2775,
        "system_id": "sofy",
        "password": "secret",
        "short_code": {"ton": 6, "npi": 1},
    }

    assert msgspec.convert(stored, config).short_code.ton == 6
    with pytest.raises(msgspec.ValidationError, match=r"\$\.port"):
        msgspec.convert({**stored, "port": 0}, config)
    with pytest.raises(msgspec.ValidationError, match="widnow"):
        msgspec.convert({**stored, "widnow": 10}, config)
