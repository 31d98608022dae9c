import re

import pytest

from sofy.kernel import clauses
from sofy.kernel.clauses import ARTICLES, IN_SCOPE, REGISTRY, because, clause


def test_a_rule_is_registered_under_each_of_its_articles_and_left_as_it_is(monkeypatch):
    monkeypatch.setattr(clauses, "REGISTRY", {})

    def rule() -> int:
        return 7

    marked = clause("CGVU 14.1", "DPA 5")(rule)

    assert marked is rule
    assert {"CGVU 14.1": [rule], "DPA 5": [rule]} == clauses.REGISTRY


@pytest.mark.parametrize("refs", [(), ("CGVU 99",), ("CGVU 14.1", "cgvu 12"), ("14.1",)])
def test_an_article_that_the_contract_lacks_is_refused(refs):
    with pytest.raises(ValueError, match="article"):
        clause(*refs)


def test_rules_of_the_kernel_are_registered():
    from sofy.kernel import crypto, hours, senders, sms_text

    assert hours.decide in REGISTRY["CGVU 14.1"]
    assert sms_text.is_stop in REGISTRY["DPA 5"]
    assert senders.check_sender in REGISTRY["CGVU 13"]
    assert crypto.seal in REGISTRY["DPA 7"]
    assert clauses.code_name(hours.decide) == "sofy.kernel.hours:decide"


def test_every_article_has_words():
    for ref, article in ARTICLES.items():
        assert re.fullmatch(r"(CGVU|DPA) \d+(\.\d+)?", ref)
        assert article.title
        assert article.sentences
        assert all(sentence == " ".join(sentence.split()) for sentence in article.sentences)


def test_the_scope_is_within_the_contract():
    assert set(ARTICLES) >= IN_SCOPE


def test_a_sentence_is_found_by_some_of_its_words_and_quoted_whole():
    found = because("CGVU 10.2", "trente (30) jours")

    assert found.article == "CGVU 10.2"
    assert found.sentence == "Le règlement est fixé à trente (30) jours nets."


@pytest.mark.parametrize("words", ["quarante jours", "SOFY"])
def test_words_that_no_sentence_holds_or_several_are_refused(words):
    with pytest.raises(ValueError, match=r"CGVU 7\.2"):
        because("CGVU 7.2", words)
