"""Mails as bytes: headers that nobody can add to, a text part beside the page, lines that every server takes.

Sources: RFC 5322 (fields, 2.1.1 length of lines, 3.6.4 Message-ID), RFC 2045 6.7 and 6.8 (quoted-printable, base64),
RFC 2046 5.1.4 (alternative: the richest last), RFC 2047 (encoded words), RFC 2369 and RFC 8058 (List-Unsubscribe).
"""

import binascii
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256
from typing import Final

import msgspec

from sofy.wire.email.dkim import Header, Signer, canonical_body
from sofy.wire.email.plain import text_of

#: Longest line of a header that people read, and longest that servers must take.
LINE: Final = 76
LONGEST: Final = 998
ONE_CLICK: Final = "List-Unsubscribe=One-Click"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]+")
_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_WORD_BYTES: Final = 45  # 60 characters of base64 and 12 of frame
_BASE64_BYTES: Final = 57
_OPEN_BREAKS: Final = re.compile(r"\r\n?")
#: An address as it may stand in a header and in SMTP: no quotes, no comment, nothing but ASCII.
_ADDRESS: Final = re.compile(
    r"(?=.{3,254}\Z)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
_HTTP: Final = re.compile(r"https?://[!-;=?-~]{3,900}")


class BadAddress(ValueError):
    """Something that cannot stand where an address stands."""


class Letter(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A mail before it is bytes. `html` empty: words only; `text` empty: made of the page.

    `unsubscribe_url`: where one click takes the person off; empty for mails that nobody subscribes to.
    `automatic`: an answer or a notice of a program, to which no absence notice should reply.
    """

    sender: str
    sender_name: str = ""
    to: str
    subject: str
    text: str = ""
    html: str = ""
    message_id: str
    at: datetime
    reply_to: str = ""
    unsubscribe_url: str = ""
    feedback_id: str = ""
    automatic: bool = False


def address(text: str) -> str:
    """An address with its domain in lower-case ASCII, as headers and SMTP carry it. Raises: BadAddress."""
    local, at, domain = text.strip().rpartition("@")
    try:
        ascii_domain = domain.lower() if domain.isascii() else domain.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise BadAddress("the domain cannot be written in ASCII") from error
    whole = f"{local}{at}{ascii_domain}"
    if not _ADDRESS.fullmatch(whole) or len(local) > 64:
        raise BadAddress("this is no e-mail address that every server takes")
    return whole


def compose(letter: Letter, signer: Signer | None = None) -> bytes:
    """The mail, signed when there is a signer; lines end with CRLF, dots are not doubled.

    Raises: BadAddress.
    """
    content_type, body = _body(letter)
    fields = [(name, _clean(name, value)) for name, value in [*_fields(letter), *content_type]]
    lines = b"".join(b"%s: %s\r\n" % field for field in fields)
    if signer is not None:
        signed: list[Header] = [(name.lower(), value) for name, value in fields]
        digest = sha256(canonical_body(body)).digest()
        lines = signer.field(signed, digest, int(letter.at.timestamp())) + lines
    return lines + b"\r\n" + body


def _fields(letter: Letter) -> Iterator[Header]:
    yield b"From", _mailbox(letter.sender_name, letter.sender)
    yield b"To", address(letter.to).encode("ascii")
    yield b"Subject", words(letter.subject, len("Subject: "))
    yield b"Date", format_datetime(letter.at.astimezone(UTC)).encode("ascii")
    yield b"Message-ID", b"<%s>" % address(letter.message_id).encode("ascii")
    if letter.reply_to:
        yield b"Reply-To", address(letter.reply_to).encode("ascii")
    if letter.unsubscribe_url:
        if not _HTTP.fullmatch(letter.unsubscribe_url):
            raise BadAddress("the address to unsubscribe at is no address of the web")
        yield b"List-Unsubscribe", b"<%s>" % letter.unsubscribe_url.encode("ascii")
        yield b"List-Unsubscribe-Post", ONE_CLICK.encode("ascii")
    if letter.feedback_id:
        yield b"Feedback-ID", words(letter.feedback_id, len("Feedback-ID: "))
    if letter.automatic:
        yield b"Auto-Submitted", b"auto-generated"
    yield b"MIME-Version", b"1.0"


def _clean(name: bytes, value: bytes) -> bytes:
    """What a field carries, once more: whatever made it, it is one field."""
    if any(line[:1] not in (b" ", b"\t") or len(line) > LONGEST for line in value.split(b"\r\n")[1:]):
        raise BadAddress(f"{name.decode('ascii')} does not fit a header")
    return value


def _mailbox(name: str, sender: str) -> bytes:
    plain = _CONTROL.sub(" ", name).strip()
    angle = b"<%s>" % address(sender).encode("ascii")
    if not plain:
        return angle[1:-1]
    if _ATOMS.fullmatch(plain) and len(plain) < LINE // 2:
        return plain.encode("ascii") + b" " + angle
    if plain.isascii() and len(plain) < LINE // 2:
        quoted = plain.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" '.encode("ascii") + angle
    return b"\r\n ".join(encoded_words(plain)) + b"\r\n " + angle


def words(text: str, used: int = 0) -> bytes:
    """Free words as a field carries them: ASCII as it is, else encoded words; nothing in them ends the field.

    Unit: characters of the first line for `used`.
    """
    plain = " ".join(_CONTROL.sub(" ", text).split())
    if not plain.isascii() or "=?" in plain:
        return b"\r\n ".join(encoded_words(plain))
    lines, room = [""], LINE - used
    for word in plain.split(" "):
        if len(word) > LINE - 2:  # nothing to fold at
            return b"\r\n ".join(encoded_words(plain))
        if lines[-1] and len(lines[-1]) + 1 + len(word) > room:
            lines.append("")
            room = LINE - 1
        lines[-1] += f" {word}" if lines[-1] else word
    return "\r\n ".join(lines).encode("ascii")


def encoded_words(text: str) -> Iterator[bytes]:
    """RFC 2047 words of whole characters, 75 characters long at most."""
    chunk = b""
    for character in text:
        raw = character.encode()
        if len(chunk) + len(raw) > _WORD_BYTES:
            yield b"=?utf-8?b?%s?=" % b64encode(chunk)
            chunk = b""
        chunk += raw
    yield b"=?utf-8?b?%s?=" % b64encode(chunk)


def _body(letter: Letter) -> tuple[list[Header], bytes]:
    """The fields that say what the body is, and the body."""
    text = letter.text or (text_of(letter.html) if letter.html else "")
    plain, page = _part("plain", text), _part("html", letter.html) if letter.html else None
    if page is None:
        return plain[0], plain[1]
    boundary = b"=_" + sha256(letter.message_id.encode()).hexdigest()[:24].encode()  # "=_" is in no encoded body
    pieces: list[bytes] = []
    for fields, encoded in (plain, page):
        pieces += [b"--", boundary, b"\r\n", *_lines(fields), b"\r\n", encoded]
    kind = b'multipart/alternative;\r\n boundary="%s"' % boundary
    return [(b"Content-Type", kind)], b"".join([*pieces, b"--", boundary, b"--\r\n"])


def _lines(fields: Iterable[Header]) -> Iterator[bytes]:
    return (b"%s: %s\r\n" % field for field in fields)


def _part(kind: str, text: str) -> tuple[list[Header], bytes]:
    """One part in UTF-8: quoted-printable, or base64 where that is shorter."""
    text = _OPEN_BREAKS.sub("\n", text)
    text = text if text.endswith("\n") else text + "\n"
    raw = text.encode("utf-8", "replace")
    foreign = (len(raw) - len(text)) * 3 > len(raw)  # more than a third is beyond ASCII
    name, encoded = (b"base64", base64_lines(raw)) if foreign else (b"quoted-printable", quoted(raw))
    content_type = (b"Content-Type", f"text/{kind}; charset=utf-8".encode("ascii"))
    return [content_type, (b"Content-Transfer-Encoding", name)], encoded


def quoted(raw: bytes) -> bytes:
    """Quoted-printable with CRLF; lines of at most 76 characters."""
    return binascii.b2a_qp(raw, istext=True).replace(b"\n", b"\r\n")


def base64_lines(raw: bytes) -> bytes:
    """Base64 in lines of 76 characters."""
    raw = raw.replace(b"\n", b"\r\n")
    return b"".join(
        binascii.b2a_base64(raw[n : n + _BASE64_BYTES], newline=False) + b"\r\n"
        for n in range(0, len(raw), _BASE64_BYTES)
    )
