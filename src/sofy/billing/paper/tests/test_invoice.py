"""Invoices on paper: what they must say, to the cent, in both languages."""

import io
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from pypdf import PdfReader

from sofy.billing.document import Payment, Usage
from sofy.billing.paper import lines
from sofy.billing.paper.invoice import invoice_pdf, invoice_png, view
from sofy.billing.paper.tests import samples
from sofy.billing.paper.tests.reading import bare, pages, text
from sofy.press import words


def said(document, language="fr"):
    return text(invoice_pdf(document, language=language))


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("name", samples.ALL)
def test_every_amount_of_the_document_is_on_the_page(name, language):
    document = samples.ALL[name]()

    shown = bare(said(document, language))

    amounts = [document.net_eur, document.payable_eur, *(vat.base_eur for vat in document.vat)]
    amounts += [line.net_eur for line in document.lines] + [site.net_eur for site in document.sites]
    for amount in amounts:
        assert bare(words.amount(amount, language)) in shown
    for line in document.lines:
        assert bare(line.label) in shown
        assert bare(words.price(line.unit_price_eur, language)) in shown


@pytest.mark.clause("CGVU 10.2")
def test_french_mentions_are_complete():
    shown = said(samples.one_line())

    for mention in (
        "OPTIMA FRANCE, SAS au capital de 150 000 €",
        "SIREN 919 288 548",
        "RCS Paris",
        "N° de TVA FR68919288548",
        "1 rue de la Paix 75002 Paris",
        "Boulangerie du Port & Fils",
        "12 quai des Docks 76600 Le Havre",
        "SIRET 123 456 782 10001",
        "N° de TVA FR11123456782",
        "Facture FA-2026-000123",
        "Émise le 1er juin 2026",
        "Période du 1er au 30 juin 2026",
        "Nature prestations de services",
        "Bon de commande BC-2026-0007",
        "pénalités de trois fois le taux d'intérêt légal",
        "indemnité forfaitaire pour frais de recouvrement de 40 EUR",
        "ou, en payant au plus tard le 9 juin 2026 1 188,00 €",
        "Escompte de 1 % sur le montant HT : 10,00 € HT et 2,00 € de TVA en moins.",
        "1 200,00 € au plus tard le 1er juillet 2026",
        "20 % 1 000,00 € 200,00 €",
        "FR76 3000 6000 0112 3456 7890 189",
        "RF31 FA20 2600 0123",
        "page 1 / 1",
    ):
        assert mention in shown
    assert "débits" not in shown
    assert "B2B" not in shown


def test_the_english_page_explains_and_keeps_the_french_mentions():
    shown = said(samples.one_line(), "en")

    for mention in (
        "Invoice FA-2026-000123",
        "Issued on 1 June 2026",
        "Period of service 1 to 30 June 2026",
        "€1,200.00 by 1 July 2026",
        "or, when paying by 9 June 2026 €1,188.00",
        "Late-payment penalties · En cas de retard de paiement, pénalités",
        "The French wording is the one that binds.",
    ):
        assert mention in shown


def test_vat_on_debits_is_said_once_and_only_where_chosen():
    sentence = "Option pour le paiement de la taxe d'après les débits."

    assert said(samples.by_debit()).count(sentence) == 1
    assert said(msgspec.structs.replace(samples.one_line(), vat_on="debits")).count(sentence) == 1
    assert sentence not in said(samples.one_line())


def test_a_debit_says_mandate_creditor_and_day_and_asks_for_nothing():
    shown = said(samples.by_debit())

    assert "prélèvement SEPA le 1er juillet 2026" in shown
    assert "SOFY-000042-01 FR72ZZZ123456" in shown
    assert "Vous n'avez rien à faire" in shown
    assert "IBAN" not in shown


def test_a_debit_within_the_discount_takes_it_off():
    document = samples.one_line()
    payment = msgspec.structs.replace(document.payment, means="sepa_debit", collect_on=date(2026, 6, 8), mandate="M-1")

    shown = said(msgspec.structs.replace(document, payment=payment))

    assert "À payer 1 188,00 € prélèvement SEPA le 8 juin 2026" in shown
    assert "Escompte de 1 % déduit : 10,00 € HT et 2,00 € de TVA. Montant de la facture : 1 200,00 €." in shown


def test_a_later_debit_says_that_there_is_no_discount():
    document = samples.one_line()
    payment = msgspec.structs.replace(document.payment, means="sepa_debit", collect_on=date(2026, 7, 1), mandate="M-1")

    shown = said(msgspec.structs.replace(document, payment=payment))

    assert "À payer 1 200,00 € prélèvement SEPA le 1er juillet 2026" in shown
    assert "Prélèvement à l'échéance, sans escompte." in shown


def test_a_transfer_has_one_code_per_amount_and_none_without_an_account():
    document = samples.one_line()
    seller = msgspec.structs.replace(document.seller, iban="", bic="")

    with_codes = view(document, "fr")["glance"]
    without = view(msgspec.structs.replace(document, seller=seller), "fr")["glance"]

    assert with_codes["qr"].startswith("<svg")
    assert with_codes["early"]["qr"].startswith("<svg")
    assert with_codes["qr"] != with_codes["early"]["qr"]
    assert without["qr"] == without["early"]["qr"] == ""
    assert "1 200,00 €" in said(msgspec.structs.replace(document, seller=seller))


def test_what_was_paid_is_taken_off_and_a_paid_invoice_asks_for_nothing():
    document = samples.one_line()
    part = msgspec.structs.replace(document, paid_eur=Decimal("200.00"), payable_eur=Decimal("1000.00"))
    whole = msgspec.structs.replace(document, paid_eur=Decimal("1200.00"), payable_eur=Decimal("0.00"))

    assert "Déjà payé −200,00 € Reste à payer 1 000,00 €" in said(part)
    assert "Rien à payer 0,00 €" in said(whole)
    assert "IBAN" not in said(whole)


@pytest.mark.clause("CGVU 28")
def test_a_credit_note_names_what_it_corrects():
    shown = said(samples.credit_note())

    assert "Avoir AV-2026-000007" in shown
    assert "Corrige FA-2026-000098 du 01/05/2026" in shown
    assert "En votre faveur 36,00 €" in shown
    assert "Cet avoir corrige la facture FA-2026-000098 du 1er mai 2026 : il n'y a rien à payer." in shown


@pytest.mark.clause("CGVU 9.2")
def test_no_vat_is_explained_where_the_buyer_reverses_the_charge():
    shown = said(samples.belgian())

    assert "Autoliquidation, article 196 de la directive 2006/112/CE" in shown
    assert "N° de TVA BE0123456749" in shown
    assert "5000 Namur Belgique" in shown
    assert "5000 Namur Belgium" in said(samples.belgian(), "en")
    assert "Escompte de 1 % sur le montant HT : 10,00 € en moins." in shown


@pytest.mark.clause("CGVU 7.1")
def test_a_debit_note_is_out_of_scope_and_no_service():
    shown = said(samples.debit_note())

    assert "Note de débit ND-2026-000003" in shown
    assert "hors champ 48,99 € 0,00 €" in shown
    assert "Total 48,99 €" in shown
    assert "prestations de services" not in shown
    assert "HT" not in shown.replace("Base HT", "")


def test_each_reason_is_given_once_and_each_line_leads_to_one():
    document = samples.twenty_lines()

    shown = said(document)

    assert shown.count(samples.EXTRA.sentence) == 1
    assert shown.count(samples.PRICE.sentence) == 1
    assert "b CGVU 4 «" in shown
    assert "SoView, point de vente supplémentaireb" in shown
    assert "CGVU 10.2 (Ce document) «" in shown
    assert lines.marks(document)[samples.FEES] == "c"


def test_letters_go_on_after_z():
    assert [lines._letters(n) for n in (0, 25, 26, 51, 52, 701, 702)] == ["a", "z", "aa", "az", "ba", "zz", "aaa"]


def test_lines_are_grouped_with_their_period_and_a_subtotal():
    shown = said(samples.twenty_lines())

    assert "Abonnements · du 1er au 30 juin 2026" in shown
    assert "Sous-total 1 290,00 €" in shown
    assert "Redevances de tiers, au coût, sans marge" in shown
    assert "Frais Meta, modèles marketing Francec au coût" in shown
    assert "au prorata : 15 sur 30 jours · tarif public du 16/06/2026" in shown
    assert "1 mois 120,00 €" in shown


def test_each_page_of_many_lines_has_its_header_and_what_it_carries_forward():
    document = samples.long_one()

    found = pages(invoice_pdf(document))
    with_lines = [page for page in found if "Désignation" in page]

    assert len(with_lines) > 5
    assert all("À reporter" in page for page in with_lines[:-1])
    assert (
        f"Total HT {words.amount(document.net_eur, 'fr')}".replace("\u202f", " ").replace("\u00a0", " ")
        in with_lines[-1]
    )
    assert [f"page {n} / {len(found)}" in page for n, page in enumerate(found, 1)] == [True] * len(found)


def test_usage_is_told_by_channel_with_its_busiest_day():
    shown = said(samples.twenty_lines())

    assert "SMS maximum 2 937 le 22 juin 2026 50 193 2 484,55 €" in shown
    assert "WhatsApp maximum 335 le 26 juin 2026" in shown


def test_a_strip_has_a_bar_for_each_day_as_high_as_its_share():
    document = samples.one_line()
    used = (
        Usage(date(2026, 6, 2), "sms", 10, Decimal("0.495")),
        Usage(date(2026, 6, 2), "sms", 10, Decimal("0.495")),
        Usage(date(2026, 6, 30), "sms", 5, Decimal("0.2475")),
    )

    made = view(msgspec.structs.replace(document, usage=used), "en")["usage"]

    (strip,) = made["rows"]
    assert (len(strip["heights"]), strip["heights"][1], strip["heights"][29], sum(strip["heights"])) == (
        30,
        1,
        0.25,
        1.25,
    )
    assert strip["peak"] == "20 at most, on 2 June 2026"
    assert strip["net"] == "€1.24"
    assert made["ticks"] == [[0, "1"], [4, "5"], [9, "10"], [14, "15"], [19, "20"], [24, "25"], [29, "30"]]


@pytest.mark.parametrize("days", [1, 2, 31, 62, 63, 366, 1500])
def test_the_axis_of_any_number_of_days_has_room_for_its_words(days):
    used = samples.usage(start=date(2026, 1, 31), days=days)
    document = msgspec.structs.replace(samples.one_line(), usage=used, period=None)

    made = view(document, "fr")["usage"]

    places = [place for place, _ in made["ticks"]]
    assert 1 <= len(places) <= 15
    assert all((after - before) * 62 >= made["days"] for before, after in pairwise(places))
    assert invoice_pdf(document).startswith(b"%PDF-")


def test_five_hundred_points_of_sale_are_all_in_the_annex():
    document = samples.many_sites()

    shown = bare(said(document))

    assert all(bare(site.name) in shown and site.code in shown for site in document.sites)
    assert "500pointsdevente" in shown


def test_the_file_is_pdf_a_3b_with_its_own_fonts():
    made = invoice_pdf(samples.twenty_lines())
    reader = PdfReader(io.BytesIO(made))
    catalogue: Any = reader.trailer["/Root"]

    metadata = catalogue["/Metadata"].get_data().decode()
    resources: list[Any] = [page["/Resources"] for page in reader.pages]
    fonts = [font.get_object() for one in resources for font in one["/Font"].values()]

    assert "<pdfaid:part>3</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in metadata
    assert catalogue["/OutputIntents"][0]["/S"] == "/GTS_PDFA1"
    assert all("+" in font["/BaseFont"] for font in fonts)  # a subset, embedded
    assert reader.metadata.title == "Facture FA-2026-000187"
    assert reader.metadata.author == "OPTIMA FRANCE"
    assert catalogue["/Lang"] == "fr"


@pytest.mark.clause("CGVU 9.1")
def test_equal_documents_have_equal_bytes_and_are_dated_by_their_issue():
    first = invoice_pdf(samples.twenty_lines())
    invoice_pdf(samples.belgian(), language="en")

    assert invoice_pdf(samples.twenty_lines()) == first
    assert PdfReader(io.BytesIO(first)).metadata.creation_date.date() == date(2026, 7, 1)
    assert b"D:2026" in first
    assert invoice_pdf(samples.twenty_lines(), language="en") != first


def test_a_preview_has_a_picture_of_each_page():
    assert len(invoice_png(samples.twenty_lines(), ppi=40)) == len(pages(invoice_pdf(samples.twenty_lines())))


def test_a_reference_that_no_bank_takes_stops_only_the_code():
    document = samples.one_line()
    payment = Payment("transfer", date(2026, 7, 1), "RF00WRONG")

    made = msgspec.structs.replace(document, payment=payment)

    assert view(made, "fr")["glance"]["qr"] == ""
    assert "RF00 WRON G" in said(made)
