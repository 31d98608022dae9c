"""Reads CFONB 120: what is on an account, as French banks have written it since long before XML.

Source: CFONB, Relevé de compte sur support informatique (July 2004) and its evolutions for SEPA (version 2.0, March
2010): records 01 (old balance), 04 (line), 05 (complement with a qualifier), 07 (new balance). Amounts end with a
letter that holds their last digit and their sign. What comes out is what `wire.camt` gives, so that matching knows no
difference.
"""

import codecs
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

from stdnum.iso7064 import mod_97_10

from sofy.wire.camt.keys import Keys
from sofy.wire.camt.reader import Item
from sofy.wire.camt.values import Balance, Detail, Entry, Return, Statement, StatementEnd, WholeStatement
from sofy.wire.iso20022 import BankFileError, Limits

MESSAGE = "cfonb120"
_WIDTH = 120
_CHUNK = _WIDTH * 512
_BEGIN = re.compile(rb"01\d{5}")
_PLUS, _MINUS = "{ABCDEFGHI", "}JKLMNOPQR"
_AMOUNT = re.compile(r"[ \d]*[{}A-R]", re.ASCII)
_REASON = re.compile(r"[A-Z]{2}\d{2}")
#: Digits for the letters of an account number, by which the RIB key is made. Source: CFONB, clé RIB.
_RIB = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "12345678912345678923456789")
#: How the label of a line begins, and the bank transaction code that says the same (money in, money out).
_LABELS = (
    (re.compile(r"VIR"), "PMNT-RCDT-ESCT", "PMNT-ICDT-ESCT"),
    (re.compile(r"(IMPAYE|REJET|RETOUR|ANN)\b.*(PRLV|PREL)|(PRLV|PREL).*(IMPAYE|REJET)"), "", "PMNT-IDDT-UPDD"),
    (re.compile(r"(REM(ISE)? )?(PRLV|PREL)"), "PMNT-IDDT-ESDD", "PMNT-RDDT-ESDD"),
    (re.compile(r"(REM(ISE)? )?(CHQ|CHEQUE)"), "PMNT-RCHQ-CCHQ", "PMNT-ICHQ-CCHQ"),
    (re.compile(r"(REM(ISE)? )?(CB|CARTE)\b"), "PMNT-MCRD-POSP", "PMNT-CCRD-POSD"),
    (re.compile(r"(FRAIS|COM(MISSION)?S?|COTIS(ATION)?)\b"), "", "PMNT-MDOP-CHRG"),
)


def looks_like(first: bytes) -> bool:
    """Whether a file begins as CFONB 120 does."""
    return bool(_BEGIN.match(_begun(first)))


def _begun(first: bytes) -> bytes:
    return first.removeprefix(codecs.BOM_UTF8).lstrip()


def load(source: Any, limits: Limits | None = None) -> tuple[WholeStatement, ...]:
    """All statements of a file, or none. Raises: BankFileError."""
    heads: list[tuple[Statement, list[Entry]]] = []
    for item in read(source, limits):
        if isinstance(item, Statement):
            heads.append((item, []))
        elif isinstance(item, Entry):
            heads[-1][1].append(item)
    return tuple(WholeStatement(head, tuple(entries)) for head, entries in heads)


def read(source: Any, limits: Limits | None = None) -> Iterator[Item]:
    """The statements of a file (bytes, or something with `read`): head, entries, end.

    Raises: BankFileError, possibly after entries were given: a caller undoes them.
    """
    work = _Work()
    for number, record in enumerate(_records(source, limits or Limits()), 1):
        yield from work.take(_Record(record, number))
    work.finish()


def _records(source: Any, limits: Limits) -> Iterator[str]:
    """Records of 120 signs, with line ends between them or without; trailing spaces may be lost."""
    rest, total, lines = b"", 0, None
    for chunk in _chunks(source):
        total += len(chunk)
        if total > limits.most_bytes:
            raise BankFileError("too_large", most=limits.most_bytes)
        if lines is None:
            chunk = _begun(chunk)
            if not looks_like(chunk):
                raise BankFileError("other", line=1, expected="CFONB 120")
            lines = b"\n" in chunk[: _WIDTH + 2] or len(chunk) < _WIDTH
        rest += chunk
        if lines:
            *whole, rest = rest.split(b"\n")
        else:
            cut = len(rest) // _WIDTH * _WIDTH
            whole = [rest[start : start + _WIDTH] for start in range(0, cut, _WIDTH)]
            rest = rest[cut:]
        if len(rest) > _WIDTH * 2:
            raise BankFileError("other", line=0, expected="CFONB 120")
        yield from (_padded(one, lines=lines) for one in whole if one.strip())
    if not total:
        raise BankFileError("empty")
    if rest.strip(b" \r\n\x1a"):
        yield _padded(rest, lines=bool(lines))


def _padded(record: bytes, *, lines: bool) -> str:
    """A record of 120 signs. Where lines end records, a sign may take two bytes: some banks write UTF-8."""
    record = record.rstrip(b"\r")
    with suppress(UnicodeDecodeError):
        if lines:
            return record.decode().ljust(_WIDTH)
    return record.decode("latin-1").ljust(_WIDTH)


def _chunks(source: Any) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield from (source[start : start + _CHUNK] for start in range(0, len(source), _CHUNK))
        return
    while chunk := source.read(_CHUNK):
        yield chunk


class _Record:
    """One record: its fields by the positions of the standard, which count from 1."""

    def __init__(self, text: str, number: int) -> None:
        if len(text) != _WIDTH:
            raise BankFileError("value", line=number, element=text[:2], expected="120")
        self.text, self.number, self.kind = text, number, text[:2]

    def field(self, first: int, last: int) -> str:
        return self.text[first - 1 : last].strip()

    @property
    def account(self) -> tuple[str, str, str]:
        return self.field(3, 7), self.field(12, 16), self.field(22, 32)

    def day(self, first: int, last: int) -> date | None:
        said = self.field(first, last)
        if not said:
            return None
        if len(said) == 6 and said.isascii() and said.isdigit():
            try:
                return date(2000 + int(said[4:]), int(said[2:4]), int(said[:2]))
            except ValueError:
                pass
        raise self.wrong(first, last, "JJMMAA")

    def amount(self) -> Decimal:
        """Positions 91 to 104: positive is money in."""
        said = self.text[90:104]
        decimals = self.text[19] if self.text[19].isdigit() and self.text[19].isascii() else "2"
        if not _AMOUNT.fullmatch(said):
            raise self.wrong(91, 104, "amount")
        last = said[-1]
        digits = said[:-1].strip().replace(" ", "0") + str((_PLUS if last in _PLUS else _MINUS).index(last))
        amount = Decimal(digits).scaleb(-int(decimals))
        return amount if last in _PLUS else -amount

    def wrong(self, first: int, last: int, expected: str) -> BankFileError:
        return BankFileError("value", line=self.number, element=f"{self.kind} {first}-{last}", expected=expected)


class _Work:
    """What is known of the file so far."""

    def __init__(self) -> None:
        self.head: Statement | None = None
        self.account: tuple[str, str, str] = ("", "", "")
        self.keys: Keys | None = None
        self.line: _Record | None = None
        self.said: dict[str, list[str]] = {}
        self.entries = 0
        self.booked = Decimal(0)
        self.found = 0

    def take(self, record: _Record) -> Iterator[Item]:
        """The items which a record completes."""
        if record.kind == "01":
            yield self._begin(record)
            return
        if self.head is None or record.kind not in ("04", "05", "07"):
            raise BankFileError("nested", line=record.number, element=record.kind)
        if record.kind == "05":
            if self.line is None:
                raise BankFileError("nested", line=record.number, element="05")
            self.said.setdefault(record.field(46, 48), []).append(record.text[48:118].rstrip())
            return
        if record.account[2] != self.account[2]:
            raise BankFileError("value", line=record.number, element=f"{record.kind} 22-32", expected=self.head.account)
        yield from self._whole()
        if record.kind == "04":
            self.line, self.said = record, {}
        else:
            yield self._end(record)

    def finish(self) -> None:
        """Raises: BankFileError missing: the last statement has no end, or there is none."""
        if self.head is not None or not self.found:
            raise BankFileError("missing", line=0, element="07" if self.found else "01")

    def _begin(self, record: _Record) -> Statement:
        if self.head is not None:
            raise BankFileError("missing", line=record.number, element="07")
        self.account = record.account
        opened, opening = record.day(35, 40), record.amount()
        account = _iban(*self.account)
        self.head = Statement(
            message=MESSAGE,
            version="",
            message_id="",
            id=f"{opened or ''} {opening}",
            account=account,
            currency=record.field(17, 19) or "EUR",
            opening=Balance("OPBD", opened, opening),
        )
        self.keys = Keys(account, self.head.id, trust_references=False)
        self.entries, self.booked = 0, Decimal(0)
        self.found += 1
        return self.head

    def _whole(self) -> Iterator[Entry]:
        """The line whose complements have all come."""
        if self.line is None or self.keys is None or self.head is None:
            return
        record, self.line = self.line, None
        self.entries += 1
        amount = record.amount()
        self.booked += amount
        label = record.field(49, 79)
        booked = record.day(35, 40)
        if booked is None:
            raise BankFileError("missing", line=record.number, element="04 35-40")
        code = _code(label, credit=amount >= 0, came_back="RET" in self.said)
        yield self.keys.given(
            Entry(
                key="",
                number=self.entries,
                line=record.number,
                amount=abs(amount),
                currency=record.field(17, 19) or self.head.currency,
                credit=amount >= 0,
                status="BOOK",
                booked_on=booked,
                value_on=record.day(43, 48),
                code=code,
                reference=record.field(82, 88).strip("0"),
                text=label,
                details=(self._detail(credit=amount >= 0),),
            )
        )

    def _detail(self, *, credit: bool) -> Detail:
        said = self.said
        back = " ".join(said.get("RET", ()))
        reason = _REASON.search(back)
        free = ["".join(part.ljust(70) for part in (*said.get("LCC", ()), *said.get("LC2", ()))).rstrip()]
        free += said.get("LIB", []) + said.get("   ", []) + said.get("", [])
        return Detail(
            credit=credit,
            payment_id=_first(said, "REF"),
            end_to_end_id=_first(said, "RCN"),
            mandate_id=_first(said, "RUM"),
            debtor=_first(said, "NPY", 70),
            creditor=_first(said, "NBE", 70),
            debtor_iban=_first(said, "CPY"),
            creditor_iban=_first(said, "CBE"),
            texts=tuple(dict.fromkeys(" ".join(text.split()) for text in free if text.strip())),
            references=tuple(" ".join(text.split()) for text in said.get("LCS", ())),
            returned=Return(reason[0] if reason else "", " ".join(back.split())) if back.strip() else None,
        )

    def _end(self, record: _Record) -> StatementEnd:
        assert self.head is not None
        assert self.head.opening is not None
        opening, closing = self.head.opening.amount, record.amount()
        if opening + self.booked != closing:
            raise BankFileError(
                "balance", line=record.number, element="07", opening=str(opening), booked=str(self.booked),
                closing=str(closing),
            )  # fmt: skip
        end = StatementEnd(id=self.head.id, entries=self.entries, booked=self.booked)
        self.head = None
        return end


def _first(said: dict[str, list[str]], qualifier: str, most: int = 35) -> str:
    found = said.get(qualifier, ("",))[0][:most].strip()
    return "" if found.upper() in ("NOTPROVIDED", "NONREF") else found


def _code(label: str, *, credit: bool, came_back: bool) -> str:
    """The bank transaction code that a label stands for; nothing for a label nobody knows."""
    if came_back and not credit:
        return "PMNT-IDDT-UPDD"
    for begins, money_in, money_out in _LABELS:
        if begins.match(label.upper()):
            return money_in if credit else money_out
    return ""


def _iban(bank: str, branch: str, account: str) -> str:
    """The IBAN of a French account, with its RIB key and check digits; the bare number where it has none."""
    number = account.upper().zfill(11)
    if not (bank.isdigit() and branch.isdigit() and number.isascii() and number.isalnum()):
        return f"{bank}{branch}{number}"
    digits = number.translate(_RIB)
    key = 97 - (89 * int(bank) + 15 * int(branch) + 3 * int(digits)) % 97
    bban = f"{bank}{branch}{number}{key:02d}"
    return f"FR{mod_97_10.calc_check_digits(f'{bban}FR')}{bban}"
