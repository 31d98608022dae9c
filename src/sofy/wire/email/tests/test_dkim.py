"""Signatures, with dkimpy as the foreign judge."""

from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import dkim as dkimpy
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from hypothesis import given, settings
from hypothesis import strategies as st

from sofy.wire.email import dkim
from sofy.wire.email.mime import Letter, compose

RSA = dkim.new_key()
ED25519 = (
    Ed25519PrivateKey.generate()
    .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    .decode()
)
AT = datetime(2026, 1, 5, 13, 30, tzinfo=UTC)


def letter(**changes: Any) -> Letter:
    fields: dict[str, Any] = {
        "sender": "bonjour@lefour.example", "sender_name": "Le Four à Bois", "to": "anna@example.org",
        "subject": "Votre fidélité : -20 %", "text": "Bonjour  Anna \n\n.\nÀ bientôt\n\n\n", "html": "<p>Bonjour</p>",
        "message_id": "abc@lefour.example", "at": AT, "unsubscribe_url": "https://x.example/u/abc",
        "feedback_id": "a:b",
    } | changes  # fmt: skip
    return Letter(**fields)


class _Verify:
    """What dkimpy wants of PyNaCl, which is not installed."""

    def __init__(self, raw: bytes, encoder: object) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(b64decode(raw))

    def verify(self, said: bytes, signature: bytes) -> bytes:
        try:
            self._key.verify(signature, said)
        except InvalidSignature as error:
            raise ValueError("bad signature") from error
        return said


@pytest.fixture(autouse=True, scope="module")
def _nacl() -> Iterator[None]:
    nacl = SimpleNamespace(
        signing=SimpleNamespace(VerifyKey=_Verify),
        encoding=SimpleNamespace(Base64Encoder=None),
        exceptions=SimpleNamespace(BadSignatureError=ValueError, ValueError=ValueError),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dkimpy, "nacl", nacl, raising=False)
        yield


def verifies(mail: bytes, pem: str) -> bool:
    """Whether dkimpy believes the signature."""
    record = dkim.public_record(pem, "lefour.example", "k1")

    def dns(name: bytes, timeout: int = 5) -> bytes:
        return record.value.encode() if name == f"{record.name}.".encode() else b""

    return bool(dkimpy.verify(mail, dnsfunc=dns))


def signed(pem: str, **changes: object) -> bytes:
    return compose(letter(**changes), dkim.Signer(domain="lefour.example", selector="k1", key=dkim.load_key(pem)))


@pytest.mark.parametrize(("_case", "pem"), [("rsa", RSA), ("ed25519", ED25519)])
def test_dkimpy_verifies(_case, pem):
    assert verifies(signed(pem), pem)


@pytest.mark.parametrize(
    ("_case", "old", "new"),
    [
        ("another sender", b"From: ", b"From: Eve "),
        ("another way to unsubscribe", b"List-Unsubscribe: <https://x", b"List-Unsubscribe: <https://y"),
        ("without one click", b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b""),
        ("other words", b"bient", b"demain"),
        ("a second From", b"To: ", b"From: eve@example.com\r\nTo: "),
    ],
)
def test_what_is_changed_on_the_way_breaks_it(_case, old, new):
    mail = signed(RSA)
    assert mail.count(old) >= 1

    assert not verifies(mail.replace(old, new, 1), RSA)


def test_every_field_that_matters_is_signed():
    mail = signed(RSA).replace(b"\r\n ", b" ")
    names = mail.partition(b" h=")[2].partition(b";")[0].replace(b" ", b"").split(b":")

    assert names.count(b"from") == 2
    assert {b"to", b"subject", b"date", b"message-id", b"list-unsubscribe", b"list-unsubscribe-post"} <= set(names)


@settings(max_examples=40)
@given(subject=st.text(max_size=150), text=st.text(max_size=400), html=st.text(max_size=400))
def test_whatever_is_written_verifies(subject, text, html):
    assert verifies(signed(ED25519, subject=subject, text=text, html=html), ED25519)


@given(st.lists(st.sampled_from([b" ", b"\t", b"a", b".", b"\r\n", b"=20"]), max_size=40).map(b"".join))
def test_a_body_is_made_canonical_as_dkimpy_does_it(body):
    from dkim.canonicalization import Relaxed

    whole = body + b"\r\n"

    assert dkim.canonical_body(whole) == Relaxed.canonicalize_body(whole)


def test_an_empty_body_has_the_hash_of_the_standard():
    assert sha256(dkim.canonical_body(b"\r\n")).hexdigest() == sha256(b"").hexdigest()


def test_keys_that_cannot_sign_are_refused():
    small = generate_private_key(65537, 512 * 2).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    curve = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )

    assert dkim.load_key(small.decode())
    for pem in (curve.decode(), "no key"):
        with pytest.raises(dkim.BadKey):
            dkim.load_key(pem)
