"""`sofy invoices`: the run of a month, what was issued to a client, and the files of a document."""

import argparse
import hashlib
import json
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sofy.kernel.errors import Refused
from sofy.project import runtime
from sofy.project.answers import Answer, table
from sofy.project.commands import Commands, group, leaf, read_bytes
from sofy.project.commands.clients import ACTOR, find_client

if TYPE_CHECKING:
    from sofy.billing.models import Run
    from sofy.billing.services.runs import Coming
    from sofy.contracts.queries import EntityLine


def add(commands: Commands) -> None:
    actions = group(commands, "invoices", "Invoices, credit notes and debit notes: issued, listed, as files.")
    made = leaf(
        actions, "run", "Issue everything of a month that was not issued yet; a second run issues nothing.", run
    )
    made.add_argument("--month", required=True, help="as 2026-05")
    made.add_argument("--entity", help="code of the company that invoices; every one, unless said")
    made.add_argument("--as-of", help="up to this day; the last one of the month or today, unless said")
    made.add_argument("--preview", action="store_true", help="say what would be issued, beside the month before")
    listed = leaf(actions, "list", "What was issued to a client, with what is still open.", list_invoices)
    listed.add_argument("--client", required=True, help="slug or id")
    listed.add_argument("--as-of", help="as it stood at the end of this day")
    told = leaf(actions, "event", "Add to the log of a contract what happened; the same event counts once.", event)
    told.add_argument("file", type=Path, help="JSON: an event, or a list, as in a case; - is standard input")
    told.add_argument("--client", required=True, help="slug or id")
    told.add_argument("--order-form", help="number of the contract; the only one, unless said")
    kept = leaf(actions, "tables", "Add rates, indices and readings of the terms, for all contracts.", tables)
    kept.add_argument("file", type=Path, help="JSON: tables and readings as in a case; - is standard input")
    out = leaf(actions, "export", "Write the Factur-X and the XML of a document into a folder.", export)
    out.add_argument("number")
    out.add_argument("--entity", help="code of the company, where two use the number")
    out.add_argument("--out", required=True, type=Path, help="folder; made when it is not there")


def run(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.billing.services import runs

    month, day = runs.month_of(arguments.month), _day(arguments.as_of)
    companies = _entities(arguments.entity)
    if arguments.preview:
        return _previewed({one.code: runs.preview(one.id, month, as_of=day) for one in companies})
    said = None if arguments.json else _progress
    rows = {
        one.code: runs.run(one.id, month, actor=ACTOR, as_of=day, progress=said) for one in companies
    }  # fmt: skip
    lines = [(code, row.issued, row.refused, row.as_of) for code, row in rows.items()]
    data = [
        {"entity": code, "month": arguments.month, "as_of": row.as_of, "issued": row.issued, "refused": row.refused}
        for code, row in rows.items()
    ]
    refused = any(row.refused for row in rows.values())
    return Answer(table(lines, "company", "issued", "refused", "up to"), {"runs": data}, code=1 if refused else 0)


def _previewed(found: "dict[str, list[Coming]]") -> Answer:
    rows = [(code, line) for code, lines in found.items() for line in lines]
    shown = [
        (code, line.slug, len(line.documents), line.new_eur, line.issued_eur, line.before_eur, line.difference_eur,
         "; ".join(line.problems))
        for code, line in rows
    ]  # fmt: skip
    data = [
        {
            "entity": code, "client": line.slug, "documents": len(line.documents), "new_eur": line.new_eur,
            "issued_eur": line.issued_eur, "month_before_eur": line.before_eur, "difference_eur": line.difference_eur,
            "problems": line.problems,
        }
        for code, line in rows
    ]  # fmt: skip
    headings = ("company", "client", "documents", "new", "issued", "month before", "difference", "")
    return Answer(table(shown, *headings), {"clients": data})


def list_invoices(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.billing import queries
    from sofy.kit.rls import staff_scope

    client = find_client(arguments.client)
    with staff_scope():
        lines = queries.invoices(client.pk, as_of=_day(arguments.as_of), using="staff")
    shown = [
        (one.number, one.kind, one.issued_on, one.due_on, one.gross_eur, one.open_eur, one.status) for one in lines
    ]
    data: list[dict[str, Any]] = [
        {
            "number": one.number, "kind": one.kind, "order_form": one.order_form, "issued_on": one.issued_on,
            "due_on": one.due_on, "net_eur": one.net_eur, "gross_eur": one.gross_eur, "open_eur": one.open_eur,
            "status": one.status,
        }
        for one in lines
    ]  # fmt: skip
    text = table(shown, "number", "kind", "issued on", "due on", "with VAT", "open", "state")
    return Answer(text, {"invoices": data, "open_eur": sum(one.open_eur for one in lines)})


def event(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.billing.services import events
    from sofy.contracts import queries
    from sofy.kit.rls import staff_scope

    client, given = find_client(arguments.client), _read(arguments.file)
    with staff_scope():
        forms = queries.signed_forms(client.pk, using="staff")
    wanted = [form for form in forms if arguments.order_form in (None, form.number)]
    if len(wanted) != 1:
        raise Refused("contract_unknown", 404)
    new = 0
    for one in given if isinstance(given, list) else [given]:
        if not isinstance(one, dict):
            raise Refused("event_unreadable", problem="an event is an object with at and type")
        key = hashlib.sha256(json.dumps(one, sort_keys=True).encode()).hexdigest()
        new += events.record(client.pk, wanted[0].id, one, source="command", source_key=key, actor=ACTOR)
    return Answer(f"{wanted[0].number}: {new} new", {"order_form": wanted[0].number, "new": new})


def tables(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.billing.services import tables as services

    given, count = _read(arguments.file), 0
    if not isinstance(given, dict):
        raise Refused("table_unreadable", table="", problem="tables are an object, as in a case")
    rows = [(kind, row) for kind, found in given.items() for row in (found if isinstance(found, list) else [found])]
    for kind, row in rows:
        if not isinstance(row, dict):
            raise Refused("table_unreadable", table=kind[:20], problem="a row is an object")
        for one in [{name: value} for name, value in row.items()] if kind == "readings" else [row]:
            services.record("reading" if kind == "readings" else kind, one, actor=ACTOR)
            count += 1
    return Answer(f"{count} rows", {"rows": count})


def export(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.billing import queries
    from sofy.billing.services import rendering

    companies = {one.id for one in _entities(arguments.entity)}
    found = [row for row in queries.by_number(arguments.number) if row.entity_id in companies]
    if len(found) != 1:
        raise Refused("invoice_unknown" if not found else "entity_needed", 404)
    files = rendering.render(found[0].client_id, found[0].pk)
    written = []
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
        for suffix, content in (("pdf", files.pdf), ("xml", files.xml)):
            path = arguments.out / f"{files.number}.{suffix}"
            path.write_bytes(content)
            written.append(str(path))
    except OSError as error:
        raise Refused("file_unwritable", file=str(arguments.out), problem=error.strerror) from None
    return Answer("\n".join(written), {"number": files.number, "files": written, "sha256": found[0].sha256})


def _entities(code: str | None) -> "list[EntityLine]":
    from sofy.contracts import queries

    found = [row for row in queries.entities() if code in (None, row.code)]
    if not found:
        raise Refused("entity_unknown", 404)
    return found


def _read(path: Path) -> Any:
    """JSON from a file. Raises: Refused (json_unreadable)."""
    try:
        return json.loads(read_bytes(path))
    except (ValueError, RecursionError) as error:
        raise Refused("json_unreadable", problem=str(error)[:200]) from None


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise Refused("day_unreadable", day=text) from None


def _progress(row: "Run") -> None:
    """Counts on standard error, over each other on a terminal, and not for every document elsewhere."""
    if sys.stderr.isatty():
        print(f"\r{row.done}/{row.total}", end="\n" if row.done >= row.total else "", file=sys.stderr, flush=True)
    elif row.done % 500 == 0:
        print(f"{row.done}/{row.total}", file=sys.stderr, flush=True)
