"""`python -m sofy.sandbox.approved_platform`: the simulated platform as a process.

Prints one JSON line when it is ready, with what an account needs, and one with what happened at the end.
"""

import argparse
import json
import os
from functools import partial
from pathlib import Path

from sofy.sandbox import process
from sofy.sandbox.approved_platform.server import Config, SimulatedPlatform, serve


def main() -> None:
    """Read the command line and run."""
    options = _parser().parse_args()
    if os.environ.get("SOFY_ENVIRONMENT") == "production":
        raise SystemExit("a simulator is never started in production")
    process.take_clock(options)
    config = Config(
        host=options.host, port=options.port, client_id=options.client_id, client_secret=options.client_secret
    )
    process.run(
        partial(serve, config),
        told=_told,
        summary=lambda simulated: json.dumps(simulated.summary()),
    )


def _told(simulated: SimulatedPlatform) -> dict[str, object]:
    return {
        "port": simulated.port,
        "base_url": simulated.url,
        "token_url": f"{simulated.url}/oauth/token",
        "client_id": simulated.config.client_id,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sofy.sandbox.approved_platform", description="A simulated approved platform."
    )
    parser.add_argument("--port", type=int, default=8055, help="HTTP port; 0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (loopback by default)")
    parser.add_argument("--client-id", default="sofy", help="the only account there is")
    parser.add_argument("--client-secret", default="simulated", help="its secret")
    parser.add_argument("--clock-file", type=Path, help="the shared clock of the processes it plays with")
    return parser


if __name__ == "__main__":
    main()
