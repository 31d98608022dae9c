"""The hot statements run on one server of a cluster, since each names one client."""

import re
from typing import Any

from sofy.engine import db, distribution

_TABLE = re.compile(r"\b(?:FROM|JOIN|UPDATE|INTO|USING)\s+(\w+)")


def _tables(statement: str) -> set[str]:
    return set(_TABLE.findall(re.sub(r"--.*", "", statement)))


def test_every_statement_about_clients_names_one_but_those_that_say_whose_turn_it_is():
    owned = set(distribution.BY_CLIENT)

    across = {name for name, text in db.statements().items() if _tables(text) & owned and "%(client)s" not in text}

    assert across == distribution.ACROSS


def test_every_table_that_lies_by_a_key_can_be_found_by_it(engine_db: Any):
    keys = dict.fromkeys(distribution.BY_CLIENT, "client_id") | distribution.BY_KEY
    with engine_db.connect("admin") as admin:
        rows = admin.execute(
            "SELECT c.relname, i.indexrelid::regclass::text, array_agg(a.attname::text) FROM pg_index i"
            " JOIN pg_class c ON c.oid = i.indrelid"
            " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)"
            " WHERE i.indisunique AND c.relname = ANY (%s) GROUP BY 1, 2",
            [list(keys)],
        ).fetchall()

    assert {table for table, _, _ in rows} == set(keys) - {"engine_event"}  # which has nothing to be unique by
    assert [(table, index) for table, index, columns in rows if keys[table] not in columns] == []


def test_each_table_is_laid_out_once():
    tables = [step.table for step in distribution.steps()]

    assert len(tables) == len(set(tables)) == len(distribution.BY_CLIENT) + len(distribution.BY_KEY)
