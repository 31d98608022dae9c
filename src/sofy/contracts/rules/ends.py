"""How a contract ends, and what outlives it."""

from datetime import date
from typing import Final, Literal, NamedTuple

from sofy.contracts.rules.term import add_months
from sofy.contracts.rules.values import Euros
from sofy.kernel.clauses import Because, because, clause
from sofy.kernel.money import rounded

Reason = Literal["nonrenewal", "terms_refused", "ethics", "infringement", "af2m", "default"]


class Ending(NamedTuple):
    """What an end needs. `notice`: whether notice must have been given; `human`: whether a person decides."""

    notice: bool
    human: bool
    because: Because


#: Fraud is not among them: it suspends (7.2, 11), and a contract ends for it only as for a default, by a second notice.
ENDINGS: Final[dict[Reason, Ending]] = {
    "nonrenewal": Ending(True, False, because("CGVU 8.2", "date anniversaire")),
    "terms_refused": Ending(True, False, because("CGVU 27", "refus motivé")),
    "ethics": Ending(False, True, because("CGVU 29", "sans préavis ni indemnité")),
    "infringement": Ending(False, True, because("CGVU 16", "résiliation immédiate")),
    "af2m": Ending(False, True, because("CGVU 13", "suspension définitive")),
    "default": Ending(True, True, because("CGVU 7.2", "droit de SOFY à résilier")),
}
CONFIDENTIALITY_MONTHS: Final = 60
NON_SOLICITATION_MONTHS: Final = 12
_PENALTY_SHARE: Final = Euros("0.5")


class Afterwards(NamedTuple):
    """The last days of what goes on after the end."""

    confidentiality: date
    non_solicitation: date


@clause("CGVU 18", "CGVU 19")
def afterwards(last_day: date) -> Afterwards:
    """Until when the parties keep secrets and the client hires nobody of the operator's."""
    return Afterwards(
        add_months(last_day, CONFIDENTIALITY_MONTHS),
        add_months(last_day, NON_SOLICITATION_MONTHS),
    )


@clause("CGVU 19")
def solicitation_penalty(yearly_pay_eur: Euros) -> Euros:
    """What hiring somebody costs: six months of gross yearly pay, bonuses included. Unit: EUR."""
    return Euros(rounded(yearly_pay_eur * _PENALTY_SHARE))
