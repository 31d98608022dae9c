"""How good the detector is on labelled traces: recall, precision, time to block, honest traffic held."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from sofy.engine.fraud.replay import Judgement

#: What is asked for: pumping is closed within so many of its messages, or so long.
MESSAGES, SECONDS = 200, 600.0


class Attack(msgspec.Struct):
    """One attack of a trace: how many messages were stopped, and when its first range was closed."""

    shape: str
    began: float
    messages: int = 0
    stopped: int = 0
    closed_after: int | None = None
    closed_s: float | None = None

    @property
    def in_time(self) -> bool:
        if self.closed_after is None or self.closed_s is None:
            return False
        return self.closed_after <= MESSAGES or self.closed_s <= SECONDS


class Tally(msgspec.Struct):
    """Counts of judged lines. Feed it traces one after the other."""

    attacks: list[Attack] = msgspec.field(default_factory=list)
    honest: Counter[str] = msgspec.field(default_factory=Counter)
    held: Counter[str] = msgspec.field(default_factory=Counter)
    worst: dict[str, float] = msgspec.field(default_factory=dict)

    def add(self, judged: Iterable[tuple[Judgement, bool, str]]) -> None:
        """One trace: each line with whether it is fraud, and of which shape."""
        running: dict[tuple[str, str], Attack] = {}
        honest: Counter[str] = Counter()
        held: Counter[str] = Counter()
        for line, fraud, shape in judged:
            stopped = line.judged.verdict != "allow"
            if not fraud:
                honest[shape] += 1
                held[shape] += stopped
                continue
            attack = running.setdefault((str(line.line.client), shape), Attack(shape, line.at))
            attack.messages += 1
            attack.stopped += stopped
            if attack.closed_after is None and line.judged.verdict == "block":
                attack.closed_after, attack.closed_s = attack.messages, line.at - attack.began
        self.attacks += running.values()
        self.honest += honest
        self.held += held
        for shape, count in honest.items():
            self.worst[shape] = max(self.worst.get(shape, 0.0), held[shape] / count)

    @property
    def recall(self) -> float:
        return sum(a.stopped for a in self.attacks) / max(1, sum(a.messages for a in self.attacks))

    @property
    def precision(self) -> float:
        stopped = sum(a.stopped for a in self.attacks)
        return stopped / max(1, stopped + self.held.total())

    def report(self) -> dict[str, Any]:
        """The figures, for programs."""
        shapes = {}
        for shape in sorted({a.shape for a in self.attacks}):
            mine = [a for a in self.attacks if a.shape == shape]
            shapes[shape] = {
                "attacks": len(mine),
                "closed_in_time": sum(a.in_time for a in mine),
                "recall": round(sum(a.stopped for a in mine) / sum(a.messages for a in mine), 4),
                "messages_before_block": _median([a.closed_after for a in mine]),
                "seconds_before_block": _median([a.closed_s for a in mine]),
            }
        return {
            "recall": round(self.recall, 4),
            "precision": round(self.precision, 4),
            "attacks": len(self.attacks),
            "closed_in_time": sum(a.in_time for a in self.attacks),
            "honest": self.honest.total(),
            "held": self.held.total(),
            "by_attack": shapes,
            "by_honest_shape": {
                shape: {"messages": count, "held": self.held[shape], "worst_trace": round(self.worst[shape], 5)}
                for shape, count in sorted(self.honest.items())
            },
        }


def _median(values: list[Any]) -> float | None:
    known = sorted(value for value in values if value is not None)
    return round(float(known[len(known) // 2]), 1) if known else None
