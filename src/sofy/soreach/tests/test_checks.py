"""Whom a campaign reaches is said before it is launched."""

from uuid import uuid4

import pytest

from sofy.soreach.models import Campaign
from sofy.soreach.services import checks
from sofy.soreach.services.estimate import Estimate


@pytest.mark.clause("CGVU 17")
@pytest.mark.parametrize(
    ("chosen", "reachable", "code"),
    [(False, 3, "no_segment"), (True, 0, "nobody_reachable"), (True, 3, "consent")],
)
def test_who_may_not_be_written_to_is_counted_before_the_launch(chosen: bool, reachable: int, code: str):
    campaign = Campaign(segment_ids=[str(uuid4())] if chosen else [])
    estimate = Estimate(reachable=reachable, reach={"ok": reachable, "no_consent": 2}, sampled=reachable)

    (check,) = checks._audience(campaign, estimate)

    assert check.code == code
    assert code != "consent" or check.facts == {"reachable": 3, "left_out": 2}
