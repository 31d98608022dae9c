"""What the product asks of an approved platform, whoever runs it."""

from datetime import datetime
from typing import Literal, Protocol

import msgspec

Form = Literal["Factur-X", "CII", "UBL", "CDAR"]
Acknowledgement = Literal["Pending", "Ok", "Error"]


class Parcel(msgspec.Struct, frozen=True):
    """A file to hand over. `tracking_id`: our own name for it, by which it is found again; `name`: of the file."""

    tracking_id: str
    name: str
    form: Form
    content: bytes
    treatment: Literal["B2B", "B2BInt", "B2C", "OutOfScope", "ArchiveOnly", "NotApplicable"] = "B2B"


class Flow(msgspec.Struct, frozen=True):
    """What a platform says of a file, ours or one that came. `problems`: why it was not accepted."""

    flow_id: str
    updated_at: datetime
    form: str
    direction: Literal["In", "Out"]
    tracking_id: str = ""
    acknowledgement: Acknowledgement = "Pending"
    problems: tuple[str, ...] = ()


class PlatformDown(RuntimeError):
    """It cannot be reached, or asks to come again later: nothing is lost, the same is tried again."""


class PlatformRefuses(ValueError):
    """It understood and says no: to try again would not help. The text is the platform's."""


class Platform(Protocol):
    """Files out, news in. Every call may raise PlatformDown or PlatformRefuses."""

    def deposit(self, parcel: Parcel) -> Flow:
        """Hand a file over. Calling it again with the same `tracking_id` hands nothing over twice."""

    def changes(self, since: datetime) -> list[Flow]:
        """What changed after a moment, oldest first: our files that were acknowledged, messages that came."""

    def content(self, flow_id: str) -> bytes:
        """The file of a flow as it was handed over."""
