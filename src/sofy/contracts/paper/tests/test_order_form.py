"""Order forms on paper: everything that is signed, and what differs from the general terms."""

import io
import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from sofy.contracts import documents
from sofy.contracts.paper.order_form import Version, order_form_pdf
from sofy.contracts.paper.tests import samples


def said(made, language="fr"):
    reader = PdfReader(io.BytesIO(order_form_pdf(**made, language=language)))
    words = " ".join(page.extract_text() for page in reader.pages).replace("\u200b", "")
    return re.sub(r"[\s\u202f\u00a0]+", " ", words)


@pytest.mark.clause("CGVU 2")
def test_what_is_ordered_and_who_orders_it():
    shown = said(samples.plain())

    for words in (
        "Bon de commande BC-2026-0007",
        "OPTIMA FRANCE, SAS au capital de 150 000 € · SIREN 919 288 548 · RCS Paris · N° de TVA FR68919288548",
        "Boulangerie du Port & Fils 12 quai des Docks 76600 Le Havre",
        "SIREN 123 456 782",
        "Engagement ferme 24 mois du 1er avril 2026 au 31 mars 2028",
        "Par mois 970,00 €",
        "À la signature 1 500,00 €",
        "Première année 13 620,00 €",
        "SoView par point de vente · facturé d'avance 20 32,00 € 30,00 € par mois 600,00 € par mois",
        "SoReach par point de vente · facturé à terme échu 20 18,50 € par mois 370,00 € par mois",
        "SMS, par partie marketing FR début 0,0495 €",
        "WhatsApp, par modèle remis tous tous 01/07/2026 0,0124 €",
        "par périodes de 12 mois ; dénonciation 45 jours avant la date anniversaire",
        "par virement bancaire, à 30 jours nets",
        "1 % du montant HT pour un paiement sous 8 jours calendaires",
        "3 fois le taux d'intérêt légal et 40,00 € par facture",
        "guides de bonnes pratiques de l'AF2M",
        "Pour le prestataire",
    ):
        assert words in shown
    assert documents.CGVU.sha256 in shown
    assert documents.DPA.sha256 in shown
    assert "◆" not in shown
    assert "Projet" not in shown


@pytest.mark.clause("CGVU 2")
def test_what_differs_from_the_general_terms_is_marked():
    shown = said(samples.negotiated(), "en")

    assert "Lines marked ◆ differ from the general terms" in shown
    for words in (
        "More points of sale ◆ only after a new order form",
        "Payment ◆ by SEPA direct debit, within 45 days",
        "Early payment ◆ 2% off before VAT",
        "Late payment 3 times the legal interest rate and €40.00 per invoice",
        "Direct debit ◆ announced 5 days before, mandate SOFY-000042-01",
        "Availability ◆ credit on the monthly fee, below 99.9%: 10%",
        "Maintenance announced 48 hours before",
        "Price revision every year, P1 = P0 × S1 / S0 (SYNTEC index, S0: 2026-02)",
        "Renewal for an indefinite time",
    ):
        assert words in shown


@pytest.mark.clause("CGVU 2")
def test_an_accepted_order_form_says_who_accepted_what_and_when():
    shown = said(samples.negotiated())

    assert "Accepté par Nadia Benali, directrice générale, le 25 mars 2026 à 10:04:11" in shown
    assert samples.negotiated()["accepted"].sha256 in shown
    assert "Pour le prestataire" not in shown


@pytest.mark.clause("CGVU 2")
def test_the_versions_that_were_accepted_are_named_not_those_of_today():
    versions = (Version("dpa", "2026-03-24", "a" * 64), Version("cgvu", "pilote 3", "b" * 64))

    shown = said(samples.plain() | {"versions": versions})

    assert f"(DPA) version du 24 mars 2026 {'a' * 64}" in shown
    assert f"(CGVU) pilote 3 {'b' * 64}" in shown
    assert documents.CGVU.sha256 not in shown


def test_a_draft_is_marked_and_what_looks_like_markup_is_text():
    shown = said(samples.draft())

    assert "Projet, sans valeur de commande" in shown
    assert "#let x = *gras* _it_ $x$ @ref <label> \\" in shown


def test_equal_order_forms_have_equal_bytes():
    assert order_form_pdf(**samples.plain()) == order_form_pdf(**samples.plain())


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=50), st.text(max_size=50))
def test_no_name_stops_an_order_form(name, label):
    made = samples.plain()
    item = msgspec.structs.replace(samples.ITEMS[0], label=label)
    form = msgspec.structs.replace(made["order_form"], items=(item,))
    client = msgspec.structs.replace(samples.CLIENT, name=name)

    assert order_form_pdf(**made | {"order_form": form, "client": client}).startswith(b"%PDF-")
