"""`sofy entity` and `sofy order-form`: who signs for the operator, and what clients sign."""

import argparse
import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sofy.kernel.errors import Refused
from sofy.project import runtime
from sofy.project.answers import Answer, table
from sofy.project.commands import Commands, group, leaf, read_bytes, read_text
from sofy.project.commands.clients import ACTOR, find_client

if TYPE_CHECKING:
    from sofy.clients.models import Client
    from sofy.contracts.models import OrderForm
    from sofy.contracts.queries import EntityLine

#: A case (`sofy case run`) may be given as it is: what is no part of the order form is left alone.
OF_A_CASE = ("format", "entity", "tables", "events")


def add(commands: Commands) -> None:
    companies = group(commands, "entity", "The companies of the operator: they sign, invoice and are paid.")
    made = leaf(companies, "add", "Add a company, or change the one with this code.", add_entity)
    made.add_argument("file", type=Path, help="JSON: name, siren, vat_id, address, iban...; - is standard input")
    made.add_argument("--code", required=True, help="how commands call it")
    made.add_argument("--series", required=True, help="capitals and digits that its numbers begin with, as OPT")
    leaf(companies, "list", "The companies of the operator.", list_entities)
    actions = group(commands, "order-form", "Order forms: drawn up, sent, signed.")
    drawn = _of_client(leaf(actions, "draft", "Begin an order form, or write one again that is not signed.", draft))
    drawn.add_argument("file", type=Path, help="JSON with client and order_form, or a case; - is standard input")
    drawn.add_argument("--entity", help="code of the company that signs; the only one, unless said")
    drawn.add_argument("--again", metavar="NUMBER", help="number or id of the one to write again")
    _of_client(leaf(actions, "list", "The order forms of a client.", list_forms))
    for name, text, run in (
        ("show", "What an order form says, as JSON.", show),
        ("send", "Put an order form before the client: it gets its number and a version.", send),
        ("accept", "Record a signature on paper, with its scan.", accept),
        ("cancel", "Give an order form up.", cancel),
    ):
        one = _of_client(leaf(actions, name, text, run))
        one.add_argument("form", help="number or id")
        if name == "show":
            one.add_argument("--version", type=int, help="an older one")
        elif name == "accept":
            one.add_argument("--signer", required=True, help="who signed, and in which capacity")
            one.add_argument("--on", required=True, metavar="DAY", help="the day of the signature, as 2026-04-01")
            one.add_argument("--proof", required=True, type=Path, help="scan of the signed order form")
        elif name == "cancel":
            one.add_argument("--reason", required=True)


def _of_client(made: argparse.ArgumentParser) -> argparse.ArgumentParser:
    made.add_argument("--client", required=True, help="slug or id")
    return made


def add_entity(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.contracts.services import entities

    known = next((row.id for row in _entities() if row.code == arguments.code), None)
    row = entities.keep(
        entity_id=known, data=_read(arguments.file), code=arguments.code, series=arguments.series, actor=ACTOR
    )
    return Answer(f"{row.code}: {row.pk}", {"id": row.pk, "code": row.code, "new": known is None})


def list_entities(_arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    rows = _entities()
    lines = [(row.code, row.series, row.data.name, row.data.siren, "retired" if row.retired_at else "") for row in rows]
    data = [{"id": row.id, "code": row.code, "series": row.series, "name": row.data.name} for row in rows]
    return Answer(table(lines, "code", "series", "name", "siren", ""), {"entities": data})


def draft(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.contracts.services import order_forms

    client, given = find_client(arguments.client), _read(arguments.file)
    content = {name: value for name, value in given.items() if name not in OF_A_CASE}
    form = dict(content.get("order_form") or {})
    for name in ("number", "signed_at"):  # of the case: here the series gives the one, the signature the other
        form.pop(name, None)
    content["order_form"] = form
    if arguments.again:
        row = order_forms.write(client.pk, _find(client, arguments.again).pk, content, actor=ACTOR)
    else:
        entity_id = _entity(arguments.entity).id
        row = order_forms.draft(client.pk, entity_id=entity_id, content=content, actor=ACTOR)
    return _told(row)


def list_forms(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    rows = _forms(find_client(arguments.client))
    lines = [
        (row.number or row.pk, row.state, row.version, row.poi, row.starts_on or "", row.term_months or "")
        for row in rows
    ]
    text = table(lines, "number", "state", "version", "points of sale", "from", "months")
    return Answer(text, {"order_forms": [_facts(row) for row in rows]})


def show(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.contracts import queries
    from sofy.kit.rls import staff_scope

    row = _find(find_client(arguments.client), arguments.form)
    with staff_scope():
        versions = {each.version: each for each in queries.versions(row.client_id, row.pk, using="staff")}
    wanted = arguments.version or row.version
    if wanted in versions and (arguments.version or row.state != row.State.DRAFT):
        content, facts = versions[wanted].content, {"version": wanted, "sha256": versions[wanted].sha256}
    elif arguments.version:
        raise Refused("order_form_unknown", 404)
    else:
        content, facts = row.content, {}
    paper = json.loads(content)
    return Answer(json.dumps(paper, ensure_ascii=False, indent=2), _facts(row) | facts | {"paper": paper})


def send(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.contracts.services import order_forms

    client = find_client(arguments.client)
    order_forms.send(client.pk, _find(client, arguments.form).pk, actor=ACTOR)
    return _told(_find(client, arguments.form))


def accept(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.contracts.services import acceptances

    client = find_client(arguments.client)
    try:
        day = date.fromisoformat(arguments.on)
    except ValueError:
        raise Refused("day_unreadable", day=arguments.on) from None
    row = acceptances.record_signature(
        client.pk, _find(client, arguments.form).pk, signed_on=day, signer=arguments.signer,
        proof=read_bytes(arguments.proof), actor=ACTOR,
    )  # fmt: skip
    return _told(row)


def cancel(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.contracts.services import order_forms

    client = find_client(arguments.client)
    row = order_forms.cancel(client.pk, _find(client, arguments.form).pk, actor=ACTOR, reason=arguments.reason)
    return _told(row)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise Refused("order_form_file", problem=str(error)[:200]) from None
    if not isinstance(found, dict):
        raise Refused("order_form_file", problem="{} expected")
    return found


def _entities() -> "list[EntityLine]":
    from sofy.contracts import queries

    return queries.entities()


def _entity(code: str | None) -> "EntityLine":
    rows = [row for row in _entities() if row.retired_at is None and code in (None, row.code)]
    if len(rows) != 1:
        raise Refused("entity_unknown", 404)
    return rows[0]


def _forms(client: "Client") -> "list[OrderForm]":
    from sofy.contracts import queries
    from sofy.kit.rls import staff_scope

    with staff_scope():
        return queries.order_forms(client.pk, drafts=True, using="staff")


def _find(client: "Client", reference: str) -> "OrderForm":
    """An order form by its number or id. Raises: Refused order_form_unknown."""
    try:
        wanted: UUID | None = UUID(reference)
    except ValueError:
        wanted = None
    for row in _forms(client):
        if row.pk == wanted or (row.number and row.number == reference):
            return row
    raise Refused("order_form_unknown", 404)


def _facts(row: "OrderForm") -> dict[str, Any]:
    return {
        "id": row.pk, "number": row.number, "state": row.state, "version": row.version, "poi": row.poi,
        "starts_on": row.starts_on, "term_months": row.term_months,
    }  # fmt: skip


def _told(row: "OrderForm") -> Answer:
    return Answer(f"{row.number or row.pk}: {row.state}", _facts(row))
