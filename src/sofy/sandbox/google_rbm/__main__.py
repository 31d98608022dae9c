"""`python -m sofy.sandbox.google_rbm`: the simulated RBM platform as a process.

Prints one JSON line when it is ready, with what a route to it needs, and one with what happened at the end.
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
from sofy.sandbox.google_rbm.profile import PROFILES, Profile, SandboxConfig
from sofy.sandbox.google_rbm.server import SimulatedRbm, serve


def main() -> None:
    """Read the command line and run."""
    options = _parser().parse_args()
    if os.environ.get("SOFY_ENVIRONMENT") == "production":
        raise SystemExit("a simulator is never started in production")
    if options.clock_file is not None:
        clock.install(FileClock(options.clock_file, environment="demo"))
    settings = {**msgspec.to_builtins(PROFILES[options.profile]), "seed": options.seed}
    for pair in options.set:
        name, _, value = pair.partition("=")
        settings[name] = _value(value)
    try:
        profile = msgspec.convert(settings, Profile)
    except msgspec.ValidationError as error:
        raise SystemExit(f"--set: {error}") from None
    config = SandboxConfig(
        port=options.port, host=options.host, folder=options.folder, agent_id=options.agent, profile=profile
    )
    uvloop.run(_run(config))


def _value(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sofy.sandbox.google_rbm", description="A simulated RBM platform.")
    parser.add_argument("--port", type=int, default=8045, help="HTTP port; 0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (loopback by default)")
    parser.add_argument("--folder", type=Path, help="where the account, the webhooks and the log are kept")
    parser.add_argument("--agent", default="sofy_agent", help="the only agent there is")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives every message the same fate")
    parser.add_argument("--profile", choices=sorted(PROFILES), default="demo")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=JSON", help="change a field of the profile")
    parser.add_argument("--clock-file", type=Path, help="the shared clock of the processes it plays with")
    return parser


async def _run(config: SandboxConfig) -> None:
    running: list[SimulatedRbm] = []

    def ready(simulated: SimulatedRbm) -> None:
        running.append(simulated)
        said = {
            "ready": True,
            "port": simulated.port,
            "base_url": simulated.url,
            "token_url": f"{simulated.url}/token",
            "agent_id": config.agent_id,
            "client_email": simulated.platform.account.client_email,
        }
        if config.folder is not None:
            said["account"] = str(config.folder / "account.json")
        print(json.dumps(said), flush=True)

    task = asyncio.create_task(serve(config, ready))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        print(json.dumps(running[0].platform.stats if running else {}), flush=True)


if __name__ == "__main__":
    main()
