"""A file whose amounts were changed is found out, by a cent."""

import re
from decimal import Decimal

import pytest

from sofy.billing.einvoice import cii, recount, ubl
from sofy.billing.tests import factories
from sofy.billing.tests.factories import document, line

BUILD = {"cii": cii.build, "ubl": ubl.build}
DOCUMENTS = {
    "three lines": document(*(line("1", "10.13") for _ in range(3))),
    "six decimals": document(line("1000", "0.078530"), line("7", "1.234567")),
    "credit note": factories.credit_note(line("1", "10")),
    "reverse charge": document(line(category="AE"), buyer=factories.BELGIAN),
}


@pytest.mark.parametrize("syntax", BUILD)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_we_write_adds_up(name, syntax):
    assert recount.findings(BUILD[syntax](DOCUMENTS[name]), syntax) == []


@pytest.mark.parametrize(
    ("syntax", "element"),
    [
        *(("cii", one) for one in ("ChargeAmount", "BilledQuantity", "BasisAmount", "CalculatedAmount")),
        *(("ubl", one) for one in ("PriceAmount", "InvoicedQuantity", "TaxableAmount", "Percent")),
    ],
)
def test_an_amount_that_was_changed_is_found(syntax, element):
    xml = BUILD[syntax](document(line("20", "30")))
    found = re.search(rb"<\w+:%s[^>]*>([\d.]+)<" % element.encode(), xml)
    assert found
    changed = str(Decimal(found[1].decode()) + Decimal("0.10")).encode()

    (finding,) = recount.findings(xml[: found.start(1)] + changed + xml[found.end(1) :], syntax)

    assert finding.fatal
    assert finding.rule in ("SOFY-LINE", "SOFY-VAT")


@pytest.mark.parametrize("syntax", BUILD)
def test_a_credit_note_may_take_the_cents_that_were_left(syntax):
    xml = BUILD[syntax](factories.credit_note(line("1", "300.03")))

    assert recount.findings(xml.replace(b">60.01<", b">60.00<"), syntax) == []
    assert recount.findings(xml.replace(b">60.01<", b">59.50<"), syntax)


def test_allowances_and_charges_of_a_line_count():
    xml = cii.build(document(line("1", "10")))
    allowance = (
        b"<ram:SpecifiedTradeAllowanceCharge><ram:ChargeIndicator><udt:Indicator>%s</udt:Indicator></ram:ChargeIndicator>"
        b"<ram:ActualAmount>1.00</ram:ActualAmount></ram:SpecifiedTradeAllowanceCharge>"
    )
    place = b"<ram:SpecifiedTradeSettlementLineMonetarySummation>"

    less = xml.replace(place, allowance % b"false" + place)
    both = xml.replace(place, allowance % b"false" + allowance % b"true" + place)

    assert "comes to 9.00, not to 10.00" in recount.findings(less, "cii")[0].text
    assert recount.findings(both, "cii") == []


@pytest.mark.parametrize("xml", [b"", b"<a/>", b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", b"<a"])
def test_what_cannot_be_read_is_left_to_the_official_rules(xml):
    assert recount.findings(xml, "cii") == []


def test_an_amount_that_is_none_is_left_to_the_official_rules():
    xml = cii.build(document()).replace(b"<ram:LineTotalAmount>", b"<ram:LineTotalAmount>x")

    assert recount.findings(xml, "cii") == []
