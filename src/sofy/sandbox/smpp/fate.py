"""What becomes of a message: a pure function of the seed, its number, and how many messages that number had before.

Its words do not count: they hold links that differ in every run, and the parts of a long one a reference that does.
"""

from bisect import bisect
from hashlib import blake2b
from itertools import accumulate
from math import exp
from statistics import NormalDist
from struct import Struct
from typing import NamedTuple

from sofy.sandbox.smpp.profile import Curve, Profile
from sofy.sandbox.smpp.visits import PEOPLE, ROBOTS, Visitor
from sofy.wire.smpp.codes import Status
from sofy.wire.smpp.pdu import Sm

_CUTS = Struct(">12H")
_STEPS = 1024

STOPS = (
    "STOP", "Stop", "stop", "STOP ", "Stop svp", "ARRET", "Arrêt", "arret", "ARRÊT", "stop!", "STOP merci",
    "S.T.O.P.", "Stop pub", "« STOP »", "arrêtez", "STOP SMS",
)  # fmt: skip
CONTACTS = ("CONTACT", "contact", "Contact ?")
CHATS = (
    "Merci !",
    "Ok",
    "C'est noté",
    "Vous êtes ouverts dimanche ?",
    "Qui êtes-vous ?",
    "👍",
    "Non merci",
    "A demain",
)
LONG_CHAT = (
    "Bonjour, je passerai samedi matin avec ma fille, pouvez-vous me dire si le parking sera ouvert et si les "
    "promotions annoncées valent aussi pour les articles déjà soldés ? Merci et bonne journée à toute l'équipe."
)


class Progress(NamedTuple):
    """One receipt to come. Unit: seconds after acceptance."""

    after_s: float
    stat: str
    err: str


class Fate(NamedTuple):
    """Everything that will happen to one message."""

    status: int
    answer_s: float
    early: bool
    receipts: tuple[Progress, ...]
    reply: str
    reply_s: float
    visitor: Visitor | None = None
    visit_s: float = 0.0


class Fates:
    """Draws fates for one profile."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._key = profile.seed.to_bytes(8, "big", signed=True)
        curves = (profile.answer, profile.receipt, profile.reply, profile.opening)
        self._answer, self._receipt, self._reply, self._opening = (_quantiles(curve) for curve in curves)
        self._weights = list(accumulate(ending.weight for ending in profile.endings))

    def of(self, sm: Sm, nth: int = 0) -> Fate:
        """The fate of one submit_sm whose phone had `nth` messages before; the parts of a long one share theirs."""
        p = self._profile
        who = f"{sm.destination} {nth}".encode("latin-1")
        digest = blake2b(who, digest_size=24, key=self._key).digest()
        end, which, early, doubled, enroute, talk, words, wait, again, answer, reply, opens = _CUTS.unpack(digest)
        answer_s = self._answer[answer % _STEPS]
        for one in p.ranges:
            if sm.destination.startswith(one.prefix):
                progress = (Progress(self._receipt[wait % _STEPS], one.stat, one.err),) if not one.status else ()
                return Fate(one.status, answer_s, False, progress, "", 0.0)
        u = end / 65536
        if u < p.refused:
            return Fate(Status.RINVDSTADR, answer_s, False, (), "", 0.0)
        if u < p.refused + p.lost:
            return Fate(0, answer_s, False, (), "", 0.0)
        delay_s = self._receipt[wait % _STEPS]
        if u < p.refused + p.lost + p.failed:
            ending = p.endings[bisect(self._weights, which / 65536 * self._weights[-1])]
            return Fate(0, answer_s, False, (Progress(delay_s, ending.stat, ending.err),), "", 0.0)
        receipts: tuple[Progress, ...] = (Progress(delay_s, "DELIVRD", "000"),)
        is_early = early / 65536 < p.early
        if doubled / 65536 < p.doubled:
            receipts += (Progress(delay_s + self._receipt[again % _STEPS], "DELIVRD", "000"),)
        if enroute / 65536 < p.enroute:  # often after the final one: the curves cross
            receipts += (Progress(self._receipt[again % _STEPS], "ACCEPTD", "000"),)
        text = self._words(talk / 65536, words)
        reply_s = delay_s + self._reply[reply % _STEPS] if text else 0.0
        visitor, visit_s = self._visitor(opens / 65536, words, delay_s, self._opening[reply % _STEPS])
        return Fate(0, answer_s, is_early, receipts, text, reply_s, visitor, visit_s)

    def _visitor(self, u: float, which: int, delivered_s: float, opening_s: float) -> tuple[Visitor | None, float]:
        """Who opens the link of a message that was delivered, if there is one; robots look at it at once."""
        if u < self._profile.robots:
            return ROBOTS[which % len(ROBOTS)], delivered_s
        if u < self._profile.robots + self._profile.opened:
            return PEOPLE[which % len(PEOPLE)], delivered_s + opening_s
        return None, 0.0

    def _words(self, u: float, which: int) -> str:
        p = self._profile
        for share, choices in ((p.stop, STOPS), (p.contact, CONTACTS), (p.chat, CHATS), (p.long_chat, (LONG_CHAT,))):
            if u < share:
                return choices[which % len(choices)]
            u -= share
        return ""


def _quantiles(curve: Curve) -> list[float]:
    if not curve.median_s:
        return [0.0] * _STEPS
    normal = NormalDist()
    return [
        min(curve.most_s, curve.median_s * exp(curve.sigma * normal.inv_cdf((n + 0.5) / _STEPS))) for n in range(_STEPS)
    ]
