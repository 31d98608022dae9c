"""What a row says yes or no to: messages by SMS and e-mail, and what is agreed to apart. Pure.

Of what several columns say about one thing the gravest counts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, Protocol

from sofy.audience import rules
from sofy.audience.imports import values
from sofy.kernel.clauses import clause
from sofy.kernel.text import fold

SEVERITY = {"": 0, "granted": 1, "withdrawn": 2, "opposed": 3}
About = Literal["sms", "email", "whatsapp", "opens"]


class Words(Protocol):
    """What is kept of a row: one word about each subject, and what is odd in it."""

    sms: str
    email: str
    whatsapp: str
    opens: str
    problems: list[str]


@dataclass(frozen=True)
class Subject:
    """Something to agree to. `kind`: the identities it is about; `purpose`: its own, or empty: that of the file."""

    about: About
    kind: str
    channel: str
    purpose: str = ""


SUBJECTS: Final = (
    Subject("sms", "phone", "sms"),
    Subject("email", "email", "email"),
    Subject("whatsapp", "phone", "whatsapp"),
    Subject("opens", "email", "email", "opens"),
)
#: Agreed to by itself: neither a consent to everything nor the declaration of a file is about these unless it says so.
APART: Final[tuple[About, ...]] = ("whatsapp", "opens")
_MESSAGES: Final[tuple[About, ...]] = ("sms", "email")
#: Who wants no messages any more wants none by WhatsApp either.
_REFUSED: Final[tuple[About, ...]] = ("sms", "email", "whatsapp")


def _hear(record: Words, about: Sequence[About], state: str) -> None:
    for each in about:
        if SEVERITY[state] > SEVERITY[getattr(record, each)]:
            setattr(record, each, state)


@lru_cache(maxsize=4096)
def consent(cell: str, *, out: bool) -> str | None:
    """Meaning of a cell of a consent column, or of an opt-out column where "oui" means the contrary."""
    word = fold(cell)
    if not out:
        return rules.consent_word(word)
    if rules.consent_word(word) == "opposed":
        return "opposed"
    answer = values.YES_NO.get(word)
    return "opposed" if answer or (answer is None and word) else ""


def setter(word: str) -> Callable[[Words, str], None]:
    """What to do with the cells of a consent or opt-out column: consent, consent_sms, optout_whatsapp..."""
    out = word.startswith("optout")
    only = next((each.about for each in SUBJECTS if word.endswith(f"_{each.about}")), None)

    def put(record: Words, cell: str) -> None:
        state = consent(cell, out=out)
        if state is None:
            record.problems.append("consent_unclear")
        elif state:
            _hear(record, (only,) if only else _REFUSED if state in rules.OPT_OUTS else _MESSAGES, state)

    return put


def refusal(record: Words, cell: str) -> None:
    """Of a column that says many things, only refusals are heard."""
    state = rules.consent_word(fold(cell))
    if state in rules.OPT_OUTS:
        _hear(record, _REFUSED, state)


@clause("CGVU 17", "DPA 5")
def finisher(mapping: Sequence[str], *, declared: bool, also: Sequence[str] = ()) -> Callable[[Words], None]:
    """Last step of every row: a refusal always counts, a consent only with its legal basis, the rest is nothing.

    Without a column about it the declaration covers the whole file: messages, and what `also` names.
    """
    whole = [] if {"consent", "consent_sms", "consent_email"} & set(mapping) else list(_MESSAGES)
    whole += [each for each in APART if each in also and f"consent_{each}" not in mapping]

    def finish(record: Words) -> None:
        if declared:
            for each in whole:
                if not getattr(record, each):
                    setattr(record, each, "granted")
            return
        for subject in SUBJECTS:
            if getattr(record, subject.about) == "granted":
                setattr(record, subject.about, "")

    return finish
