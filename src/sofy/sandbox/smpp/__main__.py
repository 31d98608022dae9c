"""`python -m sofy.sandbox.smpp`: the simulated operator as a process.

Prints one JSON line when it is ready and one with what happened at the end.
"""

import argparse
import asyncio
import json
import signal
from pathlib import Path

import msgspec
import uvloop

from sofy.engine.shifted_clock import FileClock
from sofy.kernel import clock
from sofy.sandbox.smpp.operator import SimulatedOperator
from sofy.sandbox.smpp.profile import PROFILES, Profile, SandboxConfig
from sofy.sandbox.smpp.server import serve


def main() -> None:
    """Read the command line and run."""
    options = _parser().parse_args()
    if options.clock_file is not None:
        clock.install(FileClock(options.clock_file, environment="demo"))
    profile = PROFILES[options.profile]
    settings = {**msgspec.structs.asdict(profile), "seed": options.seed, "password": options.password}
    for pair in options.set:
        name, _, value = pair.partition("=")
        settings[name] = _value(value)
    try:
        profile = msgspec.convert(msgspec.to_builtins(settings), Profile)
    except msgspec.ValidationError as error:
        raise SystemExit(f"--set: {error}") from None
    config = SandboxConfig(
        port=options.port, http_port=options.http_port, log=options.log, profile=profile, host=options.host
    )
    uvloop.run(_run(config))


def _value(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sofy.sandbox.smpp", description="A simulated mobile operator.")
    parser.add_argument("--port", type=int, default=2775, help="SMPP port; 0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (loopback by default)")
    parser.add_argument("--http-port", type=int, help="port of the phones page; none by default")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives every message the same fate")
    parser.add_argument("--log", type=Path, help="file to append accepted messages to")
    parser.add_argument("--password", default="", help="the only password accepted (any by default)")
    parser.add_argument("--profile", choices=sorted(PROFILES), default="demo")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=JSON", help="change a field of the profile")
    parser.add_argument("--clock-file", type=Path, help="the shared clock of the processes it plays with")
    return parser


async def _run(config: SandboxConfig) -> None:
    running: list[SimulatedOperator] = []

    def ready(operator: SimulatedOperator) -> None:
        running.append(operator)
        print(json.dumps({"ready": True, "port": operator.port, "http_port": config.http_port}), flush=True)

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
