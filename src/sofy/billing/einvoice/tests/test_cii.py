"""What stands where in the CII of a document; whether it is valid is asked in test_rules."""

from datetime import date
from decimal import Decimal

import msgspec
import pytest

from sofy.billing.document import Address, Note, Party
from sofy.billing.einvoice import cii
from sofy.billing.einvoice.tests.xpaths import empty_elements, texts
from sofy.billing.tests import factories

HEADER = "//ram:ApplicableHeaderTradeSettlement"
LINE = "//ram:IncludedSupplyChainTradeLineItem"


def test_equal_documents_have_equal_bytes():
    first = cii.build(factories.document(discounted=True))

    assert cii.build(factories.document(discounted=True)) == first


@pytest.mark.parametrize(
    ("term", "path", "wanted"),
    [
        ("BT-1", "//rsm:ExchangedDocument/ram:ID", ["FA-2026-000123"]),
        ("BT-2", "//rsm:ExchangedDocument/ram:IssueDateTime", ["20260601"]),
        ("BT-3", "//rsm:ExchangedDocument/ram:TypeCode", ["380"]),
        ("BT-5", f"{HEADER}/ram:InvoiceCurrencyCode", ["EUR"]),
        ("BT-8", f"{HEADER}/ram:ApplicableTradeTax/ram:DueDateTypeCode", ["72"]),
        ("BT-9", "//ram:DueDateDateTime", ["20260701"]),
        ("BT-10", "//ram:BuyerReference", ["Service achats"]),
        ("BT-12", "//ram:ContractReferencedDocument/ram:IssuerAssignedID", ["BC-2026-0007"]),
        ("BT-13", "//ram:BuyerOrderReferencedDocument/ram:IssuerAssignedID", ["CMD 77"]),
        (
            "BT-20",
            "//ram:SpecifiedTradePaymentTerms/ram:Description",
            ["Virement à recevoir au plus tard le 01/07/2026."],
        ),
        ("BT-21", "//ram:IncludedNote/ram:SubjectCode", ["PMD", "PMT", "AAB", "BAR"]),
        ("BT-23", "//ram:BusinessProcessSpecifiedDocumentContextParameter/ram:ID", ["S1"]),
        ("BT-24", "//ram:GuidelineSpecifiedDocumentContextParameter/ram:ID", ["urn:cen.eu:en16931:2017"]),
        ("BT-29", "//ram:SellerTradeParty/ram:GlobalID[@schemeID='0009']", ["91928854800010"]),
        ("BT-30", "//ram:SellerTradeParty//ram:ID[@schemeID='0002']", ["919288548"]),
        ("BT-31", "//ram:SellerTradeParty//ram:ID[@schemeID='VA']", ["FR68919288548"]),
        (
            "BT-33",
            "//ram:SellerTradeParty/ram:Description",
            ["SAS au capital de 150 000 EUR, RCS Paris 919 288 548"],
        ),
        ("BT-34", "//ram:SellerTradeParty//ram:URIID[@schemeID='0225']", ["919288548"]),
        ("BT-44", "//ram:BuyerTradeParty/ram:Name", ["Boulangerie du Port & Fils"]),
        ("BT-47", "//ram:BuyerTradeParty//ram:ID[@schemeID='0002']", ["123456782"]),
        ("BT-48", "//ram:BuyerTradeParty//ram:ID[@schemeID='VA']", ["FR11123456782"]),
        ("BT-49", "//ram:BuyerTradeParty//ram:URIID[@schemeID='0225']", ["123456782"]),
        ("BT-53", "//ram:BuyerTradeParty//ram:PostcodeCode", ["76600"]),
        ("BT-73", f"{HEADER}/ram:BillingSpecifiedPeriod/ram:StartDateTime", ["20260501"]),
        ("BT-81", "//ram:SpecifiedTradeSettlementPaymentMeans/ram:TypeCode", ["58"]),
        ("BT-83", "//ram:PaymentReference", ["RF31FA2026000123"]),
        ("BT-84", "//ram:PayeePartyCreditorFinancialAccount/ram:IBANID", ["FR7630006000011234567890189"]),
        ("BT-106", f"{HEADER}//ram:LineTotalAmount", ["1078.53"]),
        ("BT-109", "//ram:TaxBasisTotalAmount", ["1078.53"]),
        ("BT-110", "//ram:TaxTotalAmount[@currencyID='EUR']", ["215.71"]),
        ("BT-112", "//ram:GrandTotalAmount", ["1294.24"]),
        ("BT-115", "//ram:DuePayableAmount", ["1294.24"]),
        ("BT-126", f"{LINE}//ram:LineID", ["1", "2"]),
        ("BT-127", f"{LINE}[1]//ram:Content", ["CGVU 9.2 : Les prix sont exprimés hors taxes."]),
        ("BT-129", f"{LINE}//ram:BilledQuantity[@unitCode='C62']", ["1", "1000"]),
        ("BT-131", f"{LINE}//ram:LineTotalAmount", ["1000.00", "78.53"]),
        ("BT-134", f"{LINE}[1]//ram:StartDateTime", ["20260501"]),
        ("BT-146", f"{LINE}//ram:ChargeAmount", ["1000.00", "0.07853"]),
        ("BT-151", f"{LINE}//ram:CategoryCode", ["S", "S"]),
        ("BT-152", f"{LINE}//ram:RateApplicablePercent", ["20.00", "20.00"]),
        ("BT-153", f"{LINE}[1]//ram:Name", ["SoReach, par point de vente"]),
        ("BT-161", f"{LINE}[2]//ram:ApplicableProductCharacteristic/ram:Value", ["refacturés au prix coûtant"]),
    ],
)
def test_each_term_stands_where_the_standard_wants_it(term, path, wanted):
    document = factories.document(
        factories.line(),
        factories.line("1000", "0.07853", third_party=True),
        buyer_reference="Service achats",
        purchase_order="CMD 77",
    )

    assert texts(cii.build(document), path) == wanted, term


def test_vat_on_debits_is_code_5():
    xml = cii.build(factories.document(vat_on="debits"))

    assert texts(xml, "//ram:DueDateTypeCode") == ["5"]


def test_a_share_of_days_is_a_price_for_so_many_days():
    xml = cii.build(factories.document(factories.line("5", "32", share=(15, 30))))

    assert texts(xml, "//ram:BilledQuantity[@unitCode='DAY']") == ["75"]
    assert texts(xml, "//ram:ChargeAmount") == ["32.00"]
    assert texts(xml, "//ram:BasisQuantity[@unitCode='DAY']") == ["30"]
    assert texts(xml, f"{LINE}//ram:LineTotalAmount") == ["80.00"]


def test_a_debit_names_the_mandate_and_the_creditor_and_no_account():
    xml = cii.build(factories.document(payment=factories.debit_payment()))

    assert texts(xml, "//ram:SpecifiedTradeSettlementPaymentMeans/ram:TypeCode") == ["59"]
    assert texts(xml, "//ram:DirectDebitMandateID") == ["RUM-2026-0001"]
    assert texts(xml, "//ram:CreditorReferenceID") == ["FR72ZZZ123456"]
    assert texts(xml, "//ram:IBANID") == []
    (terms,) = texts(xml, "//ram:SpecifiedTradePaymentTerms/ram:Description")
    assert terms.startswith("Prélèvement SEPA le 01/07/2026, mandat RUM-2026-0001, créancier FR72ZZZ123456 :")


def test_a_buyer_outside_the_payment_area_gets_a_plain_transfer():
    american = Party(
        name="Shop Inc.", address=Address(street="1 Main St", postcode="10001", town="New York", country="US")
    )
    xml = cii.build(factories.document(factories.line(category="G"), buyer=american))

    assert texts(xml, "//ram:SpecifiedTradeSettlementPaymentMeans/ram:TypeCode") == ["30"]


def test_the_discount_stands_in_the_note_and_in_the_terms():
    xml = cii.build(factories.document(discounted=True))

    (terms,) = texts(xml, "//ram:SpecifiedTradePaymentTerms/ram:Description")
    (note,) = texts(xml, "//ram:IncludedNote[ram:SubjectCode='AAB']/ram:Content")
    assert "Escompte de 1 % du montant hors taxes" in terms
    assert "09/06/2026 : 1 188,00 EUR à payer au lieu de 1 200,00 EUR" in terms
    assert "09/06/2026 : 10,00 EUR et 2,00 EUR de TVA en moins" in note


def test_a_credit_note_names_its_invoice_and_asks_for_no_money():
    xml = cii.build(factories.credit_note())

    assert texts(xml, "//rsm:ExchangedDocument/ram:TypeCode") == ["381"]
    assert texts(xml, "//ram:InvoiceReferencedDocument/ram:IssuerAssignedID") == ["FA-2026-000122"]
    assert texts(xml, "//ram:InvoiceReferencedDocument//qdt:DateTimeString") == ["20260531"]
    assert texts(xml, "//ram:DuePayableAmount") == ["1200.00"]
    assert texts(xml, "//ram:SpecifiedTradeSettlementPaymentMeans") == []
    assert texts(xml, "//ram:DueDateDateTime") == []


def test_penalties_are_an_invoice_without_vat_numbers_or_rates():
    xml = cii.build(factories.debit_note())

    assert texts(xml, "//rsm:ExchangedDocument/ram:TypeCode") == ["380"]
    assert texts(xml, "//ram:ID[@schemeID='VA']") == []
    assert texts(xml, "//ram:RateApplicablePercent") == []
    assert texts(xml, "//ram:ExemptionReasonCode") == ["VATEX-EU-O"]


def test_a_paid_invoice_says_so():
    document = factories.document(paid_eur=Decimal("1200.00"))

    xml = cii.build(document)

    assert texts(xml, "//ram:BusinessProcessSpecifiedDocumentContextParameter/ram:ID") == ["S2"]
    assert texts(xml, "//ram:TotalPrepaidAmount") == ["1200.00"]
    assert texts(xml, "//ram:DuePayableAmount") == ["0.00"]


def test_no_element_is_empty_whatever_is_missing():
    bare = factories.document(
        factories.line(period=None),
        buyer=Party(name="X", address=Address(street="", postcode="75001", town="")),
        period=None,
        order_form="",
        notes=(Note(text="Bonjour"),),
        issued_on=date(2026, 6, 1),
    )

    assert empty_elements(cii.build(bare)) == []


def test_what_a_client_wrote_cannot_become_markup():
    buyer = msgspec.structs.replace(factories.FRENCH, name="<b>&amp;</b> ]]> \"'")

    xml = cii.build(factories.document(buyer=buyer))

    assert texts(xml, "//ram:BuyerTradeParty/ram:Name") == ["<b>&amp;</b> ]]> \"'"]
