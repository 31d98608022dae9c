"""The amounts of an e-invoice file, worked out again to the cent: the official rules let some of them be wrong.

A price that does not make its line, VAT a cent off beside totals that agree with it: the schematron takes both.
Source: EN 16931-1, BR-CO-17 and the calculation of BT-131, as their text says it.
"""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

import msgspec
from lxml import etree

from sofy.billing.einvoice.rule_sets import Syntax
from sofy.billing.einvoice.validator import Finding

_CENT = Decimal("0.01")
#: The last credit note over an invoice takes the VAT that is left, which the rounding of the others has moved.
_ROUNDINGS = Decimal("0.10")


class _Paths(msgspec.Struct, frozen=True):
    """Where a syntax says what; below a line, and below a group of VAT."""

    lines: tuple[str, ...]
    quantity: tuple[str, ...]
    price: str
    base: str
    net: str
    extras: str
    is_charge: str
    extra: str
    groups: str
    taxable: str
    rate: str
    tax: str


_CII = _Paths(
    lines=(".//{*}IncludedSupplyChainTradeLineItem",),
    quantity=("{*}SpecifiedLineTradeDelivery/{*}BilledQuantity",),
    price="{*}SpecifiedLineTradeAgreement/{*}NetPriceProductTradePrice/{*}ChargeAmount",
    base="{*}SpecifiedLineTradeAgreement/{*}NetPriceProductTradePrice/{*}BasisQuantity",
    net="{*}SpecifiedLineTradeSettlement/{*}SpecifiedTradeSettlementLineMonetarySummation/{*}LineTotalAmount",
    extras="{*}SpecifiedLineTradeSettlement/{*}SpecifiedTradeAllowanceCharge",
    is_charge="{*}ChargeIndicator/{*}Indicator",
    extra="{*}ActualAmount",
    groups=".//{*}ApplicableHeaderTradeSettlement/{*}ApplicableTradeTax",
    taxable="{*}BasisAmount",
    rate="{*}RateApplicablePercent",
    tax="{*}CalculatedAmount",
)
_UBL = _Paths(
    lines=("{*}InvoiceLine", "{*}CreditNoteLine"),
    quantity=("{*}InvoicedQuantity", "{*}CreditedQuantity"),
    price="{*}Price/{*}PriceAmount",
    base="{*}Price/{*}BaseQuantity",
    net="{*}LineExtensionAmount",
    extras="{*}AllowanceCharge",
    is_charge="{*}ChargeIndicator",
    extra="{*}Amount",
    groups="{*}TaxTotal/{*}TaxSubtotal",
    taxable="{*}TaxableAmount",
    rate="{*}TaxCategory/{*}Percent",
    tax="{*}TaxAmount",
)


def findings(xml: bytes, syntax: Syntax) -> list[Finding]:
    """What does not add up; nothing for a file whose amounts cannot be read, of which the official rules speak."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(xml, parser)
        return list(_found(root, _CII if syntax == "cii" else _UBL))
    except (etree.XMLSyntaxError, ArithmeticError):
        return []


def _found(root: etree._Element, at: _Paths) -> Iterator[Finding]:
    lines = [line for path in at.lines for line in root.findall(path)]
    for place, line in enumerate(lines, 1):
        quantity = next((said for path in at.quantity if (said := _number(line, path)) is not None), None)
        price, net = _number(line, at.price), _number(line, at.net)
        if quantity is None or price is None or net is None:
            continue
        base = _number(line, at.base) or Decimal(1)
        right = _rounded(quantity * price / base) + sum(_extras(line, at), Decimal(0))
        if right != net:
            yield _finding("LINE", f"line {place}", f"{quantity} x {price} / {base} comes to {right}, not to {net}")
    for place, group in enumerate(root.findall(at.groups), 1):
        taxable, rate, tax = (_number(group, path) for path in (at.taxable, at.rate, at.tax))
        if taxable is None or tax is None:
            continue
        right = _rounded(taxable * (rate or Decimal(0)) / 100)
        if abs(right - tax) > (_ROUNDINGS if _is_credit(root) else 0):
            yield _finding("VAT", f"VAT {place}", f"{rate or 0} % of {taxable} come to {right}, not to {tax}")


def _is_credit(root: etree._Element) -> bool:
    code = root.findtext("{*}ExchangedDocument/{*}TypeCode")
    return bool(etree.QName(root).localname == "CreditNote" or code == "381")


def _extras(line: etree._Element, at: _Paths) -> Iterator[Decimal]:
    """Charges of a line, and its allowances with their sign."""
    for one in line.findall(at.extras):
        charge = (one.findtext(at.is_charge) or "").strip() in ("true", "1")
        said = _number(one, at.extra) or Decimal(0)
        yield said if charge else -said


def _number(inside: etree._Element, path: str) -> Decimal | None:
    said = (inside.findtext(path) or "").strip()
    return Decimal(said) if said else None


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(_CENT, ROUND_HALF_UP)


def _finding(what: str, where: str, text: str) -> Finding:
    return Finding(rule=f"SOFY-{what}", where=where, text=text, fatal=True)
