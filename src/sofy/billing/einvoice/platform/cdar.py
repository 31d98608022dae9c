"""Status messages, UN/CEFACT CDAR D22B: read those that come, write the one the seller owes (212, collected)."""

from datetime import UTC, datetime
from decimal import Decimal

from lxml import etree

from sofy.billing.document import Document
from sofy.billing.einvoice import meaning
from sofy.billing.einvoice.platform.life import STATUSES, Event
from sofy.kernel.clock import PARIS

_UN = "urn:un:unece:uncefact:data:standard"
_NAMESPACES = {
    "rsm": f"{_UN}:CrossDomainAcknowledgementAndResponse:100",
    "ram": f"{_UN}:ReusableAggregateBusinessInformationEntity:100",
    "qdt": f"{_UN}:QualifiedDataType:100",
    "udt": f"{_UN}:UnqualifiedDataType:100",
}
_PROFILE = "urn.cpro.gouv.fr:1p0:CDV:invoice"
_COLLECTED = 212
_LARGEST = 2 << 20


class Unreadable(ValueError):
    """A status message that makes no sense: it is kept for a person, and changes nothing."""


def read(data: bytes) -> list[Event]:
    """What a message says of which invoices.

    Raises: Unreadable
    """
    if len(data) > _LARGEST:
        raise Unreadable("the status message is too large")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Unreadable("the status message is not XML") from error
    if root.getroottree().docinfo.doctype or etree.QName(root).localname != "CrossDomainAcknowledgementAndResponse":
        raise Unreadable("this is no status message")
    message_id = _text(root, "rsm:ExchangedDocument/ram:ID")
    sent_at = _at(_text(root, "rsm:ExchangedDocument/ram:IssueDateTime/udt:DateTimeString"))
    events = [
        _event(reference, message_id, _of(acknowledgement, sent_at))
        for acknowledgement in root.iterfind("rsm:AcknowledgementDocument", _NAMESPACES)
        for reference in acknowledgement.iterfind("ram:ReferenceReferencedDocument", _NAMESPACES)
    ]
    if not message_id or not events:
        raise Unreadable("the status message has no number, or is about no invoice")
    return events


def _of(acknowledgement: etree._Element, sent_at: datetime | None) -> datetime:
    at = _at(_text(acknowledgement, "ram:IssueDateTime/udt:DateTimeString")) or sent_at
    if at is None:
        raise Unreadable("the status message has no date")
    return at


def _event(reference: etree._Element, message_id: str, at: datetime) -> Event:
    number, code = _text(reference, "ram:IssuerAssignedID"), _text(reference, "ram:ProcessConditionCode")
    if not number or not code.isascii() or not code.isdigit() or int(code) not in STATUSES:
        raise Unreadable("the status message names no invoice, or a status that is not known")
    return Event(
        message_id=message_id,
        number=number,
        code=int(code),
        at=at,
        reason_code=_text(reference, "ram:SpecifiedDocumentStatus/ram:ReasonCode"),
        reason=_text(reference, "ram:SpecifiedDocumentStatus/ram:Reason"),
    )


def _text(node: etree._Element, path: str) -> str:
    return (node.findtext(path, "", _NAMESPACES) or "").strip()


def _at(text: str) -> datetime | None:
    """Formats 204 and 102. No zone is said: it is the time of France."""
    for form in ("%Y%m%d%H%M%S", "%Y%m%d%H%M", "%Y%m%d"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=PARIS).astimezone(UTC)
        except ValueError:
            continue
    return None


def collected(document: Document, by_rate: dict[Decimal, Decimal], *, at: datetime, message_id: str) -> bytes:
    """Status 212: what was collected of an invoice, VAT included, by rate.

    Owed where VAT falls due on receipts. Unit: EUR; a return by the bank is a negative amount.
    """
    root = etree.Element(_name("rsm:CrossDomainAcknowledgementAndResponse"), nsmap=_NAMESPACES)
    context = _group(root, "rsm:ExchangedDocumentContext")
    _put(_group(context, "ram:BusinessProcessSpecifiedDocumentContextParameter"), "ram:ID", "REGULATED")
    _put(_group(context, "ram:GuidelineSpecifiedDocumentContextParameter"), "ram:ID", _PROFILE)
    exchanged = _group(root, "rsm:ExchangedDocument")
    _put(exchanged, "ram:ID", message_id)
    _moment(exchanged, at)
    issuer = _group(exchanged, "ram:IssuerTradeParty")
    _put(issuer, "ram:GlobalID", document.seller.party.siren, schemeID="0002")
    _put(issuer, "ram:RoleCode", "SE")
    recipient = _group(exchanged, "ram:RecipientTradeParty")
    _put(recipient, "ram:GlobalID", document.buyer.siren, schemeID="0002")
    _put(recipient, "ram:RoleCode", "BY")
    acknowledgement = _group(root, "rsm:AcknowledgementDocument")
    _put(_group(acknowledgement, "ram:MultipleReferencesIndicator"), "udt:Indicator", "false")
    _put(acknowledgement, "ram:TypeCode", "23")
    _moment(acknowledgement, at)
    reference = _group(acknowledgement, "ram:ReferenceReferencedDocument")
    _put(reference, "ram:IssuerAssignedID", document.number)
    _put(reference, "ram:StatusCode", "47")
    _put(reference, "ram:TypeCode", meaning.TYPE_CODES[document.kind])
    issued = _group(reference, "ram:FormattedIssueDateTime")
    _put(issued, "qdt:DateTimeString", f"{document.issued_on:%Y%m%d}", format="102")
    _put(reference, "ram:ProcessConditionCode", str(_COLLECTED))
    _put(reference, "ram:ProcessCondition", STATUSES[_COLLECTED].french)
    status = _group(reference, "ram:SpecifiedDocumentStatus")
    for rate, amount in sorted(by_rate.items()):
        part = _group(status, "ram:SpecifiedDocumentCharacteristic")
        _put(part, "ram:TypeCode", "MEN")
        _put(part, "ram:ValuePercent", meaning.amount(rate))
        _put(part, "ram:ValueAmount", meaning.amount(amount), currencyID=document.currency)
    written: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return written


def _moment(parent: etree._Element, at: datetime) -> None:
    text = f"{at.astimezone(PARIS):%Y%m%d%H%M%S}"
    _put(_group(parent, "ram:IssueDateTime"), "udt:DateTimeString", text, format="204")


def _name(tag: str) -> str:
    prefix, _, local = tag.partition(":")
    return f"{{{_NAMESPACES[prefix]}}}{local}"


def _group(parent: etree._Element, tag: str) -> etree._Element:
    return etree.SubElement(parent, _name(tag))


def _put(parent: etree._Element, tag: str, text: str, **attributes: str) -> None:
    if text:
        etree.SubElement(parent, _name(tag), attributes).text = text
