"""What the rows of a batch say about consent, on its way into the ledger."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from sofy.audience import ledger, rules
from sofy.audience.imports.prepare import Prepared
from sofy.audience.imports.rows import agreed_at
from sofy.audience.imports.said import SUBJECTS, Subject
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
    for subject in SUBJECTS:
        # A refusal is about marketing, whatever the basis of the file.
        purpose, refusing = subject.purpose or job.purpose, subject.purpose or MARKETING
        agreed, refused = _words(subject, everybody, decided.owners, known, purpose, now)
        shared = Circumstances(
            subject.channel, purpose, "import", job.source, False, job.import_id, job.text_hash, job.actor
        )
        ledger.append_words(cur, job.client_id, shared, agreed, now=now, since=job.started_at, before=known)
        shared = replace(shared, purpose=refusing)
        ledger.append_words(cur, job.client_id, shared, refused, now=now, since=job.started_at, before=known)


def _words(
    subject: Subject,
    everybody: list[Prepared],
    owners: dict[bytes, bytes],
    known: Known,
    purpose: str,
    now: datetime,
) -> tuple[list[Word], list[Word]]:
    """Consents and refusals about one subject; rows whose consent meets an opt-out are told so."""
    agreed: list[Word] = []
    refused: list[Word] = []
    out: set[bytes] = set()
    for each in everybody:
        record = each.record
        state = getattr(record, subject.about)
        if not state:
            continue
        for handle in each.handles:
            if handle.kind != subject.kind:
                continue
            index = handle.index
            if state != "granted":
                refused.append(Word(index, state, now, owners.get(index), record.row))
                out.add(index)
            elif handle.mobile or subject.kind != "phone":  # nobody agrees to SMS on a landline
                agreed.append(Word(index, state, agreed_at(record, now), owners.get(index), record.row))
                if known.state((index, subject.channel, purpose)) in rules.OPT_OUTS or (
                    index in out and purpose == (subject.purpose or MARKETING)
                ):
                    record.problems.append("opted_out_kept")
    return agreed, refused
