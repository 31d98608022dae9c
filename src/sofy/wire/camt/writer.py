"""Writes camt.053, .054 and .052 as a bank does: for the simulated bank, for tests and for measurements.

Source: ISO 20022 camt.05x.001.02, .04 and .08. The bytes come piece by piece, so that a long statement needs no memory.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr

from sofy.wire.camt.values import Balance, Detail, Entry, Statement, Total
from sofy.wire.iso20022 import PARIS

_ROOTS = {
    "camt.053": ("BkToCstmrStmt", "Stmt"),
    "camt.052": ("BkToCstmrAcctRpt", "Rpt"),
    "camt.054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
}


def write(head: Statement, entries: Iterable[Entry], *, created_at: datetime) -> Iterator[bytes]:
    """A file with one statement."""
    at = created_at.astimezone(PARIS).strftime("%Y-%m-%dT%H:%M:%S")
    root, one = _ROOTS[head.message]
    balances = "".join(
        _balance(balance, head.currency)
        for balance in (head.opening, head.closing)
        if balance is not None and head.message != "camt.054"
    )
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{head.message}.001.{head.version}"><{root}>\n'
        + _el("GrpHdr", _el("MsgId", _text(head.message_id)) + _el("CreDtTm", at))
        + f"\n<{one}>"
        + _el("Id", _text(head.id))
        + _el("ElctrncSeqNb", _text(head.sequence))
        + _el("CreDtTm", at)
        + _el("Acct", _el("Id", _el("IBAN", _text(head.account))) + _el("Ccy", head.currency))
        + balances
        + "\n"
    ).encode()
    for entry in entries:
        yield (_entry(entry, head.version) + "\n").encode()
    yield f"</{one}>\n</{root}></Document>\n".encode()


def _el(name: str, inner: str) -> str:
    """An element; nothing when it would be empty."""
    return f"<{name}>{inner}</{name}>" if inner else ""


def _text(text: str) -> str:
    return escape(text)


def _amount(name: str, amount: Decimal, currency: str) -> str:
    return f"<{name} Ccy={quoteattr(currency)}>{amount:f}</{name}>"


def _direction(credit: bool) -> str:
    return _el("CdtDbtInd", "CRDT" if credit else "DBIT")


def _balance(balance: Balance, currency: str) -> str:
    return _el(
        "Bal",
        _el("Tp", _el("CdOrPrtry", _el("Cd", balance.kind)))
        + _amount("Amt", abs(balance.amount), currency)
        + _direction(balance.amount >= 0)
        + (_el("Dt", _el("Dt", balance.on.isoformat())) if balance.on else ""),
    )


def _code(code: str) -> str:
    parts = code.split("-")
    if len(parts) != 3:
        return _el("Prtry", _el("Cd", _text(code)))
    return _el("Domn", _el("Cd", parts[0]) + _el("Fmly", _el("Cd", parts[1]) + _el("SubFmlyCd", parts[2])))


def _charges(amount: Decimal, currency: str, version: str) -> str:
    if not amount:
        return ""
    total = _amount("TtlChrgsAndTaxAmt", amount, currency)
    if version == "02":
        return _el("Chrgs", total + _amount("Amt", amount, currency))
    return _el("Chrgs", total + _el("Rcrd", _amount("Amt", amount, currency)))


def _entry(entry: Entry, version: str) -> str:
    details = "".join(_detail(one, entry.currency, version) for one in entry.details)
    totals = "".join(_el("Btch", _total(one, entry)) for one in entry.totals)
    return _el(
        "Ntry",
        _amount("Amt", entry.amount, entry.currency)
        + _direction(entry.credit)
        + (_el("RvslInd", "true") if entry.reversal else "")
        + _el("Sts", _el("Cd", entry.status) if version == "08" else entry.status)
        + (_el("BookgDt", _el("Dt", entry.booked_on.isoformat())) if entry.booked_on else "")
        + (_el("ValDt", _el("Dt", entry.value_on.isoformat())) if entry.value_on else "")
        + _el("AcctSvcrRef", _text(entry.reference))
        + (_el("BkTxCd", _code(entry.code)) or "<BkTxCd/>")
        + _charges(entry.charges, entry.currency, version)
        + _el("NtryDtls", totals + details)
        + _el("AddtlNtryInf", _text(entry.text)),
    )


def _total(total: Total, entry: Entry) -> str:
    return (
        _el("MsgId", _text(total.message_id))
        + _el("PmtInfId", _text(total.payment_id))
        + (_el("NbOfTxs", str(total.count)) if total.count is not None else "")
        + (_amount("TtlAmt", total.amount, entry.currency) if total.amount is not None else "")
        + _direction(entry.credit)
    )


def _detail(one: Detail, currency: str, version: str) -> str:
    refs = (
        _el("MsgId", _text(one.message_id))
        + _el("AcctSvcrRef", _text(one.reference))
        + _el("PmtInfId", _text(one.payment_id))
        + _el("InstrId", _text(one.instruction_id))
        + _el("EndToEndId", _text(one.end_to_end_id))
        + _el("TxId", _text(one.transaction_id))
        + _el("MndtId", _text(one.mandate_id))
    )
    own = ""
    if one.amount is not None and version == "02":
        own = _el("AmtDtls", _el("TxAmt", _amount("Amt", one.amount, currency)))
    elif one.amount is not None:
        own = _amount("Amt", one.amount, currency) + _direction(one.credit)
    elif version != "02":
        own = _direction(one.credit) if version == "08" else ""
    return _el(
        "TxDtls",
        _el("Refs", refs)
        + own
        + _el("BkTxCd", _code(one.code) if one.code else "")
        + _charges(one.charges, currency, version)
        + _el("RltdPties", _parties(one, version))
        + _el("RmtInf", _remittance(one))
        + _returned(one),
    )


def _parties(one: Detail, version: str) -> str:
    said = ""
    for role, name, iban in (("Dbtr", one.debtor, one.debtor_iban), ("Cdtr", one.creditor, one.creditor_iban)):
        who = _el("Nm", _text(name))
        said += _el(role, _el("Pty", who) if version == "08" else who)
        said += _el(f"{role}Acct", _el("Id", _el("IBAN", _text(iban))))
    return said


def _remittance(one: Detail) -> str:
    free = "".join(_el("Ustrd", _text(text)) for text in one.texts)
    return free + "".join(_el("Strd", _el("CdtrRefInf", _el("Ref", _text(said)))) for said in one.references)


def _returned(one: Detail) -> str:
    if one.returned is None:
        return ""
    reason, said = one.returned.reason, one.returned.words
    return _el("RtrInf", _el("Rsn", _el("Cd", _text(reason))) + _el("AddtlInf", _text(said)))
