"""The formal notice: what it asks for, until when, and the words of the contract."""

import re

import pytest

from sofy.billing.paper import formal_notice
from sofy.billing.paper.formal_notice import formal_notice_mail, formal_notice_pdf
from sofy.billing.paper.tests import claim_samples as samples
from sofy.billing.paper.tests.reading import bare, pages, text
from sofy.kernel.articles import ARTICLES


def flat(words):
    return re.sub(r"[\s\u202f\u00a0]+", " ", words)


@pytest.mark.clause("CGVU 7.2")
def test_the_letter_and_the_mail_say_the_same():
    notice = samples.formal()

    letter, mail = text(formal_notice_pdf(notice)), flat(formal_notice_mail(notice).text)

    for words in (
        "Par la présente, vous êtes mis en demeure de payer 2 245,39 €.",
        "cinq jours ouvrés",
        "Reçue le 30 avril 2026, elle fait courir un délai qui prend fin le lundi 11 mai 2026 à minuit.",
        "À défaut, l'accès aux Services pourra être suspendu dès le lendemain.",
        "FR76 3000 6000 0112 3456 7890 189",
        "RF31 FA20 2600 0123",
        "https://app.sofy.example/n/7Qm2pVx4T9yB",
        "Claire Morel, responsable du recouvrement",
    ):
        assert words in letter
        assert words in mail
    assert "reste dû 940,00 €" in mail
    assert "16/12/2025 – 31/12/2025 16 1 200,00 € 3 × 2,76 % = 8,28 % 4,36 €" in letter


@pytest.mark.clause("CGVU 7.1", "CGVU 7.2")
@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_contract_is_quoted_word_for_word_and_only_what_is_about_default(language):
    notice = samples.formal()
    default = [*ARTICLES["CGVU 7.1"].sentences, *(one for one in ARTICLES["CGVU 7.2"].sentences if "raud" not in one)]

    letter, mail = text(formal_notice_pdf(notice, language=language)), formal_notice_mail(notice, language=language)

    quoted = [one.sentence for one in formal_notice.QUOTED]
    assert quoted == [one for one in default if "urgence" not in one]
    for sentence in quoted:
        assert sentence in mail.text
        assert bare(sentence) in bare(letter)


@pytest.mark.clause("CGVU 7.2")
def test_the_second_notice_speaks_of_the_end_and_promises_a_human():
    notice = samples.second()

    mail = formal_notice_mail(notice, language="en")

    assert mail.subject == (
        "Second formal notice to pay MD-2026-0004, before the end of the contract – contract BC-2026-0007"
    )
    assert "Without payment, the contract may be ended from the day after, by the decision of a person." in mail.text
    assert "they end on Friday 7 August 2026 at midnight" in mail.text
    assert "The legal rate of a half-year is not published yet" in mail.text
    assert "acknowledge" not in mail.text
    assert "#panic() *Société* _du_ $Port$ @ref <x>" in text(formal_notice_pdf(notice))


def test_the_letter_stands_alone_on_its_page():
    first, *_ = pages(formal_notice_pdf(samples.formal()))

    assert "Claire Morel" in first
    assert "Calcul des pénalités" not in first


def test_equal_notices_have_equal_bytes():
    assert formal_notice_pdf(samples.second()) == formal_notice_pdf(samples.second())
