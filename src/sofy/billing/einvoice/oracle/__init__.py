"""A second opinion on a document before it is frozen: every amount, the VAT category, identifiers, dates, mentions.

The official validators let a cent pass, and a Belgian client with the wrong category. This does not: it recomputes from
lines and from what is known of the buyer, in its own way (exact fractions, no code of the rules that made the
document), and one problem is enough to refuse. Source: EN 16931-1, XP Z12-012, CGI 289 and 242 nonies A of annexe II.
"""

from collections.abc import Iterator

from sofy.billing.document import Document
from sofy.billing.einvoice.oracle import amounts, credit, dates, identity, mentions, vat
from sofy.billing.einvoice.oracle.values import Corrected, Problem, Situation

__all__ = ["Corrected", "Problem", "Situation", "problems"]


def problems(document: Document, situation: Situation, corrected: tuple[Corrected, ...] = ()) -> list[Problem]:
    """What forbids to finalise a document; empty when nothing does. `corrected`: what a credit note is about."""
    return list(_all(document, situation, corrected))


def _all(document: Document, situation: Situation, corrected: tuple[Corrected, ...]) -> Iterator[Problem]:
    yield from identity.problems(document)
    yield from dates.problems(document)
    yield from amounts.problems(document)
    yield from vat.problems(document, situation)
    yield from mentions.problems(document)
    yield from credit.problems(document, corrected)
