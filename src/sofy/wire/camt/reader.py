"""Reads camt.053, .054 and .052 as they stream in: what is on an account, entry by entry.

Source: ISO 20022 camt.05x.001.02, .04 and .08. A file of any length takes the memory of its longest entry. Nothing of a
file counts before its `StatementEnd` has come: a caller keeps what it read in a transaction until then.
"""

import time
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from lxml import etree

from sofy.wire.camt.entries import EntryReader, text_at
from sofy.wire.camt.values import Balance, Detail, Entry, Statement, StatementEnd, WholeStatement
from sofy.wire.iso20022 import (
    BankFileError,
    Element,
    Limits,
    amount_in,
    check_document,
    chunks,
    day_in,
    message_of,
    not_xml,
    pull,
)

VERSIONS = ("02", "04", "08")
#: Message -> the element of one statement.
_ONE = {"camt.053": "Stmt", "camt.052": "Rpt", "camt.054": "Ntfctn"}
_TAGS = ("Document", "Stmt", "Rpt", "Ntfctn", "Ntry", "TxDtls")
_OPENING, _CLOSING, _INTERIM = ("OPBD", "PRCD"), ("CLBD",), "ITBD"
Item = Statement | Entry | StatementEnd


def read(source: Any, limits: Limits | None = None) -> Iterator[Item]:
    """The statements of a file (bytes, or something with `read`): head, entries, end, in the order of the file.

    Raises: BankFileError, possibly after entries were given: a caller undoes them.
    """
    limits = limits or Limits()
    work = _Work(limits)
    parser = pull(("start", "end"), tuple(f"{{*}}{tag}" for tag in _TAGS))
    spent, held = 0.0, 0
    for chunk in chunks(source, limits):
        began = time.monotonic()
        try:
            parser.feed(chunk)
        except etree.XMLSyntaxError as error:
            raise not_xml(error) from None
        understood = work.understood
        items = work.take(list(parser.read_events()))
        held = held + len(chunk) if work.understood == understood else len(chunk)
        if held > limits.most_piece:
            raise BankFileError("too_large", most=limits.most_piece)
        spent += time.monotonic() - began
        if spent > limits.most_seconds:
            raise BankFileError("too_slow", most=limits.most_seconds)
        yield from items
    try:
        parser.close()
    except etree.XMLSyntaxError as error:
        raise not_xml(error) from None
    yield from work.take(list(parser.read_events()))
    work.finish()


def load(source: Any, limits: Limits | None = None) -> tuple[WholeStatement, ...]:
    """All statements of a file that fits in memory, or none. Raises: BankFileError."""
    heads: list[tuple[Statement, list[Entry]]] = []
    for item in read(source, limits):
        if isinstance(item, Statement):
            heads.append((item, []))
        elif isinstance(item, Entry):
            heads[-1][1].append(item)
    return tuple(WholeStatement(head, tuple(entries)) for head, entries in heads)


class _Work:
    """What is known of the file so far, fed with the beginnings and ends of the elements that matter."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.message = self.version = self.prefix = ""
        self.found = 0
        self.root: Element = None
        self.statement: Element = None
        self.head: Statement | None = None
        self.entries: EntryReader | None = None
        self.details: list[Detail] = []
        self.understood = 0
        self.booked = Decimal(0)
        self.open_entry: Element = None

    def take(self, events: list[tuple[str, Element]]) -> list[Item]:
        """The items which these beginnings and ends complete."""
        items: list[Item] = []
        for event, element in events:
            name = element.tag.rpartition("}")[2]
            if event == "start":
                items += self._begin(name, element)
            elif name == "TxDtls":
                self._detail(element)
            elif name == "Ntry":
                items.append(self._entry(element))
            elif element is self.statement:
                items += self._end(element)
        return items

    def finish(self) -> None:
        """Raises: BankFileError other, missing: the file was something else, or held no statement."""
        if self.root is None:
            raise self._other(1)
        if not self.found:
            raise BankFileError("missing", line=self.root.sourceline or 0, element=_ONE[self.message])

    def _begin(self, name: str, element: Element) -> list[Item]:
        if name == "Document":
            self._document(element)
        elif self.root is None:
            raise self._other(element.sourceline or 0)
        elif name == _ONE[self.message]:
            if self.statement is not None:
                raise BankFileError("nested", line=element.sourceline or 0, element=name)
            self.statement = element
            self.found += 1
        elif name == "Ntry":
            if self.statement is None or element.getparent() is not self.statement or self.open_entry is not None:
                raise BankFileError("nested", line=element.sourceline or 0, element=name)
            self.open_entry = element
            found: list[Item] = [self._head()] if self.head is None else []
            assert self.entries is not None
            self.entries.begin()
            return found
        return []

    def _document(self, element: Element) -> None:
        if self.root is not None:
            raise BankFileError("nested", line=element.sourceline or 0, element="Document")
        check_document(element)
        self.message, self.version = message_of(element)
        if self.message not in _ONE or self.version not in VERSIONS:
            raise self._other(element.sourceline or 0)
        self.root = element
        self.prefix = f"{{{etree.QName(element).namespace}}}"

    def _other(self, line: int) -> BankFileError:
        return BankFileError("other", line=line, expected="camt.053, camt.054, camt.052 (001.02, 001.04, 001.08)")

    def _head(self) -> Statement:
        one = self.statement
        said = {path: text_at(one, self.prefix, path) for path in ("Id", "ElctrncSeqNb", "LglSeqNb", "CreDtTm")}
        account = text_at(one, self.prefix, "Acct/Id/IBAN") or text_at(one, self.prefix, "Acct/Id/Othr/Id")
        if not said["Id"] or not account:
            raise BankFileError("missing", line=one.sourceline or 0, element="Acct" if said["Id"] else "Id")
        opening, closing = self._ends()
        head = Statement(
            message=self.message,
            version=self.version,
            message_id=text_at(one.getparent(), self.prefix, "GrpHdr/MsgId"),
            id=said["Id"],
            account="".join(account.split()).upper(),
            currency=text_at(one, self.prefix, "Acct/Ccy") or self._balance_currency(),
            sequence=said["ElctrncSeqNb"] or said["LglSeqNb"],
            created_on=day_in(said["CreDtTm"]),
            opening=opening,
            closing=closing,
        )
        self.head = head
        self.entries = EntryReader(head.account, head.id, self.prefix[1:-1])
        self.booked = Decimal(0)
        return head

    def _balance_currency(self) -> str:
        found = self.statement.find(f"{self.prefix}Bal/{self.prefix}Amt")
        return "" if found is None else str(found.get("Ccy", ""))

    def _ends(self) -> tuple[Balance | None, Balance | None]:
        """Opening and closing: the earliest and the latest, for some banks tell those of every day.

        On a page of several, the interim balance stands for what another page says.
        """
        found = sorted(
            map(self._balance, self.statement.findall(f"{self.prefix}Bal")), key=lambda one: one.on or date.min
        )
        interim = [one for one in found if one.kind == _INTERIM]
        opening = next((one for kind in _OPENING for one in found if one.kind == kind), None)
        if opening is None and interim:
            opening = interim.pop(0)
        closing = [one for one in found if one.kind in _CLOSING] or interim
        return opening, closing[-1] if closing else None

    def _balance(self, one: Element) -> Balance:
        kind = text_at(one, self.prefix, "Tp/CdOrPrtry/Cd") or text_at(one, self.prefix, "Tp/CdOrPrtry/Prtry")
        sign = text_at(one, self.prefix, "CdtDbtInd")
        amount = amount_in(text_at(one, self.prefix, "Amt"))
        if amount is None or sign not in ("CRDT", "DBIT"):
            wrong = "Amt" if amount is None else "CdtDbtInd"
            raise BankFileError("value", line=one.sourceline or 0, element=wrong, expected="amount")
        on = day_in(text_at(one, self.prefix, "Dt/Dt") or text_at(one, self.prefix, "Dt/DtTm"))
        return Balance(kind, on, amount if sign == "CRDT" else -amount)

    def _detail(self, element: Element) -> None:
        parent = element.getparent()
        if self.open_entry is None or self.entries is None or parent.getparent() is not self.open_entry:
            raise BankFileError("nested", line=element.sourceline or 0, element="TxDtls")
        if len(self.details) >= self.limits.most_details:
            raise BankFileError("too_large", line=element.sourceline or 0, most=self.limits.most_details)
        self.details.append(self.entries.detail(element, self.open_entry))
        _forget(element, parent)
        self.understood += 1

    def _entry(self, element: Element) -> Entry:
        assert self.entries is not None
        assert self.head is not None
        entry = self.entries.entry(element, self.details)
        self.details, self.open_entry = [], None
        _forget(element, self.statement)
        self.understood += 1
        if entry.status == "BOOK":
            self.booked += entry.signed
            if entry.booked_on is None and self.head.final:
                raise BankFileError("missing", line=entry.line, element="BookgDt", entry=entry.number)
        if self.head.final and self.head.currency and entry.currency != self.head.currency:
            raise BankFileError("currency", line=entry.line, element="Amt", entry=entry.number)
        return entry

    def _end(self, element: Element) -> list[Item]:
        items: list[Item] = [] if self.head is not None else [self._head()]
        head, entries = self.head, self.entries
        assert head is not None
        assert entries is not None
        if head.final:
            self._check_balances(element)
        else:
            self._check_count(element, entries.number)
        items.append(StatementEnd(id=head.id, entries=entries.number, booked=self.booked))
        self.statement = self.head = self.entries = None
        _forget(element, element.getparent())
        self.understood += 1
        return items

    def _check_balances(self, element: Element) -> None:
        opening, closing = self._ends()
        if opening is None or closing is None:
            raise BankFileError("missing", line=element.sourceline or 0, element="Bal")
        if opening.amount + self.booked != closing.amount:
            raise BankFileError(
                "balance",
                line=element.sourceline or 0,
                element="Bal",
                opening=str(opening.amount),
                booked=str(self.booked),
                closing=str(closing.amount),
            )

    def _check_count(self, element: Element, entries: int) -> None:
        """Reports and notifications have no balances to add up to: they say how many entries they have, if anything."""
        said = text_at(element, self.prefix, "TxsSummry/TtlNtries/NbOfNtries")
        pages = [element.find(f".//{self.prefix}LastPgInd"), self.root.find(f".//{self.prefix}MsgPgntn")]
        if said.isascii() and said.isdigit() and len(said) <= 15 and pages == [None, None] and int(said) != entries:
            raise BankFileError("count", line=element.sourceline or 0, element="NbOfNtries", said=said, found=entries)


def _forget(element: Element, parent: Element) -> None:
    """Give back the memory of what was read; the element itself stays until the next one: the parser stands on it."""
    element.clear(keep_tail=True)
    before = element.getprevious()
    while before is not None and before.tag == element.tag:
        parent.remove(before)
        before = element.getprevious()
