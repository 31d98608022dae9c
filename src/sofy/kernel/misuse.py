"""Marketing in the alert lane (CGVU 14.2): texts scored by rules that can be read aloud. Pure.

Points add up; from `HOLD` on a text waits for a person. What is clearly a notice (a code, a delivery, an appointment,
an invoice) takes points away.
"""

import re
from typing import Final, NamedTuple

from sofy.kernel.clauses import clause
from sofy.kernel.text import fold

HOLD: Final = 5.0
#: So many of the same text in a row say that it is for many.
_MANY: Final = 20

#: Without any of these nothing can reach HOLD: most alerts are let go after a glance.
_GLANCE: Final = (
    *("http", "www.", "€", "%", "stop", "promo", "sold", "offr", "offer", "remise", "duc", "vente", "prix", "gratuit"),
    *("cadeau", "black", "gagne", "stock", "profit", "couvr"),
)


class Point(NamedTuple):
    """One rule that spoke, with its points."""

    code: str
    points: float


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


_RULES: Final[tuple[tuple[str, float, re.Pattern[str]], ...]] = (
    (
        "stop_mention",
        4.0,
        _any(
            r"\bstop (?:au|sms)? ?\d{5}\b", r"\bstop sms\b", r"\brepondez stop\b", r"\bse desabonner\b", r"\bdesinscri"
        ),
    ),
    (
        "offer",
        3.0,
        _any(
            r"\bpromo|\bsoldes?\b|\boffres?\b|\bremises?\b|\breductions?\b|\bventes? (?:privee|flash)|\bblack friday",
            r"\bbons? plans?\b|\bdestockage\b|\bcode promo\b|\bprix casses?\b|\bventes? exceptionnelle",
        ),
    ),
    (
        "discount",
        2.5,
        _any(
            r"-? ?\d{1,2} ?%|\b\d+ ?(?:€|eur|euros) (?:offerts?|de remise|de reduction|d.economie)",
            r"\b\d+ (?:achete|acquis)|\bmoitie prix\b|\b1 ?= ?2\b",
        ),
    ),
    ("free", 2.0, _any(r"\bgratuit|\bofferte?s?\b|\bcadeaux?\b")),
    ("game", 4.0, _any(r"\bgagnez\b|\btentez votre chance\b|\bjeu.concours\b|\btirage au sort\b")),
    (
        "invitation",
        2.0,
        _any(
            r"\bprofite[zr]\b|\bdecouvr|\bn.attendez (?:plus|pas)\b|\bcraquez\b|\bvite\b|\ben magasin\b",
            r"\bjusqu.au (?:dimanche|samedi|\d)|\bnouvelle collection\b|\bdernier(?:e?s)? jours?\b|\bforfait",
            r"\ba partir de \d+ ?(?:€|eur)|\binedit|\bexclusi",
        ),
    ),
    ("link", 1.0, _any(r"https?://|www\.|\b[a-z0-9-]+\.(?:fr|com|shop|net|io|ly|me)/")),
)
_NOTICES: Final[tuple[tuple[str, float, re.Pattern[str]], ...]] = (
    (
        "code",
        -5.0,
        _any(
            r"\b(?:code|otp|pin|mot de passe)\b[^.]{0,40}\b\d{4,8}\b|\b\d{4,8}\b[^.]{0,30}\bcode\b|\bg-\d{6}\b",
            r"\b\d{3}[ -]\d{3}\b[^.]{0,30}\bcode\b",
        ),
    ),
    (
        "delivery",
        -3.0,
        _any(
            r"\bcolis\b|\blivraison\b|\blivree?\b|\bretrait\b|\bsuivi\b|\blivreur\b|\btransporteur\b",
            r"\bcommande\b[^.]{0,40}(?:prete|expedie|disponible|confirme|\d)",
        ),
    ),
    ("appointment", -3.0, _any(r"\brendez-vous\b|\brdv\b|\breservation\b|\bconsultation\b|\bannul")),
    (
        "invoice",
        -3.0,
        _any(
            r"\bfacture\b|\bpaiement\b|\bprelevement\b|\becheance\b|\bsolde de votre compte\b|\bimpaye|\bvirement\b",
            r"\bremboursement\b",
        ),
    ),
    (
        "alarm",
        -3.0,
        _any(
            r"\balarme\b|\bintrusion\b|\bpanne\b|\bincident\b|\balerte\b|\bsecurite\b|\bmaintenance\b|\bconnexion\b",
            r"\bincendie\b|\bseuil\b|\btemperature\b",
        ),
    ),
    (
        "account",
        -2.0,
        _any(r"\bvotre (?:dossier|compte|demande|contrat|sinistre|abonnement|billet|ticket|inscription)\b"),
    ),
)


def _glance(lower: str) -> bool:
    # Each alert passes here: a loop takes a third of what `any` does.
    for word in _GLANCE:  # noqa: SIM110
        if word in lower:
            return True
    return False


@clause("CGVU 14.2")
def score(text: str, alike: int = 0) -> tuple[float, tuple[Point, ...]]:
    """How much a text reads like marketing, and by which rules. `alike`: how many of the same text came before it."""
    if not _glance(text.lower()):
        return 0.0, ()
    plain = fold(text)
    found = [Point(code, points) for code, points, pattern in _RULES if pattern.search(plain)]
    if not found:
        return 0.0, ()
    notices = [Point(code, points) for code, points, pattern in _NOTICES if pattern.search(plain)]
    if any(point.code == "stop_mention" for point in found):
        notices = [Point(point.code, point.points / 2) for point in notices]
    found += notices
    if alike >= _MANY and sum(point.points for point in found) >= 2:
        found.append(Point("same_text", 1.5))
    return sum(point.points for point in found), tuple(found)


_DIFFERS: Final = re.compile(r"https?://\S+|\d+")


def skeleton(text: str) -> str:
    """The text without figures and addresses, and without the words of a greeting: alike for everybody it goes to."""
    plain = _DIFFERS.sub("#", fold(text))
    return re.sub(r"^(?:bonjour|bonsoir|cher|chere|hello|salut|coucou)\b[^,!.:]{0,40}[,!.:]", "", plain).strip()
