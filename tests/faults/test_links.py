"""An operator on its bad days: it cuts lines, keeps them open and says nothing, dies, and has more than it can take."""

from itertools import chain
from uuid import UUID

import pytest

from sofy.connectors.smpp.failures import status_code
from sofy.engine import journal
from sofy.wire.smpp.codes import Status
from tests.faults.field import Field, check_books

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

CUT_EVERY, HALF_OPEN_EVERY = 1_709, 3_907
THROTTLE_EVERY, QUEUE_FULL_EVERY, PER_SECOND = 97, 131, 500


@pytest.mark.parametrize("binds", [1, 2])
def test_lines_cut_and_half_open_lose_nothing(field: Field, binds: int):
    recipients = 8_000
    field.start_operator(cut_every=CUT_EVERY, half_open_every=HALF_OPEN_EVERY)
    field.prepare(recipients, binds=binds, enquire_link_s=1.0, enquire_timeout_s=1.0)

    field.start_engine()
    field.wait_until_over()

    lost, taken = field.links_lost(), field.accepted().total()
    bad_days = taken // CUT_EVERY + taken // HALF_OPEN_EVERY
    assert lost["no answer to enquire_link"] >= taken // HALF_OPEN_EVERY
    assert lost.total() >= bad_days
    # The message at which the line went was taken, and nobody said so.
    assert field.statuses()["unknown"] >= bad_days
    check_books(field, recipients, lost.total())


def test_an_operator_that_dies_loses_no_message_that_it_did_not_have(field: Field):
    recipients = 2_000
    field.start_operator()
    field.prepare(recipients)
    field.start_engine()
    field.wait(lambda: field.accepted().total() > 300)

    field.kill_operator()
    field.start_operator()
    field.wait(lambda: field.left() == 0)

    # Its receipts died with it.
    check_books(field, recipients, 1, ends={"delivered", "submitted"})


def test_an_operator_that_is_full_slows_the_route_down_and_keeps_its_order(field: Field):
    recipients = 2_500
    field.start_operator(throttle_every=THROTTLE_EVERY, queue_full_every=QUEUE_FULL_EVERY, rate_per_s=PER_SECOND)
    field.prepare(recipients)

    field.start_engine()
    field.wait_until_over()

    handed, said = _hand_overs(field)
    order = list(dict.fromkeys(chain.from_iterable(handed)))
    known = field.numbers()
    numbers = {key: known[UUID(bytes=key[16:])] for key in order}
    log = [line.split()[2].lstrip("+") for line in field.log.read_text().splitlines()]
    check_books(field, recipients, 0)
    counted = field.stop_operator()

    # Said by the operator, heard by the engine; each message once, whoever said "not now" and how often.
    refused = [code for codes in said.values() for code in codes]
    assert set(refused) == {status_code(Status.RTHROTTLED), status_code(Status.RMSGQFUL)}
    assert counted["throttled"] == len(refused)
    assert counted["accepted"] == recipients == len(set(log))
    # What was never refused came in the order in which it was handed over.
    steady = [numbers[key] for key in order if key not in said]
    refused_numbers = {numbers[key] for key in said}
    assert [number for number in log if number not in refused_numbers] == steady
    # It slowed down: a route that does not is refused far more often than it is heard.
    assert len(refused) < recipients / 4


def _hand_overs(field: Field) -> tuple[list[list[bytes]], dict[bytes, list[str]]]:
    """What was handed over, group by group, and who was told "not now" and how; what was refused leaves first."""
    (folder,) = [path for path in (field.folder / "spool" / "engine").iterdir() if path.is_dir()]
    handed: list[list[bytes]] = []
    said: dict[bytes, list[str]] = {}
    turn: dict[bytes, int] = {}
    waiting: set[bytes] = set()
    for record in journal.read(folder):
        match record:
            case journal.HandedOver(_, _, keys):
                handed.append([keys[start : start + 32] for start in range(0, len(keys), 33)])
                for key in handed[-1]:
                    waiting.discard(key)
                    turn.setdefault(key, len(turn))
                    assert all(turn[key] < turn[other] for other in waiting)
            case journal.Answered(_, _, answers):
                for key, _part, kind, code, _action in answers:
                    if kind == "T":
                        waiting.add(key)
                        said.setdefault(key, []).append(code)
    return handed, said
