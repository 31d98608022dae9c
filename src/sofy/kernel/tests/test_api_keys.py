"""The text of an API key, as it is made and as it is read."""

from uuid import UUID, uuid4

import pytest

from sofy.kernel import api_keys


def test_a_key_says_whose_it_is_and_no_two_are_alike():
    client = uuid4()

    (text, key), (other, _) = api_keys.make(client), api_keys.make(client)

    assert api_keys.read(text) == key
    assert key.client == client
    assert key.secret not in other


@pytest.mark.parametrize(
    "text", ["", "sofy_", "sofy_abc", "sofy_.secret", "sofy_!!.secret", "sofy_AAAA.secret", "other"]
)
def test_what_is_no_key_says_nothing(text: str):
    assert api_keys.read(text) is None


def test_the_digest_is_that_of_the_whole_text():
    text, key = api_keys.make(UUID(int=1))

    assert text.endswith("." + key.secret)
    assert api_keys.read(text + "x").digest != key.digest
