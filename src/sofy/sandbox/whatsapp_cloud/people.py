"""Who has a phone, and what becomes of a message: a pure function of the seed, the person and how many came before."""

import re
from bisect import bisect
from hashlib import blake2b
from itertools import accumulate
from math import exp
from statistics import NormalDist
from struct import Struct
from typing import NamedTuple

from sofy.sandbox.smpp.fate import CHATS, STOPS
from sofy.sandbox.smpp.profile import Curve
from sofy.sandbox.whatsapp_cloud.profile import Profile

_CUTS = Struct(">12H")
_NORMAL = NormalDist()
_USER = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}")
EMOJI = ("👍", "❤️", "😂", "🙏")


class Fate(NamedTuple):
    """Everything that will happen to one message that was taken. `code`: it fails so. Unit: seconds after it."""

    code: int
    sent_s: float
    delivered_s: float | None
    read_s: float | None
    says: str
    how: str  # text, tap, react, wish, or empty
    says_s: float
    doubled: bool
    shuffled_s: float


def is_user_id(to: str) -> bool:
    """Whether this names a person without a number."""
    return _USER.fullmatch(to) is not None


class People:
    """Everybody, as this seed made them."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._key = profile.seed.to_bytes(8, "big", signed=True)
        self._ids: dict[str, str] = {}
        self._nth: dict[str, int] = {}

    def user_id(self, number: str) -> str:
        """What Meta calls the person with this number, for this business."""
        made = "FR." + str(int.from_bytes(self._draw("id", number)[:8])).zfill(20)
        self._ids[made] = number
        return made

    def number_of(self, user_id: str) -> str:
        """The number behind an id, when anybody has met it here; the id itself else."""
        return self._ids.get(user_id, user_id)

    def has_user_name(self, who: str) -> bool:
        """Whether their messages come without a number."""
        return is_user_id(who) or int.from_bytes(self._draw("name", who)[:2]) / 65536 < self.profile.user_names

    def fate(self, who: str, *, is_marketing: bool, has_buttons: bool) -> Fate:
        """What becomes of the next message to this person."""
        p = self.profile
        nth = self._nth[who] = self._nth.get(who, -1) + 1
        end, sent, late, reads, when, talks, words, waits, doubled, shuffled, jump, _ = _CUTS.unpack(
            self._draw(str(nth), who)
        )
        sent_s = _draw_from(p.sent, sent)
        delivered_s = sent_s + _draw_from(p.delivered, late)
        shuffled_s = _draw_from(p.delivered, jump) * 2 if shuffled / 65536 < p.shuffled else 0.0
        code = self._code(who, end / 65536, is_marketing=is_marketing)
        if code:
            return Fate(code, sent_s, None, None, "", "", 0.0, doubled / 65536 < p.doubled, shuffled_s)
        if end / 65536 > 1 - p.offline:
            return Fate(0, sent_s, None, None, "", "", 0.0, doubled / 65536 < p.doubled, shuffled_s)
        read_s = delivered_s + _draw_from(p.read, when) if reads / 65536 < p.reads else None
        how, says = self._words(talks / 65536, words, is_marketing=is_marketing, has_buttons=has_buttons)
        says_s = (read_s or delivered_s) + _draw_from(p.reply, waits)
        return Fate(0, sent_s, delivered_s, read_s, says, how, says_s, doubled / 65536 < p.doubled, shuffled_s)

    def at_once(self, who: str) -> int:
        """The error that every message to this number gets as its answer, or 0."""
        return next((one.code for one in self.profile.ranges if one.at_once and who.startswith(one.prefix)), 0)

    def _code(self, who: str, u: float, *, is_marketing: bool) -> int:
        p = self.profile
        for one in p.ranges:
            if not one.at_once and who.startswith(one.prefix):
                return one.code
        chances = [p.no_whatsapp, p.experiment * is_marketing, p.had_enough * is_marketing, p.stopped * is_marketing]
        which = bisect(list(accumulate(chances)), u)
        return (131026, 130472, 131049, 131050, 0)[which]

    def _words(self, u: float, which: int, *, is_marketing: bool, has_buttons: bool) -> tuple[str, str]:
        p = self.profile
        ways = (
            ("text", p.stop * is_marketing, STOPS),
            ("wish", p.wishes_stop * is_marketing, ("stop",)),
            ("tap", p.taps * has_buttons, ("tap",)),
            ("text", p.chat, CHATS),
            ("react", p.reacts, EMOJI),
        )
        for how, share, choices in ways:
            if u < share:
                return how, choices[which % len(choices)]
            u -= share
        return "", ""

    def _draw(self, what: str, who: str) -> bytes:
        return blake2b(f"{what} {who}".encode(), digest_size=24, key=self._key).digest()


def _draw_from(curve: Curve, cut: int) -> float:
    if not curve.median_s:
        return 0.0
    return min(curve.most_s, curve.median_s * exp(curve.sigma * _NORMAL.inv_cdf((cut + 0.5) / 65536)))
