"""Each lint rule of the house catches what it is for and lets the right way through."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from tools.lint import house_rules as rules

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("_case", "rule", "path", "code", "caught"),
    [
        ("server clock", rules.one_clock, "src/sofy/x/services.py", "datetime.now(UTC)", True),
        ("django clock", rules.one_clock, "src/sofy/x/services.py", "timezone.now()", True),
        ("module path", rules.one_clock, "src/sofy/x/services.py", "datetime.datetime.utcnow()", True),
        ("house clock", rules.one_clock, "src/sofy/x/services.py", "clock.now()", False),
        ("the clock itself", rules.one_clock, "src/sofy/kernel/clock.py", "datetime.now(UTC)", False),
        ("one-time codes", rules.one_clock, "src/sofy/accounts/services.py", "time.time()", False),
        ("a date there", rules.one_clock, "src/sofy/accounts/services.py", "datetime.now(UTC)", True),
        ("save in a view", rules.views_never_save, "src/sofy/x/views.py", "form.instance.save()", True),
        ("save in a service", rules.views_never_save, "src/sofy/x/services.py", "row.save()", False),
        ("socket in a rule", rules.pure_rules, "src/sofy/x/rules.py", "import socket", True),
        ("file in kernel", rules.pure_rules, "src/sofy/kernel/money.py", "open('x')", True),
        ("decimal in a rule", rules.pure_rules, "src/sofy/x/rules.py", "from decimal import Decimal", False),
        ("long view", rules.views_are_short, "src/sofy/x/views.py", "def v(request):\n" + "    a = 1\n" * 30, True),
        ("short view", rules.views_are_short, "src/sofy/x/views.py", "def v(request):\n    return 1\n", False),
        ("long file", rules.files_stay_small, "src/sofy/x/queries.py", "a = 1\n" * 500, True),
        ("short file", rules.files_stay_small, "src/sofy/x/queries.py", "a = 1\n", False),
    ],
)
def test_python_rules(_case, rule, path, code, caught):
    problems = list(rule(path, ast.parse(code)))

    assert bool(problems) is caught


@pytest.mark.parametrize(
    ("_case", "rule", "text", "caught"),
    [
        ("now() in SQL", rules.sql_takes_the_clock, "UPDATE q SET due_at = now()", True),
        ("now as parameter", rules.sql_takes_the_clock, "UPDATE q SET due_at = %(now)s -- not now()", False),
        ("inline script", rules.no_inline_code, "<script>alert(1)</script>", True),
        ("inline handler", rules.no_inline_code, '<a onclick="x()">', True),
        ("inline style", rules.no_inline_code, '<p style="color:red">', True),
        ("module script", rules.no_inline_code, '<script type="module" src="/static/x.js"></script>', False),
        ("data block", rules.no_inline_code, '<script id="d" type="application/json">{}</script>', False),
        ("machine path", rules.speaks_of_the_product_alone, "see /" + "work/main", True),
        ("relative path", rules.speaks_of_the_product_alone, "see docs/how-it-works", False),
    ],
)
def test_text_rules(_case, rule, text, caught):
    problems = list(rule("src/sofy/x/file", text))

    assert bool(problems) is caught


def test_the_repository_keeps_its_rules():
    problems = [p for path in rules.tracked_files(ROOT) for p in rules.check_file(ROOT, path)]

    assert [str(p) for p in problems] == []
