"""How the simulated RBM platform behaves: everything a test or a training session may want to turn."""

from pathlib import Path
from typing import Literal

import msgspec

from sofy.sandbox.smpp.profile import Curve

PhoneKind = Literal["usual", "no_rcs", "offline", "reads", "stops", "unsubscribes"]


class Range(msgspec.Struct, frozen=True):
    """What every number with this prefix is: `offline` never comes back, `stops` answers STOP."""

    prefix: str
    kind: PhoneKind


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """Shares are between 0 and 1, of phones for no_rcs, else of messages; 0 turns a thing off.

    `offline` phones come back after the `back` curve; a message whose time is over by then is revoked, but for the
    share `revoke_failed`. Every n-th request: `throttle_every` 429, `error_every` 500 (every other one of which was
    taken), `silent_every` taken and never answered, `lost_every` never taken and never answered, `token_every` a token
    that is not believed any more. Unit: seconds for `_s`, requests per second for rate_per_s (0: no limit).
    """

    seed: int = 1
    no_rcs: float = 0.2
    offline: float = 0.05
    reads: float = 0.6
    taps: float = 0.05
    chats: float = 0.02
    types: float = 0.05
    stops: float = 0.003
    unsubscribes: float = 0.002
    revoke_failed: float = 0.1
    delivery: Curve = Curve(1.5, 0.6, 10.0)
    reading: Curve = Curve(4.0, 0.8, 30.0)
    back: Curve = Curve(60.0, 1.0, 600.0)
    answer: Curve = Curve(0.02, 0.4, 0.3)
    ranges: tuple[Range, ...] = ()

    rate_per_s: float = 0
    retry_after_s: float = 1.0
    throttle_every: int = 0
    error_every: int = 0
    silent_every: int = 0
    lost_every: int = 0
    token_every: int = 0
    token_life_s: float = 3600.0
    batch_get_per_min: int = 600
    doubled: float = 0.01
    shuffled: float = 0.02
    backoff_s: float = 1.0
    backoff_most_s: float = 600.0
    webhook_window: int = 50
    webhook_timeout_s: float = 10.0


class SandboxConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where the platform listens, and the folder it keeps its account, its webhooks and its log in.

    Port 0 takes a free one. Without a folder nothing is kept.
    """

    port: int = 8045
    host: str = "127.0.0.1"
    folder: Path | None = None
    agent_id: str = "sofy_agent"
    profile: Profile = Profile()


PROFILES: dict[str, Profile] = {
    "demo": Profile(),
    "plain": Profile(
        no_rcs=0, offline=0, reads=0, taps=0, chats=0, types=0, stops=0, unsubscribes=0, revoke_failed=0,
        delivery=Curve(), reading=Curve(), back=Curve(), answer=Curve(), doubled=0, shuffled=0, backoff_s=0.05,
    ),
    "hostile": Profile(
        no_rcs=0.1, throttle_every=97, error_every=61, silent_every=211, lost_every=223, token_every=401, doubled=0.2,
        shuffled=0.3, backoff_s=0.2,
    ),
}  # fmt: skip
