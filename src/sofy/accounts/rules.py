"""What an API key may be allowed, and from where. Pure."""

import ipaddress
from collections.abc import Iterable
from typing import Final

from sofy.kernel.errors import Refused
from sofy.kernel.text import one_line

#: Scope -> what it opens; words for people are in `words.py`.
SCOPES: Final = (
    "messages:send",
    "messages:read",
    "contacts:read",
    "contacts:write",
    "campaigns:read",
    "campaigns:write",
    "events:read",
)


def unknown_scopes(scopes: list[str]) -> list[str]:
    """Those that do not exist."""
    return [scope for scope in scopes if scope not in SCOPES]


def read_networks(written: Iterable[str]) -> list[str]:
    """Networks as the database compares them, each once: a single address as it is, a block as CIDR.

    Raises: Refused network_unreadable.
    """
    return list(dict.fromkeys(_network(text.strip()) for text in written if text.strip()))


def _network(text: str) -> str:
    try:
        # An interface ("%eth0") means something on its own machine only.
        found = ipaddress.ip_network("" if "%" in text else text, strict=False)
    except ValueError:
        raise Refused("network_unreadable", network=one_line(text)[:60]) from None
    return str(found.network_address if found.prefixlen == found.max_prefixlen else found)
