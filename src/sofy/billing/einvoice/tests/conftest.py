"""One validator for all tests of the room: compiling the rules takes longer than most tests."""

from collections.abc import Iterator

import pytest

from sofy.billing.einvoice.validator import Validator


@pytest.fixture(scope="session")
def validator() -> Iterator[Validator]:
    with Validator() as one:
        yield one
