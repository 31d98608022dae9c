"""`python -m sofy.sandbox.google_rbm`: the simulated RBM platform as a process.

Prints one JSON line when it is ready, with what a route to it needs, and one with what happened at the end.
"""

import argparse
import json
import os
from functools import partial
from pathlib import Path

from sofy.sandbox import process
from sofy.sandbox.google_rbm.profile import PROFILES, SandboxConfig
from sofy.sandbox.google_rbm.server import SimulatedRbm, serve


def main() -> None:
    """Read the command line and run."""
    options = _parser().parse_args()
    if os.environ.get("SOFY_ENVIRONMENT") == "production":
        raise SystemExit("a simulator is never started in production")
    process.take_clock(options)
    profile = process.profile_of(options, PROFILES)
    config = SandboxConfig(
        port=options.port, host=options.host, folder=options.folder, agent_id=options.agent, profile=profile
    )
    process.run(
        partial(serve, config),
        told=lambda simulated: _told(simulated, config),
        summary=lambda simulated: json.dumps(simulated.platform.stats),
    )


def _told(simulated: SimulatedRbm, config: SandboxConfig) -> dict[str, object]:
    said: dict[str, object] = {
        "port": simulated.port,
        "base_url": simulated.url,
        "token_url": f"{simulated.url}/token",
        "agent_id": config.agent_id,
        "client_email": simulated.platform.account.client_email,
    }
    if config.folder is not None:
        said["account"] = str(config.folder / "account.json")
    return said


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sofy.sandbox.google_rbm", description="A simulated RBM platform.")
    parser.add_argument("--port", type=int, default=8045, help="HTTP port; 0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (loopback by default)")
    parser.add_argument("--folder", type=Path, help="where the account, the webhooks and the log are kept")
    parser.add_argument("--agent", default="sofy_agent", help="the only agent there is")
    process.add_profile(parser, PROFILES)
    return parser


if __name__ == "__main__":
    main()
