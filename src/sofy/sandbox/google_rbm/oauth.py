"""The token endpoint: a signed assertion against a token, checked as Google checks it, by the machine's clock."""

import base64
import contextlib
import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

SCOPE: Final = "https://www.googleapis.com/auth/rcsbusinessmessaging"
GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
EMAIL: Final = "sofy@simulated.iam.example.com"
_SKEW_S: Final = 300
_LONGEST_S: Final = 3600


class Account(msgspec.Struct, frozen=True):
    """A service account, in the form of the JSON file that Google gives out."""

    client_email: str
    private_key: str
    type: str = "service_account"

    @property
    def public_key(self) -> RSAPublicKey:
        key = load_pem_private_key(self.private_key.encode(), None)
        assert isinstance(key, RSAPrivateKey)
        return key.public_key()


def account(folder: Path | None) -> Account:
    """The account that is kept in a folder; made there when there is none."""
    path = folder / "account.json" if folder is not None else None
    if path is not None and path.exists():
        return msgspec.json.decode(path.read_bytes(), type=Account)
    pem = generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    made = Account(EMAIL, pem.decode())
    return made if path is None else _first(path, made)


def _first(path: Path, made: Account) -> Account:
    """Keep an account, unless somebody else was first: the platform and whoever sets its route up start together."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".account.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(made)))
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
    return msgspec.json.decode(path.read_bytes(), type=Account)


class Refused(Exception):
    """RFC 6749 5.2: the name of the error."""


class Grants:
    """Gives tokens out, and knows its own again."""

    def __init__(self, owner: Account) -> None:
        self.given = 0
        self._owner = owner
        self._key = owner.public_key
        self._tokens: dict[str, float] = {}

    def give(self, form: Mapping[str, Any], audience: str, life_s: float) -> str:
        """A token for a good assertion. Raises: Refused."""
        if form.get("grant_type") != GRANT:
            raise Refused("unsupported_grant_type")
        self._check(str(form.get("assertion", "")), audience)
        self.given += 1
        token = f"ya29.{secrets.token_urlsafe(40)}"
        self._tokens[token] = time.time() + life_s
        return token

    def knows(self, authorization: str) -> bool:
        """Whether a request carries a token that is still good."""
        scheme, _, token = authorization.partition(" ")
        return scheme == "Bearer" and self._tokens.get(token, 0) > time.time()

    def forget(self, authorization: str) -> None:
        """Believe this token no more."""
        self._tokens.pop(authorization.partition(" ")[2], None)

    def _check(self, assertion: str, audience: str) -> None:
        try:
            signed, _, signature = assertion.rpartition(".")
            head, claims = (msgspec.json.decode(_octets(part)) for part in signed.split("."))
            self._key.verify(_octets(signature), signed.encode(), PKCS1v15(), SHA256())
            begins, ends = float(claims["iat"]), float(claims["exp"])
        except (ValueError, KeyError, TypeError, msgspec.MsgspecError, InvalidSignature):
            raise Refused("invalid_grant") from None
        now = time.time()
        good = (
            head.get("alg") == "RS256"
            and claims.get("iss") == self._owner.client_email
            and claims.get("aud") == audience
            and ends - begins <= _LONGEST_S
            and begins - _SKEW_S < now < ends
        )
        if not good:
            raise Refused("invalid_grant")
        if SCOPE not in str(claims.get("scope", "")).split():
            raise Refused("invalid_scope")


def _octets(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
