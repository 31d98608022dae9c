"""A document as UBL 2.1, Invoice or CreditNote, in the terms of EN 16931: for who asks for it instead of CII.

Equal documents have equal bytes; elements without content are left out. Source: CEN/TS 16931-3-2, XP Z12-012.
"""

from datetime import date
from decimal import Decimal
from functools import lru_cache

from lxml import etree

from sofy.billing.document import Document, Line, Party, Period, Vat
from sofy.billing.einvoice import meaning
from sofy.billing.einvoice.meaning import amount, number, price

_OASIS = "urn:oasis:names:specification:ubl:schema:xsd"
_NAMESPACES = {"cac": f"{_OASIS}:CommonAggregateComponents-2", "cbc": f"{_OASIS}:CommonBasicComponents-2"}

#: BT-8 in UBL: UNTDID 2005.
_DUE_CODES = {"debits": "3", "receipts": "432"}

#: A note's subject has no element of its own: it stands before the text, between number signs.
_CODED = "#{code}#{text}"


def build(document: Document) -> bytes:
    """The UBL of a document, as UTF-8.

    Raises: ValueError when a text holds characters that XML has not (the oracle names them).
    """
    kind = "CreditNote" if document.kind == "credit_note" else "Invoice"
    spaces = {None: f"{_OASIS}:{kind}-2"} | _NAMESPACES
    root = etree.Element(f"{{{_OASIS}:{kind}-2}}{kind}", nsmap=spaces)
    _header(root, document, kind)
    _references(root, document)
    _supplier(_group(_group(root, "cac:AccountingSupplierParty"), "cac:Party"), document)
    _party(_group(_group(root, "cac:AccountingCustomerParty"), "cac:Party"), document.buyer, document)
    _delivery(_group(root, "cac:Delivery"), document)
    if meaning.says_how_to_pay(document):
        _means(_group(root, "cac:PaymentMeans"), document)
    _put(_group(root, "cac:PaymentTerms"), "cbc:Note", meaning.payment_terms(document))
    total = _group(root, "cac:TaxTotal")
    _money(total, "cbc:TaxAmount", document, document.vat_eur)
    for vat in document.vat:
        _tax(_group(total, "cac:TaxSubtotal"), document, vat)
    _totals(_group(root, "cac:LegalMonetaryTotal"), document)
    for line in document.lines:
        _line(_group(root, f"cac:{kind}Line"), document, line, kind)
    written: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return written


def _header(root: etree._Element, document: Document, kind: str) -> None:
    _put(root, "cbc:CustomizationID", meaning.PROFILE)
    _put(root, "cbc:ProfileID", meaning.process(document))
    _put(root, "cbc:ID", document.number)
    _put(root, "cbc:IssueDate", document.issued_on.isoformat())
    if kind == "Invoice":
        _put(root, "cbc:DueDate", document.payment.due_on.isoformat())
    _put(root, f"cbc:{kind}TypeCode", meaning.TYPE_CODES[document.kind])
    for note in document.notes:
        _put(root, "cbc:Note", _CODED.format(code=note.code, text=note.text) if note.code else note.text)
    _put(root, "cbc:DocumentCurrencyCode", document.currency)
    _put(root, "cbc:BuyerReference", document.buyer_reference)
    due_code = _DUE_CODES[document.vat_on] if any(vat.category == "S" for vat in document.vat) else ""
    _period(root, document.period, due_code)


def _references(root: etree._Element, document: Document) -> None:
    if document.purchase_order:
        _put(_group(root, "cac:OrderReference"), "cbc:ID", document.purchase_order)
    for origin in document.corrects:
        reference = _group(_group(root, "cac:BillingReference"), "cac:InvoiceDocumentReference")
        _put(reference, "cbc:ID", origin.number)
        _put(reference, "cbc:IssueDate", origin.issued_on.isoformat())
    if document.order_form:
        _put(_group(root, "cac:ContractDocumentReference"), "cbc:ID", document.order_form)


def _supplier(node: etree._Element, document: Document) -> None:
    seller = document.seller
    debit = meaning.says_how_to_pay(document) and document.payment.means == "sepa_debit"
    creditor = seller.creditor_id if debit else ""
    _party(node, seller.party, document, creditor=creditor, legal=meaning.legal_information(seller))


def _party(node: etree._Element, party: Party, document: Document, *, creditor: str = "", legal: str = "") -> None:
    _put(node, "cbc:EndpointID", party.electronic_address, schemeID=party.electronic_scheme)
    for identifier, scheme in ((party.siret, "0009"), (creditor, "SEPA")):
        if identifier:
            _put(_group(node, "cac:PartyIdentification"), "cbc:ID", identifier, schemeID=scheme)
    address = _group(node, "cac:PostalAddress")
    streets = zip(("cbc:StreetName", "cbc:AdditionalStreetName"), meaning.street_lines(party.address), strict=False)
    for tag, text in streets:
        _put(address, tag, text)
    _put(address, "cbc:CityName", party.address.town)
    _put(address, "cbc:PostalZone", party.address.postcode)
    _put(_group(address, "cac:Country"), "cbc:IdentificationCode", party.address.country)
    if party.vat_id and not meaning.outside_scope(document):
        scheme = _group(node, "cac:PartyTaxScheme")
        _put(scheme, "cbc:CompanyID", party.vat_id)
        _put(_group(scheme, "cac:TaxScheme"), "cbc:ID", "VAT")
    entity = _group(node, "cac:PartyLegalEntity")
    _put(entity, "cbc:RegistrationName", party.name)
    _put(entity, "cbc:CompanyID", party.siren, schemeID="0002")
    _put(entity, "cbc:CompanyLegalForm", legal)
    if party.email:
        _put(_group(node, "cac:Contact"), "cbc:ElectronicMail", party.email)


def _delivery(node: etree._Element, document: Document) -> None:
    _put(node, "cbc:ActualDeliveryDate", meaning.supplied_on(document).isoformat())


def _means(node: etree._Element, document: Document) -> None:
    payment, seller = document.payment, document.seller
    _put(node, "cbc:PaymentMeansCode", meaning.means_code(document))
    _put(node, "cbc:PaymentID", payment.reference)
    if payment.means == "transfer":
        account = _group(node, "cac:PayeeFinancialAccount")
        _put(account, "cbc:ID", seller.iban)
        _put(account, "cbc:Name", seller.party.name)
        if seller.bic:
            _put(_group(account, "cac:FinancialInstitutionBranch"), "cbc:ID", seller.bic)
    elif payment.mandate:
        _put(_group(node, "cac:PaymentMandate"), "cbc:ID", payment.mandate)


def _tax(node: etree._Element, document: Document, vat: Vat) -> None:
    _money(node, "cbc:TaxableAmount", document, vat.base_eur)
    _money(node, "cbc:TaxAmount", document, vat.vat_eur)
    category = _group(node, "cac:TaxCategory")
    _put(category, "cbc:ID", vat.category)
    if vat.category != "O":
        _put(category, "cbc:Percent", amount(vat.rate))
    _put(category, "cbc:TaxExemptionReasonCode", vat.reason_code)
    _put(category, "cbc:TaxExemptionReason", vat.reason)
    _put(_group(category, "cac:TaxScheme"), "cbc:ID", "VAT")


def _totals(node: etree._Element, document: Document) -> None:
    _money(node, "cbc:LineExtensionAmount", document, document.net_eur)
    _money(node, "cbc:TaxExclusiveAmount", document, document.net_eur)
    _money(node, "cbc:TaxInclusiveAmount", document, document.gross_eur)
    if document.paid_eur:
        _money(node, "cbc:PrepaidAmount", document, document.paid_eur)
    _money(node, "cbc:PayableAmount", document, document.payable_eur)


def _line(node: etree._Element, document: Document, line: Line, kind: str) -> None:
    billed = meaning.billed(line)
    _put(node, "cbc:ID", str(line.number))
    _put(node, "cbc:Note", meaning.line_note(line))
    quantity = "cbc:CreditedQuantity" if kind == "CreditNote" else "cbc:InvoicedQuantity"
    _put(node, quantity, number(billed.quantity), unitCode=billed.unit)
    _money(node, "cbc:LineExtensionAmount", document, line.net_eur)
    _period(node, line.period)
    item = _group(node, "cac:Item")
    _put(item, "cbc:Description", line.detail)
    _put(item, "cbc:Name", line.label)
    if line.code:
        _put(_group(item, "cac:SellersItemIdentification"), "cbc:ID", line.code)
    category = _group(item, "cac:ClassifiedTaxCategory")
    _put(category, "cbc:ID", line.vat_category)
    if line.vat_category != "O":
        _put(category, "cbc:Percent", amount(line.vat_rate))
    _put(_group(category, "cac:TaxScheme"), "cbc:ID", "VAT")
    for title, value in meaning.characteristics(line):
        characteristic = _group(item, "cac:AdditionalItemProperty")
        _put(characteristic, "cbc:Name", title)
        _put(characteristic, "cbc:Value", value)
    net_price = _group(node, "cac:Price")
    _put(net_price, "cbc:PriceAmount", price(line.unit_price_eur), currencyID=document.currency)
    if billed.base is not None:
        _put(net_price, "cbc:BaseQuantity", str(billed.base), unitCode=billed.unit)


def _period(node: etree._Element, period: Period | None, due_code: str = "") -> None:
    """BG-14; the document's one also says when VAT falls due (BT-8)."""
    if period is None and not due_code:
        return
    invoice_period = _group(node, "cac:InvoicePeriod")
    if period is not None:
        _day(invoice_period, "cbc:StartDate", period.start)
        _day(invoice_period, "cbc:EndDate", period.end)
    _put(invoice_period, "cbc:DescriptionCode", due_code)


def _day(node: etree._Element, tag: str, day: date) -> None:
    _put(node, tag, day.isoformat())


def _money(node: etree._Element, tag: str, document: Document, value: Decimal) -> None:
    _put(node, tag, amount(value), currencyID=document.currency)


@lru_cache(maxsize=256)
def _name(tag: str) -> str:
    prefix, _, local = tag.partition(":")
    return f"{{{_NAMESPACES[prefix]}}}{local}"


def _group(parent: etree._Element, tag: str) -> etree._Element:
    return etree.SubElement(parent, _name(tag))


def _put(parent: etree._Element, tag: str, text: str, **attributes: str) -> None:
    if text:
        etree.SubElement(parent, _name(tag), attributes).text = text
