"""Compile the catalogues (.po, committed) to what the program reads (.mo, made on each machine).

Usage: python tools/translations.py [--check]. --check compiles nothing and fails when French is not complete.
"""

import argparse
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent


def catalogues() -> list[Path]:
    """Every catalogue of the product."""
    return sorted(ROOT.glob("src/sofy/*/locale/*/LC_MESSAGES/django.po"))


def read(path: Path) -> Catalog:
    """The messages of one catalogue."""
    with path.open("rb") as stream:
        return read_po(stream, locale=path.parents[1].name)


def compile_all() -> int:
    """Write each .mo beside its .po, whole or not at all."""
    for path in catalogues():
        draft = path.with_suffix(".mo.new")
        with draft.open("wb") as stream:
            write_mo(stream, read(path))
        draft.replace(path.with_suffix(".mo"))
    return 0


def incomplete(path: Path) -> list[str]:
    """What a catalogue leaves untranslated or marks as doubtful."""
    problems = []
    for message in read(path):
        strings = message.string if isinstance(message.string, list | tuple) else (message.string,)
        if message.id and (message.fuzzy or not all(strings)):
            shown = message.id[0] if isinstance(message.id, list | tuple) else message.id
            problems.append(f"{path.relative_to(ROOT)}: {'doubtful' if message.fuzzy else 'missing'}: {shown!r}")
    return problems


def check() -> int:
    """Print every gap; 1 when there is one."""
    problems = [problem for path in catalogues() for problem in incomplete(path)]
    print("\n".join(problems) or f"{len(catalogues())} catalogues complete")
    return 1 if problems else 0


if __name__ == "__main__":
    options = argparse.ArgumentParser(description="Compile or check the translations.")
    options.add_argument("--check", action="store_true")
    sys.exit(check() if options.parse_args().check else compile_all())
