"""A document as UN/CEFACT CII D22B, profile EN 16931: the XML inside a Factur-X.

Equal documents have equal bytes. Nothing is computed here but the days of a share; elements without content are left
out, because a platform warns of each. Source: EN 16931-1, CEN/TS 16931-3-3, XP Z12-012.
"""

from datetime import date
from functools import lru_cache

from lxml import etree

from sofy.billing.document import Document, Line, Origin, Party, Period, Vat
from sofy.billing.einvoice import meaning
from sofy.billing.einvoice.meaning import amount, number, price

_UN = "urn:un:unece:uncefact:data"
_NAMESPACES = {
    "rsm": f"{_UN}:standard:CrossIndustryInvoice:100",
    "ram": f"{_UN}:standard:ReusableAggregateBusinessInformationEntity:100",
    "qdt": f"{_UN}:standard:QualifiedDataType:100",
    "udt": f"{_UN}:standard:UnqualifiedDataType:100",
}

#: BT-8 in CII: UNTDID 2475.
_DUE_CODES = {"debits": "5", "receipts": "72"}

_DAY = "102"


def build(document: Document) -> bytes:
    """The CII of a document, as UTF-8.

    Raises: ValueError when a text holds characters that XML has not (the oracle names them).
    """
    root = etree.Element(_name("rsm:CrossIndustryInvoice"), nsmap=_NAMESPACES)
    context = _group(root, "rsm:ExchangedDocumentContext")
    _put(_group(context, "ram:BusinessProcessSpecifiedDocumentContextParameter"), "ram:ID", meaning.process(document))
    _put(_group(context, "ram:GuidelineSpecifiedDocumentContextParameter"), "ram:ID", meaning.PROFILE)
    _header(_group(root, "rsm:ExchangedDocument"), document)
    transaction = _group(root, "rsm:SupplyChainTradeTransaction")
    for line in document.lines:
        _line(_group(transaction, "ram:IncludedSupplyChainTradeLineItem"), line)
    _agreement(_group(transaction, "ram:ApplicableHeaderTradeAgreement"), document)
    _delivery(_group(transaction, "ram:ApplicableHeaderTradeDelivery"), document)
    _settlement(_group(transaction, "ram:ApplicableHeaderTradeSettlement"), document)
    written: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return written


def _header(node: etree._Element, document: Document) -> None:
    _put(node, "ram:ID", document.number)
    _put(node, "ram:TypeCode", meaning.TYPE_CODES[document.kind])
    _day(node, "ram:IssueDateTime", document.issued_on)
    for note in document.notes:
        included = _group(node, "ram:IncludedNote")
        _put(included, "ram:Content", note.text)
        _put(included, "ram:SubjectCode", note.code)


def _line(node: etree._Element, line: Line) -> None:
    document = _group(node, "ram:AssociatedDocumentLineDocument")
    _put(document, "ram:LineID", str(line.number))
    _put(_group(document, "ram:IncludedNote"), "ram:Content", meaning.line_note(line))
    product = _group(node, "ram:SpecifiedTradeProduct")
    _put(product, "ram:SellerAssignedID", line.code)
    _put(product, "ram:Name", line.label)
    _put(product, "ram:Description", line.detail)
    for title, value in meaning.characteristics(line):
        characteristic = _group(product, "ram:ApplicableProductCharacteristic")
        _put(characteristic, "ram:Description", title)
        _put(characteristic, "ram:Value", value)
    billed = meaning.billed(line)
    net_price = _group(_group(node, "ram:SpecifiedLineTradeAgreement"), "ram:NetPriceProductTradePrice")
    _put(net_price, "ram:ChargeAmount", price(line.unit_price_eur))
    if billed.base is not None:
        _put(net_price, "ram:BasisQuantity", str(billed.base), unitCode=billed.unit)
    delivery = _group(node, "ram:SpecifiedLineTradeDelivery")
    _put(delivery, "ram:BilledQuantity", number(billed.quantity), unitCode=billed.unit)
    settlement = _group(node, "ram:SpecifiedLineTradeSettlement")
    tax = _group(settlement, "ram:ApplicableTradeTax")
    _put(tax, "ram:TypeCode", "VAT")
    _put(tax, "ram:CategoryCode", line.vat_category)
    if line.vat_category != "O":
        _put(tax, "ram:RateApplicablePercent", amount(line.vat_rate))
    _period(settlement, line.period)
    summation = _group(settlement, "ram:SpecifiedTradeSettlementLineMonetarySummation")
    _put(summation, "ram:LineTotalAmount", amount(line.net_eur))


def _agreement(node: etree._Element, document: Document) -> None:
    _put(node, "ram:BuyerReference", document.buyer_reference)
    shown = not meaning.outside_scope(document)
    legal = meaning.legal_information(document.seller)
    _party(_group(node, "ram:SellerTradeParty"), document.seller.party, vat_shown=shown, description=legal)
    _party(_group(node, "ram:BuyerTradeParty"), document.buyer, vat_shown=shown)
    if document.purchase_order:
        _put(_group(node, "ram:BuyerOrderReferencedDocument"), "ram:IssuerAssignedID", document.purchase_order)
    if document.order_form:
        _put(_group(node, "ram:ContractReferencedDocument"), "ram:IssuerAssignedID", document.order_form)


def _party(node: etree._Element, party: Party, *, vat_shown: bool, description: str = "") -> None:
    _put(node, "ram:GlobalID", party.siret, schemeID="0009")
    _put(node, "ram:Name", party.name)
    _put(node, "ram:Description", description)
    if party.siren:
        _put(_group(node, "ram:SpecifiedLegalOrganization"), "ram:ID", party.siren, schemeID="0002")
    if party.email:
        contact = _group(node, "ram:DefinedTradeContact")
        _put(_group(contact, "ram:EmailURIUniversalCommunication"), "ram:URIID", party.email)
    address = _group(node, "ram:PostalTradeAddress")
    _put(address, "ram:PostcodeCode", party.address.postcode)
    for tag, text in zip(("ram:LineOne", "ram:LineTwo"), meaning.street_lines(party.address), strict=False):
        _put(address, tag, text)
    _put(address, "ram:CityName", party.address.town)
    _put(address, "ram:CountryID", party.address.country)
    if party.electronic_address:
        electronic = _group(node, "ram:URIUniversalCommunication")
        _put(electronic, "ram:URIID", party.electronic_address, schemeID=party.electronic_scheme)
    if vat_shown and party.vat_id:
        _put(_group(node, "ram:SpecifiedTaxRegistration"), "ram:ID", party.vat_id, schemeID="VA")


def _delivery(node: etree._Element, document: Document) -> None:
    """BT-72. The element is mandatory and may not be empty."""
    event = _group(node, "ram:ActualDeliverySupplyChainEvent")
    _day(event, "ram:OccurrenceDateTime", meaning.supplied_on(document))


def _settlement(node: etree._Element, document: Document) -> None:
    payment = document.payment
    pays = meaning.says_how_to_pay(document)
    debit = pays and payment.means == "sepa_debit"
    if debit:
        _put(node, "ram:CreditorReferenceID", document.seller.creditor_id)
    if pays:
        _put(node, "ram:PaymentReference", payment.reference)
    _put(node, "ram:InvoiceCurrencyCode", document.currency)
    if pays:
        _means(_group(node, "ram:SpecifiedTradeSettlementPaymentMeans"), document)
    for vat in document.vat:
        _tax(_group(node, "ram:ApplicableTradeTax"), vat, _DUE_CODES[document.vat_on])
    _period(node, document.period)
    terms = _group(node, "ram:SpecifiedTradePaymentTerms")
    _put(terms, "ram:Description", meaning.payment_terms(document))
    if pays:
        _day(terms, "ram:DueDateDateTime", payment.due_on)
    if debit:
        _put(terms, "ram:DirectDebitMandateID", payment.mandate)
    _totals(_group(node, "ram:SpecifiedTradeSettlementHeaderMonetarySummation"), document)
    for origin in document.corrects:
        _origin(_group(node, "ram:InvoiceReferencedDocument"), origin)


def _means(node: etree._Element, document: Document) -> None:
    """BG-16. A debit does not name the client's account (BT-91): the mandate does, and invoices are passed around."""
    _put(node, "ram:TypeCode", meaning.means_code(document))
    seller = document.seller
    if document.payment.means == "transfer":
        account = _group(node, "ram:PayeePartyCreditorFinancialAccount")
        _put(account, "ram:IBANID", seller.iban)
        _put(account, "ram:AccountName", seller.party.name)
        if seller.bic:
            _put(_group(node, "ram:PayeeSpecifiedCreditorFinancialInstitution"), "ram:BICID", seller.bic)


def _tax(node: etree._Element, vat: Vat, due_code: str) -> None:
    _put(node, "ram:CalculatedAmount", amount(vat.vat_eur))
    _put(node, "ram:TypeCode", "VAT")
    _put(node, "ram:ExemptionReason", vat.reason)
    _put(node, "ram:BasisAmount", amount(vat.base_eur))
    _put(node, "ram:CategoryCode", vat.category)
    _put(node, "ram:ExemptionReasonCode", vat.reason_code)
    if vat.category == "S":
        _put(node, "ram:DueDateTypeCode", due_code)
    if vat.category != "O":
        _put(node, "ram:RateApplicablePercent", amount(vat.rate))


def _totals(node: etree._Element, document: Document) -> None:
    _put(node, "ram:LineTotalAmount", amount(document.net_eur))
    _put(node, "ram:TaxBasisTotalAmount", amount(document.net_eur))
    _put(node, "ram:TaxTotalAmount", amount(document.vat_eur), currencyID=document.currency)
    _put(node, "ram:GrandTotalAmount", amount(document.gross_eur))
    if document.paid_eur:
        _put(node, "ram:TotalPrepaidAmount", amount(document.paid_eur))
    _put(node, "ram:DuePayableAmount", amount(document.payable_eur))


def _origin(node: etree._Element, origin: Origin) -> None:
    _put(node, "ram:IssuerAssignedID", origin.number)
    formatted = _group(node, "ram:FormattedIssueDateTime")
    _put(formatted, "qdt:DateTimeString", f"{origin.issued_on:%Y%m%d}", format=_DAY)


def _period(node: etree._Element, period: Period | None) -> None:
    if period is not None:
        billing = _group(node, "ram:BillingSpecifiedPeriod")
        _day(billing, "ram:StartDateTime", period.start)
        _day(billing, "ram:EndDateTime", period.end)


def _day(parent: etree._Element, tag: str, day: date) -> None:
    _put(_group(parent, tag), "udt:DateTimeString", f"{day:%Y%m%d}", format=_DAY)


@lru_cache(maxsize=256)
def _name(tag: str) -> str:
    prefix, _, local = tag.partition(":")
    return f"{{{_NAMESPACES[prefix]}}}{local}"


def _group(parent: etree._Element, tag: str) -> etree._Element:
    return etree.SubElement(parent, _name(tag))


def _put(parent: etree._Element, tag: str, text: str, **attributes: str) -> None:
    if text:
        etree.SubElement(parent, _name(tag), attributes).text = text
