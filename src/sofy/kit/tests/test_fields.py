"""Sealed fields: readable through the model, unreadable in the table, useless when moved."""

import pytest
from django.core.exceptions import FieldError
from django.db import models

from sofy.kernel import ids
from sofy.kernel.crypto import Unreadable
from sofy.kit import keys, rls
from sofy.kit.fields import IndexField, Sealed, SealedTextField
from sofy.kit.models import ClientOwned

ALICE, BOB = ids.uuid7(), ids.uuid7()


class Secret(ClientOwned):
    """A row only these tests have."""

    name = SealedTextField(null=True)
    index = IndexField(null=True)

    class Meta:
        app_label = "kit_tests"
        db_table = "kit_test_secret"
        managed = False


@pytest.fixture
def table(engine_db):
    for client_id in (ALICE, BOB):
        keys.keystore().create(client_id)
    with engine_db.connect("admin", autocommit=True) as admin:
        admin.execute("create table kit_test_secret (client_id uuid, id uuid primary key, name bytea, index bytea)")
        admin.execute("grant select, insert, update, delete on kit_test_secret to sofy_web")
        yield admin
        admin.execute("drop table kit_test_secret")


def test_text_comes_back_and_the_table_holds_none_of_it(table):
    row = Secret.objects.create(client_id=ALICE, name="Zoé Lefèvre")

    again = Secret.objects.get(pk=row.pk)

    stored = table.execute("select name from kit_test_secret").fetchone()[0]
    assert again.name == "Zoé Lefèvre"
    assert b"Lef" not in stored
    assert len(stored) >= 12 + 16 + len("Zoé Lefèvre".encode())


def test_the_same_text_is_never_stored_twice_the_same(table):
    Secret.objects.bulk_create([Secret(client_id=ALICE, name="Paul"), Secret(client_id=ALICE, name="Paul")])

    stored = {row[0] for row in table.execute("select name from kit_test_secret").fetchall()}

    assert len(stored) == 2


@pytest.mark.parametrize("value", [None, "", "a" * 100_000, "👩‍🚀\u2028"])
def test_every_text_survives(table, value):
    row = Secret.objects.create(client_id=ALICE, name=value)

    assert Secret.objects.get(pk=row.pk).name == value


def test_a_value_moved_to_another_row_or_client_does_not_open(table):
    one = Secret.objects.create(client_id=ALICE, name="Paul")
    other = Secret.objects.create(client_id=ALICE, name="Anne")
    foreign = Secret.objects.create(client_id=BOB, name="Luc")
    for row in (other, foreign):
        moved = "update kit_test_secret set name = (select name from kit_test_secret where id = %s) where id = %s"
        table.execute(moved, [one.pk, row.pk])

    for row in (other, foreign):
        with pytest.raises(Unreadable):
            _ = Secret.objects.get(pk=row.pk).name


def test_a_changed_value_is_saved_and_an_unchanged_one_left_alone(table):
    row = Secret.objects.create(client_id=ALICE, name="Paul")
    before = table.execute("select name from kit_test_secret").fetchone()[0]

    untouched = Secret.objects.get(pk=row.pk)
    untouched.save()
    same = table.execute("select name from kit_test_secret").fetchone()[0]
    untouched.name = "Pauline"
    untouched.save(update_fields=["name"])

    assert same == before
    assert Secret.objects.get(pk=row.pk).name == "Pauline"


def test_nothing_is_opened_before_it_is_read(table, monkeypatch):
    Secret.objects.create(client_id=ALICE, name="Paul")
    opened = []
    monkeypatch.setattr(SealedTextField, "unseal", lambda self, instance, blob: opened.append(1) or "Paul")

    row = Secret.objects.get()
    before = len(opened)
    _ = (row.name, row.name)

    assert (before, len(opened)) == (0, 1)


def test_deferred_fields_open_too(table):
    Secret.objects.create(client_id=ALICE, name="Paul")

    assert Secret.objects.defer("name").get().name == "Paul"


def test_values_lists_stay_sealed(table):
    Secret.objects.create(client_id=ALICE, name="Paul")

    assert isinstance(Secret.objects.values_list("name", flat=True).get(), Sealed)


@pytest.mark.parametrize(
    ("_case", "attempt"),
    [
        ("exact", lambda: Secret.objects.filter(name="Paul").exists()),
        ("contains", lambda: Secret.objects.filter(name__contains="Pa").exists()),
        ("update", lambda: Secret.objects.update(name="Paul")),
    ],
)
def test_searching_or_writing_past_the_row_is_refused(table, _case, attempt):
    with pytest.raises(FieldError, match="sealed"):
        attempt()


def test_absence_can_be_asked_for(table):
    Secret.objects.create(client_id=ALICE, name=None)

    assert Secret.objects.filter(name__isnull=True).count() == 1


def test_equality_goes_through_the_blind_index(table):
    index = keys.keys_for(ALICE).index("phone", "+33639980001")
    row = Secret.objects.create(client_id=ALICE, index=index)

    found = Secret.objects.get(index=index)

    assert found == row
    assert found.index == index
    assert keys.keys_for(BOB).index("phone", "+33639980001") != index


def test_the_row_belongs_to_the_client_of_the_scope(table):
    with rls.client_scope(ALICE):
        row = Secret(name="Paul")

    assert row.client_id == ALICE
    assert isinstance(row.pk, type(ALICE))


def test_sealed_fields_are_bytes_in_migrations():
    _name, path, _args, _kwargs = SealedTextField().deconstruct()

    assert path == "sofy.kit.fields.SealedTextField"
    assert issubclass(SealedTextField, models.BinaryField)
