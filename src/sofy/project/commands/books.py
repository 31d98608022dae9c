"""`sofy books`: what the accountant needs: the FEC, VAT and revenue of a period, documents as CSV."""

import argparse
import sys
from collections.abc import Iterable
from datetime import date
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sofy.kernel.errors import Refused
from sofy.project import runtime
from sofy.project.answers import Answer, table
from sofy.project.commands import Commands, group, leaf
from sofy.project.commands.clients import ACTOR

if TYPE_CHECKING:
    from sofy.contracts.queries import EntityLine


def add(commands: Commands) -> None:
    actions = group(commands, "books", "The books of a company: FEC, VAT and revenue of a period, documents as CSV.")
    made = leaf(actions, "fec", "Write the file of entries that the French tax administration asks for.", fec)
    _of_period(made)
    made.add_argument("--out", type=Path, required=True, help="folder; the file has the name the law gives it")
    _of_period(leaf(actions, "vat", "VAT that fell due in a period, per category and rate.", vat))
    _of_period(leaf(actions, "revenue", "Revenue of a period per month and product, credit notes taken off.", revenue))
    text = "Documents issued in a period, as CSV on standard output, or as JSON."
    listed = leaf(actions, "documents", text, documents)
    _of_period(listed)
    listed.add_argument("--lines", action="store_true", help="one row per line of a document")


def _of_period(command: argparse.ArgumentParser) -> None:
    command.add_argument("--entity", help="code of the company; may be left out where there is one")
    command.add_argument("--from", dest="first", required=True, help="first day, as 2026-01-01")
    command.add_argument("--to", dest="last", required=True, help="last day, as 2026-12-31")


def fec(arguments: argparse.Namespace) -> Answer:
    entity, first, last = _asked(arguments)
    from sofy.accounting.rules.fec import faults
    from sofy.accounting.services import books, exports

    books.catch_up(entity.id)
    lines = exports.fec_lines(entity, first, last)
    path = arguments.out / exports.fec_name(entity, last)
    content = b"".join(lines)
    found = faults(content)
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise Refused("file_unwritable", file=str(path), problem=error.strerror) from None
    exports.told("fec", entity, first, last, ACTOR)
    data = {"file": str(path), "lines": content.count(b"\r\n") - 1, "faults": found}
    return Answer("\n".join([str(path), *found]), data, code=1 if found else 0)


def vat(arguments: argparse.Namespace) -> Answer:
    entity, first, last = _asked(arguments)
    from sofy.accounting import queries
    from sofy.accounting.services import books

    books.catch_up(entity.id)
    rows = [(one.category, one.rate, one.base_eur, one.vat_eur, one.documents)
            for one in queries.vat(entity.id, first, last)]  # fmt: skip
    return _told(rows, ("category", "percent", "base_eur", "vat_eur", "documents"), "vat")


def revenue(arguments: argparse.Namespace) -> Answer:
    entity, first, last = _asked(arguments)
    from sofy.accounting import queries
    from sofy.accounting.services import books

    books.catch_up(entity.id)
    rows = [(f"{one.month:%Y-%m}", one.name, one.net_eur) for one in queries.revenue(entity.id, first, last)]
    return _told(rows, ("month", "product", "net_eur"), "revenue")


def documents(arguments: argparse.Namespace) -> Answer:
    entity, first, last = _asked(arguments)
    from sofy.accounting.services import exports
    from sofy.billing import tabular

    rows = exports.rows_of_documents(entity.id, first, last, by_line=arguments.lines)
    heading = [str(name) for name in next(rows)]
    data: dict[str, Any] = {}
    if arguments.json:
        data = {"documents": [dict(zip(heading, row, strict=True)) for row in rows]}
    else:
        for line in tabular.csv_lines(chain([heading], rows)):
            sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
    exports.told("lines" if arguments.lines else "documents", entity, first, last, ACTOR)
    return Answer(data=data, silent=not arguments.json)


def _told(rows: Iterable[tuple[Any, ...]], names: tuple[str, ...], what: str) -> Answer:
    found = list(rows)
    data = {what: [dict(zip(names, row, strict=True)) for row in found]}
    return Answer(table(found, *names), data)


def _asked(arguments: argparse.Namespace) -> "tuple[EntityLine, date, date]":
    runtime.open_django()
    from sofy.accounting.periods import period
    from sofy.contracts import queries

    found = [one for one in queries.entities() if arguments.entity in (None, one.code)]
    if not found:
        raise Refused("entity_unknown", 404)
    if len(found) > 1:
        raise Refused("company_needed")
    return found[0], *period(arguments.first, arguments.last)
