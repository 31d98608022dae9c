"""The stored terms are what code quotes."""

import pytest

from sofy.contracts.documents import CGVU, DPA
from sofy.kernel.clauses import ARTICLES


@pytest.mark.parametrize("article", sorted(ARTICLES))
def test_every_sentence_that_code_quotes_stands_in_the_stored_document(article):
    words = " ".join((CGVU if article.startswith("CGVU") else DPA).text.split())

    assert [sentence for sentence in ARTICLES[article].sentences if sentence not in words] == []


def test_a_document_says_its_version_and_the_hash_of_its_bytes():
    assert (CGVU.kind, CGVU.version) == ("cgvu", "2026-03-24")
    assert CGVU.sha256 == "b68a70ffd6d9c69ba60fae918a04f829e5da44290b7c23c93bbaaabed39b1d0e"
    assert CGVU.sha256 != DPA.sha256
