"""The books of the client, of the engine and of the suppliers, compared message by message."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, Final

from sofy.engine import intake
from sofy.engine.statuses import RANK, WAITING
from tests.faults.soak.house import WINDOW, House, taken
from tests.faults.soak.programs import ApiProgram, Hooks, SmppProgram

_MESSAGES: Final = """
SELECT m.id, m.channel, m.payload, s.status, s.reason, s.rank, s.superseded, s.resend, l.head_id,
       EXISTS (SELECT FROM engine_event e WHERE e.client_id = m.client_id AND e.message_id = m.id
                  AND (e.kind IN ('unknown', 'resent') OR e.detail ->> 'reason' = 'no_answer')) AS doubted
  FROM engine_message m JOIN engine_state s ON s.client_id = m.client_id AND s.message_id = m.id
  LEFT JOIN engine_ladder l ON l.client_id = m.client_id AND l.message_id = m.id
 WHERE m.client_id = %s
"""
# What an engine cannot know it says: `unknown`, or, of an alert, that it goes once more because nobody answered.
#: Channels whose suppliers report on every message they took; a mail server speaks only of those that came back.
_REPORTED: Final = frozenset({"sms", "rcs", "whatsapp"})
_ARRIVED: Final = frozenset({"delivered", "read"})
_ENDS: Final = _ARRIVED | {"failed", "expired", "withheld", "cancelled"}
#: Why a message is `unknown` whose hand-over was not answered.
_NOT_HEARD: Final = frozenset({"no_answer", "engine_lost"})
LEAST_MATCHED: Final = 0.9999
_SHOWN: Final = 5


@dataclass
class Row:
    """A message as the engine knows it. `head`: the message its sender knows."""

    id: str
    channel: str
    to: str
    status: str
    reason: str | None
    head: str
    doubted: bool


@dataclass
class Books:
    """What was found; `wrong` names what must not be, with some lines of each."""

    wrong: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    channels: dict[str, dict[str, Any]] = field(default_factory=dict)
    matched: int = 0
    to_match: int = 0
    #: SMS that were taken and are `unknown`: the line ended before the answer, and an operator names them only there.
    unheard: int = 0
    most_unheard: int = 0

    def count(self, what: str) -> int:
        return len(self.wrong.get(what, ()))

    @property
    def share(self) -> float:
        return self.matched / self.to_match if self.to_match else 1.0

    def summary(self) -> dict[str, Any]:
        return {
            "channels": self.channels,
            "lost": self.count("lost") + self.count("stuck") + self.count("never handed over"),
            "denied": self.count("denied"),
            "doubled": self.count("doubled"),
            "backwards": self.count("backwards"),
            "receipts": self.to_match,
            "matched_share": round(self.share, 6),
            "unheard": self.unheard,
            "most_unheard": self.most_unheard,
            "untold": self.count("untold") + self.count("untold by SMPP"),
            "broken": {what: lines[:_SHOWN] for what, lines in self.wrong.items() if lines},
        }


def compare(
    house: House, programs: list[ApiProgram], smpp: SmppProgram, hooks: Hooks, *, ended_lines: int = 0
) -> Books:
    """All three sides; nothing runs any more but the database. `ended_lines`: to the operator, by a cut or a kill."""
    books, rows = Books(), _rows(house)
    suppliers = {channel: Counter(map(_plain, found)) for channel, found in taken(house).items()}
    answered = {name: message["to"] for program in programs for name, message in program.answered.items()}
    answered |= smpp.answered
    _client_and_engine(books, rows, answered)
    _engine_and_suppliers(books, rows, suppliers)
    _receipts(books, rows, suppliers)
    _told(books, rows, answered, smpp, hooks)
    for name, was, becomes in house.rows("SELECT message_id, was, becomes FROM soak_backwards ORDER BY at"):
        books.wrong["backwards"].append(f"{name}: {was} -> {becomes}")
    for lines in books.wrong.values():
        lines[:] = [f"{line} | {_life(house, line)}" for line in lines[:_SHOWN]] + lines[_SHOWN:]
    books.most_unheard = WINDOW * ended_lines
    if books.unheard > books.most_unheard:
        books.wrong["unheard"].append(f"{books.unheard} with {ended_lines} lines ended")
    if books.share < LEAST_MATCHED:
        books.wrong["receipts unmatched"].append(f"{books.share:.6f}")
    return books


_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _life(house: House, line: str) -> str:
    """All that the engine wrote of the message a line is about, its other rungs included."""
    if (found := _ID.search(line)) is None:
        return ""
    steps = house.rows(
        "SELECT e.message_id, to_char(e.at, 'HH24:MI:SS.MS'), e.kind, e.detail FROM engine_event e"
        " WHERE e.client_id = %s AND e.message_id = ANY (SELECT %s::uuid UNION SELECT o.message_id FROM engine_ladder l"
        " JOIN engine_ladder o USING (client_id, head_id) WHERE l.message_id = %s) ORDER BY e.at",
        [house.client, found[0], found[0]],
    )
    return "; ".join(f"{str(name)[-4:]} {at} {kind} {detail or ''}" for name, at, kind, detail in steps)


def _rows(house: House) -> dict[str, Row]:
    found = {}
    for mid, channel, payload, status, reason, _, _, resend, head, doubted in house.rows(_MESSAGES, [house.client]):
        opened = intake.decode_payload(house.keys.unseal("engine_message", "payload", mid, bytes(payload)))
        again = bool(doubted or resend)
        found[str(mid)] = Row(str(mid), channel, _plain(opened.to), status, reason, str(head or mid), again)
    return found


def _plain(to: str) -> str:
    return to.lstrip("+").lower()


def _client_and_engine(books: Books, rows: dict[str, Row], answered: dict[str, str]) -> None:
    """What was answered is stored, to whom it was for, and has come to an end."""
    for name, to in answered.items():
        row = rows.get(name)
        if row is None or row.to != _plain(to):
            books.wrong["lost"].append(name)
    for row in rows.values():
        if row.status in WAITING:
            books.wrong["stuck"].append(f"{row.id} {row.channel} {row.status} {row.reason}")


def _engine_and_suppliers(books: Books, rows: dict[str, Row], suppliers: dict[str, Counter[str]]) -> None:
    """Each message was taken once, by the supplier it says; twice only where the engine knows that it does not know."""
    wanted: Counter[tuple[str, str]] = Counter((row.channel, row.to) for row in rows.values())
    doubted = {(row.channel, row.to) for row in rows.values() if row.doubted}
    for row in rows.values():
        times = suppliers[row.channel][row.to]
        line = f"{row.id} {row.channel} {row.status} {row.reason} taken {times}"
        if not times and row.status in {"submitted", *_ARRIVED}:
            books.wrong["never handed over"].append(line)
        if times and row.status in {"withheld", "cancelled", *WAITING} and wanted[row.channel, row.to] == 1:
            books.wrong["denied"].append(line)
    for channel, counts in suppliers.items():
        for to, times in counts.items():
            if not wanted[channel, to]:
                books.wrong["denied"].append(f"{channel}: taken {times}, of nobody")
            elif times > wanted[channel, to] and (channel, to) not in doubted:
                books.wrong["doubled"].append(_line_of(rows, channel, to, times))
        mine = [row for row in rows.values() if row.channel == channel]
        books.channels[channel] = {
            "accepted": len(mine),
            "taken_by_supplier": counts.total(),
            "statuses": dict(sorted(Counter(row.status for row in mine).items())),
            "doubted": sum(row.doubted for row in mine),
            "taken_twice_as_unknown": sum(
                counts[to] > wanted[channel, to] for of, to in doubted if of == channel
            ),
        }  # fmt: skip


def _line_of(rows: dict[str, Row], channel: str, to: str, times: int) -> str:
    found = [row for row in rows.values() if row.channel == channel and row.to == to]
    return f"{channel} taken {times} for " + ", ".join(f"{row.id} {row.status} {row.reason}" for row in found)


def _receipts(books: Books, rows: dict[str, Row], suppliers: dict[str, Counter[str]]) -> None:
    """What a supplier took has the end that its receipts told.

    WhatsApp and RCS name a message by our id, whatever became of the answer. An operator names an SMS in its answer
    only: what is `unknown` since that was lost is counted by itself.
    """
    for channel in _REPORTED:
        mine = [row for row in rows.values() if row.channel == channel and suppliers[channel][row.to]]
        unheard = [row for row in mine if channel == "sms" and row.status == "unknown" and row.reason in _NOT_HEARD]
        open_ones = [row for row in mine if row.status not in _ENDS and row not in unheard]
        to_match = len(mine) - len(unheard)
        matched = to_match - len(open_ones)
        books.matched, books.to_match = books.matched + matched, books.to_match + to_match
        books.unheard += len(unheard)
        books.channels[channel] |= {"receipts": to_match, "matched": matched, "unheard": len(unheard)}
        if open_ones:
            lines = [f"{row.id} {row.channel} {row.status} {row.reason}" for row in open_ones]
            books.wrong["receipts missing"] += lines


def _told(books: Books, rows: dict[str, Row], answered: dict[str, str], smpp: SmppProgram, hooks: Hooks) -> None:
    """The webhook heard how each message ended, in an order that never goes back; SMPP programs have a receipt."""
    rungs: dict[str, list[Row]] = defaultdict(list)
    for row in rows.values():
        rungs[row.head].append(row)
    for name in answered:
        if name not in rows:
            continue
        steps = sorted(hooks.told.get(name, ()))
        ranks = [RANK[kind.removeprefix("message.")] for _, kind in steps if kind.removeprefix("message.") in RANK]
        kinds = {kind.removeprefix("message.") for _, kind in steps}
        mine = rungs[name]
        if len(mine) == 1 and ranks != sorted(ranks):
            books.wrong["backwards"].append(f"{name} told {[kind for _, kind in steps]}")
        ends = {row.status for row in mine if row.status in _ENDS or row.status == "unknown"}
        arrived = ends & _ARRIVED
        if ends and not kinds & (arrived or ends):
            books.wrong["untold"].append(f"{name} {sorted(ends)} told {sorted(kinds)}")
        if name in smpp.answered and ends - {"unknown"} and not smpp.receipts[name]:
            books.wrong["untold by SMPP"].append(f"{name} {sorted(ends)}")
