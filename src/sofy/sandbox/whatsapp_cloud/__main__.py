"""`python -m sofy.sandbox.whatsapp_cloud`: the simulated Meta as a process.

Prints one JSON line when it is ready and one with what happened at the end.
"""

import argparse
import os
from functools import partial
from pathlib import Path

from sofy.sandbox import process
from sofy.sandbox.whatsapp_cloud.profile import PROFILES, SandboxConfig
from sofy.sandbox.whatsapp_cloud.server import serve


def main() -> None:
    """Read the command line and run."""
    options = _parser().parse_args()
    if os.environ.get("SOFY_ENVIRONMENT") == "production":
        raise SystemExit("simulators never run in production")
    process.take_clock(options)
    profile = process.profile_of(options, PROFILES)
    given = {
        name: value
        for name, value in vars(options).items()
        if name in SandboxConfig.__struct_fields__ and name != "profile" and value is not None
    }
    config = SandboxConfig(**given, profile=profile)
    process.run(
        partial(serve, config),
        told=lambda server: {"port": server.port, "url": server.url},
        summary=lambda server: server.summary(),
    )


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
    parser.add_argument("--log", type=Path, help="file to append accepted messages to")
    process.add_profile(parser, PROFILES)
    return parser


if __name__ == "__main__":
    main()
