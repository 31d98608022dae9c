"""`sofy service-level`: how many messages of a client reached the gateways of operators in time (article 28)."""

import argparse

import msgspec

from sofy.kernel import clock
from sofy.project import runtime
from sofy.project.answers import Answer, table
from sofy.project.commands import Commands, leaf
from sofy.project.commands.clients import find_client


def add(commands: Commands) -> None:
    made = leaf(commands, "service-level", "Routing success of a client's month, counted anew (article 28).", show)
    made.add_argument("--client", required=True)
    made.add_argument("--month", default="", help="as 2026-11; the present one unless said")
    made.add_argument("--as-counted", action="store_true", help="what the worker counted last, without counting anew")


def show(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.kit.rls import client_scope
    from sofy.messaging.services import service_level

    client_id = find_client(arguments.client).pk
    month = arguments.month or clock.today().strftime("%Y-%m")
    if not arguments.as_counted:
        service_level.count_month(client_id, month)
    with client_scope(client_id):
        told = service_level.of_month(client_id, month)
    reached = "no message yet" if told.success_percent is None else f"{told.success_percent:.4f} %"
    rows = [
        ("accepted", told.accepted), ("handed over in time", told.reached), ("lawfully withheld", told.withheld),
        ("lost", told.lost), ("excluded", told.excluded), ("still open", told.open),
    ]  # fmt: skip
    rows += [(f"- {each.verdict}: {each.reason}", each.messages) for each in told.reasons]
    text = f"{month}: {reached} (promised: {told.target_percent} %)\n{table(rows, 'messages', 'count')}"
    return Answer(text, msgspec.to_builtins(told))
