"""A simulator as a process: its profile from the command line, one JSON line when it is ready and one at the end."""

import argparse
import asyncio
import json
import signal
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import uvloop

from sofy.engine.shifted_clock import FileClock
from sofy.kernel import clock

Profile = TypeVar("Profile", bound=msgspec.Struct)
Server = TypeVar("Server")


def add_profile(parser: argparse.ArgumentParser, profiles: Mapping[str, Any]) -> None:
    """The options that `profile_of` and `take_clock` read."""
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives every message the same fate")
    parser.add_argument("--profile", choices=sorted(profiles), default="demo")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=JSON", help="change a field of the profile")
    parser.add_argument("--clock-file", type=Path, help="the shared clock of the processes it plays with")


def take_clock(options: argparse.Namespace) -> None:
    """Live in the time of the processes it plays with, where there is one."""
    if options.clock_file is not None:
        clock.install(FileClock(options.clock_file, environment="demo"))


def profile_of(options: argparse.Namespace, profiles: Mapping[str, Profile], **fixed: object) -> Profile:
    """The profile that was chosen, with what `--set` changes. Raises: SystemExit when that is no such field."""
    chosen = profiles[options.profile]
    settings = {**msgspec.structs.asdict(chosen), "seed": options.seed, **fixed}
    for pair in options.set:
        name, _, value = pair.partition("=")
        settings[name] = _value(value)
    try:
        return msgspec.convert(msgspec.to_builtins(settings), type(chosen))
    except msgspec.ValidationError as error:
        raise SystemExit(f"--set: {error}") from None


def _value(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def run(
    serve: Callable[[Callable[[Server], None]], Coroutine[Any, Any, None]],
    *,
    told: Callable[[Server], Mapping[str, object]],
    summary: Callable[[Server], str],
) -> None:
    """Serve until the process is told to end. `told`: what is said of a server that is ready; `summary`: at the end."""
    uvloop.run(_run(serve, told, summary))


async def _run(
    serve: Callable[[Callable[[Server], None]], Coroutine[Any, Any, None]],
    told: Callable[[Server], Mapping[str, object]],
    summary: Callable[[Server], str],
) -> None:
    running: list[Server] = []

    def ready(server: Server) -> None:
        running.append(server)
        print(json.dumps({"ready": True, **told(server)}), flush=True)

    task = asyncio.create_task(serve(ready))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        print(summary(running[0]) if running else "{}", flush=True)
