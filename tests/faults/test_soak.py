"""The reconciliation run, in short; `make soak` is the long one."""

import json
import os
import subprocess
import sys

import pytest

from sofy.project.testing import SETTINGS
from tests.faults.field import dice

SECONDS = 10


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_whatever_is_broken_the_books_of_client_engine_and_suppliers_agree():
    command = [sys.executable, "-m", "tests.faults.soak", "--seconds", str(SECONDS), "--seed"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SOFY_", "PYTEST", "DJANGO"))}
    kept |= {name: os.environ[name] for name in SETTINGS if name in os.environ and name != "SOFY_TEST_RUN"}
    seed = dice().randrange(10**6)

    done = subprocess.run([*command, str(seed)], env=kept, capture_output=True, text=True, check=False)

    assert done.stdout, done.stderr[-4000:]
    found = json.loads(done.stdout)
    assert found["broken"] == {}, f"seed {seed}: {json.dumps(found, indent=1)}"
    assert done.returncode == 0
    assert found["troubles"]
    assert all(found["channels"][channel]["taken_by_supplier"] for channel in ("sms", "rcs", "whatsapp", "email"))
