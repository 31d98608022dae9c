"""Settings as people bring them."""

from typing import Any

import msgspec
import pytest

from sofy.connectors.google_rbm.config import Config
from sofy.connectors.google_rbm.connector import RbmConnector
from sofy.connectors.google_rbm.tests.factories import AGENT, config, private_key
from sofy.connectors.kinds import secret_fields


def test_the_file_of_a_service_account_is_enough() -> None:
    file = {"type": "service_account", "client_email": "a@b.example", "private_key": private_key(), "project_id": "p"}

    made = config(service_account=msgspec.json.encode(file).decode(), client_email="", private_key="")

    assert (made.account.client_email, made.grants_at) == ("a@b.example", "https://oauth2.googleapis.com/token")
    assert config(token_url="http://127.0.0.1:1/token").grants_at == "http://127.0.0.1:1/token"


def test_a_key_copied_out_of_the_file_keeps_working() -> None:
    copied = private_key().replace("\n", "\\n")

    assert config(private_key=copied).key().private_numbers() == config().key().private_numbers()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"private_key": "verysecret"}, "RSA key"),
        ({"private_key": ""}, "RSA key"),
        ({"client_email": ""}, "RSA key"),
        ({"service_account": "verysecret"}, "JSON file"),
        ({"service_account": '{"private_key": "verysecret"}'}, "JSON file"),
        ({"base_url": "ftp://a.example"}, "base_url"),
        ({"agent_id": "a b"}, "agent_id"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_cannot_be_is_refused_in_words_without_the_secret(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=told) as refused:
        config(**changes)

    assert "verysecret" not in str(refused.value)


def test_what_is_secret_is_sealed_and_people_answer_at_the_agent() -> None:
    assert {"private_key", "service_account", "client_token"} <= secret_fields(Config)
    assert RbmConnector.answers_at(config()) == AGENT
