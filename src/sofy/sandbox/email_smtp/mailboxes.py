"""A page that shows the mails as a mailbox would, in the browser's language. Loopback only."""

import asyncio
from html import escape

from sofy.sandbox import phones
from sofy.sandbox.email_smtp.returns import shown
from sofy.sandbox.email_smtp.server import Arrived, SimulatedMailServer

_SHOWN = 50
_WORDS = {
    "fr": {
        "title": "Boîtes aux lettres simulées",
        "what": "Ce que recevraient les destinataires. Aucun e-mail ne quitte cette machine.",
        "none": "Aucun e-mail pour l’instant : les envois de la plateforme apparaîtront ici.",
        "from": "de",
        "to": "à",
        "source": "source",
    },
    "en": {
        "title": "Simulated mailboxes",
        "what": "What recipients would receive. No e-mail leaves this machine.",
        "none": "No e-mail yet: what the platform sends will appear here.",
        "from": "from",
        "to": "to",
        "source": "source",
    },
}
#: The same looks as the pages of the simulated phones; mails are wider.
_STYLE = (
    f"{phones.LOOKS}main{{grid-template-columns:repeat(auto-fill,minmax(min(100%,30rem),1fr));align-items:start}}"
    "article{min-width:0}h2{font-size:1.05rem;margin:0;overflow-wrap:anywhere}.who{overflow-wrap:anywhere}"
    "iframe{width:100%;height:22rem;border:1px solid var(--in);background:#fff}"
    "pre{font:inherit;white-space:pre-wrap;overflow-wrap:anywhere}details pre{font:.8rem/1.4 ui-monospace,monospace}"
)


def page(mails: list[Arrived], language: str = "fr") -> str:
    """The mails, the last first."""
    words = _WORDS[language]
    articles = "".join(_article(mail, words) for mail in reversed(mails[-_SHOWN:]))
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width,initial-scale=1"><title>{words["title"]}</title>'
        f'<link rel="stylesheet" href="/style.css"></head><body><header><h1>{words["title"]}</h1>'
        f"<p>{words['what']}</p></header>{'' if articles else '<p>' + words['none'] + '</p>'}"
        f"<main>{articles}</main></body></html>"
    )


def _article(mail: Arrived, words: dict[str, str]) -> str:
    sender, subject, text, html = shown(mail.content)
    inside = (
        f'<iframe sandbox="" title="{escape(subject)}" srcdoc="{escape(html)}"></iframe>'
        if html
        else f"<pre>{escape(text)}</pre>"
    )
    source = escape(mail.content.decode("utf-8", "replace"))
    return (
        f'<article><h2>{escape(subject)}</h2><p class="who">{words["from"]} {escape(sender)} {words["to"]} '
        f"{escape(mail.recipient)}</p>{inside}<details><summary>{words['source']}</summary><pre>{source}</pre>"
        "</details></article>"
    )


class MailboxesPage:
    """Serves the page."""

    def __init__(self, server: SimulatedMailServer) -> None:
        self._mails = server.mails
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; answers the port."""
        self._server = await asyncio.start_server(self._serve, host, port)
        found: int = self._server.sockets[0].getsockname()[1]
        return found

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(5):
                line = (await reader.readline()).decode("latin-1").split()
                language = "fr"
                while (header := (await reader.readline()).decode("latin-1").strip().lower()) != "":
                    if header.startswith("accept-language:") and "fr" not in header:
                        language = "en"
            status, kind, body = self._answer(line, language)
            policy = "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src https: data:; frame-src 'self'"
            writer.write(
                f"HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
                f"Content-Security-Policy: {policy}\r\nConnection: close\r\n\r\n".encode("ascii")
                + body
            )
            await writer.drain()
        except (OSError, TimeoutError, ValueError):
            pass
        finally:
            writer.close()

    def _answer(self, line: list[str], language: str) -> tuple[str, str, bytes]:
        if len(line) < 2 or line[0] != "GET":
            return "405 Method Not Allowed", "text/plain", b""
        if line[1] == "/style.css":
            return "200 OK", "text/css", _STYLE.encode()
        if line[1].split("?")[0] != "/":
            return "404 Not Found", "text/plain", b""
        return "200 OK", "text/html", page(list(self._mails), language).encode()
