"""Ids told over SMPP that are no message's own: of a part of a long one, of all that a submit_multi made."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from sofy.engine.keystore import KeyStore
from sofy.engine.statuses import RANK
from sofy.ingest.offers import cost
from sofy.ingest.shapes import Destination, Standing, Step
from sofy.kernel import ids
from sofy.kernel.crypto import Unreadable
from sofy.kernel.errors import Refused

#: Why parts make no message, as a status and its reason.
_ENDED: Final = {
    "missing": ("expired", "parts_missing"),
    "refused": ("failed", "parts_refused"),
    "cancelled": ("cancelled", "client_cancelled"),
}
_UCS2: Final = 8


class Told(NamedTuple):
    """A row of smpp_part, with the purpose of its account. `message`: none while other parts are missing."""

    id: bytes
    message: bytes | None
    parts: int
    ended: str | None
    payload: bytes | None
    at: datetime
    purpose: str


class _Plain(msgspec.Struct, gc=False):
    """What is sealed in smpp_part.payload, of which this is told."""

    to: str = ""
    sender: str = ""
    coding: int = 0
    expires_at: datetime | None = None


def alone(keystore: KeyStore, client: UUID, told: Told) -> Standing:
    """A part whose message is not whole, or never will be. Its text is no text yet."""
    status, reason = _ENDED[told.ended] if told.ended else ("accepted", None)
    plain = _opened(keystore, client, told)
    events = [Step("accepted", told.at)]
    return Standing(
        str(ids.from_bytes(told.id)), status, "sms", told.purpose, plain.sender, plain.to, "", None, None, None,
        told.parts, "ucs2" if plain.coding == _UCS2 else "gsm7", cost(Decimal(0), told.parts), reason,
        "DPA 6" if status == "cancelled" else None, None, told.at, None, plain.expires_at, None, None, events,
        smpp_ids=[str(ids.from_bytes(told.id))],
    )  # fmt: skip


def together(standings: Sequence[Standing]) -> Standing:
    """All that a submit_multi made, as the one of them that is least far, with where each stands."""
    each = [Destination(one.id, one.to, one.status) for one in standings]
    least = min(standings, key=lambda one: RANK[one.status])
    return msgspec.structs.replace(least, destinations=each)


def _opened(keystore: KeyStore, client: UUID, told: Told) -> _Plain:
    if told.payload is None:
        return _Plain()
    try:
        plain = keystore.client(client).unseal("smpp_part", "payload", ids.from_bytes(told.id), told.payload)
        return msgspec.json.decode(plain, type=_Plain)
    except (Refused, Unreadable, msgspec.DecodeError):
        return _Plain()
