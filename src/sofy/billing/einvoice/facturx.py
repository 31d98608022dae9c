"""A PDF and its CII as one Factur-X file: PDF/A-3 for people, with the XML inside for machines.

Equal inputs give equal bytes: the file can be made again from the frozen document at any time.
Source: Factur-X 1.0.7 (6.2, 6.3), ISO 19005-3 (6.6, 6.8).
"""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from xml.sax.saxutils import escape

import pikepdf
from lxml import etree
from pikepdf import Array, Dictionary, Name, String

from sofy.billing.document import Document

FILE_NAME = "factur-x.xml"
PRODUCER = "Sofy"

#: What the PDF shows is what the XML says, so each stands for the other (6.2.2; "Data" is for profiles below BASIC).
RELATIONSHIP = Name.Alternative

_TITLES = {"invoice": "Facture", "credit_note": "Avoir", "debit_note": "Note de débit"}
_PDFA = "{http://www.aiim.org/pdfa/ns/id/}"


class NotArchivable(ValueError):
    """The PDF cannot become a Factur-X: it is no PDF/A-3, or carries files of its own."""


def embed(pdf: bytes, xml: bytes, document: Document) -> bytes:
    """The Factur-X of a document, from its PDF/A-3 and its CII.

    Raises: NotArchivable
    """
    title = f"{_TITLES[document.kind]} {document.number}"
    with _opened(pdf) as paper:
        conformance = _conformance(paper)
        _attach(paper, xml, document.issued_on)
        author = document.seller.party.name
        paper.trailer.Info = paper.make_indirect(
            Dictionary(
                Title=String(title),
                Author=String(author),
                Producer=String(PRODUCER),
                CreationDate=String(_pdf_date(document.issued_on)),
                ModDate=String(_pdf_date(document.issued_on)),
            )
        )
        metadata = pikepdf.Stream(paper, _metadata(title, author, document.issued_on, conformance))
        metadata.Type, metadata.Subtype = Name.Metadata, Name.XML
        paper.Root.Metadata = paper.make_indirect(metadata)
        out = io.BytesIO()
        paper.save(out, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return out.getvalue()


def xml_of(pdf: bytes) -> bytes:
    """The XML inside a Factur-X file.

    Raises: NotArchivable when there is none.
    """
    with _opened(pdf) as paper:
        if FILE_NAME not in paper.attachments:
            raise NotArchivable("the PDF has no factur-x.xml inside")
        return paper.attachments[FILE_NAME].get_file().read_bytes()


@contextmanager
def _opened(pdf: bytes) -> Iterator[pikepdf.Pdf]:
    """A PDF while something is done with it. A damaged one opens, and breaks where one looks: that is one error."""
    try:
        with pikepdf.open(io.BytesIO(pdf)) as paper:
            yield paper
    except NotArchivable:
        raise
    except (pikepdf.PdfError, pikepdf.DataDecodingError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise NotArchivable("this is not a PDF that can be read") from error


def _conformance(paper: pikepdf.Pdf) -> str:
    """A or B or U, as the PDF says of itself: to archive is asked of who made it, here it is only kept.

    Raises: NotArchivable
    """
    if paper.is_encrypted:
        raise NotArchivable("an encrypted PDF cannot be archived")
    if len(paper.attachments) or Name.AF in paper.Root:
        raise NotArchivable("the PDF has files of its own inside")
    if Name.Metadata not in paper.Root or Name.OutputIntents not in paper.Root:
        raise NotArchivable("the PDF does not say that it is a PDF/A-3")
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(paper.Root.Metadata.read_bytes(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NotArchivable("the PDF's metadata cannot be read") from error
    part, conformance = root.findtext(f".//{_PDFA}part"), root.findtext(f".//{_PDFA}conformance")
    if part != "3" or conformance not in ("A", "B", "U"):
        raise NotArchivable("the PDF does not say that it is a PDF/A-3")
    return str(conformance)


def _attach(paper: pikepdf.Pdf, xml: bytes, day: date) -> None:
    stream = pikepdf.Stream(paper, xml)
    stream.Type, stream.Subtype = Name.EmbeddedFile, Name("/text/xml")
    digest = hashlib.md5(xml, usedforsecurity=False).digest()
    stream.Params = Dictionary(Size=len(xml), ModDate=String(_pdf_date(day)), CheckSum=String(digest))
    file = paper.make_indirect(stream)
    spec = paper.make_indirect(
        Dictionary(
            Type=Name.Filespec,
            F=String(FILE_NAME),
            UF=String(FILE_NAME),
            Desc=String("Factur-X invoice"),
            AFRelationship=RELATIONSHIP,
            EF=Dictionary(F=file, UF=file),
        )
    )
    names = paper.Root.get(Name.Names, Dictionary())
    names.EmbeddedFiles = Dictionary(Names=Array([String(FILE_NAME), spec]))
    paper.Root.Names = names
    paper.Root.AF = paper.make_indirect(Array([spec]))


def _pdf_date(day: date) -> str:
    return f"D:{day:%Y%m%d}000000Z"


def _metadata(title: str, author: str, day: date, conformance: str) -> bytes:
    """The XMP: what PDF/A wants said of the file, and what Factur-X wants said of the XML inside."""
    values = {
        "title": escape(title),
        "author": escape(author),
        "producer": PRODUCER,
        "day": f"{day.isoformat()}T00:00:00Z",
        "conformance": conformance,
        "file": FILE_NAME,
        "properties": "".join(_PROPERTY.format(name=name, text=text) for name, text in _PROPERTIES),
    }
    return _XMP.format(**values).encode()


_PROPERTIES = (
    ("DocumentFileName", "The name of the embedded XML document"),
    ("DocumentType", "The type of the hybrid document in capital letters, e.g. INVOICE or ORDER"),
    ("Version", "The actual version of the standard applying to the embedded XML document"),
    ("ConformanceLevel", "The conformance level of the embedded XML document"),
)
_PROPERTY = """
           <rdf:li rdf:parseType="Resource">
            <pdfaProperty:name>{name}</pdfaProperty:name>
            <pdfaProperty:valueType>Text</pdfaProperty:valueType>
            <pdfaProperty:category>external</pdfaProperty:category>
            <pdfaProperty:description>{text}</pdfaProperty:description>
           </rdf:li>"""
_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
   <pdfaid:part>3</pdfaid:part>
   <pdfaid:conformance>{conformance}</pdfaid:conformance>
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
   <dc:format>application/pdf</dc:format>
   <dc:language><rdf:Bag><rdf:li>fr</rdf:li></rdf:Bag></dc:language>
   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
   <dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/">
   <xmp:CreateDate>{day}</xmp:CreateDate>
   <xmp:ModifyDate>{day}</xmp:ModifyDate>
   <pdf:Producer>{producer}</pdf:Producer>
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:fx="urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#">
   <fx:DocumentType>INVOICE</fx:DocumentType>
   <fx:DocumentFileName>{file}</fx:DocumentFileName>
   <fx:Version>1.0</fx:Version>
   <fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>
  </rdf:Description>
  <rdf:Description rdf:about=""
    xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
    xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"
    xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
   <pdfaExtension:schemas>
    <rdf:Bag>
     <rdf:li rdf:parseType="Resource">
      <pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>
      <pdfaSchema:namespaceURI>urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#</pdfaSchema:namespaceURI>
      <pdfaSchema:prefix>fx</pdfaSchema:prefix>
      <pdfaSchema:property>
       <rdf:Seq>{properties}
       </rdf:Seq>
      </pdfaSchema:property>
     </rdf:li>
    </rdf:Bag>
   </pdfaExtension:schemas>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""
