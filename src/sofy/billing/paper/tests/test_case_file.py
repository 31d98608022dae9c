"""Case files of late payers: amounts, proofs and days as a court wants to read them."""

from datetime import date
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sofy.billing.paper import claims, notice_days
from sofy.billing.paper.case_file import case_file_pdf
from sofy.billing.paper.tests import claim_samples as samples
from sofy.billing.paper.tests.reading import pages, text
from sofy.kernel.articles import ARTICLES
from sofy.kernel.french_days import holidays


def said(file, language="fr"):
    return text(case_file_pdf(file, language=language))


@pytest.mark.clause("CGVU 7.1")
def test_penalties_are_split_by_half_year_and_balance_and_add_up():
    shown = said(samples.late())

    for words in (
        "FA-2025-000311 16/12/2025 – 31/12/2025 16 1 200,00 € 3 × 2,76 % = 8,28 % 4,36 €",
        "FA-2025-000311 01/01/2026 – 31/01/2026 31 1 200,00 € 3 × 2,62 % = 7,86 % 8,01 €",
        "FA-2026-000031 13/03/2026 – 30/04/2026 49 940,00 € 3 × 2,62 % = 7,86 % 9,92 €",
        "Pénalités de retard 25,39 €",
        "2 × indemnité forfaitaire de recouvrement 80,00 €",
        "Total réclamé 2 245,39 €",
        "12/03/2026 FA-2026-000031 encaissement VIR PORT ET FILS 500,00 €",
    ):
        assert words in shown
    assert "Provisoire" not in shown


@pytest.mark.clause("CGVU 7.1")
def test_nothing_is_counted_of_a_half_year_whose_rate_is_not_published():
    sums = claims.claim([samples.SPLIT, samples.UNKNOWN])

    shown = said(samples.hard())

    assert (sums.interest_eur, sums.recovery_eur, sums.provisional) == (Decimal("12.37"), Decimal(80), True)
    assert "taux de 2026-H2 non publié en attente" in shown
    assert "Provisoire : le taux légal d'un semestre n'est pas encore publié" in shown
    assert "rejet de prélèvement AM04" in shown
    assert "−1 200,00 €" in shown


@pytest.mark.clause("CGVU 7.2")
def test_the_days_of_a_notice_are_shown_day_by_day_until_acting_is_lawful():
    shown = said(samples.late())

    for words in (
        "30 avril jour 0 : réception",
        "1er mai Fête du Travail",
        "2 mai week-end",
        "4 mai 1er jour ouvré",
        "8 mai Victoire 1945",
        "11 mai 5ᵉ jour ouvré",
        "12 mai suspension possible dès 00:00",
        "Premier jour où l'accès peut être suspendu mardi 12 mai 2026",
        "Envoyée 29 avril 2026 à 17:02:05, e-mail avec accusé de réception",
        "Reçue 30 avril 2026 à 09:12:05, accusé de réception par le destinataire",
        "Preuve d'envoi accepté par le serveur du destinataire",
    ):
        assert words in shown


@pytest.mark.clause("CGVU 7.2")
def test_a_notice_that_nobody_proved_has_no_days():
    shown = said(samples.hard(), "en")

    assert "delivery not proved: the days have not begun" in shown
    assert "12 May termination lawful from 00:00" in shown
    assert "First day on which the contract may end Tuesday 12 May 2026" in shown


def test_every_act_has_its_hash_and_each_sentence_of_the_contract_stands_once():
    file = samples.hard()

    shown = said(file)

    assert all(act.sha256 in shown for act in file.acts)
    assert all(shown.count(one.sentence) == 1 for one in file.because)
    assert "Relance n° 7 #panic() *gras* <x> @y $z$" in shown
    assert len(pages(case_file_pdf(file))) > 2


@pytest.mark.parametrize("year", range(2024, 2040))
def test_every_national_holiday_has_a_name_and_nothing_else_has(year):
    named = {date.fromordinal(n) for n in range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1)}

    assert {day for day in named if notice_days.holiday(day, "fr")} == holidays(year, "metropole")


@pytest.mark.clause("CGVU 7.2")
def test_the_calendar_has_whole_weeks():
    weeks = notice_days.weeks(samples.DAYS, date(2026, 5, 12), "x", "en")

    assert [[cell["kind"] for cell in week] for week in weeks] == [
        ["", "", "", "notice", "holiday", "weekend", "weekend"],
        ["counts", "counts", "counts", "counts", "holiday", "weekend", "weekend"],
        ["counts", "lawful", "", "", "", "", ""],
    ]
    assert notice_days.weeks((), None, "x", "en") == []
    assert notice_days.weekdays("fr")[0] == "Lundi"


def test_equal_files_have_equal_bytes():
    assert case_file_pdf(samples.hard()) == case_file_pdf(samples.hard())


def test_the_articles_that_are_quoted_are_those_of_the_terms():
    assert all(one.sentence in ARTICLES[one.article].sentences for one in samples.BECAUSE)


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=50), st.text(max_size=50))
def test_no_name_stops_a_case_file(name, what):
    file = samples.late()
    acts = (msgspec.structs.replace(file.acts[0], what=what, by=name),)
    debtor = msgspec.structs.replace(file.debtor, name=name)

    assert case_file_pdf(msgspec.structs.replace(file, acts=acts, debtor=debtor)).startswith(b"%PDF-")
