"""SMPP accounts of clients: made, changed and ended by staff, on their own login; shown to the client."""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from argon2 import PasswordHasher
from django.db import connections, transaction

from sofy.accounts.rules import read_networks
from sofy.engine.permissions import SMPP_CHANNEL
from sofy.kernel import clock, ids
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kernel.text import one_line
from sofy.kit import audit
from sofy.kit.rls import staff_scope

#: Letters and digits that nobody takes for another.
_ALPHABET: Final = "23456789abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
#: A system id has 15 characters at most, a password 8. Source: SMPP 3.4 issue 1.2, 4.1.1.
_SYSTEM_ID, _PASSWORD = 12, 8
_HINT: Final = 4
MOST_BINDS, MOST_PER_S = 100, 100_000
Purpose = Literal["marketing", "alert"]


_INSERT: Final = """
INSERT INTO gate_smpp_account (client_id, id, name, hint, purpose, password, networks, senders, max_binds, per_s,
                               language, created_at)
VALUES (%(client_id)s, %(id)s, %(name)s, %(hint)s, %(purpose)s, %(password)s, %(networks)s::text[]::cidr[], %(senders)s,
        %(max_binds)s, %(per_s)s, %(language)s, %(created_at)s)
"""


@dataclass(frozen=True)
class Account:
    """One account as people see it; `system_id` and `password` only when they were just made."""

    id: UUID
    name: str
    hint: str
    purpose: str
    networks: list[str]
    senders: list[str]
    max_binds: int
    per_s: int
    language: str
    created_at: datetime
    disabled_at: datetime | None
    system_id: str = ""
    password: str = ""
    binds: tuple["Bind", ...] = ()


@dataclass(frozen=True)
class Bind:
    """A bind that is open now."""

    kind: str
    peer: str
    since: datetime


@clause("CGVU 14.1", "CGVU 14.2")
def add(
    client_id: UUID,
    *,
    name: str,
    purpose: str,
    actor: str,
    networks: Iterable[str] = (),
    senders: Sequence[str] = (),
    max_binds: int = 5,
    per_s: int = 100,
    language: str = "fr",
) -> Account:
    """Let a client's software bind, for one purpose; answers what it logs in with, which is never shown again.

    Raises: Refused (account_name_missing, account_purpose, network_unreadable, max_binds_range, per_s_range,
    account_senders).
    """
    if not one_line(name):
        raise Refused("account_name_missing")
    if purpose not in ("marketing", "alert"):
        raise Refused("account_purpose", purpose=purpose)
    _check_range(max_binds, per_s)
    system_id, password = _random(_SYSTEM_ID), _random(_PASSWORD)
    row: dict[str, Any] = {
        "client_id": client_id,
        "id": ids.uuid7(),
        "name": one_line(name)[:80],
        "hint": system_id[-_HINT:],
        "purpose": purpose,
        "password": PasswordHasher().hash(password),
        "networks": read_networks(networks),
        "senders": list(dict.fromkeys(senders)),
        "max_binds": max_binds,
        "per_s": per_s,
        "language": language,
        "created_at": clock.now(),
    }
    with staff_scope(), transaction.atomic(using="staff"), connections["staff"].cursor() as cursor:
        _check_senders(cursor, client_id, row["senders"])
        cursor.execute(_INSERT, row)
        digest = hashlib.sha256(system_id.encode()).digest()
        cursor.execute(
            "INSERT INTO gate_smpp_login (digest, client_id, account_id) VALUES (%s, %s, %s)",
            [digest, client_id, row["id"]],
        )
        cursor.execute(
            "INSERT INTO gate_endpoint (client_id, id, kind, created_at) VALUES (%s, %s, 'smpp', %s)",
            [client_id, row["id"], row["created_at"]],
        )
        facts = {"account": str(row["id"]), "purpose": purpose}
        audit.append(client_id, "smpp_account.created", actor, facts, using="staff")
    shown = {name: value for name, value in row.items() if name not in ("client_id", "password")}
    return Account(**shown, disabled_at=None, system_id=system_id, password=password)


def change(
    client_id: UUID,
    account_id: UUID,
    *,
    name: str,
    networks: Iterable[str],
    senders: Sequence[str],
    max_binds: int,
    per_s: int,
    actor: str,
) -> None:
    """Change what an account may do; every bind knows within the moment. Its purpose stays for good.

    Raises: Refused (not_found, account_name_missing, network_unreadable, max_binds_range, per_s_range,
    account_senders).
    """
    if not one_line(name):
        raise Refused("account_name_missing")
    _check_range(max_binds, per_s)
    values: list[Any] = [one_line(name)[:80], read_networks(networks), list(dict.fromkeys(senders)), max_binds, per_s]
    with staff_scope(), transaction.atomic(using="staff"), connections["staff"].cursor() as cursor:
        _check_senders(cursor, client_id, senders)
        cursor.execute(
            "UPDATE gate_smpp_account SET name = %s, networks = %s::text[]::cidr[], senders = %s, max_binds = %s,"
            " per_s = %s WHERE client_id = %s AND id = %s RETURNING id",
            [*values, client_id, account_id],
        )
        _tell(cursor, client_id, account_id, "smpp_account.changed", actor)


def disable(client_id: UUID, account_id: UUID, *, actor: str) -> None:
    """End an account at once: its binds are logged out, and nothing binds any more. Raises: Refused not_found."""
    with staff_scope(), transaction.atomic(using="staff"), connections["staff"].cursor() as cursor:
        cursor.execute(
            "UPDATE gate_smpp_account SET disabled_at = coalesce(disabled_at, %s) WHERE client_id = %s AND id = %s"
            " RETURNING id",
            [clock.now(), client_id, account_id],
        )
        _tell(cursor, client_id, account_id, "smpp_account.disabled", actor)
        cursor.execute(
            "UPDATE gate_endpoint SET state = 'off' WHERE client_id = %s AND id = %s", [client_id, account_id]
        )


def new_password(client_id: UUID, account_id: UUID, *, actor: str) -> str:
    """Another password, shown once; binds made with the one before are logged out. Raises: Refused not_found."""
    password = _random(_PASSWORD)
    with staff_scope(), transaction.atomic(using="staff"), connections["staff"].cursor() as cursor:
        cursor.execute(
            "UPDATE gate_smpp_account SET password = %s WHERE client_id = %s AND id = %s AND disabled_at IS NULL"
            " RETURNING id",
            [PasswordHasher().hash(password), client_id, account_id],
        )
        _tell(cursor, client_id, account_id, "smpp_account.password", actor)
    return password


def of_client(client_id: UUID, *, using: str = "default") -> list[Account]:
    """The accounts of a client with who is bound now, on the login of who asks, inside its scope."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT account_id, kind, coalesce(host(peer), ''), since FROM smpp_bind"
            " WHERE client_id = %s AND lease_until > now() ORDER BY since",
            [client_id],
        )
        binds: dict[UUID, list[Bind]] = {}
        for account_id, *bind in cursor.fetchall():
            binds.setdefault(account_id, []).append(Bind(*bind))
        cursor.execute(
            "SELECT id, name, hint, purpose, networks::text[], senders, max_binds, per_s, language, created_at,"
            " disabled_at FROM gate_smpp_account WHERE client_id = %s ORDER BY disabled_at IS NOT NULL, created_at",
            [client_id],
        )
        return [replace(Account(*row), binds=tuple(binds.get(row[0], ()))) for row in cursor.fetchall()]


def find(client_id: UUID, account_id: UUID) -> Account:
    """One account, for staff. Raises: Refused not_found."""
    with staff_scope():
        found = next((each for each in of_client(client_id, using="staff") if each.id == account_id), None)
    if found is None:
        raise Refused("not_found", 404)
    return found


def _tell(cursor: Any, client_id: UUID, account_id: UUID, action: str, actor: str) -> None:
    """The entry in the client's chain, and the notice to the processes that serve SMPP. Raises: Refused not_found."""
    if cursor.fetchone() is None:
        raise Refused("not_found", 404)
    cursor.execute("SELECT pg_notify(%s, %s)", [SMPP_CHANNEL, account_id.hex])
    audit.append(client_id, action, actor, {"account": str(account_id)}, using="staff")


def _check_range(max_binds: int, per_s: int) -> None:
    if not 1 <= max_binds <= MOST_BINDS:
        raise Refused("max_binds_range", most=MOST_BINDS)
    if not 1 <= per_s <= MOST_PER_S:
        raise Refused("per_s_range", most=MOST_PER_S)


def _check_senders(cursor: Any, client_id: UUID, senders: Sequence[str]) -> None:
    """Raises: Refused account_senders, for one that is not registered."""
    cursor.execute("SELECT name FROM messaging_sender WHERE client_id = %s AND state = 'approved'", [client_id])
    known = {name for (name,) in cursor.fetchall()}
    for name in senders:
        if name not in known:
            raise Refused("account_senders", sender=name)


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
