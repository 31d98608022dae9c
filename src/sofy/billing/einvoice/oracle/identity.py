"""Who sells, who buys, where money goes: every identifier by its own checksum."""

import re
from collections.abc import Iterator

import msgspec
from stdnum import bic, iban, iso11649
from stdnum.eu import at_02
from stdnum.eu import vat as eu_vat
from stdnum.fr import siren, siret, tva

from sofy.billing.document import Document, Party, Seller
from sofy.billing.einvoice.oracle.values import Problem
from sofy.billing.rules.territories import Territory, UnknownPlace, territory

#: What XML 1.0 cannot carry.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
#: Rules BR-FR-23 and BR-FR-25.
_ELECTRONIC = re.compile(r"[A-Za-z0-9._\-]{1,125}")
#: Scheme EM: who is on no network is reached by e-mail.
_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@]{1,60}")
_MANDATE = re.compile(r"[A-Za-z0-9+?/\-:().,' ]{1,35}")


def problems(document: Document) -> Iterator[Problem]:
    """Raised: text, party, siren, siret, vat_id, electronic_address, bank, reference."""
    yield from _texts(msgspec.to_builtins(document), "document")
    yield from _seller(document.seller)
    yield from _buyer(document.buyer)
    if document.kind != "credit_note":
        yield from _payment(document)


def _texts(value: object, where: str) -> Iterator[Problem]:
    if isinstance(value, str):
        if _UNWRITABLE.search(value):
            yield Problem("text", where, "a character that cannot be written in an invoice (a control character)")
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, str(name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner, where)


def _seller(seller: Seller) -> Iterator[Problem]:
    party = seller.party
    if not (seller.legal_form and seller.rcs and seller.capital_eur > 0):
        yield Problem("party", "seller", "legal form, capital and trade register are said on every invoice")
    if not siren.is_valid(party.siren):
        yield Problem("siren", "seller", "the seller's SIREN is wrong")
    yield from _named(party, "seller")
    yield from _siret(party, "seller")
    if party.vat_id and not _french_vat(party):
        yield Problem("vat_id", "seller", "the seller's VAT number is not that of its SIREN")
    yield from _electronic(party, "seller")


def _buyer(buyer: Party) -> Iterator[Problem]:
    yield from _named(buyer, "buyer")
    yield from _siret(buyer, "buyer")
    yield from _electronic(buyer, "buyer")
    try:
        place = territory(buyer.address.country, buyer.address.postcode)
    except UnknownPlace:
        return  # said by the check of VAT
    if place.area == "france" and place.code != "MC" and not buyer.siren:
        yield Problem("siren", "buyer", "a client in France is named with its SIREN")
    if buyer.siren and not siren.is_valid(buyer.siren):
        yield Problem("siren", "buyer", "the buyer's SIREN is wrong")
    if buyer.vat_id and not _vat_of(buyer, place):
        yield Problem("vat_id", "buyer", "the buyer's VAT number is not one of its country")


def _vat_of(buyer: Party, place: Territory) -> bool:
    """By form and checksum. The north of Ireland (XI) is in the EU for goods only: no number of it counts here."""
    if place.area == "outside":
        return not buyer.vat_id.startswith("XI")
    if place.area == "france":
        return _french_vat(buyer)
    return buyer.vat_id.startswith(place.vat_prefix) and bool(eu_vat.is_valid(buyer.vat_id))


def _french_vat(party: Party) -> bool:
    number = party.vat_id
    return number.startswith("FR") and bool(tva.is_valid(number)) and (not party.siren or number.endswith(party.siren))


def _siret(party: Party, where: str) -> Iterator[Problem]:
    if party.siret and not (siret.is_valid(party.siret) and party.siret.startswith(party.siren or "?")):
        yield Problem("siret", where, "the SIRET is wrong, or not of this SIREN")


def _named(party: Party, where: str) -> Iterator[Problem]:
    address = party.address
    if not (party.name.strip() and address.street.strip() and address.town.strip()):
        yield Problem("party", where, "name, street and town are said on every invoice")


def _electronic(party: Party, where: str) -> Iterator[Problem]:
    """Rules BR-FR-12, 13, 21, 23, 25."""
    address = party.electronic_address
    form = _EMAIL if party.electronic_scheme == "EM" else _ELECTRONIC
    if not form.fullmatch(address) or not party.electronic_scheme:
        yield Problem("electronic_address", where, "the address on the invoicing network is missing or malformed")
    elif party.electronic_scheme == "0225" and not (party.siren and address.startswith(party.siren)):
        yield Problem("electronic_address", where, "an address of scheme 0225 begins with the SIREN")


def _payment(document: Document) -> Iterator[Problem]:
    payment, seller = document.payment, document.seller
    if payment.means == "sepa_debit":
        if not _MANDATE.fullmatch(payment.mandate):
            yield Problem("bank", "payment", "a debit names its mandate")
        if not at_02.is_valid(seller.creditor_id):
            yield Problem("bank", "seller", "the creditor identifier (ICS) is missing or wrong")
        return
    if not iban.is_valid(seller.iban):
        yield Problem("bank", "seller", "the IBAN to pay to is missing or wrong")
    if seller.bic and not bic.is_valid(seller.bic):
        yield Problem("bank", "seller", "the BIC is wrong")
    if document.payable_eur > 0 and not iso11649.is_valid(payment.reference):
        yield Problem("reference", "payment", "a transfer has a reference RF... by which it is found again (ISO 11649)")
