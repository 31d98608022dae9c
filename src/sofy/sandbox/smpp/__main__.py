"""`python -m sofy.sandbox.smpp`: the simulated operator as a process.

Prints one JSON line when it is ready and one with what happened at the end.
"""

import argparse
from functools import partial
from pathlib import Path

from sofy.sandbox import process
from sofy.sandbox.smpp.profile import PROFILES, SandboxConfig
from sofy.sandbox.smpp.server import serve


def main() -> None:
    """Read the command line and run."""
    options = _parser().parse_args()
    process.take_clock(options)
    profile = process.profile_of(options, PROFILES, password=options.password)
    config = SandboxConfig(
        port=options.port, http_port=options.http_port, log=options.log, profile=profile, host=options.host
    )
    process.run(
        partial(serve, config),
        told=lambda operator: {"port": operator.port, "http_port": config.http_port},
        summary=lambda operator: operator.summary(),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sofy.sandbox.smpp", description="A simulated mobile operator.")
    parser.add_argument("--port", type=int, default=2775, help="SMPP port; 0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (loopback by default)")
    parser.add_argument("--http-port", type=int, help="port of the phones page; none by default")
    parser.add_argument("--log", type=Path, help="file to append accepted messages to")
    parser.add_argument("--password", default="", help="the only password accepted (any by default)")
    process.add_profile(parser, PROFILES)
    return parser


if __name__ == "__main__":
    main()
