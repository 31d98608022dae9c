"""One row of a file made into a record: what it says about a person, and what is wrong with it.

A row is rejected only when no identity in it is valid; anything else that cannot be read is left out with a warning.
Pure: the same row always gives the same record.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from sofy.audience.imports import phones, said, values
from sofy.kernel import clock
from sofy.kernel.phone import Number, Problem
from sofy.kernel.text import fold

NAME_MAX = 80
TEXT_MAX = 250
#: What people and programs write where there is no number and no address.
NOTHING = frozenset({"n/a", "na", "nc", "neant", "aucun", "aucune", "null", "none", "nan", "-", "--", "/", "?", "."})
#: What a legal basis allows to record as consent: the purpose of the messages.
PURPOSE_OF_BASIS = {"consent": "marketing", "customer": "marketing", "contract": "alert"}

Value = str | Decimal | date | bool


@dataclass(slots=True)
class Record:
    """What one row says; fields the file leaves blank stay None and change nothing."""

    row: int
    phones: list[Number]
    emails: list[str]
    problems: list[str]
    title: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    birth_date: date | None = None
    language: str | None = None
    street: str | None = None
    postcode: str | None = None
    town: str | None = None
    town_key: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    establishment_id: UUID | None = None
    zone: str | None = None
    sms: str = ""  # word about consent: granted, withdrawn, opposed or nothing
    email: str = ""
    whatsapp: str = ""
    opens: str = ""
    agreed_on: date | None = None
    attributes: dict[str, Value] | None = None

    @property
    def rejected(self) -> bool:
        return not (self.phones or self.emails)


@dataclass(frozen=True)
class Reading:
    """How to read the rows of one file. `mapping`: one word of columns.FIELDS per column.

    `declared` is true when the client named a legal basis and a source; without them nothing counts as consent.
    `also`: what else beside messages by SMS and e-mail it declared everybody agreed to, of said.APART.
    """

    mapping: Sequence[str]
    kinds: dict[str, tuple[str, bool]]  # attribute name -> kind, private
    fictional: bool
    declared: bool
    today: date
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)  # attribute name -> the values there are
    shops: Mapping[str, UUID] = field(default_factory=dict)  # folded name or code of an establishment -> its id
    also: Sequence[str] = ()


Setter = Callable[[Record, str], None]


def reader(reading: Reading) -> Callable[[int, Sequence[str]], Record]:
    """A function from a row number and its cells to a record, prepared once for the file."""
    setters = [
        (position, _setter(word, reading), word.startswith(("consent", "optout")) or word == "refusal")
        for position, word in enumerate(reading.mapping)
        if word
    ]
    finish = said.finisher(reading.mapping, declared=reading.declared, also=reading.also)
    last = max((position for position, _, _ in setters), default=-1)

    def read(row: int, cells: Sequence[str]) -> Record:
        record = Record(row, [], [], [])
        if len(cells) <= last:
            cells = [*cells, *[""] * (last + 1 - len(cells))]
        for position, put, of_consent in setters:
            cell = cells[position]
            if cell:
                if cell[0] in "#E" and not of_consent and values.formula_failed(cell):
                    record.problems.append("formula_failed")
                else:
                    put(record, cell)
        if not record.phones and not record.emails and not record.problems:
            record.problems.append("no_identity")
        finish(record)
        return record

    return read


def unreadable(row: int) -> Record:
    """A row whose quotes never close."""
    return Record(row, [], [], ["unreadable_row"])


def _setter(word: str, reading: Reading) -> Setter:
    if word.startswith("attribute:"):
        name = word.removeprefix("attribute:")
        kind, private = reading.kinds.get(name, ("text", False))
        return _attribute(name, kind, private, reading.choices.get(name, ()))
    if word == "phone":
        return _phone(reading.fictional)
    if word == "establishment":
        return _establishment(reading.shops)
    if word in ("birth_date", "consent_date"):
        return _date(word, reading.today)
    if word.startswith(("consent", "optout")):
        return said.setter(word)
    return _SETTERS[word]


def _phone(fictional: bool) -> Setter:
    def put(record: Record, cell: str) -> None:
        number = phones.read(cell, fictional=fictional)
        if isinstance(number, Number):
            if not record.phones or number not in record.phones:
                record.phones.append(number)
        elif number.code != "empty":
            _several_phones(record, cell, number, fictional)

    return put


def _several_phones(record: Record, cell: str, problem: Problem, fictional: bool) -> None:
    """A cell that is not one number as it stands: several, or one with a word beside it."""
    if fold(cell) in NOTHING:
        return
    found = phones.several(cell, fictional=fictional)
    record.phones.extend(number for number in found if number not in record.phones)
    if not found:
        record.problems.append(f"phone_{problem.code}")


def _email(record: Record, cell: str) -> None:
    address = values.email(cell)
    if address:
        if address not in record.emails:
            record.emails.append(address)
        return
    if not cell.strip() or fold(cell) in NOTHING:
        return
    several = [found for part in cell.replace(";", ",").replace(" ", ",").split(",") if (found := values.email(part))]
    if several:
        record.emails.extend(found for found in several if found not in record.emails)
    else:
        record.problems.append("email_invalid")


@lru_cache(maxsize=65536)
def clean(cell: str) -> str | None:
    """A name on one line without doubled spaces; None when nothing is left."""
    return " ".join(values.unquoted(cell).split())[:NAME_MAX] or None


def _first_name(record: Record, cell: str) -> None:
    record.first_name = clean(cell)


def _last_name(record: Record, cell: str) -> None:
    record.last_name = clean(cell)


_ADDRESSED = re.compile(r"(m|mr|mme|mlle|melle|mrs|ms|miss|monsieur|madame|mademoiselle)\.?\s+", re.IGNORECASE)


def _full_name(record: Record, cell: str) -> None:
    if (addressed := _ADDRESSED.match(cell)) is not None:
        record.title = record.title or values.title(addressed[1])
        cell = cell[addressed.end() :]
    family, comma, given = cell.partition(",")
    if comma and family.strip() and given.strip():
        record.first_name, record.last_name = clean(given), clean(family)
        return
    words = cell.split()
    upper = [word for word in words if word.isupper() and len(word) > 1]
    if upper and len(upper) < len(words):
        record.last_name = clean(" ".join(upper))
        record.first_name = clean(" ".join(word for word in words if word not in upper))
    elif len(words) > 1:
        record.first_name, record.last_name = clean(words[0]), clean(" ".join(words[1:]))
    else:
        record.last_name = clean(cell)


def _title(record: Record, cell: str) -> None:
    record.title = values.title(cell)
    if record.title is None and cell.strip():
        record.problems.append("title_unclear")


def _language(record: Record, cell: str) -> None:
    record.language = values.language(cell)
    if record.language is None and cell.strip():
        record.problems.append("language_unclear")


def _street(record: Record, cell: str) -> None:
    text = " ".join(values.unquoted(cell).split())[:200]
    record.street = f"{record.street}, {text}" if record.street and text else record.street or text or None


def _postcode(record: Record, cell: str) -> None:
    record.postcode = values.postcode(cell) or None


def _town(record: Record, cell: str) -> None:
    town, key = values.place(cell)
    if town:
        record.town, record.town_key = town, key


def _latitude(record: Record, cell: str) -> None:
    record.latitude = values.coordinate(cell, 90)
    if record.latitude is None:
        record.problems.append("position_invalid")


def _longitude(record: Record, cell: str) -> None:
    record.longitude = values.coordinate(cell, 180)
    if record.longitude is None:
        record.problems.append("position_invalid")


def _establishment(shops: Mapping[str, UUID]) -> Setter:
    def put(record: Record, cell: str) -> None:
        if not (name := fold(cell)):
            return
        record.establishment_id = shops.get(name)
        if record.establishment_id is None:
            record.problems.append("establishment_unknown")

    return put


def _zone(record: Record, cell: str) -> None:
    if cell.strip() in clock.zones():
        record.zone = cell.strip()
    else:
        record.problems.append("zone_unknown")


_SETTERS: dict[str, Setter] = {
    "title": _title,
    "first_name": _first_name,
    "last_name": _last_name,
    "full_name": _full_name,
    "email": _email,
    "language": _language,
    "street": _street,
    "postcode": _postcode,
    "town": _town,
    "latitude": _latitude,
    "longitude": _longitude,
    "zone": _zone,
    "refusal": said.refusal,
}


def _date(word: str, today: date) -> Setter:
    birth = word == "birth_date"

    @lru_cache(maxsize=65536)
    def found(cell: str) -> date | None:
        day = values.birth_date(cell, today) if birth else values.date(cell)
        return day if day and day <= today else None

    def put(record: Record, cell: str) -> None:
        day = found(cell)
        if day is None:
            if cell.strip():
                record.problems.append(f"{word}_invalid")
        elif birth:
            record.birth_date = day
        else:
            record.agreed_on = day

    return put


def _attribute(name: str, kind: str, private: bool, choices: Sequence[str]) -> Setter:
    listed = {fold(choice): choice for choice in choices}
    convert: dict[str, Callable[[str], Any]] = {
        "number": values.number,
        "date": values.date,
        "bool": lambda cell: values.YES_NO.get(fold(cell)),
        "text": lambda cell: " ".join(values.unquoted(cell).split()) or None,
        "choice": lambda cell: listed.get(fold(values.unquoted(cell))),
    }
    to_value = convert[kind]

    def put(record: Record, cell: str) -> None:
        value = to_value(cell)
        if value is None:
            if cell.strip():
                record.problems.append("value_not_listed" if kind == "choice" else "value_invalid")
            return
        if isinstance(value, str) and len(value) > TEXT_MAX and not private:
            value = value[:TEXT_MAX]
            record.problems.append("text_cut")
        if record.attributes is None:
            record.attributes = {}
        record.attributes[name] = value

    return put


def agreed_at(record: Record, now: datetime) -> datetime:
    """When the person agreed: noon of the day the file gives, else the moment of the import."""
    if record.agreed_on is None:
        return now
    return min(noon(record.agreed_on), now)


noon = lru_cache(maxsize=16384)(values.instant)
