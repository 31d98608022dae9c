"""How the simulated Meta behaves: everything a test or a training session may want to turn."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from sofy.sandbox.smpp.profile import Curve


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to every number with this prefix (digits): an error, at once or in a status. 0: it is delivered."""

    prefix: str
    code: int = 0
    at_once: bool = False


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One Meta. Shares are between 0 and 1; 0 turns a thing off. Unit: seconds for `_s`, messages per second.

    `pair_s`: the least time between two messages to one person. `portfolio_limit`: people who may be written to first
    in 24 hours (0: no limit). `retry_s` and `retry_for_s`: when a callback that was not answered with 200 comes again,
    and for how long; Meta tries for 7 days, and so does this one when nobody is in a hurry. `batch`: how many entries
    one callback holds at most. `user_names`: people whose messages come without a number.
    """

    seed: int = 1
    answer: Curve = Curve(0.03, 0.4, 1.0)
    sent: Curve = Curve(0.4, 0.5, 4.0)
    delivered: Curve = Curve(1.0, 0.8, 20.0)
    read: Curve = Curve(4.0, 1.0, 60.0)
    reply: Curve = Curve(6.0, 0.8, 60.0)
    review: Curve = Curve(3.0, 0.5, 20.0)

    no_whatsapp: float = 0.04
    had_enough: float = 0.01
    experiment: float = 0.002
    stopped: float = 0.003
    offline: float = 0.02
    reads: float = 0.6
    user_names: float = 0.1
    ranges: tuple[Range, ...] = ()

    stop: float = 0.01
    wishes_stop: float = 0.003
    taps: float = 0.1
    chat: float = 0.03
    reacts: float = 0.01

    rate_per_s: float = 80
    pair_s: float = 6.0
    pair_burst: Annotated[int, msgspec.Meta(ge=1)] = 10
    portfolio_limit: int = 0
    window: bool = True
    creations_per_hour: int = 100

    doubled: float = 0.03
    shuffled: float = 0.05
    batch: Annotated[int, msgspec.Meta(ge=1)] = 3
    retry_s: float = 1.0
    retry_for_s: float = 7 * 86_400.0
    longest_retry_s: float = 3_600.0

    fails: float = 0.0
    throttles: float = 0.0
    silent: float = 0.0
    lost_answers: float = 0.0
    unreadable: float = 0.0
    away: Literal["", "503", "refuse"] = ""


class SandboxConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where the simulated Meta listens and writes, and the account it knows. Port 0 takes a free one.

    `subscription` is a file {"callback_url", "verify_token"} that is read again when it changes: who is called back
    may come to be known later. `environment` production is refused.
    """

    port: int = 0
    host: str = "127.0.0.1"
    phone_number_id: str = "106540352242922"
    display_phone_number: str = "33639980000"
    business_account_id: str = "102290129340398"
    access_token: str = "sandbox-token"  # noqa: S105  of nobody
    app_secret: str = "sandbox-secret"  # noqa: S105
    callback_url: str = ""
    verify_token: str = "sandbox-verify"  # noqa: S105
    subscription: Path | None = None
    log: Path | None = None
    profile: Profile = Profile()
    environment: str = "sandbox"


PROFILES: dict[str, Profile] = {
    "demo": Profile(),
    "plain": Profile(
        answer=Curve(), sent=Curve(), delivered=Curve(), read=Curve(), reply=Curve(), review=Curve(), no_whatsapp=0,
        had_enough=0, experiment=0, stopped=0, offline=0, reads=0, user_names=0, stop=0, wishes_stop=0, taps=0, chat=0,
        reacts=0, rate_per_s=0, pair_s=0, doubled=0, shuffled=0, batch=1, retry_s=0.05,
    ),
    "hostile": Profile(
        doubled=0.2, shuffled=0.3, batch=10, user_names=0.4, fails=0.02, throttles=0.03, lost_answers=0.01,
        unreadable=0.005, no_whatsapp=0.1, retry_s=0.2, longest_retry_s=5.0,
    ),
}  # fmt: skip
