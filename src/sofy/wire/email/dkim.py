"""Sign mails: DKIM, relaxed/relaxed, with RSA or Ed25519.

Sources: RFC 6376 (3.4.2, 3.4.4, 3.5, 3.7), RFC 8301 (at least 1024 bits, sha256 only), RFC 8463 (ed25519-sha256).
"""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

#: What is signed of a mail, when it is there. From is named once more than it may occur: a second one added on the way
#: breaks the signature.
SIGNED: Final = (
    b"from", b"from", b"to", b"subject", b"date", b"message-id", b"reply-to", b"list-unsubscribe",
    b"list-unsubscribe-post", b"feedback-id", b"mime-version", b"content-type",
)  # fmt: skip
LEAST_BITS: Final = 1024
USUAL_BITS: Final = 2048
_LINE: Final = 72

Header = tuple[bytes, bytes]
"""Name in lower case, and what stands after the colon, folded or not."""


class BadKey(ValueError):
    """A private key that cannot sign mails."""


class PublicRecord(NamedTuple):
    """What the public has to find in DNS."""

    name: str
    value: str


def canonical_body(body: bytes) -> bytes:
    """A body in relaxed form: runs of blanks are one, none before the end of a line, no empty lines at the end."""
    body = body.replace(b"\t", b" ")
    while b"  " in body:  # a tenth of the price of a regular expression
        body = body.replace(b"  ", b" ")
    body = body.replace(b" \r\n", b"\r\n").removesuffix(b" ").rstrip(b"\r\n")
    return body + b"\r\n" if body else b""


def canonical_header(name: bytes, value: bytes) -> bytes:
    """One header field in relaxed form, without its end of line."""
    return name + b":" + b" ".join(value.split())


def load_key(pem: str) -> RSAPrivateKey | Ed25519PrivateKey:
    """A private key from its PEM text. Raises: BadKey."""
    try:
        key = serialization.load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError) as error:
        raise BadKey("this is no private key in PEM without a password") from error
    if isinstance(key, Ed25519PrivateKey):
        return key
    if not isinstance(key, RSAPrivateKey):
        raise BadKey("a DKIM key is RSA or Ed25519")
    if key.key_size < LEAST_BITS:
        raise BadKey(f"an RSA key for DKIM has at least {LEAST_BITS} bits, this one has {key.key_size}")
    return key


def new_key() -> str:
    """A fresh RSA key as PEM: Ed25519 is not verified everywhere yet."""
    key = generate_private_key(65537, USUAL_BITS)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def public_record(pem: str, domain: str, selector: str) -> PublicRecord:
    """The TXT record by which others verify. Source: RFC 6376 3.6.1, RFC 8463 4. Raises: BadKey."""
    key = load_key(pem)
    public = key.public_key()
    if isinstance(key, Ed25519PrivateKey):
        kind, raw = "ed25519", public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    else:
        kind = "rsa"
        raw = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return PublicRecord(f"{selector}._domainkey.{domain}", f"v=DKIM1; k={kind}; p={b64encode(raw).decode()}")


class Signer:
    """Signs with one key for one domain."""

    def __init__(self, *, domain: str, selector: str, key: RSAPrivateKey | Ed25519PrivateKey) -> None:
        self.domain = domain
        self._key = key
        self._algorithm = b"ed25519-sha256" if isinstance(key, Ed25519PrivateKey) else b"rsa-sha256"
        self._start = b"v=1; a=%s; c=relaxed/relaxed;\r\n d=%s; s=%s;\r\n t=" % (
            self._algorithm, domain.encode("idna"), selector.encode("ascii"),
        )  # fmt: skip
        self._names: dict[frozenset[bytes], bytes] = {}

    def field(self, headers: Sequence[Header], body_hash: bytes, at: int) -> bytes:
        """The DKIM-Signature field, end of line included, to be put before the others.

        `body_hash`: SHA-256 of the canonical body. Unit: seconds since 1970 for `at`.
        """
        values = dict(headers)
        present = frozenset(values)
        names = self._names.get(present)
        if names is None:
            names = self._names[present] = _names(present)
        unsigned = b"%s%d;\r\n h=%s;\r\n bh=%s;\r\n b=" % (self._start, at, names, b64encode(body_hash))
        lines = [canonical_header(name, values[name]) for name in dict.fromkeys(SIGNED) if name in present]
        lines.append(canonical_header(b"dkim-signature", unsigned))
        signature = b64encode(self._sign(b"\r\n".join(lines)))
        folded = b"\r\n ".join(signature[n : n + _LINE] for n in range(0, len(signature), _LINE))
        return b"DKIM-Signature: " + unsigned + folded + b"\r\n"

    def _sign(self, said: bytes) -> bytes:
        if isinstance(self._key, Ed25519PrivateKey):
            return self._key.sign(sha256(said).digest())
        return self._key.sign(said, padding.PKCS1v15(), hashes.SHA256())


def _names(present: frozenset[bytes]) -> bytes:
    """The names that are signed, folded between two of them."""
    lines = [b""]
    for name in SIGNED:
        if name in present:
            if len(lines[-1]) + len(name) > _LINE:
                lines.append(b"")
            lines[-1] += name + b":"
    return b"\r\n ".join(lines).removesuffix(b":")
