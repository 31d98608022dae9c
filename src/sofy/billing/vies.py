"""Asking VIES: one question over HTTP, with time limits; three outcomes, and the proof of what was said."""

import urllib.error
import urllib.request
from datetime import datetime
from typing import Final, Protocol

import msgspec
from stdnum.eu import vat as eu_vat

from sofy.billing.rules.vat import Check
from sofy.kernel.clauses import clause
from sofy.wire import vies

ADDRESS: Final = "https://ec.europa.eu/taxation_customs/vies/services/checkVatService"
_TIMEOUT_S: Final = 15.0
_LARGEST: Final = 100_000


class Proof(msgspec.Struct, frozen=True):
    """What was said of a number, when, and by which consultation. `code`: why there is no answer."""

    vat_id: str
    result: Check
    asked_at: datetime
    consultation: str = ""
    code: str = ""


class Register(Protocol):
    """Whoever knows which numbers are valid."""

    def ask(self, vat_id: str, requester: str) -> vies.Answered:
        """Raises: vies.NoAnswer"""


class HttpRegister:
    """VIES itself, or whatever answers like it at another address."""

    def __init__(self, address: str = ADDRESS, timeout_s: float = _TIMEOUT_S) -> None:
        if not address.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise ValueError("the address of VIES begins with https://")
        self.address, self.timeout_s = address, timeout_s

    def ask(self, vat_id: str, requester: str) -> vies.Answered:
        """Raises: vies.NoAnswer"""
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
        request = urllib.request.Request(self.address, vies.question(vat_id, requester), headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_s) as answer:  # noqa: S310 - checked above
                return vies.read(answer.read(_LARGEST))
        except urllib.error.HTTPError as error:  # a fault comes with status 500
            with error:
                return vies.read(error.read(_LARGEST))
        except (OSError, TimeoutError):
            raise vies.NoAnswer("UNREACHABLE") from None


@clause("CGVU 9.2")
def checked(vat_id: str, requester: str, register: Register, at: datetime) -> Proof:
    """Whether a number is valid at a moment. Away is not invalid: then nobody knows, and the invoice waits.

    What cannot be a number of a member state is not asked. Source: CGVU 9.2; CGI 289 A.
    """
    if not eu_vat.is_valid(vat_id) or vat_id[:2].upper() == "XI":
        return Proof(vat_id, "invalid", at, code="MALFORMED")
    try:
        said = register.ask(vat_id, requester)
    except vies.NoAnswer as away:
        return Proof(vat_id, "unavailable", at, code=away.code)
    return Proof(vat_id, "valid" if said.valid else "invalid", at, consultation=said.consultation)
