"""What came of a campaign on each channel and at each try: what left, what came back, who wants no more.

A person counts here on every channel that was tried for them; in the other figures of a report once, where they ended.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Final

from django.db import connection

from sofy.kernel import bounces
from sofy.soreach.models import Campaign

#: Channels whose supplier tells that a message was read.
TELLS_READING: Final = frozenset({"rcs", "whatsapp"})


@dataclass(frozen=True)
class OnChannel:
    """What came of a campaign on one channel. `rung`: at which try, 0 the first; None: at all of them.

    `hard` and `soft`: mails that came back, for good or for now. `complaints`: people who called it spam;
    `unsubscribed`: by the link of the mail; `stops`: answers that say STOP. `passed`: for whom the next channel was
    tried. Unit: EUR before VAT.
    """

    channel: str
    rung: int | None = None
    sent: int = 0
    received: int = 0
    read: int = 0
    failed: int = 0
    withheld: int = 0
    hard: int = 0
    soft: int = 0
    complaints: int = 0
    unsubscribed: int = 0
    stops: int = 0
    passed: int = 0
    cost_eur: Decimal = Decimal(0)

    @property
    def by_mail(self) -> bool:
        """Whether mails come back, and say no by a link."""
        return self.channel == "email"

    @property
    def tells_reading(self) -> bool:
        """Whether the supplier says that a message was read."""
        return self.channel in TELLS_READING


_COUNTED: Final = [field.name for field in fields(OnChannel)][2:]

_LEDGER = """
SELECT m.channel, s.rung, count(s.submitted_at) AS sent,
       count(*) FILTER (WHERE s.status IN ('delivered', 'read')) AS received,
       count(*) FILTER (WHERE s.status = 'read') AS read,
       count(*) FILTER (WHERE s.status IN ('failed', 'expired')) AS failed,
       count(*) FILTER (WHERE s.status = 'withheld') AS withheld,
       count(*) FILTER (WHERE {hard}) AS hard, count(*) FILTER (WHERE {soft}) AS soft,
       count(*) FILTER (WHERE s.superseded) AS passed,
       coalesce(sum(s.parts * m.unit_price_eur) FILTER (WHERE s.submitted_at IS NOT NULL), 0) AS cost_eur
  FROM engine_state s JOIN engine_message m ON m.client_id = s.client_id AND m.id = s.message_id
 WHERE s.client_id = %(client)s AND s.campaign_id = %(campaign)s GROUP BY 1, 2
"""
# Led by the inbox, which is short, and joined to the ledger by its key. A complaint comes in as a STOP of its own name.
_SAID_NO = """
SELECT m.channel, s.rung, count(DISTINCT s.message_id) FILTER (WHERE i.supplier_id LIKE 'complaint-%%') AS complaints,
       count(DISTINCT s.message_id) FILTER (WHERE coalesce(i.supplier_id, '') NOT LIKE 'complaint-%%') AS stops
  FROM engine_inbound i JOIN engine_state s ON s.client_id = i.client_id AND s.message_id = i.message_id
  JOIN engine_message m ON m.client_id = s.client_id AND m.id = s.message_id
 WHERE i.client_id = %(client)s AND s.campaign_id = %(campaign)s AND i.at >= %(since)s AND i.keyword = 'stop'
 GROUP BY 1, 2
"""
_UNSUBSCRIBED = """
SELECT 'email', s.rung, count(*) AS unsubscribed
  FROM soreach_unsubscribe u JOIN engine_state s ON s.client_id = u.client_id AND s.message_id = u.message_id
 WHERE u.client_id = %(client)s AND u.campaign_id = %(campaign)s GROUP BY 2
"""
_CAME_BACK = "s.status IN ('failed', 'expired') AND coalesce(s.supplier_code, '')"
_SOFT = f"{_CAME_BACK} ~ '{bounces.SOFT_PATTERN}'"
_HARD = f"{_CAME_BACK} ~ '{bounces.FOR_GOOD_PATTERN}' AND NOT s.supplier_code ~ '{bounces.SOFT_PATTERN}'"
_ON = "EXISTS (SELECT FROM engine_message m WHERE m.client_id = s.client_id AND m.id = s.message_id AND m.channel = {})"
_BY_MAIL = _ON.format("'email'")
_INBOX = (
    "s.message_id IN (SELECT message_id FROM engine_inbound i WHERE i.client_id = %(client)s AND i.at >= %(since)s"
    " AND i.keyword = 'stop' AND {})"
)

#: Figure -> its people, of `s`, a row of the ledger; what stands behind the colon of `sent-by:rcs` is the value.
CONDITIONS: Final = {
    "sent-by": "s.submitted_at IS NOT NULL AND " + _ON.format("%(value)s"),
    "received-by": "s.status IN ('delivered', 'read') AND " + _ON.format("%(value)s"),
    "read-by": "s.status = 'read' AND " + _ON.format("%(value)s"),
    "failed-by": "s.status IN ('failed', 'expired') AND " + _ON.format("%(value)s"),
    "withheld-by": "s.status = 'withheld' AND " + _ON.format("%(value)s"),
    "passed-by": "s.superseded AND " + _ON.format("%(value)s"),
    "stops-by": _INBOX.format("coalesce(i.supplier_id, '') NOT LIKE 'complaint-%%'")
    + " AND "
    + _ON.format("%(value)s"),
    "hard": f"{_HARD} AND {_BY_MAIL}",
    "soft": f"{_SOFT} AND {_BY_MAIL}",
    "complaints": _INBOX.format("i.supplier_id LIKE 'complaint-%%'"),
    "unsubscribed": "s.message_id IN (SELECT message_id FROM soreach_unsubscribe WHERE client_id = %(client)s"
    " AND campaign_id = %(campaign)s)",
}


def read(campaign: Campaign) -> list[OnChannel]:
    """One line for each channel at each try, in the order of tries, then of channels."""
    since = campaign.launched_at or campaign.created_at
    given: dict[str, Any] = {"client": campaign.client_id, "campaign": campaign.id, "since": since}
    found: dict[tuple[str, int], Counter[str]] = {}
    with connection.cursor() as cursor:
        for statement in (
            _LEDGER.format(hard=f"m.channel = 'email' AND {_HARD}", soft=f"m.channel = 'email' AND {_SOFT}"),
            _SAID_NO,
            _UNSUBSCRIBED,
        ):
            cursor.execute(statement, given)
            names = [column.name for column in cursor.description][2:]
            for channel, rung, *figures in cursor.fetchall():
                found.setdefault((channel, rung), Counter()).update(dict(zip(names, figures, strict=True)))
    order = campaign.channels
    lines = [_line(channel, rung, figures) for (channel, rung), figures in found.items()]
    return sorted(lines, key=lambda one: (one.rung or 0, order.index(one.channel) if one.channel in order else 9))


def _line(channel: str, rung: int | None, figures: Counter[str]) -> OnChannel:
    given: dict[str, Any] = {name: figures[name] for name in _COUNTED}
    return OnChannel(channel, rung, **given | {"cost_eur": Decimal(figures["cost_eur"])})


def totals(lines: Iterable[OnChannel], order: Sequence[str]) -> list[OnChannel]:
    """One line for each channel, in the order they are tried."""
    summed: dict[str, Counter[str]] = {}
    for one in lines:
        summed.setdefault(one.channel, Counter()).update({name: getattr(one, name) for name in _COUNTED})
    return [_line(channel, None, summed[channel]) for channel in order if channel in summed]
