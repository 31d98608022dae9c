"""Row-level security: a client never sees another client, whatever the code above forgets.

Every client-owned table carries FORCE ROW LEVEL SECURITY and one policy that compares its `client_id` with a setting of
the current transaction. The setting is local to the transaction: nothing survives into the next request.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import connections, migrations, transaction
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.module_loading import import_string

CLIENT_SETTING = "sofy.client_id"
USER_SETTING = "sofy.user_id"
STAFF_SETTING = "sofy.staff"

# After a commit the setting is an empty string, not NULL: nullif keeps the cast from failing.
CURRENT_CLIENT_SQL = f"nullif(current_setting('{CLIENT_SETTING}', true), '')::uuid"
CURRENT_USER_SQL = f"nullif(current_setting('{USER_SETTING}', true), '')"

STAFF_SQL = f"current_setting('{STAFF_SETTING}', true) = 'on'"

_current: ContextVar[UUID | None] = ContextVar("sofy_current_client", default=None)


def policy_sql(table: str, column: str = "client_id", also_readable: str = "") -> list[str]:
    """Statements that put one table under row-level security.

    `also_readable` is a further condition under which sofy_web may read (never write) a row, for the few tables a
    person reads before a client is chosen: the memberships of the person who is logged in.
    """
    own = f"{column} = {CURRENT_CLIENT_SQL}"
    statements = [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY {table}_client ON {table} TO sofy_web USING ({own}) WITH CHECK ({own})",
        f"CREATE POLICY {table}_staff ON {table} TO sofy_staff USING ({STAFF_SQL}) WITH CHECK ({STAFF_SQL})",
    ]
    if also_readable:
        statements.append(f"CREATE POLICY {table}_also ON {table} FOR SELECT TO sofy_web USING ({also_readable})")
    return statements


class EnableClientRLS(migrations.RunSQL):
    """Migration operation: `EnableClientRLS("audience_contact")` right after the table is created."""

    def __init__(self, table: str, column: str = "client_id", also_readable: str = "") -> None:
        self.table, self.column, self.also_readable = table, column, also_readable
        drop = [f"DROP POLICY IF EXISTS {table}_{kind} ON {table}" for kind in ("client", "staff", "also")]
        disable = [f"ALTER TABLE {table} {off} ROW LEVEL SECURITY" for off in ("NO FORCE", "DISABLE")]
        super().__init__(";\n".join(policy_sql(table, column, also_readable)), ";\n".join(drop + disable))

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return self.__class__.__qualname__, [self.table, self.column, self.also_readable], {}

    def describe(self) -> str:
        return f"Rows of {self.table} are seen by their client only"


# OFFSET 0: what is there is read before it is replaced.
_REPLACE = """
SELECT before, set_config(%s, %s, true) FROM (SELECT current_setting(%s, true) AS before OFFSET 0) AS was
"""


def _set_local(name: str, value: str, using: str) -> str:
    """Set a transaction-local setting and answer the one before."""
    with connections[using].cursor() as cursor:
        cursor.execute(_REPLACE, [name, value, name])
        return cursor.fetchone()[0] or ""


@contextmanager
def _locally(name: str, value: str, using: str) -> Iterator[None]:
    """Run a block inside a transaction with a setting of its own; blocks nest and restore the outer one."""
    outermost = not connections[using].in_atomic_block
    with transaction.atomic(using=using):
        before = _set_local(name, value, using)
        yield
        # Not in `finally`: after an error the rollback restores the setting, and the connection refuses statements.
        if not outermost:  # a transaction that ends takes its settings with it
            _set_local(name, before, using)


@contextmanager
def client_scope(client_id: UUID, *, using: str = "default") -> Iterator[None]:
    """Run a block inside a transaction that sees the rows of one client; scopes nest and restore the outer one."""
    with _locally(CLIENT_SETTING, str(client_id), using):
        token = _current.set(client_id)
        try:
            yield
        finally:
            _current.reset(token)


@contextmanager
def user_scope(user_id: object, *, using: str = "default") -> Iterator[None]:
    """Run a block inside a transaction in which one person's own memberships are readable."""
    with _locally(USER_SETTING, str(user_id), using):
        yield


@contextmanager
def staff_scope(*, using: str = "staff") -> Iterator[None]:
    """Run a block on the staff login, in which rows of all clients are visible: for named queries of operator screens.

    Without it even that login sees nothing, so that no query crosses clients by accident.
    """
    with _locally(STAFF_SETTING, "on", using):
        yield


def set_client(client_id: UUID, *, using: str = "default") -> None:
    """Choose the client for the rest of the transaction that is open already."""
    if not connections[using].in_atomic_block:
        raise RuntimeError("A client is chosen inside a transaction only: outside, the setting would be lost at once.")
    _set_local(CLIENT_SETTING, str(client_id), using)
    _current.set(client_id)


def current_client() -> UUID | None:
    """The client this code runs for, or None outside any scope."""
    return _current.get()


class RequireClient:
    """Middleware: a URL with `client_slug` runs inside a transaction that sees that client only.

    The view is called without the slug and finds the client as `request.client`. An unknown slug and a client the
    person does not belong to are the same 404, so that nobody learns which clients exist.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self._resolve: Callable[[Any, str], Any] | None = None

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        token = _current.set(None)
        try:
            # The transaction is opened here because ATOMIC_REQUESTS opens its own only after process_view.
            with transaction.atomic():
                return self.get_response(request)
        finally:
            _current.reset(token)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        slug = kwargs.pop("client_slug", None)
        user = getattr(request, "user", None)
        if user is not None and user.is_authenticated:
            _set_local(USER_SETTING, str(user.pk), "default")
        if slug is None:
            return None
        if user is None or not user.is_authenticated:
            # Imported here: the module needs the user model, which is built on the kit's models.
            from django.contrib.auth.views import redirect_to_login

            return redirect_to_login(request.get_full_path())
        if self._resolve is None:
            self._resolve = import_string(settings.SOFY_CLIENT_RESOLVER)
        client = self._resolve(user, slug)
        if client is None:
            raise Http404
        set_client(client.pk)
        request.client = client  # type: ignore[attr-defined]
        return None


class TooManyRights(Exception):
    """The process logged in with more rights than its role should have; the text says which and what to do."""


EXPECTED_BYPASS = {"sofy_owner": False, "sofy_web": False, "sofy_staff": False, "sofy_engine": True}


def refuse_excess_rights(connection: psycopg.Connection[Any], role: str) -> None:
    """Stop a process that is not exactly its role, before it serves anything.

    Raises: TooManyRights.
    """
    row = connection.execute(
        "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    name, superuser, bypass, makes_roles, makes_databases = tuple(row) if row else ("", True, True, True, True)
    wrong = []
    if name != role:
        wrong.append(f"it logged in as {name} instead of {role}")
    if superuser or makes_roles or makes_databases:
        wrong.append("it may administer the server")
    if bypass and not EXPECTED_BYPASS[role]:
        wrong.append("it bypasses row-level security")
    for other in EXPECTED_BYPASS:
        may = connection.execute("SELECT 1 WHERE pg_has_role(current_user, %s, 'MEMBER')", [other]).fetchone()
        if may and other != role:
            wrong.append(f"it may become {other}")
    if wrong:
        raise TooManyRights(
            f"This process must not start: {', '.join(wrong)}. Run `sofy db init` and let it use the login of {role}."
        )
