"""What becomes of a message: a pure function of the seed, its number and how many messages that number had before."""

from hashlib import blake2b
from math import exp
from statistics import NormalDist
from struct import Struct
from typing import NamedTuple

from sofy.sandbox.google_rbm.profile import PhoneKind, Profile
from sofy.sandbox.smpp.fate import CHATS, STOPS
from sofy.sandbox.smpp.profile import Curve

_DRAWS = Struct(">8H")
_NORMAL = NormalDist()


class Fate(NamedTuple):
    """Everything that will happen to one message. Unit: seconds after what comes before; None: never.

    `says` is what its person writes, `taps` whether a suggestion is tapped when there is one.
    """

    delivered_s: float | None
    read_s: float | None = None
    revoke_fails: bool = False
    types: bool = False
    taps: bool = False
    says: str = ""
    unsubscribes: bool = False
    answer_s: float = 0.0


class Fates:
    """Draws fates for one profile."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._key = profile.seed.to_bytes(8, "big", signed=True)

    def has_rcs(self, number: str) -> bool:
        """Whether a phone takes RCS: always the same answer for a number."""
        kind = self._kind(number)
        if kind is not None:
            return kind != "no_rcs"
        return self._draws(number, "rcs")[0] >= self.profile.no_rcs

    def of(self, number: str, nth: int) -> Fate:
        """The fate of a message whose phone had `nth` before."""
        p = self.profile
        kind = self._kind(number)
        off, wait, reads, reading, talk, words, fails, answer = self._draws(number, str(nth))
        answer_s = _at(p.answer, answer)
        if kind == "offline":
            return Fate(None, revoke_fails=fails < p.revoke_failed, answer_s=answer_s)
        is_off = kind is None and off < p.offline
        delivered_s = _at(p.back if is_off else p.delivery, wait)
        read_s = _at(p.reading, reading) if kind is not None or reads < p.reads else None
        if read_s is None or kind == "usual":
            return Fate(delivered_s, revoke_fails=fails < p.revoke_failed, answer_s=answer_s)
        fate = Fate(delivered_s, read_s, revoke_fails=fails < p.revoke_failed, answer_s=answer_s)
        if kind is not None:
            says = _one(STOPS, words) if kind == "stops" else ""
            return fate._replace(says=says, unsubscribes=kind == "unsubscribes")
        does = _Share(talk)
        return fate._replace(
            says=_one(STOPS, words) if does.takes(p.stops) else _one(CHATS, words) if does.takes(p.chats) else "",
            unsubscribes=does.takes(p.unsubscribes),
            taps=does.takes(p.taps),
            types=reading < p.types,
        )

    def _kind(self, number: str) -> PhoneKind | None:
        return next((one.kind for one in self.profile.ranges if number.startswith(one.prefix)), None)

    def _draws(self, number: str, what: str) -> tuple[float, ...]:
        digest = blake2b(f"{number} {what}".encode(), digest_size=16, key=self._key).digest()
        return tuple(draw / 65536 for draw in _DRAWS.unpack(digest))


class _Share:
    """One number between 0 and 1 that at most one of several shares takes."""

    def __init__(self, u: float) -> None:
        self._u = u

    def takes(self, share: float) -> bool:
        taken = 0 <= self._u < share
        self._u = -1.0 if taken else self._u - share
        return taken


def _one(choices: tuple[str, ...], u: float) -> str:
    return choices[int(u * len(choices))]


def _at(curve: Curve, u: float) -> float:
    if not curve.median_s:
        return 0.0
    return min(curve.most_s, curve.median_s * exp(curve.sigma * _NORMAL.inv_cdf((u * 65536 + 0.5) / 65536)))
