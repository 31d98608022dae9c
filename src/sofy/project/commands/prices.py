"""`sofy price`: what messages cost, us and clients."""

import argparse
import csv
import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kernel.prices import day
from sofy.project import runtime
from sofy.project.answers import Answer, table
from sofy.project.commands import Commands, group, leaf, read_text

ACTOR = "command"
#: Columns of a file of prices; a line names a route, a client, or neither (the list).
COLUMNS = ("route", "client", "channel", "purpose", "country", "network", "price_eur", "valid_from")


def add(commands: Commands) -> None:
    actions = group(commands, "price", "What messages cost: dated rows, added and never changed.")
    made = leaf(actions, "add", "Add a price from a day on.", add_price)
    owner = made.add_mutually_exclusive_group(required=True)
    owner.add_argument("--route", metavar="CODE", help="what this route costs us")
    owner.add_argument("--client", metavar="SLUG", help="what this client pays, by its order form")
    owner.add_argument("--list", action="store_true", help="what clients pay whose order form says nothing")
    made.add_argument("--channel", help="sms, rcs, whatsapp or email; sms, or the route's, unless said")
    made.add_argument("--purpose", choices=["marketing", "alert"], help="both unless said")
    made.add_argument("--country", default="", help="two letters, as FR; everywhere unless said")
    made.add_argument("--network", default="", help="as the table of prefixes calls it; every one unless said")
    made.add_argument("--price", required=True, help="euros before VAT per part")
    made.add_argument("--from", dest="valid_from", required=True, metavar="DAY", help="the first day, as 2026-12-01")
    leaf(actions, "list", "Every price there is, was and will be.", list_prices)
    found = leaf(actions, "find", "What a message to a number costs on a day.", find_price)
    found.add_argument("number")
    found.add_argument("--client", metavar="SLUG")
    found.add_argument("--channel", default="sms")
    found.add_argument("--purpose", default="marketing", choices=["marketing", "alert"])
    found.add_argument("--on", metavar="DAY", help="today unless said")
    leaf(
        actions,
        "import",
        f"Add the prices of a CSV file with the columns {', '.join(COLUMNS)}; all or none.",
        import_prices,
    ).add_argument("file", type=Path, help="- is standard input")
    leaf(
        actions, "networks", "Take over a CSV file of prefixes: prefix, country, network.", import_networks
    ).add_argument("file", type=Path, help="- is standard input")


def add_price(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.messaging import prices

    row = _row(vars(arguments) | {"price_eur": arguments.price, "client": arguments.client or ""})
    (price_id,) = prices.add([row], actor=ACTOR)
    return Answer(f"{row.price_eur:f} € from {row.valid_from} on.", {"id": price_id})


def list_prices(_arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.messaging import prices

    rows = prices.rows()
    lines = [
        (row.kind, row.owner or "(list)", row.channel, row.purpose or "-", row.country or "-", row.network or "-",
         f"{row.price_eur:f}", row.valid_from, row.state)
        for row in rows
    ]  # fmt: skip
    text = table(lines, "kind", "of", "channel", "purpose", "country", "network", "euros", "from", "state")
    return Answer(text, {"prices": [row.__dict__ for row in rows]})


def find_price(arguments: argparse.Namespace) -> Answer:
    config = runtime.open_django()
    from sofy.messaging import prices
    from sofy.project.commands.clients import find_client

    found = prices.find(
        arguments.number,
        client_id=find_client(arguments.client).pk if arguments.client else None,
        channel=arguments.channel,
        purpose=arguments.purpose,
        on=_day(arguments.on) if arguments.on else day(clock.now()),
        fictional=config.fictional_numbers,
    )
    sale = "-" if found.sale_eur is None else f"{found.sale_eur:f}"
    lines = [("sale", "", sale), *(("purchase", code, f"{price:f}") for code, price, _ in found.purchases)]
    routes = [{"route": code, "price_eur": str(price), "dated": dated} for code, price, dated in found.purchases]
    told = {"destination": found.destination, "sale_eur": found.sale_eur, "purchases": routes}
    return Answer(f"{found.destination or '-'}\n{table(lines, 'kind', 'route', 'euros')}", told)


def import_prices(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.messaging import prices

    rows = []
    for line, read in _lines(arguments.file, COLUMNS):
        try:
            rows.append(_row(read))
        except Refused as error:
            raise Refused(error.code, error.status, **{**error.facts, "line": line}) from None
    made = prices.add(rows, actor=ACTOR)
    return Answer(f"Prices added: {len(made)}.", {"ids": made})


def import_networks(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.messaging import prices

    wanted = ("prefix", "country", "network")
    given = [tuple(read[name] for name in wanted) for _, read in _lines(arguments.file, wanted)]
    saved = prices.save_networks(given, actor=ACTOR)  # type: ignore[arg-type]
    return Answer(f"Prefixes: {saved}.", {"prefixes": saved})


def _row(read: dict[str, Any]) -> Any:
    from sofy.messaging.prices import NewPrice
    from sofy.messaging.route_rules import read_price
    from sofy.project.commands.clients import find_client

    if read["route"] and read["client"]:
        raise Refused("price_owner")
    return NewPrice(
        price_eur=read_price(read["price_eur"]),
        valid_from=_day(read["valid_from"]),
        channel=read["channel"] or "sms",
        country=read["country"],
        network=read["network"],
        purpose=read["purpose"] or "",
        route=read["route"] or "",
        client_id=find_client(read["client"]).pk if read["client"] else None,
    )


def _lines(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """The lines of a CSV file, by number. Raises: Refused columns_missing."""
    text = read_text(path)
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if ";" in text.partition("\n")[0] else ",")
    missing = set(columns) - set(reader.fieldnames or ())
    if missing:
        raise Refused("columns_missing", columns=", ".join(sorted(missing)))
    for line, row in enumerate(reader, 2):
        yield line, {name: (row[name] or "").strip() for name in columns}


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused("day_unreadable", day=text) from None
