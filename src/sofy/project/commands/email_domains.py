"""`sofy email-domain`: the domains clients write e-mails from, and what their DNS must say."""

import argparse
from typing import TYPE_CHECKING, Any

from sofy.kernel.errors import Refused
from sofy.project import runtime
from sofy.project.answers import Answer, table
from sofy.project.commands import Commands, group, leaf
from sofy.project.commands.clients import ACTOR, find_client

if TYPE_CHECKING:
    from sofy.messaging.email_dns import Finding


def add(commands: Commands) -> None:
    actions = group(commands, "email-domain", "The domains clients write e-mails from.")
    made = leaf(actions, "add", "Add a domain and say what to put into its DNS.", add_domain)
    checked = leaf(actions, "check", "Ask DNS what is there.", check)
    for command in (made, checked):
        command.add_argument("--client", required=True)
        command.add_argument("domain")


def add_domain(arguments: argparse.Namespace) -> Answer:
    client_id = _client(arguments)
    from sofy.kit.rls import client_scope
    from sofy.messaging.services import email_domains

    with client_scope(client_id):
        row = email_domains.add(client_id, domain=arguments.domain, actor=ACTOR)
        return _told(row, email_domains.shown(row, email_domains.routes()))


def check(arguments: argparse.Namespace) -> Answer:
    client_id = _client(arguments)
    from sofy.kit.rls import client_scope
    from sofy.messaging.models import EmailDomain
    from sofy.messaging.services import email_domains

    with client_scope(client_id):
        row = EmailDomain.objects.filter(client_id=client_id, domain=arguments.domain).first()
        if row is None:
            raise Refused("email_domain", domain=arguments.domain)
        found = email_domains.check(client_id, row.pk)
        row.refresh_from_db()
        return _told(row, found)


def _client(arguments: argparse.Namespace) -> Any:
    runtime.open_django()
    return find_client(arguments.client).pk


def _told(row: Any, findings: "list[Finding]") -> Answer:
    records = [
        {"name": each.record.name, "type": each.record.kind, "value": each.record.value, "state": each.state,
         "found": each.found}
        for each in findings
    ]  # fmt: skip
    lines = [(each["name"], each["type"], each["value"], each["state"]) for each in records]
    data = {"id": row.pk, "domain": row.domain, "verified": row.verified_at is not None, "records": records}
    return Answer(table(lines, "name", "type", "value", "state"), data)
