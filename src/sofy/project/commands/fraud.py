"""`sofy fraud`: the fraud detector on traces, yours or made up."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec

from sofy.engine.fraud.measure import Tally
from sofy.engine.fraud.replay import Judgement, Traced, judge, read
from sofy.kernel.errors import Refused
from sofy.project import runtime
from sofy.project.answers import Answer, table
from sofy.project.commands import Commands, group, leaf
from sofy.project.commands.clients import ACTOR


def add(commands: Commands) -> None:
    actions = group(commands, "fraud", "Pumping of messages: the detector on traces of traffic.")
    made = leaf(actions, "replay", "Judge a trace line by line, as it would have been judged at the time.", replay)
    made.add_argument(
        "file", type=Path, help="JSON lines {t, client, to, purpose, converted_at?, receipt_at?}; - reads stdin"
    )
    made.add_argument("--summary", action="store_true", help="only how many of each verdict and reason")
    made = leaf(
        actions, "evaluate", "Measure the detector on made-up traces: recall, precision, time to block.", evaluate
    )
    made.add_argument("--traces", type=int, default=40, help="how many traces (40)")
    made.add_argument("--seed", type=int, default=1000, help="seed of the first (1000)")
    made.add_argument(
        "--attack", default="", help="one shape of attack only, as python -m sofy.sandbox.fraud lists them"
    )

    made = leaf(actions, "settings", "Whether verdicts are carried out, and numbers that nobody has judged.", settings)
    made.add_argument("--enforce", choices=("on", "off"), help="off: everything is judged and shown, nothing stopped")
    made.add_argument("--fiction", choices=("on", "off"), help="on: 06 39 98 and 07 00 are judged too, for a demo")


def settings(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.messaging.services import fraud, fraud_blocks

    if arguments.enforce:
        fraud.set_enforced(enforce=arguments.enforce == "on", actor=ACTOR)
    if arguments.fiction:
        fraud_blocks.set_fiction(judged=arguments.fiction == "on", actor=ACTOR)
    enforce, fiction = fraud.enforced(), fraud_blocks.judges_fiction()
    text = (
        f"Verdicts are {'carried out' if enforce else 'shown only'}; numbers that nobody has are"
        f" {'judged too' if fiction else 'left alone'}."
    )
    return Answer(text, {"enforce": enforce, "fiction": fiction})


@contextmanager
def _lines(path: Path) -> Iterator[IO[bytes]]:
    if str(path) == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        raise Refused("file_missing", 404, file=str(path)) from None
    except OSError as error:
        raise Refused("file_unreadable", file=str(path), problem=error.strerror) from None
    with stream:
        yield stream


def _as_object(judgement: Judgement) -> dict[str, Any]:
    judged = judgement.judged
    return {
        "line": judgement.number,
        "t": judgement.line.t,
        "client": judgement.line.client,
        "verdict": judged.verdict,
        "reasons": [reason.code for reason in judged.reasons],
        "score": round(judged.score, 2),
        "evidence": [
            {"code": r.code, "points": round(r.points, 2), "seen": round(r.seen, 3), "usual": round(r.usual, 3)}
            for r in judged.reasons
        ],
    }


def replay(arguments: argparse.Namespace) -> Answer:
    verdicts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    encode = msgspec.json.Encoder().encode
    with _lines(arguments.file) as stream:
        for judgement in judge(read(stream)):
            judged = judgement.judged
            verdicts[judged.verdict] += 1
            reasons.update(reason.code for reason in judged.reasons)
            if arguments.summary:
                continue
            if arguments.json:
                sys.stdout.write(encode(_as_object(judgement)).decode() + "\n")
            elif judged.verdict != "allow":
                why = ", ".join(reason.code for reason in judged.reasons)
                sys.stdout.write(f"{judgement.number}  {judgement.line.t}  {judged.verdict}  {why}\n")
    sys.stdout.flush()
    total = verdicts.total()
    text = f"{total} lines: {verdicts['allow']} allowed, {verdicts['hold']} held, {verdicts['block']} blocked."
    if arguments.json and not arguments.summary:
        return Answer(silent=True)
    return Answer(text, {"lines": total, "verdicts": dict(verdicts), "reasons": dict(reasons)})


def evaluate(arguments: argparse.Namespace) -> Answer:
    from sofy.sandbox.fraud.pumping import SHAPES
    from sofy.sandbox.fraud.trace import trace

    if arguments.attack and arguments.attack not in SHAPES:
        raise Refused("attack_unknown", attack=arguments.attack, known=", ".join(SHAPES))
    tally = Tally()
    for seed in range(arguments.seed, arguments.seed + arguments.traces):
        lines = trace(seed, shape=arguments.attack)
        told = (
            (n, Traced(line.t, line.client, line.to, line.purpose, line.converted_at, line.receipt_at))
            for n, line in enumerate(lines, 1)
        )
        tally.add((judgement, line.fraud, line.shape) for judgement, line in zip(judge(told), lines, strict=True))
    report = tally.report()
    rows = [
        (shape, f["attacks"], f["recall"], f["closed_in_time"], f["messages_before_block"], f["seconds_before_block"])
        for shape, f in report["by_attack"].items()
    ]
    headings = ("attack", "traces", "recall", "in time", "messages before block", "seconds before block")
    held = f"{report['held']} of {report['honest']} honest messages held"
    first = f"Recall {report['recall']}, precision {report['precision']}; {held}."
    return Answer(f"{first}\n{table(rows, *headings)}", report)
