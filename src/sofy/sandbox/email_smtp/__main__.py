"""`python -m sofy.sandbox.email_smtp`: the simulated mail server as a process.

Prints one JSON line when it is ready and one with what happened at the end.
"""

import argparse
import asyncio
import json
import signal

import msgspec

from sofy.sandbox.email_smtp.fate import PLAIN, Profile
from sofy.sandbox.email_smtp.mailboxes import MailboxesPage
from sofy.sandbox.email_smtp.server import EmailSandboxConfig, SimulatedMailServer

PROFILES = {"demo": Profile(), "plain": PLAIN}


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
    options = parser.parse_args()
    profile = msgspec.structs.replace(PROFILES[options.profile], seed=options.seed)
    config = EmailSandboxConfig(
        host=options.host, port=options.port, hook_url=options.hook_url, hook_secret=options.hook_secret,
        profile=profile,
    )  # fmt: skip
    asyncio.run(_run(config, options.http_port))


async def _run(config: EmailSandboxConfig, http_port: int | None) -> None:
    server, ended = SimulatedMailServer(config), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    await server.start()
    page = MailboxesPage(server)
    shown = await page.start(config.host, http_port) if http_port is not None else None
    print(json.dumps({"ready": True, "port": server.port, "http_port": shown}), flush=True)
    await ended.wait()
    await page.stop()
    await server.stop()
    print(json.dumps(dict(server.stats)), flush=True)


if __name__ == "__main__":
    main()
