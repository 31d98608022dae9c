"""What stands where in the UBL of a document, and that it says what the CII says."""

import pytest

from sofy.billing.einvoice import cii, ubl
from sofy.billing.einvoice.tests.xpaths import texts
from sofy.billing.tests import factories
from sofy.billing.tests.factories import document, line


def test_equal_documents_have_equal_bytes():
    assert ubl.build(document(discounted=True)) == ubl.build(document(discounted=True))


@pytest.mark.parametrize(
    ("term", "in_ubl", "in_cii"),
    [
        ("BT-1", "/*/cbc:ID", "//rsm:ExchangedDocument/ram:ID"),
        ("BT-3", "/*/cbc:InvoiceTypeCode", "//rsm:ExchangedDocument/ram:TypeCode"),
        ("BT-12", "//cac:ContractDocumentReference/cbc:ID", "//ram:ContractReferencedDocument/ram:IssuerAssignedID"),
        ("BT-13", "//cac:OrderReference/cbc:ID", "//ram:BuyerOrderReferencedDocument/ram:IssuerAssignedID"),
        ("BT-20", "//cac:PaymentTerms/cbc:Note", "//ram:SpecifiedTradePaymentTerms/ram:Description"),
        ("BT-23", "/*/cbc:ProfileID", "//ram:BusinessProcessSpecifiedDocumentContextParameter/ram:ID"),
        ("BT-24", "/*/cbc:CustomizationID", "//ram:GuidelineSpecifiedDocumentContextParameter/ram:ID"),
        (
            "BT-30",
            "//cac:AccountingSupplierParty//cac:PartyLegalEntity/cbc:CompanyID",
            "//ram:SellerTradeParty//ram:ID[@schemeID='0002']",
        ),
        (
            "BT-31",
            "//cac:AccountingSupplierParty//cac:PartyTaxScheme/cbc:CompanyID",
            "//ram:SellerTradeParty//ram:ID[@schemeID='VA']",
        ),
        ("BT-33", "//cbc:CompanyLegalForm", "//ram:SellerTradeParty/ram:Description"),
        (
            "BT-49",
            "//cac:AccountingCustomerParty//cbc:EndpointID",
            "//ram:BuyerTradeParty//ram:URIUniversalCommunication/ram:URIID",
        ),
        ("BT-81", "//cbc:PaymentMeansCode", "//ram:SpecifiedTradeSettlementPaymentMeans/ram:TypeCode"),
        ("BT-83", "//cbc:PaymentID", "//ram:PaymentReference"),
        ("BT-84", "//cac:PayeeFinancialAccount/cbc:ID", "//ram:IBANID"),
        ("BT-110", "/*/cac:TaxTotal/cbc:TaxAmount", "//ram:TaxTotalAmount"),
        ("BT-112", "//cbc:TaxInclusiveAmount", "//ram:GrandTotalAmount"),
        ("BT-115", "//cbc:PayableAmount", "//ram:DuePayableAmount"),
        ("BT-127", "//cac:InvoiceLine/cbc:Note", "//ram:IncludedSupplyChainTradeLineItem//ram:Content"),
        ("BT-129", "//cbc:InvoicedQuantity", "//ram:BilledQuantity"),
        (
            "BT-131",
            "//cac:InvoiceLine/cbc:LineExtensionAmount",
            "//ram:IncludedSupplyChainTradeLineItem//ram:LineTotalAmount",
        ),
        ("BT-146", "//cbc:PriceAmount", "//ram:ChargeAmount"),
        ("BT-149", "//cbc:BaseQuantity", "//ram:BasisQuantity"),
        (
            "BT-152",
            "//cac:ClassifiedTaxCategory/cbc:Percent",
            "//ram:IncludedSupplyChainTradeLineItem//ram:RateApplicablePercent",
        ),
        ("BT-161", "//cac:AdditionalItemProperty/cbc:Value", "//ram:ApplicableProductCharacteristic/ram:Value"),
    ],
)
def test_each_term_says_the_same_in_both_syntaxes(term, in_ubl, in_cii):
    given = document(
        line("5", "32", share=(15, 30), establishment="Le Havre Docks"),
        line("1000", "0.07853", third_party=True),
        purchase_order="CMD 77",
        discounted=True,
    )

    found = texts(ubl.build(given), in_ubl)

    assert found, term
    assert found == texts(cii.build(given), in_cii)


def test_a_credit_note_is_a_document_of_its_own_kind():
    xml = ubl.build(factories.credit_note())

    assert texts(xml, "/*/cbc:CreditNoteTypeCode") == ["381"]
    assert texts(xml, "//cac:BillingReference//cbc:ID") == ["FA-2026-000122"]
    assert texts(xml, "//cac:BillingReference//cbc:IssueDate") == ["2026-05-31"]
    assert texts(xml, "//cbc:CreditedQuantity") == ["1"]
    assert texts(xml, "//cbc:PaymentMeansCode") == []


def test_a_debit_names_the_mandate_and_the_creditor():
    xml = ubl.build(document(payment=factories.debit_payment()))

    assert texts(xml, "//cac:PaymentMandate/cbc:ID") == ["RUM-2026-0001"]
    assert texts(xml, "//cac:PartyIdentification/cbc:ID[@schemeID='SEPA']") == ["FR72ZZZ123456"]


def test_coded_notes_carry_their_code_in_the_text():
    notes = texts(ubl.build(document()), "/*/cbc:Note")

    assert [note.split("#")[1] for note in notes if note.startswith("#")] == ["PMD", "PMT", "AAB", "BAR"]
