"""A dry run: what an import would do, without writing anything."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sofy.audience import ledger, rules
from sofy.audience.arrays import cursor
from sofy.audience.imports import run
from sofy.audience.imports.alarms import Alarms
from sofy.audience.imports.apply import BY_KEY_ONLY, find_owners
from sofy.audience.imports.prepare import Handle
from sofy.audience.imports.read import Row, Table
from sofy.audience.imports.rows import Record, reader, unreadable
from sofy.audience.imports.said import APART, SEVERITY, SUBJECTS, About, Subject
from sofy.audience.models import Import
from sofy.kernel.crypto import ClientKeys
from sofy.kit.keys import keys_for
from sofy.kit.rls import client_scope

if TYPE_CHECKING:
    from sofy.audience.services.imports import ImportResult


@dataclass
class Sample:
    """The first rows of which one thing is said: imported, in_base, in_file, rejected, or the code of a remark."""

    code: str
    limit: int
    rows: list[Row] = field(default_factory=list)

    def see(self, row: Row, outcome: str, problems: Sequence[str]) -> None:
        """Keep a row that it is about."""
        if len(self.rows) < self.limit and (self.code == outcome or self.code in problems):
            self.rows.append(row)


def dry_run(
    row: Import, table: Table, *, progress: run.Progress | None = None, sample: Sample | None = None
) -> "ImportResult":
    """Count what would be new, updated, refused and why; opt-outs that would be kept. `sample` is filled on the way.

    `row` is an import that was never saved. Memory grows with the file: about 100 bytes per identity.
    """
    from sofy.audience.services.imports import ImportResult

    keys = keys_for(row.client_id)
    mapping = {**row.mapping, "kinds": {w[10:]: (k, p) for w, (_, k, p) in row.mapping["attributes"].items()}}
    with client_scope(row.client_id):
        declared = run.is_declared(row.legal_basis, row.source)
        read_row = reader(run.reading_of(row.client_id, mapping, declared=declared))
    counts: Counter[str] = Counter()
    warnings: Counter[str] = Counter()
    alarms = Alarms()
    in_file: dict[bytes, bytes | int] = {}  # identity -> stored contact, or number of a new one
    said = _Said()
    made = 0
    for batch in run.batches(run.data_rows(table, row.mapping["header"]), 0):
        records = [unreadable(number) if cells is None else read_row(number, cells) for number, cells in batch]
        handles = {record.row: _handles(keys, record) for record in records}
        with client_scope(row.client_id):
            cur = cursor()
            cur.execute(BY_KEY_ONLY)
            flat = [handle for each in handles.values() for handle in each]
            owners = find_owners(cur, row.client_id, flat)
            known = ledger.known(cur, row.client_id, list({handle.index for handle in flat}))
        for source, record in zip(batch, records, strict=True):
            alarms.see(record)
            mine = handles[record.row]
            stored: set[bytes | int] = {owners[handle.index] for handle in mine if handle.index in owners}
            seen = {in_file[handle.index] for handle in mine if handle.index in in_file}
            outcome = "rejected" if record.rejected else "imported"
            if record.rejected:
                counts["rejected"] += 1
            elif len(stored | seen) > 1:
                counts["updated"] += 1
                outcome = "matches_two_contacts"
                warnings[outcome] += 1
            elif stored or seen:
                counts["updated"] += 1
                outcome = "in_base" if stored else "in_file"
                counts[outcome] += 1
                (owner,) = stored | seen
                for handle in mine:
                    in_file[handle.index] = owner
            else:
                counts["imported"] += 1
                made += 1
                for handle in mine:
                    in_file[handle.index] = made
            said.see(record, mine, known)
            warnings.update(record.problems)
            if sample is not None:
                sample.see(source, outcome, record.problems)
        if progress:
            progress(sum(counts[name] for name in ("imported", "updated", "rejected")), row.total)
    return ImportResult(
        import_id=None,
        total=row.total,
        imported=counts["imported"],
        updated=counts["updated"],
        rejected=counts["rejected"],
        warnings=dict(warnings),
        alarms=alarms.raised(),
        reachable_sms=said.reachable("sms"),
        reachable_email=said.reachable("email"),
        reachable_whatsapp=said.reachable("whatsapp"),
        duplicates_in_file=counts["in_file"],
        duplicates_in_base=counts["in_base"],
        opted_out_kept=warnings["opted_out_kept"],
    )


def _handles(keys: ClientKeys, record: Record) -> list[Handle]:
    values = [("phone", number.e164, number.kind == "mobile") for number in record.phones]
    values += [("email", address, False) for address in record.emails]
    return [Handle(kind, value, keys.index(kind, value), mobile, 0) for kind, value, mobile in values]


class _Said:
    """What consent in the file would come to, identity by identity and subject by subject."""

    def __init__(self) -> None:
        self.words: dict[tuple[str, bytes], str] = {}

    def see(self, record: Record, handles: Sequence[Handle], known: ledger.Known) -> None:
        """Take one row into account, and warn where its consent meets an opt-out."""
        for subject in SUBJECTS:
            word = getattr(record, subject.about)
            if not word and subject.about in APART:
                continue  # few speak of it, and nothing is counted
            for handle in handles:
                if handle.kind == subject.kind and (handle.kind != "phone" or handle.mobile):
                    self._hear(record, subject, handle.index, word, known)

    def _hear(self, record: Record, subject: Subject, index: bytes, word: str, known: ledger.Known) -> None:
        state = known.state((index, subject.channel, subject.purpose or "marketing"))
        state = "" if state == "cleared" else state
        before = max(state, self.words.get((subject.about, index), ""), key=SEVERITY.__getitem__)
        if word == "granted" and before in rules.OPT_OUTS:
            record.problems.append("opted_out_kept")
        self.words[subject.about, index] = max(before, word, key=SEVERITY.__getitem__)

    def reachable(self, about: About) -> int:
        """Distinct identities of the file that could be written to."""
        return sum(1 for key, state in self.words.items() if key[0] == about and state == "granted")
