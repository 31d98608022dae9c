"""What the simulated platform holds: files that came and messages that go back, by the moment they changed."""

import hashlib
import io
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pikepdf
from lxml import etree

from sofy.kernel import clock
from sofy.kernel.ids import uuid7

_RAM = "{urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100}"
_RSM = "{urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100}"
_CBC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"
_NAMES = {
    200: "Déposée", 202: "Reçue par la plateforme", 203: "Mise à disposition", 204: "Prise en charge", 205: "Approuvée",
    206: "Approuvée partiellement", 207: "En litige", 208: "Suspendue", 210: "Refusée", 211: "Paiement transmis",
    213: "Rejetée",
}  # fmt: skip
_CDAR = """<?xml version="1.0" encoding="UTF-8"?>
<rsm:CrossDomainAcknowledgementAndResponse
 xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossDomainAcknowledgementAndResponse:100"
 xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
 xmlns:udt="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100">
 <rsm:ExchangedDocument><ram:ID/><ram:IssueDateTime><udt:DateTimeString format="204"/></ram:IssueDateTime>
 </rsm:ExchangedDocument>
 <rsm:AcknowledgementDocument><ram:TypeCode>23</ram:TypeCode>
  <ram:ReferenceReferencedDocument><ram:IssuerAssignedID/><ram:TypeCode>380</ram:TypeCode>
  <ram:ProcessConditionCode/><ram:ProcessCondition/></ram:ReferenceReferencedDocument>
 </rsm:AcknowledgementDocument>
</rsm:CrossDomainAcknowledgementAndResponse>"""


class Held(msgspec.Struct):
    """One flow. `direction` as the client sees it: In is what it receives."""

    flow_id: str
    tracking_id: str
    name: str
    form: str
    direction: str
    content: bytes
    updated_at: datetime
    status: str = "Pending"
    details: list[dict[str, str]] = []

    def metadata(self) -> dict[str, Any]:
        """As the standard writes it."""
        at = self.updated_at.isoformat().replace("+00:00", "Z")
        kind = "CustomerInvoiceLC" if self.form == "CDAR" else "CustomerInvoice"
        return {
            "flowId": self.flow_id,
            "submittedAt": at,
            "updatedAt": at,
            "trackingId": self.tracking_id,
            "name": self.name,
            "flowType": kind,
            "flowSyntax": self.form,
            "flowDirection": self.direction,
            "acknowledgement": {"status": self.status, "details": self.details},
        }


class Ledger:
    """All flows, and the numbers of invoices that each seller has used."""

    def __init__(self) -> None:
        self.flows: dict[str, Held] = {}
        self.numbers: dict[tuple[str, str], str] = {}
        self._last: datetime | None = None

    def take(self, info: dict[str, str], content: bytes) -> Held:
        """Keep a file and judge it."""
        held = self._keep(info.get("trackingId", ""), info.get("name", ""), info["flowSyntax"], "Out", content)
        if held.form == "CDAR":
            held.status = "Ok" if b"ProcessConditionCode" in content else "Error"
            return held
        try:
            seller, number = _who(content)
        except (ValueError, pikepdf.PdfError, etree.LxmlError):
            return self._reject(held, "", "IRR_SYNTAX", "Le fichier ne peut pas être lu")
        if hashlib.sha256(content).hexdigest() != info.get("sha256", ""):
            return self._reject(held, number, "IRR_EMPREINTE", "L'empreinte du fichier ne correspond pas")
        if (seller, number) in self.numbers:
            return self._reject(held, number, "REJ_UNI", "Ce numéro de facture a déjà été déposé")
        self.numbers[seller, number] = held.flow_id
        held.status = "Ok"
        for code in (200, 202, 203):
            self.say(number, code)
        return held

    def say(self, number: str, code: int, reason_code: str = "", reason: str = "") -> Held:
        """A status message to the seller."""
        message_id = f"{number}_{code}_{uuid7()}"
        root = etree.fromstring(_CDAR.encode())
        values = {"ID": message_id, "IssuerAssignedID": number}
        values |= {"ProcessConditionCode": str(code), "ProcessCondition": _NAMES[code]}
        for tag, text in values.items():
            root.find(f".//{_RAM}{tag}").text = text
        moment = next(node for node in root.iter() if node.tag.endswith("DateTimeString"))
        moment.text = f"{clock.now().astimezone(clock.PARIS):%Y%m%d%H%M%S}"
        if reason_code or reason:
            status = etree.SubElement(
                root.find(f".//{_RAM}ReferenceReferencedDocument"), f"{_RAM}SpecifiedDocumentStatus"
            )
            etree.SubElement(status, f"{_RAM}ReasonCode").text = reason_code
            etree.SubElement(status, f"{_RAM}Reason").text = reason
        held = self._keep(message_id, f"{message_id}.xml", "CDAR", "In", etree.tostring(root, encoding="UTF-8"))
        held.status = "Ok"
        return held

    def found(self, where: dict[str, Any], limit: int) -> list[Held]:
        """Flows that match, oldest change first."""
        after, before = where.get("updatedAfter"), where.get("updatedBefore")
        rows = [
            row
            for row in self.flows.values()
            if ("trackingId" not in where or row.tracking_id == where["trackingId"])
            and (after is None or row.updated_at > datetime.fromisoformat(after))
            and (before is None or row.updated_at < datetime.fromisoformat(before))
            and (not where.get("flowDirection") or row.direction in where["flowDirection"])
        ]
        return sorted(rows, key=lambda row: row.updated_at)[:limit]

    def _keep(self, tracking_id: str, name: str, form: str, direction: str, content: bytes) -> Held:
        """Moments differ, so that nobody who asks for what is newer misses one."""
        now = clock.now()
        if self._last is not None and now <= self._last:
            now = self._last + timedelta(milliseconds=2)
        self._last = now
        held = Held(str(uuid7()), tracking_id, name, form, direction, content, now)
        self.flows[held.flow_id] = held
        return held

    def _reject(self, held: Held, number: str, code: str, words: str) -> Held:
        held.status = "Error"
        held.details = [{"level": "Error", "item": held.name, "reasonCode": code, "reasonMessage": words}]
        if number:
            self.say(number, 213, code, words)
        return held


def _who(content: bytes) -> tuple[str, str]:
    """The seller's SIREN and the number of an invoice. Raises: ValueError, PdfError, LxmlError"""
    if content.startswith(b"%PDF"):
        with pikepdf.open(io.BytesIO(content)) as pdf:
            if "factur-x.xml" not in pdf.attachments:
                raise ValueError("no factur-x.xml inside")
            content = pdf.attachments["factur-x.xml"].get_file().read_bytes()
    root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    if root.tag.endswith("CrossIndustryInvoice"):
        number = root.findtext(f"{_RSM}ExchangedDocument/{_RAM}ID") or ""
        seller = root.findtext(f".//{_RAM}SellerTradeParty/{_RAM}SpecifiedLegalOrganization/{_RAM}ID") or ""
    else:
        number = root.findtext(f"{_CBC}ID") or ""
        seller = next((node.text or "" for node in root.iter(f"{_CBC}CompanyID") if node.get("schemeID") == "0002"), "")
    if not number or not seller:
        raise ValueError("no number or no seller")
    return seller, number
