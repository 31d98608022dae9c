"""`sofy client|user|apikey|audit`: customers, the people who work for them, and what they decided."""

import argparse
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sofy.kernel.errors import Refused
from sofy.project import runtime
from sofy.project.answers import Answer
from sofy.project.commands import Commands, group, leaf, read_text

if TYPE_CHECKING:
    from sofy.clients.models import Client

ACTOR = "command"


def add(commands: Commands) -> None:
    client = leaf(group(commands, "client", "Customers."), "create", "Create a client with its keys.", create_client)
    client.add_argument("name")
    client.add_argument("--slug", default="", help="its address in the pages; made from the name when not given")

    users = group(commands, "user", "People who log in.")
    user = leaf(users, "create", "Create a person, and their place at a client.", create_user)
    user.add_argument("email")
    user.add_argument("--name", default="")
    user.add_argument("--client", help="slug or id of a client")
    user.add_argument("--role", default="owner", help="owner, marketer, store_manager, developer or auditor")
    user.add_argument("--staff", action="store_true", help="one of the operator's own people")
    user.add_argument("--language", default="", choices=["", "fr", "en"])
    user.add_argument(
        "--password-file", type=Path, help="file that holds the password; one is generated when not given"
    )
    code = leaf(users, "code", "The present second-factor code of a demo account.", show_code)
    code.add_argument("email")

    key = leaf(group(commands, "apikey", "Keys of a client's own software."), "create", "Create a key.", create_key)
    key.add_argument("name")
    key.add_argument("--client", required=True)
    key.add_argument("--scope", action="append", required=True, help="what it may do; may be given several times")

    audit = leaf(group(commands, "audit", "The chains of decisions."), "verify", "Recompute the chains.", verify)
    audit.add_argument("--client", help="one client only; all of them when not given")


def find_client(reference: str) -> "Client":
    """A client by slug or id, read as the operator. Raises: Refused."""
    from sofy.clients.models import Client
    from sofy.kit.rls import staff_scope

    try:
        wanted: dict[str, Any] = {"pk": UUID(reference)}
    except ValueError:
        wanted = {"slug": reference}
    with staff_scope():
        found = Client.objects.using("staff").filter(**wanted).first()
    if found is None:
        raise Refused("client_unknown", 404, client=reference)
    found._state.db = "default"
    return found


def create_client(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.clients import services

    if arguments.slug:
        try:
            known = find_client(arguments.slug)
            return Answer(
                f"{known.name} exists already: {known.slug}", {"id": known.pk, "slug": known.slug, "new": False}
            )
        except Refused:
            pass
    client = services.create_client(name=arguments.name, slug=arguments.slug, actor=ACTOR)
    return Answer(f"{client.name}: {client.slug} ({client.pk})", {"id": client.pk, "slug": client.slug, "new": True})


def create_user(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from django.db import transaction

    from sofy.accounts import services as accounts
    from sofy.accounts.models import User
    from sofy.clients import services as clients

    client = find_client(arguments.client) if arguments.client else None
    new = not User.objects.filter(email=arguments.email.strip().lower()).exists()
    password = None
    if new:
        given = arguments.password_file
        password = read_text(given).strip() if given else secrets.token_urlsafe(12)
    with transaction.atomic():  # nobody is made who could not be given their place
        user = accounts.create_user(
            email=arguments.email,
            full_name=arguments.name,
            password=password,
            language=arguments.language,
            is_operator=arguments.staff,
        )
        if client:
            clients.add_member(client, user=user, role=arguments.role, actor=ACTOR)
    shown = f", password {password}" if password and not arguments.password_file else ""
    text = f"{arguments.email}{shown}" if new else f"{arguments.email} exists already"
    data = {"id": user.pk, "email": user.email, "new": new}
    return Answer(text, data | ({"password": password} if shown else {}))


def show_code(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.accounts import services

    code = services.current_totp_code(arguments.email)
    return Answer(code, {"email": arguments.email, "code": code})


def create_key(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.accounts import services

    client = find_client(arguments.client)
    key, text = services.create_api_key(client, name=arguments.name, scopes=arguments.scope, actor=ACTOR)
    return Answer(f"{text}\nKeep it now: it is never shown again.", {"id": key.pk, "key": text, "scopes": key.scopes})


def verify(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.clients.models import Client
    from sofy.kit import audit
    from sofy.kit.rls import staff_scope

    rows: list[dict[str, Any]] = []
    with staff_scope():
        chains = [(audit.PLATFORM, "(platform)")] if not arguments.client else []
        clients = Client.objects.using("staff").order_by("slug")
        for client in [find_client(arguments.client)] if arguments.client else clients:
            chains.append((client.pk, client.slug))
        for client_id, slug in chains:
            verdict = audit.verify(client_id, using="staff")
            rows.append(
                {
                    "client": slug,
                    "entries": verdict.entries,
                    "intact": verdict.intact,
                    "broken_at": verdict.broken_at,
                    "reason": verdict.reason,
                }
            )
    broken = [row for row in rows if not row["intact"]]
    lines = [f"{row['client']}: broken at entry {row['broken_at']} ({row['reason']})" for row in broken]
    lines.append(f"{len(rows)} chains, {sum(int(row['entries']) for row in rows)} entries, {len(broken)} broken")
    return Answer("\n".join(lines), {"ok": not broken, "chains": rows}, 1 if broken else 0)
