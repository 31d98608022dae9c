"""`sofy route`: the ways out to operators."""

import argparse
from typing import Any
from uuid import UUID

from sofy.kernel.errors import Refused
from sofy.project import runtime
from sofy.project.answers import Answer, table
from sofy.project.commands import Commands, group, leaf
from sofy.project.commands.clients import find_client


def add(commands: Commands) -> None:
    actions = group(commands, "route", "The ways out to operators.")
    made = leaf(actions, "add", "Make a route, or change the one of this code.", add_route)
    made.add_argument("code", nargs="?", help="how the route is called here; one is made up without it")
    made.add_argument("--name", default="")
    made.add_argument(
        "--connector", default="smpp", help="smpp, whatsapp_cloud, google_rbm, email_smtp: who is behind it"
    )
    made.add_argument(
        "--base-url", metavar="URL", help="where the supplier is: https://..., smpp://host:port, smtp://..."
    )
    made.add_argument("--token-url", metavar="URL", help="where the supplier gives access tokens")
    made.add_argument(
        "--secret",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a secret setting of the connector: stored sealed, never shown again",
    )
    made.add_argument("--client", help="whose route it is: its own agent, number or domain; without it, everybody's")
    made.add_argument("--short-code", help="what people answer STOP to, as 36xxx")
    made.add_argument("--price", default="0", help="euros before VAT per SMS part")
    made.add_argument("--purpose", action="append", choices=["marketing", "alert"])
    made.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help='a setting of the connector; lists and objects as JSON, as in \'encodings=["gsm7","latin1","ucs2"]\'',
    )
    made.add_argument("--weight", type=int, help="its share among routes that cost the same; 0: a spare")
    made.add_argument("--country", action="append", default=[], help="sends there only, as FR; all when not given")
    made.add_argument("--prefix", action="append", default=[], help="sends to numbers that begin so, as 33639")
    made.add_argument("--sender", action="append", default=[], help="shows these names only")
    made.add_argument(
        "--sender-policy",
        choices=["any", "listed", "short_code"],
        help="which senders it shows; listed where --sender is given, short_code: its own number instead of names",
    )
    leaf(actions, "list", "Every route and its state.", list_routes)
    for name, state, text in (
        ("pause", "paused", "Stop sending on a route; what waits keeps waiting or takes another."),
        ("resume", "active", "Send on it again."),
        ("drain", "draining", "Send nothing more, and go on listening for receipts."),
    ):
        leaf(actions, name, text, set_state).add_argument("code")
        actions.choices[name].set_defaults(state=state)


def add_route(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.messaging.route_rules import check_choice, read_price
    from sofy.project import route_settings, routing

    check_choice(**_choice(arguments, weight=0, countries=(), prefixes=(), sender_policy="any", senders=()))
    connector = arguments.connector
    values = route_settings.read(
        connector,
        _pairs(arguments.set),
        secrets=_pairs(arguments.secret),
        addresses={"base_url": arguments.base_url, "token_url": arguments.token_url},
    )
    code = arguments.code or routing.free_code(connector)
    route_id = routing.save_route(
        code=code,
        name=arguments.name or code,
        connector=connector,
        values=values,
        short_code=arguments.short_code,
        price_eur=read_price(arguments.price),
        purposes=arguments.purpose or ("marketing", "alert"),
        client_id=find_client(arguments.client).pk if arguments.client else None,
    )
    _choose(route_id, arguments)
    data = {"id": route_id, "code": code, "state": "active"}
    if route_settings.calls_back(connector):
        data["callback"] = f"/hooks/{connector}/{route_id}"
    return Answer(f"The route {code} is active.", data)


def _choice(arguments: argparse.Namespace, **kept: Any) -> dict[str, Any]:
    """How the route is chosen among others: as it is said, and as it is `kept` where nothing is."""
    return {
        "weight": kept["weight"] if arguments.weight is None else arguments.weight,
        "countries": arguments.country or kept["countries"],
        "prefixes": arguments.prefix or kept["prefixes"],
        "sender_policy": arguments.sender_policy or ("listed" if arguments.sender else kept["sender_policy"]),
        "senders": arguments.sender or kept["senders"],
    }


def _choose(route_id: UUID, arguments: argparse.Namespace) -> None:
    from sofy.messaging.routes import change_choice, find

    kept = find(route_id)
    now = {
        "weight": kept.weight, "countries": kept.countries, "prefixes": kept.prefixes,
        "sender_policy": kept.sender_policy, "senders": kept.senders,
    }  # fmt: skip
    if (choice := _choice(arguments, **now)) != now:
        change_choice(route_id, **choice, actor="command")


def _pairs(given: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals:
            raise Refused("setting_unreadable", setting=name, expected="NAME=VALUE")
        found[name] = value
    return found


def list_routes(_arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.project import routing

    rows = routing.routes()
    lines = [
        (
            row["code"],
            row["name"],
            row["short_code"] or "-",
            row["state"],
            row["price_eur"],
            ", ".join(row["encodings"]),
        )
        for row in rows
    ]
    return Answer(table(lines, "code", "name", "short code", "state", "price", "alphabets"), {"routes": rows})


def set_state(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.project import routing

    routing.set_state(arguments.code, arguments.state)
    data = {"code": arguments.code, "state": arguments.state}
    return Answer(f"The route {arguments.code} is {arguments.state}.", data)
