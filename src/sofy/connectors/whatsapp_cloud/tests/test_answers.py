"""What the connector makes of an answer that is not 200."""

import pytest

from sofy.connectors.base import Action, Outcome, Refused
from sofy.connectors.http import Closed, Later
from sofy.connectors.whatsapp_cloud.connector import WhatsAppCloudConnector
from sofy.connectors.whatsapp_cloud.failures import REST_S
from sofy.connectors.whatsapp_cloud.tests.factories import TO, config, outgoing


class Nobody:
    """An engine that hears nothing: these answers tell it nothing by themselves."""


async def answered(status: int, code: int) -> Outcome | Later | Closed:
    """What comes of one message that Meta answered so."""
    connector = WhatsAppCloudConnector(config(), Nobody())  # type: ignore[arg-type]
    return await connector._not_taken(outgoing(to=TO), status, b'{"error": {"message": "", "code": %d}}' % code)


@pytest.mark.parametrize("code", [1, 2, 131000, 131016, 135000, 999999])
async def test_too_many_requests_slow_the_route_down_whatever_vague_code_comes_along(code: int) -> None:
    given = await answered(429, code)

    assert given == Later(str(code), slow=True)


async def test_a_code_that_says_more_counts_before_too_many_requests() -> None:
    given = await answered(429, 131026)

    assert given == Refused("131026", Action.PERMANENT, REST_S)


async def test_the_same_vague_code_alone_is_tried_again_later() -> None:
    given = await answered(500, 131000)

    assert given == Refused("131000", Action.RETRY)


@pytest.mark.parametrize(("purpose", "held"), [("marketing", Refused("resting", Action.PERMANENT)), ("alert", None)])
async def test_whom_any_engine_knows_to_rest_gets_no_marketing(purpose: str, held: Refused | None) -> None:
    connector = WhatsAppCloudConnector(config(), Nobody())  # type: ignore[arg-type]

    assert connector.held_back(outgoing(to=TO, purpose=purpose, absent=True)) == held
