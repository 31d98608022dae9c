"""`sofy smpp-account`: who of a client's software may bind to the SMPP server."""

import argparse
from uuid import UUID

from sofy.kernel.errors import Refused
from sofy.project import runtime
from sofy.project.answers import Answer, table
from sofy.project.commands import Commands, group, leaf
from sofy.project.commands.clients import ACTOR, find_client


def add(commands: Commands) -> None:
    accounts = group(commands, "smpp-account", "SMPP accounts of clients' own software.")
    made = leaf(accounts, "add", "Make an account; its system id and password are shown once.", add_account)
    made.add_argument("--client", required=True, help="slug or id")
    made.add_argument("--purpose", required=True, choices=["marketing", "alert"])
    made.add_argument("--name", default="SMPP")
    made.add_argument(
        "--from",
        dest="networks",
        action="append",
        default=[],
        metavar="CIDR",
        help="an address or block it may bind from; may be given several times; from anywhere when not given",
    )
    made.add_argument("--max-binds", type=int, default=5, metavar="N", help="binds at once, on all processes")
    made.add_argument("--per-s", type=int, default=100, metavar="N", help="messages a second, of each process")
    made.add_argument(
        "--sender",
        action="append",
        default=[],
        help="a name it may show, registered if need be, the first when it names none; else all of the client",
    )
    made.add_argument("--language", default="fr", choices=["fr", "en"], help="in which refusals are explained")
    listed = leaf(accounts, "list", "The accounts of a client, and who is bound.", list_accounts)
    listed.add_argument("--client", required=True)
    for name, text, run in (
        ("disable", "End an account at once, with its binds.", disable_account),
        ("password", "Give an account another password; what the old one opened ends.", change_password),
    ):
        leaf(accounts, name, text, run).add_argument("id")
        accounts.choices[name].add_argument("--client", required=True)


def add_account(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.kit.rls import client_scope
    from sofy.messaging.services import smpp_accounts
    from sofy.messaging.services.senders import add_sender

    client = find_client(arguments.client)
    with client_scope(client.pk):
        for name in arguments.sender:
            add_sender(client.pk, name=name, actor=ACTOR)
    account = smpp_accounts.add(
        client.pk,
        name=arguments.name,
        purpose=arguments.purpose,
        networks=arguments.networks,
        senders=arguments.sender,
        max_binds=arguments.max_binds,
        per_s=arguments.per_s,
        language=arguments.language,
        actor=ACTOR,
    )
    data = {"id": account.id, "system_id": account.system_id, "secret": account.password, "purpose": account.purpose}
    text = f"system_id {account.system_id}, password {account.password}\nKeep them now: they are never shown again."
    return Answer(text, data)


def list_accounts(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.kit.rls import client_scope
    from sofy.messaging.services import smpp_accounts

    client = find_client(arguments.client)
    with client_scope(client.pk):
        accounts = smpp_accounts.of_client(client.pk)
    rows = [
        {
            "id": each.id,
            "name": each.name,
            "system_id_ends_with": each.hint,
            "purpose": each.purpose,
            "networks": each.networks,
            "senders": each.senders,
            "max_binds": each.max_binds,
            "per_s": each.per_s,
            "state": "disabled" if each.disabled_at else "active",
            "binds": [{"kind": bind.kind, "from": bind.peer, "since": bind.since.isoformat()} for bind in each.binds],
        }
        for each in accounts
    ]
    lines = [
        (
            each.id,
            each.name,
            f"…{each.hint}",
            each.purpose,
            f"{len(each.binds)}/{each.max_binds}",
            each.per_s,
            row["state"],
        )
        for each, row in zip(accounts, rows, strict=True)
    ]
    return Answer(table(lines, "id", "name", "system id", "purpose", "binds", "per s", "state"), {"accounts": rows})


def disable_account(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.messaging.services import smpp_accounts

    account_id = _account(arguments.id)
    smpp_accounts.disable(find_client(arguments.client).pk, account_id, actor=ACTOR)
    return Answer("The account opens nothing any more.", {"id": account_id, "state": "disabled"})


def change_password(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.messaging.services import smpp_accounts

    account_id = _account(arguments.id)
    password = smpp_accounts.new_password(find_client(arguments.client).pk, account_id, actor=ACTOR)
    data = {"id": account_id, "secret": password}
    return Answer(f"password {password}\nKeep it now: it is never shown again.", data)


def _account(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Refused("not_found", 404) from None
