"""`python -m sofy.sandbox.email_smtp`: the simulated mail server as a process.

Prints one JSON line when it is ready and one with what happened at the end.
"""

import argparse
import asyncio
from pathlib import Path

import msgspec

from sofy.sandbox.email_smtp.server import EmailSandboxConfig
from sofy.sandbox.email_smtp.serving import PROFILES, serve


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m sofy.sandbox.email_smtp", description="A simulated mail server.")
    parser.add_argument("--port", type=int, default=2525, help="SMTP port; 0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (loopback by default)")
    parser.add_argument("--http-port", type=int, help="port of the page with the mails; none by default")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives every address the same fate")
    parser.add_argument("--profile", choices=sorted(PROFILES), default="demo")
    parser.add_argument("--hook-url", default="", help="where mails that come back are posted")
    parser.add_argument("--hook-secret", default="", help="the hook_secret of the route")
    parser.add_argument("--hook-file", type=Path, help='both in a file instead: {"url", "secret"}')
    parser.add_argument("--log", type=Path, help="file to append taken mails to")
    options = parser.parse_args()
    profile = msgspec.structs.replace(PROFILES[options.profile], seed=options.seed)
    config = EmailSandboxConfig(
        host=options.host, port=options.port, hook_url=options.hook_url, hook_secret=options.hook_secret,
        profile=profile, hook_file=options.hook_file, log=options.log,
    )  # fmt: skip
    asyncio.run(serve(config, options.http_port))


if __name__ == "__main__":
    main()
