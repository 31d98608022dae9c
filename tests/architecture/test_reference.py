"""The reference pages say what the code says."""

from tools import reference


def test_reference_pages_are_up_to_date():
    late = reference.stale()

    assert late == [], "run `.venv/bin/python -m tools.reference`"
