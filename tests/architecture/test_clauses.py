"""Each article in scope is carried out by code, and its tests notice when that code is broken.

The last test replaces each listed function by one that raises and runs the tests of its article until one fails: a
clause whose tests pass without its rule proves nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sofy.kernel.clauses import IN_SCOPE, REGISTRY, code_name
from sofy.project.commands import clauses

BREAKER = "tests.architecture.clause_breaker"
ROOT = Path(__file__).resolve().parents[2]

clauses.load_rules()
TESTS = clauses.tests_by_article(ROOT)
RULES = sorted({(code_name(rule), ref) for ref, rules in REGISTRY.items() for rule in rules if ref in IN_SCOPE})
BY_RULE = {name: [ref for other, ref in RULES if other == name] for name, _ in RULES}


@pytest.mark.parametrize("ref", sorted(IN_SCOPE))
def test_every_article_in_scope_has_code_and_tests(ref):
    code = [code_name(rule) for rule in REGISTRY.get(ref, ())]

    assert code, f"no function carries @clause({ref!r})"
    assert TESTS.get(ref), f"no test carries @pytest.mark.clause({ref!r})"


@pytest.mark.slow
@pytest.mark.timeout(170)
@pytest.mark.parametrize("rule", sorted(BY_RULE))
def test_a_broken_rule_is_noticed(rule):
    refs = BY_RULE[rule]
    files = sorted(
        {test.split("::")[0] for ref in refs for test in TESTS.get(ref, ())} - {"tests/architecture/test_clauses.py"}
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
    ]
    command += ["-p", "tests.architecture.clause_breaker", *nearest_first(rule, files)]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "SOFY_TEST_RUN"))}
    environment |= {"BROKEN_RULE": rule, "BROKEN_ARTICLES": "|".join(refs)}

    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 1, f"with {rule} broken, its tests still said:\n{done.stdout[-1500:]}{done.stderr[-500:]}"
    assert "broken on purpose" in done.stdout, f"the tests of {rule} failed for another reason:\n{done.stdout[-2500:]}"


def nearest_first(rule: str, files: set[str]) -> list[str]:
    """Tests of the rule's own room first: they fail soonest."""
    room = rule.split(":")[0].split(".")[1]
    return sorted(files, key=lambda name: (f"/{room}/" not in name, name))
