"""The register of columns that hold personal data: each with its purpose and how long it is kept.

Every app declares its columns in its own `personal_data.py`; a sealed column nobody declared fails the build.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sofy.kernel.clauses import clause


@dataclass(frozen=True)
class PersonalColumn:
    """One column; `in_clear` is the reason it is not sealed, empty when it is."""

    table: str
    column: str
    purpose: str
    retention: str
    in_clear: str = ""


REGISTER: dict[tuple[str, str], PersonalColumn] = {}


@clause("DPA 4")
def declare(table: str, columns: Iterable[str] | str, *, purpose: str, retention: str, in_clear: str = "") -> None:
    """Put columns of one table in the register."""
    for column in [columns] if isinstance(columns, str) else columns:
        REGISTER[table, column] = PersonalColumn(table, column, purpose, retention, in_clear)
