"""`sofy debit`: files of direct debits for the bank, and its answers."""

import argparse
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from sofy.kernel.errors import Refused
from sofy.project import runtime
from sofy.project.answers import Answer, table
from sofy.project.commands import Commands, group, leaf, read_bytes
from sofy.project.commands.bank import entity
from sofy.project.commands.clients import ACTOR

if TYPE_CHECKING:
    from sofy.treasury.debit_queries import BatchLine


def add(commands: Commands) -> None:
    actions = group(commands, "debit", "Direct debits: what is to be collected, files for the bank, its answers.")
    shown = leaf(actions, "list", "What is to be debited up to a day, and the batches that were made.", list_debits)
    made = leaf(actions, "make", "Make the file (pain.008) of what is to be debited; a second time makes none.", make)
    for command in (shown, made):
        command.add_argument("--entity", required=True, help="code of the company that debits")
        command.add_argument("--until", required=True, help="debited up to this day, as 2026-05-31")
    made.add_argument("--out", required=True, type=Path, help="folder; made when it is not there")
    answered = leaf(
        actions, "answer", "Take in what the bank answers (pain.002): what it refuses is free again.", answer
    )
    answered.add_argument("batch", help="number of the batch, as OPT-20260428-1")
    answered.add_argument("file", type=Path)


def list_debits(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.treasury import debit_queries as queries
    from sofy.treasury.services import debits

    found = queries.proposal_lines(debits.proposed(entity(arguments.entity), _day(arguments.until)))
    rows = [
        (line.proposal.collect_on, line.proposal.item.account.number, line.slug, line.proposal.amount_eur, line.why)
        for line in found
    ]
    data = [
        {
            "invoice": line.proposal.item.account.number, "client": line.slug, "collect_on": line.proposal.collect_on,
            "amount_eur": line.proposal.amount_eur, "obstacle": line.proposal.obstacle,
        }
        for line in found
    ]  # fmt: skip
    batches = [_told(line) for line in queries.batches() if line.entity == arguments.entity]
    return Answer(
        table(rows, "debited on", "invoice", "client", "amount", ""), {"debits": data, "batches": batches}
    )  # fmt: skip


def make(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.treasury.services import debits

    entity_id, until = entity(arguments.entity), _day(arguments.until)
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused("file_unwritable", file=str(arguments.out), problem=error.strerror) from None
    batch = debits.make(entity_id, until, actor=ACTOR)
    name, content = debits.content_of(batch.pk, actor=ACTOR)
    path = arguments.out / name
    try:
        path.write_bytes(content)
    except OSError as error:
        raise Refused("file_unwritable", file=str(path), problem=error.strerror) from None
    text = f"{batch.message_id}: {batch.debits_count} debits, {batch.total_eur} EUR, {path}"
    return Answer(
        text,
        {
            "batch": batch.message_id, "debits": batch.debits_count, "total_eur": batch.total_eur, "file": str(path),
            "sha256": batch.sha256,
        },
    )  # fmt: skip


def answer(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.treasury import debit_queries as queries
    from sofy.treasury.services import debits

    known = next((line for line in queries.batches() if line.message_id == arguments.batch), None)
    if known is None:
        raise Refused("batch_unknown", 404)
    debits.answered(known.id, read_bytes(arguments.file), actor=ACTOR)
    (line,) = queries.batches(known.id)
    refused = [one for one in queries.debits_of(known.id) if one.state == "rejected"]
    shown = table(
        [(one.invoice, one.slug, one.amount_eur, one.why) for one in refused], "refused", "client", "amount", ""
    )
    told = [{"invoice": one.invoice, "client": one.slug, "why": one.why} for one in refused]
    text = f"{line.message_id}: {line.state}" + (f"\n{shown}" if refused else "")
    return Answer(text, {**_told(line), "rejected": told})


def _told(line: "BatchLine") -> dict[str, object]:
    return {
        "batch": line.message_id, "state": line.state, "debits": line.debits, "total_eur": line.total_eur,
        "made_at": line.made_at, "answered_at": line.answered_at,
    }  # fmt: skip


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused("day_unreadable", day=text) from None
