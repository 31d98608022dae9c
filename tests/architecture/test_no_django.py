"""What works out a contract needs neither Django nor a database: `sofy case run` starts without them."""

import subprocess
import sys
from pathlib import Path

import pytest

import sofy

PACKAGE = Path(sofy.__file__).parent
PURE = ("billing.case", "billing.einvoice", "billing.paper", "billing.document", "billing.drafting")
#: Imports everything below the names it is given, and says which of Django's modules came along.
_WALK = """
import importlib, pkgutil, sys
for name in sys.argv[1:]:
    module = importlib.import_module(name)
    for found in pkgutil.walk_packages(getattr(module, "__path__", []), f"{name}."):
        if ".tests" not in found.name:
            importlib.import_module(found.name)
print(sorted(name for name in sys.modules if name.partition(".")[0] in ("django", "ninja", "pydantic")))
"""


def _rules() -> list[str]:
    """Every module or package of rules of a room."""
    found = [*PACKAGE.glob("*/rules"), *PACKAGE.glob("*/rules.py")]
    return sorted(f"sofy.{path.parent.name}.rules" for path in found)


@pytest.mark.parametrize("name", [*(f"sofy.{name}" for name in PURE), *_rules()])
def test_what_is_pure_loads_no_django(name):
    done = subprocess.run([sys.executable, "-c", _WALK, name], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_rooms_with_rules_are_found():
    assert {"sofy.billing.rules", "sofy.contracts.rules"} <= set(_rules())
