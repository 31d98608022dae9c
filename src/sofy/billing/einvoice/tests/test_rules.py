"""The official rules on what the builders write: what must pass passes in both syntaxes, what is wrong is named."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from sofy.billing.document import Document, Note
from sofy.billing.einvoice import cii, ubl
from sofy.billing.einvoice.oracle import Situation, problems
from sofy.billing.einvoice.tests.xpaths import empty_elements, texts
from sofy.billing.tests import factories
from sofy.billing.tests.factories import document, line

replace = msgspec.structs.replace
BUILDERS: dict[Any, Callable[[Document], bytes]] = {"cii": cii.build, "ubl": ubl.build}

REVERSE_CHARGE = document(line(category="AE"), buyer=factories.BELGIAN)
ABROAD = document(line(category="G"), buyer=factories.SWISS)


def _without_reason(given: Document, **changes: Any) -> Document:
    return replace(given, vat=(replace(given.vat[0], reason="", reason_code="", **changes),))


def _a_cent_more() -> Document:
    whole = document()
    more = Decimal("1200.01")
    vat = (replace(whole.vat[0], vat_eur=Decimal("200.01")),)
    return replace(whole, vat=vat, vat_eur=Decimal("200.01"), gross_eur=more, payable_eur=more)


def _zero_rated() -> Document:
    lines = (replace(REVERSE_CHARGE.lines[0], vat_category="Z"),)
    return replace(_without_reason(REVERSE_CHARGE, category="Z"), lines=lines)


@pytest.mark.parametrize("syntax", ["cii", "ubl"])
@pytest.mark.parametrize(
    ("case", "given"),
    [
        ("S", document()),
        ("with a discount", document(discounted=True)),
        ("AE", REVERSE_CHARGE),
        ("G", ABROAD),
        ("O of penalties", factories.debit_note()),
        ("O abroad", document(line(category="O"), buyer=factories.SWISS)),
        ("E of Mayotte", document(line(category="E"), buyer=factories.REUNION)),
        ("a German without a number", document(buyer=factories.GERMAN_WITHOUT_NUMBER)),
        ("a credit note", factories.credit_note()),
        ("a credit note on penalties", factories.credit_note(line("1", "40", category="O"))),
        ("Reunion", document(line(rate="8.5"), buyer=factories.REUNION)),
        ("mixed rates", factories.credit_note(line(), line(rate="8.5"), line(rate="19.6"), line(rate="2.1"))),
        ("third parties", document(line(), line("1000", "0.07853", third_party=True, establishment="Le Havre Docks"))),
        ("by debit", document(payment=factories.debit_payment())),
        ("on debits", document(vat_on="debits")),
        ("paid already", document(paid_eur=Decimal("1200.00"))),
        ("part paid", document(paid_eur=Decimal("0.01"))),
        ("a share of days", document(line("5", "384", share=(260, 365)))),
        ("a correction", document(line(), line("-1.5", "10.13"))),
        ("free of charge", document(line(), line("1", "0"))),
        ("no period", document(line(period=None), period=None)),
        ("the buyer's own numbers", document(buyer_reference="Service 12", purchase_order="CMD/77")),
        ("3 x 10.13", document(line("1", "10.13"), line("1", "10.13"), line("1", "10.13"))),
    ],
)
def test_documents_that_must_pass(validator, case, given, syntax):
    xml = BUILDERS[syntax](given)

    assert validator.findings(xml, syntax) == [], case
    assert empty_elements(xml) == []


@pytest.mark.parametrize("syntax", ["cii", "ubl"])
@pytest.mark.parametrize(
    ("case", "broken", "rules"),
    [
        ("a long number", replace(document(), number="F" * 36), {"BR-FR-01"}),
        ("a space in the number", replace(document(), number="FA 1"), {"BR-FR-02"}),
        ("another century", replace(document(), issued_on=date(1999, 6, 1)), {"BR-FR-03"}),
        ("no note of penalties", "PMD", {"BR-FR-05"}),
        ("no note of the 40 euros", "PMT", {"BR-FR-05"}),
        ("no note of the discount", "AAB", {"BR-FR-05"}),
        ("penalties twice", replace(document(), notes=(*document().notes, Note("x", "PMD"))), {"BR-FR-06"}),
        ("SIRET of another", {"siret": "91928854800010"}, {"BR-FR-09"}),
        ("no SIREN of the seller", "seller", {"BR-FR-10"}),
        ("no SIREN of the buyer", {"siren": "", "siret": ""}, {"BR-FR-11"}),
        ("a short SIREN", {"siren": "12345678", "siret": ""}, {"BR-FR-11", "BR-FR-32"}),
        ("no address of the buyer", {"electronic_address": ""}, {"BR-FR-12", "BR-FR-21"}),
        ("an address of another", {"electronic_address": "919288548"}, {"BR-FR-21"}),
        ("an address of another scheme", {"electronic_scheme": "0088"}, {"BR-FR-21"}),
        ("an address with a sign", {"electronic_address": "123456782@x"}, {"BR-FR-23"}),
        ("a long address", {"electronic_address": "123456782_" + "x" * 120}, {"BR-FR-25"}),
        ("a rate of nowhere", document(line(rate="21")), {"BR-FR-16"}),
        (
            "a treatment of nowhere",
            replace(document(), notes=(*document().notes[:3], Note("B2G", "BAR"))),
            {"BR-FR-20"},
        ),
        ("due before issue", replace(document(), issued_on=date(2026, 7, 2)), {"BR-FR-CO-07"}),
        ("a credit of nothing", factories.credit_note(corrects=()), {"BR-FR-CO-05"}),
        ("a fine quantity", document(line("1.00001", "1000")), {"BR-FR-DEC-02"}),
        ("a fine price", document(line("1", "1000.0000001")), {"BR-FR-DEC-03"}),
        ("a negative price", document(line("-1", "-1000")), {"BR-27", "BR-FR-DEC-03"}),
        (
            "a reverse charge for nobody",
            replace(REVERSE_CHARGE, buyer=replace(factories.BELGIAN, vat_id="")),
            {"BR-AE-02"},
        ),
        ("a reverse charge unsaid", _without_reason(REVERSE_CHARGE), {"BR-AE-10"}),
        ("abroad, unsaid", _without_reason(ABROAD), {"BR-G-10"}),
        ("penalties on an invoice", document(line(), line(category="O")), {"BR-O-11", "BR-O-12", "BR-S-02"}),
        ("a wrong sum", replace(document(), net_eur=Decimal("1000.01")), {"BR-CO-10", "BR-CO-15"}),
        ("a wrong rest", replace(document(), payable_eur=Decimal("1200.01")), {"BR-CO-16"}),
    ],
)
def test_what_is_wrong_is_named_by_its_rule(validator, case, broken, rules, syntax):
    findings = validator.findings(BUILDERS[syntax](_made(broken)), syntax)

    found = {finding.rule.split("_")[0].removesuffix("-LEGALID") for finding in findings}
    assert found - {"BR-FR-01" if rules == {"BR-FR-02"} else ""} == rules, case
    assert all(finding.fatal for finding in findings)


def _made(broken: Any) -> Document:
    """A document itself, or what a note's code, a party or fields of the buyer leave out."""
    whole = document()
    if isinstance(broken, dict):
        return replace(whole, buyer=replace(whole.buyer, **broken))
    if broken == "seller":
        return replace(whole, seller=replace(whole.seller, party=replace(whole.seller.party, siren="", siret="")))
    if isinstance(broken, str):
        return replace(whole, notes=tuple(note for note in whole.notes if note.code != broken))
    assert isinstance(broken, Document)
    return broken


@pytest.mark.parametrize(
    ("case", "written", "instead", "rule"),
    [
        ("a debit note by its own code", "<ram:TypeCode>380<", "<ram:TypeCode>383<", "BR-FR-04_BT-3"),
        ("a correction of nothing", "<ram:TypeCode>380<", "<ram:TypeCode>384<", "BR-FR-CO-04_BT-4"),
        ("goods and services of nowhere", "<ram:ID>S1<", "<ram:ID>X9<", "BR-FR-08_BT-23"),
        ("nowhere to answer to", '<ram:URIID schemeID="0225">919288548<', "<ram:URIID><", "BR-FR-13_BT-34"),
        ("taxed as in the Canaries", "<ram:CategoryCode>S<", "<ram:CategoryCode>L<", "BR-FR-15_BT-95_BT-118_LM"),
        ("a comma in the amount", "<ram:GrandTotalAmount>1200.00<", "<ram:GrandTotalAmount>1200,00<", "XSD"),
        ("three decimals", "<ram:GrandTotalAmount>1200.00<", "<ram:GrandTotalAmount>1200.000<", "BR-FR-DEC-01_BT-112"),
        ("another profile", ">urn:cen.eu:en16931:2017<", ">urn:cen.eu:en16931:2099<", "FX-SCH-A-000556"),
    ],
)
def test_what_the_builder_never_writes_is_named_too(validator, case, written, instead, rule):
    xml = cii.build(document()).decode()
    assert written in xml

    findings = validator.findings(xml.replace(written, instead).encode(), "cii")

    assert rule in {finding.rule for finding in findings}, case


def test_two_treatments_are_named(validator):
    twice = replace(document(), notes=(*document().notes, Note("B2C", "BAR")))

    assert [finding.rule for finding in validator.findings(cii.build(twice), "cii")] == ["BR-FR-31_BT-21"]


def test_an_unpaid_invoice_that_says_paid_is_named(validator):
    xml = cii.build(document()).replace(b"<ram:ID>S1</ram:ID>", b"<ram:ID>S2</ram:ID>")

    assert {finding.rule.rsplit("-", 1)[0] for finding in validator.findings(xml, "cii")} == {"BR-FR-CO-09_BT-23"}


def test_an_empty_element_is_warned_of_or_refused(validator):
    xml = cii.build(document()).replace(b"<ram:Name>SoReach, par point de vente</ram:Name>", b"<ram:Name></ram:Name>")

    assert validator.findings(xml, "cii") != []


@pytest.mark.parametrize(
    ("case", "given"), [("VAT a cent too much", _a_cent_more()), ("zero rate for a reverse charge", _zero_rated())]
)
def test_what_the_official_rules_let_pass_the_oracle_refuses(validator, case, given):
    assert validator.findings(cii.build(given), "cii") == []
    assert validator.findings(ubl.build(given), "ubl") == []
    assert problems(given, Situation(vat_id_valid=True)) != [], case


def test_both_syntaxes_say_when_vat_falls_due_in_their_own_codes():
    on_debits = document(vat_on="debits")

    assert texts(cii.build(on_debits), "//ram:DueDateTypeCode") == ["5"]
    assert texts(ubl.build(on_debits), "//cac:InvoicePeriod/cbc:DescriptionCode") == ["3"]
    assert texts(ubl.build(document()), "//cac:InvoicePeriod/cbc:DescriptionCode") == ["432"]
