"""Questions to DNS."""

from collections.abc import Sequence
from typing import Final

import dns.exception
import dns.rdatatype
import dns.resolver

from sofy.messaging.email_dns import NoAnswer

_WITHIN_S: Final = 4.0


def resolver(server: str = "") -> "Lookup":
    """Asks the machine's own servers, or one that is named (HOST or HOST:PORT)."""
    return Lookup(server)


class Lookup:
    """A `Resolver`: what is not there is nothing, what cannot be asked raises NoAnswer."""

    def __init__(self, server: str = "") -> None:
        self._server = server
        self._asked: dns.resolver.Resolver | None = None

    def __call__(self, name: str, kind: str) -> Sequence[str]:
        try:
            answer = self._resolver().resolve(name, kind, lifetime=_WITHIN_S)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError) as error:
            raise NoAnswer from error
        if kind == "TXT":
            return [b"".join(row.strings).decode("utf-8", "replace") for row in answer]
        return [str(getattr(row, "exchange", None) or row.target).rstrip(".") for row in answer]

    def _resolver(self) -> dns.resolver.Resolver:
        if self._asked is None:
            self._asked = dns.resolver.Resolver(configure=not self._server)
            if self._server:
                host, _, port = self._server.partition(":")
                self._asked.nameservers = [host]
                self._asked.port = int(port or 53)
        return self._asked
