"""Keep the French of every room complete, without the gettext programs.

Usage: .venv/bin/python tools/i18n.py [--check | --compile] [ROOM ...]
Without an option it reads the English texts out of each room's Python and templates and brings the room's
`locale/fr/LC_MESSAGES/django.po` up to date: new texts come in empty, texts nobody uses any more go away. `--check`
changes nothing and fails when anything is missing, unsure, superfluous or badly set. `--compile` writes `.mo` files.
"""

import argparse
import io
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "sofy"
PO = Path("locale/fr/LC_MESSAGES/django.po")
PLAIN = ("_", "gettext", "gettext_lazy", "gettext_noop")
KEYWORDS = [*PLAIN, "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy", "npgettext", "npgettext_lazy"]
#: Two braces are shown as they are: each language has its own words between them.
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|(?<!\{)\{\w*\}(?!\})|%[sd]")
BAD_SPACE = re.compile(r"[ \w][:;!?»](?=\s|$)|«[ \w]")
MARKUP = re.compile(r"<[^>]*>|https?:\S+|\{[^}]*\}|%\(\w+\)[sd]")

Key = tuple[str, str | tuple[str, ...]]


@dataclass(frozen=True)
class Text:
    """A text to translate and the file it was found in. Plural texts have two forms."""

    context: str
    forms: tuple[str, ...]
    place: str

    @property
    def key(self) -> Key:
        return self.context, self.forms[0]


def python_texts(source: str, place: str) -> Iterator[Text]:
    """The texts of a Python file (or of what templates become)."""
    for _line, function, arguments, _comments in extract_python(io.BytesIO(source.encode()), KEYWORDS, [], {}):
        values = arguments if isinstance(arguments, tuple) else (arguments,)
        contextual = function.startswith(("pgettext", "npgettext"))
        wanted = (1 if contextual else 0) + (2 if "ngettext" in function or "npgettext" in function else 1)
        found = values[:wanted]
        if len(found) < wanted or not all(isinstance(value, str) and value for value in found):
            continue  # a variable: its text is marked where it is written
        texts = tuple(str(value) for value in found)
        yield Text(texts[0] if contextual else "", texts[1:] if contextual else texts, place)


def template_texts(source: str, place: str) -> Iterator[Text]:
    """The texts of a Django template, found by Django's own lexer."""
    from django.utils.translation.template import templatize

    # Only words and calls are left of the template; its indentation would be read as Python's.
    lines = (line.strip() for line in templatize(source, origin=place).splitlines())
    yield from python_texts("\n".join(lines) + "\n", place)


def texts_of(room: Path) -> list[Text]:
    """Every text of a room, each once, in the order of files."""
    found: dict[Key, Text] = {}
    for path in sorted([*room.rglob("*.py"), *room.rglob("templates/**/*.html"), *room.rglob("templates/**/*.txt")]):
        place = path.relative_to(room).as_posix()
        if "tests" in path.parts or "migrations" in path.parts:
            continue
        read = python_texts if path.suffix == ".py" else template_texts
        for text in read(path.read_text("utf-8"), place):
            known = found.get(text.key)
            if known is None or len(text.forms) > len(known.forms):
                found[text.key] = text
    return list(found.values())


def template_catalogue(texts: list[Text]) -> Catalog:
    """The texts without their translations."""
    catalogue = Catalog(locale="fr", charset="utf-8", fuzzy=False)
    for text in texts:
        identity = text.forms if len(text.forms) > 1 else text.forms[0]
        catalogue.add(identity, context=text.context or None, locations=[(text.place, None)])  # type: ignore[list-item]
    return catalogue


def read(path: Path) -> Catalog:
    """A catalogue as it is on disk; an empty one when there is none."""
    if not path.exists():
        return Catalog(locale="fr", charset="utf-8", fuzzy=False)
    with path.open("rb") as stream:
        return read_po(stream, locale="fr", charset="utf-8")


def keyed(catalogue: Catalog) -> dict[Key, Message]:
    """Messages by context and English text."""
    return {
        (message.context or "", message.id[0] if isinstance(message.id, tuple | list) else message.id): message
        for message in catalogue
        if message.id
    }


def merged(texts: list[Text], known: Catalog) -> Catalog:
    """The present texts with the translations they have."""
    catalogue, translations = template_catalogue(texts), keyed(known)
    for key, message in keyed(catalogue).items():
        before = translations.get(key)
        if before is None or "fuzzy" in before.flags:
            continue
        if message.pluralizable == before.pluralizable:
            message.string = before.string
        elif not message.pluralizable and isinstance(before.string, tuple | list):
            message.string = before.string[0]
    return catalogue


def dump(catalogue: Catalog) -> bytes:
    """The bytes of a .po file that change only when a text does."""
    stream = io.BytesIO()
    write_po(stream, catalogue, width=110, omit_header=True, sort_by_file=False, include_lineno=False)
    header = (
        'msgid ""\nmsgstr ""\n"Language: fr\\n"\n"MIME-Version: 1.0\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n'
        '"Plural-Forms: nplurals=2; plural=(n > 1);\\n"\n\n'
    )
    return header.encode() + stream.getvalue().strip() + b"\n"


def problems_of(texts: list[Text], known: Catalog) -> Iterator[str]:
    """What is wrong with the French of a room, one sentence each."""
    present, translations = {text.key: text for text in texts}, keyed(known)
    for key, text in present.items():
        message = translations.get(key)
        if message is None:
            yield f"missing: {key[1]!r} ({text.place})"
            continue
        strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
        if not all(strings) or len(strings) < len(text.forms):
            yield f"untranslated: {key[1]!r} ({text.place})"
        elif "fuzzy" in message.flags:
            yield f"fuzzy: {key[1]!r}"
        else:
            for string in strings:
                yield from _faults(text, str(string))
    for key in [*(key for key in translations if key not in present), *keyed_obsolete(known)]:
        yield f"obsolete: {key[1]!r}"


def keyed_obsolete(catalogue: Catalog) -> Iterator[Key]:
    """Texts the file keeps as comments."""
    for message in catalogue.obsolete.values():
        yield message.context or "", str(message.id)


def _faults(text: Text, french: str) -> Iterator[str]:
    wanted, given = (set(PLACEHOLDER.findall(value)) for value in (text.forms[-1], french))
    if not given <= wanted or (len(text.forms) == 1 and given != wanted):
        yield f"placeholders differ: {text.forms[0]!r} -> {french!r}"
    words = MARKUP.sub("", french)
    if "'" in words:
        yield f"straight apostrophe: {french!r}"
    if BAD_SPACE.search(words):
        yield f"no non-breaking space before : ; ! ? » or after «: {french!r}"


def rooms(names: list[str]) -> list[Path]:
    """The rooms that speak to people: those with texts or a catalogue."""
    chosen = [SOURCE / name for name in names] or sorted(path for path in SOURCE.iterdir() if path.is_dir())
    return [room for room in chosen if (room / PO).exists() or (room / "apps.py").exists()]


def write_mo_file(path: Path, catalogue: Catalog) -> None:
    """Compile one catalogue, whole or not at all: a server may be reading it."""
    draft = path.with_name(f".{path.stem}.{os.getpid()}.mo")
    with draft.open("wb") as stream:
        write_mo(stream, catalogue)
    draft.replace(path.with_suffix(".mo"))


def main(arguments: list[str] | None = None) -> int:
    """Bring up to date, check or compile."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="fail when the French is not complete")
    parser.add_argument("--compile", action="store_true", help="write the .mo files")
    parser.add_argument("rooms", nargs="*", metavar="ROOM")
    options = parser.parse_args(arguments)
    failures = 0
    for room in rooms(options.rooms):
        path = room / PO
        if options.compile:
            if path.exists():
                write_mo_file(path, read(path))
            continue
        texts, known = texts_of(room), read(path)
        if options.check:
            problems = list(problems_of(texts, known))
            if texts and not problems and path.read_bytes() != dump(merged(texts, known)):
                problems = ["complete, but not in the order this tool writes it in"]
            for problem in problems:
                failures += 1
                print(f"{room.name}: {problem}")
            continue
        if texts:
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = merged(texts, known)
            path.write_bytes(dump(fresh))
            empty = sum(1 for message in fresh if message.id and not all([message.string].copy()))
            print(f"{room.name}: {len(texts)} texts, {empty} to translate")
    if failures:
        print(f"{failures} problems. Run `.venv/bin/python tools/i18n.py`, translate what is empty, and check again.")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
