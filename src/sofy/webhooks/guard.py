"""Where requests may go: never into the networks of whoever runs the product.

An address is judged when a socket is about to be opened to it, after its name was looked up: a name that leads
elsewhere the second time meets the same question. Source: RFC 6890, RFC 4291; OWASP on server-side requests.
"""

import contextlib
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final
from urllib.parse import urlsplit

from sofy.kernel.errors import Refused

LONGEST_URL: Final = 2_000

_NOWHERE_V4: Final = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/3",
    )
)  # fmt: skip
#: Of what is given out to the world: tunnels, which hide an address inside, and what is reserved for books.
_NOWHERE_V6: Final = tuple(map(ip_network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
_WORLD_V6: Final = ip_network("2000::/3")
_REFUSED: Final = "the address is not one of the public internet"


class Forbidden(OSError):
    """A name led to an address that requests may not go to."""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address belongs to the public internet."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        return address in _WORLD_V6 and not any(address in network for network in _NOWHERE_V6)
    return not any(address in network for network in _NOWHERE_V4)


def may_go(text: str, *, loopback: bool) -> bool:
    """Whether requests may go to an address. `loopback`: this machine counts, outside of production."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return is_public(address) or (loopback and address.is_loopback)


class Sockets:
    """Opens the sockets of requests, or refuses to."""

    def __init__(self, *, loopback: bool) -> None:
        self._loopback = loopback

    def __call__(self, address: tuple[Any, Any, int, str, tuple[Any, ...]]) -> socket.socket:
        """Raises: Forbidden."""
        family, kind, protocol, _, where = address
        if not may_go(str(where[0]), loopback=self._loopback):
            raise Forbidden(_REFUSED)
        return socket.socket(family, kind, protocol)


def check_url(url: str, *, production: bool) -> None:
    """Whether an address can be a webhook's: what can be known without asking anybody.

    Raises: Refused webhook_url, webhook_url_scheme, webhook_url_login, webhook_url_private.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise Refused("webhook_url") from None
    printable = url.isascii() and url.isprintable() and not set(url) & set(' \\"<>^`{|}')
    if not host or len(url) > LONGEST_URL or not printable or parts.fragment:
        raise Refused("webhook_url")
    if parts.scheme not in (("https",) if production else ("https", "http")):
        raise Refused("webhook_url_scheme")
    if parts.username is not None or parts.password is not None:
        raise Refused("webhook_url_login")
    host = host.removesuffix(".")
    if host == "localhost" or host.endswith(".localhost"):
        host = "127.0.0.1"
    address = _address_of(host)
    if address is not None and not may_go(address, loopback=not production):
        raise Refused("webhook_url_private")


def _address_of(host: str) -> str | None:
    """The address that a host is, however it is written: 10.1, 012.0.0.1 and 167772161 are 10.0.0.1. Asks nobody."""
    with contextlib.suppress(ValueError):
        return str(ip_address(host))
    with contextlib.suppress(OSError):
        return socket.inet_ntoa(socket.inet_aton(host))
    return None
