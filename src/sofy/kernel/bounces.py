"""When what came back says that an address cannot be written to: the rule and its figures, as data.

A refusal for good that names the address (no such number, no such mailbox) is enough once. A mailbox that is full, or a
server that never answers, is given time: only a streak over a while counts, and one mail that arrives ends it.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

#: Mails in a row that came back, and over how long at least.
STREAK: Final = 5
OVER: Final = timedelta(days=7)
#: Codes that say something of the mailbox or its server, not of our mail or our name; a code counts by its beginning.
SOFT: Final = ("4", "5.2.2", "5.4.1", "5.4.7", "552")
#: Of those, what is about sender, content or pace.
NOT_SOFT: Final = ("4.3.4", "4.5", "4.6", "4.7")
#: The same for a database that counts mails, where a code says that it came back at all: for now, and for good.
SOFT_PATTERN: Final = r"^(4|5[.]2[.]2([.]|$)|5[.]4[.]1([.]|$)|5[.]4[.]7([.]|$)|552$)"
FOR_GOOD_PATTERN: Final = r"^5"
#: Why something is on a list of suppressed addresses without anybody having said no.
REASONS: Final = ("not_in_service", "no_such_address", "keeps_bouncing")
HARD_REASON: Final = {"sms": "not_in_service", "email": "no_such_address"}
SOFT_REASON: Final = "keeps_bouncing"
_CAME_BACK: Final = ("failed", "expired")
_NO_WORD: Final = ("submitted", "unknown")
_ARRIVED: Final = ("submitted", "delivered", "read", "unknown")


class Sent(NamedTuple):
    """What became of one mail. Unit of `code`: as the server gave it, RFC 3463 where it did."""

    status: str
    code: str
    at: datetime


def is_soft(code: str) -> bool:
    """Whether a failure says that the mailbox cannot be reached now, without saying that it does not exist."""
    return _begins(code, SOFT) and not _begins(code, NOT_SOFT)


def keeps_bouncing(mails: Iterable[Sent]) -> bool:
    """Whether the last mails to an address, the youngest first, are a streak that counts.

    Mails that never left, and those that failed for a reason of ours, are no word about the mailbox. Nor are those that
    were sent after the last one that came back, until somebody says that they arrived: what is on its way to a server
    that never answers comes back after days.
    """
    streak: list[datetime] = []
    for mail in mails:
        if mail.status in _NO_WORD and not streak:
            continue
        if mail.status in _ARRIVED:
            break
        if mail.status in _CAME_BACK and is_soft(mail.code):
            streak.append(mail.at)
            if len(streak) >= STREAK and streak[0] - mail.at >= OVER:
                return True
    return False


def _begins(code: str, rows: tuple[str, ...]) -> bool:
    """Codes go by whole parts: 5.2.2 is not 5.2.20; three digits of SMTP go by their first."""
    return any(code == row or code.startswith(f"{row}.") or (row == "4" and code[:1] == "4") for row in rows)
