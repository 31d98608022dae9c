"""Calls to the Graph beside messages: templates of an account, files that people sent."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
import msgspec

from sofy.connectors.lenient import decoder
from sofy.connectors.whatsapp_cloud import wire
from sofy.connectors.whatsapp_cloud.config import Config
from sofy.connectors.whatsapp_cloud.failures import Remedy, remedy_for

#: Where Meta keeps files; the token goes nowhere else.
_FILE_HOSTS = (".fbsbx.com", ".facebook.com", ".whatsapp.net")
_failed = decoder(wire.Failed)
_PASSING = (Remedy.BACK_OFF, Remedy.RETRY)
_PAGE = 100
_MOST_PAGES = 100
T = TypeVar("T")


class GraphFailed(Exception):
    """Meta did not do it. `code` is its own, or -1; `details` says why in its words.

    `passing`: the same request may be answered otherwise later.
    """

    def __init__(self, code: int, details: str = "", *, passing: bool = False) -> None:
        super().__init__(f"{code} {details}".strip())
        self.code = code
        self.details = details
        self.passing = passing


class TooLarge(GraphFailed):
    """What Meta sends is more than is taken."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A template to be approved: `components` as Meta writes them. `ttl_s`: how long each message is tried."""

    name: str
    language: str
    category: str
    components: list[dict[str, Any]]
    ttl_s: int | None = None


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A template as the account has it."""

    id: str = ""
    name: str = ""
    language: str = ""
    status: str = ""
    category: str = ""
    rejected_reason: str | None = None
    quality_score: dict[str, Any] | None = None
    components: list[dict[str, Any]] = []


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What Meta answers to a new template: mostly PENDING, and the category it decided on."""

    id: str = ""
    status: str = ""
    category: str = ""


class _Page(msgspec.Struct):
    data: list[Known] = []
    paging: dict[str, Any] = {}


class _File(msgspec.Struct):
    url: str = ""
    sha256: str = ""
    file_size: int | None = None


_made, _page, _file = decoder(Made), decoder(_Page), decoder(_File)


async def create_template(config: Config, draft: Draft) -> Made:
    """Hand a template in for approval. Raises: GraphFailed, aiohttp.ClientError, TimeoutError."""
    body: dict[str, Any] = {
        "name": draft.name,
        "language": draft.language,
        "category": draft.category.upper(),
        "components": draft.components,
    }
    if draft.ttl_s is not None:
        body["message_send_ttl_seconds"] = draft.ttl_s
    answer = await _call(config, "POST", config.url(f"{config.business_account_id}/message_templates"), json=body)
    return _parsed(answer, _made)


async def list_templates(config: Config) -> list[Known]:
    """Every template of the account, page by page. Raises: GraphFailed, aiohttp.ClientError, TimeoutError."""
    fields = "id,name,language,status,category,rejected_reason,quality_score,components"
    query = {"limit": str(_PAGE), "fields": fields}
    found: list[Known] = []
    for _ in range(_MOST_PAGES):
        url = config.url(f"{config.business_account_id}/message_templates")
        page = _parsed(await _call(config, "GET", url, query=query), _page)
        found += page.data
        after = page.paging.get("cursors", {}).get("after") if page.paging.get("next") else None
        if not after:
            break
        query["after"] = str(after)
    return found


async def delete_template(config: Config, name: str, template_id: str = "") -> None:
    """Remove a template: one language when its id is given, all of them else.

    Raises: GraphFailed, aiohttp.ClientError, TimeoutError.
    """
    query = {"name": name, "hsm_id": template_id} if template_id else {"name": name}
    await _call(config, "DELETE", config.url(f"{config.business_account_id}/message_templates"), query=query)


async def fetch_media(config: Config, media_id: str) -> bytes:
    """The content of a file that a person sent, checked against what Meta says of it. It is never written in clear.

    Raises: GraphFailed (also for one that is too large or not what was announced), aiohttp.ClientError, TimeoutError.
    """
    if not media_id.isascii() or not media_id.isalnum():
        raise GraphFailed(-1, "this is not the id of a file")
    query = {"phone_number_id": config.phone_number_id}
    file = _parsed(await _call(config, "GET", config.url(media_id), query=query), _file)
    if not _may_have_token(config, file.url):
        raise GraphFailed(-1, "the file is kept at an address that is not Meta's")
    try:
        content = await _call(config, "GET", file.url)
    except TooLarge:
        raise
    except GraphFailed as failed:  # addresses end after minutes; whoever asks again is told another
        raise GraphFailed(failed.code, failed.details, passing=True) from None
    if file.sha256 and sha256(content).hexdigest() != file.sha256.lower():
        raise GraphFailed(-1, "the file is not the one that was announced")
    return content


def _may_have_token(config: Config, url: str) -> bool:
    there, own = urlsplit(url), urlsplit(config.base_url)
    if (there.scheme, there.netloc) == (own.scheme, own.netloc):
        return True
    return there.scheme == "https" and (there.hostname or "").endswith(_FILE_HOSTS)


async def _call(
    config: Config, method: str, url: str, *, query: Mapping[str, str] | None = None, json: Any = None
) -> bytes:
    timeout = aiohttp.ClientTimeout(total=config.response_timeout_s, sock_connect=config.connect_timeout_s)
    headers = {"Authorization": f"Bearer {config.access_token}"}
    async with (
        aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session,
        session.request(method, url, params=query, json=json, headers=headers, allow_redirects=False) as response,
    ):
        content = bytearray()
        async for piece in response.content.iter_chunked(1 << 16):
            content += piece
            if len(content) > config.media_bytes:
                raise TooLarge(-1, "the answer is too large")
        if response.status != 200:
            raise _failure(response.status, bytes(content))
        return bytes(content)


def _failure(status: int, content: bytes) -> GraphFailed:
    try:
        error = _failed(content).error
    except msgspec.MsgspecError:
        return GraphFailed(-1, f"HTTP {status}", passing=status == 429 or status >= 500)
    data = error.error_data
    details = data.details if isinstance(data, wire.ErrorData) else ""
    return GraphFailed(
        error.code, details or error.message, passing=status == 429 or remedy_for(error.code) in _PASSING
    )


def _parsed(content: bytes, read: Callable[[bytes], T]) -> T:
    try:
        return read(content)
    except msgspec.MsgspecError as error:
        raise GraphFailed(-1, f"the answer cannot be read: {error}") from None
