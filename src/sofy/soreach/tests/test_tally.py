"""The ledger of a campaign is read once, whatever time it took."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sofy.kernel import clock
from sofy.kit.rls import client_scope
from sofy.soreach import tally

HOUR, DAY = 3_600, 86_400


def read(world, left_in_s, receipts_s):
    """The sums of nine messages that left in so many seconds and came at these; how often the ledger was read."""
    campaign = world.sent()
    campaign.finished_at = campaign.starts_at + timedelta(seconds=left_in_s)
    with world.database.connect("admin", autocommit=True) as admin:
        rows = admin.execute("SELECT message_id FROM engine_state WHERE status = 'delivered'").fetchall()
        for (message_id,), second in zip(rows, receipts_s, strict=True):
            at = clock.DEMO_START + timedelta(seconds=second)
            admin.execute("UPDATE engine_state SET final_at = %s WHERE message_id = %s", [at, message_id])
    with client_scope(world.client.pk), CaptureQueriesContext(connection) as asked:
        shares, curve = tally.read(campaign)
    return shares, curve, sum("FROM engine_state" in query["sql"] for query in asked)


@pytest.mark.parametrize(
    ("_case", "left_in_s", "receipts_s", "step_s", "per_step", "readings"),
    [
        ("within seconds", 12, [0, 0, 1, 2, 2, 2, 5, 9, 9], 1, [2, 1, 3, 0, 0, 1, 0, 0, 0, 2], 1),
        ("within minutes", 130, [0, 1, 4, 5, 9, 10, 11, 12, 129], 5, [3, 2, 3, *[0] * 22, 1], 1),
        ("some much later", 12, [0, 1, 2, 3, 4, 5, 6, 7, HOUR], 300, [8, *[0] * 11, 1], 1),
        ("over days", 2 * DAY, [0, 1, 2, 3, 4, 5, 6, 7, 2 * DAY], HOUR, [8, *[0] * 47, 1], 1),
        ("in far less time", 2 * DAY, [0, 0, 1, 2, 2, 2, 3, 3, 3], 1, [2, 1, 3, 3], 2),
    ],
)  # fmt: skip
def test_receipts_are_counted_in_steps_of_the_time_they_took(
    _case, left_in_s, receipts_s, step_s, per_step, readings, world
):
    shares, curve, read_times = read(world, left_in_s, receipts_s)

    assert curve.step_s == step_s
    assert [people for _at, people in curve.timeline()] == per_step
    assert timedelta(0) <= clock.DEMO_START - curve.timeline()[0][0] < timedelta(seconds=step_s)
    assert sum(map(sum, curve.heat())) == 9
    assert {share.status: share.people for share in shares} == {
        "delivered": 9, "failed": 1, "withheld": 1, "unknown": 1
    }  # fmt: skip
    assert read_times == readings


def test_nobody_has_received_anything_yet(world):
    campaign = world.sent()
    with world.database.connect("admin", autocommit=True) as admin:
        admin.execute("UPDATE engine_state SET status = 'submitted', final_at = NULL")

    with client_scope(world.client.pk):
        shares, curve = tally.read(campaign)

    assert [(share.status, share.people) for share in shares if not share.reason] == [("submitted", 9)]
    assert (curve.timeline(), sum(map(sum, curve.heat()))) == ([], 0)
