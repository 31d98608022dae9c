"""One entry of a bank's file, out of its element; versions 02, 04 and 08 differ in where they put things."""

from datetime import date
from decimal import Decimal
from typing import Any

from sofy.wire.camt.keys import NO_REFERENCE, Keys
from sofy.wire.camt.values import Detail, Entry, Return, Total
from sofy.wire.iso20022 import BankFileError, Element, amount_in, day_in, words

Flat = dict[str, list[str]]
_STATUSES = frozenset({"BOOK", "PDNG", "INFO", "FUTR"})


def flat(element: Element, cut: int, path: str = "", into: Flat | None = None) -> Flat:
    """What the leaves of an element say, by their path (`Refs/EndToEndId`); `Amt@Ccy` is the currency of an `Amt`."""
    said: Flat = {} if into is None else into
    for child in element:
        here = path + child.tag[cut:]
        text = child.text
        if len(child):
            flat(child, cut, here + "/", said)
        elif text:
            said.setdefault(here, []).append(text if text.isalnum() else " ".join(text.split()))
            if here.endswith("Amt"):
                said.setdefault(here + "@Ccy", []).append(child.get("Ccy", ""))
    return said


class EntryReader:
    """Makes the entries of one statement, each with a key of its own."""

    def __init__(self, account: str, statement_id: str, namespace: str) -> None:
        self.prefix = f"{{{namespace}}}"
        self.cut = len(self.prefix)
        self.number = 0
        self._of_entry: tuple[bool, str] | None = None
        self.keys = Keys(account, statement_id)

    def begin(self) -> None:
        """Another entry begins."""
        self.number += 1
        self._of_entry = None

    def detail(self, element: Element, entry: Element) -> Detail:
        """A payment of an entry whose amount and direction came before it. Raises: BankFileError."""
        if self._of_entry is None:
            amount = entry.find(f"{self.prefix}Amt")
            said = text_at(entry, self.prefix, "CdtDbtInd")
            credit = self._direction({"CdtDbtInd": [said]} if said else {}, "CdtDbtInd", entry)
            if amount is None or credit is None:
                raise self._missing(entry, "Amt" if amount is None else "CdtDbtInd")
            self._of_entry = credit, amount.get("Ccy", "")
        credit, currency = self._of_entry
        return self._detail(element, flat(element, self.cut), credit, currency)

    def entry(self, element: Element, details: list[Detail]) -> Entry:
        """Raises: BankFileError for a value that is missing or wrong, with the number of the entry."""
        said = flat(element, self.cut)
        credit = self._direction(said, "CdtDbtInd", element)
        amount = self._amount(said, "Amt", element)
        currency = said.get("Amt@Ccy", [""])[0]
        status = _first(said, "Sts/Cd", "Sts", "Sts/Prtry")
        if amount is None or credit is None or not currency:
            raise self._missing(element, "Amt" if credit is not None else "CdtDbtInd")
        if status not in _STATUSES:
            raise self._missing(element, "Sts")
        made = Entry(
            key="",
            number=self.number,
            line=element.sourceline or 0,
            amount=amount,
            currency=currency,
            credit=credit,
            status=status,
            booked_on=self._day(said, "BookgDt", element),
            value_on=self._day(said, "ValDt", element),
            reversal=_first(said, "RvslInd") in ("true", "1"),
            code=_code(said),
            reference=_first(said, "AcctSvcrRef"),
            text=_first(said, "AddtlNtryInf"),
            charges=self._charges(said, element),
            totals=tuple(self._totals(element, said)),
            details=tuple(details),
        )
        return self.keys.given(made)

    def _detail(self, element: Element, said: Flat, credit: bool, currency: str) -> Detail:
        own = self._direction(said, "CdtDbtInd", element)
        reason = _first(said, "RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry")
        told = " ".join(said.get("RtrInf/AddtlInf", ()))
        texts = tuple(said.get("RmtInf/Ustrd", ())) + tuple(said.get("RmtInf/Strd/AddtlRmtInf", ()))
        references = (*said.get("RmtInf/Strd/CdtrRefInf/Ref", ()), *said.get("RmtInf/Strd/RfrdDocInf/Nb", ()))
        return Detail(
            credit=credit if own is None else own,
            amount=self._own_amount(said, currency, element, "Amt", "AmtDtls/TxAmt/Amt"),
            instructed=self._own_amount(said, currency, element, "AmtDtls/InstdAmt/Amt"),
            charges=self._charges(said, element),
            message_id=_id(said, "Refs/MsgId"),
            payment_id=_id(said, "Refs/PmtInfId"),
            instruction_id=_id(said, "Refs/InstrId"),
            end_to_end_id=_id(said, "Refs/EndToEndId"),
            transaction_id=_id(said, "Refs/TxId"),
            mandate_id=_id(said, "Refs/MndtId"),
            reference=_id(said, "Refs/AcctSvcrRef"),
            debtor=_name(said, "Dbtr") or _name(said, "UltmtDbtr"),
            debtor_iban=_first(said, "RltdPties/DbtrAcct/Id/IBAN"),
            creditor=_name(said, "Cdtr") or _name(said, "UltmtCdtr"),
            creditor_iban=_first(said, "RltdPties/CdtrAcct/Id/IBAN"),
            texts=texts,
            references=references,
            more=_first(said, "AddtlTxInf"),
            returned=Return(reason, told) if reason or told else None,
            code=_code(said),
        )

    def _own_amount(self, said: Flat, currency: str, element: Element, *paths: str) -> Decimal | None:
        """Amt since version 04, AmtDtls/TxAmt before; in another currency it is no amount of this account."""
        for path in paths:
            if said.get(f"{path}@Ccy", [""])[0] == currency:
                return self._amount(said, path, element)
        return None

    def _totals(self, element: Element, said: Flat) -> list[Total]:
        if not any(path.startswith("NtryDtls/Btch/") for path in said):
            return []
        found = []
        for batch in element.findall(f"{self.prefix}NtryDtls/{self.prefix}Btch"):
            own = flat(batch, self.cut)
            count = _first(own, "NbOfTxs")
            if count and not (count.isascii() and count.isdigit() and len(count) <= 15):
                raise BankFileError(
                    "value", line=batch.sourceline or 0, element="NbOfTxs", expected="number", entry=self.number
                )
            found.append(
                Total(
                    message_id=_id(own, "MsgId"),
                    payment_id=_id(own, "PmtInfId"),
                    count=int(count) if count else None,
                    amount=self._amount(own, "TtlAmt", batch),
                )
            )
        return found

    def _amount(self, said: Flat, path: str, element: Element) -> Decimal | None:
        if path not in said:
            return None
        found = amount_in(said[path][0])
        if found is None:
            raise self._wrong(element, path, "amount")
        return found

    def _charges(self, said: Flat, element: Element) -> Decimal:
        """What the bank kept: the total it says, else what its records come to (version 02 has no records)."""
        total = self._amount(said, "Chrgs/TtlChrgsAndTaxAmt", element)
        if total is not None:
            return total
        kept = Decimal(0)
        for path in ("Chrgs/Rcrd/Amt", "Chrgs/Amt"):
            for text in said.get(path, ()):
                one = amount_in(text)
                if one is None:
                    raise self._wrong(element, path, "amount")
                kept += one
        return kept

    def _direction(self, said: Flat, path: str, element: Element) -> bool | None:
        found = _first(said, path)
        if found not in ("CRDT", "DBIT", ""):
            raise self._wrong(element, path, "CRDT, DBIT")
        return None if not found else found == "CRDT"

    def _day(self, said: Flat, path: str, element: Element) -> date | None:
        text = _first(said, f"{path}/Dt", f"{path}/DtTm")
        if not text:
            return None
        found = day_in(text)
        if found is None:
            raise self._wrong(element, path, "date")
        return found

    def _wrong(self, element: Element, path: str, expected: str) -> BankFileError:
        at = element.find("/".join(self.prefix + name for name in path.split("/")))
        line = (element if at is None else at).sourceline or 0
        name = path.rsplit("/", 1)[-1]
        return BankFileError("value", line=line, element=name, expected=expected, entry=self.number)

    def _missing(self, element: Element, name: str) -> BankFileError:
        return BankFileError("missing", line=element.sourceline or 0, element=name, entry=self.number)


def _first(said: Flat, *paths: str) -> str:
    for path in paths:
        if path in said:
            return said[path][0]
    return ""


def _id(said: Flat, path: str) -> str:
    found = _first(said, path)
    return "" if found.upper() in NO_REFERENCE else found


def _name(said: Flat, role: str) -> str:
    return _first(said, f"RltdPties/{role}/Pty/Nm", f"RltdPties/{role}/Nm")


def _code(said: Flat) -> str:
    domain = _first(said, "BkTxCd/Domn/Cd")
    if domain:
        return f"{domain}-{_first(said, 'BkTxCd/Domn/Fmly/Cd')}-{_first(said, 'BkTxCd/Domn/Fmly/SubFmlyCd')}"
    return _first(said, "BkTxCd/Prtry/Cd")


def text_at(element: Any, prefix: str, path: str) -> str:
    """What the first element of a path says."""
    return words(element.find("/".join(prefix + name for name in path.split("/"))))
