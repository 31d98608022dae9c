"""The line every test of this room talks on."""

from collections.abc import AsyncIterator

import pytest

from sofy.sandbox.whatsapp_cloud.tests.factories import Line


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    """A line that is taken down at the end."""
    made = Line()
    yield made
    await made.down()
