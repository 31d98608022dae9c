"""Reads pain.008, as a bank does: what is there, right or wrong, for whoever has to judge it."""

from typing import Any

from lxml import etree

from sofy.wire.iso20022 import BankFileError, Inside, amount, day, message_of, parse, words
from sofy.wire.pain.values import Initiation, ReadBlock, ReadDebit

_VERSIONS = ("02", "08")


def read(data: bytes) -> Initiation:
    """A file of direct debits. Raises: BankFileError when it is none, or lacks an element."""
    root = parse(data)
    message, version = message_of(root)
    if message != "pain.008" or version not in _VERSIONS:
        raise BankFileError("other", line=root.sourceline or 0, expected="pain.008.001.08")
    inside = Inside(etree.QName(root).namespace)
    body = inside.need(root, "CstmrDrctDbtInitn")
    head = inside.need(body, "GrpHdr")
    return Initiation(
        message_id=words(inside.need(head, "MsgId")),
        count=inside.whole(inside.need(head, "NbOfTxs")),
        sum_eur=inside.amount(head, "CtrlSum"),
        blocks=tuple(_block(inside, one) for one in inside.all(body, "PmtInf")),
    )


def _block(inside: Inside, one: Any) -> ReadBlock:
    count = inside.find(one, "NbOfTxs")
    return ReadBlock(
        payment_id=words(inside.need(one, "PmtInfId")),
        collect_on=day(inside.need(one, "ReqdColltnDt")),
        sequence=inside.words(one, "PmtTpInf/SeqTp"),
        scheme=inside.words(one, "PmtTpInf/LclInstrm/Cd"),
        creditor=inside.words(one, "Cdtr/Nm"),
        creditor_id=inside.words(one, "CdtrSchmeId/Id/PrvtId/Othr/Id"),
        iban=inside.words(one, "CdtrAcct/Id/IBAN"),
        one_booking=inside.words(one, "BtchBookg") != "false",
        count=None if count is None else inside.whole(count),
        sum_eur=inside.amount(one, "CtrlSum"),
        debits=tuple(_debit(inside, debit) for debit in inside.all(one, "DrctDbtTxInf")),
        lines=len(inside.all(one, "Cdtr/PstlAdr/AdrLine")),
    )


def _debit(inside: Inside, one: Any) -> ReadDebit:
    asked = inside.need(one, "InstdAmt")
    signed = inside.find(one, "DrctDbtTx/MndtRltdInf/DtOfSgntr")
    return ReadDebit(
        end_to_end_id=words(inside.need(one, "PmtId/EndToEndId")),
        amount_eur=amount(asked),
        currency=asked.get("Ccy", ""),
        mandate_id=inside.words(one, "DrctDbtTx/MndtRltdInf/MndtId"),
        signed_on=None if signed is None else day(signed),
        debtor=inside.words(one, "Dbtr/Nm"),
        iban=inside.words(one, "DbtrAcct/Id/IBAN"),
        remittance=inside.words(one, "RmtInf/Ustrd"),
        lines=len(inside.all(one, "Dbtr/PstlAdr/AdrLine")),
        town=inside.words(one, "Dbtr/PstlAdr/TwnNm"),
        country=inside.words(one, "Dbtr/PstlAdr/Ctry"),
        amended=inside.words(one, "DrctDbtTx/MndtRltdInf/AmdmntInd") == "true",
    )
