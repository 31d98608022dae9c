"""What a mail server means and what to do about it, as data.

Sources: [E] RFC 3463 and the IANA registry of enhanced status codes; [S] RFC 5321 4.2.3; [O] postmaster pages of Orange
(codes OFR_...) and what Gmail, Outlook, Yahoo and La Poste publish or write in their refusals. A route overrides rows
with `errors` of its configuration ("5.7.1", "5.7", "550").
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from sofy.connectors.base import Action
from sofy.kernel.clauses import clause


class Failure(NamedTuple):
    """One row: this code, or every code that begins so, calls for this action."""

    code: str
    action: Action
    meaning: str


#: The most exact row counts: "5.2.2" before "5.2" before "5".
TABLE: Final[tuple[Failure, ...]] = (
    Failure("5.1.0", Action.PERMANENT, "an address is refused"),
    Failure("5.1.1", Action.SUPPRESS, "no such mailbox"),
    Failure("5.1.2", Action.SUPPRESS, "no such domain"),
    Failure("5.1.3", Action.SUPPRESS, "no valid address"),
    Failure("5.1.6", Action.SUPPRESS, "the mailbox has moved, nobody says where"),
    Failure("5.1.7", Action.CONFIGURATION, "the sender's address is refused"),
    Failure("5.1.8", Action.CONFIGURATION, "the sender's domain is refused"),
    Failure("5.1.10", Action.SUPPRESS, "the domain takes no mail"),
    Failure("5.2.0", Action.PERMANENT, "the mailbox refuses"),
    Failure("5.2.1", Action.SUPPRESS, "the mailbox is closed"),
    Failure("5.2.2", Action.PERMANENT, "the mailbox is full"),
    Failure("5.2.3", Action.PERMANENT, "the mail is too long for the mailbox"),
    Failure("5.3.2", Action.OTHER_ROUTE, "the server takes no mail"),
    Failure("5.3.4", Action.PERMANENT, "the mail is too long for the server"),
    Failure("5.4.1", Action.PERMANENT, "nobody answers at the domain"),
    Failure("5.4.4", Action.SUPPRESS, "no server is known for the domain"),
    Failure("5.4.6", Action.CONFIGURATION, "the mail goes round in circles"),
    Failure("5.4.7", Action.PERMANENT, "it could not be delivered in time"),
    Failure("5.5", Action.CONFIGURATION, "the server did not understand"),
    Failure("5.6", Action.PERMANENT, "the form of the mail is refused"),
    Failure("5.7", Action.CONFIGURATION, "refused by a rule: sender, content or reputation"),
    Failure("5.7.13", Action.SUPPRESS, "the account is disabled"),
    Failure("5.7.17", Action.SUPPRESS, "the mailbox has another owner now"),
    Failure("5.7.20", Action.CONFIGURATION, "no valid DKIM signature"),
    Failure("5.7.23", Action.CONFIGURATION, "SPF says no"),
    Failure("5.7.26", Action.CONFIGURATION, "neither SPF nor DKIM passed"),
    Failure("550", Action.PERMANENT, "refused"),
    Failure("551", Action.SUPPRESS, "no mailbox here"),
    Failure("552", Action.PERMANENT, "too much: the mailbox is full or the mail too long"),
    Failure("553", Action.PERMANENT, "the address is refused"),
    Failure("530", Action.CONFIGURATION, "the server wants a log-in"),
    Failure("535", Action.CONFIGURATION, "the log-in is refused"),
    Failure("5", Action.PERMANENT, "refused for good"),
    Failure("4.1", Action.RETRY, "an address cannot be looked up now"),
    Failure("4.2.2", Action.RETRY, "the mailbox is full"),
    Failure("4.2", Action.RETRY, "the mailbox is not reached now"),
    Failure("4.3", Action.SLOW_LINK, "the server is busy"),
    Failure("4.4", Action.RETRY, "the way there is broken"),
    Failure("4.4.5", Action.SLOW_LINK, "the server has too much to do"),
    Failure("4.4.7", Action.PERMANENT, "it could not be delivered in time"),
    Failure("4.5.3", Action.SLOW_LINK, "too many at once"),
    Failure("4.7", Action.SLOW_LINK, "wait: too many, too fast, or not known yet"),
    Failure("4.7.1", Action.RETRY, "wait: not known yet (greylisting)"),
    Failure("421", Action.SLOW_LINK, "the server closes: too many, or at rest"),
    Failure("450", Action.RETRY, "the mailbox is not reached now, or not yet (greylisting)"),
    Failure("451", Action.RETRY, "the server has a fault, or does not know us yet (greylisting)"),
    Failure("452", Action.SLOW_LINK, "too many at once, or no room left"),
    Failure("4", Action.RETRY, "not now"),
)  # fmt: skip

#: Providers whose code says less than their words: what the words come to. First that fits; only for codes that are
#: vague (5.0.0, 5.5.0, three digits) or that the provider is known to use for everything.
WORDS: Final[tuple[tuple[str, str], ...]] = (
    (r"OFR[\d_]*_(?:104|105|108|109|999)", "4.7.0"),
    (r"OFR[\d_]*_416", "5.1.1"),
    (r"OFR[\d_]*_417", "5.2.2"),
    (r"OFR[\d_]*_(?:501|506|510|513|515)", "5.7.1"),
    (r"LPN[\dA-Z]*_(?:411|412|4\d\d)", "4.7.0"),
    (r"LPN[\dA-Z]*_5\d\d", "5.7.1"),
    (r"over ?quota|quota exceeded|exceeded .{0,20}quota|mailbox (?:is )?full|bo[iî]te .{0,30}pleine", "5.2.2"),
    (r"mailbox .{0,20}(?:disabled|inactive|suspended)|account .{0,30}(?:disabled|inactive|suspended|closed)", "5.2.1"),
    (
        r"user (?:is )?unknown|unknown (?:user|recipient|mailbox)|no such (?:user|mailbox|recipient|address)|"
        r"(?:mailbox|user|account|recipient|address) (?:does not|doesn'?t) exist|doesn'?t have an? \S+ account|"
        r"invalid (?:recipient|mailbox|address)|recipient (?:address )?(?:not found|rejected: user)|"
        r"user (?:was )?not found|mailbox (?:unavailable|not found)|destinataire (?:inconnu|invalide)|"
        r"adresse .{0,40}invalide|no mailbox here by that name|is not a valid mailbox|unrouteable address",
        "5.1.1",
    ),
    (r"(?:domain|host)(?: name)? .{0,40}(?:not found|does ?n[o']t exist)|host unknown|nxdomain", "5.1.2"),
    (r"greylist|graylist|postgrey|try again later|temporarily deferred", "4.7.1"),
    (r"too many (?:connections|messages)|rate limit|slow down|throttl", "4.7.0"),
    (r"spam|blacklist|blocklist|block list|blocked|reputation|policy|dmarc|spf|dkim|rejected .{0,20}content", "5.7.1"),
    (r"message .{0,20}(?:too (?:large|big)|size exceeds)", "5.3.4"),
)  # fmt: skip
_WORDS: Final = tuple((re.compile(pattern, re.IGNORECASE), code) for pattern, code in WORDS)
_ROWS: Final = {row.code: row for row in TABLE}
_NAMED_BY_PROVIDER: Final = re.compile(r"OFR[\d_]*_\d{3}|LPN[\dA-Z]*_\d{3}")
_DEFAULT: Final = Failure("", Action.RETRY, "not understood")


def code_of(reply_code: int, enhanced: str, words: str) -> str:
    """The code that says most of an answer: of RFC 3463 when it is told or the words tell it, else as it came."""
    told = enhanced or str(reply_code)
    return more_exact(told, words, told[:1])


def more_exact(told: str, words: str, first: str) -> str:
    """What `told` and the words of the server come to; a failure for now never becomes one for good, or reversed."""
    exact = told.count(".") == 2 and not told.endswith((".0.0", ".5.0", ".2.0"))
    if exact and not _NAMED_BY_PROVIDER.search(words):
        return told
    for pattern, code in _WORDS:
        if pattern.search(words) and code[:1] == (first or code[:1]):
            return code
    return told


@clause("CGVU 14.3")
def action_for(code: str, overrides: Mapping[str, Action] | None = None) -> Action:
    """What to do about a code: the route's own row, then the table's, the most exact first.

    An unknown refusal for now is tried again; an unknown one for good ends this mail, and says nothing of the address.
    """
    ways = _ways(code)
    for way in ways:
        if overrides and way in overrides:
            return overrides[way]
    return next((_ROWS[way] for way in ways if way in _ROWS), _DEFAULT).action


def _ways(code: str) -> list[str]:
    """The code, and what it belongs to: 5.2.2, 5.2, 5."""
    if "." in code:
        parts = code.split(".")
        return [".".join(parts[:n]) for n in range(len(parts), 0, -1)]
    return [code, code[:1]]
