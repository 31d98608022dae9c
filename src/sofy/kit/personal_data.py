"""The register of columns that hold personal data: each with its purpose and how long it is kept.

Every app declares its columns in its own `personal_data.py`. A column that could hold words about a person and that
nobody spoke of fails the build: it is declared with a purpose and a retention, or said to be about nobody, and why.
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
#: Columns of words that are about nobody, and why.
ABOUT_NOBODY: dict[tuple[str, str], str] = {}

#: Types of PostgreSQL that can hold what a person is called, where they live, what they wrote. Ids, numbers, moments
#: and yes or no tell nothing by themselves.
WORDY = frozenset({"text", "character varying", "character", "bytea", "json", "jsonb", "ARRAY", "inet", "cidr", "date",
                   "double precision", "xml", "tsvector", "USER-DEFINED"})  # fmt: skip
#: Tables of frameworks about themselves: rights nobody uses, migrations, the queue's own accounts.
OF_FRAMEWORKS = ("auth_", "django_content_type", "django_migrations", "procrastinate_")


@clause("DPA 4")
def declare(table: str, columns: Iterable[str] | str, *, purpose: str, retention: str, in_clear: str = "") -> None:
    """Put columns of one table in the register."""
    for column in [columns] if isinstance(columns, str) else columns:
        REGISTER[table, column] = PersonalColumn(table, column, purpose, retention, in_clear)


def about_nobody(table: str, columns: Iterable[str] | str, why: str) -> None:
    """Say of columns of words that no person is in them."""
    for column in [columns] if isinstance(columns, str) else columns:
        ABOUT_NOBODY[table, column] = why


@clause("DPA 6")
def undeclared(columns: Iterable[tuple[str, str, str]]) -> list[str]:
    """The columns (table, name, type) that could hold personal data and that nobody spoke of."""
    return [
        f"{table}.{column}"
        for table, column, kind in columns
        if kind in WORDY
        and not table.startswith(OF_FRAMEWORKS)
        and (table, column) not in REGISTER
        and (table, column) not in ABOUT_NOBODY
    ]


about_nobody("kit_audit", ["actor", "action", "facts"], "ids, counts and codes: the chain outlives the people in it")
about_nobody("kit_audit", ["previous_hash", "hash"], "the chain itself")
about_nobody("kit_audit_head", "hash", "the chain itself")
about_nobody("kit_outbox", ["topic", "payload"], "ids and keyed hashes, never what they stand for")
