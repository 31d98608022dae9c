"""No sealed column without a purpose and a retention."""

import pytest
from django.apps import apps
from django.db import connection

from sofy.kit import personal_data
from sofy.kit.fields import SealedTextField
from sofy.kit.personal_data import REGISTER


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

    personal_data.declare("t", ["a", "b"], purpose="to write", retention="a year", in_clear="SQL")

    assert personal_data.REGISTER["t", "b"].purpose == "to write"
    assert set(personal_data.REGISTER) == {("t", "a"), ("t", "b")}


def test_every_entry_says_why_and_how_long():
    assert [entry for entry in REGISTER.values() if not (entry.purpose and entry.retention)] == []


def test_every_entry_names_a_column_that_exists(db):
    with connection.cursor() as cursor:
        cursor.execute("select relname, attname from pg_attribute join pg_class on pg_class.oid = attrelid")
        columns = set(cursor.fetchall())

    assert REGISTER.keys() - columns == set()
