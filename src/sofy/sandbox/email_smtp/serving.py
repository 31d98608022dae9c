"""The simulated mail server as a process: it says where it is, and at its end what happened."""

import asyncio
import json
import signal

from sofy.sandbox.email_smtp.fate import PLAIN, Profile
from sofy.sandbox.email_smtp.mailboxes import MailboxesPage
from sofy.sandbox.email_smtp.server import EmailSandboxConfig, SimulatedMailServer

PROFILES = {
    "demo": Profile(returns_after_s=10.0),
    "brisk": Profile(),
    "plain": PLAIN,
    "hostile": Profile(unknown=0.05, full=0.05, grey=0.3, busy=0.05, bounce=0.05, complain=0.01, unsubscribe=0.02),
}


async def serve(config: EmailSandboxConfig, http_port: int | None) -> None:
    """Run until it is told to end."""
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
