"""Each article in scope is carried out by code, and its tests notice when that code is broken.

The last test replaces each listed function by one that raises and runs the tests of its article until one fails: a
clause whose tests pass without its rule proves nothing. `clause_breaker.py` says how. `BREAK_RULE=part_of_a_name` keeps
it to the rules so called.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sofy.kernel.clauses import IN_SCOPE, REGISTRY, code_name
from sofy.project.commands import clauses

ROOT = Path(__file__).resolve().parents[2]

clauses.load_rules()
TESTS = clauses.tests_by_article(ROOT)
RULES = sorted({(code_name(rule), ref) for ref, rules in REGISTRY.items() for rule in rules if ref in IN_SCOPE})
#: Not named SOFY_: the test settings clear those variables.
NAMED = os.environ.get("BREAK_RULE", "")
BY_RULE = {name: [ref for other, ref in RULES if other == name] for name, _ in RULES if NAMED in name}
assert BY_RULE, f"BREAK_RULE={NAMED}: no rule of an article of IN_SCOPE is called that"


@pytest.mark.parametrize("ref", sorted(IN_SCOPE))
def test_every_article_in_scope_has_code_and_tests(ref):
    code = [code_name(rule) for rule in REGISTRY.get(ref, ())]

    assert code, f"no function carries @clause({ref!r})"
    assert TESTS.get(ref), f"no test carries @pytest.mark.clause({ref!r})"


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_every_broken_rule_is_noticed(tmp_path: Path):
    files = sorted({test.split("::")[0] for refs in BY_RULE.values() for ref in refs for test in TESTS.get(ref, ())})
    command = [sys.executable, "-m", "pytest", "-s", "-x", "-p", "tests.architecture.clause_breaker"]
    command += [argument for name in ("randomly", "cacheprovider", "xdist") for argument in ("-p", f"no:{name}")]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "SOFY_TEST_RUN"))}
    environment |= {"BROKEN_RULES": json.dumps(BY_RULE), "BROKEN_REPORTS": str(tmp_path)}

    done = subprocess.run([*command, *files], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert len(list(tmp_path.glob("*.status"))) == len(BY_RULE), done.stdout[-2500:] + done.stderr[-500:]
    said = {rule: unnoticed(rule, tmp_path / str(number)) for number, rule in enumerate(BY_RULE)}
    wrong = {rule: why for rule, why in said.items() if why}
    assert not wrong, "\n\n".join([", ".join(wrong), *wrong.values()])


def unnoticed(rule: str, report: Path) -> str:
    """What is wrong with how the tests of a broken rule ended: they must fail, and because of it."""
    status, said = report.with_suffix(".status").read_text(), report.with_suffix(".txt").read_text()
    if status != "1":
        return f"with {rule} broken, its tests still said:\n{said[-1500:]}"
    return "" if "broken on purpose" in said else f"the tests of {rule} failed for another reason:\n{said[-2500:]}"
