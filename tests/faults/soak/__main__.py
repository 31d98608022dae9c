"""`python -m tests.faults.soak [--minutes N | --seconds N] [--seed N] [--keep]`: the reconciliation run.

Programs of a client send by API and SMPP over every channel, suppliers have bad days, and whatever of the house is
drawn is killed, frozen or moved in time. Then everything is let to its end and the books are compared. Prints one JSON
line; ends with 1 when something is wrong. The same seed draws the same troubles, messages and fates; moments differ.
"""

import argparse
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, Final

from sofy.project import testing  # noqa: F401  first: folders and settings of its own
from tests.faults.soak.books import compare
from tests.faults.soak.house import LINES, PROCESSES, SUPPLIERS, House
from tests.faults.soak.programs import ApiProgram, Hooks, Numbers, Person, SmppProgram

_API_PROGRAMS: Final = 3
#: Nothing goes on by itself any longer than this.
_DRAIN_S: Final = 240.0
#: What is left when everything is over: nobody waits, nobody is on the way, nobody is to be told.
_LEFT: Final = """
SELECT (SELECT count(*) FROM engine_state WHERE rank = 10) AS waiting,
       (SELECT count(*) FROM engine_state s JOIN engine_message m USING (client_id)
         WHERE m.id = s.message_id AND s.rank = 20 AND m.channel <> 'email') AS submitted,
       (SELECT count(*) FROM engine_callback) AS callbacks,
       (SELECT count(*) FROM engine_ladder_step) AS steps,
       (SELECT count(*) FROM engine_notice) AS notices,
       (SELECT count(*) FROM kit_outbox WHERE done_at IS NULL) AS events,
       (SELECT count(*) FROM engine_delivery WHERE state = 'waiting') AS deliveries
"""


class Trouble:
    """What is broken next, and how often each was."""

    def __init__(self, house: House, chance: random.Random) -> None:
        self.done: Counter[str] = Counter()
        self._house, self._chance = house, chance
        self._frozen: list[tuple[float, int]] = []
        self._kinds: dict[str, tuple[int, Callable[[], None]]] = {
            **{f"kill {name}": (10, partial(self._kill, name)) for name in PROCESSES},
            "database killed": (6, self._kill_database),
            "database restarted": (4, self._restart_database),
            "connections ended": (6, self._end_connections),
            "supplier silent": (14, self._freeze_supplier),
            "process frozen": (6, self._freeze_process),
            "clock": (10, self._jump),
        }
        self._first = list(self._kinds)
        chance.shuffle(self._first)

    def next(self) -> None:
        """One of each, in any order; then as they fall."""
        if self._first:
            kind = self._first.pop()
        else:
            (kind,) = self._chance.choices(list(self._kinds), [weight for weight, _ in self._kinds.values()])
        self.done[kind] += 1
        self._kinds[kind][1]()

    def tick(self) -> None:
        """Let go of what was frozen long enough."""
        for until, pid in list(self._frozen):
            if time.monotonic() >= until:
                self.thaw(pid)

    def thaw(self, only: int | None = None) -> None:
        for entry in list(self._frozen):
            if only in (None, entry[1]):
                self._frozen.remove(entry)
                _signal(entry[1], signal.SIGCONT)

    def _kill(self, name: str) -> None:
        child = self._house.child(name)
        if child.running:
            child.restarts = 0  # no longer pause before it is back, however often this comes
            os.killpg(child.process.pid, signal.SIGKILL)

    def _kill_database(self) -> None:
        if (pid := self._house.server.running_pid()) is not None:
            _signal(pid, signal.SIGKILL)

    def _restart_database(self) -> None:
        self._house.server.stop()

    def _end_connections(self) -> None:
        self._house.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    def _freeze_supplier(self) -> None:
        self._freeze(self._house.supplier(self._chance.choice(SUPPLIERS)))

    def _freeze_process(self) -> None:
        child = self._house.child(self._chance.choice(PROCESSES))
        if child.running:
            self._freeze(child.process.pid)

    def _freeze(self, pid: int) -> None:
        _signal(pid, signal.SIGSTOP)
        self._frozen.append((time.monotonic() + self._chance.uniform(0.5, 5.0), pid))

    def _jump(self) -> None:
        by = timedelta(seconds=self._chance.choice((-600, -90, -5, 5, 90, 600)))
        self._house.clock.advance_to(self._house.clock() + by)


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _run(seed: int, seconds: float, pause_s: float, *, keep: bool) -> dict[str, Any]:
    began, hooks = time.monotonic(), Hooks(f"{seed}-hooks")
    house = House(seed, hooks.url)
    try:
        numbers = Numbers()
        programs = [
            ApiProgram(f"api-{n}", house.api_port, house.key, f"{seed}-{n}", numbers, pause_s)
            for n in range(_API_PROGRAMS)
        ]
        smpp = SmppProgram(house.smpp_port, f"{seed}-smpp", numbers, pause_s)
        person = Person(house.web_port)
        for program in (*programs, smpp, person):
            program.start()
        ready = time.monotonic()
        trouble = Trouble(house, random.Random(f"{seed}-trouble"))
        _break(house, trouble, seconds)
        for program in (*programs, smpp, person):
            program.done.set()
        broken = time.monotonic()
        left = _drain(house, programs, smpp)
        drained = time.monotonic()
        smpp.over.set()
        for program in (*programs, smpp):
            program.join(30)
        person.join(30)
        faults = house.end_suppliers()
        kills = sum(times for kind, times in trouble.done.items() if kind.startswith("kill engine"))
        books = compare(house, programs, smpp, hooks, ended_lines=house.links_lost().total() + LINES * kills)
        if left:
            books.wrong["left"].append(str(left))
        if person.shown < 1 or not person.is_shown():
            books.wrong["no page"].append(f"{person.shown} pages, {person.missed} missed")
        return {
            "seed": seed, "seconds": seconds, "setup_s": round(ready - began, 1), "drain_s": round(drained - broken, 1),
            "troubles": dict(sorted(trouble.done.items())),
            "answered": {"api": sum(len(each.answered) for each in programs), "smpp": len(smpp.answered)},
            "asked_again": sum(each.again for each in programs), "smpp_cuts": smpp.cuts,
            "pages": {"shown": person.shown, "missed": person.missed}, "suppliers": faults,
            "refused": dict(sum((each.refused for each in programs), smpp.refused.copy())),
            "told": sum(map(len, hooks.told.values())), "told_again": hooks.doubled, "left": left, **books.summary(),
            **({"folder": str(house.folder)} if keep else {}),
        }  # fmt: skip
    finally:
        house.stop(keep=keep)
        hooks.shutdown()
        hooks.server_close()


def _break(house: House, trouble: Trouble, seconds: float) -> None:
    """One trouble after the other."""
    chance = random.Random(f"{house.seed}-moments")
    until = time.monotonic() + seconds
    due = time.monotonic() + 3
    while time.monotonic() < until:
        house.supervisor.tick()
        trouble.tick()
        if time.monotonic() >= due:
            trouble.next()
            due = time.monotonic() + chance.uniform(0.5, 4.0)
        time.sleep(0.05)
    trouble.thaw()


def _drain(house: House, programs: list[ApiProgram], smpp: SmppProgram) -> dict[str, int]:
    """Nothing is broken any more: time goes by until everything has come to its end. Answers what has not."""
    names = ("waiting", "submitted", "callbacks", "steps", "notices", "events", "deliveries")
    deadline, pushed = time.monotonic() + _DRAIN_S, time.monotonic()
    left: dict[str, int] = {}
    for child in house.supervisor.children:  # what died while the database was away need not wait any longer
        child.restarts, child.next_start = 0, 0.0
    while time.monotonic() < deadline:
        house.supervisor.tick()
        left = dict(zip(names, house.rows(_LEFT)[0], strict=True))
        if not any(left.values()) and not any(program.is_alive() for program in programs) and smpp.quiet:
            break
        if time.monotonic() - pushed > 2 and house.clock().hour < 17:  # in Paris one more: marketing still may
            house.clock.advance_to(house.clock() + timedelta(minutes=2))
            pushed = time.monotonic()
        time.sleep(0.5)
    return {name: count for name, count in left.items() if count}


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="for how long things are broken")
    parser.add_argument("--seconds", type=float, help="the same, in seconds")
    parser.add_argument("--seed", type=int, default=None, help="as an earlier run printed it")
    parser.add_argument("--pause", type=float, default=0.05, help="mean seconds between two messages of a program")
    parser.add_argument("--keep", action="store_true", help="leave books and logs in their folder")
    given = parser.parse_args(argv)
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(10**6)
    print(f"seed {seed}", file=sys.stderr, flush=True)
    result = _run(seed, given.seconds or given.minutes * 60, given.pause, keep=given.keep)
    print(json.dumps(result, ensure_ascii=False))
    return 1 if result["broken"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
