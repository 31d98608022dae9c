"""What becomes of a mail: told by the first word of its address, else drawn from the seed, so that two runs agree.

accept@  unknown@ (550)  full@ (552)  grey@ (451, then taken)  busy@ (421)  slow@ (a second)
bounce@ (taken, then a report comes back)  later@ (delayed, then given up)  complain@  unsubscribe@
"""

from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How mailboxes behave whose address says nothing. Shares of all; the rest takes its mails and keeps silent."""

    seed: int = 1
    unknown: float = 0.01
    full: float = 0.01
    grey: float = 0.05
    busy: float = 0.0
    bounce: float = 0.01
    complain: float = 0.002
    unsubscribe: float = 0.01
    returns_after_s: float = 1.0
    slow_s: float = 1.0


PLAIN: Final = Profile(unknown=0, full=0, grey=0, bounce=0, complain=0, unsubscribe=0)
#: What a mailbox does, in the order in which shares are drawn.
KINDS: Final = ("unknown", "full", "grey", "busy", "bounce", "complain", "unsubscribe")
_NAMED: Final = frozenset({*KINDS, "slow", "later", "accept"})
_CLOSED: Final = {"unknown": "550 5.1.1 No such mailbox here", "full": "552 5.2.2 The mailbox is full"}


class Fate(NamedTuple):
    """`answer`: what RCPT gets, nothing when it is taken; `after`: what happens once the mail is there."""

    kind: str
    answer: str = ""
    after: str = ""


def fate_of(address: str, tries: int, profile: Profile) -> Fate:
    """The fate of the mail to an address that was tried so many times before."""
    kind = address.partition("@")[0].partition("+")[0].partition("-")[0].lower()
    if kind not in _NAMED:
        kind = _drawn(address, profile)
    if kind in _CLOSED:
        return Fate(kind, _CLOSED[kind])
    if kind == "grey" and not tries:
        return Fate(kind, "451 4.7.1 Greylisted, come back in a moment")
    if kind == "busy" and not tries:
        return Fate(kind, "421 4.7.28 Too many mails from you, slow down")
    return Fate(kind, after=kind if kind in ("bounce", "later", "complain", "unsubscribe") else "")


def _drawn(address: str, profile: Profile) -> str:
    key = profile.seed.to_bytes(8, "big", signed=True)
    u = int.from_bytes(blake2b(address.lower().encode(), digest_size=4, key=key).digest()) / 2**32
    for kind in KINDS:
        share: float = getattr(profile, kind)
        if u < share:
            return kind
        u -= share
    return "accept"
