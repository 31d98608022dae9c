"""The requests to RBM, each answered or known to have stayed here."""

from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple
from uuid import UUID, uuid4

import aiohttp
import msgspec
from yarl import URL

from sofy.connectors.google_rbm import wire
from sofy.connectors.google_rbm.config import Config
from sofy.connectors.google_rbm.token import NoToken, Tokens
from sofy.connectors.http import NEVER_WRITTEN, NotWritten
from sofy.kernel import clock

_LARGEST: Final = 4_000_000
_JSON: Final = {"Content-Type": "application/json"}


class Answer(NamedTuple):
    """What RBM said. Unit: seconds."""

    status: int
    body: bytes
    retry_after_s: float


class NoAnswer(Exception):
    """The request may have arrived, and nobody said so."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Api:
    """RBM's interface as one agent uses it."""

    def __init__(self, config: Config, http: aiohttp.ClientSession) -> None:
        self._config = config
        self._base = config.base_url.rstrip("/").removesuffix("/v1")
        self._http = http
        self._tokens = Tokens(config, http)

    async def log_in(self) -> None:
        """Have a token. Raises: NotWritten."""
        try:
            await self._tokens.get()
        except NoToken as error:
            raise NotWritten(error.reason) from None

    async def send(self, phone: str, message_id: UUID, body: bytes) -> Answer:
        """Raises: NotWritten, NoAnswer."""
        query = {"messageId": str(message_id), "agentId": self._config.agent_id}
        return await self._ask("POST", f"/v1/phones/{phone}/agentMessages", query, body)

    async def revoke(self, phone: str, message_id: UUID) -> Answer:
        """Raises: NotWritten, NoAnswer."""
        return await self._ask(
            "DELETE", f"/v1/phones/{phone}/agentMessages/{message_id}", {"agentId": self._config.agent_id}
        )

    async def capabilities(self, phone: str) -> Answer:
        """Raises: NotWritten, NoAnswer."""
        query = {"requestId": str(uuid4()), "agentId": self._config.agent_id}
        return await self._ask("GET", f"/v1/phones/{phone}/capabilities", query)

    async def reachable(self, phones: list[str]) -> Answer:
        """Raises: NotWritten, NoAnswer."""
        body = msgspec.json.encode(wire.BatchGet(users=phones, agent_id=self._config.agent_id))
        return await self._ask("POST", "/v1/users:batchGet", {}, body)

    async def _ask(self, method: str, path: str, query: dict[str, str], body: bytes | None = None) -> Answer:
        """One request; a token that is not believed is replaced once."""
        token = await self._token()
        answer = await self._once(method, path, query, body, token)
        if answer.status == 401:
            self._tokens.discard(token)
            answer = await self._once(method, path, query, body, await self._token())
        return answer

    async def _token(self) -> str:
        try:
            return await self._tokens.get()
        except NoToken as error:
            raise NotWritten(error.reason) from None

    async def _once(self, method: str, path: str, query: dict[str, str], body: bytes | None, token: str) -> Answer:
        # As it is: the sign before a number stays a sign.
        address = URL(f"{self._base}{path}", encoded=True).with_query(query)
        headers = {"Authorization": f"Bearer {token}", **(_JSON if body is not None else {})}
        try:
            async with self._http.request(method, address, data=body, headers=headers, allow_redirects=False) as answer:
                read = bytearray()
                async for piece in answer.content.iter_any():
                    read += piece
                    if len(read) > _LARGEST:
                        raise NoAnswer("an answer without end")
                return Answer(answer.status, bytes(read), _retry_after_s(answer.headers.get("Retry-After", "")))
        except NEVER_WRITTEN as error:
            raise NotWritten(type(error).__name__) from None
        except TimeoutError:
            raise NoAnswer("no answer in time") from None
        except (aiohttp.ClientError, OSError) as error:
            raise NoAnswer(type(error).__name__) from None


def _retry_after_s(value: str) -> float:
    """The header in both its forms; nothing where it says nothing. Source: RFC 9110 10.2.3."""
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    return max(0.0, (at - clock.now()).total_seconds()) if at.tzinfo is not None else 0.0
