"""Phones that open the link of a message, and the robots that look at it before them: on this machine only."""

import asyncio
import contextlib
import re
from collections import Counter
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

AT_ONCE = 4
MOST_WAITING = 2_000
ANSWER_WITHIN_S = 10.0
_LINK = re.compile(r"http://[^\s<>\"]*[^\s<>\"'.,;:!?)\]]")
_ANY = ("Accept", "*/*")
_FRENCH = (("Accept", "text/html,*/*;q=0.8"), ("Accept-Language", "fr-FR,fr;q=0.9"))


class Visitor(NamedTuple):
    """What a request says of who makes it."""

    method: str
    headers: tuple[tuple[str, str], ...]


def _phone(agent: str) -> Visitor:
    return Visitor("GET", (("User-Agent", f"Mozilla/5.0 ({agent}"), *_FRENCH))


PEOPLE = (
    _phone(
        "iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/604"
    ),
    _phone("Linux; Android 15; SM-A556B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36"),
    _phone("Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36"),
    _phone("Android 14; Mobile; rv:141.0) Gecko/141.0 Firefox/141.0"),
)
ROBOTS = (
    Visitor("GET", (("User-Agent", "facebookexternalhit/1.1 Facebot Twitterbot/1.0"), _ANY)),
    Visitor("HEAD", (("User-Agent", "WhatsApp/2.25.19.80 A"), _ANY)),
    Visitor("GET", (("User-Agent", "Mozilla/5.0 (compatible; SafeLinksScan/2.1)"), _ANY)),
    PEOPLE[1]._replace(headers=(*PEOPLE[1].headers, ("Sec-Purpose", "prefetch;prerender"))),
)


def link_in(text: str) -> str:
    """The first address in a text that a phone could open here, or nothing."""
    return next((match[0] for match in _LINK.finditer(text) if is_here(urlsplit(match[0]))), "")


def is_here(address: SplitResult) -> bool:
    """Whether an address is on this machine."""
    host = address.hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class Visits:
    """Opens links, a few at a time, and follows none of them further: what lies behind is on nobody's loopback."""

    def __init__(self, stats: Counter[str]) -> None:
        self._stats = stats
        self._free = asyncio.Semaphore(AT_ONCE)
        self._open: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._open)

    def open(self, link: str, visitor: Visitor) -> None:
        """Visit a link soon; beyond what can wait, the phone stays in its pocket."""
        address = urlsplit(link)
        if not is_here(address) or len(self._open) >= MOST_WAITING:
            self._stats["links_left"] += 1
            return
        task = asyncio.get_running_loop().create_task(self._visit(address, visitor))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def stop(self) -> None:
        """Leave what is not open yet."""
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _visit(self, address: SplitResult, visitor: Visitor) -> None:
        async with self._free:
            try:
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    status = await _ask(address, visitor)
            except (OSError, TimeoutError, ValueError):
                self._stats["links_unanswered"] += 1
            else:
                self._stats["links_opened" if status < 400 else "links_unknown"] += 1


async def _ask(address: SplitResult, visitor: Visitor) -> int:
    # By number: the name of the loopback is nobody's to answer.
    host = "127.0.0.1" if address.hostname == "localhost" else address.hostname
    reader, writer = await asyncio.open_connection(host, address.port or 80)
    try:
        target = (address.path or "/") + (f"?{address.query}" if address.query else "")
        headers = (("Host", address.netloc), *visitor.headers, ("Connection", "close"))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        writer.write(f"{visitor.method} {target} HTTP/1.1\r\n{lines}\r\n".encode("ascii"))
        await writer.drain()
        return int((await reader.readline()).split()[1])
    except IndexError:
        raise ValueError("no answer") from None
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
