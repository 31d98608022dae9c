"""What changes in what follows from a contract, when something is different: two replays, compared."""

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal

import msgspec

from sofy.billing.case.answer import told
from sofy.billing.case.replay import Replay
from sofy.billing.case.told import Entry

#: Lists of an answer whose entries say by themselves what they are; documents and money are compared by document.
LISTS: Final = ("refused", "ends", "quota", "prices", "caps", "credits", "access", "notices", "deadlines", "tasks")
#: Deadlines that are said with their document.
_OF_DOCUMENTS: Final = ("payment", "discount", "prenotification")
#: What a document is, whatever was paid of it since.
_CONTENT: Final = ("kind", "issued_on", "due_on", "lines", "vat", "net_eur", "gross_eur")
#: Lists whose last entry becomes another one: what it was before says nothing.
_GROWING: Final = ("access", "notices")
_PROVISIONAL: Final = re.compile(rb"NEW-\d{6}")

State = Literal["new", "gone", "changed"]


@dataclass(frozen=True)
class Paper:
    """A document that comes, goes or is another one. `told`: as the answer tells it; `before`: what it was."""

    state: State
    issued: bool
    told: Entry
    before: Entry | None = None

    @property
    def number(self) -> str:
        """Its number when it has its own already."""
        return str(self.told["number"]) if self.issued else ""


@dataclass(frozen=True)
class Change:
    """An entry of the answer that is new, or that is there no more."""

    state: State
    part: str
    entry: Entry


@dataclass(frozen=True)
class Penalty:
    """What paying late costs for one invoice. Unit: EUR."""

    invoice: str
    before_eur: Decimal
    after_eur: Decimal


@dataclass(frozen=True)
class Difference:
    """All of it. `today`: up to then; `until`: documents and dates up to this day."""

    today: date
    until: date
    papers: list[Paper] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    penalties: list[Penalty] = field(default_factory=list)
    owed_before_eur: Decimal = Decimal(0)
    owed_after_eur: Decimal = Decimal(0)

    @property
    def refused(self) -> list[Entry]:
        """What the contract does not allow."""
        return [one.entry for one in self.changes if one.part == "refused" and one.state == "new"]

    @property
    def nothing(self) -> bool:
        """Whether all stays as it is."""
        return not (self.papers or self.changes or self.penalties) and self.owed_before_eur == self.owed_after_eur


def difference(now: tuple[Replay, Replay], later: tuple[Replay, Replay]) -> Difference:
    """What is different between the first and the second of each pair: of the contract today, and on a later day.

    What runs on day by day (penalties, what is owed) is compared today: nobody knows what will be paid.
    """
    today, then = (told(now[0]), told(now[1])), (told(later[0]), told(later[1]))
    first, second = _documents(later[0], then[0]), _documents(later[1], then[1])
    papers = [
        Paper("changed" if key in first else "new", key in (later[1].issuing.frozen or {}), entry, first.get(key))
        for key, entry in second.items()
        if key not in first or _content(first[key]) != _content(entry)
    ]
    papers += [
        Paper("gone", key in (later[0].issuing.frozen or {}), entry)
        for key, entry in first.items()
        if key not in second
    ]
    owed = [Decimal(each["balance"]["owed_eur"]) for each in today]
    return Difference(
        now[0].as_of, later[0].as_of, sorted(papers, key=_when), _changes(*then), _penalties(now, today), *owed
    )


def _documents(replay: Replay, answer: Entry) -> dict[str, Entry]:
    """The documents of an answer by what they are for: numbers move when one comes between."""
    keys = [account.key for account in replay.book.accounts]
    keys += [f"waiting/{draft.key}" for draft, _ in replay.issuing.waiting]
    return dict(zip(keys, answer["invoices"], strict=True))


def _content(entry: Entry) -> list[Any]:
    return [entry.get(name) for name in _CONTENT]


def _when(paper: Paper) -> tuple[str, str]:
    return str(paper.told["issued_on"] or "9999"), str(paper.told["kind"])


def _changes(before: Entry, after: Entry) -> list[Change]:
    found = []
    for part in LISTS:
        first, second = _known(before[part]), _known(after[part])
        had, has = Counter(first), Counter(second)
        found += [Change("new", part, msgspec.json.decode(one)) for one in (has - had).elements()]
        if part not in _GROWING:
            found += [Change("gone", part, msgspec.json.decode(one)) for one in (had - has).elements()]
    return found


def _known(entries: list[Entry]) -> list[bytes]:
    """Entries that can be compared; numbers given for the time being say nothing."""
    return [
        _PROVISIONAL.sub(b"", msgspec.json.encode(entry, order="deterministic"))
        for entry in entries
        if entry.get("what") not in _OF_DOCUMENTS
    ]


def _penalties(replays: tuple[Replay, Replay], answers: tuple[Entry, Entry]) -> list[Penalty]:
    totals: list[dict[str, Decimal]] = []
    numbers: dict[str, str] = {}
    for replay, answer in zip(replays, answers, strict=True):
        keys = {account.number: account.key for account in replay.book.accounts}
        totals.append({keys[row["invoice"]]: Decimal(row["total_eur"]) for row in answer["penalties"]})
        numbers |= {keys[row["invoice"]]: row["invoice"] for row in answer["penalties"]}
    before, after = totals
    return [
        Penalty(number, before.get(key, Decimal(0)), after.get(key, Decimal(0)))
        for key, number in numbers.items()
        if before.get(key) != after.get(key)
    ]
