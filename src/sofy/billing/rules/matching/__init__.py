"""Which open items a line of the bank pays: values in, values out. README.md says how."""

from sofy.billing.rules.matching.book import Book
from sofy.billing.rules.matching.engine import match, match_all
from sofy.billing.rules.matching.returns import RETURN_REASONS, ReturnReason, return_reason
from sofy.billing.rules.matching.values import (
    Allocation,
    Client,
    Credit,
    Debit,
    Invoice,
    Outcome,
    Reason,
    Reopening,
    Suggestion,
    Undecided,
)
from sofy.billing.rules.matching.words import said

__all__ = [
    "RETURN_REASONS",
    "Allocation",
    "Book",
    "Client",
    "Credit",
    "Debit",
    "Invoice",
    "Outcome",
    "Reason",
    "Reopening",
    "ReturnReason",
    "Suggestion",
    "Undecided",
    "match",
    "match_all",
    "return_reason",
    "said",
]
