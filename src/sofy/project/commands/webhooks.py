"""`sofy webhook`: programs of clients that are told what happens."""

import argparse
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sofy.project import runtime
from sofy.project.answers import Answer, table
from sofy.project.commands import Commands, group, leaf
from sofy.project.commands.clients import ACTOR, find_client


def add(commands: Commands) -> None:
    actions = group(commands, "webhook", "Programs of clients that are told what happens to messages.")
    made = leaf(actions, "add", "Tell a program; its secret is shown this once.", add_webhook)
    made.add_argument("--url", required=True, help="https://..., of the public internet in production")
    made.add_argument(
        "--event", action="append", default=[], metavar="TYPE", help="as message.delivered; everything without it"
    )
    made.add_argument("--batch", type=int, default=1, metavar="N", help="events in one request, up to 500")
    listed = leaf(actions, "list", "The webhooks of a client and how they stand.", list_webhooks)
    removed = leaf(actions, "remove", "Tell it nothing more.", remove)
    enabled = leaf(actions, "enable", "Tell it again, from what it missed on.", enable)
    rotated = leaf(actions, "rotate", "Another secret; for a day both sign.", rotate)
    tested = leaf(actions, "test", "Tell it something that is about nothing.", test)
    again = leaf(actions, "replay", "Tell it once more what was given up.", replay)
    again.add_argument(
        "--since", type=_instant, required=True, metavar="DATE", help="as 2026-11-24 or 2026-11-24T14:00"
    )
    for command in (made, listed, removed, enabled, rotated, tested, again):
        command.add_argument("--client", required=True)
    for command in (removed, enabled, rotated, tested, again):
        command.add_argument("id", type=_id)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no id of a webhook: sofy webhook list shows them") from None


def _instant(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no date: 2026-11-24 or 2026-11-24T14:00") from None
    from sofy.kernel.clock import PARIS

    return (moment if moment.tzinfo else moment.replace(tzinfo=PARIS)).astimezone(UTC)


def _within(arguments: argparse.Namespace, act: Any) -> Any:
    """Do something inside the scope of the client. Raises: Refused."""
    runtime.open_django()
    from sofy.kit.rls import client_scope

    client = find_client(arguments.client)
    with client_scope(client.pk):
        return act(client.pk)


def add_webhook(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.messaging.services import webhooks

    made, secret = _within(
        arguments,
        lambda client: webhooks.add(
            client, url=arguments.url, events=arguments.event, batch=arguments.batch, actor=ACTOR
        ),
    )
    return Answer(
        f"{secret}\nKeep it now: it is never shown again. The webhook is {made}.", {"id": made, "secret": secret}
    )


def list_webhooks(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.messaging.services import webhooks

    rows = [each._asdict() for each in _within(arguments, webhooks.webhooks)]
    lines = [
        (str(row["id"]), row["url"], row["state"], ", ".join(row["events"]) or "all", str(row["waiting"]))
        for row in rows
    ]
    return Answer(table(lines, "id", "address", "state", "events", "waiting"), {"webhooks": rows})


def remove(arguments: argparse.Namespace) -> Answer:
    return _simply(arguments, "remove", "It is told nothing more.", actor=ACTOR)


def enable(arguments: argparse.Namespace) -> Answer:
    return _simply(arguments, "enable", "It is told again.", actor=ACTOR)


def test(arguments: argparse.Namespace) -> Answer:
    return _simply(arguments, "test", "A test is on its way.")


def rotate(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.messaging.services import webhooks

    secret = _within(arguments, lambda client: webhooks.rotate(client, arguments.id, actor=ACTOR))
    text = f"{secret}\nKeep it now: it is never shown again. For a day the one before signs too."
    return Answer(text, {"id": arguments.id, "secret": secret})


def replay(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.messaging.services import webhooks

    count = _within(
        arguments, lambda client: webhooks.replay_failed(client, arguments.id, arguments.since, actor=ACTOR)
    )
    return Answer(f"{count} requests are made once more.", {"id": arguments.id, "requests": count})


def _simply(arguments: argparse.Namespace, action: str, text: str, **more: Any) -> Answer:
    runtime.open_django()
    from sofy.messaging.services import webhooks

    _within(arguments, lambda client: getattr(webhooks, action)(client, arguments.id, **more))
    return Answer(text, {"id": arguments.id})
