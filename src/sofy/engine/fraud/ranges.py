"""Where a number belongs: its ranges, its country, and how far that country is from the customers of a French shop."""

from functools import lru_cache
from typing import Final


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Country codes of one and of two digits; every other one has three. Source: ITU-T E.164, list of assigned codes.
_ONE: Final = frozenset("17")
_TWO: Final = _codes(
    """20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86
    90 91 92 93 94 95 98"""
)
#: France and what French customers have at home: Reunion and Mayotte, Guadeloupe, Guiana, Martinique, the Pacific.
HOME: Final = _codes("33 262 508 590 594 596 681 687 689")
#: Where customers of French shops come from every day: Europe, North Africa, North America.
NEAR: Final = _codes(
    """1 30 31 32 34 39 40 41 43 44 45 46 47 48 49 212 213 216 221 225 351 352 353 354 356 357 358 376 377 420 421"""
)
#: Codes of no country (satellites, international premium): nobody's phone, the dearest of all.
SHARED: Final = _codes("870 878 881 882 883 888 979")
#: Numbers of fiction: where everything is made up, everybody has one. Source: Arcep 2018-0881, 2.5.12; the last are
#: those of examples and benches.
FICTION: Final = ("+3363998", "+3319900", "+3326191", "+3335301", "+3346571", "+3353649", "+3370000")
#: Numbers no phone has: those of fiction, and ten digits where the plan has fourteen for machines (07 00).
NOBODYS: Final = (*FICTION, "+33700")


@lru_cache(maxsize=65536)
def country(head: str) -> str:
    """The country code of a number, or of enough of its first digits, without the plus."""
    digits = head[1:] if head.startswith("+") else head
    if digits[:1] in _ONE:
        return digits[:1]
    return digits[:2] if digits[:2] in _TWO else digits[:3]


def remoteness(code: str) -> float:
    """Points of suspicion a country deserves before anything is known: none at home."""
    if code in HOME:
        return 0.0
    if code in SHARED:
        return 3.0
    return 0.5 if code in NEAR else 2.0


def ranges(to: str) -> tuple[str, str, str, str]:
    """The ranges a number lies in, finest first: a thousand numbers, ten thousand, a million, the country."""
    return to[:-3], to[:-4], to[:-6], country(to[:5])
