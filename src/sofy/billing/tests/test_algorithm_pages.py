"""Each rule of money has a page, and what a page names is there."""

import re
from pathlib import Path

import pytest

from sofy.billing.tests.test_case_files import EXPECTED

ROOT = Path(__file__).resolve().parents[4]
PAGES = sorted((ROOT / "docs/algorithms").glob("*.md"))
#: Rules that make no amount.
NO_AMOUNT = {"mandates", "territories"}


@pytest.mark.parametrize("page", [page for page in PAGES if page.stem != "README"], ids=lambda page: page.stem)
def test_the_code_and_the_cases_of_a_page_are_there(page):
    words = page.read_text()
    code = re.findall(r"`(billing/[a-z_/]+(?:\.py|/)?)`", words.split("- Code:")[1])
    cases = re.findall(r"`([a-z0-9*-]+)`", words.split("- Cases:")[1])

    assert code
    assert [path for path in code if not (ROOT / "src/sofy" / path).exists()] == []
    assert [case for case in cases if not list((ROOT / "docs/reference/cases").glob(f"{case}.json"))] == []
    assert cases or page.stem == "README"


def test_every_rule_of_money_has_a_page():
    rules = {path.stem for path in (ROOT / "src/sofy/billing/rules").glob("*.py")} - {"__init__"} - NO_AMOUNT
    named = " ".join(page.read_text() for page in PAGES)

    assert {rule for rule in rules if f"billing/rules/{rule}.py" not in named} == set()


def test_amounts_of_the_pages_come_out_of_the_cases():
    """The bold figures of a page are figures that some case expects."""
    expected = {str(value) for case in EXPECTED.values() for value in case["expect"].values()}
    bold = {
        figure.replace(",", "").rstrip(".")
        for page in PAGES
        for figure in re.findall(r"\*\*([\d,]+\.\d\d)\*\*", page.read_text())
    }

    assert len(bold) > 12
    assert bold - expected == set()
