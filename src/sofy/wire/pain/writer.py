"""Writes pain.008.001.08: SEPA direct debits for the bank.

Source: ISO 20022 pain.008.001.08; EPC130-08 and EPC131-08 (customer-to-bank guidelines, CORE and B2B, 2025 rulebooks);
addresses in fields since 15 November 2026.
"""

import re
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

from lxml import etree

from sofy.kernel.errors import Refused
from sofy.wire import iso20022
from sofy.wire.pain.values import Address, Amendment, Batch, Block, Creditor, Debit, Mandate
from sofy.wire.sepa import identifiers
from sofy.wire.sepa.characters import sepa_id, sepa_text

MESSAGE, VERSION = "pain.008", "08"
_MOST_NAME, _MOST_TEXT, _MOST_TOWN, _MOST_STREET, _MOST_SHORT = 70, 140, 35, 70, 16
_LEAST_EUR, _MOST_EUR = Decimal("0.01"), Decimal("999999999.99")
_CENT = Decimal("0.01")
#: Where a debtor's bank wants to know where its client is: SEPA outside the EEA. Source: EPC130-08, AT-09.
_OUTSIDE_EEA = frozenset({"AD", "AL", "CH", "GB", "MC", "MD", "ME", "MK", "RS", "SM", "VA"})
_SEQUENCES = ("FRST", "RCUR", "FNAL", "OOFF")


def blocks(batch: Batch) -> tuple[Block, ...]:
    """The debits grouped as the file and the bank's statement group them, each with its PmtInfId.

    The order of groups is that of their dates, then of their first debit, so that it is the same every time.
    Raises: Refused, as `write` does.
    """
    _check(batch)
    groups: dict[tuple[date, str, str, Creditor], list[Debit]] = {}
    for debit in batch.debits:
        groups.setdefault((debit.collect_on, debit.scheme, debit.sequence, debit.creditor), []).append(debit)
    ordered = sorted(groups.values(), key=lambda debits: debits[0].collect_on)
    return tuple(
        Block(
            payment_id=sepa_id(f"{batch.message_id}-{number}", "payment_id"),
            collect_on=debits[0].collect_on,
            sequence=debits[0].sequence,
            scheme=debits[0].scheme,
            creditor=debits[0].creditor,
            debits=tuple(debits),
        )
        for number, debits in enumerate(ordered, 1)
    )


def write(batch: Batch) -> bytes:
    """The file, checked against the schema; the same batch gives the same bytes.

    Raises: Refused sepa_* (what a bank would refuse, and of which debit), iban_invalid, creditor_id_invalid,
    bic_invalid; pain_schema when the schema refuses what is left.
    """
    grouped = blocks(batch)
    made = iso20022.Writer(MESSAGE, VERSION)
    body = made.add(made.root, "CstmrDrctDbtInitn")
    head = made.add(body, "GrpHdr")
    made.add(head, "MsgId", batch.message_id)
    made.add(head, "CreDtTm", batch.created_at.astimezone(iso20022.PARIS).strftime("%Y-%m-%dT%H:%M:%S"))
    made.add(head, "NbOfTxs", len(batch.debits))
    made.add(head, "CtrlSum", sum((block.total_eur for block in grouped), Decimal("0.00")))
    made.add(head, "InitgPty/Nm", sepa_text(batch.initiator, _MOST_NAME))
    for block in grouped:
        _write_block(made, body, block, one_booking=batch.one_booking)
    written = made.bytes()
    found = problems(written)
    if found:
        raise Refused("pain_schema", problem=found[0])
    return written


def _write_block(made: iso20022.Writer, body: Any, block: Block, *, one_booking: bool) -> None:
    creditor = block.creditor
    inner = made.add(body, "PmtInf")
    made.add(inner, "PmtInfId", block.payment_id)
    made.add(inner, "PmtMtd", "DD")
    made.add(inner, "BtchBookg", "true" if one_booking else "false")
    made.add(inner, "NbOfTxs", len(block.debits))
    made.add(inner, "CtrlSum", block.total_eur)
    kind = made.add(inner, "PmtTpInf")
    made.add(kind, "SvcLvl/Cd", "SEPA")
    made.add(kind, "LclInstrm/Cd", block.scheme)
    made.add(kind, "SeqTp", block.sequence)
    made.add(inner, "ReqdColltnDt", block.collect_on.isoformat())
    _party(made, made.add(inner, "Cdtr"), creditor.name, creditor.address)
    made.add(inner, "CdtrAcct/Id/IBAN", identifiers.iban(creditor.iban))
    _bank(made, made.add(inner, "CdtrAgt"), creditor.bic)
    made.add(inner, "ChrgBr", "SLEV")
    _scheme_id(made, made.add(inner, "CdtrSchmeId"), creditor.creditor_id)
    for debit in block.debits:
        _write_debit(made, inner, debit)


def _write_debit(made: iso20022.Writer, inner: Any, debit: Debit) -> None:
    one = made.add(inner, "DrctDbtTxInf")
    made.add(one, "PmtId/EndToEndId", debit.end_to_end_id)
    made.add(one, "InstdAmt", debit.amount_eur.quantize(_CENT), Ccy="EUR")
    _mandate(made, made.add(one, "DrctDbtTx/MndtRltdInf"), debit.mandate)
    _bank(made, made.add(one, "DbtrAgt"), debit.debtor.bic)
    _party(made, made.add(one, "Dbtr"), debit.debtor.name, debit.debtor.address)
    made.add(one, "DbtrAcct/Id/IBAN", identifiers.iban(debit.debtor.iban))
    remittance = sepa_text(debit.remittance, _MOST_TEXT)
    if remittance:
        made.add(one, "RmtInf/Ustrd", remittance)


def _mandate(made: iso20022.Writer, inner: Any, mandate: Mandate) -> None:
    made.add(inner, "MndtId", mandate.id)
    made.add(inner, "DtOfSgntr", mandate.signed_on.isoformat())
    change = mandate.amendment
    if change is None:
        return
    made.add(inner, "AmdmntInd", "true")
    details = made.add(inner, "AmdmntInfDtls")
    if change.old_mandate_id:
        made.add(details, "OrgnlMndtId", change.old_mandate_id)
    if change.old_creditor_id or change.old_creditor_name:
        old = made.add(details, "OrgnlCdtrSchmeId")
        if change.old_creditor_name:
            made.add(old, "Nm", sepa_text(change.old_creditor_name, _MOST_NAME))
        if change.old_creditor_id:
            _scheme_id(made, old, change.old_creditor_id)
    if change.account_changed:
        made.add(details, "OrgnlDbtrAcct/Id/Othr/Id", "SMNDA")


def _scheme_id(made: iso20022.Writer, parent: Any, creditor_id: str) -> None:
    other = made.add(parent, "Id/PrvtId/Othr")
    made.add(other, "Id", identifiers.creditor_id(creditor_id))
    made.add(other, "SchmeNm/Prtry", "SEPA")


def _bank(made: iso20022.Writer, parent: Any, bic: str) -> None:
    bank = made.add(parent, "FinInstnId")
    if bic:
        made.add(bank, "BICFI", identifiers.bic(bic))
    else:
        made.add(bank, "Othr/Id", "NOTPROVIDED")


def _party(made: iso20022.Writer, parent: Any, name: str, address: Address | None) -> None:
    made.add(parent, "Nm", sepa_text(name, _MOST_NAME))
    if address is None:
        return
    inner = made.add(parent, "PstlAdr")
    for element, text, most in (
        ("StrtNm", address.street, _MOST_STREET),
        ("BldgNb", address.building, _MOST_SHORT),
        ("PstCd", address.postcode, _MOST_SHORT),
        ("TwnNm", address.town, _MOST_TOWN),
        ("Ctry", address.country, 2),
    ):
        said = sepa_text(text, most)
        if said:
            made.add(inner, element, said)


def _check(batch: Batch) -> None:
    """What a bank refuses, said before anything is written; `debit` is the EndToEndId, which holds no name."""
    sepa_id(batch.message_id, "message_id")
    if not batch.debits:
        raise Refused("sepa_empty")
    if batch.created_at.tzinfo is None:
        raise ValueError("created_at needs a time zone")
    if not sepa_text(batch.initiator, _MOST_NAME):
        raise Refused("sepa_name", debit="")
    seen: set[str] = set()
    signed: dict[str, Mandate] = {}
    for debit in batch.debits:
        sepa_id(debit.end_to_end_id, "end_to_end_id")
        if debit.end_to_end_id in seen:
            raise Refused("sepa_doubled", debit=debit.end_to_end_id)
        seen.add(debit.end_to_end_id)
        _check_debit(debit)
        known = signed.setdefault(debit.mandate.id.casefold(), debit.mandate)
        if known.signed_on != debit.mandate.signed_on:
            raise Refused("sepa_mandate_twice", debit=debit.end_to_end_id)


def _check_debit(debit: Debit) -> None:
    sepa_id(debit.mandate.id, "mandate_id")
    amount = debit.amount_eur
    if not isinstance(amount, Decimal) or not amount.is_finite() or not _LEAST_EUR <= amount <= _MOST_EUR:
        raise Refused("sepa_amount", debit=debit.end_to_end_id)
    if amount != amount.quantize(_CENT):
        raise Refused("sepa_amount", debit=debit.end_to_end_id)
    if debit.mandate.signed_on > debit.collect_on:
        raise Refused("sepa_signed_after", debit=debit.end_to_end_id)
    if debit.sequence not in _SEQUENCES or debit.scheme not in ("CORE", "B2B"):
        raise Refused("sepa_sequence", debit=debit.end_to_end_id)
    change = debit.mandate.amendment
    if change is not None:
        if change == Amendment():
            raise Refused("sepa_amendment_empty", debit=debit.end_to_end_id)
        if change.old_mandate_id:
            sepa_id(change.old_mandate_id, "old_mandate_id")
    for party in (debit.debtor, debit.creditor):
        if not sepa_text(party.name, _MOST_NAME):
            raise Refused("sepa_name", debit=debit.end_to_end_id)
        _check_address(party.address, debit.end_to_end_id)
    if debit.debtor.address is None and identifiers.iban(debit.debtor.iban)[:2] in _OUTSIDE_EEA:
        raise Refused("sepa_address", debit=debit.end_to_end_id)


def _check_address(address: Address | None, debit: str) -> None:
    if address is None:
        return
    country = address.country
    if not sepa_text(address.town, _MOST_TOWN) or len(country) != 2 or not (country.isascii() and country.isupper()):
        raise Refused("sepa_address", debit=debit)


def problems(written: bytes) -> list[str]:
    """What the schema of pain.008.001.08 says against a file: line, element and broken rule, never a value of the file.

    Raises: BankFileError for what is no XML at all.
    """
    schema = _schema()
    if schema.validate(iso20022.parse(written)):
        return []
    return [_without_values(error) for error in schema.error_log]


def _without_values(error: Any) -> str:
    named = re.search(r"Element '(?:\{[^}]*\})?(\w+)'", error.message)
    rule = error.type_name.removeprefix("SCHEMAV_").lower().replace("_", " ")
    return f"line {error.line}: {named[1] if named else 'element'} ({rule})"


@cache
def _schema() -> Any:
    path = resources.files("sepaxml") / "schemas" / f"{MESSAGE}.001.{VERSION}.xsd"
    return etree.XMLSchema(etree.fromstring(path.read_bytes()))
