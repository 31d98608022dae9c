"""`sofy user|apikey`: the people who work for a client, and its own software."""

import argparse
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sofy.kernel.errors import Refused
from sofy.project import runtime
from sofy.project.answers import Answer
from sofy.project.commands import Commands, group, leaf, read_text
from sofy.project.commands.clients import ACTOR, find_client

if TYPE_CHECKING:
    from sofy.clients.models import Client


def add(commands: Commands) -> None:
    users = group(commands, "user", "People who log in.")
    user = leaf(users, "create", "Create a person, and give or change their place at a client.", create_user)
    user.add_argument("email")
    user.add_argument("--name", default="")
    user.add_argument("--client", help="slug or id of a client")
    user.add_argument("--role", help="owner (unless told otherwise), marketer, store_manager, developer or auditor")
    user.add_argument(
        "--establishment", action="append", default=[], metavar="CODE", help="a point of sale of a store_manager"
    )
    user.add_argument("--staff", action="store_true", help="one of the operator's own people")
    user.add_argument("--language", default="", choices=["", "fr", "en"])
    user.add_argument(
        "--password-file", type=Path, help="file that holds the password; one is generated when not given"
    )
    code = leaf(users, "code", "The present second-factor code of a demo account.", show_code)
    code.add_argument("email")

    key = leaf(group(commands, "apikey", "Keys of a client's own software."), "create", "Create a key.", create_key)
    key.add_argument("name", help="a key of this name that exists is answered without its secret")
    key.add_argument("--client", required=True)
    key.add_argument("--scope", action="append", required=True, help="what it may do; may be given several times")
    key.add_argument(
        "--from",
        dest="networks",
        action="append",
        default=[],
        metavar="CIDR",
        help="an address or block it may be used from; may be given several times; from anywhere when not given",
    )
    key.add_argument("--per-10s", type=int, metavar="N", help="requests in ten seconds; the usual limit when not given")


def create_user(arguments: argparse.Namespace) -> Answer:
    """Everything is looked at first, then all of it is written or none: a password is never lost half-way."""
    runtime.open_django()
    from django.db import transaction

    from sofy.accounts import services as accounts
    from sofy.accounts.models import User

    client = find_client(arguments.client) if arguments.client else None
    if client is None and (arguments.role or arguments.establishment):
        raise Refused("role_without_client")
    known = User.objects.filter(email=arguments.email.strip().lower()).first()
    if known is not None and arguments.staff and not known.is_operator:
        raise Refused("user_not_staff", 409, email=known.email)
    password = None
    if known is None:
        given = arguments.password_file
        password = read_text(given).strip() if given else secrets.token_urlsafe(12)
    with transaction.atomic():
        user = accounts.create_user(
            email=arguments.email,
            full_name=arguments.name,
            password=password,
            language=arguments.language,
            is_operator=arguments.staff,
        )
        place = _give_place(client, user, arguments.role, arguments.establishment) if client else {}
    data = {"id": user.pk, "email": user.email, "new": known is None, **place}
    lines = [user.email if known is None else f"{user.email} exists already"]
    if password and not arguments.password_file:
        data["password"] = password
        lines[0] += f", password {password}"
    if client:
        lines.append(f"{client.name}: {place['role']} ({place['place']})")
    return Answer("\n".join(lines), data)


def _give_place(client: "Client", user: Any, role: str | None, codes: Sequence[str]) -> dict[str, str]:
    """The role of somebody at a client, and whether it was given, changed or kept by this run."""
    from sofy.clients import rules, services
    from sofy.clients.models import Membership, MembershipEstablishment
    from sofy.kit.rls import client_scope

    with client_scope(client.pk):
        places = _establishments(client.pk, codes)
        member = Membership.objects.filter(client_id=client.pk, user_id=user.pk).first()
        wanted = role or (member.role if member else rules.OWNER)
        if places and wanted in rules.ROLES and not rules.limited_to_establishments(wanted):
            raise Refused("establishments_for_managers", role=wanted)
        if member is None:
            services.add_member(client, user=user, role=wanted, actor=ACTOR, establishments=places)
            return {"role": wanted, "place": "new"}
        links = MembershipEstablishment.objects.filter(client_id=client.pk, membership=member)
        held = set(links.values_list("establishment_id", flat=True))
        if wanted == member.role and (not places or set(places) == held):
            return {"role": wanted, "place": "kept"}
        services.change_role(client, membership_id=member.pk, role=wanted, actor=ACTOR, establishments=places or held)
        return {"role": wanted, "place": "changed"}


def _establishments(client_id: UUID, codes: Sequence[str]) -> list[UUID]:
    """Raises: Refused establishment_code_unknown."""
    from sofy.clients import queries

    known = dict(queries.establishments(client_id).filter(code__in=codes).values_list("code", "pk"))
    for code in codes:
        if code not in known:
            raise Refused("establishment_code_unknown", 404, shop_code=code)
    return [known[code] for code in dict.fromkeys(codes)]


def show_code(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.accounts import services

    code = services.current_totp_code(arguments.email)
    return Answer(code, {"email": arguments.email, "code": code})


def create_key(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.accounts import services
    from sofy.accounts.models import ApiKey
    from sofy.accounts.rules import read_networks
    from sofy.kit.rls import client_scope

    client = find_client(arguments.client)
    with client_scope(client.pk):
        living = ApiKey.objects.filter(client_id=client.pk, revoked_at=None)
        known = living.filter(name=arguments.name.strip()).order_by("created_at").first()
    if known is None:
        key, text = services.create_api_key(
            client,
            name=arguments.name,
            scopes=arguments.scope,
            networks=arguments.networks,
            per_10s=arguments.per_10s,
            actor=ACTOR,
        )
        data = {"id": key.pk, "secret": text, "key": text, "scopes": key.scopes, "networks": key.networks, "new": True}
        return Answer(f"{text}\nKeep it now: it is never shown again.", data)
    if known.scopes != sorted(set(arguments.scope)):
        raise Refused("key_other_scopes", 409, key=known.name, scopes=", ".join(known.scopes))
    limits = (sorted(read_networks(arguments.networks)), arguments.per_10s)
    if (sorted(known.networks), known.per_10s) != limits:
        raise Refused("key_other_limits", 409, key=known.name)
    text = f"The key {known.name} exists already. What it says cannot be shown again: revoke it on the page of the keys"
    return Answer(f"{text} to make another.", {"id": known.pk, "scopes": known.scopes, "new": False})
