"""The port over HTTP: the Flow Service that XP Z12-013 (annex A, 1.3.0) has every approved platform offer."""

import hashlib
import http.client
import secrets
import ssl
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from sofy.billing.einvoice.platform.port import Acknowledgement, Flow, Parcel, PlatformDown, PlatformRefuses

_PAGE = 100
_MOST_PAGES = 1_000
_OVERLAP = timedelta(milliseconds=1)
_LARGEST = 100 << 20
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
#: Answers after which the same request may succeed: throttled, down, or behind a gateway that is.
_LATER = {408, 425, 429, 500, 502, 503, 504}


class Config(msgspec.Struct, frozen=True):
    """Where a platform is and who asks. `client_secret` never appears in a log or an error."""

    base_url: str
    token_url: str
    client_id: str
    client_secret: str
    timeout_s: float = 30.0


class _Acknowledgement(msgspec.Struct):
    status: Acknowledgement = "Pending"
    details: list[dict[str, Any]] = []


class _Flow(msgspec.Struct, rename="camel"):
    flow_id: str
    flow_syntax: str
    updated_at: datetime | None = None
    submitted_at: datetime | None = None
    flow_direction: Literal["In", "Out"] = "Out"
    tracking_id: str = ""
    acknowledgement: _Acknowledgement | None = None


class _Found(msgspec.Struct):
    results: list[_Flow] = []


class _Token(msgspec.Struct):
    access_token: str


class _Error(msgspec.Struct, rename="camel"):
    error_code: str = ""
    error_message: str = ""


class FlowService:
    """One account at one platform. Not for several threads at once: a worker has its own."""

    def __init__(self, config: Config) -> None:
        """`config`: as the platform gave it out."""
        self._config = config
        self._token = ""

    def deposit(self, parcel: Parcel) -> Flow:
        """Hand a file over, unless the platform has it already from a call whose answer was lost."""
        known = self._search({"trackingId": parcel.tracking_id}, limit=1)
        if known:
            return known[0]
        info = {
            "trackingId": parcel.tracking_id,
            "name": parcel.name,
            "processingRule": parcel.treatment,
            "flowSyntax": parcel.form,
            "sha256": hashlib.sha256(parcel.content).hexdigest(),
        }
        if parcel.form != "CDAR":
            info["flowProfile"] = "CIUS"
        body, boundary = _multipart(info, parcel)
        answer = self._call("POST", "/v1/flows", body, f"multipart/form-data; boundary={boundary}")
        return _flow(_decoded(answer, _Flow))

    def changes(self, since: datetime) -> list[Flow]:
        """Page by page. The next page begins a little before the last flow of this one, for several share a moment."""
        found: dict[str, Flow] = {}
        after = since
        for _page in range(_MOST_PAGES):
            page = self._search({"updatedAfter": after.astimezone(UTC).isoformat().replace("+00:00", "Z")}, limit=_PAGE)
            fresh = [flow for flow in page if flow.flow_id not in found]
            found |= {flow.flow_id: flow for flow in page}
            if len(page) < _PAGE:
                break
            last = page[-1].updated_at
            after = max(last - _OVERLAP, after) if fresh and last - _OVERLAP > after else last
        return sorted(found.values(), key=lambda flow: (flow.updated_at, flow.flow_id))

    def content(self, flow_id: str) -> bytes:
        """The file of a flow as it was handed over."""
        return self._call("GET", f"/v1/flows/{quote(flow_id, safe='')}?docType=Original")

    def _search(self, where: dict[str, Any], *, limit: int) -> list[Flow]:
        body = msgspec.json.encode({"limit": limit, "where": where})
        found = _decoded(self._call("POST", "/v1/flows/search", body, "application/json"), _Found)
        flows = [_flow(row) for row in found.results]
        return sorted(flows, key=lambda flow: flow.updated_at)

    def _call(self, method: str, path: str, body: bytes = b"", kind: str = "") -> bytes:
        """One request; a token that ran out is renewed once."""
        for attempt in (1, 2):
            if not self._token:
                self._token = self._granted()
            headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json, */*"}
            if kind:
                headers["Content-Type"] = kind
            status, answer = self._request(method, self._config.base_url.rstrip("/") + path, body, headers)
            if status == 401 and attempt == 1:
                self._token = ""
                continue
            return _accepted(status, answer)
        raise AssertionError("the second attempt returns or raises")

    def _granted(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._config.client_id,
            "client_secret": self._config.client_secret,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        status, answer = self._request("POST", self._config.token_url, urlencode(form).encode(), headers)
        token: _Token = _decoded(_accepted(status, answer), _Token)
        return token.access_token

    def _request(self, method: str, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise PlatformRefuses("a platform is spoken to over https only: invoices and a secret travel there")
        timeout, host = self._config.timeout_s, parts.netloc
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            connection = http.client.HTTPSConnection(host, timeout=timeout, context=ssl.create_default_context())
        else:
            connection = http.client.HTTPConnection(host, timeout=timeout)
        try:
            connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""), body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(_LARGEST)
        except (OSError, http.client.HTTPException) as error:
            raise PlatformDown(f"the platform cannot be reached ({type(error).__name__})") from error
        finally:
            connection.close()


def _accepted(status: int, answer: bytes) -> bytes:
    if status in _LATER:
        raise PlatformDown(f"the platform asks to come again later (HTTP {status})")
    if 200 <= status < 300:
        return answer
    try:
        error = msgspec.json.decode(answer, type=_Error)
    except (msgspec.DecodeError, UnicodeDecodeError):
        error = _Error()
    words = " ".join(filter(None, (error.error_code, error.error_message)))[:500]
    raise PlatformRefuses(f"the platform refuses (HTTP {status}){': ' if words else ''}{words}")


def _decoded(answer: bytes, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(answer, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PlatformDown("the platform's answer cannot be read") from error


def _flow(row: _Flow) -> Flow:
    said = row.acknowledgement or _Acknowledgement()
    at = row.updated_at or row.submitted_at
    if at is None:
        raise PlatformDown("the platform's answer has no date")
    problems = (
        " ".join(str(one[key]) for key in ("reasonCode", "reasonMessage") if one.get(key)) for one in said.details
    )
    return Flow(
        flow_id=row.flow_id,
        updated_at=at if at.tzinfo else at.replace(tzinfo=UTC),
        form=row.flow_syntax,
        direction=row.flow_direction,
        tracking_id=row.tracking_id,
        acknowledgement=said.status,
        problems=tuple(filter(None, problems)),
    )


def _multipart(info: dict[str, str], parcel: Parcel) -> tuple[bytes, str]:
    boundary = secrets.token_hex(16)
    kind = "application/pdf" if parcel.form == "Factur-X" else "application/xml"
    name = parcel.name.replace('"', "").replace("\r", "").replace("\n", "")
    parts = (
        ('name="flowInfo"', "application/json", msgspec.json.encode(info)),
        (f'name="file"; filename="{name}"', kind, parcel.content),
    )
    body = b"".join(
        f"--{boundary}\r\nContent-Disposition: form-data; {what}\r\nContent-Type: {form}\r\n\r\n".encode()
        + data
        + b"\r\n"
        for what, form, data in parts
    )
    return body + f"--{boundary}--\r\n".encode(), boundary
