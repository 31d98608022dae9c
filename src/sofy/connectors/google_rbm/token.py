"""Access tokens of a service account: asked for with a signed assertion, kept until shortly before their end.

Source: RFC 7523 (JWT bearer grant), RFC 7515 (signature), "Using OAuth 2.0 for server to server applications".
An assertion is dated by the machine's clock, whatever the business clock says: Google compares it with its own.
"""

import asyncio
import base64
import time
from typing import Final

import aiohttp
import msgspec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from sofy.connectors.google_rbm.config import Config
from sofy.connectors.google_rbm.wire import Token

SCOPE: Final = "https://www.googleapis.com/auth/rcsbusinessmessaging"
GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTION_S: Final = 3600
#: A token is replaced so long before its end, and at half its life at the latest.
_MARGIN_S: Final = 120.0
_LARGEST: Final = 64_000


class NoToken(Exception):
    """There is no token, so nothing was sent; `reason` is what screens may show."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Tokens:
    """The token of one route. Whoever needs one while it is being fetched waits for that one."""

    def __init__(self, config: Config, http: aiohttp.ClientSession) -> None:
        self._config = config
        self._http = http
        self._key = config.key()
        self._token = ""
        self._until = 0.0
        self._fetching = asyncio.Lock()

    async def get(self) -> str:
        """A token that is good for a while. Raises: NoToken."""
        if not self._fresh():
            async with self._fetching:
                if not self._fresh():
                    await self._fetch()
        return self._token

    def discard(self, token: str) -> None:
        """Google does not believe this one, whatever it said of its life."""
        if token == self._token:
            self._token = ""

    def _fresh(self) -> bool:
        return bool(self._token) and asyncio.get_running_loop().time() < self._until

    async def _fetch(self) -> None:
        form = {"grant_type": GRANT, "assertion": assertion(self._config, self._key, int(time.time()))}
        try:
            async with self._http.post(self._config.grants_at, data=form, allow_redirects=False) as answer:
                body = bytearray()
                async for piece in answer.content.iter_any():
                    body += piece
                    if len(body) > _LARGEST:
                        raise NoToken("token: an answer without end")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NoToken(f"token: {type(error).__name__}") from None
        if answer.status != 200:
            raise NoToken(f"token: HTTP {answer.status}")
        try:
            token = msgspec.json.decode(body, type=Token, strict=False)
        except msgspec.MsgspecError:
            raise NoToken("token: unreadable") from None
        if not token.access_token.isascii() or not token.access_token.isprintable():
            raise NoToken("token: unreadable")
        self._token = token.access_token
        life_s = max(token.expires_in - _MARGIN_S, token.expires_in / 2)
        self._until = asyncio.get_running_loop().time() + life_s


def assertion(config: Config, key: RSAPrivateKey, at: int) -> str:
    """The signed claim to be this service account. Unit: seconds since 1970."""
    claims = {
        "iss": config.account.client_email,
        "scope": SCOPE,
        "aud": config.grants_at,
        "iat": at,
        "exp": at + _ASSERTION_S,
    }
    signed = f"{_segment({'alg': 'RS256', 'typ': 'JWT'})}.{_segment(claims)}"
    return f"{signed}.{_base64url(key.sign(signed.encode(), PKCS1v15(), SHA256()))}"


def _segment(value: object) -> str:
    return _base64url(msgspec.json.encode(value))


def _base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")
