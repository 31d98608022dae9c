"""A Factur-X file: what is inside comes out again, other libraries read it, and it stays archivable."""

import contextlib
import hashlib
import io
import re
from functools import cache
from typing import Any

import facturx as reader
import msgspec
import pikepdf
import pypdf
import pytest
import typst
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from sofy.billing.einvoice import cii
from sofy.billing.einvoice.facturx import NotArchivable, embed, xml_of
from sofy.billing.tests import factories

FX = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
SPACES = {
    "fx": FX,
    "dc": "http://purl.org/dc/elements/1.1/",
    "pdf": "http://ns.adobe.com/pdf/1.3/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "pdfaid": "http://www.aiim.org/pdfa/ns/id/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "pdfaProperty": "http://www.aiim.org/pdfa/ns/property#",
    "pdfaSchema": "http://www.aiim.org/pdfa/ns/schema#",
}
SOURCE = """
#set document(title: "Facture", author: "OPTIMA FRANCE", date: datetime(year: 2026, month: 6, day: 1))
#set text(lang: "fr")
= Facture FA-2026-000123
Total : 1 200,00 EUR
"""


@cache
def paper(standard: Any = "a-3b") -> bytes:
    return typst.compile(SOURCE.encode(), format="pdf", pdf_standards=[standard] if standard else [])


def made() -> bytes:
    document = factories.document()
    return embed(paper(), cii.build(document), document)


@cache
def parsed() -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(made()))


def xmp(path: str) -> list[str]:
    root = etree.fromstring(parsed().Root.Metadata.read_bytes())
    return [node.text for node in root.xpath(path, namespaces=SPACES)]


def test_what_went_in_comes_out():
    xml = cii.build(factories.document())

    assert xml_of(made()) == xml


def test_equal_inputs_give_equal_bytes():
    assert made() == made()


def test_the_factur_x_package_reads_it_and_finds_it_valid():
    name, xml = reader.get_xml_from_pdf(made(), check_xsd=True, check_schematron=False)

    assert name == "factur-x.xml"
    assert xml == cii.build(factories.document())
    assert reader.get_level(etree.fromstring(xml)) == "en16931"


def test_pypdf_reads_it():
    pages = pypdf.PdfReader(io.BytesIO(made()))

    assert pages.attachments["factur-x.xml"] == [cii.build(factories.document())]
    assert "1 200,00 EUR" in pages.pages[0].extract_text()
    assert pages.metadata is not None
    assert pages.metadata.title == "Facture FA-2026-000123"


def test_the_attachment_is_an_alternative_that_readers_find_by_name_and_by_relation():
    root = parsed().Root
    (spec,) = list(root.AF)
    name, named = list(root.Names.EmbeddedFiles.Names)

    assert str(name) == str(spec.F) == str(spec.UF) == "factur-x.xml"
    assert named.objgen == spec.objgen
    assert spec.AFRelationship == "/Alternative"
    assert spec.EF.F.objgen == spec.EF.UF.objgen
    assert spec.EF.F.Subtype == "/text/xml"
    data = spec.EF.F.read_bytes()
    assert int(spec.EF.F.Params.Size) == len(data)
    assert bytes(spec.EF.F.Params.CheckSum) == hashlib.md5(data, usedforsecurity=False).digest()


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("//pdfaid:part", ["3"]),
        ("//pdfaid:conformance", ["B"]),
        ("//fx:DocumentType", ["INVOICE"]),
        ("//fx:DocumentFileName", ["factur-x.xml"]),
        ("//fx:Version", ["1.0"]),
        ("//fx:ConformanceLevel", ["EN 16931"]),
        ("//pdfaSchema:namespaceURI", [FX]),
        ("//pdfaSchema:prefix", ["fx"]),
        ("//pdfaProperty:name", ["DocumentFileName", "DocumentType", "Version", "ConformanceLevel"]),
        ("//dc:title//rdf:li", ["Facture FA-2026-000123"]),
        ("//dc:creator//rdf:li", ["OPTIMA FRANCE"]),
        ("//xmp:CreateDate", ["2026-06-01T00:00:00Z"]),
    ],
)
def test_the_metadata_say_what_pdf_a_and_factur_x_want(path, wanted):
    assert xmp(path) == wanted


def test_it_stays_a_pdf_a():
    pdf = parsed()
    info = pdf.trailer.Info

    assert pdf.check_pdf_syntax() == []
    assert not pdf.is_encrypted
    assert pdf.Root.OutputIntents[0].S == "/GTS_PDFA1"
    assert len(pdf.trailer.ID) == 2
    assert (str(info.Title), str(info.Author)) == ("Facture FA-2026-000123", "OPTIMA FRANCE")
    assert xmp("//pdf:Producer") == [str(info.Producer)]
    assert str(info.CreationDate) == "D:20260601000000Z"
    assert "/Filter" not in pdf.Root.Metadata
    assert pdf.Root.Metadata.read_bytes().startswith(b'<?xpacket begin="\xef\xbb\xbf"')
    assert re.match(rb"%PDF-1\.7\n%[\x80-\xff]{4}", made())
    assert pdf.pdf_version == "1.7"


def test_fonts_are_all_inside():
    fonts = [thing for thing in parsed().objects if isinstance(thing, pikepdf.Dictionary) and "/FontName" in thing]

    assert fonts
    assert all("/FontFile3" in font or "/FontFile2" in font for font in fonts)


def test_a_title_with_markup_stays_text():
    seller = msgspec.structs.replace(
        factories.SELLER, party=msgspec.structs.replace(factories.SELLER.party, name="A & B <SARL>")
    )
    document = factories.document(seller=seller)

    pdf = pikepdf.open(io.BytesIO(embed(paper(), cii.build(document), document)))

    root = etree.fromstring(pdf.Root.Metadata.read_bytes())
    assert root.xpath("//dc:creator//rdf:li", namespaces=SPACES)[0].text == "A & B <SARL>"


@pytest.mark.parametrize(
    ("case", "pdf"),
    [
        ("no PDF", b"hello"),
        ("nothing", b""),
        ("not archivable", paper(None)),
        ("another part", paper("a-2b")),
        ("made already", made()),
    ],
)
def test_what_cannot_become_a_factur_x_is_refused(case, pdf):
    document = factories.document()

    with pytest.raises(NotArchivable):
        embed(pdf, cii.build(document), document)


def test_a_pdf_without_xml_says_so():
    with pytest.raises(NotArchivable, match="no factur-x"):
        xml_of(paper())


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_damaged_pdf_is_refused_or_read_and_breaks_nothing(data):
    whole = bytearray(data.draw(st.sampled_from([paper(), made()])))
    for _ in range(data.draw(st.integers(1, 20))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    document = factories.document()

    for act in (lambda: embed(bytes(whole), b"<x/>", document), lambda: xml_of(bytes(whole))):
        with contextlib.suppress(NotArchivable):
            act()
