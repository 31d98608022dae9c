"""What all files of banks have in common: how they are opened without trusting them, and what is said of a bad one.

Source: ISO 20022 (XML messages, one namespace per message and version). A file comes from outside: entities and
document types are refused, packed files too, and nothing is fetched.
"""

import codecs
import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from lxml import etree

from sofy.kernel.errors import Refused

#: lxml says little of its types: an element is what etree makes.
Element = Any
PARIS: Final = ZoneInfo("Europe/Paris")
_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:([a-z]{4}\.\d{3})\.001\.(\d{2})")
_DECIMAL = re.compile(r"\+?(\d{1,18}(\.\d{0,5})?|\.\d{1,5})", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?=$|[Z+-])", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})?", re.ASCII)
_PACKED = (b"PK", b"\x1f\x8b", b"BZh", b"7z", b"\xfd7zXZ", b"Rar!", b"%PDF")
_ENCODINGS = frozenset({"UTF-8", "UTF8", "US-ASCII", "ASCII", "ISO-8859-1", "ISO-8859-15", "WINDOWS-1252"})
_DECLARED = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([^"']*)""")
_UTF16_DECLARED = re.compile(r"""(<\?xml[^>]*?encoding\s*=\s*["'])UTF-16(LE|BE)?(?=["'])""", re.IGNORECASE)
_FIRST_ELEMENT = re.compile(rb"<[A-Za-z_]")
_BOM = b"\xef\xbb\xbf"
_CHUNK = 1 << 16


class BankFileError(Refused):
    """A file that cannot be used: what is wrong, at which line, in which element. It never quotes the file."""

    def __init__(self, code: str, *, line: int = 0, element: str = "", **facts: Any) -> None:
        super().__init__(f"bank_file_{code}", line=line, element=element, **facts)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a file is looked at before it is refused.

    Unit: bytes of the file, bytes that are kept until they mean something, seconds of reading, payments of one entry.
    """

    most_bytes: int = 1_000_000_000
    most_piece: int = 16_000_000
    most_seconds: float = 600.0
    most_details: int = 100_000


def chunks(source: Any, limits: Limits) -> Iterator[bytes]:
    """The bytes of a file, or of a bytes object, piece by piece, within the limits.

    Raises: BankFileError empty, packed, not_xml, encoding, doctype, too_large.
    """
    total = 0
    for chunk in _of_one_byte(_pieces(source)):
        if not total:
            _look_at(chunk)
        total += len(chunk)
        if total > limits.most_bytes:
            raise BankFileError("too_large", most=limits.most_bytes)
        yield chunk
    if not total:
        raise BankFileError("empty")


def _of_one_byte(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same in UTF-8 where a bank writes UTF-16, so that whoever looks at the bytes sees what they say."""
    decoder: codecs.IncrementalDecoder | None = None
    for number, piece in enumerate(pieces):
        if not number and piece.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            decoder = codecs.getincrementaldecoder("utf-16")()
        if decoder is None:
            yield piece
            continue
        try:
            said = decoder.decode(piece)
        except UnicodeDecodeError:
            raise BankFileError("not_xml") from None
        yield (said if number else _UTF16_DECLARED.sub(r"\1UTF-8", said, count=1)).encode()
    if decoder is not None and decoder.getstate()[0]:
        raise BankFileError("not_xml")


def _pieces(source: Any) -> Iterable[bytes]:
    if isinstance(source, bytes):
        return (source[start : start + _CHUNK] for start in range(0, len(source), _CHUNK))
    return iter(lambda: source.read(_CHUNK), b"")


def _look_at(first: bytes) -> None:
    """The beginning says whether this is XML of one byte per sign, which is all that banks send."""
    if first.startswith(_PACKED):
        raise BankFileError("packed")
    begin = first.removeprefix(_BOM).lstrip()
    if b"\x00" in first[:64] or not begin.startswith(b"<"):
        raise BankFileError("not_xml", line=1)
    declared = _DECLARED.match(begin)
    if declared and declared[1].decode("ascii", "replace").upper() not in _ENCODINGS:
        raise BankFileError("encoding", line=1)
    root = _FIRST_ELEMENT.search(begin)
    if b"<!DOCTYPE" in begin[: root.start() if root else len(begin)]:
        raise BankFileError("doctype", line=1)


def pull(events: tuple[str, ...], tags: tuple[str, ...]) -> Any:
    """A parser that is fed piece by piece and fetches, expands and trusts nothing."""
    return etree.XMLPullParser(
        events=events, tag=tags, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip


def not_xml(error: Exception) -> BankFileError:
    """What is said of a file that is no XML."""
    line = getattr(error, "lineno", None) or 0
    if "depth" in str(error).lower():
        return BankFileError("too_deep", line=line)
    return BankFileError("not_xml", line=line)


def check_document(root: Element) -> None:
    """Raises: BankFileError doctype, for one that the first bytes did not show."""
    info = root.getroottree().docinfo
    if info.internalDTD is not None or info.doctype:
        raise BankFileError("doctype", line=1)


def parse(data: bytes, limits: Limits | None = None) -> Element:
    """A small message as a tree. Raises: BankFileError."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        for chunk in chunks(data, limits or Limits(most_bytes=50_000_000)):
            parser.feed(chunk)
        root = parser.close()
    except etree.XMLSyntaxError as error:
        raise not_xml(error) from None
    check_document(root)
    return root


def message_of(root: Element) -> tuple[str, str]:
    """Which message and version: ("camt.053", "08"); two empty texts for anything else."""
    name = etree.QName(root)
    found = _NAMESPACE.fullmatch(name.namespace or "") if name.localname == "Document" else None
    return (found[1], found[2]) if found else ("", "")


def words(element: Element | None) -> str:
    """What an element says, in one line; nothing when it is absent."""
    if element is None or not element.text:
        return ""
    return " ".join(element.text.split())


def amount(element: Element) -> Decimal:
    """An amount, never negative. Raises: BankFileError value."""
    found = amount_in(words(element))
    if found is None:
        raise wrong(element, "amount")
    return found


def day(element: Element) -> date:
    """A date, or the Paris date of an instant. Raises: BankFileError value."""
    found = day_in(words(element))
    if found is None:
        raise wrong(element, "date")
    return found


def amount_in(said: str) -> Decimal | None:
    """An amount as XML writes it; None for anything else."""
    return Decimal(said) if _DECIMAL.fullmatch(said) else None


def day_in(said: str) -> date | None:
    """A date, or the Paris date of an instant (which is Paris time when it has no zone); None for anything else."""
    try:
        if _DATE.match(said) and len(said) <= 16:  # a date may have a zone too, which moves nothing
            return date.fromisoformat(said[:10])
        if _INSTANT.fullmatch(said):
            at = datetime.fromisoformat(re.sub(r"\.(\d{1,6})\d*", lambda found: f".{found[1]:0<6}", said))
            return (at.astimezone(PARIS) if at.tzinfo else at).date()
    except (ValueError, OverflowError):
        pass
    return None


def wrong(element: Element, expected: str) -> BankFileError:
    """What is said of a value that is not what its element holds."""
    return BankFileError("value", line=element.sourceline or 0, element=local(element), expected=expected)


def local(element: Element) -> str:
    """The name of an element without its namespace."""
    return str(etree.QName(element).localname)


class Inside:
    """Finds elements of one message by their path."""

    def __init__(self, namespace: str | None) -> None:
        self.prefix = f"{{{namespace}}}"

    def _path(self, path: str) -> str:
        return "/".join(self.prefix + name for name in path.split("/"))

    def find(self, parent: Element, path: str) -> Element | None:
        return parent.find(self._path(path))

    def all(self, parent: Element, path: str) -> list[Element]:
        return list(parent.findall(self._path(path)))

    def words(self, parent: Element, path: str) -> str:
        return words(self.find(parent, path))

    def need(self, parent: Element, path: str) -> Any:
        """Raises: BankFileError missing."""
        found = self.find(parent, path)
        if found is None:
            raise BankFileError("missing", line=parent.sourceline or 0, element=path.rsplit("/", 1)[-1])
        return found

    def amount(self, parent: Element, path: str) -> Decimal | None:
        found = self.find(parent, path)
        return None if found is None else amount(found)

    def whole(self, element: Element) -> int:
        """Raises: BankFileError value."""
        said = words(element)
        if not (said.isascii() and said.isdigit() and len(said) <= 15):
            raise BankFileError("value", line=element.sourceline or 0, element="NbOfTxs", expected="number")
        return int(said)


class Writer:
    """Elements in the order in which they are written, as bytes that are the same every time."""

    def __init__(self, message: str, version: str) -> None:
        self.namespace = f"urn:iso:std:iso:20022:tech:xsd:{message}.001.{version}"
        self.root = etree.Element(f"{{{self.namespace}}}Document", nsmap={None: self.namespace})

    def add(self, parent: Element, path: str, text: object = None, **attributes: str) -> Element:
        """The last element of a path `A/B/C`, each one new, below a parent."""
        for name in path.split("/"):
            parent = etree.SubElement(parent, f"{{{self.namespace}}}{name}")
        if text is not None:
            parent.text = str(text)
        for name, value in attributes.items():
            parent.set(name, value)
        return parent

    def bytes(self) -> bytes:
        """The file."""
        body = etree.tostring(self.root, encoding="UTF-8", xml_declaration=False, pretty_print=True)
        return b'<?xml version="1.0" encoding="UTF-8"?>\n' + bytes(body)
