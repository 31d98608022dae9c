"""What the DNS of a domain must say so that its mails are believed, and what it says. Pure: the caller asks DNS.

Sources: RFC 6376 3.6 (DKIM keys), RFC 7208 3.2 and 4.5 (one SPF record), RFC 7489 6.3 and 6.6.3 (one DMARC record, p=);
Gmail and Yahoo want all three of those who send much.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

#: Records of a name: TXT as their texts, CNAME and MX as the names they lead to. Raises: NoAnswer.
Resolver = Callable[[str, str], Sequence[str]]
DOMAIN: Final = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])")
_POLICY: Final = re.compile(r"(?:^|;)\s*p\s*=\s*(none|quarantine|reject)\s*(?:;|$)", re.IGNORECASE)
_ALL: Final = re.compile(r"\s[-~?+]?all\s*$", re.IGNORECASE)


class NoAnswer(Exception):
    """DNS did not answer: nothing is known."""


class Route(NamedTuple):
    """What an e-mail route says of itself: its selector, where its key is, where its mails come back to."""

    selector: str
    domain: str
    returns: str


class Record(NamedTuple):
    """What to put into DNS."""

    check: str
    name: str
    kind: str
    value: str


class Finding(NamedTuple):
    """What is there: ok, missing, wrong or unknown; `found` as DNS says it, `record` what should be there."""

    record: Record
    state: str
    found: str = ""

    @property
    def needed(self) -> bool:
        """Whether mails are not believed without it."""
        return self.record.check != "spf"


def look(domain: str, routes: Sequence[Route], resolve: Resolver) -> list[Finding]:
    """Everything about a domain, the key of each route first."""
    found = [_dkim(domain, route, resolve) for route in routes]
    found.append(_spf(domain, [route.returns for route in routes if route.returns], resolve))
    found.append(_dmarc(domain, resolve))
    return found


def wanted(domain: str, routes: Sequence[Route]) -> list[Finding]:
    """The same before anybody looked."""

    def nobody(name: str, kind: str) -> Sequence[str]:
        raise NoAnswer

    return look(domain, routes, nobody)


def _dkim(domain: str, route: Route, resolve: Resolver) -> Finding:
    target = f"{route.selector}._domainkey.{route.domain}"
    record = Record(f"dkim-{route.selector}", f"{route.selector}._domainkey.{domain}", "CNAME", target)
    try:
        there = [_bare(text) for text in resolve(record.name, "TXT")]
        ours = {_bare(text) for text in resolve(target, "TXT")}
    except NoAnswer:
        return Finding(record, "unknown")
    if not there:
        return Finding(record, "missing")
    good = len(there) == 1 and there[0] in ours
    return Finding(record, "ok" if good else "wrong", "" if good else " | ".join(there)[:300])


def _spf(domain: str, returns: Sequence[str], resolve: Resolver) -> Finding:
    includes = [f"include:{name}" for name in dict.fromkeys(returns)]
    fresh = Record("spf", domain, "TXT", " ".join(["v=spf1", *includes, "~all"]))
    try:
        there = [text for text in resolve(domain, "TXT") if text.lower().split(" ")[0] == "v=spf1"]
    except NoAnswer:
        return Finding(fresh, "unknown")
    if not there:
        return Finding(fresh, "missing")
    lacking = [one for one in includes if one.lower() not in there[0].lower().split()]
    if len(there) == 1 and not lacking:
        return Finding(fresh._replace(value=there[0]), "ok")
    return Finding(fresh._replace(value=_with(there[0], lacking)), "wrong", " | ".join(there)[:300])


def _with(record: str, includes: Sequence[str]) -> str:
    """An SPF record that says more, before its last word."""
    end = _ALL.search(record)
    start, last = (record[: end.start()], record[end.start() :].strip()) if end else (record, "~all")
    return " ".join([start.strip(), *includes, last])


def _dmarc(domain: str, resolve: Resolver) -> Finding:
    record = Record("dmarc", f"_dmarc.{domain}", "TXT", "v=DMARC1; p=quarantine")
    try:
        there = [text for text in resolve(record.name, "TXT") if text.lower().startswith("v=dmarc1")]
    except NoAnswer:
        return Finding(record, "unknown")
    if not there:
        return Finding(record, "missing")
    if len(there) == 1 and _POLICY.search(there[0]):
        return Finding(record._replace(value=there[0]), "ok")
    return Finding(record, "wrong", " | ".join(there)[:300])


def _bare(text: str) -> str:
    """A key record without the blanks that DNS panels put into it."""
    return "".join(text.split())
