"""A page that shows the messages as phones would, in the browser's language. Loopback only."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from functools import partial
from html import escape
from urllib.parse import parse_qs, urlsplit

from sofy.connectors.smpp.texts import Segment, decode_text, segment
from sofy.kernel.clock import PARIS
from sofy.sandbox import phones
from sofy.sandbox.smpp.journal import AcceptedLog, Seen
from sofy.wire.smpp.server import stop_listening

_TURNS = 5  # of the loop, from an accepted connection to its visitor

# The simulator runs without Django, so its few words are here.
_WORDS = {
    "fr": {
        "title": "Téléphones simulés",
        "what": "Ce que recevraient les abonnés. Aucun message ne quitte cette machine.",
        "number": "Numéro",
        "find": "Chercher",
        "none": "Aucun message pour l’instant : les envois de la plateforme apparaîtront ici.",
        "nobody": "Aucun message à ce numéro.",
        "more": "et {n} autres téléphones : cherchez un numéro.",
        "to": "au {who}",
        "from": "de {who}",
        "unnamed": "(sans nom)",
        "missing": "Page inconnue",
    },
    "en": {
        "title": "Simulated phones",
        "what": "What subscribers would receive. No message leaves this machine.",
        "number": "Number",
        "find": "Find",
        "none": "No message yet: what the platform sends will appear here.",
        "nobody": "No message to this number.",
        "more": "and {n} more phones: look for a number.",
        "to": "to {who}",
        "from": "from {who}",
        "unnamed": "(no name)",
        "missing": "No such page",
    },
}


class _Bubble:
    """One message of a thread, long ones put together again."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen
        self.parts: dict[int, bytes] = {}

    @property
    def text(self) -> str:
        octets = b"".join(self.parts[n] for n in sorted(self.parts))
        return decode_text(octets, self.seen.sm.data_coding)


def threads(shown: Iterable[Seen]) -> "OrderedDict[str, list[_Bubble]]":
    """The messages by phone, the phone heard of last first."""
    found: OrderedDict[str, list[_Bubble]] = OrderedDict()
    open_parts: dict[tuple[str, bool, int, int], _Bubble] = {}
    for seen in shown:
        piece: Segment = segment(seen.sm)
        key = (seen.number, seen.from_phone, piece.reference, piece.of)
        bubble = open_parts.get(key) if piece.of > 1 else None
        if bubble is None or piece.part in bubble.parts:
            bubble = _Bubble(seen)
            found.setdefault(seen.number, []).append(bubble)
            if piece.of > 1:
                open_parts[key] = bubble
        bubble.parts[piece.part] = piece.octets
        found.move_to_end(seen.number, last=False)
    return found


def page(log: AcceptedLog, number: str = "", language: str = "fr") -> str:
    """The page; with a number, only that phone."""
    words = _WORDS[language]
    return phones.page(threads(log.shown), partial(_bubbles, words), words=words, spoken=language, number=number)


def _bubbles(words: dict[str, str], bubbles: list[_Bubble]) -> str:
    lines = []
    for bubble in bubbles[-20:]:
        me = " me" if bubble.seen.from_phone else ""
        sm = bubble.seen.sm
        other = (
            words["to"].format(who=sm.destination) if me else words["from"].format(who=sm.source or words["unnamed"])
        )
        when = bubble.seen.at.astimezone(PARIS)
        lines.append(f'<small class="{me.strip()}">{escape(other)}, {when:%d/%m %H:%M}</small>')
        lines.append(f'<div class="bubble{me}">{escape(bubble.text)}</div>')
    return "".join(lines)


class PhonesPage:
    """Serves the page."""

    def __init__(self, log: AcceptedLog) -> None:
        self._log = log
        self._visitors: set[asyncio.StreamWriter] = set()

    async def start(self, host: str, port: int) -> int:
        """Listen; answers the port."""
        self._server = await asyncio.start_server(self._answer, host, port, limit=16_384)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Show everybody out, also who came in a moment ago."""
        await stop_listening(self._server)
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        while self._visitors:
            for writer in self._visitors:
                writer.transport.abort()
            await asyncio.sleep(0)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._visitors.add(writer)
        try:
            async with asyncio.timeout(10):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(_respond(self._log, head.decode("latin-1")))
                await writer.drain()
                writer.close()
                await writer.wait_closed()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            writer.transport.abort()
        finally:
            self._visitors.discard(writer)


def _respond(log: AcceptedLog, head: str) -> bytes:
    request_line, *headers = head.split("\r\n")
    language = _language(headers)
    method, _, rest = request_line.partition(" ")
    target = urlsplit(rest.rpartition(" ")[0])
    if method not in ("GET", "HEAD"):
        status, kind, body = "405 Method Not Allowed", "text/plain", "GET"
    elif target.path == "/style.css":
        status, kind, body = "200 OK", "text/css", phones.LOOKS
    elif target.path == "/":
        number = parse_qs(target.query).get("number", [""])[0]
        status, kind, body = "200 OK", "text/html", page(log, number, language)
    else:
        status, kind, body = "404 Not Found", "text/plain", _WORDS[language]["missing"]
    content = body.encode("utf-8")
    answer = (
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {len(content)}\r\n"
        "Connection: close\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
        f"Content-Security-Policy: {phones.POLICY}\r\n\r\n"
    )
    return answer.encode("ascii") + (b"" if method == "HEAD" else content)


def _language(headers: list[str]) -> str:
    """The first language of the browser that the page speaks; French when there is none."""
    wanted = next((line.partition(":")[2] for line in headers if line.lower().startswith("accept-language:")), "")
    return phones.language(wanted, _WORDS)
