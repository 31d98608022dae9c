"""Where a client is established, for VAT on services: a table, and how an address leads to its row.

A country code is not enough: Reunion writes FR, the Canary Islands write ES, Belfast writes GB. Which VAT category
follows from a row is decided elsewhere (the VAT rules, and once more by the oracle that checks them).
Source: directive 2006/112/EC articles 5 to 7; CGI 294 to 296 (overseas), 256-0; agreement with Monaco of 1963.
"""

from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

#: Of whose VAT a territory is: of France (Monaco too), of another member state, of none.
Area = Literal["france", "eu", "outside"]


class Rate(msgspec.Struct, frozen=True):
    """The rate of services from a day on. Unit: percent."""

    since: date
    percent: Decimal


class Territory(msgspec.Struct, frozen=True):
    """One territory as VAT sees it.

    `code`: ISO 3166-1, or country and region where one country has several. `country`: below which its postcodes are.
    `postcodes`: how they begin; none means the rest of the country. `iso`: its own country code, where it has one.
    `rates`: of France's territories only; none with area "france" means that VAT is not applied there, as `law` says.
    """

    code: str
    name: str
    country: str
    area: Area
    postcodes: tuple[str, ...] = ()
    iso: str = ""
    vat_prefix: str = ""
    rates: tuple[Rate, ...] = ()
    law: str = ""


class UnknownPlace(ValueError):
    """An address from which nobody can tell whose VAT it is under: a human completes it."""


_FRENCH = (Rate(date(2000, 4, 1), Decimal("19.6")), Rate(date(2014, 1, 1), Decimal("20")))
_OVERSEAS = (Rate(date(2000, 4, 1), Decimal("8.5")),)
_NOT_APPLIED = "TVA non applicable, article 294-1 du CGI"


def _outside(code: str, name: str, country: str, *postcodes: str, iso: str = "") -> Territory:
    return Territory(code=code, name=name, country=country, area="outside", postcodes=postcodes, iso=iso)


def _department(code: str, name: str, postcode: str, iso: str, rates: tuple[Rate, ...]) -> Territory:
    law = "" if rates else _NOT_APPLIED
    return Territory(
        code=code,
        name=name,
        country="FR",
        area="france",
        postcodes=(postcode,),
        iso=iso,
        vat_prefix="FR",
        rates=rates,
        law=law,
    )


_FRANCE = (
    Territory(code="FR", name="France", country="FR", area="france", vat_prefix="FR", rates=_FRENCH),
    Territory(
        code="FR-20", name="Corse", country="FR", area="france", postcodes=("20",), vat_prefix="FR", rates=_FRENCH
    ),
    Territory(
        code="MC",
        name="Monaco",
        country="FR",
        area="france",
        postcodes=("980",),
        iso="MC",
        vat_prefix="FR",
        rates=_FRENCH,
    ),
    _department("FR-971", "Guadeloupe", "971", "GP", _OVERSEAS),
    _department("FR-972", "Martinique", "972", "MQ", _OVERSEAS),
    _department("FR-973", "Guyane", "973", "GF", ()),
    _department("FR-974", "La Réunion", "974", "RE", _OVERSEAS),
    _department("FR-976", "Mayotte", "976", "YT", ()),
    _outside("FR-BL", "Saint-Barthélemy", "FR", "97133", "97095", "97096", "97097", "97098", iso="BL"),
    _outside("FR-MF", "Saint-Martin", "FR", "97150", iso="MF"),
    _outside("FR-975", "Saint-Pierre-et-Miquelon", "FR", "975", iso="PM"),
    _outside("FR-984", "Terres australes et antarctiques françaises", "FR", "984", iso="TF"),
    _outside("FR-986", "Wallis-et-Futuna", "FR", "986", iso="WF"),
    _outside("FR-987", "Polynésie française", "FR", "987", iso="PF"),
    _outside("FR-988", "Nouvelle-Calédonie", "FR", "988", iso="NC"),
)

_MEMBER_STATES = {
    "AT": "Autriche",
    "BE": "Belgique",
    "BG": "Bulgarie",
    "CY": "Chypre",
    "CZ": "Tchéquie",
    "DE": "Allemagne",
    "DK": "Danemark",
    "EE": "Estonie",
    "ES": "Espagne",
    "FI": "Finlande",
    "GR": "Grèce",
    "HR": "Croatie",
    "HU": "Hongrie",
    "IE": "Irlande",
    "IT": "Italie",
    "LT": "Lituanie",
    "LU": "Luxembourg",
    "LV": "Lettonie",
    "MT": "Malte",
    "NL": "Pays-Bas",
    "PL": "Pologne",
    "PT": "Portugal",
    "RO": "Roumanie",
    "SE": "Suède",
    "SI": "Slovénie",
    "SK": "Slovaquie",
}
_EU = tuple(
    Territory(code=code, name=name, country=code, area="eu", vat_prefix="EL" if code == "GR" else code)
    for code, name in _MEMBER_STATES.items()
)

#: Parts of member states where the EU's VAT is not (directive 2006/112/EC, article 6), and the north of Ireland, which
#: is in the EU for goods only.
_EXCEPTIONS = (
    _outside("ES-CN", "Îles Canaries", "ES", "35", "38", iso="IC"),
    _outside("ES-CE", "Ceuta", "ES", "51", iso="EA"),
    _outside("ES-ML", "Melilla", "ES", "52"),
    _outside("IT-LIV", "Livigno", "IT", "23041", "23030"),
    _outside("IT-CAM", "Campione d'Italia", "IT", "22061", "22060"),
    _outside("DE-BUS", "Büsingen am Hochrhein", "DE", "78266"),
    _outside("DE-HEL", "Helgoland", "DE", "27498"),
    _outside("FI-01", "Åland", "FI", "22", iso="AX"),
    _outside("GR-69", "Mont Athos", "GR", "63086", "63087"),
    _outside("XI", "Irlande du Nord", "GB", "BT", iso="XI"),
    _outside("IT-SM", "Saint-Marin", "IT", "4789", iso="SM"),
    _outside("IT-VA", "Vatican", "IT", "00120", iso="VA"),
)
_NEIGHBOURS = {
    "AD": "Andorre",
    "CH": "Suisse",
    "FO": "Îles Féroé",
    "GB": "Royaume-Uni",
    "GG": "Guernesey",
    "GI": "Gibraltar",
    "GL": "Groenland",
    "IM": "Île de Man",
    "IS": "Islande",
    "JE": "Jersey",
    "LI": "Liechtenstein",
    "MA": "Maroc",
    "NO": "Norvège",
    "TN": "Tunisie",
    "US": "États-Unis",
}
_OTHERS = tuple(_outside(code, name, code) for code, name in _NEIGHBOURS.items())

TERRITORIES: dict[str, Territory] = {row.code: row for row in (*_FRANCE, *_EU, *_EXCEPTIONS, *_OTHERS)}

_BY_ISO = {row.iso: row for row in TERRITORIES.values() if row.iso}
_MAINLAND = {row.country: row for row in TERRITORIES.values() if not row.postcodes}
#: Longest beginning first: 97133 before 971.
_BY_POSTCODE = sorted(
    ((row.country, prefix, row) for row in TERRITORIES.values() for prefix in row.postcodes),
    key=lambda entry: -len(entry[1]),
)
_DIGITS_DECIDE = {country for country, _prefix, _row in _BY_POSTCODE} - {"GB"}
_ALIASES = {"EL": "GR", "UK": "GB"}

#: ISO 3166-1, to tell a country that is none of the above from a slip of the pen.
_ISO = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO
    FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE
    JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO
    MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW
    PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
    TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
_COUNTRIES = frozenset(_ISO.split())


def territory(country: str, postcode: str = "") -> Territory:
    """The territory of an address.

    Raises: UnknownPlace when the country is none, or its postcode is missing or leads nowhere although it matters.
    """
    country = country.strip().upper()
    country = _ALIASES.get(country, country)
    if country in _BY_ISO:
        return _BY_ISO[country]
    if country not in _COUNTRIES:
        raise UnknownPlace(f"{country!r} is not a country: write two letters such as FR, BE or CH (ISO 3166)")
    code = _postcode(country, postcode)
    for where, prefix, row in _BY_POSTCODE:
        if where == country and code.startswith(prefix):
            return row
    if country == "FR" and code >= "96000":
        raise UnknownPlace(f"the postcode {code} is of no territory that is known here: write that of its town")
    return _MAINLAND.get(country) or _outside(country, country, country)


def _postcode(country: str, written: str) -> str:
    """The postcode without what people write around it; where one digit decides about VAT it must be whole."""
    code = "".join(written.split()).upper()
    if country not in _DIGITS_DECIDE:
        return code
    code = code.split("-")[-1]
    if len(code) != 5 or not (code.isascii() and code.isdigit()):
        raise UnknownPlace(f"an address in {country} needs its postcode of five digits: VAT depends on it")
    return code


def rate_on(place: Territory, day: date) -> Decimal | None:
    """The rate of VAT on services for a client established there, of the day of the invoice; none where none applies.

    Raises: UnknownPlace for a day before the first rate that is known.
    """
    if not place.rates:
        return None
    known = [row.percent for row in place.rates if row.since <= day]
    if not known:
        raise UnknownPlace(f"no rate of VAT is known for {place.name} on {day.isoformat()}")
    return known[-1]
