"""E-mails: how many personalised, DKIM-signed mails leave per second, against Postfix's own sink.

    sofy bench email [--mails N] [--connections N] [--sink HOST:PORT] [--json]

The connector alone, on one event loop in this process: each mail is written, signed (RSA-2048) and handed over;
`smtp-sink` of Postfix takes them, or, where Postfix is not installed, a sink of a few lines in a process of its own.
Each mail has its own name, page of about 7 kB, text part and unsubscribe address. `per_core` is mails per second of
this process's processor time. `smtp_source` is what Postfix's own generator reaches on the same sink with ready-made
mails of the same size, unsigned; `ratio` compares with it.
"""

import argparse
import asyncio
import contextlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import uvloop

from sofy.connectors.base import Accepted, HandOver, Outgoing, Reported
from sofy.connectors.email_smtp.config import Config
from sofy.connectors.email_smtp.connector import EmailConnector
from sofy.connectors.email_smtp.pacing import Pace
from sofy.kernel.content import OPT_OUT_URL, Content
from sofy.kernel.ids import uuid7
from sofy.wire.email import dkim
from tools.bench import options

USUAL, CONNECTIONS = 50_000, 8
_MOST_CONNECTIONS = 64
_CLIENT = UUID(int=1)
_ROW = (
    '<p style="margin:0 0 1em">Bonjour %s, profitez de -20 %% sur tout le magasin jusqu\'à samedi !</p>\n'
    '<table><tr><td width="600"><a href="https://lefour.example/offre?id=%s">Voir</a></td></tr></table>\n'
)
_SINK = """
import asyncio, sys
class Sink(asyncio.Protocol):
    def connection_made(self, transport):
        self.t, self.rest, self.text = transport, b"", False
        transport.write(b"220 sink ESMTP\\r\\n")
    def data_received(self, data):
        *lines, self.rest = (self.rest + data).split(b"\\r\\n")
        for line in lines:
            if self.text:
                if line == b".":
                    self.text = False
                    self.t.write(b"250 2.0.0 ok\\r\\n")
            elif line[:4] == b"DATA":
                self.text = True
                self.t.write(b"354 go\\r\\n")
            elif line[:4] == b"EHLO":
                self.t.write(b"250-sink\\r\\n250-PIPELINING\\r\\n250 8BITMIME\\r\\n")
            else:
                self.t.write(b"250 2.0.0 ok\\r\\n")
async def main():
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()
asyncio.run(main())
"""


class Sender:
    """The engine's side: it offers mails as there is room, and counts what was taken."""

    def __init__(self, mails: int) -> None:
        self.connector: EmailConnector
        self.done = asyncio.Event()
        self.refused = 0
        self._left = self._due = mails
        self._made = 0

    def on_before_write(self, records: list[HandOver]) -> None:
        """The journal is the engine's, and measured with it."""

    def on_outcomes(self, outcomes: list[Reported]) -> None:
        self.refused += sum(not isinstance(one.outcome, Accepted) for one in outcomes)
        self._due -= len(outcomes)
        if self._due <= 0:
            self.done.set()

    def on_capacity(self) -> None:
        room = min(self.connector.capacity(), self._left)
        if room > 0:
            self._left -= room
            self.connector.submit([self._mail() for _ in range(room)])

    def _mail(self) -> Outgoing:
        self._made += 1
        name = f"Élodie {self._made}"
        page = _ROW % (name, self._made) * 34
        content = Content(
            subject=f"{name}, votre offre de la semaine",
            text=f"Bonjour {name}, profitez de -20 %.\nNe plus recevoir : {OPT_OUT_URL}",
            html=f"<html><body>{page}<a href='{OPT_OUT_URL}'>Se désinscrire</a></body></html>",
        )
        return Outgoing(
            message_id=uuid7(), client_id=_CLIENT, to=f"p{self._made}@d{self._made % 20}.example", text="",
            sender="Le Four <bonjour@lefour.example>", content=content,
            opt_out_url=f"https://sofy.example/u/{self._made:064d}",
        )  # fmt: skip


async def _send(port: int, host: str, mails: int, connections: int) -> dict[str, Any]:
    sender = Sender(mails)
    config = Config(
        host=host, port=port, tls="none", envelope_domain="retours.sofy.example", hook_secret="b" * 16,
        dkim_selector="k1", dkim_domain="mail.sofy.example", dkim_private_key=dkim.new_key(), binds=connections,
        pacing={"*": Pace()},
    )  # fmt: skip
    sender.connector = EmailConnector(config, sender)  # type: ignore[arg-type]
    began, processor = time.perf_counter(), time.process_time()
    await sender.connector.start()
    await sender.done.wait()
    seconds, used = time.perf_counter() - began, time.process_time() - processor
    await sender.connector.stop(1.0)
    if sender.refused:
        raise SystemExit(f"{sender.refused:,} of {mails:,} mails were not taken")
    return {"seconds": round(seconds, 2), "per_second": round(mails / seconds), "per_core": round(mails / used)}


def _source(host: str, port: int, mails: int, connections: int) -> float | None:
    """Mails per second of Postfix's own generator; None where it is not installed."""
    program = shutil.which("smtp-source", path="/usr/sbin:/usr/bin")
    if program is None:
        return None
    command = [program, "-s", str(connections), "-m", str(mails), "-l", "9000", "-f", "a@lefour.example"]
    began = time.perf_counter()
    subprocess.run([*command, "-t", "p@d.example", f"{host}:{port}"], check=True, capture_output=True)
    return mails / (time.perf_counter() - began)


@contextlib.contextmanager
def _sink() -> Iterator[tuple[str, int, str]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = shutil.which("smtp-sink", path="/usr/sbin:/usr/bin")
    if program is not None:
        command, name = [program, "-u", "nobody", f"127.0.0.1:{port}", "1000"], "smtp-sink"
    else:
        command, name = [sys.executable, "-c", _SINK, str(port)], "own"
    process = subprocess.Popen(command)
    try:
        _wait(port, process)
        yield "127.0.0.1", port, name
    finally:
        process.terminate()
        process.wait(10)


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.05)
    raise SystemExit("the sink did not start")


def run(mails: int, connections: int, sink: tuple[str, int] | None) -> dict[str, Any]:
    """One run."""
    with contextlib.ExitStack() as stack:
        host, port, name = (*sink, "given") if sink else stack.enter_context(_sink())
        result = {"name": "email", "n": mails, "sink": name}
        result |= uvloop.run(_send(port, host, mails, connections))
        peer = _source(host, port, mails, connections)
    result["smtp_source"] = None if peer is None else round(peer)
    result["ratio"] = None if peer is None else round(result["per_second"] / peer, 2)
    return result


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = options.Parser("sofy bench email", __doc__)
    parser.add_argument("--mails", type=options.whole(options.RESERVED), default=USUAL, help=f"{USUAL:,} unless said")
    parser.add_argument("--connections", type=options.whole(_MOST_CONNECTIONS), default=CONNECTIONS)
    parser.add_argument("--sink", type=options.address, help="who takes the mails; Postfix's smtp-sink unless said")
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    given: argparse.Namespace = parser.parse_args(argv)
    result = run(given.mails, given.connections, given.sink)
    options.tell(result, json_only=given.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
