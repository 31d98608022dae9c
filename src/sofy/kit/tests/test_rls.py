"""Row-level security: what one client wrote, another never learns."""

from uuid import UUID

import psycopg
import pytest
from django.db import connection, transaction
from django.http import Http404, HttpResponse

from sofy.kernel import ids
from sofy.kit import rls
from sofy.kit.models import OutboxRow

ALICE, BOB = ids.uuid7(), ids.uuid7()


def _publish(client_id):
    OutboxRow(client_id=client_id, topic="test").save(force_insert=True)


def test_a_client_sees_its_own_rows_only(db):
    for client_id in (ALICE, BOB):
        with rls.client_scope(client_id):
            _publish(client_id)

    with rls.client_scope(ALICE):
        seen = set(OutboxRow.objects.values_list("client_id", flat=True))

    assert seen == {ALICE}


def test_without_a_client_nothing_is_seen_nor_written(db):
    with rls.client_scope(ALICE):
        _publish(ALICE)

    assert not OutboxRow.objects.exists()
    with pytest.raises(Exception, match="row-level security"), transaction.atomic():
        _publish(ALICE)


def test_after_a_commit_the_empty_setting_sees_nothing(engine_db):
    with rls.client_scope(ALICE):
        _publish(ALICE)

    with transaction.atomic():
        assert connection.connection is not None  # the same connection, whose setting is now '' and not NULL
        assert not OutboxRow.objects.exists()


def test_a_row_of_another_client_cannot_be_written(db):
    with rls.client_scope(ALICE), pytest.raises(Exception, match="row-level security"), transaction.atomic():
        _publish(BOB)


def test_scopes_nest_and_restore(db):
    with rls.client_scope(ALICE):
        with rls.client_scope(BOB):
            _publish(BOB)
        inner_is_gone = not OutboxRow.objects.exists()

        assert rls.current_client() == ALICE
    assert inner_is_gone
    assert rls.current_client() is None


def test_scopes_nest_and_restore_in_a_transaction_of_their_own(engine_db):
    with rls.client_scope(ALICE):
        _publish(ALICE)
        with rls.client_scope(BOB):
            inner = OutboxRow.objects.exists()
        outer = OutboxRow.objects.exists()

    assert (inner, outer, OutboxRow.objects.exists()) == (False, True, False)


def test_after_a_scope_the_rest_of_a_transaction_sees_nothing(engine_db):
    with transaction.atomic():
        with rls.client_scope(ALICE):
            _publish(ALICE)

        assert not OutboxRow.objects.exists()


def test_a_scope_that_failed_leaves_the_outer_one_as_it_was(engine_db):
    with rls.client_scope(ALICE):
        _publish(ALICE)
        with pytest.raises(ZeroDivisionError), rls.client_scope(BOB):
            raise ZeroDivisionError

        assert OutboxRow.objects.exists()
        assert rls.current_client() == ALICE


def test_a_client_is_chosen_inside_a_transaction_only(engine_db):
    with pytest.raises(RuntimeError, match="inside a transaction"):
        rls.set_client(ALICE)


def test_staff_sees_other_clients_inside_the_named_scope_only(engine_db):
    with rls.client_scope(ALICE):
        _publish(ALICE)

    assert not OutboxRow.objects.using("staff").exists()
    with rls.staff_scope():
        assert OutboxRow.objects.using("staff").count() == 1


def test_every_table_with_a_client_is_forced_and_has_a_policy(engine_db):
    with engine_db.connect("admin") as admin:
        tables = admin.execute(
            """select c.relname, c.relrowsecurity and c.relforcerowsecurity,
                      exists (select 1 from pg_policy p where p.polrelid = c.oid
                               and pg_get_expr(p.polqual, c.oid) like '%sofy.client_id%')
                 from pg_class c join pg_attribute a on a.attrelid = c.oid
                where a.attname = 'client_id' and not a.attisdropped and c.relkind in ('r', 'p')
                  and c.relnamespace = 'public'::regnamespace"""
        ).fetchall()
        web_may = {
            row[0]
            for row in admin.execute(
                "select table_name from information_schema.role_table_grants where grantee = 'sofy_web'"
                " union select table_name from information_schema.column_privileges where grantee = 'sofy_web'"
            )
        }

    assert {name for name, _forced, _policy in tables} >= {"kit_outbox", "kit_audit", "kit_audit_head"}
    assert [name for name, forced, _policy in tables if not forced] == []
    assert [name for name, _forced, policy in tables if name in web_may and not policy] == []


@pytest.mark.parametrize("role", ["sofy_owner", "sofy_web", "sofy_staff", "sofy_engine"])
def test_each_role_is_accepted_as_itself(engine_db, role):
    with engine_db.connect(role) as connected:
        rls.refuse_excess_rights(connected, role)


@pytest.mark.parametrize(
    ("_case", "login", "role"),
    [
        ("administrator", "admin", "sofy_web"),
        ("engine as web", "sofy_engine", "sofy_web"),
        ("owner as web", "sofy_owner", "sofy_web"),
    ],
)
def test_a_process_with_more_rights_than_its_role_is_refused(engine_db, _case, login, role):
    with engine_db.connect(login) as connected, pytest.raises(rls.TooManyRights, match="must not start"):
        rls.refuse_excess_rights(connected, role)


def test_the_engine_reaches_no_table_of_people(engine_db):
    with engine_db.connect("sofy_engine") as connected, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connected.execute("select * from kit_audit")


class _Client:
    def __init__(self, pk: UUID) -> None:
        self.pk = pk


class _User:
    pk, is_authenticated = 7, True


@pytest.fixture
def middleware(monkeypatch):
    clients = {"alice": _Client(ALICE)}
    made = rls.RequireClient(lambda request: HttpResponse("ok"))
    made._resolve = lambda user, slug: clients.get(slug)
    return made


def test_the_middleware_opens_the_client_of_the_address(db, rf, middleware):
    request = rf.get("/c/alice/")
    request.user = _User()
    kwargs = {"client_slug": "alice"}

    answer = middleware.process_view(request, lambda: None, [], kwargs)

    assert answer is None
    assert request.client.pk == rls.current_client() == ALICE
    assert kwargs == {}


def test_an_unknown_client_is_not_found(db, rf, middleware):
    request = rf.get("/c/bob/")
    request.user = _User()

    with pytest.raises(Http404):
        middleware.process_view(request, lambda: None, [], {"client_slug": "bob"})
