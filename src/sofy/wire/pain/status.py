"""Reads and writes pain.002: what the bank refuses of a file, before any money moves.

Source: ISO 20022 pain.002.001.03 and .10; EPC130-08. A refusal names one debit, a whole block, or the whole file.
"""

from datetime import datetime
from typing import Any

from lxml import etree

from sofy.wire.iso20022 import PARIS, BankFileError, Inside, Writer, message_of, parse, words
from sofy.wire.pain.values import Rejection, Status

_VERSIONS = ("03", "10")
REFUSED, IN_PART, TAKEN = "RJCT", "PART", "ACCP"


def read_status(data: bytes) -> Status:
    """An answer of the bank. Raises: BankFileError."""
    root = parse(data)
    message, version = message_of(root)
    if message != "pain.002" or version not in _VERSIONS:
        raise BankFileError("other", line=root.sourceline or 0, expected="pain.002.001.03, .10")
    inside = Inside(etree.QName(root).namespace)
    body = inside.need(root, "CstmrPmtStsRpt")
    group = inside.need(body, "OrgnlGrpInfAndSts")
    found: list[Rejection] = []
    statuses = []
    for block in inside.all(body, "OrgnlPmtInfAndSts"):
        payment_id = inside.words(block, "OrgnlPmtInfId")
        statuses.append(inside.words(block, "PmtInfSts"))
        refused = [one for one in inside.all(block, "TxInfAndSts") if inside.words(one, "TxSts") == REFUSED]
        if statuses[-1] == REFUSED and not refused:
            found.append(_rejection(inside, block, payment_id=payment_id))
        for one in refused:
            debit = words(inside.need(one, "OrgnlEndToEndId"))
            found.append(_rejection(inside, one, payment_id=payment_id, end_to_end_id=debit))
    if inside.words(group, "GrpSts") == REFUSED and (not found or inside.find(group, "StsRsnInf") is not None):
        found.insert(0, _rejection(inside, group))
    return Status(
        message_id=words(inside.need(inside.need(body, "GrpHdr"), "MsgId")),
        original_message_id=words(inside.need(group, "OrgnlMsgId")),
        status=inside.words(group, "GrpSts") or _whole(statuses, found),
        rejections=tuple(found),
    )


def _whole(statuses: list[str], found: list[Rejection]) -> str:
    if statuses and all(status == REFUSED for status in statuses):
        return REFUSED
    return IN_PART if found else TAKEN


def _rejection(inside: Inside, element: Any, *, payment_id: str = "", end_to_end_id: str = "") -> Rejection:
    said = inside.find(element, "StsRsnInf")
    reason = "" if said is None else inside.words(said, "Rsn/Cd") or inside.words(said, "Rsn/Prtry")
    told = [] if said is None else [words(one) for one in inside.all(said, "AddtlInf")]
    return Rejection(reason=reason, payment_id=payment_id, end_to_end_id=end_to_end_id, words=" ".join(told))


def write_status(status: Status, *, created_at: datetime, bank: str = "") -> bytes:
    """The answer of a bank, pain.002.001.10, for the simulated one and for tests."""
    made = Writer("pain.002", "10")
    body = made.add(made.root, "CstmrPmtStsRpt")
    head = made.add(body, "GrpHdr")
    made.add(head, "MsgId", status.message_id)
    made.add(head, "CreDtTm", created_at.astimezone(PARIS).strftime("%Y-%m-%dT%H:%M:%S"))
    if bank:
        made.add(head, "DbtrAgt/FinInstnId/BICFI", bank)
    group = made.add(body, "OrgnlGrpInfAndSts")
    made.add(group, "OrgnlMsgId", status.original_message_id)
    made.add(group, "OrgnlMsgNmId", "pain.008.001.08")
    made.add(group, "GrpSts", status.status)
    for one in status.rejections:
        if not one.payment_id:
            _write_reason(made, group, one)
    for payment_id in dict.fromkeys(one.payment_id for one in status.rejections if one.payment_id):
        block = made.add(body, "OrgnlPmtInfAndSts")
        made.add(block, "OrgnlPmtInfId", payment_id)
        inner = [one for one in status.rejections if one.payment_id == payment_id]
        whole = [one for one in inner if not one.end_to_end_id]
        made.add(block, "PmtInfSts", REFUSED if whole else IN_PART)
        for one in whole:
            _write_reason(made, block, one)
        for one in inner:
            if one.end_to_end_id:
                debit = made.add(block, "TxInfAndSts")
                made.add(debit, "OrgnlEndToEndId", one.end_to_end_id)
                made.add(debit, "TxSts", REFUSED)
                _write_reason(made, debit, one)
    return made.bytes()


def _write_reason(made: Writer, parent: Any, one: Rejection) -> None:
    said = made.add(parent, "StsRsnInf")
    made.add(said, "Rsn/Cd", one.reason)
    if one.words:
        made.add(said, "AddtlInf", one.words[:105])
