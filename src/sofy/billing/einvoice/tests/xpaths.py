"""Where the business terms of EN 16931 are in each syntax, for tests that read what was written."""

from lxml import etree

CII = {
    "rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "qdt": "urn:un:unece:uncefact:data:standard:QualifiedDataType:100",
    "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
}
UBL = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}


def texts(xml: bytes, path: str) -> list[str]:
    """What a path finds, as texts."""
    found = etree.fromstring(xml).xpath(path, namespaces=CII | UBL)
    return [node if isinstance(node, str) else "".join(node.itertext()).strip() for node in found]


def empty_elements(xml: bytes) -> list[str]:
    """Elements with neither text nor children, of which platforms warn."""
    return [node.tag for node in etree.fromstring(xml).iter() if len(node) == 0 and not (node.text or "").strip()]
