"""How the simulated operator behaves: everything a test or a training session may want to turn."""

from pathlib import Path
from typing import Literal

import msgspec

IdStyle = Literal["same", "zeros", "hex_decimal", "decimal_hex"]


class Curve(msgspec.Struct, frozen=True):
    """A delay with a long tail (log-normal, cut at `most_s`). Unit: seconds."""

    median_s: float = 0.0
    sigma: float = 0.5
    most_s: float = 60.0


class Ending(msgspec.Struct, frozen=True):
    """How a delivery fails: the words of the receipt, and how often among failures."""

    stat: str
    err: str
    weight: float = 1.0


class Range(msgspec.Struct, frozen=True):
    """What happens to every number with this prefix: refused with a status, or accepted and ended so."""

    prefix: str
    status: int = 0
    stat: str = "DELIVRD"
    err: str = "000"


_ENDINGS = (
    Ending("UNDELIV", "006", 4),  # absent subscriber
    Ending("UNDELIV", "001", 3),  # unknown subscriber
    Ending("EXPIRED", "027", 2),
    Ending("UNDELIV", "013", 1),  # barred
    Ending("REJECTD", "0x1F", 1),  # hexadecimal, as some write it
)


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One operator. Shares are of accepted messages, between 0 and 1; 0 turns a thing off.

    `first_id` 0 takes the clock, so that two runs never give the same identifier. Unit: seconds for `_s`, submit_sm
    per second for rate_per_s.
    """

    seed: int = 1
    password: str = ""
    short_code: str = "36105"
    answer: Curve = Curve(0.004, 0.4, 0.2)
    receipt: Curve = Curve(2.5, 0.6, 12.0)
    reply: Curve = Curve(5.0, 0.6, 15.0)
    opening: Curve = Curve(8.0, 0.8, 60.0)

    refused: float = 0.004
    failed: float = 0.05
    lost: float = 0.01
    early: float = 0.01
    doubled: float = 0.01
    enroute: float = 0.02
    endings: tuple[Ending, ...] = _ENDINGS
    ranges: tuple[Range, ...] = ()
    id_style: IdStyle = "zeros"
    receipt_layout: Literal["usual", "short", "tlv"] = "usual"
    first_id: int = 0

    stop: float = 0.005
    contact: float = 0.0005
    chat: float = 0.003
    long_chat: float = 0.0005
    opened: float = 0.12
    robots: float = 0.03

    rate_per_s: float = 0
    window: int = 0
    throttle_every: int = 0
    queue_full_every: int = 0
    cut_every: int = 0
    half_open_every: int = 0
    restart_every_s: float = 0
    restart_s: float = 1.0
    refuse_binds_s: float = 0
    delivery_window: int = 1000


class SandboxConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where the simulated operator listens and writes. Port 0 takes a free one; http_port None means no page."""

    port: int = 2775
    host: str = "127.0.0.1"
    http_port: int | None = None
    log: Path | None = None
    profile: Profile = Profile()


PROFILES: dict[str, Profile] = {
    "demo": Profile(),
    "plain": Profile(
        answer=Curve(), receipt=Curve(), reply=Curve(0.05), refused=0, failed=0, lost=0, early=0, doubled=0, enroute=0,
        stop=0, contact=0, chat=0, long_chat=0, opened=0, robots=0, id_style="same",
    ),
    "hostile": Profile(
        lost=0.03, early=0.1, doubled=0.1, enroute=0.1, failed=0.1, id_style="hex_decimal", rate_per_s=2000,
        cut_every=4001, half_open_every=15013,
    ),
}  # fmt: skip
