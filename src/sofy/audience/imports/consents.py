"""What the rows of a batch say about consent, on its way into the ledger."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from sofy.audience import ledger, rules
from sofy.audience.imports.prepare import Prepared
from sofy.audience.imports.rows import agreed_at
from sofy.audience.ledger import Circumstances, Cursor, Known, Word
from sofy.kernel.clauses import clause

if TYPE_CHECKING:
    from sofy.audience.imports.apply import Decided, Job

MARKETING = "marketing"


@clause("CGVU 17", "DPA 5")
def record(cur: Cursor, job: "Job", decided: "Decided", known: Known, now: datetime) -> None:
    """Append to the ledger what the rows say; brings `known`, what is recorded about the batch, up to date.

    A consent that meets an opt-out is recorded all the same, as what the file said, and lifts nothing.
    """
    everybody = [*decided.fresh, *(each for each, _ in decided.changes), *decided.ambiguous]
    everybody.sort(key=lambda each: each.record.row)
    for kind, channel in (("phone", "sms"), ("email", "email")):
        agreed, refused = _words(kind, channel, everybody, decided.owners, known, job.purpose, now)
        shared = Circumstances(
            channel, job.purpose, "import", job.source, False, job.import_id, job.text_hash, job.actor
        )
        ledger.append_words(cur, job.client_id, shared, agreed, now=now, since=job.started_at, before=known)
        # A refusal is about marketing, whatever the basis of the file.
        shared = replace(shared, purpose=MARKETING)
        ledger.append_words(cur, job.client_id, shared, refused, now=now, since=job.started_at, before=known)


def _words(
    kind: str,
    channel: str,
    everybody: list[Prepared],
    owners: dict[bytes, bytes],
    known: Known,
    purpose: str,
    now: datetime,
) -> tuple[list[Word], list[Word]]:
    """Consents and refusals about one kind of identity; rows whose consent meets an opt-out are told so."""
    agreed: list[Word] = []
    refused: list[Word] = []
    out: set[bytes] = set()
    for each in everybody:
        record = each.record
        state = record.sms if kind == "phone" else record.email
        if not state:
            continue
        for handle in each.handles:
            if handle.kind != kind:
                continue
            index = handle.index
            if state != "granted":
                refused.append(Word(index, state, now, owners.get(index), record.row))
                out.add(index)
            elif handle.mobile or kind != "phone":  # nobody agrees to SMS on a landline
                agreed.append(Word(index, state, agreed_at(record, now), owners.get(index), record.row))
                if known.state((index, channel, purpose)) in rules.OPT_OUTS or (index in out and purpose == MARKETING):
                    record.problems.append("opted_out_kept")
    return agreed, refused
