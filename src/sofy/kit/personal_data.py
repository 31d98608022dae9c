"""The register of columns that hold personal data: each with its purpose and how long it is kept.

Every app declares its columns in its own `personal_data.py`. A column that could hold words about a person and that
nobody spoke of fails the build: it is declared with a purpose, a retention and what carries it out, or said to be
about nobody, and why.
"""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pydoc import locate

from sofy.kernel.clauses import clause


@dataclass(frozen=True)
class PersonalColumn:
    """One column; `by` is what carries the retention out, `in_clear` why it is not sealed, empty when it is."""

    table: str
    column: str
    purpose: str
    retention: str
    by: str
    in_clear: str = ""


#: A retention that ends by the clock, whoever does what.
PERIOD = re.compile(r"\b(second|minute|hour|day|week|month|year)s?\b")

REGISTER: dict[tuple[str, str], PersonalColumn] = {}
#: Columns of words that are about nobody, and why.
ABOUT_NOBODY: dict[tuple[str, str], str] = {}

#: Types of PostgreSQL that can hold what a person is called, where they live, what they wrote. Ids, numbers, moments
#: and yes or no tell nothing by themselves.
WORDY = frozenset({"text", "character varying", "character", "bytea", "json", "jsonb", "ARRAY", "inet", "cidr", "date",
                   "double precision", "xml", "tsvector", "USER-DEFINED"})  # fmt: skip
#: Tables of frameworks about themselves: rights nobody uses, migrations, the queue's own accounts.
OF_FRAMEWORKS = ("auth_", "django_content_type", "django_migrations", "procrastinate_")


@clause("DPA 4", "DPA 12")
def declare(
    table: str, columns: Iterable[str] | str, *, purpose: str, retention: str, by: str, in_clear: str = ""
) -> None:
    """Put columns of one table in the register.

    `by` is the dotted name of what removes them: a chore that runs by itself, or the act that ends what they are for.
    """
    for column in [columns] if isinstance(columns, str) else columns:
        REGISTER[table, column] = PersonalColumn(table, column, purpose, retention, by, in_clear)


@clause("DPA 12")
def unexecuted(columns: Iterable[PersonalColumn], by_themselves: Collection[Callable[..., object]]) -> list[str]:
    """The columns whose retention nothing carries out: `by` names nothing, or a period is left to somebody's hand."""
    wrong = []
    for item in columns:
        found = locate(item.by)
        if not callable(found) or (PERIOD.search(item.retention) and found not in by_themselves):
            wrong.append(f"{item.table}.{item.column}: {item.retention}, by {item.by}")
    return wrong


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
