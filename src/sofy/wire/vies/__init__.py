"""VIES, the European Commission's register of VAT numbers: questions and answers as bytes and objects.

Source: checkVatService.wsdl, operation checkVatApprox (SOAP 1.1, document/literal, namespace
urn:ec.europa.eu:taxud:vies:services:checkVat:types). Who asks with a number of its own gets a consultation number, the
proof that it asked.
"""

import re
from datetime import date
from typing import Any, Final

import msgspec
from lxml import etree

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
TYPES: Final = "urn:ec.europa.eu:taxud:vies:services:checkVat:types"
#: What VIES says when it could not find out: nothing of the number follows from it.
AWAY: Final = frozenset(
    {
        "GLOBAL_MAX_CONCURRENT_REQ", "GLOBAL_MAX_CONCURRENT_REQ_TIME", "MS_MAX_CONCURRENT_REQ",
        "MS_MAX_CONCURRENT_REQ_TIME", "MS_UNAVAILABLE", "SERVICE_UNAVAILABLE", "TIMEOUT", "VAT_BLOCKED", "IP_BLOCKED",
    }
)  # fmt: skip
#: The one fault that is about the number.
MALFORMED: Final = "INVALID_INPUT"
_LARGEST: Final = 100_000
_NUMBER = re.compile(r"[0-9A-Za-z+*.]{2,12}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_CODE = re.compile(r"[A-Z_]{3,40}")


class Answered(msgspec.Struct, frozen=True):
    """What the register said. `consultation`: its proof; `name`: the trader's, where the state tells it."""

    valid: bool
    asked_on: date | None = None
    consultation: str = ""
    name: str = ""


class NoAnswer(Exception):
    """Nobody knows: the service or a member state was away, or what came was no answer. `code`: in its own words."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def parts(vat_id: str) -> tuple[str, str]:
    """Country and number, as the register takes them apart; Greece is EL.

    Raises: ValueError for what cannot be asked.
    """
    written = re.sub(r"[\s.\-]", "", vat_id).upper()
    country, number = ("EL" if written[:2] == "GR" else written[:2]), written[2:]
    if not (_COUNTRY.fullmatch(country) and _NUMBER.fullmatch(number)):
        raise ValueError("a VAT number is two letters and 2 to 12 letters or digits")
    return country, number


def question(vat_id: str, requester: str = "") -> bytes:
    """The question whether a number is valid, asked by whoever has the number `requester`.

    Raises: ValueError for what cannot be asked.
    """
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soapenv": SOAP, "v": TYPES})
    body = etree.SubElement(envelope, f"{{{SOAP}}}Body")
    asked = etree.SubElement(body, f"{{{TYPES}}}checkVatApprox")
    fields = list(zip(("countryCode", "vatNumber"), parts(vat_id), strict=True))
    if requester:
        fields += list(zip(("requesterCountryCode", "requesterVatNumber"), parts(requester), strict=True))
    for tag, text in fields:
        etree.SubElement(asked, f"{{{TYPES}}}{tag}").text = text
    written: bytes = etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")
    return written


def read(data: bytes) -> Answered:
    """The answer to a question.

    Raises: NoAnswer
    """
    root = parsed(data)
    fault = root.find(f".//{{{SOAP}}}Fault")
    if fault is not None:
        return _fault((fault.findtext("faultstring") or "").strip())
    answer = root.find(f".//{{{TYPES}}}checkVatApproxResponse")
    if answer is None:
        raise NoAnswer("UNREADABLE")
    valid = _text(answer, "valid").lower()
    try:
        asked_on = date.fromisoformat(_text(answer, "requestDate")[:10])
    except ValueError:
        raise NoAnswer("UNREADABLE") from None
    if valid not in ("true", "false", "1", "0"):
        raise NoAnswer("UNREADABLE")
    name = _text(answer, "traderName")
    return Answered(
        valid in ("true", "1"), asked_on, _text(answer, "requestIdentifier"), "" if name == "---" else name
    )  # fmt: skip


def _fault(code: str) -> Answered:
    if code == MALFORMED:
        return Answered(False)
    raise NoAnswer(code if _CODE.fullmatch(code) else "UNREADABLE")


def _text(answer: Any, tag: str) -> str:
    return (answer.findtext(f"{{{TYPES}}}{tag}") or "").strip()


def parsed(data: bytes) -> Any:
    """The XML of somebody else: no entities, no document types, nothing fetched, nothing large.

    Raises: NoAnswer
    """
    if len(data) > _LARGEST or b"<!DOCTYPE" in data:
        raise NoAnswer("UNREADABLE")
    reader = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(data, reader)
    except (etree.XMLSyntaxError, ValueError):
        raise NoAnswer("UNREADABLE") from None
