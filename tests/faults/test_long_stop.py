"""A STOP in two parts, and the engine killed between them: the operator was told that it has the first."""

import asyncio
from collections.abc import Callable

import pytest

from sofy.connectors.smpp.tests import foreign
from sofy.connectors.smpp.tests.foreign import ForeignSmsc, deliver
from tests.faults.field import PATIENCE_S, Field

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

PHONE = b"33700000000"
UDHI = 0x40


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.05)


def _part(number: int, octets: bytes) -> bytes:
    header = bytes((5, 0, 3, 42, 2, number))
    return deliver(number, header + octets, esm=UDHI, source=PHONE, to=b"36123")


@pytest.mark.clause("CGVU 14.1", "CGVU 17")
async def test_a_stop_in_two_parts_survives_a_kill_between_them(field: Field):
    smsc = ForeignSmsc()
    await smsc.listen()
    field.port = smsc.port
    field.prepare(1)
    field.start_engine()
    await _until(lambda: field.statuses()["submitted"] == 1)

    smsc.say(_part(2, b"OP"))
    await _until(lambda: bool(smsc.of(foreign.DELIVER_RESP)))
    field.kill_engine()
    assert smsc.of(foreign.DELIVER_RESP)[0][1] == 0  # it will never come again
    field.start_engine()
    await _until(lambda: smsc.binds == 2)
    smsc.say(_part(1, b"ST"))
    await _until(lambda: len(smsc.of(foreign.DELIVER_RESP)) == 2)

    assert field.rows("SELECT state FROM gate_permission") == [("opposed",)]
    assert field.rows("SELECT keyword FROM engine_inbound") == [("stop",)]
    assert field.rows("SELECT count(*) FROM engine_inbound_part") == [(0,)]
    field.stop()
    await smsc.close()
