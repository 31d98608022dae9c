"""Which VAT an invoice bears: by where the client is established, and by whether its VAT number is valid that day."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final, Literal, NamedTuple

import msgspec

from sofy.billing.document import Category
from sofy.billing.rules.territories import TERRITORIES, Rate, Territory, rate_on, territory
from sofy.kernel.clauses import Because, because, clause

#: What VIES said of a number: nothing yet, or that it could not say, is neither valid nor invalid.
Check = Literal["", "valid", "invalid", "unavailable"]

_FRANCE: Final = TERRITORIES["FR"]
_NORMAL: Final = because("CGVU 9.2", "taux normal")
_BY_LAW: Final = because("CGVU 9.2", "dispositions fiscales en vigueur")
_REVERSED: Final = because("CGVU 9.2", "Reverse Charge")
_NO_NUMBER: Final = because("CGVU 9.2", "À défaut de communication")
_ABROAD: Final = because("CGVU 9.2", "hors Union Européenne :")
_COMPENSATION: Final = because("CGVU 13", "majorée de 15%")


class Treatment(NamedTuple):
    """The VAT of every line of an invoice. Unit: `rate` in percent; `reason`: what the invoice says when it is 0."""

    category: Category
    rate: Decimal
    because: Because
    reason_code: str = ""
    reason: str = ""


class Readings(NamedTuple):
    """What the text leaves open. `abroad`: category outside the EU; `overseas`: by place, or 20 % as 9.2 says."""

    abroad: Literal["G", "O"] = "G"
    overseas: Literal["by_place", "normal_rate"] = "by_place"


_AS_READ: Final = Readings()


def place_of(country: str, postcode: str) -> Territory:
    """Where an address is; without a postcode on the mainland of its country.

    Raises: UnknownPlace
    """
    mainland = next((row for row in TERRITORIES.values() if row.country == country and not row.postcodes), None)
    return mainland if mainland and not postcode else territory(country, postcode)


def with_rates(place: Territory, dated: Mapping[str, Sequence[Rate]]) -> Territory:
    """The same place, with rates that somebody added; one of the same day takes the place of ours."""
    added = dated.get(place.code, ())
    days = {rate.since for rate in added}
    rates = sorted((*(rate for rate in place.rates if rate.since not in days), *added), key=lambda rate: rate.since)
    return msgspec.structs.replace(place, rates=tuple(rates))


@clause("CGVU 9.2")
def treatment(
    place: Territory, vat_id: str, check: Check, on: date, readings: Readings = _AS_READ, france: Territory = _FRANCE
) -> Treatment | None:
    """The VAT of an invoice of a day; None while nobody knows whether the client's number is valid.

    Source: CGVU 9.2; directive 2006/112/EC art. 44 and 196; CGI 259-1, 294, 296.
    """
    if place.area == "france":
        return _in_france(place, on, readings, france)
    if place.area == "outside":
        return _abroad(readings)
    if not vat_id or check == "invalid":
        return Treatment("S", _rate(france, on), _NO_NUMBER)
    if check != "valid":
        return None
    return Treatment(
        "AE", Decimal(0), _REVERSED, "VATEX-EU-AE", "Autoliquidation (article 196 de la directive 2006/112/CE)"
    )


def _in_france(place: Territory, on: date, readings: Readings, france: Territory) -> Treatment:
    if readings.overseas == "normal_rate":
        return Treatment("S", _rate(france, on), _NORMAL)
    rate = rate_on(place, on)
    if rate is None:
        return Treatment("E", Decimal(0), _BY_LAW, "", place.law)
    return Treatment("S", rate, _NORMAL if rate == _rate(france, on) else _BY_LAW)


def _abroad(readings: Readings) -> Treatment:
    code = "VATEX-EU-G" if readings.abroad == "G" else "VATEX-EU-O"
    return Treatment(readings.abroad, Decimal(0), _ABROAD, code, "TVA non applicable, article 259-1 du CGI")


def _rate(place: Territory, on: date) -> Decimal:
    rate = rate_on(place, on)
    assert rate is not None, "the mainland always has a rate"
    return rate


def outside_scope() -> Treatment:
    """Compensations, penalties and the forty euros: no VAT, on a document of their own."""
    return Treatment("O", Decimal(0), _COMPENSATION, "VATEX-EU-O", "Hors du champ d'application de la TVA (indemnité)")
