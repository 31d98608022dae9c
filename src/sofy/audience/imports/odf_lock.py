"""LibreOffice spreadsheets protected by a password, opened in the process that reads sheets.

Source: ODF 1.2 part 3, sections 3.4 and 4 (manifest): the password is hashed, PBKDF2-HMAC-SHA1 makes the key of each
part, parts are deflated, padded as in XML Encryption and enciphered with AES-256 in CBC mode. Blowfish (before 2011)
and packages enciphered as a whole (LibreOffice 24.8) are not opened.
"""

import hashlib
import io
import zipfile
import zlib
from base64 import b64decode
from typing import IO, BinaryIO
from xml.etree import ElementTree

MANIFEST, PART = "META-INF/manifest.xml", "content.xml"
AES_256_CBC = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
MAX_MANIFEST = 1_000_000  # bytes
MAX_ROUNDS = 2_000_000
BLOCK = 1 << 20
_SPACE = "{urn:oasis:names:tc:opendocument:xmlns:manifest:1.0}"
_NOTHING_LOCKED = f'<manifest:manifest xmlns:manifest="{_SPACE[1:-1]}"/>'


class NotOpened(Exception):
    """Why a file stays closed: a code of the reader."""


def is_locked(archive: zipfile.ZipFile) -> bool:
    """Whether parts of a package are enciphered."""
    return MANIFEST in archive.namelist() and b"encryption-data" in _manifest(archive)


def unlocked(content: BinaryIO, password: str, most: int) -> BinaryIO:
    """The package with its table in clear, in memory; at most `most` bytes of table.

    Raises: NotOpened file_wrong_password, file_password_ods (enciphered in another way), file_unpacks_too_large.
    """
    with zipfile.ZipFile(content) as archive:
        key, vector = _key(_manifest(archive), password)
        enciphered, kind = archive.read(PART), archive.read("mimetype")
    plain = io.BytesIO()
    with zipfile.ZipFile(plain, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("mimetype", kind)
        archive.writestr(MANIFEST, _NOTHING_LOCKED)
        with archive.open(PART, "w", force_zip64=True) as part:
            _inflate(_decipher(enciphered, key, vector), part, most)
    plain.seek(0)
    return plain


def _manifest(archive: zipfile.ZipFile) -> bytes:
    with archive.open(MANIFEST) as stream:
        return stream.read(MAX_MANIFEST)


def _key(manifest: bytes, password: str) -> tuple[bytes, bytes]:
    """Key and initialisation vector of the table."""
    if b"<!ENTITY" in manifest:
        raise NotOpened("file_password_ods")
    entries = ElementTree.fromstring(manifest).iter(f"{_SPACE}file-entry")  # noqa: S314  no entity, little memory
    for entry in entries:
        if entry.get(f"{_SPACE}full-path") == PART:
            facts = {name.removeprefix(_SPACE): value for part in entry.iter() for name, value in part.attrib.items()}
            break
    else:
        raise NotOpened("file_password_ods")
    rounds, digest = int(facts.get("iteration-count", 0)), facts.get("start-key-generation-name", "SHA1").lower()
    if facts.get("algorithm-name") != AES_256_CBC or not 0 < rounds <= MAX_ROUNDS:
        raise NotOpened("file_password_ods")
    start = hashlib.new("sha256" if digest.endswith("sha256") else "sha1", password.encode()).digest()
    key = hashlib.pbkdf2_hmac("sha1", start, b64decode(facts["salt"]), rounds, 32)
    return key, b64decode(facts["initialisation-vector"])


def _decipher(enciphered: bytes, key: bytes, vector: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    if not enciphered or len(enciphered) % 16:
        raise NotOpened("file_damaged")
    padded = Cipher(algorithms.AES(key), modes.CBC(vector)).decryptor().update(enciphered)
    return padded[: -padded[-1]] if 0 < padded[-1] <= 16 else b""


def _inflate(deflated: bytes, target: IO[bytes], most: int) -> None:
    """What a wrong key deciphers is no deflated text to its end."""
    stream, rest, written = zlib.decompressobj(-zlib.MAX_WBITS), deflated, 0
    try:
        while not stream.eof and (piece := stream.decompress(rest, BLOCK)):
            rest, written = stream.unconsumed_tail, written + len(piece)
            if written > most:
                raise NotOpened("file_unpacks_too_large")
            target.write(piece)
    except zlib.error:
        raise NotOpened("file_wrong_password") from None
    if not stream.eof:
        raise NotOpened("file_wrong_password")
