"""Taking in a file of the bank: all of it, or nothing of it.

The lines of a file are kept in one transaction, each once, by its key. What they pay is decided afterwards
(`matching`), so that a kill in between loses nothing.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final
from uuid import UUID

import msgspec

from sofy.contracts import queries as contracts
from sofy.contracts.queries import EntityLine
from sofy.kernel import ids
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.keys import keys_for
from sofy.kit.rls import staff_scope
from sofy.treasury.models import Account, BankFile, Entry
from sofy.treasury.services import originals
from sofy.treasury.services.alone import alone
from sofy.wire import bank_statements
from sofy.wire.camt import Entry as Line
from sofy.wire.camt import Statement, StatementEnd
from sofy.wire.iso20022 import Limits

#: Lines that are written at once.
_BATCH: Final = 500
_PIECE: Final = 1 << 20
_MOST_NAME: Final = 200


@dataclass
class _Read:
    """What was found so far in a file."""

    file: BankFile
    entity: EntityLine
    accounts: dict[str, Account]
    statements: list[dict[str, Any]] = field(default_factory=list)
    account: Account | None = None
    final: bool = False
    waiting: list[Entry] = field(default_factory=list)


def take(
    entity_id: UUID, source: BinaryIO, *, name: str, actor: str, limits: Limits | None = None
) -> tuple[BankFile, bool]:
    """Keep the lines of a file (camt.053, CFONB 120) and the file itself; whether it was new.

    The same bytes, or the same lines in other bytes, count once. Files that only announce (camt.052, .054) are kept and
    move nothing.
    Raises: BankFileError; Refused (entity_unknown, bank_account_unknown, bank_format_other). Nothing was changed then.
    """
    sha256, size = _hashed(source)
    entity = _entity(entity_id)
    with alone(entity_id, "files"):
        with staff_scope():
            known = BankFile.objects.using("staff").filter(entity_id=entity_id, sha256=sha256).first()
        if known is not None:
            return known, False
        row = BankFile(id=ids.uuid7(), entity_id=entity_id, sha256=sha256, size=size, actor=actor, told="{}")
        try:
            with staff_scope():
                row.save(using="staff", force_insert=True)
                source.seek(0)
                _keep(_Read(row, entity, _accounts(entity_id)), source, name, limits)
                source.seek(0)
                originals.store(entity_id, row.pk, source)
        except BaseException:
            originals.discard(entity_id, row.pk)
            raise
    return row, True


def _keep(read: _Read, source: BinaryIO, name: str, limits: Limits | None) -> None:
    row = read.file
    for item in bank_statements.read(source, limits):
        match item:
            case Statement():
                _begin(read, item)
            case Line() if not read.final:
                row.early += 1
            case Line() if item.status == "BOOK":
                row.lines += 1
                _line(read, item)
            case StatementEnd():
                read.statements[-1] |= {"lines": item.entries, "booked": str(item.booked)}
    _write(read)
    row.known = row.lines - Entry.objects.using("staff").filter(file=row).count()
    row.told = msgspec.json.encode({"name": name[:_MOST_NAME], "statements": read.statements}).decode()
    row.save(using="staff", update_fields=["told", "lines", "known", "early"])
    facts = {"sha256": row.sha256, "lines": row.lines, "known": row.known}
    audit.append(audit.PLATFORM, "bank_file.taken", row.actor, facts, using="staff")


def _begin(read: _Read, head: Statement) -> None:
    """A statement begins: it is of an account of the entity, in the form of the statements before it."""
    number = "".join(head.account.split()).upper()
    account = read.accounts.get(number)
    if account is None:
        raise Refused("bank_account_unknown", account=_masked(number), entity=read.entity.data.name)
    given = "cfonb" if head.message == "cfonb120" else "camt"
    if head.final and account.form != given:
        if account.form:
            raise Refused(
                "bank_format_other", 409, account=_masked(number), known=Account.Form(account.form).label,
                given=Account.Form(given).label,
            )  # fmt: skip
        account.form = given
        account.save(using="staff", update_fields=["form"])
    read.account, read.final = account, head.final
    read.statements.append(
        {
            "id": head.id, "account": _masked(number), "message": head.message, "currency": head.currency,
            "opening": _amount(head.opening), "closing": _amount(head.closing),
        }
    )  # fmt: skip


def _line(read: _Read, line: Line) -> None:
    assert read.account is not None, "a line is inside a statement"
    assert line.booked_on is not None, "a booked line has its day"
    read.waiting.append(
        Entry(
            entity_id=read.file.entity_id, account=read.account, file=read.file, key=line.key, place=read.file.lines,
            booked_on=line.booked_on, amount_eur=line.signed, line=msgspec.json.encode(line).decode(),
        )
    )  # fmt: skip
    if len(read.waiting) >= _BATCH:
        _write(read)


def _write(read: _Read) -> None:
    Entry.objects.using("staff").bulk_create(read.waiting, ignore_conflicts=True)
    read.waiting = []


def _accounts(entity_id: UUID) -> dict[str, Account]:
    """The accounts of an entity by their IBAN: the one its invoices name among them."""
    found = {str(row.iban): row for row in Account.objects.using("staff").filter(entity_id=entity_id)}
    own = "".join(_entity(entity_id).data.iban.split()).upper()
    if own and own not in found:
        found[own] = _account(entity_id, own, "system")
    return found


def add_account(entity_id: UUID, iban: str, *, actor: str) -> Account:
    """Another account of an entity. Raises: Refused (iban_invalid, iban_not_sepa)."""
    from sofy.wire.sepa import identifiers

    number = identifiers.iban(iban)
    with staff_scope():
        index = keys_for(entity_id).index("iban", number)
        known = Account.objects.using("staff").filter(entity_id=entity_id, iban_index=index).first()
        return known or _account(entity_id, number, actor)


def _account(entity_id: UUID, number: str, actor: str) -> Account:
    index = keys_for(entity_id).index("iban", number)
    row = Account(entity_id=entity_id, iban=number, iban_index=index, actor=actor)
    row.save(using="staff", force_insert=True)
    return row


def _entity(entity_id: UUID) -> EntityLine:
    with staff_scope():
        found = contracts.entity(entity_id, using="staff")
    if found is None:
        raise Refused("entity_unknown", 404)
    return found


def _hashed(source: BinaryIO) -> tuple[str, int]:
    source.seek(0)
    digest, size = hashlib.sha256(), 0
    for piece in iter(lambda: source.read(_PIECE), b""):
        digest.update(piece)
        size += len(piece)
    source.seek(0)
    return digest.hexdigest(), size


def _masked(number: str) -> str:
    """Enough of an account to know it."""
    return f"{number[:4]} … {number[-4:]}" if len(number) > 8 else number[:4]


def _amount(balance: Any) -> str:
    return "" if balance is None else str(balance.amount)
