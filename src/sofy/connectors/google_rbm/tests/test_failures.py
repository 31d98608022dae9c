"""What is done about each answer."""

import pytest

from sofy.connectors.base import Action
from sofy.connectors.google_rbm.failures import TABLE, failure_of


@pytest.mark.clause("CGVU 14.3")
@pytest.mark.parametrize(
    ("status", "code", "action"),
    [
        (400, "invalid_argument", Action.PERMANENT),
        (401, "unauthenticated", Action.CONFIGURATION),
        (403, "permission_denied", Action.CONFIGURATION),
        (404, "not_rcs", Action.PERMANENT),
        (413, "rcs_too_large", Action.PERMANENT),
        (429, "resource_exhausted", Action.SLOW_LINK),
        (418, "http_418", Action.OTHER_ROUTE),
        (302, "http_302", Action.OTHER_ROUTE),
    ],
)
def test_each_answer_has_its_action(status: int, code: str, action: Action) -> None:
    failure = failure_of(status)

    assert (failure.code, failure.action) == (code, action)


@pytest.mark.clause("CGVU 14.3")
def test_no_answer_speaks_against_a_number() -> None:
    """A phone without RCS takes SMS."""
    assert Action.SUPPRESS not in {failure_of(row.status).action for row in TABLE}
