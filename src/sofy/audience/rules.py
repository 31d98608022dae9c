"""What a person agreed to, as a pure function of what was recorded about them.

The current state keeps, per identity, channel and purpose, the latest instant of each sort of event. Taking the later
of two instants gives the same result in any order and however often an event arrives, so a ledger that is replayed,
merged or received out of order always comes to the same state. `ledger.py` keeps it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, reduce
from typing import NamedTuple

from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused

#: Where an event comes from -> whether it may end an opt-out when it comes with evidence. A file never may.
SOURCES = {
    "import": False,
    "optouts": False,
    "stop": False,  # the person's own STOP, and other keywords
    "unsubscribe": False,  # the link of an e-mail
    "suppression": False,
    "regulator": False,
    "undo": False,
    "merge": False,
    "api": True,
    "form": True,
    "screen": True,
    "paper": True,
}
OPT_OUTS = ("withdrawn", "opposed")
CHANNEL_OF_KIND = {
    "phone": "sms",
    "email": "email",
    "whatsapp": "whatsapp",
    "rcs": "rcs",
}

#: Words of a consent column, folded. Anything else is a question, reported and not counted as consent.
CONSENT_WORDS = {
    **dict.fromkeys(
        (
            "oui",
            "o",
            "yes",
            "y",
            "1",
            "x",
            "true",
            "vrai",
            "ok",
            "optin",
            "opt-in",
            "opt in",
        ),
        "granted",
    ),
    **dict.fromkeys(
        ("accord", "accepte", "acceptee", "d'accord", "on", "abonne", "abonnee", "inscrit", "inscrite", "subscribed"),
        "granted",
    ),
    **dict.fromkeys(("coche", "cochee", "1.0", "1,0", "1,00", "1.00", "✓", "✔", "☑"), "granted"),
    **dict.fromkeys(("0.0", "0,0", "0,00", "0.00", "pas coche", "decoche"), "withdrawn"),
    **dict.fromkeys(
        ("non", "n", "no", "0", "false", "faux", "refus", "refuse", "ko", "off"),
        "withdrawn",
    ),
    **dict.fromkeys(
        ("optout", "opt-out", "opt out", "desabonne", "desinscrit", "unsubscribed"),
        "withdrawn",
    ),
    **dict.fromkeys(("stop", "oppose", "opposition", "arret", "blacklist", "blackliste"), "opposed"),
}

_OPPOSES = re.compile(r"(stop|oppos\w*|arret\w*|black ?list\w*|liste (noire|rouge)|interdi\w*|bloqu\w*|blocked)\b")
_REFUSES = re.compile(
    r"(non|no|pas|ne|jamais|never|refus\w*|desinscri\w*|desabonn\w*|unsubscri\w*|opt(ed)?[ -]?out\w*|exclu\w*)\b"
)
#: A consent with where or when it was given behind it, and nothing that might take it back.
_AGREES = re.compile(
    r"(oui|yes|ok|x|1)( *\((?!.*\b(non|no|pas|ne|sauf|stop|refus\w*)\b).*\)"
    r"|[ ,:]+(le )?\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4})"
)
_UNKNOWN = re.compile(
    r"(non|not?|pas) (renseign|communiqu|connu|precis|defini|applicable|dispo|demand|specif|known|set)"
)


@dataclass(frozen=True)
class Fact:
    """One event of the ledger, as far as the current state depends on it."""

    state: str
    at: datetime
    recorded_at: datetime
    lifts: bool = False


class Instants(NamedTuple):
    """The latest instant of each sort of event; None when there was none."""

    granted_at: datetime | None = None
    cleared_at: datetime | None = None
    withdrawn_at: datetime | None = None
    opposed_at: datetime | None = None
    lifted_at: datetime | None = None


_NEVER = datetime.min.replace(tzinfo=UTC)


def _later(one: datetime | None, two: datetime | None) -> datetime | None:
    return max((value for value in (one, two) if value), default=None)


def join(one: Instants, two: Instants) -> Instants:
    """Bring two halves of a history together: associative, commutative and idempotent."""
    return Instants(
        _later(one.granted_at, two.granted_at),
        _later(one.cleared_at, two.cleared_at),
        _later(one.withdrawn_at, two.withdrawn_at),
        _later(one.opposed_at, two.opposed_at),
        _later(one.lifted_at, two.lifted_at),
    )


def instant(fact: Fact) -> Instants:
    """What a single event contributes."""
    return Instants(
        granted_at=fact.recorded_at if fact.state == "granted" else None,
        cleared_at=fact.recorded_at if fact.state == "cleared" else None,
        withdrawn_at=fact.at if fact.state == "withdrawn" else None,
        opposed_at=fact.at if fact.state == "opposed" else None,
        lifted_at=fact.at if fact.lifts else None,
    )


def instants(facts: Iterable[Fact]) -> Instants:
    """Reduce a history to its latest instants."""
    return reduce(join, map(instant, facts), Instants())


@clause("CGVU 17", "DPA 5")
@lru_cache(maxsize=4096)
def current(known: Instants) -> str:
    """State of consent: opposition wins over refusal, refusal over consent, whatever the order they arrived in.

    Only an explicit new opt-in with evidence, given after the opt-out, ends it; a consent taken back by an undo counts
    again when it is recorded again.
    Source: CGVU 17 (prior consent, opposition at any moment), DPA 5.
    """
    lifted_at = known.lifted_at or _NEVER
    if known.opposed_at and known.opposed_at >= lifted_at:
        return "opposed"
    if known.withdrawn_at and known.withdrawn_at >= lifted_at:
        return "withdrawn"
    if known.granted_at and known.granted_at > (known.cleared_at or _NEVER):
        return "granted"
    return "cleared"


@clause("CGVU 17", "DPA 5")
def check_event(
    *,
    state: str,
    source: str,
    lifts: bool,
    has_evidence: bool,
    at: datetime,
    now: datetime,
) -> None:
    """Refuse an event that would say more than its source can prove.

    Raises: Refused unknown_source, opt_out_not_liftable (a file, a STOP or an undo cannot end an opt-out),
    evidence_missing, date_in_future.
    """
    if source not in SOURCES:
        raise Refused("unknown_source", source=source)
    if at > now:
        raise Refused("date_in_future", at=at.isoformat())
    if lifts and not SOURCES[source]:
        raise Refused("opt_out_not_liftable", source=source)
    if lifts and not has_evidence:
        raise Refused("evidence_missing")
    if lifts and state in OPT_OUTS:
        raise Refused("opt_out_not_liftable", source=source)


def consent_word(folded: str) -> str | None:
    """Meaning of a cell of a consent column: "granted", "withdrawn", "opposed", "" when blank, None when unclear.

    What begins as a refusal is one, whatever follows; what begins as a consent may only say where or when it was given.
    """
    word = folded.strip(" .!")
    if not word or word in CONSENT_WORDS:
        return CONSENT_WORDS.get(word, "")
    if _OPPOSES.match(word):
        return "opposed"
    if _REFUSES.match(word):
        return None if _UNKNOWN.match(word) else "withdrawn"
    return "granted" if _AGREES.fullmatch(word) else None
