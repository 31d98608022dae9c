"""What each column of a file holds: guessed from its name in French or English, else from its values.

A mapping is one word per column: a field of FIELDS, `attribute:<name>` for a field of the client's own, or "" to
leave the column out.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from sofy.audience import rules
from sofy.audience.imports import headings, values
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kernel.phone import Number, parse
from sofy.kernel.text import fold

FIELDS = (
    "title",
    "first_name",
    "last_name",
    "full_name",
    "phone",
    "email",
    "birth_date",
    "language",
    "street",
    "postcode",
    "town",
    "latitude",
    "longitude",
    "establishment",
    "zone",
    "consent",
    "consent_sms",
    "consent_email",
    "consent_whatsapp",
    "consent_opens",
    "consent_date",
    "optout",
    "optout_sms",
    "optout_email",
    "optout_whatsapp",
    "optout_opens",
    "refusal",  # how somebody stands, in many words: those that are no refusal say nothing about consent
)
#: Columns of an export that say what the product did, not what a person is.
OF_THE_PRODUCT = {"entered", "entree"}
_SAID = {field for field in FIELDS if field.startswith(("consent", "optout")) or field == "refusal"} - {"consent_date"}
#: Several columns may be about one of these; of what they say about consent the gravest counts.
REPEATABLE = {"phone", "email", "street"} | _SAID
SAMPLE_ROWS = 300
TITLE_ROWS = 30  # a header is looked for this far down
_ENOUGH = 0.6  # share of the filled cells that must look alike

_WORDS = re.compile(r"[^a-z0-9]+")
_PERSONAL = re.compile(
    r"\b(nom|prenom|name|conjoint|parent|enfant|mere|pere|iban|bic|secu|nir|contact|note|comment\w*)\b"
)
_NAME_LIKE = re.compile(r"[A-ZÀ-ÖØ-ÞŒ][a-zà-öø-ÿœ'’-]+([ -][A-ZÀ-ÖØ-ÞŒ][\w'’-]*){0,3}")
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9 ]{11,36}")


@dataclass(frozen=True)
class Column:
    """One column of the file and what it was taken for. `kind`, `private` and `choices` concern attributes."""

    header: str
    field: str
    kind: str = ""
    private: bool = False
    choices: tuple[str, ...] = ()


def guess(rows: Sequence[Sequence[str]], own: Iterable[Column] = ()) -> tuple[int, list[Column]]:
    """How many rows stand above the people (titles and the header), and the meaning of each column.

    `own`: the fields the client has already, by their labels. A column of such a name is that field, as long as its
    values fit and the file keeps a phone number or an e-mail address.
    """
    known = {folded: each for each in own for folded in (fold(each.field[10:]), fold(each.header))}
    above = rows_above(rows)
    found = _guess(rows, above, known)
    if known and not any(column.field in ("phone", "email") for column in found):
        return above, _guess(rows, above, {})
    return above, found


def _guess(rows: Sequence[Sequence[str]], above: int, known: dict[str, Column]) -> list[Column]:
    body = rows[above:]
    width = max((len(row) for row in rows[max(0, above - 1) :]), default=0)
    first = [cell.strip() for cell in rows[above - 1]] if above else []
    headers = first + [""] * (width - len(first))
    taken: set[str] = set()
    names: set[str] = set()
    columns = []
    for position, header in enumerate(headers):
        cells = [row[position].strip() for row in body[:SAMPLE_ROWS] if position < len(row) and row[position].strip()]
        mine = known.get(fold(header)) if header else None
        if mine and mine.field not in taken and _fits(mine, cells) and not _says(header, cells):
            taken.add(mine.field)
            names.add(mine.field[10:])
            columns.append(mine)
            continue
        if not header and not cells:
            columns.append(Column("", ""))
            continue
        if fold(header) in OF_THE_PRODUCT and cells and _share(cells, FITS["date"]) == 1:
            columns.append(Column(header, ""))
            continue
        field = _meaning(header, cells)
        if field and (field in REPEATABLE or field not in taken):
            taken.add(field)
            columns.append(Column(header, field))
        else:
            columns.append(_attribute(header, position, cells, names))
    if "first_name" in taken and "last_name" not in taken:  # a "customer's name" beside the first name is the last one
        columns = [replace(column, field="last_name") if column.field == "full_name" else column for column in columns]
    return columns


@clause("CGVU 17", "DPA 5")
def _meaning(header: str, cells: Sequence[str]) -> str:
    """The field of a column by its heading and its values; a heading may lie, except when it asks for consent."""
    field = headings.field_of(header)
    if headings.about_standing(header) and _some_refuse(cells):
        return "refusal"
    if field and (_plausible(field, cells) or (field in _SAID and headings.asks_for_consent(header))):
        return field
    if cells and _share(cells, _is_word) == 1 and (about := headings.about_sending(header)):
        return about
    if headings.may_hold_addresses(header) and (found := by_values(cells, headerless=not header)):
        return found
    return "consent" if _says_who_agreed(cells, headerless=not header) else ""


def _says(header: str, cells: Sequence[str]) -> bool:
    """Whether a column is about consent: no field of the client's own may hide that."""
    return _meaning(header, cells) in _SAID | {"consent_date"}


def _is_word(cell: str) -> bool:
    """Whether a cell says yes, no or stop."""
    return rules.consent_word(fold(cell)) is not None


def _some_refuse(cells: Sequence[str]) -> bool:
    """Whether some values are refusals and others are about something else."""
    refused = any(rules.consent_word(fold(cell)) in rules.OPT_OUTS for cell in cells)
    return refused and _share(cells, _is_word) < 1


def rows_above(rows: Sequence[Sequence[str]]) -> int:
    """0 without a header, 1 with one; more when a title stands above the names of the columns."""
    for number, row in enumerate(rows[:TITLE_ROWS]):
        cells = [cell.strip() for cell in row]
        if any(_is_phone(cell) or "@" in cell for cell in cells):
            break
        if sum(1 for cell in cells if headings.field_of(cell)) >= 2:
            return number + 1
    return int(bool(rows) and is_header([cell.strip() for cell in rows[0]]))


def is_header(first: Sequence[str]) -> bool:
    """A header names things: it holds no phone, e-mail, date or number."""
    filled = [cell for cell in first if cell]
    if not filled:
        return False
    if any(headings.field_of(cell) for cell in filled):
        return not any(_is_phone(cell) or "@" in cell for cell in filled)
    return not any(_is_phone(c) or values.email(c) or values.date(c) or any(d.isdigit() for d in c) for c in filled)


def by_values(cells: Sequence[str], *, headerless: bool) -> str:
    """The field a column of values looks like."""
    if not cells:
        return ""
    if _share(cells, lambda cell: values.email(cell) is not None) > _ENOUGH:
        return "email"
    if headerless and _share(cells, lambda cell: fold(cell).strip(".") in values.TITLES) > _ENOUGH:
        return "title"
    if _share(cells, _is_phone) > _ENOUGH:
        return "phone"
    if headerless and _share(cells, lambda cell: re.fullmatch(r"\d{5}|2[AB]\d{3}", cell) is not None) > _ENOUGH:
        return "postcode"
    return ""


def _says_who_agreed(cells: Sequence[str], *, headerless: bool) -> bool:
    """Whether a column without a telling name is about consent all the same: nobody who says no there is written to.

    Words of opposition among yes and no are about nothing else. Yes and no alone may be about anything, unless the
    file names no column at all.
    """
    said = [fold(cell) for cell in cells]
    if not said or _share(said, lambda word: rules.consent_word(word) is not None) < 0.9:
        return False
    if all(word in values.YES_NO for word in said):
        return headerless and len({values.YES_NO[word] for word in said}) > 1
    return any(rules.consent_word(word) in rules.OPT_OUTS and word not in values.YES_NO for word in said)


def _fits(own: Column, cells: Sequence[str]) -> bool:
    """Whether most values are of the type of a field that exists."""
    listed = set(map(fold, own.choices))
    test = FITS.get(own.kind) if own.kind != "choice" else lambda cell: fold(cell) in listed
    return test is None or not cells or _share(cells, test) > 0.5


FITS: dict[str, Callable[[str], bool]] = {
    "number": lambda cell: values.number(cell) is not None,
    "date": lambda cell: values.date(cell) is not None,
    "bool": lambda cell: fold(cell) in values.YES_NO,
}


def _plausible(field: str, cells: Sequence[str]) -> bool:
    """A header may lie: a "mobile" column full of yes and no is a consent, not a number."""
    test = _LOOKS.get("optout" if field.startswith("optout") else "consent" if field in _SAID else field)
    return test is None or not cells or _share(cells, test) > 0.3


_LOOKS: dict[str, Callable[[str], bool]] = {
    "phone": lambda cell: sum(map(str.isdigit, cell)) >= 4,
    "email": lambda cell: "@" in cell,
    "birth_date": lambda cell: any(map(str.isdigit, cell)),
    "consent": _is_word,
    # an answer, the day it was given, or the reason for it; neither an address nor a count
    "optout": lambda cell: _is_word(cell) or FITS["date"](cell) or ("@" not in cell and not FITS["number"](cell)),
}


def _attribute(header: str, position: int, cells: Sequence[str], names: set[str]) -> Column:
    name = base = attribute_name(header) or f"column_{position + 1}"
    number = 2
    while name in names:
        name, number = f"{base[:56]}_{number}", number + 1
    names.add(name)
    kind = "text"
    if cells:
        if _share(cells, FITS["bool"]) == 1:
            kind = "bool"
        elif _share(cells, FITS["number"]) > 0.95:
            kind = "number"
        elif _share(cells, FITS["date"]) > 0.95:
            kind = "date"
    private = kind in ("text", "number") and looks_private(header, cells)
    return Column(header, f"attribute:{name}", "text" if private else kind, private)


def attribute_name(header: str) -> str:
    """Identifier of a column of the client's own, as used in messages and segments."""
    return _WORDS.sub("_", fold(header)).strip("_")[:60]


def looks_private(header: str, cells: Sequence[str]) -> bool:
    """Whether a column looks like phones, e-mails, names or free text, which are sealed and not segmentable."""
    if _PERSONAL.search(_WORDS.sub(" ", fold(header))):
        return True
    if not cells:
        return False
    if _share(cells, lambda c: "@" in c or _is_phone(c) or _IBAN.fullmatch(c) is not None or len(c) > 100) > 0.1:
        return True
    varied = not header or (len(set(cells)) > 0.5 * len(cells) and len(cells) > 5)
    return varied and _share(cells, lambda cell: _NAME_LIKE.fullmatch(cell) is not None) > _ENOUGH


def _is_phone(cell: str) -> bool:
    digits = sum(character.isdigit() for character in cell)
    return 9 <= digits <= 15 and not values.date(cell) and isinstance(parse(cell, fictional=True), Number)


def _share(cells: Sequence[str], test: Callable[[str], bool]) -> float:
    return sum(1 for cell in cells if test(cell)) / len(cells)


def chosen(mapping: Sequence[str], guessed: Sequence[Column], own: Iterable[Column] = ()) -> list[Column]:
    """The columns as a person mapped them, with what is known of the client's fields or was guessed from the values.

    Raises: Refused mapping_wrong with the column (counted from 1) and the word.
    """
    if len(mapping) != len(guessed):
        raise Refused("mapping_wrong", column=min(len(mapping), len(guessed)) + 1, word="")
    taken: set[str] = set()
    known = {each.field: each for each in own}
    columns = []
    for number, (word, column) in enumerate(zip(mapping, guessed, strict=True), start=1):
        name = word.removeprefix("attribute:")
        is_own = word.startswith("attribute:") and name == attribute_name(name) != ""
        if word and (not (is_own or word in FIELDS) or (word in taken and word not in REPEATABLE)):
            raise Refused("mapping_wrong", column=number, word=word[:40])
        taken.add(word)
        if is_own and (there := known.get(word)):
            columns.append(there)
            continue
        kind = column.kind or "text" if is_own else ""
        columns.append(Column(column.header, word, kind, is_own and column.private))
    return columns
