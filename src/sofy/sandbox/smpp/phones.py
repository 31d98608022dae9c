"""A page that shows the messages as phones would. Loopback only; French, as the phones are."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from html import escape
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from sofy.connectors.smpp.texts import Segment, decode_text, segment
from sofy.kernel.clock import PARIS
from sofy.sandbox.smpp.journal import AcceptedLog, Seen

_PHONES_SHOWN = 60
_STYLE = Path(__file__).with_name("phones.css").read_text(encoding="utf-8")

_PAGE = """<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="3">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>Téléphones simulés</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header>
<h1>Téléphones simulés</h1>
<p>Ce que recevraient les abonnés. Aucun message ne quitte cette machine.</p>
<form method="get" action="/">
<input name="numero" inputmode="tel" aria-label="Numéro" placeholder="06 39 98 00 00" value="{number}">
<button>Chercher</button>
</form>
</header>
{empty}<main>{phones}</main>{rest}
</body>
</html>
"""


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


def page(log: AcceptedLog, number: str = "") -> str:
    """The page; with a number, only that phone."""
    found = threads(log.shown)
    wanted = "".join(filter(str.isdigit, number)).removeprefix("00")
    if wanted.startswith("0"):
        wanted = "33" + wanted[1:]
    phones = [one for one in found if one.lstrip("+").startswith(wanted)] if wanted else list(found)
    articles = "".join(_phone(one, found[one]) for one in phones[:_PHONES_SHOWN])
    empty = (
        "<p>Aucun message pour l’instant : les envois de la plateforme apparaîtront ici.</p>" if not articles else ""
    )
    more = len(phones) - _PHONES_SHOWN
    rest = f"<p>et {more} autres téléphones : cherchez un numéro.</p>" if more > 0 else ""
    return _PAGE.format(number=escape(number), phones=articles, empty=empty, rest=rest)


def _phone(number: str, bubbles: list[_Bubble]) -> str:
    lines = []
    for bubble in bubbles[-20:]:
        me = " me" if bubble.seen.from_phone else ""
        other = f"au {bubble.seen.sm.destination}" if me else f"de {bubble.seen.sm.source or '(sans nom)'}"
        when = bubble.seen.at.astimezone(PARIS)
        lines.append(f'<small class="{me.strip()}">{escape(other)}, {when:%H:%M}</small>')
        lines.append(f'<div class="bubble{me}">{escape(bubble.text)}</div>')
    link = f'<a href="/?numero={quote(number)}">{escape(_written(number))}</a>'
    return f"<article><h2>{link}</h2>{''.join(lines)}</article>"


def _written(number: str) -> str:
    digits = number.lstrip("+")
    if digits.startswith("33") and len(digits) == 11:
        national = "0" + digits[2:]
        return " ".join(national[n : n + 2] for n in range(0, 10, 2))
    return "+" + digits


async def serve_phones(log: AcceptedLog, host: str, port: int) -> asyncio.Server:
    """Serve the page."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(10):
                head = await reader.readuntil(b"\r\n\r\n")
            writer.write(_respond(log, head.split(b"\r\n", 1)[0].decode("latin-1")))
            await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            pass
        finally:
            writer.close()

    return await asyncio.start_server(answer, host, port, limit=16_384)


def _respond(log: AcceptedLog, request_line: str) -> bytes:
    method, _, rest = request_line.partition(" ")
    target = urlsplit(rest.rpartition(" ")[0])
    if method not in ("GET", "HEAD"):
        status, kind, body = "405 Method Not Allowed", "text/plain", "GET"
    elif target.path == "/style.css":
        status, kind, body = "200 OK", "text/css", _STYLE
    elif target.path == "/":
        number = parse_qs(target.query).get("numero", [""])[0]
        status, kind, body = "200 OK", "text/html", page(log, number)
    else:
        status, kind, body = "404 Not Found", "text/plain", "Page inconnue"
    content = body.encode("utf-8")
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {len(content)}\r\n"
        "Connection: close\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
        "Content-Security-Policy: default-src 'none'; style-src 'self'; form-action 'self'\r\n\r\n"
    )
    return head.encode("ascii") + (b"" if method == "HEAD" else content)
