"""LibreOffice spreadsheets protected by a password, opened in the process that reads sheets.

Source: ODF 1.2 part 3, sections 3.4 and 4 (manifest): the password is hashed, a key is derived from it for each part,
parts are deflated, then enciphered: with Blowfish in CFB mode (ODF 1.0 and 1.1, still offered when saving) or with
AES-256 in CBC mode. LibreOffice 24.8 and later deflate and encipher the package as a whole, with AES-256 in GCM mode
under a key of Argon2id. Manifests say which; they also say how much work a key takes, which is obeyed within limits.
"""

import hashlib
import io
import re
import zipfile
import zlib
from base64 import b64decode
from collections.abc import Callable
from typing import IO, Any, BinaryIO
from xml.etree import ElementTree

MANIFEST, TABLE, PACKAGE = "META-INF/manifest.xml", "content.xml", "encrypted-package"
MAX_MANIFEST = 1_000_000  # bytes
MAX_PACKAGE = 200_000_000  # bytes, as of a file without a password
MAX_WORK = {  # LibreOffice asks for 100,000 rounds, or for 3 passes over 65,536 KiB in 4 lanes
    "pbkdf2": {"iteration-count": 2_000_000},
    "argon2id": {"argon2-iterations": 10, "argon2-memory": 128 << 10, "argon2-lanes": 8},
}
BLOCK = 1 << 20
_SPACE = "{urn:oasis:names:tc:opendocument:xmlns:manifest:1.0}"
_NOTHING_LOCKED = f'<manifest:manifest xmlns:manifest="{_SPACE[1:-1]}"/>'

Facts = dict[str, str]


class NotOpened(Exception):
    """Why a file stays closed: a code of the reader and its facts."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.facts = facts


def lock_of(archive: zipfile.ZipFile) -> Facts | None:
    """What the manifest says of the part that holds the table, when it is enciphered.

    Raises: NotOpened file_password_ods, when no password would open it here.
    """
    names = archive.namelist()
    part = PACKAGE if PACKAGE in names else TABLE
    manifest = _manifest(archive) if MANIFEST in names else b""
    if part == TABLE and b"encryption-data" not in manifest:
        return None
    if b"<!ENTITY" in manifest:
        raise NotOpened("file_password_ods")
    # decoded first, so that no other encoding hides an entity
    entries = ElementTree.fromstring(manifest.decode()).iter(f"{_SPACE}file-entry")  # noqa: S314  no entity, short
    for entry in entries:
        if entry.get(f"{_SPACE}full-path") == part:
            facts = {name.split("}")[-1]: value for each in entry.iter() for name, value in each.attrib.items()}
            if _is_known(facts):
                return facts
    raise NotOpened("file_password_ods")


def unlocked(archive: zipfile.ZipFile, lock: Facts, password: str, most: int) -> BinaryIO:
    """The package with its table in clear, in memory; at most `most` bytes of what was enciphered.

    Raises: NotOpened file_wrong_password, file_unpacks_too_large.
    """
    part = lock["full-path"]
    decipher, key_size = _CIPHERS[_word(lock, "algorithm-name")]
    key = _key(lock, password, key_size)
    deflated = decipher(archive.read(part), key, b64decode(lock["initialisation-vector"]))
    _check(deflated, lock)
    plain = io.BytesIO()
    if part == PACKAGE:
        _inflate(deflated, plain, min(most, MAX_PACKAGE))
    else:
        with zipfile.ZipFile(plain, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
            package.writestr("mimetype", archive.read("mimetype"))
            package.writestr(MANIFEST, _NOTHING_LOCKED)
            with package.open(TABLE, "w", force_zip64=True) as table:
                _inflate(deflated, table, most)
    plain.seek(0)
    return plain


def _manifest(archive: zipfile.ZipFile) -> bytes:
    with archive.open(MANIFEST) as stream:
        return stream.read(MAX_MANIFEST)


def _word(facts: Facts, name: str) -> str:
    """A name of the manifest without its address: `http://www.w3.org/2001/04/xmlenc#sha256` is sha256."""
    return re.split("[#:]", facts.get(name, "").lower())[-1].replace("/", "-")


def _is_known(facts: Facts) -> bool:
    """Whether the ciphers are those opened here and their work is bearable."""
    work = MAX_WORK.get(_word(facts, "key-derivation-name"))
    return (
        work is not None
        and all(0 < int(facts.get(name, 0)) <= most for name, most in work.items())
        and _word(facts, "algorithm-name") in _CIPHERS
        and _word(facts, "start-key-generation-name") in ("", "sha1", "sha256")
    )


def _key(facts: Facts, password: str, size: int) -> bytes:
    start = hashlib.new(_word(facts, "start-key-generation-name") or "sha1", password.encode()).digest()
    salt = b64decode(facts["salt"])
    if _word(facts, "key-derivation-name") == "pbkdf2":
        return hashlib.pbkdf2_hmac("sha1", start, salt, int(facts["iteration-count"]), size)
    from argon2.low_level import Type, hash_secret_raw

    passes, memory, lanes = (int(facts[name]) for name in MAX_WORK["argon2id"])
    return hash_secret_raw(start, salt, passes, memory, lanes, size, Type.ID)


def _aes_cbc(enciphered: bytes, key: bytes, vector: bytes) -> bytes:
    """Padded to a multiple of 16 bytes; the last byte is the length of the padding."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    if not enciphered or len(enciphered) % 16:
        raise NotOpened("file_damaged")
    padded = Cipher(algorithms.AES(key), modes.CBC(vector)).decryptor().update(enciphered)
    return padded[: -padded[-1]] if 0 < padded[-1] <= 16 else b""


def _aes_gcm(enciphered: bytes, key: bytes, _vector: bytes) -> bytes:
    """The vector goes before the text, as XML Encryption says."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(enciphered[:12], enciphered[12:], None)
    except InvalidTag:
        raise NotOpened("file_wrong_password") from None


def _blowfish_cfb(enciphered: bytes, key: bytes, vector: bytes) -> bytes:
    from cryptography.hazmat.decrepit.ciphers import algorithms, modes
    from cryptography.hazmat.primitives.ciphers import Cipher

    return Cipher(algorithms.Blowfish(key), modes.CFB(vector)).decryptor().update(enciphered)


_CIPHERS: dict[str, tuple[Callable[[bytes, bytes, bytes], bytes], int]] = {  # with the size of their key
    "blowfish cfb": (_blowfish_cfb, 16),
    "blowfish": (_blowfish_cfb, 16),  # its name in ODF 1.2
    "aes256-cbc": (_aes_cbc, 32),
    "aes256-gcm": (_aes_gcm, 32),
}


def _check(deflated: bytes, facts: Facts) -> None:
    """Most wrong passwords do not inflate; the checksum of the first 1,024 bytes tells the others."""
    digest = {"sha1-1k": "sha1", "sha256-1k": "sha256"}.get(_word(facts, "checksum-type"))
    if digest and hashlib.new(digest, deflated[:1024]).digest() != b64decode(facts["checksum"]):
        raise NotOpened("file_wrong_password")


def _inflate(deflated: bytes, target: IO[bytes], most: int) -> None:
    """What a wrong key deciphers is no deflated text to its end."""
    stream, rest, written = zlib.decompressobj(-zlib.MAX_WBITS), deflated, 0
    try:
        while not stream.eof and (piece := stream.decompress(rest, BLOCK)):
            rest, written = stream.unconsumed_tail, written + len(piece)
            if written > most:
                raise NotOpened("file_unpacks_too_large", limit=most)
            target.write(piece)
    except zlib.error:
        raise NotOpened("file_wrong_password") from None
    if not stream.eof:
        raise NotOpened("file_wrong_password")
