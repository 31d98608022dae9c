"""Make a fresh clone ready to run: packages, front-end files, translations; with --tests also a browser.

Needs only Python 3.11 and a package registry. Says what it does at least every few seconds, and a second run that finds
everything in place takes no time.

Usage: python3.11 tools/setup.py [--tests] [--keep-python]
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = ROOT / "var" / "setup"
LOG = STAMPS / "setup.log"
HEARTBEAT_S = 3.0
VERSION = "{}.{}".format(*sys.version_info[:2])
#: Another Python must be quicker by so much to be taken instead of the one that runs this.
WORTH_IT = 1.1
#: What a Python can do and how fast: prints its seconds, its version and where it is.
PROBE = """
import ensurepip, sqlite3, ssl, sys, time, venv

def work():
    began, seen = time.perf_counter(), {}
    for number in range(40_000):
        seen[str(number & 255)] = seen.get("0", 0) + number
    return time.perf_counter() - began

print(min(work() for _ in range(5)), "%d.%d" % sys.version_info[:2], sys.executable)
"""
CONSOLE = """#!{python}
import sys

from sofy.project.cli import main

sys.exit(main())
"""


def main() -> int:
    """Run every step whose inputs changed since it last ended well."""
    options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    options.add_argument("--tests", action="store_true", help="also what the browser tests need")
    options.add_argument("--keep-python", action="store_true", help="make .venv with the Python that runs this")
    given = options.parse_args()
    tests = given.tests
    if sys.version_info[:2] < (3, 11):  # noqa: UP036 - told in words before anything fails
        return _complain("Python 3.11 is needed; this is " + sys.version.split()[0])
    STAMPS.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    try:
        _step(
            "packages", [ROOT / "requirements.lock"], lambda: _packages(keep_python=given.keep_python), extra=str(ROOT)
        )
        kind = "dev" if tests else "run"
        # The files of the tests include those of the product: preparing for the tests serves both.
        if not (tests is False and _stamp("front-end-dev", _front_end_inputs()).exists()):
            _step(f"front-end-{kind}", _front_end_inputs(), lambda: _front_end(dev=tests))
        _step("translations", sorted(ROOT.glob("src/**/*.po")), _translations)
        if tests:
            _kannel()
        if tests and os.environ.get("SOFY_NO_BROWSER") != "1":
            _run([PYTHON, ROOT / "tools" / "browser.py", "--install"], "looking for a browser")
    except StepFailed as failed:
        return _complain(str(failed))
    spent = time.monotonic() - began
    if spent > 1:
        _say(f"ready after {spent:.0f} s")
    return 0


class StepFailed(Exception):
    """A step did not end well; the text says what to look at."""


def _say(text: str) -> None:
    print(f"setup: {text}", flush=True)


def _complain(text: str) -> int:
    print(f"setup: {text}", file=sys.stderr, flush=True)
    return 1


def _stamp(name: str, inputs: Iterable[Path], extra: str = "") -> Path:
    digest = hashlib.sha256(extra.encode())
    for path in inputs:
        digest.update(str(path.relative_to(ROOT)).encode() + (path.read_bytes() if path.exists() else b""))
    return STAMPS / f"{name}.{digest.hexdigest()[:16]}"


def _step(name: str, inputs: Sequence[Path], work: Callable[[], None], extra: str = "") -> None:
    stamp = _stamp(name, inputs, extra)
    if stamp.exists() and PYTHON.exists():
        return
    for old in STAMPS.glob(f"{name}.*"):
        old.unlink(missing_ok=True)
    work()
    stamp.touch()


def _run(command: Sequence[object], what: str) -> None:
    """Run a command whose own words go to the log, and say every few seconds that it still runs.

    Raises: StepFailed.
    """
    _say(what)
    began, ended = time.monotonic(), threading.Event()

    def beat() -> None:
        while not ended.wait(HEARTBEAT_S):
            _say(f"{what}, {time.monotonic() - began:.0f} s")

    ticker = threading.Thread(target=beat, daemon=True)
    ticker.start()
    with LOG.open("a+b") as log:
        begin = log.seek(0, os.SEEK_END)
        done = subprocess.run([str(part) for part in command], cwd=ROOT, stdout=log, stderr=log, check=False)
        ended.set()
        ticker.join()
        log.seek(begin)
        words = log.read().decode(errors="replace").strip()
    if done.returncode:
        raise StepFailed(f"{what}: failed.\n{words[-2000:]}\nEverything it said is in {LOG}.")


def _packages(*, keep_python: bool) -> None:
    if not PYTHON.exists():
        chosen = sys.executable if keep_python else quickest()
        try:
            _run([chosen, "-m", "venv", "--symlinks", VENV], f"making .venv with {chosen}")
        except StepFailed as error:
            shutil.rmtree(VENV, ignore_errors=True)
            raise StepFailed("Python could not make a virtual environment: install python3-venv.") from error
    _install(ROOT / "requirements.lock")
    (VENV / "lib" / f"python{VERSION}" / "site-packages" / "sofy.pth").write_text(f"{ROOT / 'src'}\n")
    console = VENV / "bin" / "sofy"
    console.write_text(CONSOLE.format(python=PYTHON))
    console.chmod(0o755)


def quickest() -> str:
    """Of the Pythons of this version on the machine, the one that computes quickest.

    Builds of one version differ by a quarter, with profile-guided optimisation or without; nothing in them says which.
    """
    named = (shutil.which(f"python{VERSION}", path=folder) for folder in os.get_exec_path())
    found = {sys.executable, *filter(None, named)}
    seconds = dict(filter(None, map(probed, sorted(found))))
    best = min(seconds, key=lambda python: seconds[python], default=sys.executable)
    return best if seconds.get(sys.executable, 0.0) > seconds.get(best, 0.0) * WORTH_IT else sys.executable


def probed(python: str) -> tuple[str, float] | None:
    """Where a Python really is and its seconds; None where it cannot make an environment of this version."""
    try:
        told = subprocess.run(
            [python, "-I", "-c", PROBE], capture_output=True, text=True, timeout=10, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    seconds, version, where = told.split(maxsplit=2)
    return (where.strip(), float(seconds)) if version == VERSION else None


def _install(lock: Path) -> None:
    """Install what is locked, with the quicker installer where the registry and the machine suit it."""
    hashed = ["--require-hashes", "--no-deps", "-r"]
    pip = [PYTHON, "-m", "pip", "install", "--progress-bar=off", "--no-input", "--disable-pip-version-check", *hashed]
    try:
        _run([*pip, ROOT / "tools" / "uv.lock"], "fetching the installer")
        _run([VENV / "bin" / "uv", "pip", "install", "--python", PYTHON, *hashed, lock], "installing packages")
    except StepFailed:
        _run([*pip, lock], "installing packages, the slower way")


def _front_end_inputs() -> list[Path]:
    return [ROOT / name for name in ("package-lock.json", "tools/frontend.py", "src/sofy/ui/icons.py")]


def _front_end(*, dev: bool) -> None:
    _run([PYTHON, ROOT / "tools" / "frontend.py", *(["--dev"] if dev else [])], "fetching the files of the pages")


def _kannel() -> None:
    """Foreign peers of the SMPP tests, from Debian as root; where they cannot be had, those tests are skipped."""
    if os.geteuid() or shutil.which("apt-get") is None or shutil.which("bearerbox", path="/usr/sbin:/usr/bin"):
        return
    quiet = "DEBIAN_FRONTEND=noninteractive apt-get"
    install = f"{quiet} install -y --no-install-recommends kannel kannel-extras"
    try:
        _run(["sh", "-c", f"{install} || ({quiet} update && {install})"], "fetching Kannel for the SMPP tests")
    except StepFailed:
        _say("no Kannel: the tests that need it will be skipped")


def _translations() -> None:
    _run([PYTHON, ROOT / "tools" / "i18n.py", "--compile"], "compiling translations")


if __name__ == "__main__":
    sys.exit(main())
