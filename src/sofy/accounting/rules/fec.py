"""The file of entries (FEC) that the French tax administration asks for: written here, and checked by its own reader.

Source: LPF A47 A-1: 18 fields in their order, days as AAAAMMJJ, a decimal comma, ISO 8859-15, entries in the order in
which they were recorded, numbered without a gap within their journal.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Final

import msgspec

FIELDS: Final = (
    "JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib", "CompAuxNum", "CompAuxLib",
    "PieceRef", "PieceDate", "EcritureLib", "Debit", "Credit", "EcritureLet", "DateLet", "ValidDate", "Montantdevise",
    "Idevise",
)  # fmt: skip
ENCODING: Final = "iso8859-15"
JOURNALS: Final = {"VE": "Ventes", "BQ": "Banque", "OD": "Opérations diverses"}
_DAY: Final = re.compile(r"20\d{6}")
_AMOUNT: Final = re.compile(r"-?\d{1,13},\d{2}")
ZERO: Final = Decimal("0.00")


class Half(msgspec.Struct, frozen=True):
    """One line of an entry. `amount_eur`: above zero on the debit side, below on the credit side."""

    account: str
    label: str
    amount_eur: Decimal
    client: str = ""
    client_name: str = ""


class Entry(msgspec.Struct, frozen=True):
    """An entry: its lines add up to nothing. `valid_on`: the day it was recorded for good."""

    journal: str
    day: date
    piece: str
    piece_day: date
    text: str
    valid_on: date
    halves: tuple[Half, ...]


def file_name(siren: str, last_day: date) -> str:
    """As the article names it: SIREN, FEC, the last day of the financial year."""
    return f"{siren}FEC{last_day:%Y%m%d}.txt"


def lines(entries: Iterable[Entry], first: date, last: date) -> Iterator[bytes]:
    """The file, line by line: entries of the days from first to last, with the numbers they have in their whole year.

    `entries`: those of the year, in the order in which they were recorded.
    """
    yield _line(FIELDS)
    counts = dict.fromkeys(JOURNALS, 0)
    for entry in entries:
        counts[entry.journal] += 1
        if first <= entry.day <= last:
            number = f"{entry.journal}{counts[entry.journal]:07d}"
            for half in entry.halves:
                yield _line(_row(entry, half, number))


def _row(entry: Entry, half: Half, number: str) -> tuple[str, ...]:
    debit, credit = max(half.amount_eur, ZERO), max(-half.amount_eur, ZERO)
    return (
        entry.journal, JOURNALS[entry.journal], number, f"{entry.day:%Y%m%d}", half.account, half.label, half.client,
        half.client_name, entry.piece, f"{entry.piece_day:%Y%m%d}", entry.text, _amount(debit), _amount(credit), "", "",
        f"{entry.valid_on:%Y%m%d}", "", "",
    )  # fmt: skip


def _amount(amount_eur: Decimal) -> str:
    return f"{amount_eur:.2f}".replace(".", ",")


def _line(fields: Iterable[str]) -> bytes:
    return "\t".join(map(_clean, fields)).encode(ENCODING) + b"\r\n"


def _clean(text: str) -> str:
    """A field as the character set has it: what it lacks, by its nearest letter."""
    flat = " ".join(text.split()).replace("’", "'")
    return "".join(sign if _fits(sign) else _nearest(sign) for sign in flat)


def _fits(sign: str) -> bool:
    try:
        sign.encode(ENCODING)
    except UnicodeEncodeError:
        return False
    return sign.isprintable()


def _nearest(sign: str) -> str:
    return unicodedata.normalize("NFKD", sign).encode("ascii", "ignore").decode() or "?"


def faults(content: bytes) -> list[str]:
    """What is wrong with a file, by the number of its line; nothing when it may be handed over."""
    found: list[str] = []
    try:
        rows = [line.split("\t") for line in content.decode(ENCODING).removesuffix("\r\n").split("\r\n")]
    except UnicodeDecodeError as error:  # pragma: no cover - the character set has every byte
        return [str(error)]
    if tuple(rows[0]) != FIELDS:
        return ["1: the first line names the 18 fields"]
    last: dict[str, int] = {}
    recorded = ""
    place = 1
    for number, group in groupby(rows[1:], key=lambda row: row[2] if len(row) == len(FIELDS) else ""):
        entry = list(group)
        for row in entry:
            place += 1
            found += [f"{place}: {problem}" for problem in _of_line(row)]
        if not number or any(f.startswith(f"{place}: fields") for f in found):
            continue
        found += [f"{place}: {problem}" for problem in _of_entry(entry, number, last)]
        if entry[0][15] < recorded:
            found.append(f"{place}: recorded before the entry above")
        recorded = entry[0][15]
    return found


def _of_line(row: list[str]) -> Iterator[str]:
    if len(row) != len(FIELDS):
        yield f"fields: {len(row)}, not 18"
        return
    for column in (3, 9, 15):
        if not _DAY.fullmatch(row[column]):
            yield f"{FIELDS[column]}: no day"
    for column in (0, 1, 2, 4, 5, 8, 10):
        if not row[column].strip():
            yield f"{FIELDS[column]}: empty"
    for column in (11, 12):
        if not _AMOUNT.fullmatch(row[column]):
            yield f"{FIELDS[column]}: no amount"
    if not re.fullmatch(r"[1-7]\d{2}\w*", row[4]):
        yield "CompteNum: no account of the general chart"


def _of_entry(rows: list[list[str]], number: str, last: dict[str, int]) -> Iterator[str]:
    try:
        left = sum((Decimal(row[11].replace(",", ".")) - Decimal(row[12].replace(",", ".")) for row in rows), ZERO)
    except ArithmeticError:
        return
    if left:
        yield f"{number}: debit and credit differ by {left}"
    if len({(row[0], row[3], row[15]) for row in rows}) != 1:
        yield f"{number}: an entry has one journal and one day"
    journal, digits = rows[0][0], number.removeprefix(rows[0][0])
    if not digits.isdigit() or (journal in last and int(digits) != last[journal] + 1):
        yield f"{number}: the number does not follow the one before"
    elif digits.isdigit():
        last[journal] = int(digits)
