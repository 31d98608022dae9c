"""`sofy service-level`: how many messages of clients reached the gateways of operators in time (article 28)."""

import argparse

import msgspec

from sofy.kernel import clock
from sofy.project import runtime
from sofy.project.answers import Answer, table
from sofy.project.commands import Commands, leaf
from sofy.project.commands.clients import ACTOR, find_client


def add(commands: Commands) -> None:
    made = leaf(
        commands,
        "service-level",
        "Routing success of a month: one client's, counted anew, or every client's (article 28).",
        show,
    )
    made.add_argument("--client", default="", help="one client; every client, the worst first, unless said")
    made.add_argument("--month", default="", help="as 2026-11; the present one unless said")
    made.add_argument("--as-counted", action="store_true", help="what the worker counted last, without counting anew")


def show(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.kit.rls import client_scope
    from sofy.messaging.services import service_level

    month = arguments.month or clock.today().strftime("%Y-%m")
    if not arguments.client:
        return every_client(month)
    client_id = find_client(arguments.client).pk
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


def every_client(month: str) -> Answer:
    """As the worker counted them last, without days and lost points."""
    from sofy.messaging.services import service_level

    told = service_level.every_client(month, actor=ACTOR)
    rows = [
        (line.slug, "-" if found.success_percent is None else f"{found.success_percent:.4f} %", found.lost,
         found.excluded, found.accepted)
        for line, found in told
    ]  # fmt: skip
    data = [
        {"client": line.slug, "success_percent": found.success_percent, "kept": found.kept, "lost": found.lost,
         "excluded": found.excluded, "open": found.open, "accepted": found.accepted}
        for line, found in told
    ]  # fmt: skip
    text = table(rows, "client", "success", "lost", "excluded", "messages") if rows else "No message this month."
    return Answer(f"{month}, the worst first\n{text}", {"month": month, "clients": data})
