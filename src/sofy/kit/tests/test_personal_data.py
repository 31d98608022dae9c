"""No column that could hold personal data without a purpose and a retention, or the reason why it is about nobody."""

from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from sofy.engine.sweepers import Sweepers
from sofy.kit import jobs, personal_data
from sofy.kit.fields import SealedTextField
from sofy.kit.personal_data import ABOUT_NOBODY, REGISTER, PersonalColumn


def test_every_sealed_column_is_in_the_register():
    sealed = {
        (model._meta.db_table, field.column)
        for config in apps.get_app_configs()
        if config.name.startswith("sofy.")
        for model in config.get_models()
        for field in model._meta.local_fields
        if isinstance(field, SealedTextField)
    }

    assert sealed - REGISTER.keys() == set()


@pytest.mark.clause("DPA 4")
def test_a_declared_column_is_in_the_register(monkeypatch):
    monkeypatch.setattr(personal_data, "REGISTER", {})

    personal_data.declare("t", ["a", "b"], purpose="to write", retention="a year", by="x.y", in_clear="SQL")

    assert personal_data.REGISTER["t", "b"].purpose == "to write"
    assert set(personal_data.REGISTER) == {("t", "a"), ("t", "b")}


def test_every_entry_says_why_and_how_long():
    assert [entry for entry in REGISTER.values() if not (entry.purpose and entry.retention)] == []


def by_themselves():
    """What runs without anybody asking: chores of the worker, duties of the engine."""
    nothing: Any = None
    engine = Sweepers(nothing, nothing, nothing, nothing, nothing, nothing)
    return [*jobs.chores(), *(getattr(duty, "__func__", duty) for _every, duty in engine._duties)]


@pytest.mark.clause("DPA 12")
def test_every_period_is_kept_by_something_that_runs_by_itself():
    assert len(REGISTER) > 70

    assert personal_data.unexecuted(REGISTER.values(), by_themselves()) == [], "name the chore in declare(..., by=...)"


@pytest.mark.parametrize(
    ("_case", "retention", "by", "noticed"),
    [
        ("a chore", "one year", "sofy.accounts.tasks.forget_accounts", False),
        ("a duty of the engine", "three years", "sofy.engine.sweepers.Sweepers._forget", False),
        (
            "an act of somebody, without a period",
            "as long as it is wanted",
            "sofy.audience.services.people.erase",
            False,
        ),
        ("a period left to somebody", "30 days", "sofy.audience.services.people.erase", True),
        ("a function nobody runs", "one year", "sofy.accounts.retention.forget_accounts", True),
        ("no such thing", "one year", "sofy.accounts.tasks.forget_everything", True),
        ("nothing at all", "as long as it is wanted", "", True),
    ],
)
def test_a_retention_nothing_carries_out_is_noticed(_case, retention, by, noticed):
    column = PersonalColumn("t", "c", "to write", retention, by)

    assert bool(personal_data.unexecuted([column], by_themselves())) is noticed


def test_every_entry_names_a_column_that_exists(db):
    with connection.cursor() as cursor:
        cursor.execute("select relname, attname from pg_attribute join pg_class on pg_class.oid = attrelid")
        columns = set(cursor.fetchall())

    assert REGISTER.keys() - columns == set()


@pytest.fixture
def columns(db):
    """Every column of every table: name of the table, of the column, type."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select c.relname, a.attname, case when t.typcategory = 'A' then 'ARRAY' when t.typtype = 'e'"
            " then 'USER-DEFINED' else format_type(t.oid, null) end"
            " from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_type t on t.oid = a.atttypid"
            " where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'm', 'v') and a.attnum > 0"
            " and not a.attisdropped order by 1, a.attnum"
        )
        return cursor.fetchall()


@pytest.mark.clause("DPA 6")
def test_every_column_that_could_hold_personal_data_is_spoken_of(columns):
    assert len(columns) > 400

    missing = personal_data.undeclared(columns)

    assert missing == [], "say in the room's personal_data.py what they hold: declare(...) or about_nobody(...)"


@pytest.mark.parametrize(
    ("_case", "column", "noticed"),
    [
        ("a number in clear", ("audience_new", "phone", "character varying"), True),
        ("a birthday", ("audience_new", "born", "date"), True),
        ("a bag of anything", ("soreach_new", "details", "jsonb"), True),
        ("sealed or not", ("soreach_new", "note", "bytea"), True),
        ("a network address", ("accounts_new", "ip", "inet"), True),
        ("an id", ("audience_new", "contact_id", "uuid"), False),
        ("a framework's own", ("procrastinate_jobs", "args", "jsonb"), False),
        ("declared", ("accounts_user", "email", "character varying"), False),
        ("about nobody", ("audience_book", "name", "character varying"), False),
    ],
)
def test_a_new_column_of_words_is_noticed(_case, column, noticed):
    assert bool(personal_data.undeclared([column])) is noticed


def test_nothing_is_both_personal_and_about_nobody():
    assert REGISTER.keys() & ABOUT_NOBODY.keys() == set()
    assert [name for name, why in ABOUT_NOBODY.items() if not why] == []


def test_what_is_about_nobody_exists(columns):
    assert ABOUT_NOBODY.keys() - {(table, column) for table, column, _ in columns} == set()
