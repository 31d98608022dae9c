"""`python -m sofy.sandbox.whatsapp_cloud`: the simulated Meta as a process.

Prints one JSON line when it is ready and one with what happened at the end.
"""

import argparse
import asyncio
import json
import os
import signal
from pathlib import Path

import msgspec
import uvloop

from sofy.engine.shifted_clock import FileClock
from sofy.kernel import clock
from sofy.sandbox.whatsapp_cloud.profile import PROFILES, Profile, SandboxConfig
from sofy.sandbox.whatsapp_cloud.server import GraphServer, serve


def main() -> None:
    """Read the command line and run."""
    options = _parser().parse_args()
    if os.environ.get("SOFY_ENVIRONMENT") == "production":
        raise SystemExit("simulators never run in production")
    if options.clock_file is not None:
        clock.install(FileClock(options.clock_file, environment="demo"))
    settings = {**msgspec.structs.asdict(PROFILES[options.profile]), "seed": options.seed}
    for pair in options.set:
        name, _, value = pair.partition("=")
        settings[name] = _value(value)
    try:
        profile = msgspec.convert(msgspec.to_builtins(settings), Profile)
    except msgspec.ValidationError as error:
        raise SystemExit(f"--set: {error}") from None
    given = {
        name: value
        for name, value in vars(options).items()
        if name in SandboxConfig.__struct_fields__ and name != "profile" and value is not None
    }
    uvloop.run(_run(SandboxConfig(**given, profile=profile)))


def _value(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sofy.sandbox.whatsapp_cloud", description="A simulated Meta.")
    parser.add_argument("--port", type=int, default=8035, help="port of the Graph and of the page; 0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (loopback by default)")
    parser.add_argument("--callback-url", help="who is told of statuses and answers")
    parser.add_argument("--verify-token", help="the word that proves it is them")
    parser.add_argument(
        "--subscription", type=Path, help='a file {"callback_url", "verify_token"}, read when it changes'
    )
    parser.add_argument("--access-token", help="the only token accepted")
    parser.add_argument("--app-secret", help="what callbacks are signed with")
    parser.add_argument("--phone-number-id", help="the number that sends")
    parser.add_argument("--display-phone-number", help="that number as people see it, digits only")
    parser.add_argument("--business-account-id", help="whose templates they are")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives every message the same fate")
    parser.add_argument("--log", type=Path, help="file to append accepted messages to")
    parser.add_argument("--profile", choices=sorted(PROFILES), default="demo")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=JSON", help="change a field of the profile")
    parser.add_argument("--clock-file", type=Path, help="the shared clock of the processes it plays with")
    return parser


async def _run(config: SandboxConfig) -> None:
    running: list[GraphServer] = []

    def ready(server: GraphServer) -> None:
        running.append(server)
        print(json.dumps({"ready": True, "port": server.port, "url": server.url}), flush=True)

    task = asyncio.create_task(serve(config, ready))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        print(running[0].summary() if running else "{}", flush=True)


if __name__ == "__main__":
    main()
